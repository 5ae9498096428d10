//! The same histories through this checker and two others, in one process, in turns: `porcupine-rs` and `todc-utils`.
//!
//! `cargo bench -p checker --bench peers` prints a line for each case: how long each took for the verdict, from operations in
//! memory, the median of five rounds or fewer, and how many times as long the others took. An argument selects the cases whose
//! names contain it. All have to agree. The first case is every recorded history of a register that the project has;
//! `HARNESS_HISTORIES=FOLDER` takes another folder's, which has a `verdicts.tsv` as `history/tests/histories` does.
//!
//! The others are given the histories as they like them best, before the clock starts: in their own types, without
//! failed operations and reads of unknown outcome, and for `todc-utils`, which knows no keys, each register as a history
//! of its own. This checker has the same history as everybody else's programs have. Its verdict is taken alone, and with
//! what the others do not give: a verified order, or a counterexample, its words and weaker promises. In the column *own object* it does not
//! know that it is a register: the search for any object is given what the others are.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

#[path = "register/generate.rs"]
mod generate;
#[path = "peers/models.rs"]
mod models;

use checker::{Calls, Judgement, Limits, Model, Verdict, check, judge, witnesses};
use generate::{Case, generate};
use history::History;
use models::{Actions, Asked, Own, What, actions, calls, operations};
use porcupine_rs::{CheckResult, Operation};
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use todc_utils::{History as TodcHistory, WGLChecker};

/// How often each case is measured.
const ROUNDS: usize = 5;
/// After this long a case is not measured again.
const ENOUGH: Duration = Duration::from_secs(30);
/// How long `porcupine-rs` is waited for, for each history. `todc-utils` knows no such limit.
const PATIENCE: Duration = Duration::from_secs(20);

/// Histories of one kind.
struct Batch {
    name: String,
    histories: Vec<History>,
    /// Whether `todc-utils` is asked: it cannot be stopped, and would take minutes or for ever.
    todc: bool,
}

/// What others recorded of registers, with those in which something failed on the way.
fn recorded() -> Batch {
    let folder = std::env::var_os("HARNESS_HISTORIES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../history/tests/histories")),
        PathBuf::from,
    );
    let table = std::fs::read_to_string(folder.join("verdicts.tsv")).unwrap();
    let of_registers = table.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let file = fields.next()?;
        (fields.next()? == "cas-register").then(|| history::read_file(&folder.join(file)).unwrap())
    });
    let histories: Vec<History> = of_registers.collect();
    Batch {
        name: format!("{} recorded by others", histories.len()),
        histories,
        todc: true,
    }
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
        recorded(),
        etcd(false),
        etcd(true),
        one(case(5, 10, false), 500, true),
        one(case(5, 10, true), 500, false),
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

/// What the histories are for the others, and for the search for any object.
struct Prepared {
    own: Vec<Vec<Calls<What, ()>>>,
    porcupine: Vec<Vec<Operation<Asked>>>,
    todc: Vec<Vec<Actions>>,
}

fn measure(batch: &Batch) {
    let limits = Limits {
        time: Some(PATIENCE),
        memory_bytes: Some(1 << 30),
    };
    let prepared = Prepared {
        own: batch.histories.iter().map(calls).collect(),
        porcupine: batch.histories.iter().map(operations).collect(),
        todc: batch.histories.iter().map(actions).collect(),
    };
    let (mut alone, mut whole, mut own, mut porcupine, mut todc) = (vec![], vec![], vec![], vec![], vec![]);
    let (mut gave_up, mut own_gave_up) = (false, false);
    let began = Instant::now();
    for round in 0..ROUNDS {
        if round > 0 && began.elapsed() > ENOUGH {
            break;
        }
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
        let judged: Vec<Vec<Judgement>> = timed(&mut own, || {
            let judge = |keys: &Vec<_>| keys.iter().map(|calls| judge(&Own, calls, &limits)).collect();
            prepared.own.iter().map(judge).collect()
        });
        for (ours, judged) in ours.iter().zip(&judged) {
            match judged.iter().find(|it| !it.is_legal()) {
                Some(Judgement::Unknown(_)) => own_gave_up = true,
                other => assert_eq!(
                    *ours,
                    other.is_none(),
                    "{}: the searches do not agree",
                    batch.name
                ),
            }
        }
        let theirs: Vec<CheckResult> = timed(&mut porcupine, || {
            let check = |history: &Vec<_>| porcupine_rs::check_operations_timeout(history, PATIENCE);
            prepared.porcupine.iter().map(check).collect()
        });
        assert_eq!(ours, proven, "{}: the verdicts are not ours", batch.name);
        for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            match theirs {
                CheckResult::Unknown => gave_up = true,
                theirs => assert_eq!(
                    *ours,
                    *theirs == CheckResult::Ok,
                    "{}, history {number}: the verdict is not porcupine-rs's",
                    batch.name
                ),
            }
        }
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
    let (alone, whole, own) = (median(&mut alone), median(&mut whole), median(&mut own));
    let porcupine = median(&mut porcupine);
    let at_least = |gave_up, time| format!("{}{time:.2}", if gave_up { ">" } else { "" });
    print!(
        "{:28} {alone:10.2} {whole:12.2} {:>12} {:>14} {:8.1}",
        batch.name,
        at_least(own_gave_up, own),
        at_least(gave_up, porcupine),
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
        "{:28} {:>10} {:>12} {:>12} {:>14} {:>8} {:>12} {:>8}",
        "milliseconds", "verdict", "with proof", "own object", "porcupine-rs", "times", "todc-utils", "times"
    );
    for batch in batches() {
        if wanted.as_ref().is_none_or(|wanted| batch.name.contains(wanted)) {
            measure(&batch);
        }
    }
}
