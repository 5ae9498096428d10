//! Sets of HTTP status codes as a descriptor writes them: `200`, `"2xx"`, `[200, "3xx"]`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

/// Which statuses fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet(Vec<RangeInclusive<u16>>);

impl StatusSet {
    /// Whether a status is in it.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, range) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            match (range.start(), range.end()) {
                (start, end) if start == end => write!(f, "{comma}{start}")?,
                (start, _) => write!(f, "{comma}{}xx", start / 100)?,
            }
        }
        Ok(())
    }
}

const EXPECTED: &str = "a status from 100 to 599, a class such as \"2xx\", or a list of these";

impl JsonSchema for StatusSet {
    fn schema_name() -> Cow<'static, str> {
        "StatusSet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = json_schema!({"anyOf": [
            {"type": "integer", "minimum": 100, "maximum": 599},
            {"type": "string", "pattern": "^[1-5]xx$"},
        ]});
        json_schema!({"description": EXPECTED, "anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})
    }
}

impl<'de> Deserialize<'de> for StatusSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SetVisitor)
    }
}

struct SetVisitor;

impl<'de> Visitor<'de> for SetVisitor {
    type Value = StatusSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_i64<E: Error>(self, status: i64) -> Result<StatusSet, E> {
        match u16::try_from(status) {
            Ok(status @ 100..=599) => Ok(StatusSet(vec![status..=status])),
            _ => Err(E::custom(format!(
                "{status} is no HTTP status; expected {EXPECTED}"
            ))),
        }
    }

    fn visit_u64<E: Error>(self, status: u64) -> Result<StatusSet, E> {
        self.visit_i64(i64::try_from(status).unwrap_or(i64::MAX))
    }

    fn visit_str<E: Error>(self, class: &str) -> Result<StatusSet, E> {
        let hundreds = class
            .strip_suffix("xx")
            .and_then(|digit| digit.parse::<u16>().ok());
        match hundreds {
            Some(hundreds @ 1..=5) => Ok(StatusSet(vec![hundreds * 100..=hundreds * 100 + 99])),
            _ => Err(E::custom(format!(
                "{class:?} is no class of HTTP statuses; expected {EXPECTED}"
            ))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<StatusSet, A::Error> {
        let mut all = Vec::new();
        while let Some(StatusSet(some)) = list.next_element()? {
            all.extend(some);
        }
        if all.is_empty() {
            return Err(A::Error::custom(format!(
                "the list is empty; expected {EXPECTED}"
            )));
        }
        Ok(StatusSet(all))
    }
}
