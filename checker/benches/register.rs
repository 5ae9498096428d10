//! How fast registers are checked, from operations in memory to the verdict, verified legal orders included.
//!
//! `cargo bench -p checker --bench register` prints a line for each case: processes, values, unknown outcomes, legal or
//! with wrong reads near the end. `CHECKER_BENCH_OPERATIONS` says how many operations each has (default 500,000, which
//! are a million events); an argument selects the cases whose names contain it.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

#[path = "register/generate.rs"]
mod generate;

use checker::{Limits, Model, Options, check_with};
use generate::{Case, generate};
use std::time::{Duration, Instant};

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
        ..Options::default()
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
        let history = generate(case, operations, 1);
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
