//! Redis with Sentinel, by its descriptor: two processes on each node, commands over RESP, and acknowledged writes that it
//! loses behind a partition.

use crate::place::{Place, has, has_sandbox};
use serde_json::Value;

fn tested(place: &Place, more: &str) -> (Option<i32>, Value) {
    let arguments = "test redis --node-count 3 --rate 300 --seed 31 --progress none";
    let arguments: Vec<&str> = arguments.split(' ').chain(more.split(' ')).collect();
    place.tested(&arguments)
}

#[test]
fn nothing_is_wrong_with_a_redis_that_is_left_alone() {
    if !has_sandbox() || !has("redis-server", "--version") {
        return;
    }
    let place = Place::new();
    let (code, results) = tested(&place, "--nemesis none --time-limit 5");
    assert_ne!(code, Some(1), "{results}");
    for f in ["read", "write"] {
        let ok = results["ops"]["by_f"][f]["ok"].as_u64().unwrap();
        assert!(ok > 10, "{f}: {ok} of them ok");
    }
    // Its sentinels are at work.
    let log = place.read("nodes/n2/sentinel.stdout.log");
    assert!(
        log.contains("+monitor master main 10.0.0.1 6379 quorum 2"),
        "{log}"
    );
}

#[test]
fn writes_that_redis_acknowledged_are_lost_behind_a_partition() {
    if !has_sandbox() || !has("redis-server", "--version") {
        return;
    }
    let place = Place::new();
    let (code, results) = tested(&place, "--nemesis partition --time-limit 40 --fail-fast");
    assert_eq!(code, Some(1), "{results}");
    assert_eq!(results["violations"][0]["shrink"]["verified"], true);
}

#[test]
fn replicas_answer_with_what_was_overwritten() {
    if !has_sandbox() || !has("redis-server", "--version") {
        return;
    }
    let place = Place::new();
    let (code, results) = tested(
        &place,
        "--workload register/replica --nemesis partition --time-limit 30 --fail-fast",
    );
    assert_eq!(code, Some(1), "{results}");
}
