//! Every kind of violation of an append list, and its words.

use crate::objects::script::{Line, assert_told, history, is_legal, violation};
use crate::{CheckError, Model, check};

const APPEND: Model = Model::Append;

fn is(script: &[Line], code: &str, sentence: &str) {
    assert_told(APPEND, script, code, sentence);
}

#[test]
fn two_reads_of_which_none_begins_the_other_diverge() {
    is(
        &[
            (0, "invoke", "append", "1"),
            (1, "invoke", "append", "2"),
            (2, "invoke", "read", "null"),
            (2, "ok", "read", "[1]"),
            (2, "invoke", "read", "null"),
            (2, "ok", "read", "[2,1]"),
        ],
        "append.diverging",
        "Two reads of x disagree: at place 1 one shows 1, the other 2.",
    );
}

#[test]
fn an_element_from_nowhere_is_named() {
    is(
        &[(0, "invoke", "read", "null"), (0, "ok", "read", "[7]")],
        "append.unexpected",
        "A read of x shows 7, which nobody had appended by then.",
    );
}

#[test]
fn an_append_that_failed_is_not_seen() {
    is(
        &[
            (0, "invoke", "append", "7"),
            (0, "fail", "append", "7"),
            (0, "invoke", "read", "null"),
            (0, "ok", "read", "[7]"),
        ],
        "append.aborted",
        "A read of x shows 7, whose append was reported as failed.",
    );
}

#[test]
fn an_element_is_not_in_twice_that_was_appended_once() {
    is(
        &[
            (0, "invoke", "append", "7"),
            (0, "ok", "append", "7"),
            (0, "invoke", "read", "null"),
            (0, "ok", "read", "[7,7]"),
        ],
        "append.duplicated",
        "A read of x shows 7 2 times; it was appended once.",
    );
}

#[test]
fn an_acknowledged_append_is_lost_or_only_late() {
    let lost: Vec<Line> = vec![
        (0, "invoke", "append", "7"),
        (0, "ok", "append", "7"),
        (1, "invoke", "read", "null"),
        (1, "ok", "read", "null"),
    ];
    is(
        &lost,
        "append.lost",
        "The append of 7 to x was acknowledged, and no read shows it.",
    );
    let mut late = lost;
    late.extend([(1, "invoke", "read", "null"), (1, "ok", "read", "[7]")]);
    is(
        &late,
        "append.stale-read",
        "A read of x lacks 7, whose append had finished 1 ms before.",
    );
}

#[test]
fn a_list_does_not_get_shorter() {
    let script = [
        (0, "invoke", "append", "7"),
        (1, "invoke", "read", "null"),
        (1, "ok", "read", "[7]"),
        (1, "invoke", "read", "null"),
        (1, "ok", "read", "[]"),
    ];
    is(
        &script,
        "append.going-back",
        "x was read with 1 elements, and 1 ms later with 0.",
    );
    let violation = violation(APPEND, &script);
    let sentences: Vec<&str> = violation.reasons.iter().map(|it| it.sentence.as_str()).collect();
    assert_eq!(
        sentences,
        [
            "A comes before B: A had its answer 1 ms before B began.",
            "B must come before A: the list that A was told goes on from it."
        ]
    );
}

#[test]
fn appends_stand_in_the_order_in_which_they_were_done() {
    is(
        &[
            (0, "invoke", "append", "1"),
            (0, "ok", "append", "1"),
            (0, "invoke", "append", "2"),
            (1, "invoke", "read", "null"),
            (0, "ok", "append", "2"),
            (1, "ok", "read", "[2,1]"),
        ],
        "append.order",
        "In x 2 stands before 1, whose append had finished 1 ms earlier.",
    );
}

#[test]
fn thousands_of_unknown_outcomes_and_a_long_list_do_not_hurt() {
    let mut text = String::new();
    let mut line = |process: u64, kind: &str, f: &str, value: &str| {
        text += &format!(r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value}}}"#);
        text.push('\n');
    };
    let all: Vec<String> = (0..1_500).map(|it| it.to_string()).collect();
    for number in 0..3_000 {
        line(10 + number, "invoke", "append", &number.to_string());
    }
    line(0, "invoke", "read", "null");
    line(0, "ok", "read", &format!("[{}]", all.join(",")));
    line(0, "invoke", "read", "null");
    line(0, "ok", "read", &format!("[{}]", all[..1_400].join(",")));
    let history = history::read_bytes(text.as_bytes()).unwrap();
    let analysis = check(&history, APPEND).unwrap();
    let violation = &analysis.violations[0];
    assert_eq!((violation.code, violation.core.len()), ("append.going-back", 2));
    assert!(violation.shrink.verified && violation.shrink.minimal);
    assert_eq!(analysis.census.unwrap().recovered.count, 1_500);
}

#[test]
fn appends_that_nobody_reads_have_any_order() {
    assert!(is_legal(
        APPEND,
        &[
            (0, "invoke", "append", "1"),
            (1, "invoke", "append", "\"a\""),
            (0, "ok", "append", "1"),
            (1, "ok", "append", "null"),
        ]
    ));
}

#[test]
fn an_answer_that_is_no_list_is_refused_with_its_place() {
    let script = [(0, "invoke", "read", "null"), (0, "ok", "read", "5")];
    let error = check(&history(&script), APPEND).unwrap_err();
    assert!(matches!(error, CheckError::Malformed { event: 0, .. }));
    assert!(error.to_string().contains("array of its elements"), "{error}");
}
