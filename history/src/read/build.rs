//! From events to operations: each completion finds its invocation, and what contradicts itself is refused.

mod append;
mod processes;

use super::Problem;
use super::lines::{End, Sink};
use super::scan::Scanned;
use crate::operation::NEVER;
use crate::{EventType, Header, History, Note, Operation, Outcome, Value};
use processes::{FREE, Processes, RETIRED, UNSEEN};
use rustc_hash::FxHashMap;

/// More events than this have no numbers.
const EVENTS_MAX: usize = (u32::MAX - 2) as usize;

/// The history as far as it has been read.
pub struct Builder {
    pub history: History,
    keys: FxHashMap<Value, u32>,
    last_key: Option<(Value, u32)>,
    processes: Processes,
    /// Places of operations that nobody wants to know of any more.
    forgotten: Vec<u32>,
    /// Processes that were not known, and whose first event began an operation.
    first_invocations: Vec<u32>,
    /// The first events of those that were in an operation.
    ends: Vec<append::End>,
    /// How many lines there were.
    lines: usize,
}

/// What a process is doing once its operation has ended so.
fn state_after(kind: EventType) -> u32 {
    match kind {
        EventType::Info => RETIRED,
        EventType::Ok | EventType::Fail | EventType::Invoke => FREE,
    }
}

impl Sink for Builder {
    fn header(&mut self, header: Header) {
        self.history.nodes = header.nodes.clone();
        self.history.header = Some(header);
    }

    #[inline]
    fn event(&mut self, event: &Scanned<'_>) -> Result<(), Problem> {
        Builder::event(self, event).map(drop)
    }

    fn note(&mut self, time: u64, note: Option<Note>) -> Result<(), Problem> {
        self.next_event()?;
        self.history.notes.extend(note.map(|note| (time, note)));
        Ok(())
    }
}

/// What an event did to an operation, which is named by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    Invoked(u32),
    Completed(u32),
    /// It was begun where somebody else reads.
    Nothing,
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
            processes: Processes::all(FREE),
            forgotten: Vec::new(),
            first_invocations: Vec::new(),
            ends: Vec::new(),
            lines: 0,
        }
    }

    /// For so many bytes of a file whose beginning somebody else reads, to be [appended](Builder::append) to that.
    pub fn further_on(bytes: usize) -> Builder {
        Builder {
            processes: Processes::all(UNSEEN),
            ..Builder::new(bytes)
        }
    }

    /// Gives the place of a completed operation to one that is to come.
    pub fn forget(&mut self, place: u32) {
        self.history.errors.remove(&place);
        self.forgotten.push(place);
    }

    /// Takes an operation's event.
    #[inline]
    pub fn event(&mut self, event: &Scanned<'_>) -> Result<Done, Problem> {
        let number = self.next_event()?;
        let process = u32::try_from(event.process)
            .map_err(|_| Problem::meaning(format!("process {} is too large a number", event.process)))?;
        let mut open = self.processes.get(process);
        if open == UNSEEN {
            if event.kind != EventType::Invoke {
                return self.end_of_unseen(event, process, number);
            }
            self.first_invocations.push(process);
            open = FREE;
        }
        if event.kind == EventType::Invoke {
            return match open {
                FREE => self.invoke(event, process, number).map(Done::Invoked),
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
        self.complete(event, process, open, number)?;
        Ok(Done::Completed(open))
    }

    /// Takes an event that is nobody's operation, and says nothing.
    pub fn other_event(&mut self) -> Result<(), Problem> {
        self.next_event().map(|_| ())
    }

    /// Refuses a completion that names another object than its invocation.
    pub fn same_key(&self, process: u64, key: Value) -> Result<(), Problem> {
        let open = u32::try_from(process).map_or(FREE, |process| self.processes.get(process));
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

    fn invoke(&mut self, event: &Scanned<'_>, process: u32, number: u32) -> Result<u32, Problem> {
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
        let place = match self.forgotten.pop() {
            Some(place) => {
                self.history.operations[place as usize] = operation;
                place
            }
            None => {
                self.history.operations.push(operation);
                self.history.operations.len() as u32 - 1
            }
        };
        self.processes.set(process, place);
        Ok(place)
    }

    /// Keeps the end of an operation that somebody else has seen begin.
    fn end_of_unseen(&mut self, event: &Scanned<'_>, process: u32, number: u32) -> Result<Done, Problem> {
        let f = self.function(event.f)?;
        self.ends.push(append::End::of(event, process, f, number));
        self.processes.set(process, state_after(event.kind));
        Ok(Done::Nothing)
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
        self.processes.set(process, state_after(event.kind));
        Ok(())
    }

    fn next_event(&mut self) -> Result<u32, Problem> {
        let number = self.history.events;
        if number >= EVENTS_MAX {
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

    pub fn finish(self) -> History {
        self.history
    }

    /// Takes what whoever has understood the lines has kept.
    pub fn end(&mut self, end: End) {
        self.history.values = end.values;
        self.history.torn = end.torn;
        self.lines = end.lines;
    }
}
