//! The decree's checker against brute force, on random small histories, and its words on known ones.

use crate::proof::argument;
use crate::{Model, ReasonKind, Verdict, check, witness};
use history::{Event, EventType, Header, History, Operation, Outcome, Value, Writer, read_bytes};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

/// (process, kind, f, value), one event after another, 100 ms apart, all on decree 147.
type Script<'a> = &'a [(u64, EventType, &'a str, serde_json::Value)];

fn history(script: Script) -> History {
    let header = Header {
        schema: history::SCHEMA.into(),
        run: "test".into(),
        system: "paxos".into(),
        workload: "decree".into(),
        model: "decree".into(),
        seed: 0,
        nodes: vec!["n1".into(), "n2".into()],
        clients: 4,
        nemesis: vec![],
        client_timeout_ns: 1,
        failover_ns: None,
        served_by_primary: false,
        started_at: "2026-11-23T06:45:12Z".into(),
    };
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &header).unwrap();
    for (number, (process, kind, f, value)) in script.iter().enumerate() {
        let node = format!("n{}", process % 2 + 1);
        let mut event = Event {
            index: 0,
            time: number as u64 * 100_000_000,
            process: *process,
            kind: *kind,
            f: (*f).to_owned(),
            key: Some(json!(147)),
            value: value.clone(),
            node: Some(node),
            error: None,
        };
        writer.event(&mut event).unwrap();
    }
    read_bytes(&bytes).unwrap()
}

use EventType::{Fail, Info, Invoke, Ok as Told};

fn explained(script: Script) -> crate::Violation {
    let analysis = check(&history(script), Model::Decree).unwrap();
    assert_eq!(analysis.verdict, Verdict::Invalid);
    let violation = analysis.violations[0].clone();
    assert!(
        violation.shrink.verified && violation.shrink.minimal,
        "{violation:?}"
    );
    assert!(argument::is_loop(&violation.reasons), "{violation:?}");
    violation
}

#[test]
fn two_decisions_are_told_with_the_clearest_pair() {
    let violation = explained(&[
        (0, Invoke, "propose", json!(17)),
        (0, Told, "propose", json!(17)),
        (1, Invoke, "read", json!(null)),
        (3, Invoke, "propose", json!(42)),
        (1, Told, "read", json!(42)),
        (3, Told, "propose", json!(42)),
    ]);
    assert_eq!(violation.code, "decree.two-decisions");
    assert_eq!(
        violation.sentence,
        "Decree 147 was decided twice: first as 17, then as 42."
    );
    assert_eq!(
        violation
            .core
            .iter()
            .map(|member| member.operation)
            .collect::<Vec<_>>(),
        [0, 2]
    );
    assert_eq!(
        violation.reasons[0].kind,
        ReasonKind::RealTime { gap_ns: 200_000_000 }
    );
    assert_eq!(
        violation.reasons[0].sentence,
        "A comes before B: A had its answer 200 ms before B began."
    );
    assert_eq!(
        violation.reasons[1].sentence,
        "B must come before A: B was told its own value, so nothing had been decided."
    );
    assert_eq!(violation.orders[0].sentence, "B must be told 17. It was told 42.");
    let said = |text: &str| Some(text.to_owned());
    assert_eq!(
        (&violation.orders[0].must, &violation.orders[0].was),
        (&said("17"), &said("42"))
    );
    assert_eq!(violation.shrink.steps, [3, 2]);
    assert_eq!(
        violation.detail[1],
        "B: client 3 through n2 proposed 42 at 0.300 s and was told 42 at 0.500 s."
    );
}

#[test]
fn two_decisions_at_the_same_time_contradict_each_other_by_value() {
    let violation = explained(&[
        (0, Invoke, "propose", json!(17)),
        (1, Invoke, "propose", json!(42)),
        (0, Told, "propose", json!(17)),
        (1, Told, "propose", json!(42)),
    ]);
    assert_eq!(
        violation.sentence,
        "Decree 147 was decided twice: as 17 and as 42."
    );
    assert!(
        violation
            .reasons
            .iter()
            .all(|reason| reason.kind == ReasonKind::Value)
    );
}

#[test]
fn a_decision_that_a_later_read_does_not_find_is_undone() {
    let violation = explained(&[
        (0, Invoke, "propose", json!(17)),
        (0, Told, "propose", json!(17)),
        (1, Invoke, "read", json!(null)),
        (1, Told, "read", json!(null)),
    ]);
    assert_eq!(violation.code, "decree.undone");
    assert_eq!(
        violation.sentence,
        "Decree 147 was decided as 17, and 100 ms later a read found it undecided."
    );
    let told: Vec<(Option<&str>, Option<&str>)> = violation
        .orders
        .iter()
        .map(|it| (it.must.as_deref(), it.was.as_deref()))
        .collect();
    // The other order breaks by real time.
    assert_eq!(told, [(Some("17"), Some("null")), (None, None)]);
}

#[test]
fn a_value_from_nowhere_is_told_by_where_it_could_have_come_from() {
    let nowhere = explained(&[(0, Invoke, "read", json!(null)), (0, Told, "read", json!(99))]);
    assert_eq!(
        nowhere.sentence,
        "Decree 147 was decided as 99, which nobody had proposed."
    );
    let failed = explained(&[
        (0, Invoke, "propose", json!(638)),
        (0, Fail, "propose", json!(null)),
        (1, Invoke, "read", json!(null)),
        (1, Told, "read", json!(638)),
    ]);
    assert_eq!(failed.code, "decree.failed-took-effect");
    assert_eq!(
        failed.sentence,
        "Decree 147: a proposal that was reported as failed (638) was decided."
    );
    let later = explained(&[
        (1, Invoke, "read", json!(null)),
        (1, Told, "read", json!(5)),
        (0, Invoke, "propose", json!(5)),
        (0, Info, "propose", json!(null)),
    ]);
    assert_eq!(later.code, "decree.proposed-later");
    let nothing = explained(&[
        (0, Invoke, "propose", json!(5)),
        (0, Told, "propose", json!(null)),
    ]);
    assert_eq!(nothing.code, "decree.null-answer");
}

#[test]
fn an_unknown_proposal_may_win_long_after_it_was_given_up() {
    let script = [
        (0, Invoke, "propose", json!(17)),
        (0, Info, "propose", json!(null)),
        (1, Invoke, "read", json!(null)),
        (1, Told, "read", json!(null)),
        (1, Invoke, "read", json!(null)),
        (1, Told, "read", json!(17)),
    ];
    let history = history(&script);
    assert_eq!(check(&history, Model::Decree).unwrap().verdict, Verdict::Valid);
    assert_eq!(witness(&history, Model::Decree, 0).unwrap().unwrap(), [1, 0, 2]);
}

#[test]
fn hostile_values_are_short_and_visible_in_sentences() {
    let hostile = format!("\u{1b}[31m\u{202e}{}", "x".repeat(1_000_000));
    let violation = explained(&[
        (0, Invoke, "read", json!(null)),
        (0, Told, "read", json!(hostile)),
    ]);
    assert!(
        violation.sentence.chars().count() < 150,
        "{}",
        violation.sentence.len()
    );
    assert!(!violation.sentence.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn what_a_decree_does_not_have_is_refused() {
    let error = |script: Script| check(&history(script), Model::Decree).unwrap_err().to_string();
    assert_eq!(
        error(&[(0, Invoke, "cas", json!([1, 2]))]),
        "check against `decree`: it has no operation `cas`; its operations are propose and read"
    );
    let null = error(&[(0, Invoke, "propose", json!(null))]);
    assert_eq!(
        null,
        "check event 0: a proposal of null: null stands for `undecided`"
    );
}

/// Tries every order, with nothing clever in it.
fn brute_force(operations: &[Operation], propose: u8, decided: Value) -> bool {
    if operations
        .iter()
        .all(|operation| operation.outcome != Outcome::Ok)
    {
        return true;
    }
    operations.iter().enumerate().any(|(place, operation)| {
        let blocked = operations
            .iter()
            .any(|other| other.outcome == Outcome::Ok && other.complete < operation.invoke);
        if blocked || operation.outcome == Outcome::Fail {
            return false;
        }
        let next = if operation.f == propose && decided.is_null() {
            operation.input
        } else {
            decided
        };
        if operation.outcome == Outcome::Ok && operation.output != next {
            return false;
        }
        let mut rest = operations.to_vec();
        rest.remove(place);
        brute_force(&rest, propose, next)
    })
}

fn is_legal(history: &History) -> bool {
    brute_force(
        &history.operations,
        history.function("propose").unwrap_or(99),
        Value::NULL,
    )
}

/// A random history of two to seven operations. Answers come from a real register, whose operations take
/// effect at random moments; then, often, one is changed.
fn random(rng: &mut ChaCha8Rng) -> History {
    let processes = rng.random_range(2..=4u64);
    let operations = rng.random_range(2..=7);
    let mut open: Vec<Option<(usize, bool)>> = vec![None; processes as usize];
    let mut next_process: Vec<u64> = (0..processes).collect();
    let mut script: Vec<(u64, EventType, &str, serde_json::Value)> = Vec::new();
    let (mut started, mut decided) = (0, json!(null));
    // What is given up may take effect later: (value).
    let mut lingering: Vec<serde_json::Value> = Vec::new();
    while started < operations || open.iter().any(Option::is_some) {
        if !lingering.is_empty() && rng.random_bool(0.3) {
            let value = lingering.remove(rng.random_range(0..lingering.len()));
            if decided.is_null() {
                decided = value;
            }
        }
        let lane = rng.random_range(0..processes as usize);
        let Some((invocation, _)) = open[lane] else {
            if started < operations {
                let (f, value) = match rng.random_bool(0.5) {
                    true => ("propose", json!(rng.random_range(1..=3))),
                    false => ("read", json!(null)),
                };
                script.push((next_process[lane], Invoke, f, value));
                open[lane] = Some((script.len() - 1, false));
                started += 1;
            }
            continue;
        };
        let (process, _, f, value) = script[invocation].clone();
        let end = rng.random_range(0..10);
        if end == 0 {
            script.push((process, Fail, f, json!(null)));
        } else if end <= 2 {
            if f == "propose" {
                lingering.push(value);
            }
            // Half of the unknown ones have no completion at all.
            if rng.random_bool(0.5) {
                script.push((process, Info, f, json!(null)));
            }
            next_process[lane] += processes;
        } else {
            if f == "propose" && decided.is_null() {
                decided = value;
            }
            script.push((process, Told, f, decided.clone()));
        }
        open[lane] = None;
    }
    if rng.random_bool(0.6) {
        let answers: Vec<usize> = (0..script.len())
            .filter(|place| script[*place].1 == Told)
            .collect();
        if !answers.is_empty() {
            let place = answers[rng.random_range(0..answers.len())];
            script[place].3 = [json!(null), json!(1), json!(2), json!(3)][rng.random_range(0..4)].clone();
        }
    }
    history(&script)
}

/// How many random histories are compared: 100,000, or what `CHECKER_RANDOM_HISTORIES` says.
fn histories() -> usize {
    std::env::var("CHECKER_RANDOM_HISTORIES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000)
}

#[test]
fn on_random_histories_the_checker_and_brute_force_agree() {
    let seed = 20_261_123;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut legal, mut illegal, mut codes) = (0, 0, std::collections::BTreeMap::new());
    for number in 0..histories() {
        let history = random(&mut rng);
        let analysis = check(&history, Model::Decree)
            .unwrap_or_else(|error| panic!("seed {seed}, history {number}: {error}"));
        let expected = if is_legal(&history) {
            Verdict::Valid
        } else {
            Verdict::Invalid
        };
        assert_eq!(
            analysis.verdict, expected,
            "seed {seed}, history {number}: {:#?}",
            history.operations
        );
        match analysis.violations.first() {
            None => legal += 1,
            Some(violation) => {
                illegal += 1;
                *codes.entry(violation.code).or_insert(0) += 1;
                assert!(
                    violation.shrink.minimal,
                    "seed {seed}, history {number}: {violation:#?}"
                );
                assert!(
                    argument::is_loop(&violation.reasons),
                    "seed {seed}, history {number}: {violation:#?}"
                );
                let kept = |member: &crate::CoreOperation| {
                    let operation = history.operations[member.operation as usize];
                    match member.answer_counts {
                        true => operation,
                        false => Operation {
                            invoke: operation.invoke,
                            ..weakened(operation)
                        },
                    }
                };
                let core: Vec<Operation> = violation.core.iter().map(kept).collect();
                assert!(
                    !is_legal_weakened(&history, &core),
                    "seed {seed}, history {number}: {violation:#?}"
                );
            }
        }
    }
    assert!(
        legal > histories() / 5 && illegal > histories() / 5,
        "{legal} legal, {illegal} illegal"
    );
    assert_eq!(codes.len(), 6, "every kind of violation occurs: {codes:?}");
}

/// Brute force over a core, with every other proposal unknown and as early as can be, so that it may happen
/// at any time or never.
fn is_legal_weakened(history: &History, core: &[Operation]) -> bool {
    let propose = history.function("propose").unwrap_or(99);
    let weak = |operation: &&Operation| {
        operation.f == propose
            && operation.outcome != Outcome::Fail
            && !core
                .iter()
                .any(|kept| kept.process == operation.process && kept.invoke == operation.invoke)
    };
    let others = history
        .operations
        .iter()
        .filter(weak)
        .map(|operation| weakened(*operation));
    let all: Vec<Operation> = core.iter().copied().chain(others).collect();
    brute_force(&all, propose, Value::NULL)
}

fn weakened(operation: Operation) -> Operation {
    Operation {
        outcome: Outcome::Info,
        invoke: 0,
        complete: history::NEVER,
        output: Value::NULL,
        ..operation
    }
}

#[test]
fn the_comparison_notices_a_checker_that_is_wrong() {
    // The third rule (no null read after the decision) left out.
    let without_rule_three = |history: &History| {
        let mut forgiving = history.clone();
        forgiving.operations.retain(|operation| {
            operation.f == 0 && history.functions[0] == "propose" || !operation.output.is_null()
        });
        check(&forgiving, Model::Decree).unwrap().verdict
    };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let noticed = (0..2_000).filter(|_| {
        let history = random(&mut rng);
        let expected = if is_legal(&history) {
            Verdict::Valid
        } else {
            Verdict::Invalid
        };
        without_rule_three(&history) != expected
    });
    assert!(noticed.count() > 10);
}

#[test]
fn weakening_never_makes_a_legal_history_illegal() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut tried = 0;
    while tried < 10_000 {
        let mut history = random(&mut rng);
        if !is_legal(&history) {
            continue;
        }
        tried += 1;
        let propose = history.function("propose").unwrap_or(99);
        while !history.operations.is_empty() && rng.random_bool(0.8) {
            let place = rng.random_range(0..history.operations.len());
            let operation = &mut history.operations[place];
            match operation.f == propose {
                true if operation.outcome != Outcome::Fail => *operation = weakened(*operation),
                true => drop(history.operations.remove(place)),
                false => drop(history.operations.remove(place)),
            }
            assert!(is_legal(&history), "{:#?}", history.operations);
        }
    }
}
