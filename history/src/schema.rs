//! The form of a line of a history file, as JSON Schema: what we write fulfils it, and whoever writes a history of
//! their own can try theirs against it. What lines mean *together* (a completion needs its invocation) is
//! [`crate::read`]'s to say.

#![expect(dead_code, reason = "of these types only the schema is used")]

use crate::{Event, FaultNote, Header, Phase, StopReason};
use schemars::{JsonSchema, SchemaGenerator};

/// The JSON Schema of one line.
pub fn schema() -> serde_json::Value {
    SchemaGenerator::default()
        .into_root_schema_for::<Line>()
        .to_value()
}

/// One line of a history file (JSON Lines): the header, which is the first if there is one, or an event.
#[derive(JsonSchema)]
#[serde(untagged)]
enum Line {
    /// The first line of a file that a run wrote.
    Header(Header),
    /// An event of an operation.
    Operation(Event),
    /// A part of the run begins.
    Phase(PhaseLine),
    /// The run is to end before its time.
    Stop(StopLine),
    /// A step of a fault.
    Fault(FaultLine),
    /// A node ended though nobody had asked it to.
    Exit(ExitLine),
}

/// A part of the run begins.
#[derive(JsonSchema)]
struct PhaseLine {
    /// The line's number among all events of the file, from 0.
    index: u64,
    /// Nanoseconds since the run's clock started.
    time: u64,
    #[schemars(extend("const" = "harness"))]
    process: String,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "info"))]
    kind: String,
    #[schemars(extend("const" = "phase"))]
    f: String,
    value: Phase,
}

/// The run is to end before its time.
#[derive(JsonSchema)]
struct StopLine {
    /// The line's number among all events of the file, from 0.
    index: u64,
    /// Nanoseconds since the run's clock started.
    time: u64,
    #[schemars(extend("const" = "harness"))]
    process: String,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "info"))]
    kind: String,
    #[schemars(extend("const" = "stop"))]
    f: String,
    value: StopReason,
}

/// A step of a fault.
#[derive(JsonSchema)]
struct FaultLine {
    /// The line's number among all events of the file, from 0.
    index: u64,
    /// Nanoseconds since the run's clock started.
    time: u64,
    #[schemars(extend("const" = "nemesis"))]
    process: String,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "info"))]
    kind: String,
    /// The kind of fault.
    f: String,
    value: FaultNote,
}

/// A node ended though nobody had asked it to.
#[derive(JsonSchema)]
struct ExitLine {
    /// The line's number among all events of the file, from 0.
    index: u64,
    /// Nanoseconds since the run's clock started.
    time: u64,
    #[schemars(extend("const" = "cluster"))]
    process: String,
    #[serde(rename = "type")]
    #[schemars(extend("const" = "info"))]
    kind: String,
    #[schemars(extend("const" = "exit"))]
    f: String,
    value: Exit,
}

#[derive(JsonSchema)]
struct Exit {
    /// Which node.
    node: String,
    /// How it ended, in words.
    status: String,
}
