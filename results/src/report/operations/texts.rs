//! Values and errors in the page: small integers as they are, everything else as a text that is kept once.

use crate::text::visible;
use history::{Value, Values};
use indexmap::IndexSet;

/// How many characters of a text there are in the page.
const CHARS_MAX: usize = 160;
/// How many bytes of texts there are in the page, all together.
const BYTES_MAX: usize = 3_000_000;
/// Integers up to here are exact in JavaScript, also when they are doubled and one is added.
const INTEGER_MAX: i64 = 1 << 50;
/// What stands for texts that have no room.
const NO_ROOM: &str = "… (in history.jsonl)";

/// The texts of a page.
#[derive(Default)]
pub struct Texts {
    known: IndexSet<String>,
    bytes: usize,
}

impl Texts {
    /// The number that stands for a value: 0 for null, odd ones for integers, even ones for texts.
    pub fn code(&mut self, values: &Values, value: Value) -> u64 {
        match value.as_integer() {
            _ if value.is_null() => 0,
            Some(n) if n.abs() <= INTEGER_MAX => zigzag(n) * 2 + 1,
            _ => (self.place(&values.json(value)) as u64 + 1) * 2,
        }
    }

    /// The place of a text, with what would not be seen shown as an escape.
    pub fn place(&mut self, text: &str) -> usize {
        let mut shown = visible(text, CHARS_MAX);
        if let Some(place) = self.known.get_index_of(&shown) {
            return place;
        }
        match self.bytes + shown.len() > BYTES_MAX {
            true => shown = NO_ROOM.to_owned(),
            false => self.bytes += shown.len(),
        }
        self.known.insert_full(shown).0
    }

    /// All of them, by their places.
    pub fn into_list(self) -> Vec<String> {
        self.known.into_iter().collect()
    }
}

/// A whole number as one without a sign: 0, -1, 1, -2 are 0, 1, 2, 3.
pub fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_their_own_codes_and_texts_are_kept_once() {
        let mut values = Values::default();
        let mut texts = Texts::default();
        let mut code = |value: serde_json::Value| {
            let value = values.of(&value);
            texts.code(&values, value)
        };
        let codes = [
            json!(null),
            json!(0),
            json!(-1),
            json!(1),
            json!("a"),
            json!("b"),
            json!("a"),
        ]
        .map(&mut code);
        assert_eq!(codes, [0, 1, 3, 5, 2, 4, 2]);
        assert_eq!(
            code(json!(i64::MAX)),
            6,
            "a number that JavaScript has not is a text"
        );
        assert_eq!(texts.into_list(), ["\"a\"", "\"b\"", "9223372036854775807"]);
    }

    #[test]
    fn texts_never_fill_the_page() {
        let mut texts = Texts::default();
        for number in 0..100_000 {
            texts.place(&format!("{number:0150}"));
        }
        assert!(texts.bytes <= BYTES_MAX);
        let last = texts.place("yet another one");
        assert_eq!(texts.into_list()[last], NO_ROOM);
    }
}
