//! From events to operations: each completion finds its invocation, and what contradicts itself is refused.

use super::Problem;
use super::scan::Scanned;
use crate::operation::NEVER;
use crate::{EventType, FaultNote, Header, History, Note, Operation, Outcome, Phase, StopReason, Value};
use rustc_hash::FxHashMap;
use serde::Deserialize;

/// A line of any layout, as the general JSON library understands it.
#[derive(Deserialize)]
pub struct Line {
    #[serde(default)]
    time: u64,
    process: serde_json::Value,
    #[serde(rename = "type")]
    kind: EventType,
    f: String,
    #[serde(default)]
    key: serde_json::Value,
    #[serde(default)]
    value: serde_json::Value,
    #[serde(default)]
    node: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

/// The operation that a process is in: none, one, or (after `info`) none ever again.
const FREE: u32 = u32::MAX;
const RETIRED: u32 = u32::MAX - 1;
/// Processes below this number are looked up in a plain table of at most 16 MiB.
const DENSE_PROCESSES: usize = 4 << 20;

/// The history as far as it has been read.
pub struct Builder {
    pub history: History,
    keys: FxHashMap<Value, u32>,
    last_key: Option<(Value, u32)>,
    dense: Vec<u32>,
    sparse: FxHashMap<u32, u32>,
}

impl Builder {
    /// A builder for a file of so many bytes.
    pub fn new(bytes: usize) -> Builder {
        let mut history = History::default();
        // Two lines of about a hundred bytes make an operation; a guess that is off only costs a move.
        history.operations.reserve(bytes / 200);
        Builder {
            history,
            keys: FxHashMap::default(),
            last_key: None,
            dense: Vec::new(),
            sparse: FxHashMap::default(),
        }
    }

    pub fn header(&mut self, header: Header) {
        self.history.nodes = header.nodes.clone();
        self.history.header = Some(header);
    }

    /// Takes a line of the general layout: an event, or a note.
    pub fn line(&mut self, line: Line) -> Result<(), Problem> {
        if let Some(who) = line.process.as_str() {
            let note = note(who, &line)?;
            self.next_event()?;
            if let Some(note) = note {
                self.history.notes.push((line.time, note));
            }
            return Ok(());
        }
        let Some(process) = line.process.as_u64() else {
            return Err(Problem::meaning(
                "process is neither a number nor one of nemesis, harness, cluster",
            ));
        };
        let scanned = Scanned {
            time: line.time,
            process,
            kind: line.kind,
            f: line.f.as_bytes(),
            key: self.history.values.of(&line.key),
            value: self.history.values.of(&line.value),
            node: line.node.as_deref().map(str::as_bytes),
            error: line.error.as_deref(),
        };
        self.event(&scanned)
    }

    /// Takes an operation's event.
    #[inline]
    pub fn event(&mut self, event: &Scanned<'_>) -> Result<(), Problem> {
        let number = self.next_event()?;
        let process = u32::try_from(event.process)
            .map_err(|_| Problem::meaning(format!("process {} is too large a number", event.process)))?;
        let open = self.open(process);
        if event.kind == EventType::Invoke {
            return match open {
                FREE => self.invoke(event, process, number),
                RETIRED => Err(Problem::meaning(format!(
                    "process {process} goes on after an outcome of info; the client has to take a new number"
                ))),
                _ => Err(Problem::meaning(format!(
                    "process {process} invokes an operation while its last one has not completed"
                ))),
            };
        }
        if open >= RETIRED {
            return Err(Problem::meaning(format!(
                "process {process} completes an operation that it has not invoked"
            )));
        }
        self.complete(event, process, open, number)
    }

    /// Takes an event that is nobody's operation, and says nothing.
    pub fn other_event(&mut self) -> Result<(), Problem> {
        self.next_event().map(|_| ())
    }

    /// Refuses a completion that names another object than its invocation.
    pub fn same_key(&self, process: u64, key: Value) -> Result<(), Problem> {
        let open = u32::try_from(process).map_or(FREE, |process| self.open(process));
        let Some(operation) = self.history.operations.get(open as usize) else {
            return Ok(());
        };
        let invoked = self.history.keys[operation.key as usize];
        if invoked == key {
            return Ok(());
        }
        let name = |key: Value| super::plain(&self.history.values.json(key));
        Err(Problem::meaning(format!(
            "process {process} completes on key {} an operation that it invoked on key {}",
            name(key),
            name(invoked)
        )))
    }

    fn invoke(&mut self, event: &Scanned<'_>, process: u32, number: u32) -> Result<(), Problem> {
        let operation = Operation {
            input: event.value,
            output: Value::NULL,
            start_ns: event.time,
            end_ns: u64::MAX,
            invoke: number,
            complete: NEVER,
            process,
            key: self.key(event.key),
            node: self.node(event.node)?,
            f: self.function(event.f)?,
            outcome: Outcome::Info,
        };
        let place = self.history.operations.len() as u32;
        self.history.operations.push(operation);
        self.set_open(process, place);
        Ok(())
    }

