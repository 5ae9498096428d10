//! Values and keys: JSON, in eight bytes each.
//!
//! A history of ten million operations holds twenty million values. Null and small integers, which is
//! what workloads write, are kept inline and cost nothing; every other JSON value is kept once, as text,
//! in the history's table.

use indexmap::IndexSet;
use std::borrow::Cow;

/// A JSON value: null, an integer of 61 bits, or the index of a text in [`Values`]. Equal values of one
/// history are equal bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(u64);

const TAG_BITS: u32 = 2;
const TAG_NULL: u64 = 0;
const TAG_INTEGER: u64 = 1;
const TAG_TEXT: u64 = 2;

impl Value {
    /// JSON's null: no argument, no result, nothing there.
    pub const NULL: Value = Value(TAG_NULL);

    /// The integer as a value; `None` where it needs more than 61 bits (then it is kept as text).
    #[inline]
    pub fn integer(n: i64) -> Option<Value> {
        let shifted = n << TAG_BITS;
        (shifted >> TAG_BITS == n).then_some(Value(shifted as u64 | TAG_INTEGER))
    }

    /// Whether this is null.
    #[inline]
    pub fn is_null(self) -> bool {
        self == Value::NULL
    }

    /// The integer, if it is one that is kept inline.
    #[inline]
    pub fn as_integer(self) -> Option<i64> {
        (self.0 & 3 == TAG_INTEGER).then_some(self.0 as i64 >> TAG_BITS)
    }

    /// The same value in another history, in which the texts of this one are `values`.
    #[inline]
    pub(crate) fn moved(self, values: &[Value]) -> Value {
        match self.0 & 3 == TAG_TEXT {
            true => values[(self.0 >> TAG_BITS) as usize],
            false => self,
        }
    }

    fn text(index: usize) -> Value {
        Value((index as u64) << TAG_BITS | TAG_TEXT)
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.as_integer() {
            Some(n) => write!(f, "{n}"),
            None if self.is_null() => write!(f, "null"),
            None => write!(f, "text#{}", self.0 >> TAG_BITS),
        }
    }
}

/// The texts of a history's values that are neither null nor small integers.
#[derive(Clone, Debug, Default)]
pub struct Values {
    texts: IndexSet<Box<str>, rustc_hash::FxBuildHasher>,
}

impl Values {
    /// The value for a piece of JSON text. Texts are compared after JSON's own normalisation (white space,
    /// order of an object's fields), so equal JSON is an equal value.
    ///
    /// # Errors
    /// When `json` is not JSON.
    pub fn parse(&mut self, json: &str) -> Result<Value, serde_json::Error> {
        Ok(self.of(&serde_json::from_str(json)?))
    }

    /// The value for a piece of JSON.
    pub fn of(&mut self, json: &serde_json::Value) -> Value {
        if json.is_null() {
            return Value::NULL;
        }
        if let Some(value) = json.as_i64().and_then(Value::integer) {
            return value;
        }
        let (index, _) = self.texts.insert_full(json.to_string().into_boxed_str());
        Value::text(index)
    }

    /// The same values under other texts: `text` says what stands for each, a value of this table then has that. Texts
    /// that come out equal are told apart by white space behind them, which means nothing in JSON.
    pub fn rewritten(&self, mut text: impl FnMut(&serde_json::Value) -> serde_json::Value) -> Values {
        let mut texts = IndexSet::with_capacity_and_hasher(self.texts.len(), Default::default());
        for old in &self.texts {
            let json = serde_json::from_str(old).expect("a value's text is JSON");
            let mut new = text(&json).to_string();
            while !texts.insert(new.clone().into_boxed_str()) {
                new.push(' ');
            }
        }
        Values { texts }
    }

    /// The elements of a JSON array, as values of this table; `None` when the value is not an array.
    pub fn elements(&mut self, array: Value) -> Option<Vec<Value>> {
        let elements: Vec<serde_json::Value> = serde_json::from_str(&self.json(array)).ok()?;
        Some(elements.iter().map(|element| self.of(element)).collect())
    }

    /// The value for a piece of JSON other than null and the integers, whose text is normal already: no white space
    /// outside strings, no escapes in them.
    pub(crate) fn of_normal_text(&mut self, json: &str) -> Value {
        match self.texts.get_index_of(json) {
            Some(index) => Value::text(index),
            None => Value::text(self.texts.insert_full(json.into()).0),
        }
    }

    /// All texts, in the order in which they were first met.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref)
    }

    /// The value as JSON text. It came from a system under test: escape it before it meets HTML, a
    /// terminal or a path.
    pub fn json(&self, value: Value) -> Cow<'_, str> {
        if value.is_null() {
            return Cow::Borrowed("null");
        }
        match value.as_integer() {
            Some(n) => Cow::Owned(n.to_string()),
            None => Cow::Borrowed(&self.texts[(value.0 >> TAG_BITS) as usize]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_json_is_an_equal_value() {
        let mut values = Values::default();
        let a = values.parse(r#"{"a": 1, "b":[2]}"#).unwrap();
        let b = values.parse(r#"{"b":[2],"a":1}"#).unwrap();
        assert_eq!(a, b);
        assert_ne!(a, values.parse(r#""a""#).unwrap());
        assert_eq!(values.json(a), r#"{"a":1,"b":[2]}"#);
    }

    #[test]
    fn rewritten_values_are_as_different_as_they_were() {
        let mut values = Values::default();
        let [a, b, c] = ["\"a\"", "\"b\"", "[7]"].map(|json| values.parse(json).unwrap());
        let black = values.rewritten(|json| {
            if json.is_string() {
                "x".into()
            } else {
                json.clone()
            }
        });
        assert_eq!(black.json(a), "\"x\"");
        assert_eq!(black.json(b), "\"x\" ", "white space tells them apart");
        assert_eq!(black.json(c), "[7]");
        assert_eq!(black.json(Value::NULL), "null");
    }

    #[test]
    fn integers_survive_at_every_size() {
        let mut values = Values::default();
        for n in [0, -1, 1, i64::MAX, i64::MIN, (1 << 61) - 1, 1 << 61, -(1 << 61)] {
            let value = values.parse(&n.to_string()).unwrap();
            assert_eq!(values.json(value), n.to_string());
        }
    }
}
