//! What a run ends with: its verdict, its exit code, its words, its files.

use crate::place::{Place, err, has_sandbox, loners, out};
use serde_json::Value;
use std::fs;
use std::path::Path;

#[test]
fn a_run_of_the_correct_system_is_valid_and_leaves_everything_it_says() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let output = place.run(&[
        "test",
        "--nemesis",
        "partition,kill",
        "--time-limit",
        "8",
        "--seed",
        "11",
    ]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", err(&output));
    let results = place.results();
    assert_eq!(results["verdict"], "valid");
    assert_eq!(results["run"]["seed"], 11);
    assert!(
        text.contains(results["reason"]["sentence"].as_str().unwrap()),
        "the sentence is the same everywhere"
    );
    // A fault that is over in an instant may find nobody about to use what it breaks.
    let faults = results["faults"].as_array().unwrap();
    let confirmed = faults.iter().filter(|fault| fault["confirmed"] == true).count();
    assert!(confirmed > 0 && confirmed * 4 >= faults.len() * 3, "{text}");
    for file in [
        "report.html",
        "history.jsonl",
        "schedule.json",
        "options.json",
        "witness.jsonl",
    ] {
        assert!(place.latest().join(file).is_file(), "{file}");
    }
    for node in ["n1", "n5"] {
        let log = fs::read_to_string(place.latest().join("nodes").join(node).join("stderr.log")).unwrap();
        assert!(log.contains("listening on 10.0.0."), "{log}");
    }
    let schema: Value = serde_json::from_slice(&place.run(&["schema", "results"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = validator
        .iter_errors(&results)
        .map(|error| error.to_string())
        .collect();
    assert!(problems.is_empty(), "{problems:?}");
    // The same verdict again, from the history file alone, moved to where nothing else is.
    let moved = place.folder.path().join("moved.jsonl");
    fs::copy(place.latest().join("history.jsonl"), &moved).unwrap();
    let again = place.run(&["check", moved.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(0), "{}", err(&again));
    assert!(out(&again).contains(results["reason"]["sentence"].as_str().unwrap()));
    assert!(out(&place.run(&["list"])).contains("VALID"));
    let shown = place.run(&["show", "11"]);
    assert_eq!((shown.status.code(), out(&shown)), (Some(0), text));
}

#[test]
fn a_planted_bug_is_found_and_its_counterexample_stands_alone() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let output = place.run(&[
        "test",
        "--nemesis",
        "none",
        "--time-limit",
        "3",
        "--bug",
        "accept-below-promise",
    ]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", err(&output));
    assert!(
        text.contains(" INVALID  Decree ") && text.contains("was decided twice"),
        "{text}"
    );
    let results = place.results();
    assert_eq!(results["exit_code"], 1);
    let violation = &results["violations"][0];
    assert_eq!(
        (&violation["shrink"]["verified"], &violation["shrink"]["minimal"]),
        (&true.into(), &true.into())
    );
    let core = place.latest().join("counterexample.jsonl");
    let alone = place.run(&["check", core.to_str().unwrap()]);
    assert_eq!(alone.status.code(), Some(1), "{}{}", out(&alone), err(&alone));
    let page = fs::read_to_string(place.latest().join("report.html")).unwrap();
    assert!(page.contains("NOT LINEARIZABLE") && page.contains("Why no order works"));
    let started = "The nodes were started with --bug accept-below-promise.";
    // On the page flags are kept together.
    let page = page.replace("<span class=\"word\">", "").replace("</span>", "");
    assert!(page.contains(started) && text.contains(started), "{text}");
    assert_eq!(place.run(&["check", "latest:invalid"]).status.code(), Some(1));
}

#[test]
fn without_faults_the_sentence_says_so() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let output = place.run(&[
        "test",
        "--nemesis",
        "none",
        "--time-limit",
        "2",
        "--node-count",
        "3",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(
        out(&output).contains("are linearizable, without faults."),
        "{}",
        out(&output)
    );
}

#[test]
fn a_fault_that_nobody_felt_is_not_enough_to_be_valid() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let descriptor = place.write("loners.toml", &loners("decrees"));
    let output = place.run(&["test", &descriptor, "--nemesis", "partition", "--time-limit", "3"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(2), "{text}{}", err(&output));
    assert!(
        text.contains(" UNKNOWN  No violation was found, but too little was tested to call this valid."),
        "{text}"
    );
    assert!(
        text.contains("no partition took effect") && text.contains("was not"),
        "{text}"
    );
}

#[test]
fn a_run_in_which_an_operation_never_worked_is_unknown() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let descriptor = place.write("loners.toml", &loners("nowhere"));
    let output = place.run(&[
        "test",
        &descriptor,
        "--nemesis",
        "none",
        "--time-limit",
        "2",
        "--recovery-time",
        "1",
    ]);
    assert_eq!(output.status.code(), Some(2), "{}{}", out(&output), err(&output));
    assert!(
        out(&output).contains("no read succeeded in the main phase"),
        "{}",
        out(&output)
    );
}

#[test]
fn a_node_that_does_not_start_is_an_error_in_its_own_words() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let broken = loners("decrees").replace("\"--id\", \"{node}\"", "\"--id\", \"nobody\"");
    let descriptor = place.write("broken.toml", &broken);
    let output = place.run(&["test", &descriptor, "--time-limit", "2"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(255), "{text}{}", err(&output));
    assert!(
        text.contains(" ERROR  Failed to start n1: exit status 255"),
        "{text}"
    );
    assert!(
        text.contains("failed to start node nobody: it is not among the peers"),
        "{text}"
    );
    assert!(text.contains("No operation was run."), "{text}");
    // The same is on a page, which stays the same when it is written again.
    let folder = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("files "))
        .unwrap();
    let page = Path::new(folder.trim()).join("report.html");
    for _ in 0..2 {
        let written = fs::read_to_string(&page).unwrap();
        assert!(written.contains("NO VERDICT") && written.contains("it is not among the peers"));
        fs::remove_file(&page).unwrap();
        let again = place.run(&["report", "latest:error"]);
        assert_eq!(again.status.code(), Some(0), "{}", err(&again));
    }
}

#[test]
fn hostile_words_of_a_node_stay_words() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    // The node is a shell that says nasty things before it becomes the real one; the values are nasty too.
    let hostile = loners("decrees").replace(
        r#"command = ["{harness}", "#,
        r#"command = ["/bin/sh", "-c", "printf '</script><script>alert(1)</script> \\033[31m decree=1\\n' >&2; exec \"$@\"", "sh", "{harness}", "#,
    );
    let descriptor = place.write("hostile.toml", &hostile);
    // Every node decides alone, and this descriptor asks each its own: a violation, whose logs are shown.
    let descriptor_text = fs::read_to_string(&descriptor)
        .unwrap()
        .replace("http://10.0.0.1:", "http://{ip}:");
    let descriptor = place.write("hostile.toml", &descriptor_text);
    let output = place.run(&["test", &descriptor, "--nemesis", "none", "--time-limit", "2"]);
    assert_eq!(output.status.code(), Some(1), "{}{}", out(&output), err(&output));
    assert!(!out(&output).contains('\u{1b}'));
    let page = fs::read_to_string(place.latest().join("report.html")).unwrap();
    assert!(!page.contains("<script>alert") && !page.contains('\u{1b}'));
    let log = fs::read_to_string(place.latest().join("nodes/n1/stderr.log")).unwrap();
    assert!(
        log.contains("</script><script>alert(1)"),
        "the log itself keeps what was said"
    );
}

#[test]
fn a_single_node_is_tested_with_those_of_the_default_faults_that_it_can_have() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let (code, results) = place.tested(&[
        "test",
        "--node-count",
        "1",
        "--time-limit",
        "4",
        "--seed",
        "11",
        "--progress",
        "none",
    ]);
    assert_ne!(code, Some(1), "{results}");
    let kinds: std::collections::BTreeSet<&str> = results["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["kind"].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains("kill") && !kinds.contains("partition"),
        "{kinds:?}"
    );
    // Who asks for one is told that it cannot be.
    let output = place.run(&["test", "--node-count", "1", "--nemesis", "partition"]);
    assert_eq!(output.status.code(), Some(254));
    assert!(
        err(&output).contains("needs at least 2 nodes"),
        "{}",
        err(&output)
    );
}

#[test]
fn one_object_alone_is_judged_by_its_name() {
    let event = |process: u32, kind: &str, f: &str, key: &str, value: &str| {
        format!(r#"{{"process":{process},"type":"{kind}","f":"{f}","key":{key},"value":{value}}}"#)
    };
    let lines = [
        event(0, "invoke", "propose", "1", "17"),
        event(0, "ok", "propose", "1", "17"),
        event(1, "invoke", "propose", "\"b c\"", "5"),
        event(1, "info", "propose", "\"b c\"", "5"),
        event(2, "invoke", "read", "1", "null"),
        event(2, "ok", "read", "1", "4"),
        event(3, "invoke", "read", "\"b c\"", "null"),
        event(3, "ok", "read", "\"b c\"", "5"),
    ];
    let place = Place::new();
    let file = place.write("two.jsonl", &(lines.join("\n") + "\n"));
    let judged = |key: &[&str], code: i32, words: &str| {
        let output = place.run(&[&["check", &file, "--model", "decree"], key].concat());
        let text = format!("{}{}", out(&output), err(&output));
        assert_eq!(output.status.code(), Some(code), "{key:?}: {text}");
        assert!(text.contains(words), "{key:?}: {text}");
    };
    judged(&[], 1, "1 of 2 decrees");
    judged(&["--key", "1"], 1, "Decree 1 ");
    for b in ["b c", "\"b c\""] {
        judged(&["--key", b], 0, "2 operations on 1 decree");
    }
    judged(&["--key", "3"], 255, "is on it; there are 2 objects: 1, \"b c\"");
    judged(
        &["--key", "1", "--evidence", "strict"],
        254,
        "cannot be used with",
    );
}

#[test]
fn many_reads_are_of_what_another_client_was_just_told() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let output = place.run(&["test", "--nemesis", "none", "--time-limit", "2", "--rate", "2000"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    let (mut latest, mut reads, mut following) = (Value::Null, 0, 0);
    for line in place.read("history.jsonl").lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        if event["f"] == "phase" && event["value"] == "heal" {
            break;
        }
        match (event["f"].as_str(), event["type"].as_str()) {
            (Some("propose"), Some("ok")) => latest = event["key"].clone(),
            (Some("read"), Some("invoke")) => {
                reads += 1;
                following += u32::from(event["key"] == latest);
            }
            _ => {}
        }
    }
    // How many there are in two seconds is for the machine to say; a share of so many is no chance.
    assert!(reads > 200, "{reads} reads");
    assert!(following * 100 > reads * 40, "{following} of {reads}");
}
