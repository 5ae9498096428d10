//! Where an EDN form ends, without understanding it: brackets, strings, comments and characters are all it takes.

use super::super::Problem;

/// How deep brackets may be nested. Operations have three or four.
const DEPTH_MAX: usize = 64;
/// How long one operation may be, in bytes.
const FORM_BYTES_MAX: usize = 64 << 20;

/// A form at the beginning of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many bytes it is.
    pub length: usize,
    /// Whether it is only something that `#_` takes out.
    pub is_discarded: bool,
}

/// Why there is no form.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    what: &'static str,
    /// At which byte.
    at: usize,
}

impl Fault {
    /// What is wrong, with the form's first line.
    pub fn problem(&self, bytes: &[u8]) -> Problem {
        let line = bytes[..self.at]
            .rsplit(|byte| *byte == b'\n')
            .next()
            .unwrap_or(bytes);
        let begins = self.at - line.len();
        let line = bytes[begins..]
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or(bytes);
        Problem::syntax(
            line,
            format!("is not EDN: {} (column {})", self.what, self.at - begins + 1),
        )
    }

    /// How many lines of the bytes end before it.
    pub fn lines_before(&self, bytes: &[u8]) -> usize {
        memchr::memchr_iter(b'\n', &bytes[..self.at]).count()
    }
}

/// How many bytes at the beginning are white space, commas and comments. A comment whose end is not there is not counted
/// unless these are the last bytes.
pub fn blank(bytes: &[u8], is_last: bool) -> usize {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b';' => match memchr::memchr(b'\n', &bytes[at..]) {
                Some(length) => at += length + 1,
                None if is_last => return bytes.len(),
                None => return at,
            },
            byte if is_blank(*byte) => at += 1,
            _ => return at,
        }
    }
    at
}

impl Extent {
    /// The form that begins with the first byte, which is not white space; `None` when its end is not there.
    pub fn of(bytes: &[u8], is_last: bool) -> Result<Option<Extent>, Fault> {
        match Extent::of_any_size(bytes, is_last)? {
            None if bytes.len() > FORM_BYTES_MAX => {
                let what = "one operation is longer than 64 MiB; a bracket or quote may be missing";
                Err(Fault { what, at: 0 })
            }
            extent => Ok(extent),
        }
    }

    fn of_any_size(bytes: &[u8], is_last: bool) -> Result<Option<Extent>, Fault> {
        let (mut at, mut depth, mut discards, mut is_discarded) = (0, 0usize, 0usize, false);
        while let Some(byte) = bytes.get(at) {
            let begins = at;
            match byte {
                b'[' | b'(' | b'{' => {
                    depth += 1;
                    if depth > DEPTH_MAX {
                        let what = "brackets are nested more than 64 deep";
                        return Err(Fault { what, at });
                    }
                    at += 1;
                    continue;
                }
                b']' | b')' | b'}' => {
                    let what = "a bracket closes nothing that is open";
                    depth = depth.checked_sub(1).ok_or(Fault { what, at })?;
                    at += 1;
                }
                b'"' => match string(&bytes[at + 1..]) {
                    Some(length) => at += length + 1,
                    None => return Ok(None),
                },
                b'#' => {
                    match bytes.get(at + 1) {
                        None => return Ok(None),
                        Some(b'_') => {
                            at += 2;
                            if depth == 0 {
                                (discards, is_discarded) = (discards + 1, true);
                            }
                        }
                        Some(_) => at += 1 + token(&bytes[at + 1..]),
                    }
                    continue;
                }
                b'\\' => at += (2 + token(bytes.get(at + 2..).unwrap_or_default())).min(bytes.len() - at),
                b';' => {
                    at += blank(&bytes[at..], is_last);
                    if at == begins {
                        return Ok(None);
                    }
                    continue;
                }
                byte if is_blank(*byte) => {
                    at += 1;
                    continue;
                }
                _ => at += token(&bytes[at..]),
            }
            if depth > 0 {
                continue;
            }
            // A word may go on in what is not there yet.
            if at == bytes.len() && !is_last && !matches!(bytes[at - 1], b']' | b')' | b'}' | b'"') {
                return Ok(None);
            }
            discards = discards.saturating_sub(1);
            if discards == 0 {
                return Ok(Some(Extent {
                    length: at,
                    is_discarded,
                }));
            }
        }
        Ok(None)
    }
}

/// The length of the rest of a string with its closing quote.
fn string(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &bytes[at..])?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
        if at > bytes.len() {
            return None;
        }
    }
}

/// How many bytes belong to the same word.
fn token(bytes: &[u8]) -> usize {
    let ends =
        |byte: &u8| is_blank(*byte) || matches!(byte, b'[' | b']' | b'(' | b')' | b'{' | b'}' | b'"' | b';');
    bytes.iter().position(ends).unwrap_or(bytes.len())
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b','
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(text: &str) -> Option<usize> {
        Extent::of(text.as_bytes(), true)
            .unwrap()
            .map(|extent| extent.length)
    }

    #[test]
    fn a_form_ends_where_its_last_bracket_closes() {
        for whole in [
            "{:a [1 2] :b \"}\\\"\"}",
            "#jepsen.history.Op{:a 1}",
            "#inst \"2026\"",
            "[\\] \\\" \\newline]",
            "[1 ; ]\n2]",
            "nil",
            "#{1 #_[2] 3}",
            "\"a b\"",
        ] {
            assert_eq!(
                length(&format!("{whole} {{:next 1}}")),
                Some(whole.len()),
                "{whole}"
            );
            for cut in 1..whole.len() {
                let extent = Extent::of(&whole.as_bytes()[..cut], false);
                assert_eq!(extent, Ok(None), "{}", &whole[..cut]);
            }
        }
    }

    #[test]
    fn what_is_discarded_is_one_extent() {
        for (text, discarded) in [("#_ {:a 1} {:b 2}", "#_ {:a 1}"), ("#_ #_ 1 2 3", "#_ #_ 1 2")] {
            let extent = Extent::of(text.as_bytes(), true).unwrap().unwrap();
            assert_eq!((extent.length, extent.is_discarded), (discarded.len(), true));
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_refused() {
        assert!(Extent::of("[".repeat(64).as_bytes(), true).is_ok());
        let fault = Extent::of("[".repeat(65).as_bytes(), true).unwrap_err();
        assert_eq!(fault.at, 64);
        assert!(Extent::of(b"]", true).is_err());
    }
}
