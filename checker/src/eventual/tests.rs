//! What final reads may and may not show.

use crate::{Model, Verdict, check};
use history::History;

/// Events of a line each: `process type f value`. The time is the line's number.
fn history(lines: &[&str]) -> History {
    let events = lines.iter().enumerate().map(|(time, line)| {
        let parts: Vec<&str> = line.splitn(4, ' ').collect();
        let [process, kind, f, value] = parts.as_slice() else {
            panic!("{line}");
        };
        format!(r#"{{"index":{time},"time":{time},"process":{process},"type":"{kind}","f":"{f}","key":1,"value":{value}}}"#)
    });
    let text = events.collect::<Vec<_>>().join("\n");
    history::read_bytes(text.as_bytes()).unwrap()
}

fn verdict(model: Model, lines: &[&str]) -> Verdict {
    check(&history(lines), model).unwrap().verdict
}

const ADDED: [&str; 6] = [
    "0 invoke add 1",
    "0 ok add 1",
    "1 invoke add 2",
    "1 info add null",
    "2 invoke add 4",
    "2 fail add null",
];

fn with_reads(reads: &[&str]) -> Vec<String> {
    let reads = reads
        .iter()
        .flat_map(|value| ["5 invoke read null".to_owned(), format!("5 ok read {value}")]);
    ADDED.iter().map(|line| (*line).to_owned()).chain(reads).collect()
}

fn judged(model: Model, reads: &[&str]) -> Verdict {
    let lines = with_reads(reads);
    verdict(model, &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_final_read_of_a_set_shows_what_was_acknowledged_and_perhaps_what_is_unknown() {
    for reads in [&["[1]"][..], &["[2,1]"], &["[1,2]", "[1]"]] {
        assert_eq!(judged(Model::EventualSet, reads), Verdict::Valid, "{reads:?}");
    }
    for lost in ["[]", "[2]"] {
        assert_eq!(
            judged(Model::EventualSet, &["[1]", lost]),
            Verdict::Invalid,
            "{lost}"
        );
    }
}

#[test]
fn what_is_missing_in_the_end_is_not_said_to_be_what_nobody_ever_saw() {
    let lines = with_reads(&["[1]", "[2]"]);
    let history = history(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let analysis = check(&history, Model::EventualSet).unwrap();
    let said: Vec<(&str, &str)> = analysis
        .violations
        .iter()
        .map(|it| (it.code, it.sentence.as_str()))
        .collect();
    let sentence = "The add of 1 was acknowledged, and in the end a read did not show it.";
    assert_eq!(said, [("eventual-set.missing", sentence)]);
}

#[test]
fn a_final_read_of_a_set_shows_nothing_that_nobody_added_and_nothing_twice() {
    for made_up in ["[1,4]", "[1,9]", "[1,1]"] {
        assert_eq!(
            judged(Model::EventualSet, &[made_up]),
            Verdict::Invalid,
            "{made_up}"
        );
    }
}

#[test]
fn what_is_read_before_the_end_is_nobodys_promise() {
    let lines = ["3 invoke read null", "3 ok read []"].into_iter();
    let early: Vec<&str> = ADDED[..2]
        .iter()
        .copied()
        .chain(lines)
        .chain(ADDED[2..].iter().copied())
        .collect();
    assert_eq!(verdict(Model::EventualSet, &early), Verdict::Valid);
    assert_eq!(
        verdict(Model::Set, &early),
        Verdict::Invalid,
        "a linearizable set promises it"
    );
}

#[test]
fn a_run_that_has_not_come_to_its_end_has_no_final_reads() {
    let run = r#"{"index":0,"time":0,"process":"harness","type":"info","f":"phase","value":"run"}"#;
    let text = |phase: &str| {
        let mut lines = vec![run.replace("run", phase)];
        lines.push(
            r#"{"index":1,"time":1,"process":0,"type":"invoke","f":"read","key":1,"value":null}"#.to_owned(),
        );
        lines
            .push(r#"{"index":2,"time":2,"process":0,"type":"ok","f":"read","key":1,"value":[]}"#.to_owned());
        lines.join("\n")
    };
    let finals = |phase| super::final_reads(&history::read_bytes(text(phase).as_bytes()).unwrap()).len();
    assert_eq!((finals("run"), finals("final")), (0, 1));
}

#[test]
fn a_final_read_of_a_counter_is_within_the_bounds() {
    for reads in [&["1"][..], &["3"], &["3", "1"]] {
        assert_eq!(judged(Model::EventualCounter, reads), Verdict::Valid, "{reads:?}");
    }
    for wrong in ["0", "4", "5", "-1"] {
        assert_eq!(
            judged(Model::EventualCounter, &[wrong]),
            Verdict::Invalid,
            "{wrong}"
        );
    }
}

#[test]
fn a_violation_names_the_read_and_is_verified() {
    let lines = with_reads(&["[1]", "[2]"]);
    let history = history(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let analysis = check(&history, Model::EventualSet).unwrap();
    let violation = &analysis.violations[0];
    assert!(violation.shrink.verified, "{violation:?}");
    let numbers: Vec<u32> = violation.core.iter().map(|member| member.operation).collect();
    assert_eq!(numbers, [0, 4], "the addition and the read that misses it");
    assert!(violation.still.promises.is_empty());
    assert_eq!(analysis.census.unwrap().acknowledged, 1);
}

#[test]
fn a_sum_that_cannot_be_is_told_with_the_bounds() {
    let lines = with_reads(&["1", "0"]);
    let history = history(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let analysis = check(&history, Model::EventualCounter).unwrap();
    let violation = &analysis.violations[0];
    assert_eq!(
        violation.sentence,
        "In the end the counter was 0, and had to be 1 to 3."
    );
    assert_eq!(violation.core[0].operation, 4, "the second read");
    assert_eq!((analysis.keys.invalid, analysis.keys.total), (1, 1));
    let proof = crate::counterexample_events(
        &history,
        Model::EventualCounter,
        &crate::Options::default(),
        violation,
    );
    assert!(proof.is_ok_and(|events| !events.is_empty()));
}
