//! Text that came from a system under test, made fit for a terminal and a line: no control characters, bounded.

/// At most this many characters, with every control character (line ends and escapes too) and every character
/// that changes the direction of text written as `\u{..}`.
pub fn printable(text: &str, chars_max: usize) -> String {
    let mut result = String::new();
    let mut chars = text.chars();
    for c in chars.by_ref().take(chars_max) {
        match c {
            c if c.is_control() || turns_text(c) => result.extend(c.escape_unicode()),
            c => result.push(c),
        }
    }
    if chars.next().is_some() {
        result.push('…');
    }
    result
}

fn turns_text(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_and_line_ends_come_out_as_text() {
        assert_eq!(
            printable("\u{1b}[2Jhi\r\n\u{202e}", 100),
            "\\u{1b}[2Jhi\\u{d}\\u{a}\\u{202e}"
        );
    }

    #[test]
    fn long_text_is_cut_with_a_sign_of_it() {
        assert_eq!(printable("äöü", 3), "äöü");
        assert_eq!(printable("äöüß", 3), "äöü…");
    }
}
