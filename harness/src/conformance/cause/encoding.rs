//! A value that is there, and written in another way than it is read: JSON in a text, JSON in base64; or a list of such.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// JSON in a text.
    Text,
    /// The same in base64, with padding (RFC 4648, 4).
    Base64,
}

impl Encoding {
    /// As a descriptor says it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Text => "text",
            Encoding::Base64 => "base64",
        }
    }

    /// In words.
    pub fn said(self) -> &'static str {
        match self {
            Encoding::Text => "JSON in a text",
            Encoding::Base64 => "JSON in base64",
        }
    }

    fn decode(self, text: &str) -> Option<Value> {
        let text = match self {
            Encoding::Text => text.to_owned(),
            Encoding::Base64 => String::from_utf8(BASE64.decode(text).ok()?).ok()?,
        };
        // As a descriptor reads it: what is no JSON is a text.
        Some(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

/// How a value is written which, once it is decoded, is one of the right ones.
pub fn of(written: &Value, right: &[Value]) -> Option<Encoding> {
    let decoded = |encoding: Encoding| match written {
        Value::String(text) => encoding.decode(text),
        Value::Array(elements) if !elements.is_empty() => {
            let element = |it: &Value| encoding.decode(it.as_str()?);
            elements
                .iter()
                .map(element)
                .collect::<Option<Vec<Value>>>()
                .map(Value::from)
        }
        _ => None,
    };
    let fits = |it: &Encoding| decoded(*it).is_some_and(|value| right.contains(&value));
    [Encoding::Text, Encoding::Base64].into_iter().find(fits)
}
