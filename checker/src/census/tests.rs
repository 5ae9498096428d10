//! The census on known histories, every fate once.

use crate::{Model, check};
use history::{History, read_bytes};

/// A history of lines `process type f value`, a millisecond apart.
fn history(script: &[(u64, &str, &str, &str)]) -> History {
    let mut text = String::new();
    for (time, (process, kind, f, value)) in script.iter().enumerate() {
        let time = time * 1_000_000;
        text +=
            &format!(r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value},"time":{time}}}"#);
        text.push('\n');
    }
    read_bytes(text.as_bytes()).unwrap()
}

fn names(named: &super::Named) -> Vec<&str> {
    assert_eq!(named.count, named.some.len());
    named.some.iter().map(|it| it.element.as_str()).collect()
}

#[test]
fn every_fate_of_a_sets_elements_is_counted_and_named() {
    let history = history(&[
        (0, "invoke", "add", "1"),
        (0, "ok", "add", "1"),
        (0, "invoke", "add", "2"),
        (0, "ok", "add", "2"),
        (0, "invoke", "add", "3"),
        (0, "fail", "add", "3"),
        (1, "invoke", "add", "4"),
        (1, "info", "add", "4"),
        (2, "invoke", "add", "5"),
        (2, "info", "add", "5"),
        (0, "invoke", "read", "null"),
        (0, "ok", "read", "[2]"),
        (0, "invoke", "add", "6"),
        (0, "ok", "add", "6"),
        (0, "invoke", "read", "null"),
        (0, "ok", "read", "[1,3,4,6,9,9]"),
        (0, "invoke", "add", "7"),
        (0, "ok", "add", "7"),
    ]);
    let analysis = check(&history, Model::Set).unwrap();
    let census = analysis.census.unwrap();
    assert_eq!(
        (
            census.attempts,
            census.acknowledged,
            census.failed,
            census.unknown
        ),
        (7, 4, 1, 2)
    );
    assert_eq!(names(&census.lost), ["2"]);
    assert_eq!(names(&census.stale), ["1"]);
    assert_eq!(names(&census.unexpected), ["3", "9"]);
    assert_eq!(names(&census.recovered), ["4"]);
    assert_eq!(names(&census.never_read), ["7"]);
    assert_eq!(census.stable, 3, "1, 4 and 6");
    assert_eq!(
        census.stale_for.unwrap().max_ns,
        9_000_000,
        "from 1 ms until the read at 10 ms"
    );
    assert_eq!(
        census.lost_after.unwrap().max_ns,
        7_000_000,
        "from 3 ms until the read at 10 ms"
    );
    assert_eq!(
        census.sentence(),
        "Of 4 acknowledged elements: 1 lost (2), 2 unexpected (3, 9), 1 stale for a while (1), 1 never read (7)."
    );
}

#[test]
fn what_was_removed_is_not_lost() {
    let history = history(&[
        (0, "invoke", "add", "1"),
        (0, "ok", "add", "[1,true]"),
        (0, "invoke", "remove", "1"),
        (0, "ok", "remove", "[1,true]"),
        (0, "invoke", "contains", "1"),
        (0, "ok", "contains", "[1,false]"),
    ]);
    let analysis = check(&history, Model::Set).unwrap();
    assert_eq!(analysis.verdict, crate::Verdict::Valid);
    let census = analysis.census.unwrap();
    assert_eq!((census.lost.count, census.removed, census.stable), (0, 1, 0));
    assert_eq!(
        census.sentence(),
        "Of 1 acknowledged elements none was lost, duplicated, stale or made up."
    );
}

#[test]
fn a_list_is_counted_like_a_set_and_knows_what_it_has_twice() {
    let history = history(&[
        (0, "invoke", "append", "1"),
        (0, "ok", "append", "1"),
        (0, "invoke", "append", "2"),
        (0, "ok", "append", "2"),
        (0, "invoke", "read", "null"),
        (0, "ok", "read", "[1,1]"),
    ]);
    let census = check(&history, Model::Append).unwrap().census.unwrap();
    assert_eq!(names(&census.duplicated), ["1"]);
    assert_eq!(names(&census.lost), ["2"]);
}

#[test]
fn a_register_holds_no_elements() {
    let history = history(&[(0, "invoke", "write", "1"), (0, "ok", "write", "1")]);
    assert_eq!(check(&history, Model::CasRegister).unwrap().census, None);
}

#[test]
fn what_went_into_a_queue_is_lost_when_it_was_found_empty_later() {
    let lines = [
        (0, "invoke", "enqueue", "1"),
        (0, "ok", "enqueue", "1"),
        (0, "invoke", "enqueue", "2"),
        (0, "ok", "enqueue", "2"),
        (0, "invoke", "enqueue", "3"),
        (0, "ok", "enqueue", "3"),
        (0, "invoke", "dequeue", "null"),
        (0, "ok", "dequeue", "2"),
        (0, "invoke", "dequeue", "null"),
        (0, "ok", "dequeue", "2"),
        (0, "invoke", "dequeue", "null"),
        (0, "ok", "dequeue", "9"),
        (0, "invoke", "dequeue", "null"),
        (0, "ok", "dequeue", "null"),
        (0, "invoke", "enqueue", "4"),
        (0, "ok", "enqueue", "4"),
    ];
    let census = check(&history(&lines), Model::Queue).unwrap().census.unwrap();
    assert_eq!(names(&census.lost), ["1", "3"]);
    assert_eq!(names(&census.duplicated), ["2"]);
    assert_eq!(names(&census.unexpected), ["9"]);
    assert_eq!(names(&census.never_read), ["4"]);
    assert_eq!((census.stable, census.stale.count), (1, 0));
    assert_eq!(
        census.sentence(),
        "Of 4 acknowledged elements: 2 lost (1, 3), 1 duplicated (2), 1 unexpected (9), 1 never read (4)."
    );
    // A removal of which nobody knows what it took may have taken one of them, and no more.
    let unknown = [(1, "invoke", "dequeue", "null"), (1, "info", "dequeue", "null")];
    let lines: Vec<_> = unknown.into_iter().chain(lines).collect();
    let census = check(&history(&lines), Model::Queue).unwrap().census.unwrap();
    assert_eq!((census.lost.count, census.removed), (1, 1));
}

#[test]
fn additions_to_a_counter_are_counted_and_the_counter_is_named() {
    let lines = |last: &'static str| {
        [
            (0, "invoke", "add", "1"),
            (0, "ok", "add", "1"),
            (0, "invoke", "add", "1"),
            (0, "ok", "add", "1"),
            (1, "invoke", "add", "1"),
            (1, "info", "add", "1"),
            (0, "invoke", "read", "null"),
            (0, "ok", "read", "1"),
            (0, "invoke", "read", "null"),
            (0, "ok", "read", last),
        ]
    };
    let census = |last| {
        check(&history(&lines(last)), Model::Counter)
            .unwrap()
            .census
            .unwrap()
    };
    assert_eq!((census("3").stale.count, census("3").lost.count), (1, 0));
    assert_eq!((census("0").lost.count, census("0").stale.count), (2, 0));
    assert_eq!(census("5").duplicated.count, 2);
    assert_eq!((census("3").duplicated.count, census("3").unknown), (0, 1));
    assert!(
        census("1").sentence().contains("1 lost (the counter: 1 of 2)"),
        "{}",
        census("1").sentence()
    );
}
