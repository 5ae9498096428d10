//! One line of a history file: an event of a client's operation, and the header before the first.
//!
//! The fields are Jepsen's, so that its users can read the file without a manual. Field order is fixed
//! when we write (the reader has a fast path for exactly this layout) and free when we read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of the format in the header line. Within one version, fields are only added.
pub const SCHEMA: &str = "harness.history/v1";

/// The first line of a history file that a run wrote. A file without one is a plain list of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// Always [`SCHEMA`] for files of this version.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// The run's id: UTC start time and seed, `20261123T064512Z-8412907`.
    pub run: String,
    /// The name of the system under test.
    pub system: String,
    /// The workload that made the operations.
    pub workload: String,
    /// The sequential object that the history is checked against.
    pub model: String,
    /// The seed that the operations and the fault schedule were drawn from.
    pub seed: u64,
    /// The nodes, in the order of their numbers.
    pub nodes: Vec<String>,
    /// How many clients worked at once. Process `p` is client `p % clients`.
    pub clients: u64,
    /// The kinds of fault that were asked for (`partition`, `kill`, ...); empty for none.
    pub nemesis: Vec<String>,
    /// After how many nanoseconds a client gave up on an operation.
    pub client_timeout_ns: u64,
    /// How many nanoseconds a connected majority of the system may take after a fault until it serves again; not there
    /// when nothing was said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover_ns: Option<u64>,
    /// Whether only the primary carries out what clients ask for, and all other nodes refuse.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub served_by_primary: bool,
    /// When the run started, UTC, RFC 3339.
    pub started_at: String,
}

/// What an event says about its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventType {
    /// The operation starts; `value` is its argument.
    Invoke,
    /// It took effect once, between its invocation and here; `value` is its result.
    Ok,
    /// It certainly had no effect, and never will.
    Fail,
    /// Nobody knows: it may take effect at any time after its invocation, or never.
    Info,
}

/// One event of one operation, as the recorder writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// The line's number among all events of the file, from 0.
    pub index: u64,
    /// Nanoseconds since the run's clock started.
    pub time: u64,
    /// The logical process: one operation at a time, never used again after `info`.
    pub process: u64,
    /// What the event says.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// The operation's function: `propose`, `read`, ...
    pub f: String,
    /// The object that the operation is on, where the model has several (a decree's number).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<serde_json::Value>,
    /// The argument of an invocation, the result of an `ok`.
    #[serde(default)]
    pub value: serde_json::Value,
    /// The node that the client talks to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Why the operation failed or is unknown, in the words of whoever said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
