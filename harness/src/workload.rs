//! What clients do: the n-th operation of a run is a function of the seed and n, and of nothing else, except that a
//! client that does not know what became of its last operation may ask about the same object again.
//!
//! Which client carries it out, and when, depends on how fast the system answers; the sequence does not.
//!
//! Read next: `decree`, the workload of the single-decree register.

mod decree;

pub use decree::DecreeWorkload;

/// An operation that a client will carry out.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedOperation {
    /// The function: `propose`, `read`.
    pub f: &'static str,
    /// The object.
    pub key: u64,
    /// The argument, null where there is none.
    pub value: serde_json::Value,
    /// Whether a client that does not know what became of its last operation does this on that one's object instead.
    pub asks_again: bool,
}

/// The workloads: name and what it does.
pub const ALL: [(&str, &str); 1] = [(
    "decree",
    "proposals and reads on decrees that are opened one after another, each contended",
)];
