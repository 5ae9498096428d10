//! Two stretches of one file become one.

use super::processes::{FREE, RETIRED, UNSEEN};
use super::{Builder, Scanned};
use crate::{EventType, History, Operation, TornTail, Value};

/// The end of an operation that somebody else has seen begin.
pub struct End {
    process: u32,
    kind: EventType,
    time: u64,
    value: Value,
    /// As a place among the functions of its own stretch.
    f: u8,
    error: Option<Box<str>>,
    /// Among the events of its own stretch.
    number: u32,
}

impl End {
    pub fn of(event: &Scanned<'_>, process: u32, f: u8, number: u32) -> End {
        End {
            process,
            kind: event.kind,
            time: event.time,
            value: event.value,
            f,
            error: event.error.map(Box::from),
            number,
        }
    }
}

impl Builder {
    /// Takes what another has read of what follows in the file. Nothing when it does not follow from what was read here; then
    /// what there is here is of no use any more.
    pub fn append(&mut self, next: Builder) -> Option<()> {
        let (operations, events) = (self.history.operations.len() as u32, self.history.events);
        let total = events.checked_add(next.history.events)?;
        if next.history.header.is_some() || total >= super::EVENTS_MAX {
            return None;
        }
        let moved = Moved::into(self, &next.history)?;
        if next
            .first_invocations
            .iter()
            .any(|process| self.processes.get(*process) != FREE)
        {
            return None;
        }
        for end in next.ends {
            let open = self.processes.get(end.process);
            if open >= UNSEEN {
                return None;
            }
            let name = &next.history.functions[end.f as usize];
            let event = Scanned {
                time: end.time,
                process: u64::from(end.process),
                kind: end.kind,
                f: name.as_bytes(),
                key: Value::NULL,
                value: moved.value(end.value),
                node: None,
                error: end.error.as_deref(),
            };
            self.complete(&event, end.process, open, events as u32 + end.number)
                .ok()?;
        }
        for (process, doing) in next.processes.seen() {
            let doing = match doing {
                FREE | RETIRED => doing,
                place => operations + place,
            };
            self.processes.set(process, doing);
        }
        let history = &mut self.history;
        history.operations.reserve(next.history.operations.len());
        let all = next.history.operations.iter();
        history
            .operations
            .extend(all.map(|operation| moved.operation(operation, events as u32)));
        let errors = next.history.errors.into_iter();
        history
            .errors
            .extend(errors.map(|(place, error)| (operations + place, error)));
        history.notes.extend(next.history.notes);
        history.events = total;
        let lines = self.lines;
        history.torn = next.history.torn.map(|torn| TornTail {
            line: lines + torn.line,
            ..torn
        });
        self.lines += next.lines;
        Some(())
    }
}

/// Where the names and texts of one history are in another.
struct Moved {
    keys: Vec<u32>,
    nodes: Vec<u16>,
    functions: Vec<u8>,
    values: Vec<Value>,
}

impl Moved {
    /// Adds those that are missing there. Nothing when they are too many.
    fn into(builder: &mut Builder, next: &History) -> Option<Moved> {
        let texts = next.values.texts();
        let values: Vec<Value> = texts
            .map(|text| builder.history.values.of_normal_text(text))
            .collect();
        let value = |value: Value| value.moved(&values);
        let keys = next.keys.iter().map(|key| builder.key(value(*key))).collect();
        let nodes = next
            .nodes
            .iter()
            .map(|name| builder.node(Some(name.as_bytes())).ok());
        let nodes = nodes.collect::<Option<_>>()?;
        let functions = next
            .functions
            .iter()
            .map(|name| builder.function(name.as_bytes()).ok());
        let functions = functions.collect::<Option<_>>()?;
        Some(Moved {
            keys,
            nodes,
            functions,
            values,
        })
    }

    #[inline]
    fn value(&self, value: Value) -> Value {
        value.moved(&self.values)
    }

    /// An operation, so many events later.
    #[inline]
    fn operation(&self, operation: &Operation, events: u32) -> Operation {
        Operation {
            input: self.value(operation.input),
            output: self.value(operation.output),
            invoke: operation.invoke + events,
            complete: match operation.complete {
                crate::NEVER => crate::NEVER,
                complete => complete + events,
            },
            key: self.keys[operation.key as usize],
            node: self
                .nodes
                .get(operation.node as usize)
                .copied()
                .unwrap_or(u16::MAX),
            f: self.functions[operation.f as usize],
            ..*operation
        }
    }
}
