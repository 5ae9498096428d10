//! Elements of lists and sets: every value that is put in, and every one inside an answer, as a small number.
//!
//! Answers that hold many elements are JSON arrays, kept once, as text, in the history. They are read here without a copy
//! of them.

use crate::proof::wording::plain;
use history::{Value, Values};
use rustc_hash::FxHashMap;

/// The elements of a history, numbered from 0.
#[derive(Debug, Default)]
pub(crate) struct Elements {
    integers: FxHashMap<i64, u32>,
    texts: FxHashMap<Box<str>, u32>,
    names: Vec<Name>,
}

#[derive(Debug)]
enum Name {
    Integer(i64),
    Text(Box<str>),
}

impl Elements {
    /// The number of a value.
    pub fn of(&mut self, values: &Values, value: Value) -> u32 {
        match value.as_integer() {
            Some(integer) => self.of_integer(integer),
            None => self.of_text(&values.json(value)),
        }
    }

    /// The number of a value, given as the JSON text that the history keeps.
    pub fn of_json(&mut self, json: &str) -> u32 {
        match json.parse::<i64>() {
            Ok(integer) if Value::integer(integer).is_some() => self.of_integer(integer),
            _ => self.of_text(json),
        }
    }

    fn of_integer(&mut self, integer: i64) -> u32 {
        let next = self.names.len() as u32;
        *self.integers.entry(integer).or_insert_with(|| {
            self.names.push(Name::Integer(integer));
            next
        })
    }

    fn of_text(&mut self, text: &str) -> u32 {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        self.names.push(Name::Text(text.into()));
        let next = self.names.len() as u32 - 1;
        self.texts.insert(text.into(), next);
        next
    }

    /// One for a sentence.
    pub fn show(&self, element: u32) -> String {
        match &self.names[element as usize] {
            Name::Integer(integer) => integer.to_string(),
            Name::Text(text) => plain(text),
        }
    }

    /// Several for a sentence, in brackets; of many the first and the last ones.
    pub fn show_all(&self, elements: &[u32], brackets: [char; 2]) -> String {
        let show = |some: &[u32]| {
            let names: Vec<String> = some.iter().map(|element| self.show(*element)).collect();
            names.join(", ")
        };
        let [open, close] = brackets;
        match elements {
            few if few.len() <= 8 => format!("{open}{}{close}", show(few)),
            many => format!(
                "{open}{}, …, {}{close} ({} elements)",
                show(&many[..3]),
                show(&many[many.len() - 3..]),
                many.len()
            ),
        }
    }
}

/// The elements of a JSON array in the form that the history keeps (no spaces), from a place in it on where an element begins:
/// each with the place just behind it.
pub(crate) fn split(array: &str, from: usize) -> impl Iterator<Item = (&str, usize)> {
    let bytes = array.as_bytes();
    let mut at = from;
    std::iter::from_fn(move || {
        let begin = at;
        let (mut depth, mut in_string, mut escaped) = (0u32, false, false);
        while let Some(byte) = bytes.get(at) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                _ if in_string => {}
                b'[' | b'{' => depth += 1,
                b',' | b']' if depth == 0 => {
                    let end = at;
                    at += 1;
                    return (end > begin).then(|| (&array[begin..end], end));
                }
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        None
    })
}

/// The text of an answer that is an array, and where its first element begins; null is the empty array.
pub(crate) fn array(values: &Values, value: Value) -> Option<&str> {
    match values.json(value) {
        std::borrow::Cow::Borrowed("null") => Some("[]"),
        std::borrow::Cow::Borrowed(text) if text.starts_with('[') => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_split_where_its_elements_end() {
        let text = r#"[1,"a,]\"b",[2,{"c":3}],null]"#;
        let parts: Vec<&str> = split(text, 1).map(|(part, _)| part).collect();
        assert_eq!(parts, ["1", r#""a,]\"b""#, r#"[2,{"c":3}]"#, "null"]);
        assert_eq!(split("[]", 1).count(), 0);
        let (_, end) = split("[12,3]", 1).next().unwrap();
        assert_eq!(split("[12,3]", end + 1).next(), Some(("3", 5)));
    }

    #[test]
    fn an_element_is_the_same_inside_an_array_and_alone() {
        let mut values = Values::default();
        let mut elements = Elements::default();
        for json in ["7", "-3", "null", r#""x""#, "9223372036854775807", "1.5"] {
            let value = values.parse(json).unwrap();
            assert_eq!(elements.of(&values, value), elements.of_json(json), "{json}");
        }
        assert_eq!(elements.names.len(), 6);
    }
}
