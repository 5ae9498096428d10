//! Decoding every line of a file in JSON Lines, and keeping nothing: the least that a reader of the file has to do.
//!
//! What reading and checking cost is compared with it. It makes no operations and refuses only what is not JSON;
//! the reader proper is `lines`.

use super::pieces::Pieces;
use super::scan::Scanner;
use super::{Problem, ReadError};
use crate::Values;
use std::path::Path;

/// What there was to decode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Bytes of the file.
    pub bytes: u64,
    /// Lines that the fast path of the reader understood.
    pub fast: u64,
    /// Other lines, each decoded as JSON of any shape: a header, a note, an unusual layout.
    pub general: u64,
}

/// Decodes a file in JSON Lines line by line, in constant memory.
///
/// # Errors
/// When the file cannot be read, or a line is not JSON.
pub fn decode_file(path: &Path) -> Result<Decoded, ReadError> {
    let mut pieces = Pieces::of(path)?;
    let mut scanner = Scanner::new();
    let mut decoded = Decoded::default();
    loop {
        let bytes = pieces.bytes();
        // Texts are remembered for as long as a piece, so that memory does not grow with the file.
        let mut values = Values::default();
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            if let Some((event, length)) = scanner.event(rest, &mut values) {
                std::hint::black_box(event);
                decoded.fast += 1;
                taken += length;
                continue;
            }
            let length = match memchr::memchr(b'\n', rest) {
                Some(end) => end + 1,
                None if pieces.is_last() && !rest.is_empty() => rest.len(),
                None => break,
            };
            decoded.general += 1;
            any_json(&rest[..length])
                .map_err(|problem| problem.at((decoded.fast + decoded.general) as usize))?;
            taken += length;
        }
        decoded.bytes += taken as u64;
        if pieces.is_last() {
            return Ok(decoded);
        }
        pieces.next(taken)?;
    }
}

fn any_json(line: &[u8]) -> Result<(), Problem> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(line)
        .map(drop)
        .map_err(|error| Problem::syntax(line, format!("is not JSON ({error})")))
}

#[cfg(test)]
mod tests {
    use super::super::pieces;
    use super::*;

    fn decode(text: &str) -> Result<Decoded, ReadError> {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("history.jsonl");
        std::fs::write(&path, text).unwrap();
        decode_file(&path)
    }

    const EVENT: &str = r#"{"index":0,"time":5,"process":0,"type":"invoke","f":"read","value":null}"#;

    #[test]
    fn every_line_is_decoded_whatever_its_layout() {
        let text = format!("{{\"schema\":\"x\"}}\n{EVENT}\n\n{EVENT}");
        let decoded = decode(&text).unwrap();
        assert_eq!(decoded.fast + decoded.general, 4);
        assert!(decoded.fast >= 1 && decoded.general >= 2, "{decoded:?}");
        assert_eq!(decoded.bytes, text.len() as u64);
    }

    #[test]
    fn a_file_longer_than_a_piece_is_decoded_to_its_end() {
        let lines = 2 * pieces::PIECE_BYTES / EVENT.len();
        let decoded = decode(&format!("{EVENT}\n").repeat(lines)).unwrap();
        assert_eq!((decoded.fast, decoded.general), (lines as u64, 0));
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_line() {
        let error = decode(&format!("{EVENT}\n{{\"process\":\n{EVENT}\n")).unwrap_err();
        assert!(error.to_string().starts_with("line 2: is not JSON"), "{error}");
    }
}
