//! EDN values as JSON, which is what a history keeps.
//!
//! Numbers, strings, booleans and nil are what they are. Keywords and symbols become strings without their colon, vectors
//! and lists arrays, maps objects, sets sorted arrays, tagged values what is tagged. What JSON cannot say (ratios, characters,
//! infinities) becomes its EDN text. Equal EDN becomes equal JSON.

use clojure_reader::edn::Edn;
use serde_json::{Map, Number, Value as Json};
use std::borrow::Cow;

/// The value as JSON. The depth is that of the form, which is bounded.
pub fn json(edn: &Edn<'_>) -> Json {
    match edn {
        Edn::Nil => Json::Null,
        Edn::Bool(truth) => Json::Bool(*truth),
        Edn::Int(number) => Json::from(*number),
        Edn::Double(number) => match Number::from_f64(number.0) {
            Some(number) => Json::Number(number),
            None => Json::String(edn.to_string()),
        },
        Edn::Str(text) | Edn::Key(text) | Edn::Symbol(text) => Json::String(text.to_string()),
        Edn::Vector(items) | Edn::List(items) => items.iter().map(json).collect(),
        Edn::Set(items) => items.iter().map(json).collect(),
        Edn::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (name(key), json(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
        Edn::Tagged(_, inner) => json(inner),
        other => Json::String(other.to_string()),
    }
}

/// The value as a word or a sentence: a string or keyword as it is, anything else as JSON text.
pub fn text<'a>(edn: &'a Edn<'a>) -> Cow<'a, str> {
    match edn {
        Edn::Str(text) | Edn::Key(text) | Edn::Symbol(text) => Cow::Borrowed(text),
        other => Cow::Owned(json(other).to_string()),
    }
}

/// The value as a field's name.
fn name(edn: &Edn<'_>) -> String {
    text(edn).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_json(text: &str) -> String {
        json(&clojure_reader::edn::read_string(text).unwrap()).to_string()
    }

    #[test]
    fn every_kind_of_value_has_its_json() {
        for (edn, json) in [
            ("nil", "null"),
            ("[1 -2 true \"a\\nb\"]", r#"[1,-2,true,"a\nb"]"#),
            ("(:x y/z)", r#"["x","y/z"]"#),
            ("{:a 1 \"b\" {3 4}}", r#"{"a":1,"b":{"3":4}}"#),
            ("#{3 1 2}", "[1,2,3]"),
            ("#jepsen.history.Op{:a 1}", r#"{"a":1}"#),
            ("1.5", "1.5"),
            ("1/3", r#""1/3""#),
            ("\\a", r#""\\a""#),
            ("1e999", r#""inf""#),
        ] {
            assert_eq!(as_json(edn), json, "{edn}");
        }
    }

    #[test]
    fn equal_sets_are_equal_json() {
        assert_eq!(as_json("#{:b :a 10 9}"), as_json("#{9 :a 10 :b}"));
    }
}
