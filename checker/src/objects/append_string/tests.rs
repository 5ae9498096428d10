//! What is said of hand-written histories.

use crate::{Model, Verdict, check};

fn analysis(lines: &[&str]) -> crate::Analysis {
    let bytes = lines.join("\n");
    check(
        &history::read_bytes(bytes.as_bytes()).unwrap(),
        Model::AppendString,
    )
    .unwrap()
}

fn event(process: u32, kind: &str, f: &str, value: &str) -> String {
    format!(r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value},"time":1}}"#)
}

/// What is said of calls that follow each other, each given as function, argument and answer.
fn said(calls: &[(&str, &str, &str)]) -> (Verdict, String, &'static str) {
    let mut lines = Vec::new();
    for (f, argument, answer) in calls {
        lines.push(event(1, "invoke", f, argument));
        lines.push(event(1, "ok", f, answer));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let analysis = analysis(&lines);
    let (sentence, code) = analysis
        .violations
        .first()
        .map_or((String::new(), ""), |it| (it.sentence.clone(), it.code));
    (analysis.verdict, sentence, code)
}

#[test]
fn texts_that_name_their_writers_are_decided_by_zones() {
    let lines = [
        event(1, "invoke", "append", r#""a""#),
        event(2, "invoke", "append", r#""b""#),
        event(1, "ok", "append", r#""a""#),
        event(2, "ok", "append", r#""b""#),
        event(1, "invoke", "get", "null"),
        event(1, "ok", "get", r#""ba""#),
        event(1, "invoke", "put", r#""c""#),
        event(2, "invoke", "get", "null"),
        event(2, "ok", "get", r#""c""#),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let analysis = analysis(&lines);
    assert_eq!(analysis.verdict, Verdict::Valid);
    assert_eq!(analysis.stats.algorithm, "zones");
}

#[test]
fn a_text_that_nobody_made_is_told() {
    let (verdict, sentence, code) = said(&[("append", r#""a""#, r#""a""#), ("get", "null", r#""ac""#)]);
    assert_eq!((verdict, code), (Verdict::Invalid, "append-string.from-nowhere"));
    assert_eq!(
        sentence,
        "Client 1 got a text from the object that no puts and appends make."
    );
}

#[test]
fn an_update_that_a_later_get_does_not_show_is_told() {
    let (_, sentence, code) = said(&[("append", r#""a""#, r#""a""#), ("get", "null", r#""""#)]);
    assert_eq!(code, "append-string.lost-update");
    assert_eq!(
        sentence,
        "Client 1 got a text from the object without \"a\", which was in it by then."
    );
}

#[test]
fn texts_that_contradict_each_other_are_told() {
    let (_, sentence, code) = said(&[
        ("append", r#""a""#, r#""a""#),
        ("append", r#""b""#, r#""b""#),
        ("get", "null", r#""ab""#),
        ("get", "null", r#""ba""#),
    ]);
    assert_eq!(code, "append-string.two-orders");
    assert!(sentence.starts_with("Clients 1 and 1 got texts"), "{sentence}");
}

#[test]
fn what_is_not_a_string_is_refused() {
    let line = event(1, "invoke", "append", "7");
    let history = history::read_bytes(line.as_bytes()).unwrap();
    let problem = check(&history, Model::AppendString).unwrap_err().to_string();
    assert_eq!(problem, "check event 0: what is put or appended is a string");
}
