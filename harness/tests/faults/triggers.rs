//! Faults that wait: for a line of a log, for operations, for a packet; and for what never comes.

use crate::place::{Place, Run, can_have};
use serde_json::{Value, json};

fn step<'a>(steps: &'a [Value], id: u64, step: &str) -> &'a Value {
    let found = steps.iter().find(|it| it["id"] == id && it["step"] == step);
    found.unwrap_or_else(|| panic!("no step {step} of fault {id}: {steps:?}"))
}

/// The lines of a node's log: when each came, in seconds, and what it says.
fn log(run: &Run, node: &str) -> Vec<(f64, String)> {
    let text = run.read(&format!("nodes/{node}/stderr.log"));
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    let timed = lines.filter_map(|(at, line)| Some((at.parse().ok()?, line.to_owned())));
    timed.collect()
}

/// How many operations had begun at some time, by the history.
fn begun_before(run: &Run, at_s: f64) -> usize {
    let history = run.read("history.jsonl");
    let events = history
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let begun = events.filter(|event| event["type"] == "invoke");
    begun
        .filter(|event| event["time"].as_f64().unwrap() / 1e9 <= at_s)
        .count()
}

#[test]
fn a_fault_begins_when_what_it_waits_for_happens() {
    if !can_have("packet") {
        return;
    }
    let place = Place::new();
    let faults = json!([
        // When 200 operations have begun.
        {"end_ms": 200, "when": {"operations": 200}, "fault": {"kind": "kill", "nodes": ["n1"]}},
        // When n1 is there again, which only the fault before brings about.
        {"start_ms": 50, "end_ms": 350, "when": {"log": {"node": "n1", "line": "^listening on 10\\.0\\.0\\.1:"}},
         "fault": {"kind": "kill", "nodes": ["n2"]}},
        // The next packet with `accept` from n4 to n3 waits until n4 is dead.
        {"start_ms": 50, "end_ms": 250,
         "when": {"packet": {"from": "n4", "to": "n3", "matching": {"payload": "accept"}, "held": true}},
         "fault": {"kind": "kill", "nodes": ["n4"]}},
        // When it has waited long enough.
        {"start_ms": 50, "end_ms": 100, "when": {"log": {"node": "n5", "line": "no node says this"}}, "patience_ms": 300,
         "fault": {"kind": "pause", "nodes": ["n5"]}},
        // Never.
        {"start_ms": 50, "end_ms": 100, "when": {"log": {"node": "n5", "line": "no node says this"}},
         "fault": {"kind": "pause", "nodes": ["n5"]}},
        {"end_ms": 100, "when": {"operations": 1_000_000_000}, "fault": {"kind": "pause", "nodes": ["n5"]}},
        {"end_ms": 100, "when": {"packet": {"from": "n4", "to": "n3", "matching": {"payload": "no node sends this"}}},
         "fault": {"kind": "pause", "nodes": ["n5"]}},
    ]);
    let run = place.run_schedule(&faults, &["--time-limit", "4", "--rate", "1000", "--seed", "6"]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    let started = |id: u64| run.fault(id)["started_s"].as_f64().unwrap();

    let began = begun_before(&run, run.fault(1)["requested_s"].as_f64().unwrap());
    assert!(began >= 200, "{began} operations had begun");

    let ready: Vec<f64> = log(&run, "n1")
        .into_iter()
        .filter(|(_, line)| line.starts_with("listening on"))
        .map(|(at, _)| at)
        .collect();
    assert_eq!(ready.len(), 2, "n1 was started twice");
    assert!(ready[1] <= started(2), "first the line, then the kill");
    assert!(started(1) < ready[1]);

    for id in [1, 2, 3, 4] {
        assert_eq!(run.fault(id)["confirmed"], true, "{}", run.fault(id));
    }
    let waited = |id: u64| {
        step(&run.steps(), id, "requested")["evidence"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(waited(1).starts_with("after 2"), "{}", waited(1));
    assert!(
        waited(2).contains("n1 printed \"listening on 10.0.0.1:7000\""),
        "{}",
        waited(2)
    );
    assert_eq!(waited(3), "after a packet from n4 to n3, held until now");
    assert_eq!(waited(4), "what it waits for did not come within 300 ms");

    for id in [5, 6, 7] {
        let skipped = run.fault(id);
        assert_eq!(
            (&skipped["started_s"], &skipped["confirmed"]),
            (&Value::Null, &json!(false))
        );
        let reason = Run::evidence(skipped);
        assert_eq!(reason, "what it waits for did not come", "{skipped}");
        assert!(
            run.steps()
                .iter()
                .all(|it| it["id"] != id || it["step"] == "skipped")
        );
    }
}
