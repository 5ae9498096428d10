//! ZooKeeper as Debian packages it, by its descriptor and its client program: reads after `sync` are found right, those of what a
//! server has are found stale.

use crate::place::{Place, err, has, has_sandbox, nothing_is_wrong};
use serde_json::Value;
use std::path::Path;

fn has_zookeeper() -> bool {
    let jar = "/usr/share/java/zookeeper.jar";
    let is_there = Path::new(jar).exists();
    let why = format!("skipped: there is no {jar}");
    assert!(is_there || std::env::var_os("CI").is_none(), "{why}");
    if !is_there {
        println!("{why}");
    }
    is_there && has("java", "-version")
}

fn tested(place: &Place, more: &str) -> (Option<i32>, Value) {
    let arguments = "test zookeeper --node-count 3 --rate 300 --seed 31 --progress none";
    let arguments: Vec<&str> = arguments.split(' ').chain(more.split(' ')).collect();
    place.tested(&arguments)
}

#[test]
fn zookeeper_keeps_its_promise_when_reads_come_after_a_sync() {
    if !has_sandbox() || !has_zookeeper() {
        return;
    }
    for (workload, functions, nemesis) in [
        ("cas-register", &["read", "write", "cas"][..], "partition"),
        ("unique-ids", &["generate"], "partition:primary"),
    ] {
        let place = Place::new();
        let (_, results) = tested(
            &place,
            &format!(
                "--nemesis {nemesis} --nemesis-interval 2s --time-limit 8 --concurrency 2n --ops-per-key 60 --workload {workload}"
            ),
        );
        nothing_is_wrong(&results, functions);
        // What the clients were stays with the run.
        assert!(place.read("system/zookeeper/client.py").contains("SYNC"));
        let version = results["system"]["version"].as_str().unwrap_or_default();
        assert!(version.starts_with("Apache ZooKeeper, version 3."), "{version}");
        // Its leader was found.
        let told = place.read("history.jsonl");
        assert_eq!(
            told.contains("says that it is the primary"),
            nemesis != "partition",
            "{results}"
        );
    }
}

#[test]
fn reads_of_what_a_server_of_zookeeper_has_are_found_stale() {
    if !has_sandbox() || !has_zookeeper() {
        return;
    }
    let place = Place::new();
    let (code, results) = tested(
        &place,
        "--workload register/local --nemesis partition --nemesis-interval 2s --time-limit 20 --fail-fast --test-count 5",
    );
    assert_eq!(code, Some(1), "{results}");
    assert_eq!(results["violations"][0]["shrink"]["verified"], true);
}

#[test]
fn a_file_that_a_system_needs_is_named_with_the_way_to_it() {
    let place = Place::new();
    let descriptor = place.write(
        "jar.toml",
        r#"
name = "jar"
description = "a system in a file that is not there"
install = "apt-get install zookeeper"
needs = ["/nowhere/zookeeper.jar"]
[node]
command = ["sh", "{data}"]
[node.ready]
port = 2181
send = "srvr"
contains = "Mode: "
[workload.register]
client = ["python3"]
"#,
    );
    let output = place.run(&["test", &descriptor]);
    assert_eq!(output.status.code(), Some(254));
    let said = err(&output);
    assert!(
        said.contains(
            "jar needs /nowhere/zookeeper.jar, which is not there; install it: apt-get install zookeeper"
        ),
        "{said}"
    );
}
