//! Every workload, against a server that has all objects: found right when it is, and wrong in each way in which it can be.

use crate::place::{Place, ROOT, err, has, has_sandbox, out};
use serde_json::Value;
use std::process::Output;

/// What of a workload the server has, under which name, and which of it answers with a value.
const OBJECTS: [(&str, &str, &[&str], &[&str]); 11] = [
    ("register", "register", &["write"], &["read"]),
    ("cas-register", "register", &["write"], &["read"]),
    ("multi-key", "multi-key", &[], &["txn"]),
    ("guarded", "register", &["write"], &["read"]),
    ("set", "set", &["add"], &["remove", "contains", "read"]),
    ("append", "append", &["append"], &["read"]),
    ("queue", "queue", &["enqueue"], &["dequeue"]),
    ("counter", "counter", &["add"], &["read"]),
    ("lock", "lock", &["acquire", "release"], &[]),
    ("fenced-lock", "lock", &["release"], &["acquire"]),
    ("unique-ids", "unique-ids", &[], &["generate"]),
];

/// The descriptor of the server, with a bug or without.
pub fn descriptor(bug: &str) -> String {
    let mut text = format!(
        r#"
name = "objects"
description = "all objects, in memory"
[node]
command = ["python3", "{ROOT}/harness/tests/program/objects/server.py", "{{ip}}:7000", "{bug}"]
[node.ready]
url = "http://{{ip}}:7000/health"
timeout_ms = 60000
try_timeout_ms = 1000
"#
    );
    let mut operation = |workload: &str, object: &str, f: &str, tells: bool| {
        let body = if f == "cas" { "[{old}, {new}]" } else { "{value}" };
        let value = if tells { r#", value = "/value""# } else { "" };
        text += &format!(
            r#"
[workload.{workload}.{f}]
method = "POST"
url = "http://{{ip}}:7000/{object}/{f}/{{key}}"
body = '{body}'
answers = [
  {{ status = 200, outcome = "ok"{value} }},
  {{ status = 404, outcome = "ok", empty = true }},
  {{ status = 409, outcome = "fail" }},
]
"#
        );
    };
    for (workload, object, done, told) in OBJECTS {
        done.iter().for_each(|f| operation(workload, object, f, false));
        told.iter().for_each(|f| operation(workload, object, f, true));
    }
    operation("cas-register", "register", "cas", false);
    text
}

fn run(place: &Place, workload: &str, bug: &str) -> Output {
    let system = place.write("objects.toml", &descriptor(bug));
    let what = "--node-count 1 --nemesis none --rate 300 --time-limit 2 --seed 5 --progress none";
    let mut arguments = vec!["test", &system, "--workload", workload];
    arguments.extend(what.split(' '));
    place.run(&arguments)
}

#[test]
fn every_object_that_is_right_is_found_right() {
    if !has_sandbox() || !has("python3", "--version") {
        return;
    }
    for (workload, _, done, told) in OBJECTS {
        let place = Place::new();
        let output = run(&place, workload, "");
        let said = format!("{workload}: {}{}", out(&output), err(&output));
        assert_eq!(output.status.code(), Some(0), "{said}");
        let by_f = &place.results()["ops"]["by_f"];
        for f in done.iter().chain(told) {
            assert!(by_f[f]["ok"].as_u64() > Some(5), "{f} {said}");
        }
    }
}

#[test]
fn every_object_that_is_wrong_is_found_wrong() {
    if !has_sandbox() || !has("python3", "--version") {
        return;
    }
    let wrong = [
        ("register", "lost", ""),
        ("register", "stale", ""),
        ("cas-register", "lost", ""),
        ("guarded", "lost", ""),
        ("multi-key", "lost", ""),
        ("multi-key", "stale", ""),
        ("set", "lost", " lost ("),
        ("set", "stale", ""),
        ("set", "duplicated", " duplicated ("),
        ("append", "lost", " lost ("),
        ("append", "duplicated", " duplicated ("),
        ("append", "stale", " stale for a while ("),
        ("queue", "lost", " lost ("),
        ("queue", "duplicated", " duplicated ("),
        ("counter", "lost", " lost ("),
        ("counter", "duplicated", " duplicated ("),
        ("counter", "stale", ""),
        ("lock", "double-grant", ""),
        ("fenced-lock", "double-grant", ""),
        ("fenced-lock", "token-repeated", ""),
        ("unique-ids", "repeated", ""),
    ];
    for (workload, bug, counted) in wrong {
        // The server keeps its own timing: on a busy machine a run may pass a bug by.
        let runs = (0..3).map(|_| {
            let place = Place::new();
            let output = run(&place, workload, bug);
            (place, output)
        });
        let mut runs = runs.skip_while(|(_, output)| output.status.code() == Some(0));
        let Some((place, output)) = runs.next() else {
            panic!("{workload} {bug}: three runs were valid")
        };
        let said = format!("{workload} {bug}: {}{}", out(&output), err(&output));
        assert_eq!(output.status.code(), Some(1), "{said}");
        let results = place.results();
        assert_eq!(results["violations"][0]["shrink"]["verified"], true, "{said}");
        let remarks: Vec<&str> = results["remarks"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert!(counted.is_empty() || remarks.concat().contains(counted), "{said}");
        assert!(counted.is_empty() || out(&output).contains(counted), "{said}");
    }
}

#[test]
fn an_answer_without_a_value_is_refused_where_the_value_is_what_is_asked_for() {
    let place = Place::new();
    let text = descriptor("").replace(r#"outcome = "ok", value = "/value""#, r#"outcome = "ok""#);
    let system = place.write("silent.toml", &text);
    for (workload, f) in [
        ("queue", "dequeue"),
        ("unique-ids", "generate"),
        ("fenced-lock", "acquire"),
    ] {
        let output = place.run(&["test", &system, "--workload", workload]);
        assert_eq!(output.status.code(), Some(254), "{}", err(&output));
        assert!(
            err(&output).contains(&format!("[workload.{workload}.{f}]")),
            "{}",
            err(&output)
        );
    }
}
