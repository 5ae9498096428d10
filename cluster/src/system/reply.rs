//! Sets of RESP replies as a descriptor writes them, by the sign that the protocol itself begins them with: `"+OK"`,
//! `"-READONLY*"`, `":1"`, `"$*"`, `"*"` for an array, `"_"` for null, or a list of these.

use crate::resp::Reply;
use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Which replies fit.
#[derive(Debug, Clone)]
pub struct ReplySet {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    written: String,
    kind: Kind,
    text: Regex,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simple,
    Error,
    Integer,
    Bulk,
    Array,
    Null,
}

const KINDS: [(char, Kind); 6] = [
    ('+', Kind::Simple),
    ('-', Kind::Error),
    (':', Kind::Integer),
    ('$', Kind::Bulk),
    ('*', Kind::Array),
    ('_', Kind::Null),
];

const EXPECTED: &str = "a reply as the protocol begins it: \"+OK\", \"-READONLY*\", \":1\", \"$*\" (a bulk string), \
                        \"*\" (an array), \"_\" (null), where * after the sign is any text; or a list of these";

impl ReplySet {
    /// Whether a reply is in it.
    pub fn contains(&self, reply: &Reply) -> bool {
        let number;
        let (kind, text) = match reply {
            Reply::Simple(text) => (Kind::Simple, text.as_str()),
            Reply::Error(text) => (Kind::Error, text.as_str()),
            Reply::Integer(value) => {
                number = value.to_string();
                (Kind::Integer, number.as_str())
            }
            Reply::Bulk(text) => (Kind::Bulk, text.as_str()),
            Reply::Array(_) => (Kind::Array, ""),
            Reply::Null => (Kind::Null, ""),
        };
        let fits = |pattern: &Pattern| pattern.kind == kind && pattern.text.is_match(text);
        self.patterns.iter().any(fits)
    }
}

impl fmt::Display for ReplySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written: Vec<&str> = self
            .patterns
            .iter()
            .map(|pattern| pattern.written.as_str())
            .collect();
        f.write_str(&written.join(" or "))
    }
}

/// The pattern that a descriptor writes like this.
fn pattern(written: &str) -> Result<Pattern, String> {
    let refused = || format!("{written:?} is no reply; expected {EXPECTED}");
    let mut rest = written.chars();
    let sign = rest.next().ok_or_else(refused)?;
    let (_, kind) = *KINDS
        .iter()
        .find(|(known, _)| *known == sign)
        .ok_or_else(refused)?;
    let text = rest.as_str();
    if matches!(kind, Kind::Array | Kind::Null) && !text.is_empty() {
        return Err(format!(
            "{written:?}: of an array and of null only the sign is compared; look into an array with `where`"
        ));
    }
    let parts: Vec<String> = text.split('*').map(regex::escape).collect();
    let text = Regex::new(&format!("^(?s:{})$", parts.join(".*"))).map_err(|_| refused())?;
    Ok(Pattern {
        written: written.to_owned(),
        kind,
        text,
    })
}

impl JsonSchema for ReplySet {
    fn schema_name() -> Cow<'static, str> {
        "ReplySet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = json_schema!({"type": "string", "pattern": "^([-+:$].*|[*_])$"});
        json_schema!({"description": EXPECTED, "anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})
    }
}

impl<'de> Deserialize<'de> for ReplySet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SetVisitor)
    }
}

struct SetVisitor;

impl<'de> Visitor<'de> for SetVisitor {
    type Value = ReplySet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, written: &str) -> Result<ReplySet, E> {
        let patterns = vec![pattern(written).map_err(E::custom)?];
        Ok(ReplySet { patterns })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ReplySet, A::Error> {
        let mut patterns = Vec::new();
        while let Some(some) = list.next_element::<ReplySet>()? {
            patterns.extend(some.patterns);
        }
        if patterns.is_empty() {
            return Err(A::Error::custom(format!(
                "the list is empty; expected {EXPECTED}"
            )));
        }
        Ok(ReplySet { patterns })
    }
}
