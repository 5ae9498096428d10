//! Power failures: named as such, and the only fault that finds what was answered before it was durable.

use crate::place::{Place, Run, can_have};
use serde_json::json;

#[test]
fn a_power_failure_is_named_everywhere_and_says_what_was_lost() {
    if !can_have("disk") {
        return;
    }
    let place = Place::new();
    let faults = json!([
        // Syncs take their time, so that something is unsynced at every moment.
        {"end_ms": 1500, "fault": {"kind": "disk", "nodes": ["n2"], "effect": {"does": "slow", "mean_ms": 20}}},
        {"start_ms": 800, "end_ms": 1200, "fault": {"kind": "kill", "nodes": ["n2"], "power": true}},
        {"start_ms": 1300, "end_ms": 1500, "fault": {"kind": "kill", "nodes": ["n1"]}},
    ]);
    let run = place.run_schedule(&faults, &["--time-limit", "2", "--rate", "1000", "--seed", "6"]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    let (failure, kill) = (run.fault(2), run.fault(3));
    assert_eq!(
        (&failure["beginning"], &failure["ending"]),
        (&json!("power failure n2"), &json!("start n2"))
    );
    assert_eq!(kill["beginning"], "kill n1");
    let evidence = Run::evidence(failure);
    assert!(
        evidence.contains("lost ") || evidence.contains("nothing was unsynced"),
        "{evidence}"
    );
    assert!(
        run.text.contains("2 kills (1 power failure among them)"),
        "{}",
        run.text
    );
    assert!(run.read("report.html").contains("n2 lost power"));
}

const BUG: [&str; 2] = ["--bug", "answer-before-durable"];

#[test]
fn what_was_answered_before_it_was_durable_is_found_when_power_fails() {
    if !can_have("disk") {
        return;
    }
    let place = Place::new();
    let mut told = String::new();
    // The system keeps its own timing; what the power failure leaves may also be what a node refuses to read.
    for seed in ["1", "2", "3", "4", "5"] {
        let faults = [
            "--nemesis",
            "kill:all,disk:slow",
            "--time-limit",
            "8",
            "--recovery-time",
            "1",
        ];
        let run = place.run(&[&faults[..], &BUG, &["--fail-fast", "--seed", seed]].concat());
        if run.code == Some(1) {
            assert_eq!(run.results["reason"]["kind"], "violation");
            return;
        }
        told += &run.text;
    }
    panic!("not found by five runs:\n{told}");
}

#[test]
fn and_is_not_found_when_processes_are_killed() {
    if !can_have("kill") {
        return;
    }
    let place = Place::new();
    let run = place.run(
        &[
            &["--nemesis", "kill", "--time-limit", "3", "--seed", "1"],
            &BUG[..],
        ]
        .concat(),
    );
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(
        run.faults()
            .iter()
            .all(|fault| !Run::evidence(fault).contains("lost"))
    );
    assert!(
        run.results["coverage"]["not_exercised"]
            .as_array()
            .unwrap()
            .contains(&json!("disk"))
    );
}
