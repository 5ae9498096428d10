//! `harness scorecard`: small ones for real, and what is left behind when one ends early.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const HARNESS: &str = env!("CARGO_BIN_EXE_harness");

/// Whether this machine has what a run needs. Where it has not, a test says so and is skipped; in CI it fails.
fn has_sandbox() -> bool {
    let doctor = Command::new(HARNESS).arg("doctor").output().unwrap();
    let why = String::from_utf8_lossy(&doctor.stdout).replace('\n', " ");
    if !doctor.status.success() {
        assert!(std::env::var_os("CI").is_none(), "skipped: {why}");
        println!("skipped: {why}");
    }
    doctor.status.success()
}

fn scorecard(store: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(HARNESS);
    command.arg("scorecard").args(arguments).arg("--store").arg(store);
    command.stdin(Stdio::null());
    command
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_small_scorecard_finds_its_bugs_and_leaves_the_correct_system_alone() {
    if !has_sandbox() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let store = place.path().join("store");
    let file = place.path().join("scorecard.json");
    let output = scorecard(
        &store,
        &[
            "--bugs",
            "refusals-counted,answer-own-value",
            "--seeds",
            "2",
            "--seed",
            "5",
        ],
    )
    .args([
        "--schedules",
        "none",
        "--time-limit",
        "4",
        "--jobs",
        "2",
        "--format",
        "json",
        "--output",
    ])
    .arg(&file)
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(output.stdout.is_empty(), "--output takes it");
    let found: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let schema = Command::new(HARNESS)
        .args(["schema", "scorecard"])
        .output()
        .unwrap();
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = validator
        .iter_errors(&found)
        .map(|error| error.to_string())
        .collect();
    assert!(problems.is_empty(), "{problems:?}");

    assert_eq!(
        (&found["complete"], &found["exit_code"]),
        (&true.into(), &0.into())
    );
    let scores = found["scores"].as_array().unwrap();
    let numbers = |score: &Value| ["runs", "found", "valid"].map(|field| score[field].as_u64().unwrap());
    assert_eq!(scores[0]["bug"], Value::Null);
    assert_eq!(
        numbers(&scores[0]),
        [2, 0, 2],
        "the correct system is clean: {found:#}"
    );
    for score in &scores[1..] {
        assert_eq!(numbers(score), [2, 2, 0], "{score:#}");
        assert_eq!(score["faults"]["none"], 2);
        let (median, worst) = (
            score["time_s"]["median"].as_f64(),
            score["time_s"]["worst"].as_f64(),
        );
        assert!(median <= worst && worst < Some(4.0), "{score:#}");
        assert!(score["operations"]["median"].as_f64() > Some(1.0), "{score:#}");
    }
    let runs = found["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 6);
    assert!(
        runs.iter().any(|run| run["kind"] == "decree.two-decisions"),
        "{found:#}"
    );
    // Of each bug the quickest run is there, and no other.
    let kept: Vec<&str> = runs.iter().filter_map(|run| run["directory"].as_str()).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    for directory in kept {
        assert!(Path::new(directory).join("report.html").is_file(), "{directory}");
    }
    let folder = store.join("scorecards").join(found["id"].as_str().unwrap());
    let stored: Value = serde_json::from_slice(&fs::read(folder.join("scorecard.json")).unwrap()).unwrap();
    assert_eq!(stored, found);
    assert!(
        fs::read_to_string(folder.join("scorecard.md"))
            .unwrap()
            .contains("| `refusals-counted` | 2/2")
    );
    assert_eq!(
        fs::read_dir(&folder).unwrap().count(),
        4,
        "two bugs and two documents"
    );
    assert!(
        err(&output).contains("[6/6] "),
        "a line for each run: {}",
        err(&output)
    );
}

#[test]
fn the_schedule_scenario_gives_each_bug_its_own_and_the_correct_system_all_of_them_in_turn() {
    if !has_sandbox() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let store = place.path().join("store");
    let bugs = "skip-phase-1,learn-from-one-accept";
    let output = scorecard(&store, &["--bugs", bugs, "--seeds", "2", "--seed", "5"])
        .args(["--schedules", "scenario", "--time-limit", "3", "--jobs", "2"])
        .args(["--format", "json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |bug: Option<&str>| {
        let runs = found["runs"].as_array().unwrap().iter();
        let mut scenarios: Vec<(u64, &str, bool)> = runs
            .filter(|run| run["bug"].as_str() == bug)
            .map(|run| {
                let words = run["command"].as_array().unwrap();
                let place = words.iter().position(|word| word == "--schedule").unwrap();
                let scenario = words[place + 1].as_str().unwrap();
                (run["seed"].as_u64().unwrap(), scenario, run["found"] == true)
            })
            .collect();
        scenarios.sort_unstable();
        scenarios
    };
    let (contended, learned) = ("q2-contended", "l-first-accept");
    assert_eq!(of(None), [(5, contended, false), (6, learned, false)]);
    assert_eq!(
        of(Some("skip-phase-1")),
        [(5, contended, true), (6, contended, true)]
    );
    assert_eq!(
        of(Some("learn-from-one-accept")),
        [(5, learned, true), (6, learned, true)]
    );
}

#[test]
fn what_was_mistyped_is_refused_with_a_suggestion_and_254() {
    let place = tempfile::tempdir().unwrap();
    let store = place.path().join("store");
    let refused = |arguments: &[&str], words: &str| {
        let output = scorecard(&store, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(254), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
    };
    refused(
        &["--bugs", "own-value"],
        "unknown bug `own-value`: did you mean `own-value-always`?",
    );
    refused(&["--schedules", "clasic"], "'classic'");
    refused(
        &["--schedules", "own"],
        "--schedules own: say which faults with --nemesis",
    );
    refused(&["--nemesis", "partiton"], "did you mean `partition`?");
    refused(&["--seeds", "0"], "--seeds");
    refused(
        &["--nemesis", "partition:bridge", "--node-count", "2"],
        "needs at least 3 nodes",
    );
    refused(&["--output", "/nowhere/at/all"], "--output /nowhere/at/all");
    assert!(!store.exists(), "nothing was started");
}

/// Starts a scorecard of long runs, and waits until its first run has ended and the next ones go on.
fn under_way(store: &Path) -> Child {
    let mut child = scorecard(
        store,
        &[
            "--bugs",
            "own-value-always,forget-accepted-on-restart",
            "--seeds",
            "1",
        ],
    )
    .args([
        "--nemesis",
        "none",
        "--schedules",
        "none,own",
        "--time-limit",
        "4",
        "--progress",
        "lines",
    ])
    .args(["--jobs", "2"])
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("[1/6] ")));
    // Nobody reads the rest, but the pipe stays open.
    std::thread::spawn(move || lines.count());
    let deadline = Instant::now() + Duration::from_secs(20);
    while runs_of(child.id()).is_empty() {
        assert!(Instant::now() < deadline, "no run goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

/// The processes that a scorecard started, and all that they started: they name it.
fn runs_of(scorecard: u32) -> Vec<String> {
    let named = format!("--die-with\0{scorecard}\0");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(&named)).collect()
}

fn all_gone(scorecard: u32) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !runs_of(scorecard).is_empty() {
        assert!(Instant::now() < deadline, "left behind: {:?}", runs_of(scorecard));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn ctrl_c_stops_the_runs_and_shows_what_there_is() {
    if !has_sandbox() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let child = under_way(place.path());
    let id = child.id();
    kill(Pid::from_raw(id as i32), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(
        text.contains("stopped after ") && text.contains("(correct system)"),
        "{text}"
    );
    assert_eq!(runs_of(id), Vec::<String>::new(), "they were waited for");
}

#[test]
fn no_run_outlives_a_scorecard_that_is_killed() {
    if !has_sandbox() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let mut child = under_way(place.path());
    let id = child.id();
    child.kill().unwrap();
    child.wait().unwrap();
    all_gone(id);
}
