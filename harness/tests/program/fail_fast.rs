//! `harness test --fail-fast`: a run ends at the first violation, and a run without one goes to its end.

use crate::place::{HARNESS, has_sandbox};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn test(store: &Path, arguments: &[&str]) -> (Output, Value) {
    let output = Command::new(HARNESS)
        .args(["test", "--fail-fast", "--format", "json", "--store"])
        .arg(store)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let results = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output, results)
}

fn phases(results: &Value) -> Vec<&str> {
    let phases = results["phases"].as_array().unwrap();
    phases
        .iter()
        .map(|phase| phase["name"].as_str().unwrap())
        .collect()
}

#[test]
fn a_run_stops_at_the_first_violation_and_is_judged_as_any_other() {
    if !has_sandbox() {
        return;
    }
    let store = tempfile::tempdir().unwrap();
    let bug = [
        "--bug",
        "accept-below-promise",
        "--time-limit",
        "30",
        "--seed",
        "5",
    ];
    let (output, results) = test(store.path(), &bug);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert_eq!(results["verdict"], "invalid");
    let took = results["duration_s"].as_f64().unwrap();
    assert!(took < 15.0, "the main phase took {took} s");
    assert_eq!(phases(&results), ["set up", "run", "heal", "tear down"]);
    assert!(
        words.contains("stopping early after") && words.contains("(--fail-fast): Decree"),
        "{words}"
    );
    let run = &results["run"];
    assert_eq!(run["options"]["fail_fast"], true);
    let argv = run["argv"].as_array().unwrap();
    assert!(argv.contains(&Value::from("--fail-fast")), "{argv:?}");
    // The verdict rests on the file, and can be had from it again.
    let again = Command::new(HARNESS)
        .args(["check", "latest", "--store"])
        .arg(store.path())
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
}

#[test]
fn a_run_of_the_correct_system_goes_to_its_end() {
    if !has_sandbox() {
        return;
    }
    let store = tempfile::tempdir().unwrap();
    let (output, results) = test(store.path(), &["--nemesis", "none", "--time-limit", "4"]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{words}");
    assert!(results["duration_s"].as_f64().unwrap() >= 4.0);
    assert!(
        phases(&results).ends_with(&["recover", "final", "tear down"]),
        "{words}"
    );
    assert!(!words.contains("fail-fast"), "{words}");
}
