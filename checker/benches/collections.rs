//! How fast queues, stacks, priority queues and locks are checked, from file to verdict, beside merely reading the
//! same file.
//!
//! `cargo bench -p checker --bench collections` uses half a million operations (a million events) of ten clients;
//! `CHECKER_BENCH_OPERATIONS` says otherwise. A line is a case: what it is, the time to read it, the time to the verdict
//! with reading, the most that the check held, the verdict, and the algorithm.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use checker::{Limits, Model, Options, check_with};
use history::read_file;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

const CLIENTS: usize = 10;

/// A history to be made.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    model: Model,
    /// How many values there are; each operation has its own when there is no limit.
    values: Option<u64>,
    /// Unknown outcomes, of a thousand.
    unknown: u32,
    /// Whether an answer near the end is wrong.
    wrong: bool,
}

/// What a client does: whether it adds, which value, and the answer once it is there; no text when it failed.
type Open = (bool, u64, Option<Option<String>>);

/// The object that answers.
#[derive(Default)]
struct Object {
    queue: VecDeque<u64>,
    sorted: BTreeSet<(u64, u64)>,
    holder: Option<usize>,
    serial: u64,
}

impl Object {
    /// The answer as JSON; `None` when it fails.
    fn apply(&mut self, model: Model, client: usize, adds: bool, value: u64) -> Option<String> {
        self.serial += 1;
        let element = |it: Option<u64>| Some(it.map_or("null".to_owned(), |it| it.to_string()));
        match (model, adds) {
            (Model::Mutex | Model::OwnedMutex, true) if self.holder.is_none() => {
                self.holder = Some(client);
                Some("null".to_owned())
            }
            (Model::Mutex | Model::OwnedMutex, false) if self.holder == Some(client) => {
                self.holder = None;
                Some("null".to_owned())
            }
            (Model::Mutex | Model::OwnedMutex, _) => None,
            (Model::PriorityQueue, true) => {
                self.sorted.insert((value, self.serial));
                Some(value.to_string())
            }
            (_, true) => {
                self.queue.push_back(value);
                Some(value.to_string())
            }
            (Model::PriorityQueue, false) => element(self.sorted.pop_first().map(|(value, _)| value)),
            (Model::Stack, false) => element(self.queue.pop_back()),
            (_, false) => element(self.queue.pop_front()),
        }
    }
}

