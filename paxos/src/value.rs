//! Values and decrees' names, as they come from clients: bounded, and opaque.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The longest value, as JSON text.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;
/// The longest name of a decree.
pub const DECREE_BYTES_MAX: usize = 128;

/// A proposed value: JSON text in one normal form, compared as text. Never null.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Value(Arc<str>);

impl Value {
    /// The value for a piece of JSON.
    ///
    /// # Errors
    /// For null, which stands for "undecided", and for values over [`VALUE_BYTES_MAX`].
    pub fn new(json: &serde_json::Value) -> Result<Value, String> {
        if json.is_null() {
            return Err("null cannot be proposed: it stands for `undecided`".to_owned());
        }
        let text = json.to_string();
        match text.len() {
            0..=VALUE_BYTES_MAX => Ok(Value(text.into())),
            length => Err(format!(
                "the value has {length} bytes; {VALUE_BYTES_MAX} are the most"
            )),
        }
    }

    /// The value that is this number.
    pub fn of_number(number: u64) -> Value {
        Value(number.to_string().into())
    }

    /// The JSON text.
    pub fn json(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Value {
    /// For logs: cut when long.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = self.0.char_indices().skip(60);
        match shown.next() {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(&self.0),
        }
    }
}

/// Whether a decree may have this name.
///
/// # Errors
/// What is allowed.
pub fn check_decree(name: &str) -> Result<(), String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    match name.len() {
        1..=DECREE_BYTES_MAX if name.bytes().all(is_plain) => Ok(()),
        _ => Err(format!(
            "a decree's name is 1 to {DECREE_BYTES_MAX} letters, digits, dots, dashes and underscores"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn null_and_too_long_values_are_refused() {
        assert!(Value::new(&json!(null)).is_err());
        assert!(Value::new(&json!("x".repeat(VALUE_BYTES_MAX))).is_err());
        assert_eq!(
            Value::new(&json!({"b": 1, "a": [2]})).unwrap().json(),
            r#"{"a":[2],"b":1}"#
        );
    }

    #[test]
    fn names_that_could_mean_something_else_are_refused() {
        for bad in ["", "a/b", "a b", "ä", &"x".repeat(129)] {
            assert!(check_decree(bad).is_err(), "{bad}");
        }
        assert!(check_decree("147").is_ok());
    }
}
