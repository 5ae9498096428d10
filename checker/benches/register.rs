//! How fast registers are checked, from operations in memory to the verdict, verified legal orders included.
//!
//! `cargo bench -p checker --bench register` prints a line for each case: processes, values, unknown outcomes, legal or
//! with wrong reads near the end. `CHECKER_BENCH_OPERATIONS` says how many operations each has (default 500,000, which
//! are a million events); an argument selects the cases whose names contain it.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use checker::{Limits, Model, Options, check_with};
use history::{History, NEVER, Operation, Outcome, Value};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// What a case is made of.
#[derive(Clone, Copy)]
struct Case {
    processes: usize,
    /// Written over and over; 0 when every value is written once.
    values: i64,
    /// How many operations of a thousand have an unknown outcome.
    unknown: u32,
    keys: usize,
    /// Whether reads near the end are wrong.
    wrong: bool,
}

impl Case {
    fn name(&self) -> String {
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

const READ: u8 = 0;
const WRITE: u8 = 1;
const CAS: u8 = 2;

fn value(n: i64) -> Value {
    Value::integer(n).unwrap()
}

/// A history in which processes read, write and compare and set in closed loops: as many reads as changes.
fn generate(case: Case, operations: usize) -> History {
    let mut history = History {
        functions: ["read", "write", "cas"].map(str::to_owned).to_vec(),
        keys: (0..case.keys as i64).map(value).collect(),
        ..History::default()
    };
    let mut random = ChaCha8Rng::seed_from_u64(1);
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

/// The most memory that this process had since the last time it was asked, in MiB.
fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    // Where the kernel lets us, the mark starts anew; otherwise it is that of the whole process.
    std::fs::write("/proc/self/clear_refs", "5").unwrap_or_default();
    peak.unwrap_or(0) / 1024
}

/// How long this process has had a processor: what counts on a busy machine. In hundredths of a second.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok());
    ticks.sum::<u64>() as f64 / 100.0
}

fn main() {
    let operations = std::env::var("CHECKER_BENCH_OPERATIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(500_000);
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let options = Options {
        limits: Limits {
            time: Some(Duration::from_secs(60)),
            memory_bytes: Some(4 << 30),
        },
        strict_fail: false,
    };
    let mut cases = Vec::new();
    for (values, keys) in [(0, 1), (5, 1), (5, 1000)] {
        for processes in [5, 10, 20, 50] {
            for unknown in [0, 10, 50, 500] {
                for wrong in [false, true] {
                    cases.push(Case {
                        processes,
                        values,
                        unknown,
                        keys,
                        wrong,
                    });
                }
            }
        }
    }
    for case in cases {
        let name = case.name();
        if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted)) {
            continue;
        }
        let history = generate(case, operations);
        peak_memory_mib();
        let (before, cpu) = (Instant::now(), processor_seconds());
        let analysis = check_with(&history, Model::CasRegister, &options).unwrap();
        let took = before.elapsed();
        println!(
            "{name:24} {:8.3} s, processor {:5.2} s {:6} MiB  {:?} by {}{}",
            took.as_secs_f64(),
            processor_seconds() - cpu,
            peak_memory_mib(),
            analysis.verdict,
            analysis.stats.algorithm,
            analysis.violations.first().map_or(String::new(), |it| format!(
                ": {} operations, {} checks: {}",
                it.core.len(),
                it.shrink.checks,
                it.sentence
            ))
        );
    }
}
