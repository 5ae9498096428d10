//! Nodes that speak Maelstrom's protocol: those of `examples/maelstrom`, found right, and with one bug each found wrong.

use crate::place::{Place, ROOT, err, has, out};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

/// Runs an example: `file -- arguments of the node`, with these options.
fn run(place: &Place, node: &str, options: &str) -> Output {
    let (file, arguments) = node.split_once(' ').unwrap_or((node, ""));
    let program = format!("{ROOT}/examples/maelstrom/{file}");
    let load = [
        "test",
        "--maelstrom",
        &program,
        "--rate",
        "150",
        "--progress",
        "none",
    ];
    let load = load.into_iter().chain(["--concurrency", "2n"]);
    let options: Vec<&str> = load.chain(options.split(' ')).collect();
    let mut command = place.command(&options);
    if !arguments.is_empty() {
        command.arg("--").args(arguments.split(' '));
    }
    command.output().unwrap()
}

/// No violation. Whether enough was seen in so short a time depends on the machine; that nothing wrong was, does not.
fn is_right(node: &str, options: &str) -> Value {
    let place = Place::new();
    let output = run(&place, node, options);
    let text = format!("{}{}", out(&output), err(&output));
    assert!(matches!(output.status.code(), Some(0 | 2)), "{text}");
    let results = place.results();
    assert_eq!(results["violations"].as_array().map(Vec::len), Some(0), "{text}");
    for f in results["ops"]["by_f"].as_object().unwrap().values() {
        assert!(f["ok"].as_u64().unwrap() > 0, "{text}");
    }
    let faults = results["faults"].as_array().unwrap();
    for kind in results["run"]["nemesis"].as_array().unwrap() {
        let mut of_kind = faults.iter().filter(|fault| fault["kind"] == *kind);
        assert!(
            of_kind.any(|fault| fault["confirmed"] == true),
            "no {kind} was felt: {text}"
        );
    }
    results
}

/// A violation.
fn is_guilty(node: &str, options: &str) -> Value {
    let place = Place::new();
    let output = run(&place, node, options);
    assert_eq!(output.status.code(), Some(1), "{}{}", out(&output), err(&output));
    place.results()
}

/// A violation, and the independent checker agrees.
fn is_guilty_for_certain(node: &str, options: &str) -> Value {
    let results = is_guilty(node, options);
    assert_eq!(results["violations"][0]["shrink"]["verified"], true, "{results}");
    results
}

#[test]
fn a_majority_of_acceptors_is_linearizable_while_nodes_are_cut_off_killed_and_paused() {
    if !has("python3", "--version") {
        return;
    }
    for seed in [1, 2] {
        let faults = "--nemesis partition,kill,pause --time-limit 6 --workload lin-kv";
        let results = is_right("lin_kv.py", &format!("{faults} --seed {seed}"));
        assert_eq!(results["run"]["environment"]["network"], "messages");
    }
}

#[test]
fn late_and_lost_messages_do_not_break_a_majority() {
    if has("python3", "--version") {
        let faults = "--nemesis packet:delay+loss+reorder+rate+stutter+hold --time-limit 6";
        is_right("lin_kv.py", &format!("{faults} --workload lin-kv --seed 3"));
    }
}

#[test]
fn reads_of_local_state_are_found() {
    if has("python3", "--version") {
        let options = "--nemesis partition --time-limit 30 --fail-fast --workload lin-kv --seed 4";
        is_guilty_for_certain("lin_kv.py --bug local-reads", options);
    }
}

#[test]
fn a_service_is_as_good_as_it_says() {
    if !has("python3", "--version") {
        return;
    }
    // Nodes that only ask a service do not feel that they are cut off from each other.
    let load = "--workload lin-kv --nemesis kill,pause --time-limit";
    is_right("lin_kv_proxy.py", &format!("{load} 5 --seed 5"));
    for service in ["seq-kv", "lww-kv"] {
        let node = format!("lin_kv_proxy.py {service}");
        is_guilty_for_certain(&node, &format!("{load} 30 --fail-fast --seed 6"));
    }
}

#[test]
fn ids_are_found_twice_when_a_killed_node_counts_again() {
    if !has("python3", "--version") {
        return;
    }
    let load = "--workload unique-ids --nemesis kill --time-limit";
    is_right("unique_ids.py", &format!("{load} 5 --seed 7"));
    is_guilty_for_certain(
        "unique_ids.py --bug no-life",
        &format!("{load} 30 --fail-fast --seed 7"),
    );
}

#[test]
fn what_is_told_once_is_lost_behind_a_partition() {
    if !has("python3", "--version") {
        return;
    }
    for workload in ["broadcast", "g-set"] {
        let load = format!("--workload {workload} --time-limit 6 --seed 8 --nemesis");
        let results = is_right("broadcast.py", &format!("{load} kill,partition"));
        let remarks = results["remarks"].to_string();
        assert!(
            remarks.contains("acknowledged elements") && !remarks.contains("lost"),
            "{remarks}"
        );
        let results = is_guilty_for_certain("broadcast.py --bug tell-once", &format!("{load} partition"));
        assert!(results["remarks"].to_string().contains(" lost"), "{results}");
        let sentence = results["violations"][0]["sentence"].as_str().unwrap();
        assert!(
            sentence.contains("was acknowledged, and in the end n"),
            "{sentence}"
        );
    }
}