/// Clients in closed loops; each operation takes effect at a random moment of its time.
fn generate(path: &Path, case: Case, operations: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (add, remove) = match case.model {
        Model::Stack => ("push", "pop"),
        Model::PriorityQueue => ("insert", "delete-min"),
        Model::Mutex | Model::OwnedMutex => ("acquire", "release"),
        _ => ("enqueue", "dequeue"),
    };
    let mut process: Vec<usize> = (0..CLIENTS).collect();
    let mut open: Vec<Option<Open>> = vec![None; CLIENTS];
    let mut object = Object::default();
    let (mut started, mut time) = (0u64, 0u64);
    let mut wrong = case.wrong;
    let mut text = String::new();
    while started < operations || open.iter().any(Option::is_some) {
        time += random.random_range(1_000..20_000);
        let client = random.random_range(0..CLIENTS);
        let mut line = |kind: &str, adds: bool, value: &str| {
            let f = if adds { add } else { remove };
            let process = process[client];
            writeln!(
                text,
                r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value},"time":{time}}}"#
            )
            .unwrap();
        };
        match open[client].take() {
            None if started < operations => {
                let adds = match case.model {
                    Model::Mutex | Model::OwnedMutex => object.holder != Some(client),
                    _ => random.random_bool(0.5),
                };
                let value = match (case.model, case.values) {
                    (Model::PriorityQueue, None) => started * 7_919 % 1_000_003,
                    (_, None) => started,
                    (_, Some(values)) => random.random_range(0..values),
                };
                let is_lock = matches!(case.model, Model::Mutex | Model::OwnedMutex);
                let argument = if adds && !is_lock {
                    value.to_string()
                } else {
                    "null".into()
                };
                line("invoke", adds, &argument);
                open[client] = Some((adds, value, None));
                started += 1;
            }
            None => {}
            Some((adds, value, None)) => {
                let answer = object.apply(case.model, client, adds, value);
                open[client] = Some((adds, value, Some(answer)));
            }
            Some((adds, value, Some(answer))) => {
                // A lock that nobody gives back would end the run.
                let may_crash = !matches!(case.model, Model::Mutex | Model::OwnedMutex) || answer.is_none();
                match answer {
                    _ if may_crash && random.random_range(0..1000) < case.unknown => {
                        line("info", adds, "null");
                        process[client] += CLIENTS;
                    }
                    Some(_) if wrong && started > operations / 100 * 95 && !adds => {
                        wrong = false;
                        line("ok", adds, &value.to_string());
                        let again = format!(
                            r#"{{"process":{},"type":"invoke","f":"{add}","value":1,"time":{time}}}"#,
                            process[client]
                        );
                        if matches!(case.model, Model::Mutex | Model::OwnedMutex) {
                            // Somebody else is let in twice.
                            for number in [1, 2] {
                                let other = again.replace(
                                    &format!("\"process\":{}", process[client]),
                                    &format!("\"process\":9{number}"),
                                );
                                writeln!(text, "{other}").unwrap();
                                writeln!(text, "{}", other.replace("invoke", "ok")).unwrap();
                            }
                        }
                    }
                    Some(answer) => line("ok", adds, &answer),
                    None => line("fail", adds, "null"),
                }
            }
        }
    }
    std::fs::write(path, text).unwrap();
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed())
}

fn main() {
    let operations = std::env::var("CHECKER_BENCH_OPERATIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(500_000);
    let only = std::env::args().skip(1).find(|it| !it.starts_with("--"));
    let case = |name, model| Case {
        name,
        model,
        values: None,
        unknown: 0,
        wrong: false,
    };
    let mut cases = Vec::new();
    for (name, model) in [
        ("queue", Model::Queue),
        ("priority queue", Model::PriorityQueue),
        ("stack", Model::Stack),
        ("mutex", Model::Mutex),
        ("owned mutex", Model::OwnedMutex),
    ] {
        let it = case(name, model);
        cases.extend([
            it,
            Case { wrong: true, ..it },
            Case { unknown: 10, ..it },
            Case { unknown: 100, ..it },
        ]);
    }
    let five = Case {
        values: Some(5),
        ..case("queue of five values", Model::Queue)
    };
    cases.extend([five, Case { wrong: true, ..five }, Case { unknown: 10, ..five }]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    let options = Options {
        limits: Limits {
            time: Some(Duration::from_secs(60)),
            memory_bytes: Some(4 << 30),
        },
        ..Options::default()
    };
    println!("{operations} operations, {CLIENTS} clients");
    for case in cases {
        if only
            .as_ref()
            .is_some_and(|only| !case.name.contains(only.as_str()))
        {
            continue;
        }
        generate(&path, case, operations);
        let (_, parse) = timed(|| read_file(&path).unwrap().operations.len());
        let (analysis, verdict) = timed(|| check_with(&read_file(&path).unwrap(), case.model, &options));
        let analysis = match analysis {
            Ok(analysis) => analysis,
            Err(problem) => {
                println!("{:22} {problem}", case.name);
                continue;
            }
        };
        let sentence = analysis.violations.first().map(|it| it.sentence.clone());
        println!(
            "{:22} {:4} ‰ unknown {}  read {:6.3} s  to verdict {:7.3} s  {:5} MB  {:?}  {}  {}",
            case.name,
            case.unknown,
            if case.wrong { "late error" } else { "          " },
            parse.as_secs_f64(),
            verdict.as_secs_f64(),
            analysis.stats.peak_bytes >> 20,
            analysis.verdict,
            analysis.stats.algorithm,
            sentence.unwrap_or_default(),
        );
    }
}
