//! What the key-value services are asked, and what they answer: one way of reading requests for all of them.

use super::error::ErrorCode;
use super::object;
use serde_json::{Map, Value, json};

/// A request for one key.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// What does it hold?
    Read,
    /// It shall hold this.
    Write(Value),
    /// It shall hold the second if it holds the first.
    Cas {
        /// What it has to hold.
        from: Value,
        /// What it shall hold.
        to: Value,
        /// Whether a key that does not exist is made, whatever `from` is.
        create: bool,
    },
}

/// What a request comes to.
pub type Answer = Result<Map<String, Value>, ErrorCode>;

/// Reads a request: the key, as its JSON, and what is to be done with it.
///
/// # Errors
/// What it is answered with when it is none.
pub fn read(body: &Map<String, Value>) -> Result<(String, Request), ErrorCode> {
    let part = |name: &str| body.get(name).cloned().ok_or(ErrorCode::MalformedRequest);
    let request = match body.get("type").and_then(Value::as_str) {
        Some("read") => Request::Read,
        Some("write") => Request::Write(part("value")?),
        Some("cas") => Request::Cas {
            from: part("from")?,
            to: part("to")?,
            create: body.get("create_if_not_exists") == Some(&Value::Bool(true)),
        },
        _ => return Err(ErrorCode::NotSupported),
    };
    Ok((part("key")?.to_string(), request))
}

/// Carries out a request on a key that holds this, and says what it holds then; `None` when that stays.
///
/// # Errors
/// What it is answered with when it cannot be done.
pub fn apply(
    held: Option<&Value>,
    request: &Request,
) -> Result<(Option<Value>, Map<String, Value>), ErrorCode> {
    match (request, held) {
        (Request::Read, None) => Err(ErrorCode::KeyDoesNotExist),
        (Request::Read, Some(held)) => Ok((None, object(json!({"type": "read_ok", "value": held})))),
        (Request::Write(value), _) => Ok((Some(value.clone()), object(json!({"type": "write_ok"})))),
        (Request::Cas { create: false, .. }, None) => Err(ErrorCode::KeyDoesNotExist),
        (Request::Cas { from, .. }, Some(held)) if from != held => Err(ErrorCode::PreconditionFailed),
        (Request::Cas { to, .. }, _) => Ok((Some(to.clone()), object(json!({"type": "cas_ok"})))),
    }
}
