//! Runs without a sandbox: `--network proxy`, and what `auto` does where namespaces are missing.

use crate::place::{HARNESS, Place, err, out, processes_of};
use serde_json::Value;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const THREE_NODES: [&str; 7] = [
    "test",
    "--network",
    "proxy",
    "--node-count",
    "3",
    "--time-limit",
    "5",
];

#[test]
fn a_run_of_the_correct_system_is_valid_and_says_how_nodes_were_connected() {
    let place = Place::new();
    let output = place.run(&[&THREE_NODES[..], &["--nemesis", "partition,kill", "--seed", "2"]].concat());
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", err(&output));
    assert!(
        err(&output).contains("network: proxy; it can have no loss"),
        "{}",
        err(&output)
    );
    assert!(text.contains("--network proxy"), "it can be typed again: {text}");
    let results: Value = place.results();
    assert_eq!(results["verdict"], "valid");
    assert_eq!(results["run"]["environment"]["network"], "proxy");
    for kind in ["partition", "kill"] {
        let faults = results["faults"].as_array().unwrap().iter();
        let mut of_kind = faults.filter(|fault| fault["kind"] == kind);
        assert!(of_kind.any(|fault| fault["confirmed"] == true), "{kind}: {text}");
    }
    assert!(place.read("options.json").contains(r#""network": "proxy""#));
    assert!(
        place
            .read("report.html")
            .contains("a TCP proxy for each directed link")
    );
    assert!(place.read("nodes/n1/stderr.log").contains("listening on 127."));
}

#[test]
fn pauses_and_the_packet_faults_that_a_stream_can_have_are_felt() {
    let place = Place::new();
    let nemesis = "pause,packet:delay+rate+stutter+hold+reset";
    let output = place.run(&[&THREE_NODES[..], &["--nemesis", nemesis, "--seed", "5"]].concat());
    assert!(
        matches!(output.status.code(), Some(0 | 2)),
        "{}{}",
        out(&output),
        err(&output)
    );
    let results: Value = place.results();
    for kind in ["pause", "packet"] {
        let faults = results["faults"].as_array().unwrap().iter();
        let mut of_kind = faults.filter(|fault| fault["kind"] == kind);
        assert!(of_kind.any(|fault| fault["confirmed"] == true), "{kind}");
    }
}

#[test]
fn a_planted_bug_is_found() {
    let place = Place::new();
    let bug = ["--nemesis", "partition,kill", "--bug", "accept-below-promise"];
    let output = place.run(&[&THREE_NODES[..], &bug].concat());
    assert_eq!(output.status.code(), Some(1), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("was decided twice"), "{}", out(&output));
}

/// What is refused before anything is started, with these words.
fn refused(place: &Place, arguments: &[&str], words: &[&str]) {
    let output = place.run(&[&["test", "--network", "proxy"], arguments].concat());
    let told = err(&output);
    assert_eq!(output.status.code(), Some(254), "{arguments:?}: {told}");
    for word in words {
        assert!(told.contains(word), "{arguments:?}: {told}");
    }
    assert!(!place.store().exists(), "nothing was started");
}

#[test]
fn the_default_faults_are_those_that_can_be_had() {
    let place = Place::new();
    let output = place.run(&[
        "test",
        "--network",
        "proxy",
        "--time-limit",
        "2",
        "--node-count",
        "3",
    ]);
    assert!(
        matches!(output.status.code(), Some(0 | 2)),
        "{}{}",
        out(&output),
        err(&output)
    );
    let options: Value = serde_json::from_str(&place.read("options.json")).unwrap();
    let nemesis = "partition,kill,pause,packet:delay+rate+stutter+hold+reset";
    assert_eq!(options["options"]["nemesis"], nemesis);
    assert!(out(&output).contains(&format!("--nemesis {nemesis}")));
    refused(
        &Place::new(),
        &["--nemesis", "partition,kill,pause,packet"],
        &["packet:loss"],
    );
}

#[test]
fn what_cannot_be_had_is_refused_with_what_can() {
    let place = Place::new();
    let rest = "--nemesis partition,kill,pause,packet:delay+rate+stutter+hold+reset,terminate, or take --network switch";
    refused(
        &place,
        &["--nemesis", "all"],
        &["packet:loss cannot be had", rest],
    );
    refused(
        &place,
        &["--nemesis", "packet:duplicate"],
        &["packet:duplicate", "nothing arrives twice"],
    );
    refused(
        &place,
        &["--nemesis", "disk"],
        &["disk cannot be had", "--network switch"],
    );
    refused(
        &place,
        &["--nemesis", "kill,clock"],
        &["clock cannot be had", "write --nemesis kill,"],
    );
    let schedule = r#"{"schema": "harness.schedule/v1", "seed": 1, "faults": [{"end_ms": 9, "fault":
        {"kind": "kill", "nodes": ["n1"], "power": true}}]}"#;
    let schedule = place.write("power.json", schedule);
    refused(
        &place,
        &["--schedule", &schedule],
        &["fault 1 of the schedule", "take it out"],
    );
    let built_in = include_str!("../../../systems/paxos.toml");
    let without_ports = place.write("mute.toml", &built_in.replace("ports = [7000, 7001]", ""));
    refused(
        &place,
        &[&without_ports, "--nemesis", "none"],
        &["[node] ports = [7000, 7001]"],
    );
}

