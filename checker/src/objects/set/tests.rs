//! Every kind of violation of a set, and its words.

use crate::objects::script::{Line, assert_told, history, is_legal, violation};
use crate::{CheckError, Limits, Model, Options, Verdict, check, check_with};

const SET: Model = Model::Set;

fn is(script: &[Line], code: &str, sentence: &str) {
    assert_told(SET, script, code, sentence);
}

#[test]
fn an_acknowledged_element_is_lost_or_only_late() {
    let lost: Vec<Line> = vec![
        (0, "invoke", "add", "7"),
        (0, "ok", "add", "7"),
        (1, "invoke", "read", "null"),
        (1, "ok", "read", "[]"),
    ];
    is(
        &lost,
        "set.lost",
        "The add of 7 to x was acknowledged, and nobody ever saw it.",
    );
    let mut late = lost;
    late.extend([(1, "invoke", "contains", "7"), (1, "ok", "contains", "[7,true]")]);
    is(
        &late,
        "set.stale-read",
        "7 was added to x, and 1 ms later it was not in.",
    );
}

#[test]
fn an_element_that_was_removed_is_gone() {
    is(
        &[
            (0, "invoke", "add", "7"),
            (0, "ok", "add", "[7,true]"),
            (0, "invoke", "remove", "7"),
            (0, "ok", "remove", "[7,true]"),
            (1, "invoke", "contains", "7"),
            (1, "ok", "contains", "[7,true]"),
        ],
        "set.stale-read",
        "7 was removed from x, and 1 ms later it was still in.",
    );
}

#[test]
fn elements_from_nowhere_and_those_that_failed_are_named() {
    let read = [(0, "invoke", "read", "null"), (0, "ok", "read", "[7]")];
    is(
        &read,
        "set.unexpected",
        "7 was in x, and nobody had added it by then.",
    );
    let failed: Vec<Line> = [(1, "invoke", "add", "7"), (1, "fail", "add", "7")]
        .into_iter()
        .chain(read)
        .collect();
    is(
        &failed,
        "set.aborted",
        "7 was in x, and its add was reported as failed.",
    );
    is(
        &[(0, "invoke", "contains", "7"), (0, "ok", "contains", "[7,true]")],
        "set.unexpected",
        "7 was in x, and nobody had added it by then.",
    );
}

#[test]
fn a_set_shows_an_element_once() {
    is(
        &[
            (0, "invoke", "add", "7"),
            (0, "ok", "add", "7"),
            (0, "invoke", "read", "null"),
            (0, "ok", "read", "[7,7]"),
        ],
        "set.duplicated",
        "A read of x shows 7 twice.",
    );
}

#[test]
fn reads_of_a_growing_set_are_one_inside_the_other() {
    let adds = [(0, "invoke", "add", "1"), (1, "invoke", "add", "2")];
    let one = [(2, "invoke", "read", "null"), (3, "invoke", "read", "null")];
    let both: Vec<Line> = adds
        .into_iter()
        .chain(one)
        .chain([(2, "ok", "read", "[1]"), (3, "ok", "read", "[2]")])
        .collect();
    is(
        &both,
        "set.diverging",
        "One read of x shows 1 and not 2, another 2 and not 1.",
    );
    let back: Vec<Line> = adds
        .into_iter()
        .chain([
            (2, "invoke", "read", "null"),
            (2, "ok", "read", "[2,1]"),
            (2, "invoke", "read", "null"),
            (2, "ok", "read", "[1]"),
        ])
        .collect();
    is(&back, "set.going-back", "2 was in x, and 1 ms later it was not.");
    let reasons = violation(SET, &back).reasons;
    assert_eq!(reasons[1].sentence, "B must come before A: B found 2 not in.");
}

#[test]
fn a_read_falls_between_a_removal_and_what_came_with_it() {
    // 1 goes and 2 comes at the same time; one read sees neither, another both.
    let begin = [
        (0, "invoke", "add", "1"),
        (0, "ok", "add", "[1,true]"),
        (0, "invoke", "remove", "1"),
        (1, "invoke", "add", "2"),
        (2, "invoke", "read", "null"),
        (3, "invoke", "read", "null"),
    ];
    let end = [(0, "ok", "remove", "[1,true]"), (1, "ok", "add", "[2,true]")];
    let with = |one: &'static str, other: &'static str| -> Vec<Line> {
        let reads = [(2, "ok", "read", one), (3, "ok", "read", other)];
        begin.into_iter().chain(reads).chain(end).collect()
    };
    assert!(is_legal(SET, &with("[1]", "[]")));
    assert!(is_legal(SET, &with("[1,2]", "[2]")));
    assert!(!is_legal(SET, &with("[]", "[1,2]")));
}

