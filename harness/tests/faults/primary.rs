//! Faults of the primary: who it is is asked when the fault begins, what was found is recorded by name, and a run whose
//! descriptor does not say how to ask is refused.

use crate::place::{Place, Run, can_have};
use serde_json::{Value, json};

/// The built-in Paxos, in which no node is more than another, with a question that picks some.
fn descriptor(place: &Place, primary: &str) -> String {
    let paxos = concat!(env!("CARGO_MANIFEST_DIR"), "/../systems/paxos.toml");
    let text = std::fs::read_to_string(paxos).unwrap();
    place.write("system.toml", &format!("{text}\n[node.primary]\n{primary}\n"))
}

fn schedule(run: &Run) -> Vec<Value> {
    let schedule: Value = serde_json::from_str(&run.read("schedule.json")).unwrap();
    schedule["faults"].as_array().unwrap().clone()
}

const LOAD: [&str; 6] = ["--time-limit", "5", "--rate", "500", "--seed", "6"];

/// A question that only one node answers with yes, by a program that leaves with 0. A busy machine takes its time.
fn only(node: &str) -> String {
    format!("command = [\"test\", \"{{node}}\", \"=\", \"{node}\"]\ntimeout_ms = 5000")
}

#[test]
fn the_node_that_says_so_is_hit_and_recorded_by_name_and_hit_again() {
    if !can_have("partition") {
        return;
    }
    let place = Place::new();
    let file = descriptor(&place, &only("n3"));
    let faults = json!([
        {"start_ms": 200, "end_ms": 300, "fault": {"kind": "pause", "nodes": ["primary"]}},
        {"start_ms": 1000, "end_ms": 2000, "fault": {"kind": "partition", "shape": "primary",
            "sides": [["primary"], ["others"]], "cut": [["primary", "others"], ["others", "primary"]]}},
        {"start_ms": 2500, "end_ms": 2700, "fault": {"kind": "kill", "nodes": ["primary"]}},
    ]);
    let run = place.run_schedule(&faults, &[&[file.as_str()], &LOAD[..]].concat());
    assert_ne!(run.code, Some(1), "{}", run.text);
    let beginnings = ["pause n3", "cut n3 ┊ n1 n2 n4 n5 (primary)", "kill n3"];
    for (id, beginning) in (1..).zip(beginnings) {
        let fault = run.fault(id);
        assert!(fault["started_s"].is_f64(), "{fault}");
        assert_eq!(fault["beginning"], beginning);
        let evidence = Run::evidence(fault);
        assert!(
            evidence.starts_with("n3 says that it is the primary"),
            "{evidence}"
        );
    }

    // What was found is in the schedule: the same faults again, of that node by name, whoever is the primary now.
    let resolved = schedule(&run);
    assert_eq!(resolved.len(), 3);
    for planned in &resolved {
        let fault = planned["fault"].to_string();
        assert!(
            fault.contains("\"n3\"") && !fault.contains("\"primary\"]") && !fault.contains("others"),
            "{planned}"
        );
        let lasts_ms = planned["end_ms"].as_u64().unwrap() - planned["start_ms"].as_u64().unwrap();
        assert!([100, 1000, 200].contains(&lasts_ms), "{planned}");
    }
    let elsewhere = Place::new();
    let other = descriptor(&elsewhere, &only("n1"));
    let stored = run.directory.join("schedule.json").display().to_string();
    let again = elsewhere.run(&[&[other.as_str(), "--schedule", &stored], &LOAD[..]].concat());
    assert_ne!(again.code, Some(1), "{}", again.text);
    for (id, beginning) in (1..).zip(beginnings) {
        let fault = again.fault(id);
        assert_eq!(fault["beginning"], beginning);
        assert!(
            !Run::evidence(fault).contains("says that it is"),
            "it was not asked: {fault}"
        );
    }
}

#[test]
fn what_is_drawn_asks_for_the_primary_each_time() {
    if !can_have("kill") {
        return;
    }
    let place = Place::new();
    let file = descriptor(&place, &only("n2"));
    let run = place.run(&[&[file.as_str(), "--nemesis", "kill:primary"], &LOAD[..]].concat());
    assert_ne!(run.code, Some(1), "{}", run.text);
    let hit = |fault: &&Value| fault["started_s"].is_f64();
    assert!(run.faults().iter().filter(hit).count() > 1, "{}", run.text);
    for fault in run.faults() {
        let beginning = fault["beginning"].as_str().unwrap();
        assert!(
            !["n1", "n3", "n4", "n5"].iter().any(|it| beginning.contains(it)),
            "{fault}"
        );
        if hit(&fault) {
            assert!(beginning.ends_with(" n2"), "{fault}");
        }
    }
}

#[test]
fn several_are_hit_in_turn() {
    if !can_have("pause") {
        return;
    }
    let place = Place::new();
    let file = descriptor(&place, "url = \"http://{ip}:7000/health\"");
    let pause = |start_ms: u64| json!({"start_ms": start_ms, "end_ms": start_ms + 100, "fault": {"kind": "pause", "nodes": ["primary"]}});
    let faults = json!([pause(300), pause(900), pause(1500)]);
    let run = place.run_schedule(&faults, &[&[file.as_str()], &LOAD[..]].concat());
    assert_ne!(run.code, Some(1), "{}", run.text);
    for (id, node) in [(1, "n2"), (2, "n3"), (3, "n4")] {
        let evidence = Run::evidence(run.fault(id));
        let words = format!("n1 and n2 and n3 and n4 and n5 say that they are the primary, {node} is taken");
        assert!(evidence.starts_with(&words), "{evidence}");
        assert_eq!(run.fault(id)["beginning"], format!("pause {node}"));
    }
}

#[test]
fn where_nobody_says_so_nothing_is_done_and_the_run_is_not_called_valid() {
    if !can_have("kill") {
        return;
    }
    let place = Place::new();
    for (primary, said) in [
        ("command = [\"false\"]", "n1: exit status 1; n2: exit status 1"),
        (
            "command = [\"sleep\", \"1000\"]\ntimeout_ms = 200",
            "n1: no answer within 200 ms",
        ),
        (
            "command = [\"no-such-program\"]",
            "n1: no-such-program: No such file",
        ),
        (
            "url = \"http://{ip}:7000/health\"\nstatus = 503",
            "n1: status 200, not 503",
        ),
        (
            "url = \"http://{ip}:7000/health\"\nwhere = { \"/a\" = { same_as = \"/b\" } }",
            "n1: not /a = /b",
        ),
        ("port = 7000\ncommand = [\"ROLE\"]\nreply = \"*\"", "n1: "),
    ] {
        let file = descriptor(&place, primary);
        let nemesis = ["--nemesis", "kill:primary", "--time-limit", "2"];
        let run = place.run(&[&[file.as_str()], &nemesis[..], &["--rate", "200", "--seed", "6"]].concat());
        assert_eq!(run.code, Some(2), "{primary}: {}", run.text);
        assert!(
            run.faults().iter().all(|fault| fault["started_s"].is_null()),
            "{}",
            run.text
        );
        let evidence = Run::evidence(&run.faults()[0]);
        assert!(
            evidence.starts_with("no node says that it is the primary, asked for "),
            "{evidence}"
        );
        assert!(evidence.contains(said), "{evidence}");
        let (ok, _) = run.rule("faults-took-effect");
        assert!(!ok);
        assert!(
            run.read("schedule.json").contains("\"primary\""),
            "it is still not known who it is"
        );
    }
}