#[test]
fn additions_that_a_killed_node_forgets_are_missed_in_the_end() {
    if !has("python3", "--version") {
        return;
    }
    for workload in ["g-counter", "pn-counter"] {
        let load = format!("--workload {workload} --nemesis kill,partition --time-limit 6 --seed 9");
        is_right("counter.py", &load);
        is_guilty("counter.py --bug forget", &load);
    }
}

/// A node in a language of its own: a shell script.
fn script(place: &Place, text: &str) -> String {
    let path = place.write("node.sh", &format!("#!/bin/sh\n{text}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// What is said instead of a run, with this exit code.
fn refused(place: &Place, code: i32, arguments: &[&str], words: &[&str]) -> String {
    let output = place.run(&[&["test", "--progress", "none", "--maelstrom"], arguments].concat());
    let text = format!("{}{}", out(&output), err(&output));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    for word in words {
        assert!(
            text.contains(word),
            "{arguments:?}: {word:?} is missing in {text}"
        );
    }
    text
}

#[test]
fn what_cannot_be_is_refused_with_the_way_out() {
    let place = Place::new();
    let node = script(&place, "exit 3");
    let plain = place.write("node.py", "print('hello')");
    let lin_kv = ["--workload", "lin-kv"];
    let with = |words: &[&'static str]| -> Vec<String> {
        let all = [node.as_str()]
            .into_iter()
            .chain(lin_kv)
            .chain(words.iter().copied());
        all.map(str::to_owned).collect()
    };
    let refused_with = |more: &[&'static str], words: &[&str]| {
        let arguments = with(more);
        refused(
            &place,
            254,
            &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
            words,
        );
    };
    refused(
        &place,
        254,
        &[&node],
        &["needs --workload, one of lin-kv, unique-ids"],
    );
    for (workload, what) in [
        ("kafka", "logs with offsets"),
        ("txn-list-append", "transactions"),
    ] {
        let words = ["but there is no checker for", what, "there are lin-kv"];
        refused(&place, 254, &[&node, "--workload", workload], &words);
    }
    refused(
        &place,
        254,
        &[&node, "--workload", "decree"],
        &["unknown Maelstrom workload `decree`"],
    );
    refused(
        &place,
        254,
        &["./nowhere", "--workload", "lin-kv"],
        &["--maelstrom ./nowhere", "No such file"],
    );
    refused(
        &place,
        254,
        &[&plain, "--workload", "lin-kv"],
        &["may not be executed", "chmod +x"],
    );
    refused(
        &place,
        254,
        &["no-such-program", "--workload", "lin-kv"],
        &["not on the PATH"],
    );
    refused_with(&["--network", "switch"], &["cannot be used with"]);
    refused_with(
        &["--nemesis", "packet"],
        &[
            "packet:duplicate cannot be had",
            "packet:delay+loss+reorder+rate+stutter+hold",
        ],
    );
    refused_with(
        &["--nemesis", "disk"],
        &["disk cannot be had", "choose other faults"],
    );
    refused_with(&["--nodes", "n1,c2"], &["c2", "clients (c1) and services"]);
}

#[test]
fn a_node_that_does_not_speak_is_shown_with_what_it_said() {
    let place = Place::new();
    let faults = ["--workload", "lin-kv", "--node-count", "1", "--nemesis", "none"];
    let node = script(&place, "echo no good >&2; exit 3");
    refused(
        &place,
        255,
        &[&[node.as_str()], &faults[..]].concat(),
        &["exit status 3", "no good"],
    );
    let node = script(
        &place,
        r#"read line; echo '{"src":"n1","dest":"c0","body":{"type":"hi\u001b[2J","in_reply_to":1}}'; read line"#,
    );
    let words = ["`init` was not answered with `init_ok` but with", r"hi\u001b[2J"];
    refused(&place, 255, &[&[node.as_str()], &faults[..]].concat(), &words);
    let node = script(&place, "echo Starting up; read line; exit 4");
    let arguments = [&[node.as_str()], &faults[..]].concat();
    let text = refused(&place, 255, &arguments, &["exit status 4"]);
    let files = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("files"))
        .unwrap();
    let log = std::fs::read_to_string(format!("{}/harness.log", files.trim())).unwrap();
    assert!(
        log.contains("n1 wrote a line to stdout that is no message") && log.contains("Starting up"),
        "{log}"
    );
}

#[test]
fn a_run_says_how_it_is_typed_again() {
    if !has("python3", "--version") {
        return;
    }
    let place = Place::new();
    let output = run(
        &place,
        "lin_kv_proxy.py seq-kv",
        "--workload lin-kv --nemesis none --time-limit 1 --seed 1",
    );
    let (text, results) = (out(&output), place.results());
    assert!(
        text.contains("--maelstrom ") && text.contains(" -- seq-kv"),
        "{text}"
    );
    assert!(!text.contains("--network"), "{text}");
    assert!(place.read("nodes/n1/stdout.log").contains(r#""type": "init_ok""#));
    // And had again: what is for nodes is for nodes again.
    let replayed = place.run(&["replay", "latest", "--times", "1", "--progress", "none"]);
    assert!(
        matches!(replayed.status.code(), Some(0..=2)),
        "{}{}",
        out(&replayed),
        err(&replayed)
    );
    assert_eq!(place.results()["run"]["options"]["node_args"][0], "seq-kv");
    assert!(place.results()["run"]["id"] != results["run"]["id"]);
}
