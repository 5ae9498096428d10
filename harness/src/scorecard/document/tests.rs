//! Statistics in both directions, and rows for the tests of the neighbours.

use super::*;

/// A document in which nothing is known of these bugs, on the schedule `none`.
pub fn empty(bugs: &[&str]) -> Scorecard {
    let bug = |name: &&str| BugRow {
        name: name.to_string(),
        question: "Q1".into(),
        rule: "2a".into(),
        sentence: "does it wrong".into(),
        needs: None,
        quickest: None,
    };
    Scorecard {
        schema: SCHEMA.into(),
        id: "20260101T000000Z-1".into(),
        harness: "0".into(),
        started_at: "2026-01-01T00:00:00Z".into(),
        took_s: 65.0,
        complete: true,
        exit_code: 0,
        seed: 1,
        seeds: 2,
        time_limit_s: 60.0,
        jobs: 1,
        schedules: vec![ScheduleRow {
            name: "none".into(),
            nemesis: "none".into(),
            nemesis_interval_s: 1.0,
        }],
        bugs: bugs.iter().map(bug).collect(),
        scores: Vec::new(),
        runs: Vec::new(),
    }
}

/// A run that found a violation after so long, or none.
pub fn run(bug: Option<&str>, seed: u64, time_s: Option<f64>) -> RunRow {
    RunRow {
        bug: bug.map(str::to_owned),
        schedule: "none".into(),
        seed,
        verdict: if time_s.is_some() {
            Outcome::Invalid
        } else {
            Outcome::Valid
        },
        found: time_s.is_some(),
        kind: time_s.map(|_| "decree.two-decisions".into()),
        time_s,
        operations: time_s.map(|time| (time * 1000.0) as usize),
        faults: Vec::new(),
        sentence: "Decree 1 was decided twice.".into(),
        took_s: 2.0,
        directory: Some(format!("store/run-{seed}")),
        command: vec!["test".into()],
    }
}

#[test]
fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
    assert_eq!(Spread::of(vec![]), None);
    assert_eq!(
        Spread::of(vec![4.0]),
        Some(Spread {
            median: 4.0,
            worst: 4.0
        })
    );
    assert_eq!(
        Spread::of(vec![9.0, 1.0, 2.0]),
        Some(Spread {
            median: 2.0,
            worst: 9.0
        })
    );
    assert_eq!(
        Spread::of(vec![9.0, 1.0, 2.0, 4.0]),
        Some(Spread {
            median: 3.0,
            worst: 9.0
        })
    );
}

#[test]
fn every_run_is_counted_once_under_what_it_is() {
    let mut scorecard = empty(&["a", "b"]);
    let with = |verdict, found, faults: &[&str]| RunRow {
        verdict,
        found,
        faults: faults.iter().map(ToString::to_string).collect(),
        ..run(Some("a"), 1, found.then_some(2.0))
    };
    scorecard.runs = vec![
        with(Outcome::Invalid, true, &[]),
        with(Outcome::Invalid, true, &["kill", "partition"]),
        RunRow {
            kind: Some("progress".into()),
            ..with(Outcome::Unknown, true, &[])
        },
        with(Outcome::Unknown, false, &[]),
        with(Outcome::Valid, false, &[]),
        with(Outcome::Error, false, &[]),
        run(Some("b"), 1, None),
    ];
    scorecard.count();
    assert_eq!(scorecard.scores.len(), 3);
    let score = scorecard.score(Some("a"), "none").unwrap();
    assert_eq!(
        (score.runs, score.found, score.valid, score.unknown, score.error),
        (6, 3, 1, 1, 1)
    );
    assert_eq!(
        score.kinds,
        BTreeMap::from([("decree.two-decisions".into(), 2), ("progress".into(), 1)])
    );
    assert_eq!(
        score.faults,
        BTreeMap::from([("kill+partition".into(), 1), ("none".into(), 2)])
    );
    let other = scorecard.score(Some("b"), "none").unwrap();
    assert_eq!((other.runs, other.found, other.time_s), (1, 0, None));
    assert_eq!(scorecard.score(None, "none").unwrap().runs, 0);
}

#[test]
fn a_violation_in_the_correct_system_outranks_everything_and_nothing_else_is_1() {
    let code = |runs: &[(Option<&str>, Outcome)]| {
        let mut scorecard = empty(&["a"]);
        let row = |(bug, verdict): &(Option<&str>, Outcome)| RunRow {
            verdict: *verdict,
            ..run(*bug, 1, None)
        };
        scorecard.runs = runs.iter().map(row).collect();
        scorecard.verdict_code()
    };
    use Outcome::{Error, Invalid, Unknown, Valid};
    assert_eq!(code(&[]), 0);
    assert_eq!(
        code(&[(None, Valid), (Some("a"), Invalid), (Some("a"), Unknown)]),
        0
    );
    assert_eq!(code(&[(None, Unknown), (Some("a"), Invalid)]), 2);
    assert_eq!(code(&[(None, Unknown), (Some("a"), Error)]), 255);
    assert_eq!(code(&[(None, Error)]), 255);
    assert_eq!(code(&[(None, Error), (None, Invalid), (None, Unknown)]), 1);
}
