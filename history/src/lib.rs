//! What happened: operations, faults, phases, all on one clock, and the file that keeps them.
//!
//! A run appends [`Event`]s to `history.jsonl` as they happen ([`Writer`]); a reader gets a [`History`]
//! back ([`read_file`]), in which each operation is one row with its invocation and its completion. This
//! crate has no clock and no network: it can be used as a plain library anywhere. What is larger than memory is followed event by event
//! ([`follow_file`]).
//!
//! Read next: [`event`] for what a line means, [`operation`] for what a checker works on, [`note`] for the
//! lines that are not operations (faults, phases, unexpected exits), [`fault`] for what faults there are,
//! [`mod@schema`] for the file's form in JSON Schema.

pub mod event;
pub mod fault;
pub mod note;
pub mod operation;
pub mod read;
pub mod schema;
pub mod timeline;
pub mod value;
pub mod write;

pub use event::{Event, EventType, Header, SCHEMA};
pub use fault::{Fault, Flap, SlowStart};
pub use note::{FaultNote, FaultStep, Note, Phase, StopReason};
pub use operation::{History, NEVER, Operation, Outcome, TornTail};
pub use read::{
    Decoded, Follow, Format, Independent, ReadError, ReadOptions, decode_file, follow_file, read_bytes,
    read_bytes_as, read_file, read_file_as,
};
pub use schema::schema;
pub use value::{Value, Values};
pub use write::Writer;
