//! Operations as columns of numbers, each written as the difference to what is likely, so that they deflate well.

use super::texts::{Texts, zigzag};
use history::{History, Operation, Value};
use rustc_hash::FxHashMap;

/// Times beyond this (in microseconds, 142 years) are written as this: JavaScript has no larger exact numbers.
const TIME_MAX_US: u64 = 1 << 52;

/// One column: a number for each operation.
pub struct Column {
    /// What the reader calls it.
    pub name: &'static str,
    /// The numbers in LEB128.
    pub bytes: Vec<u8>,
}

/// What a column means:
///
/// | name | number |
/// | --- | --- |
/// | `start` | microseconds since the operation before began |
/// | `took` | 0: no completion was recorded; else 1 + microseconds |
/// | `line` | the line that it is drawn on |
/// | `process` | against the operation before on the same line, with a sign (zigzag) |
/// | `node` | 0: not known; else 1 + place; against the one before on the same line, with a sign |
/// | `kind` | 3 × the function's place + 0 for ok, 1 for failed, 2 for unknown |
/// | `key` | its place among the page's keys, against the operation before, with a sign |
/// | `input` | the value, as [`Texts::code`] has it |
/// | `output` | 0: as the last answer on the same key; 1: as its own argument; else 2 + value |
/// | `event` | the number of its invocation among the file's events, against the one before, with a sign |
/// | `error` | 0: none; else 1 + the place of its text |
const NAMES: [&str; 11] = [
    "start", "took", "line", "process", "node", "kind", "key", "input", "output", "event", "error",
];

/// The columns of some operations, which are in the order of their beginnings, and their keys in the order of first use.
pub fn columns(
    history: &History,
    numbers: &[u32],
    line_of: &[u16],
    texts: &mut Texts,
) -> (Vec<Column>, Vec<u32>) {
    let mut columns = NAMES.map(|name| Column {
        name,
        bytes: Vec::with_capacity(numbers.len() * 2),
    });
    let mut before = Before::default();
    for (number, line) in numbers.iter().zip(line_of) {
        let operation = &history.operations[*number as usize];
        let error = history
            .errors
            .get(number)
            .map_or(0, |error| texts.place(error) as u64 + 1);
        let row = before.row(history, operation, *line, error, texts);
        for (column, number) in columns.iter_mut().zip(row) {
            leb128(&mut column.bytes, number);
        }
    }
    (columns.into(), before.keys)
}

/// A moment in the page's unit.
pub fn microseconds(time_ns: u64) -> u64 {
    (time_ns / 1000).min(TIME_MAX_US)
}

/// What came before, which the next is compared with.
#[derive(Default)]
struct Before {
    start_us: u64,
    key: i64,
    event: i64,
    /// The process and the node of each line.
    line: FxHashMap<u16, (i64, i64)>,
    /// The keys so far, and the place of each.
    keys: Vec<u32>,
    place: FxHashMap<u32, i64>,
    /// The last answer on each key.
    answer: FxHashMap<u32, Value>,
}

impl Before {
    fn row(
        &mut self,
        history: &History,
        operation: &Operation,
        line: u16,
        error: u64,
        texts: &mut Texts,
    ) -> [u64; NAMES.len()] {
        let start_us = microseconds(operation.start_ns);
        let took = match operation.end_ns {
            u64::MAX => 0,
            end_ns => 1 + microseconds(end_ns).saturating_sub(start_us),
        };
        let against = |before: &mut i64, now: i64| zigzag(now - std::mem::replace(before, now));
        let (process, node) = self.line.entry(line).or_default();
        let node_now = if operation.node == u16::MAX {
            0
        } else {
            i64::from(operation.node) + 1
        };
        let next = self.keys.len() as i64;
        let key = *self.place.entry(operation.key).or_insert(next);
        if key == next {
            self.keys.push(operation.key);
        }
        let answer = self.answer.entry(operation.key).or_insert(Value::NULL);
        let output = match operation.output {
            output if output == *answer => 0,
            output if output == operation.input => 1,
            output => 2 + texts.code(&history.values, output),
        };
        *answer = operation.output;
        [
            start_us - std::mem::replace(&mut self.start_us, start_us),
            took,
            u64::from(line),
            against(process, i64::from(operation.process)),
            against(node, node_now),
            u64::from(operation.f) * 3 + operation.outcome as u64,
            against(&mut self.key, key),
            texts.code(&history.values, operation.input),
            output,
            against(&mut self.event, i64::from(operation.invoke)),
            error,
        ]
    }
}

fn leb128(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_as_many_bytes_as_they_need() {
        let written = |number| {
            let mut bytes = Vec::new();
            leb128(&mut bytes, number);
            bytes
        };
        assert_eq!(written(0), [0]);
        assert_eq!(written(127), [127]);
        assert_eq!(written(300), [0xac, 2]);
        assert_eq!(written(u64::MAX).len(), 10);
    }
}
