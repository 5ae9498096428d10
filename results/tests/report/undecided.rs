//! A run that the checker could not decide: how far it got, and what would help, for people and for programs.

use crate::script::{Script, told, told_within, worked};
use checker::{Limits, Model};
use history::History;
use results::{Outcome, Results};
use serde_json::{Value, json};

/// Compare-and-sets between few values that were never answered, and reads that see all of them: each may have
/// happened at any time since, so that there are many states of affairs.
pub fn hard(value: &Value) -> History {
    read(&hard_lines(value))
}

fn hard_lines(value: &Value) -> Vec<Value> {
    let mut lines = vec![json!({
        "schema": "harness.history/v1", "run": "20261123T064512Z-7", "system": "db", "workload": "cas-register",
        "model": "cas-register", "seed": 7, "nodes": ["n1", "n2", "n3"], "clients": 24,
        "nemesis": [], "client_timeout_ns": 1_000_000_000, "started_at": "2026-11-23T06:45:12Z",
    })];
    let mut event = |process: u64, time_ms: u64, kind: &str, f: &str, value: Value| {
        lines.push(json!({
            "process": process, "time": time_ms * 1_000_000, "type": kind, "f": f, "key": "x",
            "value": value, "node": format!("n{}", process % 3 + 1),
        }));
    };
    let state = |number: u64| match number % 6 {
        0 => value.clone(),
        other => json!(other),
    };
    event(0, 5, "invoke", "write", state(0));
    event(0, 8, "ok", "write", state(0));
    // Each of the values may have become each other one.
    for client in 0..30 {
        let (from, to) = (client / 5, client % 5);
        let swap = json!([state(from), state(if to < from { to } else { to + 1 })]);
        event(client + 1, 10 + client, "invoke", "cas", swap);
    }
    for round in 0..10 {
        event(40 + round % 4, 100 + round * 10, "invoke", "read", Value::Null);
        event(40 + round % 4, 105 + round * 10, "ok", "read", state(round * 5));
    }
    lines
}

fn read(lines: &[Value]) -> History {
    let lines = lines.iter().enumerate().map(|(place, line)| {
        let mut line = line.clone();
        if place > 0 {
            line["index"] = (place - 1).into();
        }
        line.to_string() + "\n"
    });
    history::read_bytes(lines.collect::<String>().as_bytes()).unwrap()
}

/// What is told of it within the most memory that is too little.
pub fn narrow(value: &Value) -> (Results, String, String) {
    narrowly(&hard(value))
}

fn narrowly(history: &History) -> (Results, String, String) {
    let told = (6..=20).rev().map(|power| {
        let limits = Limits {
            time: None,
            memory_bytes: Some(1 << power),
        };
        told_within(history, Model::CasRegister, &limits)
    });
    let mut undecided = told.filter(|(results, ..)| results.unknown.is_some());
    undecided.next().expect("64 bytes are too few")
}

#[test]
fn an_undecided_run_says_how_far_the_checker_got_and_what_would_help() {
    let (results, block, page) = narrow(&json!(0));
    // In a command each word is kept together.
    let page = page.replace("</span> <span class=\"word\">", " ");
    assert_eq!(results.verdict, Outcome::Unknown, "{block}");
    let unknown = results.unknown.as_ref().unwrap();
    assert_eq!((unknown.limit.as_str(), unknown.undecided), ("memory", 1));
    let object = &unknown.objects[0];
    assert_eq!(object.key, json!("x"));
    assert!(object.placed < object.of && object.width > 0, "{object:?}");
    assert!(object.widened_at_s.unwrap() > 0.0);
    // How it went, to the moment of the limit.
    let last = object.course.last().unwrap();
    let limit = results.checks[0].limits.as_ref().unwrap().memory_bytes.unwrap();
    assert!(
        last.held_bytes > limit && last.placed == object.placed,
        "{object:?}"
    );
    assert_eq!(page.matches("<svg class=\"course-plot\"").count(), 3);
    for words in ["limit: ", "States, that this search had come to: ", "all: 11"] {
        assert!(page.contains(words), "{words}");
    }
    // Those without an outcome come first: they are what makes it hard.
    assert_eq!(object.suspects[0].kind, "info");
    assert_eq!(object.suspects[0].f, "cas");
    assert!(
        unknown
            .ways
            .iter()
            .any(|way| way.contains("--checker-memory 4GiB"))
    );
    assert!(unknown.ways.iter().any(|way| way.contains("--client-timeout 5s")));
    for words in [object.sentence(), "--checker-memory 4GiB".to_owned()] {
        assert!(block.contains(&words), "{words}: {block}");
        assert!(page.contains(&words), "{words}");
        assert!(results::markdown(&results, None).contains(&words), "{words}");
    }
    assert!(page.contains("How far the checker got") && page.contains("unknown outcome"));
    // Nobody is told that all is well.
    assert_eq!(results.checks[0].result, "1 of 1 register not decided");
    assert!(page.contains("1 not decided") && !page.contains("all linearizable"));
}

