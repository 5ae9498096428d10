//! How fast lists, sets, counters and ids are checked: 100,000 operations on one object, by 10 clients, with a tenth of the
//! outcomes unknown; legal, and with a read at the end that lacks one element. Verdict, proof, words, census and weaker
//! promises are in it, reading the file is not.
//!
//! `cargo bench -p checker --bench elements`; a mere pass over the operations is measured beside.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]

use checker::{Model, Verdict, check};
use criterion::{Criterion, Throughput};
use history::{History, read_bytes};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write;
use std::time::Duration;

const OPERATIONS: u64 = 100_000;
const CLIENTS: u64 = 10;
/// There are so many reads of everything.
const READS: u64 = 50;

/// What clients do: the update, whether it carries the operation's number, and how the whole is read.
struct Workload {
    model: Model,
    update: &'static str,
    is_numbered: bool,
    has_reads: bool,
}

/// A history that a real object could have given, but for its last read when that is `stale`.
fn history(workload: &Workload, stale: bool) -> History {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut text = String::new();
    let mut done: Vec<u64> = Vec::new();
    let mut process: Vec<u64> = (0..CLIENTS).collect();
    let mut open: Vec<Option<(u64, bool)>> = vec![None; CLIENTS as usize];
    let mut line = |process: u64, kind: &str, f: &str, value: &str| {
        let _ = writeln!(
            text,
            r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value}}}"#
        );
    };
    let value = |number: u64| match workload.is_numbered {
        true => number.to_string(),
        false => "null".to_owned(),
    };
    let whole = |done: &[u64]| match workload.model {
        Model::Counter => done.len().to_string(),
        _ => {
            let all: Vec<String> = done.iter().map(u64::to_string).collect();
            format!("[{}]", all.join(","))
        }
    };
    let mut next = 0;
    while next < OPERATIONS || open.iter().any(Option::is_some) {
        let lane = rng.random_range(0..CLIENTS as usize);
        match open[lane] {
            None if next < OPERATIONS => {
                line(process[lane], "invoke", workload.update, &value(next));
                // It takes effect at once, or never.
                let happens = rng.random_bool(0.95);
                if happens {
                    done.push(next);
                }
                open[lane] = Some((next, happens));
                next += 1;
                if workload.has_reads && next % (OPERATIONS / READS) == 0 {
                    let read = CLIENTS + OPERATIONS * 100;
                    line(read, "invoke", "read", "null");
                    line(read, "ok", "read", &whole(&done));
                }
            }
            None => {}
            Some((number, happened)) => {
                match happened && rng.random_bool(0.95) {
                    true if workload.model == Model::UniqueIds => {
                        line(process[lane], "ok", workload.update, &number.to_string());
                    }
                    true => line(process[lane], "ok", workload.update, &value(number)),
                    false => {
                        line(process[lane], "info", workload.update, "null");
                        process[lane] += CLIENTS;
                    }
                }
                open[lane] = None;
            }
        }
    }
    if stale {
        let read = CLIENTS + OPERATIONS * 100;
        line(read, "invoke", "read", "null");
        let gone = done.len() / 2;
        done.truncate(gone);
        line(read, "ok", "read", &whole(&done));
    }
    read_bytes(text.as_bytes()).unwrap()
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let workload = |model, update, is_numbered, has_reads| Workload {
        model,
        update,
        is_numbered,
        has_reads,
    };
    let workloads = [
        workload(Model::Append, "append", true, true),
        workload(Model::Set, "add", true, true),
        workload(Model::Set, "add", true, false),
        workload(Model::Counter, "inc", false, true),
        workload(Model::UniqueIds, "generate", false, false),
    ];
    for workload in workloads {
        let name = format!(
            "{}{}",
            workload.model.name(),
            if workload.has_reads { ", with reads" } else { "" }
        );
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(OPERATIONS));
        let legal = history(&workload, false);
        group.bench_function("pass", |bencher| {
            bencher.iter(|| {
                legal
                    .operations
                    .iter()
                    .filter(|it| it.complete > it.invoke)
                    .count()
            });
        });
        group.bench_function("legal", |bencher| {
            bencher.iter(|| assert_eq!(check(&legal, workload.model).unwrap().verdict, Verdict::Valid));
        });
        if workload.has_reads && workload.model != Model::Counter {
            let stale = history(&workload, true);
            group.bench_function("stale", |bencher| {
                bencher.iter(|| assert_eq!(check(&stale, workload.model).unwrap().verdict, Verdict::Invalid));
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
