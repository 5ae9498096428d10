//! How fast a history of decrees is checked, from file to verdict, beside merely reading the same file.
//!
//! `cargo bench -p checker` uses a million operations; `CHECKER_BENCH_OPERATIONS=10000000 cargo bench -p checker`
//! ten million. The last lines are whole-process figures of one pass each: rates, their ratio, peak memory.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use checker::{Model, Verdict, check};
use criterion::{Criterion, Throughput};
use history::{Event, EventType, Header, Writer, read_file};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter};
use std::path::Path;
use std::time::{Duration, Instant};

const CLIENTS: usize = 10;
const OPERATIONS_PER_DECREE: u64 = 12;

/// Writes a valid history: ten clients in closed loops, a new decree every twelve operations, one outcome in a
/// hundred unknown, one in a hundred failed.
fn generate(path: &Path, operations: u64) {
    let header = Header {
        schema: history::SCHEMA.into(),
        run: "bench".into(),
        system: "paxos".into(),
        workload: "decree".into(),
        model: "decree".into(),
        seed: 1,
        nodes: (1..=5).map(|number| format!("n{number}")).collect(),
        clients: CLIENTS as u64,
        nemesis: vec![],
        client_timeout_ns: 1_000_000_000,
        failover_ns: None,
        served_by_primary: false,
        started_at: "2026-11-23T06:45:12Z".into(),
    };
    let mut writer = Writer::new(
        BufWriter::with_capacity(1 << 20, File::create(path).unwrap()),
        &header,
    )
    .unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut process: Vec<u64> = (0..CLIENTS as u64).collect();
    let mut open: Vec<Option<Event>> = vec![None; CLIENTS];
    let mut decided = std::collections::HashMap::<u64, u64>::new();
    let (mut started, mut time) = (0, 0);
    while started < operations || open.iter().any(Option::is_some) {
        time += random.random_range(10_000..200_000);
        let client = random.random_range(0..CLIENTS);
        let Some(mut event) = open[client].take() else {
            if started < operations {
                let key = started / OPERATIONS_PER_DECREE;
                let propose = random.random_bool(0.5);
                let mut event = Event {
                    index: 0,
                    time,
                    process: process[client],
                    kind: EventType::Invoke,
                    f: if propose { "propose".into() } else { "read".into() },
                    key: Some(key.into()),
                    value: if propose {
                        (started + 1).into()
                    } else {
                        serde_json::Value::Null
                    },
                    node: Some(format!("n{}", client % 5 + 1)),
                    error: None,
                };
                writer.event(&mut event).unwrap();
                open[client] = Some(event);
                started += 1;
            }
            continue;
        };
        event.time = time;
        let key = event.key.as_ref().and_then(serde_json::Value::as_u64).unwrap();
        match random.random_range(0..100) {
            0 => {
                event.kind = EventType::Info;
                event.value = serde_json::Value::Null;
                event.error = Some("timed out".into());
                process[client] += CLIENTS as u64;
            }
            1 => {
                event.kind = EventType::Fail;
                event.value = serde_json::Value::Null;
                event.error = Some("no majority answered in time".into());
            }
            _ => {
                if event.f == "propose" {
                    decided.entry(key).or_insert(event.value.as_u64().unwrap());
                }
                event.kind = EventType::Ok;
                event.value = decided
                    .get(&key)
                    .map_or(serde_json::Value::Null, |value| (*value).into());
                // Nobody comes back to a decree that is long past.
                if let Some(past) = key.checked_sub(1000) {
                    decided.remove(&past);
                }
            }
        }
        writer.event(&mut event).unwrap();
    }
}

fn file_to_verdict(path: &Path) -> usize {
    let history = read_file(path).unwrap();
    let analysis = check(&history, Model::Decree).unwrap();
    assert_eq!(analysis.verdict, Verdict::Valid);
    history.operations.len()
}

/// What a general JSON library needs for the same file, without making operations of it.
fn serde_json_only(path: &Path) -> usize {
    let lines = BufReader::with_capacity(1 << 20, File::open(path).unwrap()).lines();
    let events = lines
        .skip(1)
        .map(|line| serde_json::from_str::<Event>(&line.unwrap()).unwrap());
    events.filter(|event| event.kind == EventType::Invoke).count()
}

fn timed(name: &str, operations: u64, work: impl FnOnce() -> usize) -> Duration {
    let began = Instant::now();
    std::hint::black_box(work());
    let took = began.elapsed();
    println!(
        "{name:24} {:8.3} s   {:8.2} M operations/s",
        took.as_secs_f64(),
        operations as f64 / took.as_secs_f64() / 1e6
    );
    took
}

/// The most memory that this process ever had, in MiB.
fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

fn main() {
    let operations = std::env::var("CHECKER_BENCH_OPERATIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    generate(&path, operations);
    let size = std::fs::metadata(&path).unwrap().len();
    println!("{operations} operations, {:.0} MB", size as f64 / 1e6);
    // In turns, so that whatever else the machine does meets both; the quickest of each is compared.
    let (mut parse, mut verdict) = (Duration::MAX, Duration::MAX);
    for _ in 0..3 {
        let parse_only = || read_file(&path).unwrap().operations.len();
        parse = parse.min(timed("parse only", operations, parse_only));
        verdict = verdict.min(timed("file to verdict", operations, || file_to_verdict(&path)));
    }
    println!(
        "file to verdict runs at {:.0} % of the speed of parsing; peak memory {} MiB",
        parse.as_secs_f64() / verdict.as_secs_f64() * 100.0,
        peak_memory_mib()
    );
    timed("serde_json alone", operations, || serde_json_only(&path));
    if operations <= 1_000_000 {
        let mut criterion = Criterion::default()
            .sample_size(10)
            .measurement_time(Duration::from_secs(8))
            .configure_from_args();
        let mut group = criterion.benchmark_group("decree");
        group.throughput(Throughput::Elements(operations));
        group.bench_function("parse only", |bencher| bencher.iter(|| read_file(&path).unwrap()));
        group.bench_function("file to verdict", |bencher| {
            bencher.iter(|| file_to_verdict(&path))
        });
        let history = read_file(&path).unwrap();
        group.bench_function("check alone", |bencher| {
            bencher.iter(|| check(&history, Model::Decree).unwrap())
        });
        group.finish();
        criterion.final_summary();
    }
}
