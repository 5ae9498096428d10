//! Each kind of fault by itself, and all of them: felt by a correct system, which gets over them.

use crate::page::is_silent;
use crate::place::{HARNESS, Place, Run, can_have};
use serde_json::{Value, json};
use std::process::Command;

/// A run of the correct system that is valid under one kind of fault: it was felt, of which the evidence has figures,
/// and it was undone, after which every node answered again.
fn is_felt_and_heals(kind: &str, seed: &str, evidence: &[&str]) {
    if !can_have(kind) {
        return;
    }
    let place = match kind {
        "clock" => Place::in_shared_memory(),
        _ => Place::new(),
    };
    let run = place.run(&["--nemesis", kind, "--time-limit", "5", "--seed", seed]);
    assert_eq!(
        (run.code, &run.results["verdict"]),
        (Some(0), &json!("valid")),
        "{}",
        run.text
    );
    let is_of_kind = run.faults().iter().all(|fault| fault["kind"] == kind);
    assert!(is_of_kind, "{:?}", run.faults());
    let felt: Vec<String> = run
        .faults()
        .iter()
        .filter(|fault| fault["confirmed"] == true)
        .map(Run::evidence)
        .collect();
    for words in evidence {
        let has = |told: &&String| told.contains(words) && told.contains(|c: char| c.is_ascii_digit());
        assert!(felt.iter().any(|told| has(&told)), "no {words:?} in {felt:?}");
    }
    heals(&run);
}

/// What was done was undone, and every node answered again.
fn heals(run: &Run) {
    let steps = run.steps();
    let has = |id: &Value, step: &str| {
        let of_fault = |it: &&Value| it["id"] == *id && it["step"] == step;
        steps.iter().any(|it| of_fault(&it))
    };
    for fault in run.faults() {
        let was_done = fault["started_s"].is_f64();
        assert!(!was_done || has(&fault["id"], "healed"), "not undone: {fault}");
    }
    let (ok, words) = run.rule("recovered");
    assert!(ok && words.starts_with("every node answered again"), "{words}");
}

#[test]
fn every_form_is_in_the_documentation() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/faults.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let listed = Command::new(HARNESS).args(["list", "nemeses"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let forms: Vec<(&str, &str)> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next()?.split_once(':'))
        .collect();
    assert!(forms.len() > 30, "{forms:?}");
    for (kind, form) in forms {
        let section = docs.split(&format!("### {kind}\n")).nth(1).unwrap();
        let section = section.split("\n#").next().unwrap();
        let row = format!("| `{form}`");
        // The forms of a pause and of a termination are those of a kill, which are told once.
        assert!(
            section.contains(&row) || ["pause", "terminate"].contains(&kind),
            "{kind}:{form} is not told"
        );
    }
}

#[test]
fn partitions_are_felt_and_heal() {
    is_felt_and_heals("partition", "3", &["packets dropped on", "links cut"]);
}

#[test]
fn kills_are_felt_and_nodes_start_again() {
    is_felt_and_heals("kill", "3", &["gone after", "answering after"]);
}

#[test]
fn pauses_are_felt_and_nodes_go_on() {
    is_felt_and_heals("pause", "3", &["stopped after", "goes on after"]);
}

#[test]
fn terminations_are_felt_and_nodes_start_again() {
    is_felt_and_heals("terminate", "3", &["exit status 0", "answering after"]);
}

#[test]
fn disturbances_of_packets_are_felt_and_end() {
    is_felt_and_heals("packet", "3", &["packets"]);
}

#[test]
fn disks_misbehave_and_get_well() {
    is_felt_and_heals("disk", "3", &["requests"]);
}

#[test]
fn clocks_go_wrong_and_right_again() {
    is_felt_and_heals("clock", "3", &["ms off"]);
}

#[test]
fn all_kinds_at_once_leave_a_correct_system_right_and_a_page_that_can_be_read() {
    if !["disk", "clock"].into_iter().all(can_have) {
        return;
    }
    let place = Place::new();
    let run = place.run(&["--nemesis", "all", "--time-limit", "10", "--seed", "3"]);
    assert_eq!(
        (run.code, &run.results["verdict"]),
        (Some(0), &json!("valid")),
        "{}",
        run.text
    );
    let (ok, words) = run.rule("faults-took-effect");
    assert!(ok, "{words}");
    heals(&run);
    let words = |of: &str| {
        run.faults()
            .iter()
            .any(|fault| fault["beginning"].as_str().unwrap().starts_with(of))
    };
    assert!(
        words("power failure ") && !words("kill "),
        "with disks, every kill is a power failure"
    );
    is_silent(&run);
}
