//! What a checker works on: operations, each with its invocation and its completion.

use crate::{Header, Note, Value, Values};
use rustc_hash::FxHashMap;

/// The event number of a completion that never came.
pub const NEVER: u32 = u32::MAX;

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// It took effect once, between its two events.
    Ok,
    /// It certainly had no effect.
    Fail,
    /// Nobody knows. An invocation without a completion counts as this too.
    Info,
}

/// One operation. Its number is its place in [`History::operations`].
///
/// Real time is the order of *events* in the file, not of their stamps: `a` precedes `b` exactly when
/// `a.complete < b.invoke`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The argument.
    pub input: Value,
    /// The result of an `ok`; null otherwise.
    pub output: Value,
    /// When it was invoked, in nanoseconds on the run's clock.
    pub start_ns: u64,
    /// When it completed (also for `info`); `u64::MAX` when no completion was recorded.
    pub end_ns: u64,
    /// The number of its invocation among the file's events.
    pub invoke: u32,
    /// The number of its completion; [`NEVER`] for `info`, whose effect may still come.
    pub complete: u32,
    /// The logical process.
    pub process: u32,
    /// The object, as a place in [`History::keys`]. Histories without keys have the single key null.
    pub key: u32,
    /// The node that was asked, as a place in [`History::nodes`]; `u16::MAX` when the file does not say.
    pub node: u16,
    /// The function, as a place in [`History::functions`].
    pub f: u8,
    /// How it ended.
    pub outcome: Outcome,
}

impl Operation {
    /// Whether this operation was over before `other` began.
    pub fn precedes(&self, other: &Operation) -> bool {
        self.complete < other.invoke
    }
}

/// A last line that was cut off in the middle, as a killed run leaves it. It is accepted, and said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// The line's number in the file, from 1.
    pub line: usize,
    /// How many bytes of it there are.
    pub bytes: usize,
}

/// A whole history in memory.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The file's first line, where it has one.
    pub header: Option<Header>,
    /// All operations, in the order of their invocations.
    pub operations: Vec<Operation>,
    /// What is not an operation, with its time in nanoseconds, in order.
    pub notes: Vec<(u64, Note)>,
    /// The texts behind values.
    pub values: Values,
    /// The objects, in the order of their first operation.
    pub keys: Vec<Value>,
    /// The names of functions, in the order of their first use.
    pub functions: Vec<String>,
    /// The names of nodes: the header's first, then others in the order of their first operation.
    pub nodes: Vec<String>,
    /// What was said with a `fail` or an `info`, by operation number.
    pub errors: FxHashMap<u32, Box<str>>,
    /// How many events the file has, notes included, the header not.
    pub events: usize,
    /// The cut-off last line, if there was one.
    pub torn: Option<TornTail>,
}

impl History {
    /// The number of a function's name, if any operation has it.
    pub fn function(&self, name: &str) -> Option<u8> {
        self.functions.iter().position(|f| f == name).map(|i| i as u8)
    }

    /// The name of an operation's function.
    pub fn function_name(&self, operation: &Operation) -> &str {
        &self.functions[operation.f as usize]
    }

    /// The name of the node that an operation asked, if the file says.
    pub fn node_name(&self, operation: &Operation) -> Option<&str> {
        self.nodes.get(operation.node as usize).map(String::as_str)
    }

    /// The client behind an operation: its process, modulo the number of clients where that is known.
    pub fn client(&self, operation: &Operation) -> u64 {
        let process = u64::from(operation.process);
        match &self.header {
            Some(header) if header.clients > 0 => process % header.clients,
            _ => process,
        }
    }

    /// An object's name as JSON text.
    pub fn key_name(&self, key: u32) -> String {
        self.values.json(self.keys[key as usize]).into_owned()
    }

    /// Keeps the operations on one object alone. It is named as JSON text or, where its name is a text, as it is; notes
    /// stay. Operations have other numbers then. Says false, and changes nothing, where no object is called that.
    pub fn keep_object(&mut self, name: &str) -> bool {
        let quoted = serde_json::Value::from(name).to_string();
        let is_called = |name: &str| (0..self.keys.len() as u32).find(|key| self.key_name(*key) == name);
        let Some(key) = is_called(name).or_else(|| is_called(&quoted)) else {
            return false;
        };
        let mut errors = FxHashMap::default();
        let mut kept = Vec::new();
        for (number, operation) in self.operations.iter().enumerate() {
            if operation.key == key {
                if let Some(error) = self.errors.remove(&(number as u32)) {
                    errors.insert(kept.len() as u32, error);
                }
                kept.push(Operation { key: 0, ..*operation });
            }
        }
        self.keys = vec![self.keys[key as usize]];
        (self.operations, self.errors) = (kept, errors);
        true
    }

    /// The last moment that the history knows of, in nanoseconds.
    pub fn end_ns(&self) -> u64 {
        let operations = self.operations.iter().map(|o| {
            if o.end_ns == u64::MAX {
                o.start_ns
            } else {
                o.end_ns
            }
        });
        operations
            .chain(self.notes.iter().map(|(time, _)| *time))
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    const TWO: &str = r#"{"process":0,"type":"invoke","f":"propose","key":1,"value":17}
{"process":1,"type":"invoke","f":"propose","key":"b","value":5}
{"process":0,"type":"ok","f":"propose","key":1,"value":17}
{"process":1,"type":"info","f":"propose","key":"b","value":5,"error":"timeout"}
"#;

    #[test]
    fn one_object_is_kept_with_what_was_said_of_its_operations() {
        let mut history = crate::read_bytes(TWO.as_bytes()).unwrap();
        assert!(!history.keep_object("c"));
        assert_eq!(history.operations.len(), 2, "nothing was changed");
        assert!(history.keep_object("b"));
        assert_eq!((history.operations.len(), history.keys.len()), (1, 1));
        assert_eq!(history.key_name(history.operations[0].key), "\"b\"");
        assert_eq!(history.errors[&0].as_ref(), "timeout");
        assert!(history.keep_object("\"b\""), "it is still called that");
    }
}
