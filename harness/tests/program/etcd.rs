//! A real system that is not ours: etcd, by its descriptor, found right and found wrong.

use crate::place::{Place, err, has, has_sandbox, nothing_is_wrong, out};

const LOAD: [&str; 8] = [
    "--node-count",
    "3",
    "--rate",
    "500",
    "--seed",
    "31",
    "--progress",
    "none",
];

#[test]
fn etcd_keeps_its_promise_while_members_are_cut_off_and_killed() {
    if !has_sandbox() || !has("etcd", "--version") {
        return;
    }
    let place = Place::new();
    // Elections take longer than faults do by default.
    let what =
        "test etcd --workload cas-register --nemesis partition,kill --nemesis-interval 1s --time-limit 12";
    let arguments: Vec<&str> = what.split(' ').chain(LOAD).collect();
    let output = place.run(&arguments);
    // Whether enough was seen in so short a time depends on the machine; that nothing wrong was, does not.
    assert!(
        matches!(output.status.code(), Some(0 | 2)),
        "{}{}",
        out(&output),
        err(&output)
    );
    nothing_is_wrong(&place.results(), &["read", "write", "cas"]);
}

#[test]
fn etcd_keeps_its_promise_while_members_come_and_go() {
    if !has_sandbox() || !has("etcd", "--version") {
        return;
    }
    let place = Place::new();
    let what =
        "test etcd --nemesis member --time-limit 15 --rate 300 --seed 5 --progress none --evidence relaxed";
    let output = place.run(&what.split(' ').collect::<Vec<_>>());
    let told = format!("{}{}", out(&output), err(&output));
    assert_eq!(output.status.code(), Some(0), "{told}");
    let results = place.results();
    nothing_is_wrong(&results, &["read", "write"]);
    let faults = results["faults"].as_array().unwrap();
    let done: Vec<_> = faults
        .iter()
        .filter(|fault| fault["started_s"].is_f64())
        .collect();
    assert!(
        !done.is_empty() && done.iter().all(|fault| fault["confirmed"] == true),
        "{faults:?}"
    );
    // Who has seen it go, who has seen it come, and that it works again.
    let history = place.read("history.jsonl");
    for words in ["members and no more ", "members, and it as ", "answering after"] {
        assert!(history.contains(words), "{words}");
    }
    let exits = history.lines().filter(|line| line.contains(r#""exit""#)).count();
    assert_eq!(exits, 0, "who is no member any more may leave");
}

#[test]
fn reads_that_etcd_calls_serializable_are_found_stale() {
    if !has_sandbox() || !has("etcd", "--version") {
        return;
    }
    let place = Place::new();
    let what = "test etcd --workload register/serializable --nemesis partition --time-limit 30 --fail-fast";
    let arguments: Vec<&str> = what.split(' ').chain(LOAD).collect();
    let output = place.run(&arguments);
    assert_eq!(output.status.code(), Some(1), "{}{}", out(&output), err(&output));
    let violation = &place.results()["violations"][0];
    assert_eq!(violation["shrink"]["verified"], true, "{violation}");
}

/// The workloads that etcd has beside registers, each with what it asks.
const OBJECTS: [(&str, &[&str]); 8] = [
    ("multi-key", &["txn"]),
    ("guarded", &["write", "read"]),
    ("set", &["add", "remove", "read"]),
    ("append", &["append", "read"]),
    ("counter", &["add", "read"]),
    ("lock", &["acquire", "release"]),
    ("fenced-lock", &["acquire", "release"]),
    ("unique-ids", &["generate"]),
];

#[test]
fn etcd_keeps_its_promise_about_everything_that_it_has() {
    if !has_sandbox() || !has("etcd", "--version") {
        return;
    }
    for (workload, functions) in OBJECTS {
        let place = Place::new();
        let what = "test etcd --nemesis partition,kill --time-limit 4 --evidence relaxed --workload";
        let arguments: Vec<&str> = what.split(' ').chain([workload]).chain(LOAD).collect();
        let output = place.run(&arguments);
        let said = format!("{workload}: {}{}", out(&output), err(&output));
        assert!(matches!(output.status.code(), Some(0 | 2)), "{said}");
        nothing_is_wrong(&place.results(), functions);
    }
}

#[test]
fn the_leader_of_etcd_is_the_one_that_is_hit_and_by_name_again() {
    if !has_sandbox() || !has("etcd", "--version") {
        return;
    }
    let place = Place::new();
    // Far enough apart for an election in between.
    let whom = r#"{"faults": [
        {"id": 1, "start_ms": 1000, "end_ms": 2500, "fault": {"kind": "partition", "shape": "primary",
         "sides": [["primary"], ["others"]], "cut": [["primary", "others"], ["others", "primary"]]}},
        {"id": 2, "start_ms": 6500, "end_ms": 7000, "fault": {"kind": "kill", "nodes": ["primary"]}}]}"#;
    let whom = place.write("primary.json", whom);
    let what = "test etcd --workload register --time-limit 10 --schedule";
    let arguments: Vec<&str> = what.split(' ').chain([whom.as_str()]).chain(LOAD).collect();
    let (code, results) = place.tested(&arguments);
    assert_ne!(code, Some(1), "{results}");
    let faults = results["faults"].as_array().unwrap();
    let felt = |kind: &str| {
        let hit = faults
            .iter()
            .filter(|it| it["kind"] == kind && it["started_s"].is_f64());
        hit.cloned().collect::<Vec<_>>()
    };
    for kind in ["partition", "kill"] {
        let hit = felt(kind);
        assert!(
            hit.iter().any(|fault| fault["confirmed"] == true),
            "no {kind}: {faults:?}"
        );
        for fault in hit {
            let evidence = fault["evidence"][0].as_str().unwrap();
            assert!(evidence.contains("the primary"), "{evidence}");
        }
    }
    let schedule = place.read("schedule.json");
    let file = place.write("hit.json", &schedule);
    let again = "test etcd --workload register --time-limit 10 --schedule";
    let arguments: Vec<&str> = again.split(' ').chain([file.as_str()]).chain(LOAD).collect();
    let (code, again) = place.tested(&arguments);
    assert_ne!(code, Some(1), "{again}");
    let beginning = |results: &serde_json::Value, id: &serde_json::Value| {
        let faults = results["faults"].as_array().unwrap();
        let fault = faults.iter().find(|fault| fault["id"] == *id);
        fault.map(|fault| fault["beginning"].clone())
    };
    for fault in [felt("partition"), felt("kill")].concat() {
        assert_eq!(beginning(&again, &fault["id"]), Some(fault["beginning"].clone()));
    }
}

#[test]
fn a_program_that_is_not_there_is_named_with_its_option() {
    let place = Place::new();
    let output = place.run(&["test", "etcd", "--program", "./nowhere/etcd"]);
    assert_eq!(output.status.code(), Some(254));
    assert!(
        err(&output).contains("--program ./nowhere/etcd"),
        "{}",
        err(&output)
    );
    let output = place.run(&["test", "etcd", "--program", "/"]);
    assert!(
        err(&output).contains("--program /: it is not a file"),
        "{}",
        err(&output)
    );
}
