//! Operations as Jepsen and its relatives write them, whatever the notation: who did what, and how it ended.
//!
//! Its convention: clients have numbers, everything else has a keyword (`:nemesis`). A test of many independent objects
//! writes `[key value]` where a test of one writes the value, and nothing in the file says which of the two it is: the first
//! operation decides, as [`Independent::Auto`] describes, and one that does not agree with it later is refused.

use super::build::Builder;
use super::nemesis::Nemesis;
use super::scan::Scanned;
use super::{Problem, plain};
use crate::{EventType, History};
use serde_json::Value as Json;
use std::borrow::Cow;

/// Whether the values of a Jepsen history are `[key value]`, as `jepsen.independent` makes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Independent {
    /// They are, when the first operation of a client looks like it: its argument is a pair whose first part is no
    /// collection, and it is not a `cas` of two plain values. (A test of one register begins with `read nil`, `write 3` or
    /// `cas [1 2]`; one of many with `read [7 nil]`, `write [7 3]` or `cas [7 [1 2]]`.)
    #[default]
    Auto,
    /// They are.
    Yes,
    /// They are not, even if they look like it.
    No,
}

/// One operation's event as the file has it.
#[derive(Debug)]
pub struct Event<'a> {
    /// The number of a client, or the name of someone else.
    pub process: Result<u64, Cow<'a, str>>,
    pub kind: EventType,
    pub f: Cow<'a, str>,
    /// Where the file has a field of its own for it.
    pub key: Option<Json>,
    pub value: Json,
    pub error: Option<Cow<'a, str>>,
    /// Nanoseconds; zero where the file does not say.
    pub time: u64,
}

/// The history as far as it has been read.
pub struct Operations {
    builder: Builder,
    independent: Independent,
    /// The line that decided it.
    decided: usize,
    nemesis: Nemesis,
}

impl Operations {
    /// For a file of so many bytes.
    pub fn new(bytes: usize, independent: Independent) -> Operations {
        Operations {
            builder: Builder::new(bytes),
            independent,
            decided: 0,
            nemesis: Nemesis::default(),
        }
    }

    /// Takes the event of a line.
    pub fn event(&mut self, mut event: Event<'_>, line: usize) -> Result<(), Problem> {
        let process = match &event.process {
            Ok(process) => *process,
            Err(name) => {
                self.builder.other_event()?;
                if name == "nemesis" {
                    let notes = self.nemesis.event(&event);
                    self.builder.history.notes.extend(notes);
                }
                return Ok(());
            }
        };
        if event.kind == EventType::Invoke && self.independent == Independent::Auto {
            self.independent = match is_tuple(&event) {
                true => Independent::Yes,
                false => Independent::No,
            };
            self.decided = line;
        }
        let has_value = matches!(event.kind, EventType::Invoke | EventType::Ok);
        if self.independent == Independent::Yes && event.key.is_none() && has_value {
            let (key, value) = self.parts(event.value)?;
            event.key = Some(key);
            event.value = value;
        }
        let values = &mut self.builder.history.values;
        let scanned = Scanned {
            time: event.time,
            process,
            kind: event.kind,
            f: event.f.as_bytes(),
            key: values.of(event.key.as_ref().unwrap_or(&Json::Null)),
            value: values.of(&event.value),
            node: None,
            error: event.error.as_deref(),
        };
        if event.kind == EventType::Ok {
            self.builder.same_key(process, scanned.key)?;
        }
        self.builder.event(&scanned).map(drop)
    }

    /// Key and value of a tuple.
    fn parts(&self, value: Json) -> Result<(Json, Json), Problem> {
        let text = match value {
            Json::Array(parts) => match <[Json; 2]>::try_from(parts) {
                Ok([key, value]) => return Ok((key, value)),
                Err(parts) => Json::Array(parts).to_string(),
            },
            other => other.to_string(),
        };
        let why = match self.decided {
            0 => "as --independent yes says".to_owned(),
            line => format!("as on line {line}; if that is a plain value, say --independent no"),
        };
        Err(Problem::meaning(format!(
            "the value {} is not a [key value], {why}",
            plain(&text)
        )))
    }

    pub fn finish(self) -> History {
        self.builder.finish()
    }
}

/// Whether an invocation has `[key value]` in the place of its argument.
fn is_tuple(event: &Event<'_>) -> bool {
    let is_collection = |value: &Json| value.is_array() || value.is_object();
    match event.value.as_array().map(Vec::as_slice) {
        Some([key, value]) => !is_collection(key) && (event.f != "cas" || is_collection(value)),
        _ => false,
    }
}
