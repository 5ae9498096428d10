//! Options of a run that are not about faults, and several runs in a row.

use crate::place::{Place, err, has_sandbox, out};
use serde_json::Value;

/// A run that is over soon.
const SHORT: [&str; 6] = ["test", "--nemesis", "none", "--time-limit", "2", "--node-count"];

#[test]
fn several_runs_have_a_sum_and_each_its_place_in_the_store() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let file = |name: &str| place.folder.path().join(name);
    let mut command =
        place.command(&[SHORT.as_slice(), &["3", "--test-count", "2", "--name", "nightly"]].concat());
    command.arg("--junit").arg(file("all.xml"));
    command.arg("--markdown").arg(file("all.md"));
    let output = command.output().unwrap();
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", err(&output));
    assert!(text.contains(" 2 runs: valid 2  invalid 0  unknown 0"), "{text}");
    assert!(
        err(&output).contains("run 2/2   valid 1  invalid 0  unknown 0"),
        "{}",
        err(&output)
    );
    let list: Value = serde_json::from_slice(&place.run(&["list", "--format", "json"]).stdout).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(
        (&list[0]["name"], &list[0]["system"]),
        (&"nightly".into(), &"paxos".into())
    );
    assert_ne!(
        list[0]["seed"], list[1]["seed"],
        "other tests, not the same again"
    );
    // The last run has not overwritten the others.
    let [xml, summary] = ["all.xml", "all.md"].map(|name| std::fs::read_to_string(file(name)).unwrap());
    for run in list.as_array().unwrap() {
        let suite = format!("<testsuite name={}", run["id"]);
        assert!(xml.contains(&suite), "{suite}: {xml}");
        let row = format!("| {} | VALID |", run["seed"]);
        assert!(summary.contains(&row), "{row}: {summary}");
    }
    assert!(summary.starts_with("### 2 runs: 2 valid\n"), "{summary}");
}

#[test]
fn a_series_ends_with_the_violation_and_a_known_bug_is_no_failure() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let bug = ["3", "--bug", "accept-below-promise", "--fail-fast"];
    let mut until = place.command(&[SHORT.as_slice(), &bug, &["--until-invalid"]].concat());
    let until = until.env("GITHUB_ACTIONS", "true").output().unwrap();
    let annotations = err(&until).matches("::error title=INVALID").count();
    assert_eq!(annotations, 1, "{}", err(&until));
    assert_eq!(until.status.code(), Some(1), "{}{}", out(&until), err(&until));
    assert!(out(&until).contains("invalid 1"), "{}", out(&until));
    let known = place.run(&[SHORT.as_slice(), &bug, &["--expect-invalid", "--test-count", "9"]].concat());
    assert_eq!(known.status.code(), Some(0), "{}{}", out(&known), err(&known));
    assert!(
        out(&known).contains("INVALID"),
        "what was found is said all the same"
    );
}

#[test]
fn what_was_asked_for_and_not_found_is_2_and_unknown_may_pass() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let output = place.run(&[SHORT.as_slice(), &["3", "--expect-invalid"]].concat());
    assert_eq!(output.status.code(), Some(2), "{}{}", out(&output), err(&output));
    // A run in which one client does one operation after the other overlaps nothing.
    let alone = ["3", "--concurrency", "1", "--rate", "50", "--op-limit", "30"];
    let unknown = place.run(&[SHORT.as_slice(), &alone].concat());
    assert_eq!(
        unknown.status.code(),
        Some(2),
        "{}{}",
        out(&unknown),
        err(&unknown)
    );
    let results = place.results();
    let main = results["coverage"]["calm"]["ops_begun"].as_u64().unwrap();
    assert!(main >= 30, "{main}");
    assert!(
        results["duration_s"].as_f64().unwrap() < 2.0,
        "thirty operations were enough"
    );
    let passed = place.run(&[SHORT.as_slice(), &alone, &["--unknown", "pass"]].concat());
    assert_eq!(passed.status.code(), Some(0));
    assert!(out(&passed).contains(" UNKNOWN "), "{}", out(&passed));
    let relaxed = place.run(&[SHORT.as_slice(), &alone, &["--evidence", "relaxed"]].concat());
    assert_eq!(
        relaxed.status.code(),
        Some(0),
        "{}{}",
        out(&relaxed),
        err(&relaxed)
    );
    assert!(
        out(&relaxed).contains("With --evidence relaxed this did not count"),
        "{}",
        out(&relaxed)
    );
    // As it was run, unless something else is asked for.
    assert_eq!(place.run(&["check", "latest"]).status.code(), Some(0));
    assert_eq!(
        place
            .run(&["check", "latest", "--evidence", "strict"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn nodes_have_the_names_that_they_are_given_and_options_say_where_they_come_from() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let file = place.write("nodes", "# more\ncarol\n");
    let mut command = place.command(&["test", "--nemesis", "none", "--time-limit", "2", "-n", "alice"]);
    command
        .args(["--nodes", "bob", "--nodes-file", &file, "--logging-json"])
        .env("HARNESS_RATE", "5000");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    let options: Value = serde_json::from_str(&place.read("options.json")).unwrap();
    assert_eq!(options["nodes"], serde_json::json!(["alice", "bob", "carol"]));
    let origins = &options["options"]["origins"];
    assert_eq!(
        (&origins["rate"], &origins["nodes"]),
        (&"HARNESS_RATE".into(), &"command line".into())
    );
    assert_eq!(origins["key_count"], Value::Null, "nobody said anything");
    // Where the variable is not set, the same has to come out.
    let argv = options["argv"].as_array().unwrap();
    for word in ["--rate", "5000", "--nodes", "alice,bob,carol"] {
        assert!(argv.contains(&word.into()), "{argv:?}");
    }
    assert!(place.latest().join("nodes/carol/stderr.log").is_file());
    for entry in place.read("harness.log").lines() {
        serde_json::from_str::<Value>(entry).unwrap();
    }
    let twice = place.run(&["test", "--nodes", "a,a"]);
    assert_eq!(twice.status.code(), Some(254));
    assert!(
        err(&twice).contains("the node a is there twice"),
        "{}",
        err(&twice)
    );
}
