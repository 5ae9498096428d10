//! `harness export`: every format of a run and of a history file, and what is refused.

use crate::place::{Place, err, has_sandbox, out};
use serde_json::Value;
use std::fs;
use std::process::Stdio;

/// Decree 1 is decided twice.
const LINES: &str = r#"{"index":0,"time":5,"process":0,"type":"invoke","f":"propose","key":1,"value":17}
{"index":1,"time":9,"process":0,"type":"ok","f":"propose","key":1,"value":17}
{"index":2,"time":12,"process":1,"type":"invoke","f":"propose","key":1,"value":42}
{"index":3,"time":19,"process":1,"type":"ok","f":"propose","key":1,"value":42}
"#;

#[test]
fn a_history_file_is_exported_in_every_format_to_a_file_or_to_standard_output() {
    let place = Place::new();
    let file = place.write("twice.jsonl", LINES);
    let begins = [
        ("csv", "invoke_index,complete_index,phase,"),
        (
            "edn",
            "{:type :invoke, :f :propose, :value [1 17], :time 5, :process 0, :index 0}\n",
        ),
        ("perfetto", "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"),
        ("svg", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "),
    ];
    for (format, begin) in begins {
        let output = place.run(&["export", format, &file]);
        assert_eq!(output.status.code(), Some(0), "{format}: {}", err(&output));
        assert!(out(&output).starts_with(begin), "{format}: {}", out(&output));
        let target = place.folder.path().join(format);
        let written = place.run(&["export", format, &file, "-o", target.to_str().unwrap()]);
        assert_eq!((written.status.code(), out(&written).as_str()), (Some(0), ""));
        assert_eq!(fs::read_to_string(target).unwrap(), out(&output), "{format}");
    }
}

#[test]
fn a_run_is_exported_by_its_name_with_its_faults_and_logs() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let run = place.run(&[
        "test",
        "--nemesis",
        "kill,partition",
        "--time-limit",
        "4",
        "--seed",
        "31",
    ]);
    assert!(matches!(run.status.code(), Some(0 | 2)), "{}", err(&run));
    let trace = place.run(&["export", "perfetto", "31"]);
    let trace: Value = serde_json::from_slice(&trace.stdout).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let count = |ph: &str, of: &[&str]| {
        let is_meant = |it: &&Value| it["ph"] == ph && of.contains(&it["cat"].as_str().unwrap_or_default());
        events.iter().filter(is_meant).count()
    };
    let total = place.results()["ops"]["total"].as_u64().unwrap();
    assert_eq!(count("X", &["ok", "fail", "info"]) as u64, total);
    assert!(count("X", &["kill"]) > 0 && count("X", &["partition"]) > 0);
    assert!(count("i", &["log"]) > 5, "the nodes' logs");
    let table = out(&place.run(&["export", "csv", "31"]));
    assert_eq!(table.lines().count() as u64, total + 1);
    let edn = out(&place.run(&["export", "edn"]));
    assert_eq!(edn.matches(":type :invoke").count() as u64, total);
    assert!(edn.contains(":f :kill") && edn.contains(":f :stop-partition"));
    // A reader that goes away is no error.
    let mut child = place
        .command(&["export", "csv"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_cannot_be_exported_is_refused_with_its_reason() {
    let place = Place::new();
    let file = place.write("twice.jsonl", LINES);
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let output = place.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            err(&output)
        );
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
    };
    refused(&["export", "perfeto", &file], 254, "perfetto");
    refused(&["export"], 254, "<FORMAT>");
    refused(&["export", "csv"], 255, "there are no runs");
    refused(
        &["export", "csv", &file, "-o", "/no/such/folder/x"],
        255,
        "write --output /no/such/folder/x",
    );
    let garbage = place.write("garbage.jsonl", "{\"index\":\u{1b}[31m}\n");
    refused(
        &["export", "edn", &garbage],
        255,
        "garbage.jsonl: line 1: is not an event",
    );
    let untouched = place.write("untouched", "mine");
    refused(&["export", "edn", &garbage, "-o", &untouched], 255, "line 1");
    assert_eq!(fs::read_to_string(untouched).unwrap(), "mine");
}
