//! The same histories through this checker and two others, in one process, in turns: `porcupine-rs` and `todc-utils`.
//!
//! `cargo bench -p checker --bench peers` prints a line for each case: how long each took for the verdict, from operations in
//! memory, the median of several rounds, and how many times as long the others took. An argument selects the cases whose
//! names contain it. All have to agree.
//!
//! The others are given the histories as they like them best, before the clock starts: in their own types, without
//! failed operations and reads of unknown outcome, and for `todc-utils`, which knows no keys, each register as a history
//! of its own. This checker has the same history as everybody else's programs have. Its verdict is taken alone, and with
//! what the others do not give: a verified order, or a counterexample, its words and weaker promises.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

#[path = "register/generate.rs"]
mod generate;
#[path = "peers/models.rs"]
mod models;

use checker::{Model, Verdict, check, witnesses};
use generate::{Case, generate};
use history::History;
use models::{Actions, Asked, actions, operations};
use porcupine_rs::Operation;
use std::hint::black_box;
use std::time::{Duration, Instant};
use todc_utils::{History as TodcHistory, WGLChecker};

/// How often each case is measured.
const ROUNDS: usize = 5;

/// Histories of one kind.
struct Batch {
    name: String,
    histories: Vec<History>,
    /// Whether `todc-utils` is asked: it has no limit on time, and would take minutes.
    todc: bool,
}

fn batches() -> Vec<Batch> {
    let case = |values, processes, wrong| Case {
        processes,
        values,
        unknown: 0,
        keys: 1,
        wrong,
    };
    let one = |case: Case, operations: usize, todc| Batch {
        name: format!("{}-{operations}", case.name()),
        histories: vec![generate(case, operations, 1)],
        todc,
    };
    // The shape of the logs that Jepsen recorded of etcd: 170 operations of five clients on one register with five
    // values, up to 19 of them of unknown outcome.
    let etcd = |wrong| {
        let case = Case {
            unknown: 90,
            ..case(5, 5, wrong)
        };
        Batch {
            name: format!("100 logs like etcd's, {}", if wrong { "wrong" } else { "legal" }),
            histories: (0..100).map(|seed| generate(case, 170, seed)).collect(),
            todc: true,
        }
    };
    let kv = Case {
        keys: 1000,
        ..case(5, 10, false)
    };
    vec![
        etcd(false),
        etcd(true),
        one(case(5, 10, false), 500, true),
        one(case(5, 10, true), 500, true),
        one(case(5, 20, false), 500, true),
        one(case(5, 10, false), 5_000, true),
        one(case(5, 10, false), 50_000, false),
        one(case(0, 10, false), 500, true),
        one(case(0, 10, false), 5_000, true),
        one(case(0, 10, true), 500, true),
        one(kv, 50_000, true),
    ]
}

/// The middle one.
fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

fn timed<T>(times: &mut Vec<Duration>, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = black_box(work());
    times.push(began.elapsed());
    done
}

/// What the histories are for the others.
struct Prepared {
    porcupine: Vec<Vec<Operation<Asked>>>,
    todc: Vec<Vec<Actions>>,
}

fn measure(batch: &Batch) {
    let prepared = Prepared {
        porcupine: batch.histories.iter().map(operations).collect(),
        todc: batch.histories.iter().map(actions).collect(),
    };
    let (mut alone, mut whole, mut porcupine, mut todc) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let ours: Vec<bool> = timed(&mut alone, || {
            let orders = |history: &History| {
                let orders = witnesses(history, Model::CasRegister).unwrap();
                orders.len() == history.keys.len()
            };
            batch.histories.iter().map(orders).collect()
        });
        let proven: Vec<bool> = timed(&mut whole, || {
            let check = |history: &History| check(history, Model::CasRegister).unwrap().verdict;
            batch
                .histories
                .iter()
                .map(|it| check(it) == Verdict::Valid)
                .collect()
        });
        let theirs: Vec<bool> = timed(&mut porcupine, || {
            let check = |history: &Vec<Operation<Asked>>| porcupine_rs::check_operations(history);
            prepared.porcupine.iter().map(check).collect()
        });
        assert_eq!(ours, proven, "{}: the verdicts are not ours", batch.name);
        assert_eq!(
            ours, theirs,
            "{}: the verdicts are not porcupine-rs's",
            batch.name
        );
        if batch.todc {
            // It consumes what it is given.
            let histories: Vec<Vec<_>> = prepared
                .todc
                .iter()
                .map(|keys| keys.iter().cloned().map(TodcHistory::from_actions).collect())
                .collect();
            let theirs: Vec<bool> = timed(&mut todc, || {
                let check = |keys: Vec<_>| keys.into_iter().all(WGLChecker::<Asked>::is_linearizable);
                histories.into_iter().map(check).collect()
            });
            assert_eq!(ours, theirs, "{}: the verdicts are not todc-utils's", batch.name);
        }
    }
    let (alone, whole, porcupine) = (median(&mut alone), median(&mut whole), median(&mut porcupine));
    print!(
        "{:28} {alone:10.2} {whole:12.2} {porcupine:14.2} {:8.1}",
        batch.name,
        porcupine / alone
    );
    match batch.todc {
        true => {
            let todc = median(&mut todc);
            println!(" {todc:12.2} {:8.1}", todc / alone);
        }
        false => println!(" {:>12} {:>8}", "not asked", ""),
    }
}

fn main() {
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    println!(
        "{:28} {:>10} {:>12} {:>14} {:>8} {:>12} {:>8}",
        "milliseconds", "verdict", "with proof", "porcupine-rs", "times", "todc-utils", "times"
    );
    for batch in batches() {
        if wanted.as_ref().is_none_or(|wanted| batch.name.contains(wanted)) {
            measure(&batch);
        }
    }
}