#[test]
fn kill_9_of_the_harness_leaves_no_node_within_a_second() {
    let place = Place::new();
    let mut command = place.command(&["test", "--network", "proxy", "--time-limit", "60"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let history = place.store().join("current/history.jsonl");
    let deadline = Instant::now() + Duration::from_secs(30);
    while fs::read_to_string(&history).unwrap_or_default().lines().count() < 500 {
        assert!(
            Instant::now() < deadline,
            "no operation was recorded within half a minute"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    // Some of the nodes may be down at the moment.
    assert!(processes_of(&place).len() >= 3, "{:?}", processes_of(&place));
    child.kill().unwrap();
    let killed = Instant::now();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    while !processes_of(&place).is_empty() {
        let left = processes_of(&place);
        assert!(killed.elapsed() < Duration::from_secs(1), "left behind: {left:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    let checked = place.run(&["check", "latest"]);
    assert!(matches!(checked.status.code(), Some(0 | 2)), "{}", err(&checked));
}

/// Runs the harness where something was taken away by a line of shell, in namespaces of the shell's own.
fn without(place: &Place, take_away: &str, arguments: &[&str]) -> Option<Output> {
    let possible = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "true"])
        .status();
    if !possible.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI has namespaces");
        println!("skipped: there is nothing that could be taken away");
        return None;
    }
    let script = format!(r#"{take_away} && exec "$@""#);
    let output = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            &script,
            "sh",
            HARNESS,
        ])
        .args(arguments)
        .arg("--store")
        .arg(place.store())
        .output();
    Some(output.unwrap())
}

const NO_TUN: &str = "mount -t tmpfs none /dev/net";
const NO_NAMESPACES: &str = "echo 0 > /proc/sys/user/max_user_namespaces";

#[test]
fn where_the_switch_cannot_be_had_the_proxy_is_taken_and_says_why() {
    for (take_away, why) in [
        (NO_TUN, "/dev/net/tun is missing"),
        (NO_NAMESPACES, "max_user_namespaces = 0"),
    ] {
        let place = Place::new();
        let arguments = [
            "test",
            "--nemesis",
            "none",
            "--time-limit",
            "2",
            "--node-count",
            "3",
        ];
        let Some(output) = without(&place, take_away, &arguments) else {
            return;
        };
        let told = err(&output);
        assert_eq!(output.status.code(), Some(0), "{}{told}", out(&output));
        let line = told
            .lines()
            .find(|line| line.starts_with("network: proxy, because"));
        let line = line.unwrap_or_else(|| panic!("{told}"));
        assert!(
            line.contains(why) && line.contains("it can have no loss"),
            "{line}"
        );
        let results: Value = place.results();
        assert_eq!(results["run"]["environment"]["network"], "proxy");
    }
}

#[test]
fn where_the_switch_cannot_be_had_it_is_not_replaced_against_ones_will() {
    let place = Place::new();
    let switch = ["test", "--network", "switch", "--time-limit", "2"];
    let Some(output) = without(&place, NO_TUN, &switch) else {
        return;
    };
    assert_eq!(output.status.code(), Some(255));
    let told = err(&output);
    assert!(
        told.contains("/dev/net/tun is missing") && told.contains("--network proxy does without"),
        "{told}"
    );
    let clock = ["test", "--nemesis", "kill,clock", "--time-limit", "2"];
    let output = without(&place, NO_TUN, &clock).unwrap();
    assert_eq!(output.status.code(), Some(254));
    let told = err(&output);
    assert!(
        told.contains("clock cannot be had") && told.contains("network: proxy, because /dev/net/tun"),
        "{told}"
    );
    assert!(!Path::new(&place.store()).exists());
}
