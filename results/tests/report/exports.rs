//! Histories in the formats of other tools, read by other readers.

use crate::hostile::{HOSTILE, hostile};
use crate::script::{Script, worked};
use crate::sentences::failing;
use checker::Model;
use clojure_reader::edn::{Edn, read_string};
use history::History;
use results::coverage::Coverage;
use results::export::{Run, csv::COLUMNS, write_csv, write_edn, write_perfetto};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

fn edn(history: &History) -> String {
    let mut out = Vec::new();
    write_edn(history, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn field<'a>(operation: &'a Edn<'a>, name: &'a str) -> &'a Edn<'a> {
    operation
        .get(&Edn::key(name))
        .unwrap_or_else(|| panic!("no {name} in {operation}"))
}

/// An operation whose outcome nobody knows, one that failed, and everything of a failing run.
fn every_kind() -> Script {
    let mut script = failing();
    let event = |process: u64, kind: &str| json!({"process": process, "type": kind, "f": "propose", "key": 148, "value": if kind == "invoke" { json!(5) } else { json!(null) }, "node": "n2"});
    script.line(40, event(5, "invoke"));
    let mut lost = event(5, "info");
    lost["error"] = "timed out".into();
    script.line(1_040, lost);
    script.line(41, event(6, "invoke")).line(42, event(6, "fail"));
    script.line(43, event(7, "invoke"));
    // Lines are numbered in the order in which they stand in the file, once they are sorted by time.
    script
}

#[test]
fn edn_is_what_jepsen_keeps_and_reads() {
    let text = edn(&every_kind().history());
    let operations: Vec<Edn<'_>> = text.lines().map(|line| read_string(line).unwrap()).collect();
    for (index, operation) in (0..).zip(&operations) {
        assert_eq!(field(operation, "index"), &Edn::Int(index), "indices are dense");
    }
    let times: Vec<&Edn<'_>> = operations.iter().map(|it| field(it, "time")).collect();
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1]), "{text}");
    let first = read_string(
        r#"{:type :invoke, :f :propose, :value [148 5], :time 40000000, :process 5, :index 0, :node "n2"}"#,
    );
    assert_eq!(operations[0], first.unwrap());
    assert!(text.contains(r#":type :info, :f :propose, :value [148 5], :time 1040000000, :process 5, :index 4, :node "n2", :error "timed out"}"#), "{text}");
    assert!(text.contains(":type :ok, :f :read, :value [147 42],"), "{text}");
    // As jepsen.history pairs: an invocation and its completion by process; the nemesis two by two.
    let mut open: HashMap<String, &Edn<'_>> = HashMap::new();
    let mut acts = Vec::new();
    for operation in &operations {
        let process = field(operation, "process").to_string();
        let kind = field(operation, "type").to_string();
        match (kind.as_str(), open.remove(&process)) {
            (":invoke", None) => drop(open.insert(process, operation)),
            (":ok" | ":fail" | ":info", Some(invocation)) => {
                assert_eq!(field(invocation, "f"), field(operation, "f"));
                if process == ":nemesis" {
                    acts.push(field(operation, "f").to_string());
                }
            }
            (":info", None) if process == ":nemesis" => drop(open.insert(process, operation)),
            (kind, open) => panic!("{kind} of {process} with {open:?} open"),
        }
    }
    assert_eq!(acts, [":kill", ":start-partition", ":start", ":stop-partition"]);
    assert_eq!(open.len(), 1, "one operation never completed");
}

/// A string of EDN as Clojure reads it, with its escapes.
fn clojure_string(quoted: &str) -> String {
    serde_json::from_str(quoted).unwrap()
}

#[test]
fn hostile_values_are_strings_in_edn() {
    let text = edn(&hostile());
    assert!(!text.contains(['\u{1b}', '\u{0}', '\u{202e}']));
    let line = text.lines().find(|line| line.contains(":ok")).unwrap();
    let (_, value) = line.split_once(":value [147 ").unwrap();
    let (value, _) = value.split_once("], :time").unwrap();
    assert_eq!(clojure_string(value), HOSTILE);
}

#[test]
fn the_table_has_a_row_for_each_operation_and_a_reader_gets_the_values_back() {
    let mut script = every_kind();
    script.line(
        50_000,
        json!({"process": 8, "type": "invoke", "f": "read", "key": "=1+1", "value": null, "node": "=cmd"}),
    );
    script.line(50_001, json!({"process": 8, "type": "fail", "f": "read", "key": "=1+1", "value": null, "node": "=cmd", "error": "@sum,\"\n"}));
    let mut out = Vec::new();
    write_csv(&script.history(), &mut out).unwrap();
    let mut table = csv::Reader::from_reader(out.as_slice());
    assert_eq!(table.headers().unwrap(), COLUMNS.as_slice());
    let rows: Vec<HashMap<String, String>> = table.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 7);
    let by_type = |kind: &str| rows.iter().filter(|row| row["type"] == kind).count();
    assert_eq!([by_type("ok"), by_type("fail"), by_type("info")], [3, 2, 2]);
    let decided = rows.iter().find(|row| row["output"] == "42").unwrap();
    assert_eq!(
        [
            &decided["f"],
            &decided["input"],
            &decided["phase"],
            &decided["duration_ns"]
        ],
        ["propose", "42", "run", "79000000"]
    );
    let last = &rows[6];
    assert_eq!([&last["node"], &last["key"]], ["'=cmd", "\"=1+1\""]);
    assert_eq!(last["error"], "'@sum,\"\\u{a}");
    let mut out = Vec::new();
    write_csv(&hostile(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains(['\u{1b}', '\u{0}', '\u{202e}']));
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<HashMap<String, String>> = table.deserialize().map(Result::unwrap).collect();
    assert_eq!(
        serde_json::from_str::<String>(&rows[0]["output"]).unwrap(),
        HOSTILE
    );
}

fn perfetto(history: &History) -> Value {
    let analysis = checker::check(history, Model::Decree).unwrap();
    let coverage = Coverage::of(history);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("nodes/n3")).unwrap();
    let log = folder.path().join("nodes/n3/stderr.log");
    std::fs::write(
        log,
        "31.418000 [harness] killed\n31.655000 started\u{1b}[31m</script>\n",
    )
    .unwrap();
    let mut out = Vec::new();
    let run = Run {
        history,
        coverage: &coverage,
        analysis: Some(&analysis),
        directory: Some(folder.path()),
        redaction: &results::Redaction::default(),
    };
    write_perfetto(&run, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains(['\u{1b}', '\u{0}', '\u{202e}']));
    serde_json::from_str(&text).unwrap()
}