#[test]
fn where_one_object_of_several_is_the_cause_it_can_be_checked_alone() {
    let mut lines = hard_lines(&json!(0));
    for (kind, value) in [("invoke", json!(null)), ("ok", json!(3))] {
        lines.push(json!({
            "process": 50, "time": 900_000_000, "type": kind, "f": "read", "key": "y z", "value": value, "node": "n1",
        }));
    }
    lines.insert(1, json!({"process": 50, "time": 1, "type": "invoke", "f": "write", "key": "y z", "value": 3, "node": "n1"}));
    lines.insert(
        2,
        json!({"process": 50, "time": 2, "type": "ok", "f": "write", "key": "y z", "value": 3, "node": "n1"}),
    );
    let (results, block, _) = narrowly(&read(&lines));
    let unknown = results.unknown.as_ref().unwrap();
    assert_eq!(unknown.undecided, 1, "{block}");
    let alone = |ways: &[String]| ways.iter().filter(|way| way.contains("--key")).count();
    assert_eq!(alone(&unknown.ways), 1, "{block}");
    assert!(
        block.contains("alone, which is told and not kept: --key '\"x\"' --checker-memory 4GiB"),
        "{block}"
    );
    let limits = results.checks[0].limits.as_ref().unwrap();
    assert_eq!(limits.hit.as_deref(), Some("memory"));
    assert!(limits.memory_bytes.is_some() && limits.time_s.is_none());
    // Of a single object there is nothing else to be left out.
    let (results, ..) = narrow(&json!(0));
    assert_eq!(alone(&results.unknown.unwrap().ways), 0);
}

#[test]
fn with_enough_memory_there_is_nothing_to_say() {
    let mut script = Script::new(&["kill"]);
    let (results, _, page) = told(&worked(&mut script).history());
    assert_ne!(results.reason.kind, "checker-limit");
    assert_eq!(results.unknown, None);
    assert!(!page.contains("How far the checker got"));
}

#[test]
fn a_long_search_says_how_it_went_within_bounds() {
    let history = hard(&json!(0));
    let limits = Limits {
        time: None,
        memory_bytes: Some(1 << 20),
    };
    let analysis = checker::check_with(
        &history,
        Model::CasRegister,
        &checker::Options {
            limits,
            ..checker::Options::default()
        },
    )
    .unwrap();
    for undecided in &analysis.undecided {
        assert!((1..=checker::course::MOMENTS_MAX).contains(&undecided.course.len()));
        assert!(
            undecided
                .course
                .is_sorted_by_key(|moment| (moment.at, moment.states))
        );
        assert!(undecided.course.last().unwrap().held_bytes > 1 << 20);
    }
    assert_eq!(analysis.undecided.len(), analysis.keys.unknown);
}

#[test]
fn hostile_values_are_words_there_too() {
    let hostile = json!("</script><img src=x onerror=alert(1)>\u{1b}[31m\u{202e}");
    let (_, block, page) = narrow(&hostile);
    assert!(!page.contains("<img src=x"), "it is no markup");
    assert!(page.contains("How far the checker got"));
    assert!(!block.contains(['\u{1b}', '\u{202e}']), "{block}");
}

#[test]
fn an_object_of_a_history_without_keys_is_called_what_it_is() {
    let mut lines = hard_lines(&json!(0));
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("key");
    }
    let (_, block, page) = narrowly(&read(&lines));
    assert!(block.contains("   The register: "), "{block}");
    assert!(page.contains("The register</"), "{page}");
    assert!(
        !block.contains("null: ") && !page.contains("Register null"),
        "{block}"
    );
}
