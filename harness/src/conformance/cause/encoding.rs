//! A value that is there, and written in another way than it is read: JSON in a text, JSON in base64; or a list of such.

use cluster::system::Encoding;
use serde_json::Value;

/// As a descriptor says it.
pub fn name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Json => "json",
        Encoding::Text => "text",
        Encoding::Base64 => "base64",
    }
}

/// In words.
pub fn said(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Json => "JSON",
        Encoding::Text => "JSON in a text",
        Encoding::Base64 => "JSON in base64",
    }
}

/// How a value is written which, once it is decoded as a descriptor's would be, is one of the right ones.
pub fn of(written: &Value, right: &[Value]) -> Option<Encoding> {
    let decoded = |encoding: Encoding| match written {
        Value::Array(elements) if !elements.is_empty() => {
            elements.iter().map(|it| encoding.decode(it, "")).collect()
        }
        written => encoding.decode(written, ""),
    };
    let fits = |it: &Encoding| decoded(*it).is_ok_and(|value: Value| right.contains(&value));
    [Encoding::Text, Encoding::Base64].into_iter().find(fits)
}
