use super::*;
use crate::bench::checker::cases::{Case, all};
use checker::Verdict;
use std::collections::BTreeMap;

fn bytes(plan: Plan) -> Vec<u8> {
    let mut bytes = Vec::new();
    plan.write(&mut bytes).unwrap();
    bytes
}

fn plan(case: &Case, events: u64, seed: u64) -> Plan {
    Plan {
        events,
        seed,
        ..case.plan
    }
}

#[test]
fn the_same_plan_is_the_same_history_and_another_seed_is_another() {
    let case = &all(1000, 1)[0];
    assert_eq!(bytes(plan(case, 1000, 1)), bytes(plan(case, 1000, 1)));
    assert_ne!(bytes(plan(case, 1000, 1)), bytes(plan(case, 1000, 2)));
}

#[test]
fn every_case_has_the_verdict_that_it_was_made_for() {
    for case in all(1000, 1) {
        for seed in 1..=2 {
            let history = history::read_bytes(&bytes(plan(&case, 1000, seed))).unwrap();
            assert_eq!(history.events, 1000, "{}", case.name);
            let limits = checker::Limits {
                time: Some(std::time::Duration::from_secs(60)),
                memory_bytes: Some(1 << 30),
            };
            let options = checker::Options {
                limits,
                ..checker::Options::default()
            };
            let analysis = checker::check_with(&history, case.plan.kind.model(), &options).unwrap();
            let expected = match case.plan.wrong {
                true => Verdict::Invalid,
                false => Verdict::Valid,
            };
            assert_eq!(analysis.verdict, expected, "{}, seed {seed}", case.name);
        }
    }
}

#[test]
fn a_wrong_answer_is_one_and_late() {
    for case in all(10_000, 1).iter().filter(|case| case.plan.wrong) {
        let events: Vec<Event> = Events::new(case.plan).collect();
        // The same without it: everything before it is the same.
        let right = Plan {
            wrong: false,
            ..case.plan
        };
        let right: Vec<Event> = Events::new(right).collect();
        let first = events.iter().zip(&right).position(|(one, other)| one != other);
        assert!(first >= Some(9200), "{}: {first:?}", case.name);
    }
}

#[test]
fn unknown_outcomes_are_as_many_as_was_said() {
    for percent in [0, 10, 50] {
        let cases = all(20_000, 1);
        let case = cases
            .iter()
            .find(|it| it.plan.unknown_percent == percent && !it.plan.wrong)
            .unwrap();
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for event in Events::new(case.plan) {
            let kind = match event.kind {
                EventType::Info => "info",
                EventType::Invoke => "invoke",
                EventType::Ok | EventType::Fail => "told",
            };
            *counts.entry(kind).or_default() += 1;
        }
        let told_nothing = f64::from(counts.get("info").copied().unwrap_or(0));
        let share = told_nothing / f64::from(counts["invoke"]) * 100.0;
        assert!((share - f64::from(percent)).abs() < 2.0, "{percent}: {share}");
    }
}