    fn complete(&mut self, event: &Scanned<'_>, process: u32, open: u32, number: u32) -> Result<(), Problem> {
        let operation = &mut self.history.operations[open as usize];
        let f = &self.history.functions[operation.f as usize];
        if f.as_bytes() != event.f {
            return Err(Problem::meaning(format!(
                "process {process} completes a `{}` that was invoked as `{}`",
                super::plain(&String::from_utf8_lossy(event.f)),
                super::plain(f)
            )));
        }
        operation.end_ns = event.time;
        match event.kind {
            EventType::Ok => {
                operation.outcome = Outcome::Ok;
                operation.output = event.value;
                operation.complete = number;
            }
            EventType::Fail => {
                operation.outcome = Outcome::Fail;
                operation.complete = number;
            }
            EventType::Info | EventType::Invoke => {}
        }
        if let Some(error) = event.error {
            self.history.errors.insert(open, error.into());
        }
        self.set_open(
            process,
            if event.kind == EventType::Info {
                RETIRED
            } else {
                FREE
            },
        );
        Ok(())
    }

    fn next_event(&mut self) -> Result<u32, Problem> {
        let number = self.history.events;
        if number >= (u32::MAX - 2) as usize {
            return Err(Problem::meaning(
                "more than four thousand million events; split the history by key",
            ));
        }
        self.history.events += 1;
        Ok(number as u32)
    }

    fn key(&mut self, key: Value) -> u32 {
        if let Some((last, place)) = self.last_key
            && last == key
        {
            return place;
        }
        let next = self.history.keys.len() as u32;
        let place = *self.keys.entry(key).or_insert(next);
        if place == next {
            self.history.keys.push(key);
        }
        self.last_key = Some((key, place));
        place
    }

    fn function(&mut self, name: &[u8]) -> Result<u8, Problem> {
        if let Some(place) = self.history.functions.iter().position(|f| f.as_bytes() == name) {
            return Ok(place as u8);
        }
        let name = std::str::from_utf8(name).map_err(|_| Problem::syntax(name, "f is not UTF-8"))?;
        if self.history.functions.len() == usize::from(u8::MAX) {
            return Err(Problem::meaning("more than 255 different functions"));
        }
        self.history.functions.push(name.to_owned());
        Ok(self.history.functions.len() as u8 - 1)
    }

    fn node(&mut self, name: Option<&[u8]>) -> Result<u16, Problem> {
        let Some(name) = name else { return Ok(u16::MAX) };
        if let Some(place) = self.history.nodes.iter().position(|node| node.as_bytes() == name) {
            return Ok(place as u16);
        }
        let name = std::str::from_utf8(name).map_err(|_| Problem::syntax(name, "node is not UTF-8"))?;
        if self.history.nodes.len() >= 1000 {
            return Err(Problem::meaning("more than 1000 different nodes"));
        }
        self.history.nodes.push(name.to_owned());
        Ok(self.history.nodes.len() as u16 - 1)
    }

    #[inline]
    fn open(&self, process: u32) -> u32 {
        match self.dense.get(process as usize) {
            Some(open) => *open,
            None if (process as usize) < DENSE_PROCESSES => FREE,
            None => self.sparse.get(&process).copied().unwrap_or(FREE),
        }
    }

    #[inline]
    fn set_open(&mut self, process: u32, open: u32) {
        let place = process as usize;
        if place >= DENSE_PROCESSES {
            self.sparse.insert(process, open);
            return;
        }
        if place >= self.dense.len() {
            self.dense
                .resize((place + 1).next_power_of_two().min(DENSE_PROCESSES), FREE);
        }
        self.dense[place] = open;
    }

    pub fn finish(self) -> History {
        self.history
    }
}

/// The note of a line whose process is a word; `None` for one that a later version may have added.
fn note(who: &str, line: &Line) -> Result<Option<Note>, Problem> {
    #[derive(Deserialize)]
    struct Exit {
        node: String,
        status: String,
    }
    let wrong = |error: serde_json::Error| {
        Problem::meaning(format!(
            "a note of the {} is not understood: {error}",
            super::plain(who)
        ))
    };
    match (who, line.f.as_str()) {
        ("harness", "phase") => {
            let phase: Phase = Phase::deserialize(&line.value).map_err(wrong)?;
            Ok(Some(Note::Phase(phase)))
        }
        // A later version may know more reasons.
        ("harness", "stop") => Ok(StopReason::deserialize(&line.value).ok().map(Note::Stop)),
        ("cluster", "exit") => {
            let exit = Exit::deserialize(&line.value).map_err(wrong)?;
            Ok(Some(Note::Exit {
                node: exit.node,
                status: exit.status,
            }))
        }
        ("nemesis", _) => Ok(Some(Note::Fault(
            FaultNote::deserialize(&line.value).map_err(wrong)?,
        ))),
        ("harness" | "cluster", _) => Ok(None),
        _ => Err(Problem::meaning(format!(
            "process `{}` is neither a number nor one of nemesis, harness, cluster",
            super::plain(who)
        ))),
    }
}
