//! Histories of registers for benches, made up from a seed.

use history::{History, NEVER, Operation, Outcome, Value};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a case is made of.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// How many operations are under way at one time.
    pub processes: usize,
    /// Written over and over; 0 when every value is written once.
    pub values: i64,
    /// How many operations of a thousand have an unknown outcome.
    pub unknown: u32,
    /// How many registers there are.
    pub keys: usize,
    /// Whether reads near the end are wrong.
    pub wrong: bool,
}

impl Case {
    /// What it is called.
    pub fn name(&self) -> String {
        let values = match self.values {
            0 => "unique".to_owned(),
            some => format!("v{some}"),
        };
        let verdict = if self.wrong { "wrong" } else { "legal" };
        format!(
            "{values}-p{}-i{}-k{}-{verdict}",
            self.processes, self.unknown, self.keys
        )
    }
}

/// An operation on its way.
#[derive(Clone, Copy)]
struct Open {
    number: usize,
    happened: bool,
}

/// Operations are given by these places in `History::functions`.
pub const READ: u8 = 0;
pub const WRITE: u8 = 1;
pub const CAS: u8 = 2;

fn value(n: i64) -> Value {
    Value::integer(n).unwrap()
}

/// A history in which processes read, write and compare and set in closed loops: as many reads as changes.
pub fn generate(case: Case, operations: usize, seed: u64) -> History {
    let mut history = History {
        functions: ["read", "write", "cas"].map(str::to_owned).to_vec(),
        keys: (0..case.keys as i64).map(value).collect(),
        ..History::default()
    };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut open: Vec<Option<Open>> = vec![None; case.processes];
    let mut processes: Vec<u32> = (0..case.processes as u32).collect();
    let mut lingering: Vec<usize> = Vec::new();
    let mut state = vec![Value::NULL; case.keys];
    let mut pairs: Vec<(Value, Value)> = Vec::new();
    let (mut event, mut written) = (0u32, 0i64);
    while history.operations.len() < operations || open.iter().any(Option::is_some) {
        // What was given up may happen later.
        if !lingering.is_empty() && random.random_bool(0.01) {
            let number = lingering.swap_remove(random.random_range(0..lingering.len()));
            happen(&mut history, &mut state, &pairs, number);
            history.operations[number].outcome = Outcome::Info;
        }
        let process = random.random_range(0..case.processes);
        let Some(it) = &mut open[process] else {
            if history.operations.len() < operations {
                let key = random.random_range(0..case.keys);
                let mut new = || match case.values {
                    0 => {
                        written += 1;
                        value(written)
                    }
                    some => value(random.random_range(0..some)),
                };
                let (input, f) = match history.operations.len() % 4 {
                    0 => (new(), WRITE),
                    1 => {
                        let new = new();
                        // A good guess, now and then.
                        let old = match case.values {
                            0 => state[key],
                            _ => value(random.random_range(0..case.values)),
                        };
                        pairs.push((old, new));
                        (history.values.of(&pair(old, new)), CAS)
                    }
                    _ => (Value::NULL, READ),
                };
                open[process] = Some(Open {
                    number: history.operations.len(),
                    happened: false,
                });
                history.operations.push(Operation {
                    input,
                    output: Value::NULL,
                    start_ns: u64::from(event) * 1000,
                    end_ns: u64::MAX,
                    invoke: event,
                    complete: NEVER,
                    process: processes[process],
                    key: key as u32,
                    node: u16::MAX,
                    f,
                    outcome: Outcome::Info,
                });
                event += 1;
            }
            continue;
        };
        if !it.happened {
            it.happened = true;
            if random.random_ratio(case.unknown, 1000) {
                lingering.push(it.number);
                processes[process] += case.processes as u32;
                open[process] = None;
            } else {
                let number = it.number;
                happen(&mut history, &mut state, &pairs, number);
            }
        } else {
            let number = it.number;
            open[process] = None;
            let operation = &mut history.operations[number];
            operation.end_ns = u64::from(event) * 1000;
            if operation.outcome == Outcome::Ok {
                operation.complete = event;
            } else {
                operation.outcome = Outcome::Fail;
            }
            event += 1;
        }
    }
    history.events = event as usize;
    if case.wrong {
        let late = history.operations.len() * 19 / 20;
        let is_read = |operation: &&mut Operation| operation.f == READ && operation.outcome == Outcome::Ok;
        let reads = history.operations[late..].iter_mut().filter(is_read);
        for read in reads.take(if case.values == 0 { 1 } else { 20 }) {
            read.output = match case.values {
                0 => value(written / 2 + 1),
                some => value(random.random_range(0..some)),
            };
        }
    }
    history
}

fn pair(old: Value, new: Value) -> serde_json::Value {
    serde_json::json!([old.as_integer(), new.as_integer()])
}

/// An operation takes effect.
fn happen(history: &mut History, state: &mut [Value], pairs: &[(Value, Value)], number: usize) {
    let operation = &mut history.operations[number];
    let state = &mut state[operation.key as usize];
    let fits = match operation.f {
        WRITE => {
            *state = operation.input;
            true
        }
        CAS => {
            // The pairs were asked for in the order of the operations: each fourth.
            let (old, new) = pairs[number / 4];
            let fits = *state == old;
            if fits {
                *state = new;
            }
            fits
        }
        _ => {
            operation.output = *state;
            true
        }
    };
    operation.outcome = if fits { Outcome::Ok } else { Outcome::Fail };
}
