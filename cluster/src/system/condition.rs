//! What a document has to hold: places in it, and what stands there.
//!
//! Used where a descriptor says `where = { "/done" = true }`. Which document it is, and what follows, is for others to say.

use super::placed::placed;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A place in a JSON document (RFC 6901): "" is the whole of it, "/a/0" the first element of its member a.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pointer(pub String);

placed!(Pointer from String, "a string");

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() || text.starts_with('/') {
            Ok(Self(text))
        } else {
            Err(format!(
                "{text:?} is no JSON pointer; an example is \"/value\", and \"\" is the whole document"
            ))
        }
    }
}

/// What stands at some places of a document.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions(BTreeMap<Pointer, Condition>);

#[derive(Debug, Clone)]
enum Condition {
    /// This value.
    Is(Value),
    /// Whatever stands at another place, where something does.
    SameAs(Pointer),
}

impl TryFrom<BTreeMap<Pointer, Value>> for Conditions {
    type Error = String;

    fn try_from(written: BTreeMap<Pointer, Value>) -> Result<Self, String> {
        let understood = |(pointer, value): (Pointer, Value)| {
            let condition = Condition::of(value).map_err(|why| format!("where {:?}: {why}", pointer.0))?;
            Ok((pointer, condition))
        };
        written
            .into_iter()
            .map(understood)
            .collect::<Result<_, String>>()
            .map(Self)
    }
}

impl Condition {
    fn of(written: Value) -> Result<Condition, String> {
        let refused =
            "only text, numbers, true and false can be compared, or another place: { same_as = \"/other\" }";
        match written {
            Value::Object(table) => match (table.len(), table.get("same_as")) {
                (1, Some(Value::String(other))) => Pointer::try_from(other.clone()).map(Condition::SameAs),
                _ => Err(refused.to_owned()),
            },
            Value::Array(_) => Err(refused.to_owned()),
            value => Ok(Condition::Is(value)),
        }
    }
}

impl Conditions {
    /// Whether nothing has to be anywhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a document is as it has to be.
    pub fn hold(&self, document: Option<&Value>) -> bool {
        self.0.iter().all(|(pointer, condition)| {
            let there = |at: &Pointer| document.and_then(|document| document.pointer(&at.0));
            match condition {
                Condition::Is(value) => there(pointer) == Some(value),
                Condition::SameAs(other) => there(pointer).is_some() && there(pointer) == there(other),
            }
        })
    }
}

impl fmt::Display for Conditions {
    /// `/leader = /header/member_id, /ok = true`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (pointer, condition)) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            match condition {
                Condition::Is(value) => write!(f, "{comma}{} = {value}", pointer.0)?,
                Condition::SameAs(other) => write!(f, "{comma}{} = {}", pointer.0, other.0)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn conditions(written: Value) -> Result<Conditions, String> {
        let written: BTreeMap<Pointer, Value> = serde_json::from_value(written).unwrap();
        Conditions::try_from(written)
    }

    #[test]
    fn a_document_holds_what_it_has_to_or_does_not() {
        let is = conditions(json!({"/a": 1, "/b/0": "x"})).unwrap();
        assert!(is.hold(Some(&json!({"a": 1, "b": ["x"]}))));
        assert!(!is.hold(Some(&json!({"a": 1, "b": ["y"]}))));
        assert!(!is.hold(Some(&json!({"a": 1}))));
        assert!(!is.hold(None));
        assert!(conditions(json!({})).unwrap().hold(None));
    }

    #[test]
    fn two_places_that_are_empty_are_not_the_same() {
        let same = conditions(json!({"/leader": {"same_as": "/me/id"}})).unwrap();
        assert!(same.hold(Some(&json!({"leader": "7", "me": {"id": "7"}}))));
        assert!(!same.hold(Some(&json!({"leader": "8", "me": {"id": "7"}}))));
        assert!(!same.hold(Some(&json!({"leader": 7, "me": {"id": "7"}}))));
        assert!(!same.hold(Some(&json!({"me": {"id": "7"}}))));
        assert!(!same.hold(Some(&json!({}))), "nobody is not the leader of nobody");
        assert_eq!(same.to_string(), "/leader = /me/id");
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        for bad in [
            json!([1]),
            json!({}),
            json!({"same_as": 7}),
            json!({"same_as": "/a", "more": 1}),
        ] {
            let told = conditions(json!({"/x": bad})).unwrap_err();
            assert!(told.starts_with("where \"/x\": only text, numbers"), "{told}");
        }
        let told = conditions(json!({"/x": {"same_as": "a"}})).unwrap_err();
        assert!(told.contains("\"a\" is no JSON pointer"), "{told}");
    }
}
