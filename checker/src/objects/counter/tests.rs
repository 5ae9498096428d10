//! Every kind of violation of a counter, and its words.

use crate::objects::script::{Line, assert_told, history, is_legal};
use crate::{Model, Verdict, check};

const COUNTER: Model = Model::Counter;

fn is(script: &[Line], code: &str, sentence: &str) {
    assert_told(COUNTER, script, code, sentence);
}

#[test]
fn what_was_added_is_there() {
    is(
        &[
            (0, "invoke", "add", "1"),
            (0, "ok", "add", "1"),
            (0, "invoke", "add", "4"),
            (0, "ok", "add", "4"),
            (0, "invoke", "read", "null"),
            (0, "ok", "read", "0"),
        ],
        "counter.lost-update",
        "At least 4 had been added to x when it was told to be 0.",
    );
    is(
        &[
            (0, "invoke", "add", "1"),
            (0, "ok", "add", "1"),
            (0, "invoke", "add", "2"),
            (0, "ok", "add", "2"),
            (0, "invoke", "read", "null"),
            (0, "ok", "read", "2"),
        ],
        "counter.impossible",
        "1 was added to x before it was told to be 2, and no choice of the rest gives that.",
    );
}

#[test]
fn an_update_is_missed_since_the_last_read() {
    is(
        &[
            (0, "invoke", "inc", "null"),
            (0, "ok", "inc", "null"),
            (0, "invoke", "read", "null"),
            (0, "ok", "read", "1"),
            (1, "invoke", "inc", "null"),
            (1, "ok", "inc", "null"),
            (0, "invoke", "read", "null"),
            (0, "ok", "read", "1"),
        ],
        "counter.lost-update",
        "x was 1, then 1 was added, and after that it was told to be 1.",
    );
}

#[test]
fn a_counter_is_no_more_than_was_added() {
    is(
        &[
            (0, "invoke", "inc", "1"),
            (1, "invoke", "read", "null"),
            (1, "ok", "read", "2"),
            (2, "invoke", "inc", "1"),
        ],
        "counter.too-much",
        "x was told to be 2, and no more than 1 can have been added by then.",
    );
}

#[test]
fn a_counter_that_grows_does_not_go_back() {
    is(
        &[
            (0, "invoke", "inc", "1"),
            (1, "invoke", "read", "null"),
            (1, "ok", "read", "1"),
            (1, "invoke", "read", "null"),
            (1, "ok", "read", "0"),
        ],
        "counter.going-back",
        "x was told to be 1, and 1 ms later 0.",
    );
}

#[test]
fn two_additions_are_not_answered_the_same() {
    is(
        &[
            (0, "invoke", "inc", "1"),
            (1, "invoke", "inc", "1"),
            (0, "ok", "inc", "1"),
            (1, "ok", "inc", "1"),
        ],
        "counter.duplicate",
        "Two additions to x were both answered 1.",
    );
}

#[test]
fn an_add_that_only_repeats_its_argument_says_nothing_of_the_value() {
    let echo = [
        (0, "invoke", "add", "1"),
        (0, "ok", "add", "1"),
        (0, "invoke", "add", "1"),
        (0, "ok", "add", "1"),
    ];
    assert!(is_legal(COUNTER, &echo));
    let says = [(0, "invoke", "add", "2"), (0, "ok", "add", "4")];
    let all: Vec<Line> = echo.into_iter().chain(says).collect();
    assert!(
        !is_legal(COUNTER, &all),
        "here one does not, so all are new values"
    );
}

#[test]
fn no_choice_of_what_was_added_gives_the_value() {
    is(
        &[
            (0, "invoke", "add", "2"),
            (1, "invoke", "add", "4"),
            (2, "invoke", "read", "null"),
            (2, "ok", "read", "3"),
        ],
        "counter.impossible",
        "x was told to be 3, and no choice of what was added gives that.",
    );
}

#[test]
fn a_long_counterexample_is_told_without_a_search() {
    let mut text = String::new();
    for _ in 0..5_000 {
        text += r#"{"process":0,"type":"invoke","f":"inc","value":null}
{"process":0,"type":"ok","f":"inc","value":null}
"#;
    }
    text += r#"{"process":0,"type":"invoke","f":"read","value":null}
{"process":0,"type":"ok","f":"read","value":4998}
"#;
    let history = history::read_bytes(text.as_bytes()).unwrap();
    let analysis = check(&history, COUNTER).unwrap();
    assert_eq!(analysis.verdict, Verdict::Invalid);
    let violation = &analysis.violations[0];
    assert_eq!(
        (violation.core.len(), violation.shrink.minimal),
        (5_000, true),
        "4,999 additions and the read"
    );
    assert_eq!(
        violation.sentence,
        "At least 4999 had been added to the object when it was told to be 4998."
    );
}

#[test]
fn what_is_added_is_a_number() {
    let script = [(0, "invoke", "add", "\"1\"")];
    let error = check(&history(&script), COUNTER).unwrap_err();
    assert!(error.to_string().contains("is an integer"), "{error}");
}
