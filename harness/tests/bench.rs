//! `harness bench`: a short one for real, of nodes and of the checker, what it refuses, and what is left behind when it
//! ends early.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const HARNESS: &str = env!("CARGO_BIN_EXE_harness");

fn bench(store: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(HARNESS);
    command.arg("bench").args(arguments).arg("--store").arg(store);
    command.stdin(Stdio::null());
    command
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The processes whose command line names `place`, which nodes do with their data.
fn processes_of(place: &Path) -> Vec<String> {
    let names_it = |pid: fs::DirEntry| {
        let line = fs::read(pid.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        (line.contains("--data") && line.contains(place.to_str()?)).then_some(line)
    };
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(names_it)
        .collect()
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "not so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_short_bench_measures_and_leaves_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    let store = place.path().join("store");
    let arguments = "--node-count 3 --clients 8 --time-limit 1 --warm-up 200ms --format json";
    let output = bench(&store, &arguments.split(' ').collect::<Vec<_>>())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!found["file_system"]["kind"].as_str().unwrap().is_empty());
    assert_eq!(found["clients"], 8);
    let measured = found["measurements"].as_array().unwrap();
    assert_eq!(measured.len(), 1, "one number of nodes, one turn: {found:#}");
    let measured = &measured[0];
    let number = |path: &str| {
        let found = measured.pointer(path).and_then(Value::as_f64);
        found.unwrap_or_else(|| panic!("{path}: {measured:#}"))
    };
    assert_eq!(
        (&measured["system"], &measured["errors"]),
        (&"paxos".into(), &0.into())
    );
    assert!(number("/decrees") > 0.0);
    assert!((number("/decrees") / number("/time_s") / number("/decrees_per_s") - 1.0).abs() < 1e-6);
    let latencies = ["p50", "p90", "p99", "max"].map(|part| number(&format!("/latency_ms/{part}")));
    assert!(latencies[0] > 0.0 && latencies.is_sorted(), "{latencies:?}");
    for path in [
        "/log/syncs_per_decree",
        "/log/bytes_per_sync",
        "/log/sync_ms",
        "/disk/alone_per_s",
        "/disk/side_by_side_per_s",
        "/processor/nodes_us_per_decree",
        "/limits/sync_decrees_per_s",
        "/limits/sync_ratio",
        "/limits/processor_ratio",
    ] {
        assert!(number(path) > 0.0, "{path}: {measured:#}");
    }
    // Nobody is faster than the limits; the clock ticks of processor time leave it a little room.
    assert!(
        number("/limits/sync_ratio") < 1.0 && number("/limits/processor_ratio") < 1.05,
        "{measured:#}"
    );
    assert_eq!(
        fs::read_dir(store.join("bench")).unwrap().count(),
        0,
        "the data is gone"
    );
    assert_eq!(processes_of(place.path()), Vec::<String>::new());
}

#[test]
fn what_cannot_be_meant_is_refused_with_254() {
    let place = tempfile::tempdir().unwrap();
    let store = place.path().join("store");
    let refused = |arguments: &[&str], words: &str| {
        let output = bench(&store, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(254), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
    };
    refused(&["--clients", "0"], "0 is not in 1..=1000");
    refused(&["paxo"], "a similar value exists: 'paxos'");
    refused(&["--node-count", "0"], "0 is not in 1..=15");
    refused(&["--time-limit", "0"], "longer than nothing");
    refused(&["--against", "paxos"], "it is paxos that is measured");
    assert!(!store.exists(), "nothing was started");
}

#[test]
fn a_program_that_is_not_there_is_named_with_the_way_to_get_it() {
    let place = tempfile::tempdir().unwrap();
    let output = bench(place.path(), &["--against", "etcd"])
        .env("PATH", place.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(255), "{}", err(&output));
    assert!(
        err(&output).contains("apt-get install etcd-server"),
        "{}",
        err(&output)
    );
}

#[test]
fn no_node_outlives_a_bench_that_is_stopped_or_killed() {
    for (signal, code) in [
        (Signal::SIGINT, Some(130)),
        (Signal::SIGTERM, Some(143)),
        (Signal::SIGKILL, None),
    ] {
        let place = tempfile::tempdir().unwrap();
        let mut child = bench(place.path(), &["--node-count", "3", "--time-limit", "60"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("three nodes run", || processes_of(place.path()).len() == 3);
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), code, "{signal}");
        eventually("no node is left", || processes_of(place.path()).is_empty());
        if code.is_some() {
            assert_eq!(
                fs::read_dir(place.path().join("bench")).unwrap().count(),
                0,
                "{signal}: the data is gone"
            );
        }
    }
}

#[test]
fn etcd_is_measured_by_turns_where_there_is_one() {
    let version = Command::new("etcd").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        // Not a kind of machine, but a program that few have: its absence is no failure anywhere.
        println!("skipped: there is no etcd");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let arguments = "--node-count 3 --clients 8 --time-limit 500ms --warm-up 200ms --rounds 1 --against etcd --format json";
    let output = bench(place.path(), &arguments.split(' ').collect::<Vec<_>>())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let compared = &found["comparisons"][0];
    assert_eq!(
        (&compared["system"], &compared["against"]),
        (&"paxos".into(), &"etcd".into())
    );
    assert_eq!(compared["ratios"].as_array().map(Vec::len), Some(1));
    assert!(compared["median"].as_f64() > Some(0.0), "{found:#}");
}

#[test]
fn the_checker_finds_the_known_verdict_of_every_case_of_a_quick_bench() {
    let place = tempfile::tempdir().unwrap();
    let output = bench(place.path(), &["checker", "--quick", "--format", "json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cases = found["cases"].as_array().unwrap();
    assert_eq!(found["failures"], serde_json::json!([]));
    let mut expected = Vec::new();
    for case in cases {
        assert_eq!(case["verdict"], case["expected"], "{case:#}");
        expected.push(case["expected"].as_str().unwrap());
        assert_eq!(
            case["sentence"].is_string(),
            case["verdict"] == "invalid",
            "{case:#}"
        );
        // Whoever follows a history reads no further than to a violation.
        let is_streamed = case["name"].as_str().unwrap().ends_with("-streamed");
        if !is_streamed || case["verdict"] == "valid" {
            assert_eq!(case["events"], 20_000, "{case:#}");
        }
        assert_eq!(case["read_s"] == 0.0, is_streamed, "{case:#}");
        for figure in ["newlines_s", "decode_s", "check_s", "ratio", "peak_bytes"] {
            assert!(case[figure].as_f64() > Some(0.0), "{figure}: {case:#}");
        }
    }
    assert!(
        expected.contains(&"valid") && expected.contains(&"invalid"),
        "{expected:?}"
    );
    let left = fs::read_dir(place.path().join("bench")).unwrap().count();
    assert_eq!(left, 0, "the histories are gone");
}

#[test]
fn a_check_that_reaches_its_limit_is_unknown_and_no_defect() {
    let place = tempfile::tempdir().unwrap();
    let arguments = "checker --events 20000 --only register-five-50p-0u --checker-memory 1 --format markdown";
    let output = bench(place.path(), &arguments.split(' ').collect::<Vec<_>>())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let row = text
        .lines()
        .find(|line| line.starts_with("| register-five-50p-0u "));
    assert!(row.is_some_and(|row| row.contains("| unknown |")), "{text}");
}

#[test]
fn what_cannot_be_meant_of_the_checker_is_refused_with_254() {
    let place = tempfile::tempdir().unwrap();
    let store = place.path().join("store");
    for (arguments, words) in [
        ("checker --events 10", "10 is not in 1000..=20000000"),
        (
            "checker --only heap",
            "no case has that in its name; there are decree-5p-0u",
        ),
        ("checker --checker-memory lots", "is not an amount of memory"),
        ("checker --node-count 3", "unexpected argument '--node-count'"),
        ("--node-count 3 checker", "invalid value 'checker'"),
    ] {
        let output = bench(&store, &arguments.split(' ').collect::<Vec<_>>())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(254), "{arguments}: {}", err(&output));
        assert!(err(&output).contains(words), "{arguments}: {}", err(&output));
    }
    assert!(!store.exists(), "nothing was started");
}
