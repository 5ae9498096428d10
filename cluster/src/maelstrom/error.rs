//! What an answer of type `error` says: its code, and whether it is definite.
//!
//! A *definite* error means that the operation has not happened and never will. A code that is not known is not definite.

/// The codes that we answer with, by their names in the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The receiver does not exist.
    NodeNotFound,
    /// The request is of a type that is not known.
    NotSupported,
    /// The request does not say what it must.
    MalformedRequest,
    /// There is no such key.
    KeyDoesNotExist,
    /// The key holds another value than the request expects.
    PreconditionFailed,
}

impl From<ErrorCode> for u64 {
    fn from(code: ErrorCode) -> u64 {
        match code {
            ErrorCode::NodeNotFound => 1,
            ErrorCode::NotSupported => 10,
            ErrorCode::MalformedRequest => 12,
            ErrorCode::KeyDoesNotExist => 20,
            ErrorCode::PreconditionFailed => 22,
        }
    }
}

/// Whether an error of this code says that the operation had no effect and will have none: all that the protocol names but
/// 0 (timeout) and 13 (crash).
pub fn is_definite(code: u64) -> bool {
    matches!(code, 1 | 10 | 11 | 12 | 14 | 20 | 21 | 22 | 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_protocol_calls_definite_is() {
        assert!(is_definite(u64::from(ErrorCode::PreconditionFailed)) && is_definite(11));
        for code in [0, 2, 13, 23, 1000, u64::MAX] {
            assert!(!is_definite(code), "{code}");
        }
    }
}