#[test]
fn what_a_read_needs_may_have_come_with_another_read() {
    // The read of 2 alone falls before 3 is there; then the other one lacks 1 only.
    let adds: [Line; 5] = [
        (0, "invoke", "add", "1"),
        (1, "invoke", "add", "2"),
        (2, "invoke", "add", "3"),
        (3, "invoke", "read", "null"),
        (4, "invoke", "read", "null"),
    ];
    let reads: [Line; 2] = [(3, "ok", "read", "[1,2,3]"), (4, "ok", "read", "[2]")];
    let done: [Line; 3] = [
        (0, "ok", "add", "1"),
        (1, "ok", "add", "2"),
        (2, "ok", "add", "3"),
    ];
    let wrong: [Line; 2] = [reads[0], (4, "ok", "read", "[2,4]")];
    assert!(is_legal(SET, &[&adds[..], &reads, &done].concat()));
    assert!(!is_legal(SET, &[&adds[..], &wrong, &done].concat()));
}

#[test]
fn an_add_that_found_its_element_may_have_come_after_a_removal_that_somebody_saw() {
    // Nobody knows whether it was removed; who looked saw it out, and nobody but the last add can have brought it back.
    let of = |f: &'static str, out: &'static str, and_in: &'static str| {
        let argument = if f == "read" { "null" } else { "1" };
        let script: [Line<'static>; 9] = [
            (0, "invoke", "add", "1"),
            (0, "ok", "add", "1"),
            (1, "invoke", "remove", "1"),
            (2, "invoke", f, argument),
            (0, "invoke", "add", "1"),
            (0, "ok", "add", "1"),
            (2, "ok", f, out),
            (2, "invoke", f, argument),
            (2, "ok", f, and_in),
        ];
        script
    };
    assert!(is_legal(SET, &of("contains", "[1,false]", "[1,true]")));
    assert!(is_legal(SET, &of("read", "[]", "[1]")));
    let mut unseen = of("contains", "[1,false]", "[1,true]");
    unseen[2].2 = "contains";
    assert!(!is_legal(SET, &unseen));
}

#[test]
fn thousands_of_unknown_outcomes_do_not_hurt() {
    let mut text = String::new();
    let mut line = |process: u64, kind: &str, f: &str, value: &str| {
        text += &format!(r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value}}}"#);
        text.push('\n');
    };
    for number in 0..1_500 {
        line(10 + 2 * number, "invoke", "add", &number.to_string());
        line(11 + 2 * number, "invoke", "remove", &number.to_string());
    }
    for size in [500, 1_200, 300] {
        let all: Vec<String> = (0..size).map(|it| it.to_string()).collect();
        line(0, "invoke", "read", "null");
        line(0, "ok", "read", &format!("[{}]", all.join(",")));
    }
    line(0, "invoke", "contains", "1499");
    line(0, "ok", "contains", "[1499,true]");
    let history = history::read_bytes(text.as_bytes()).unwrap();
    assert_eq!(check(&history, SET).unwrap().verdict, Verdict::Valid);
    // Each goes at most once: what came back is a contradiction.
    text += r#"{"process":0,"type":"invoke","f":"contains","value":400}
{"process":0,"type":"ok","f":"contains","value":[400,true]}
"#;
    let history = history::read_bytes(text.as_bytes()).unwrap();
    let analysis = check(&history, SET).unwrap();
    let violation = &analysis.violations[0];
    assert!(
        violation.shrink.verified && violation.shrink.minimal,
        "{violation:#?}"
    );
    assert_eq!(violation.core.len(), 3, "it was in, it was out, and it is in");
}

#[test]
fn the_limit_on_memory_is_held() {
    let mut text = String::new();
    for number in 0..20_000 {
        text += &format!(r#"{{"process":0,"type":"invoke","f":"add","value":{number}}}"#);
        text.push('\n');
        text += &format!(r#"{{"process":0,"type":"ok","f":"add","value":{number}}}"#);
        text.push('\n');
    }
    text += r#"{"process":0,"type":"invoke","f":"read","value":null}
{"process":0,"type":"ok","f":"read","value":[]}
"#;
    let history = history::read_bytes(text.as_bytes()).unwrap();
    let options = Options {
        limits: Limits {
            time: None,
            memory_bytes: Some(100_000),
        },
        ..Options::default()
    };
    let analysis = check_with(&history, SET, &options).unwrap();
    assert_eq!(analysis.verdict, Verdict::Unknown);
    assert!(analysis.stats.peak_bytes > 100_000);
}

#[test]
fn what_is_not_an_answer_of_a_set_is_refused() {
    let script = [(0, "invoke", "contains", "7"), (0, "ok", "contains", "true")];
    let error = check(&history(&script), SET).unwrap_err();
    assert!(matches!(error, CheckError::Malformed { event: 0, .. }));
    let script = [(0, "invoke", "add", "7"), (0, "ok", "add", "[8,true]")];
    assert!(check(&history(&script), SET).is_err());
}
