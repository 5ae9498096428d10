//! How small a counterexample is made: as small as it can be, as small as there is time for, or not at all.

use crate::place::{Place, err, out};
use serde_json::Value;

/// Reads of a register that is never written but once, the last of which was told what nobody wrote; before it are others,
/// and writes of unknown outcome, so that a search has something to suspect.
fn history() -> String {
    let mut lines = Vec::new();
    let mut index = 0;
    let mut event = |kind: &str, process: usize, f: &str, value: &str| {
        let line = format!(
            r#"{{"index":{index},"time":{},"type":"{kind}","process":{process},"f":"{f}","value":{value}}}"#,
            index * 1000
        );
        index += 1;
        lines.push(line);
    };
    for number in 0..40 {
        let value = (number % 3).to_string();
        event("invoke", 0, "write", &value);
        event("ok", 0, "write", &value);
        event("invoke", 1, "read", "null");
        event("ok", 1, "read", &value);
    }
    // The last write was of 0.
    event("invoke", 1, "read", "null");
    event("ok", 1, "read", "1");
    lines.join("\n") + "\n"
}

/// What `harness check` says of it, and the first violation.
fn checked(more: &[&str]) -> (String, Value) {
    let place = Place::new();
    let file = place.write("wrong.jsonl", &history());
    let arguments = |format: &'static str| {
        let mut all = vec!["check", &file, "--model", "cas-register", "--format", format];
        all.extend(more);
        place.run(&all)
    };
    let told = arguments("human");
    assert_eq!(told.status.code(), Some(1), "{}{}", out(&told), err(&told));
    let results: Value = serde_json::from_slice(&arguments("json").stdout).unwrap();
    (out(&told), results["violations"][0].clone())
}

const CAVEAT: &str = "It may not be the smallest counterexample.";

#[test]
fn a_counterexample_is_as_small_as_it_can_be_unless_somebody_says_otherwise() {
    let (told, violation) = checked(&[]);
    let smallest = violation["core"].as_array().unwrap().len();
    assert_eq!(violation["shrink"]["minimal"], true);
    assert_eq!(violation["shrink"]["ended_early"], Value::Null);
    assert!(!told.contains(CAVEAT), "{told}");
    for (more, why, words) in [
        (
            &["--algorithm", "search", "--no-shrink"][..],
            "not-wanted",
            "(--no-shrink)",
        ),
        (
            &["--algorithm", "search", "--shrink-budget", "0.000001"],
            "time",
            "(--shrink-budget)",
        ),
    ] {
        let (told, violation) = checked(more);
        assert_eq!(violation["shrink"]["ended_early"], why);
        assert_eq!(violation["shrink"]["minimal"], false);
        let core = violation["core"].as_array().unwrap().len();
        assert!(core > smallest, "{core} of {smallest} at least: {told}");
        assert!(told.contains(CAVEAT) && told.contains(words), "{told}");
        assert!(
            told.lines().count() < 60,
            "all of a large one is not for a terminal: {told}"
        );
    }
}

#[test]
fn what_the_search_for_any_object_says_is_what_the_best_algorithm_says() {
    let place = Place::new();
    let file = place.write("wrong.jsonl", &history());
    let algorithm = |name: &str| {
        let arguments = [
            "check",
            &file,
            "--model",
            "cas-register",
            "--algorithm",
            name,
            "--format",
            "json",
        ];
        let results: Value = serde_json::from_slice(&place.run(&arguments).stdout).unwrap();
        assert_eq!(results["verdict"], "invalid");
        results["checks"][0]["stats"]["algorithm"].clone()
    };
    assert_eq!(algorithm("search"), "frontier search");
    assert_ne!(algorithm("auto"), "frontier search");
}

#[test]
fn both_flags_at_once_are_refused_and_a_file_says_one() {
    let place = Place::new();
    let both = place.run(&["test", "--no-shrink", "--shrink-budget", "5s"]);
    assert_eq!(both.status.code(), Some(254), "{}", err(&both));
    assert!(err(&both).contains("--no-shrink"), "{}", err(&both));
    let nothing = place.run(&["test", "--shrink-budget", "0"]);
    assert_eq!(nothing.status.code(), Some(254), "{}", err(&nothing));
    let config = place.write("harness.toml", "[test]\nshrink-budget = \"7s\"\n");
    let shown = place.run(&["test", "--config", &config, "--print-config"]);
    let shown = out(&shown);
    let is_said = |line: &str| line.starts_with("shrink-budget ") && line.contains("= \"7s\"");
    assert!(shown.lines().any(is_said), "{shown}");
}