fn ns(value: &Value) -> u64 {
    (value.as_f64().unwrap() * 1000.0).round() as u64
}

/// What is wrong with a trace: slices of a thread that overlap, threads without a name, flows without both ends or
/// with an end outside of any slice.
fn problems(trace: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let mut slices: BTreeMap<(u64, u64), Vec<(u64, u64)>> = BTreeMap::new();
    let mut named = Vec::new();
    let mut flows: BTreeMap<u64, Vec<(&str, u64)>> = BTreeMap::new();
    let events = trace["traceEvents"].as_array().unwrap();
    let thread = |event: &Value| (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
    for event in events {
        match event["ph"].as_str().unwrap() {
            "X" => {
                let start = ns(&event["ts"]);
                let end = start + ns(&event["dur"]);
                slices.entry(thread(event)).or_default().push((start, end));
            }
            "M" if event["name"] == "thread_name" => named.push(thread(event)),
            "M" | "C" | "i" => {}
            phase @ ("s" | "f") => {
                let ends = flows.entry(event["id"].as_u64().unwrap()).or_default();
                ends.push((phase, ns(&event["ts"])));
            }
            other => problems.push(format!("unknown phase {other}")),
        }
    }
    for (thread, of_thread) in &slices {
        if named.iter().filter(|it| *it == thread).count() != 1 {
            problems.push(format!("{thread:?} has no name, or two"));
        }
        for pair in of_thread.windows(2) {
            if pair[1].0 < pair[0].1 {
                problems.push(format!("{thread:?}: {:?} overlaps {:?}", pair[0], pair[1]));
            }
        }
    }
    for (id, ends) in &flows {
        let is_pair = matches!(ends.as_slice(), [("s", from), ("f", to)] if from <= to);
        if !is_pair {
            problems.push(format!("flow {id}: {ends:?}"));
        }
    }
    for event in events.iter().filter(|it| it["ph"] == "s" || it["ph"] == "f") {
        let at = ns(&event["ts"]);
        let of_thread = slices.get(&thread(event)).map_or(&[][..], Vec::as_slice);
        if !of_thread.iter().any(|(start, end)| (*start..=*end).contains(&at)) {
            problems.push(format!("an end of flow {} is in no slice", event["id"]));
        }
    }
    problems
}

#[test]
fn a_trace_has_every_operation_fault_and_reason_and_nothing_overlaps() {
    let trace = perfetto(&every_kind().history());
    assert_eq!(problems(&trace), Vec::<String>::new());
    let events = trace["traceEvents"].as_array().unwrap();
    let named = |name: &str| {
        events
            .iter()
            .filter(|it| it["name"].as_str() == Some(name))
            .count()
    };
    let of = |ph: &str, cat: &str| {
        events
            .iter()
            .filter(|it| it["ph"] == ph && it["cat"] == cat)
            .count()
    };
    assert_eq!(
        [of("X", "ok"), of("X", "fail"), of("X", "info")],
        [3, 1, 2],
        "operations"
    );
    assert_eq!(
        [of("X", "kill"), of("X", "partition")],
        [1, 5],
        "a slice for each node"
    );
    assert_eq!([of("s", "reason"), of("f", "reason")], [2, 2]);
    assert_eq!(named("A: propose(17) → 17") + named("B: propose(42) → 42"), 2);
    assert_eq!(of("i", "log"), 2, "lines of the log of n3");
    for counter in ["operations per second", "nodes up", "unknown outcomes"] {
        assert!(named(counter) > 1, "{counter}");
    }
    let lost = events
        .iter()
        .find(|it| it["cat"] == "info" && it["args"]["error"] == "timed out")
        .unwrap();
    assert_eq!(
        ns(&lost["ts"]) + ns(&lost["dur"]),
        36_020_000_000,
        "what nobody knows lasts to the end"
    );
    let up: Vec<f64> = events
        .iter()
        .filter(|it| it["name"] == "nodes up")
        .map(|it| it["args"]["value"].as_f64().unwrap())
        .collect();
    assert_eq!(up, [5.0, 4.0, 5.0]);
}

#[test]
fn faults_and_times_that_overlap_get_threads_of_their_own() {
    let mut script = Script::new(&["kill"]);
    worked(&mut script)
        .kill(1, "n3", 100, 200)
        .kill(2, "n3", 150, 250)
        .cut(3, true, 120, 260)
        .cut(4, true, 130, 240);
    let trace = perfetto(&script.history());
    assert_eq!(problems(&trace), Vec::<String>::new());
    let mut script = Script::new(&[]);
    for (at, kind) in [
        (9, "invoke"),
        (1, "ok"),
        (5, "invoke"),
        (u64::MAX, "ok"),
        (2, "invoke"),
        (3, "ok"),
    ] {
        let event = json!({"process": 0, "type": kind, "f": "propose", "key": 1, "value": 1, "node": "n1", "time": at, "index": script.index});
        script.index += 1;
        script.lines.push(event.to_string());
    }
    let file = script.lines.join("\n") + "\n";
    let trace = perfetto(&history::read_bytes(file.as_bytes()).unwrap());
    assert_eq!(
        problems(&trace),
        Vec::<String>::new(),
        "times that no clock gives"
    );
}

#[test]
fn the_check_of_traces_can_say_no() {
    let slice = |ts: u64, dur: u64| json!({"ph": "X", "name": "x", "pid": 1, "tid": 2, "ts": ts, "dur": dur});
    let end = |ph: &str, ts: u64| json!({"ph": ph, "name": "x", "id": 1, "pid": 1, "tid": 2, "ts": ts});
    let trace = json!({"traceEvents": [slice(1, 5), slice(3, 1), end("f", 9)]});
    assert_eq!(problems(&trace).len(), 4, "{:?}", problems(&trace));
}

#[test]
fn hostile_values_are_words_in_a_trace() {
    let trace = perfetto(&hostile());
    assert_eq!(problems(&trace), Vec::<String>::new());
    assert!(trace.to_string().len() < 40_000, "huge values are cut");
}
