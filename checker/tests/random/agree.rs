//! The checker and brute force give the same verdicts, and each verdict its proof.

use crate::sizes::Sizes;
use crate::spec::Spec;
use crate::{brute, draw, generate, histories, history, seed};
use checker::proof::argument::is_loop;
use checker::{Algorithm, CoreOperation, Label, Model, Options, Shrink, Verdict, Violation, Weakened};
use checker::{check, check_with, counterexample_events, witness};
use history::{Event, History, Operation, Outcome};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Of one history of so many it is looked at what its counterexample claims, or what one of a part of it would.
const CLAIMED: u64 = 8;

/// How a spec's histories are checked.
pub fn options(spec: &dyn Spec) -> Options {
    Options {
        strict_fail: spec.strict_fail(),
        ..Options::default()
    }
}

/// Compares the checker with brute force on random histories of one object.
pub fn compare(name: &str, spec: &dyn Spec) {
    let seed = seed();
    let compare = |number| {
        compare_one(
            &format!("{name}, seed {seed}, history {number}"),
            spec,
            seed,
            number,
        )
    };
    let illegal: Vec<usize> = (0..histories()).into_par_iter().filter_map(compare).collect();
    let sizes = Sizes::of(illegal);
    println!("{name}: {} histories, of which illegal {sizes}", histories());
    let enough = histories() / 20;
    let illegal = sizes.count() as u64;
    assert!(
        illegal > enough && histories() - illegal > enough,
        "{illegal} illegal"
    );
}

/// Compares one history, and says how large its counterexample is; `None` when it is legal.
fn compare_one(place: &str, spec: &dyn Spec, seed: u64, number: u64) -> Option<usize> {
    let events = generate::random(spec, &mut draw(seed, number));
    let (history, options) = (history(&events), options(spec));
    let analysis = check_with(&history, spec.model(), &options)
        .unwrap_or_else(|error| panic!("{place}: {error}\n{}", generate::show(&events)));
    let verdict = match brute::is_legal(spec, &history) {
        true => Verdict::Valid,
        false => Verdict::Invalid,
    };
    assert_eq!(analysis.verdict, verdict, "{place}:\n{}", generate::show(&events));
    if number.is_multiple_of(CLAIMED) {
        let by_search = Options {
            algorithm: Algorithm::Search,
            ..options
        };
        let second = check_with(&history, spec.model(), &by_search).unwrap();
        assert_eq!(
            second.verdict,
            verdict,
            "by search, {place}:\n{}",
            generate::show(&events)
        );
    }
    if verdict == Verdict::Valid && number.is_multiple_of(CLAIMED) {
        parts_are_legal(place, spec, &history, &mut draw(seed, number));
    }
    let violation = analysis.violations.first()?;
    let shown = || format!("{place}: {violation:#?}\n{}", generate::show(&events));
    assert!(violation.shrink.verified, "not verified: {}", shown());
    assert!(violation.shrink.minimal, "not minimal: {}", shown());
    assert!(is_loop(&violation.reasons), "no loop: {}", shown());
    let few = counterexample_events(&history, spec.model(), &options, violation).unwrap();
    assert!(
        !brute::is_legal(spec, &crate::history(&few)),
        "the counterexample is legal: {}",
        shown()
    );
    if number.is_multiple_of(CLAIMED) && leaves_nothing_out(spec.model()) {
        let claim = claim(&history, &events, violation);
        let is_legal = brute::is_legal(spec, &crate::history(&claim));
        assert!(!is_legal, "too much is claimed: {}", shown());
    }
    Some(violation.core.len())
}

/// Whatever part of a legal history would be shown as a counterexample is legal: what an object leaves out around it, or puts
/// in the place of it, never makes an order impossible.
fn parts_are_legal(place: &str, spec: &dyn Spec, history: &History, rng: &mut ChaCha8Rng) {
    // A client who says how large a semaphore is says so in every part.
    let can_be_shown = |operation: &Operation| {
        (operation.outcome != Outcome::Fail || spec.strict_fail())
            && history.function_name(operation) != "permits"
    };
    let numbers = (0u32..).zip(&history.operations);
    let shown = numbers.filter(|(_, operation)| can_be_shown(operation) && rng.random_bool(0.4));
    let core: Vec<CoreOperation> = shown
        .enumerate()
        .map(|(place, (operation, _))| CoreOperation {
            label: Label::of(place),
            operation,
            answer_counts: true,
        })
        .collect();
    if core.is_empty() {
        return;
    }
    let part = Violation {
        key: 0,
        code: "",
        sentence: String::new(),
        detail: Vec::new(),
        core,
        reasons: Vec::new(),
        orders: Vec::new(),
        frontier: None,
        weakened: Weakened::default(),
        shrink: Shrink::default(),
        still: Default::default(),
    };
    let events = counterexample_events(history, spec.model(), &options(spec), &part).unwrap();
    assert!(
        brute::is_legal(spec, &crate::history(&events)),
        "{place}, part {:?}:\n{}",
        part.core,
        generate::show(&events)
    );
}

/// Whether a counterexample says nothing without all updates that are not in it.
fn leaves_nothing_out(model: Model) -> bool {
    let all = [Model::CasRegister, Model::MultiRegister, Model::AppendString];
    let others = [Model::Append, Model::Set, Model::Counter];
    all.contains(&model) || others.contains(&model)
}

/// What a violation claims, made of the history by nobody else: its core as it was, and of all others that had begun by its
/// end that they may have happened at any time, or never.
fn claim(history: &History, events: &[Event], violation: &Violation) -> Vec<Event> {
    let member = |place: u32| violation.core.iter().find(|member| member.operation == place);
    let core = violation
        .core
        .iter()
        .map(|member| &history.operations[member.operation as usize]);
    let ends = core
        .filter(|it| it.outcome != Outcome::Info)
        .map(|it| it.complete);
    let over = ends.max().unwrap_or(0);
    // Whoever does not end needs a process of its own.
    let mut process = events.iter().map(|event| event.process).max().unwrap_or(0);
    let mut claimed: Vec<(u32, Event)> = Vec::new();
    for (operation, place) in history.operations.iter().zip(0u32..) {
        let mut invoke = events[operation.invoke as usize].clone();
        let member = member(place);
        let is_over = operation.outcome == Outcome::Fail || operation.invoke > over;
        // An update of a set that was told that it changed nothing is one that only looked.
        let looked = history.values.json(operation.output).ends_with(",false]");
        if member.is_none() && (is_over || looked) {
            continue;
        }
        let ends = member.is_some_and(|it| it.answer_counts && operation.outcome != Outcome::Info);
        match ends {
            true => claimed.push((
                operation.complete + 1,
                events[operation.complete as usize].clone(),
            )),
            false => {
                process += 1;
                invoke.process = process;
            }
        }
        claimed.push((member.map_or(0, |_| operation.invoke + 1), invoke));
    }
    claimed.sort_by_key(|(at, _)| *at);
    let numbered = claimed.into_iter().zip(0..);
    let event = |((_, event), number)| Event {
        index: number,
        time: number * 1_000_000,
        ..event
    };
    numbered.map(event).collect()
}

/// Weakening a legal history keeps it legal: what is unknown may happen at any time, or never.
pub fn weaken(spec: &dyn Spec) {
    const SEED: u64 = 7;
    (0..histories() / 5).into_par_iter().for_each(|number| {
        let mut rng = draw(SEED, number);
        let mut events = generate::random(spec, &mut rng);
        if check(&history(&events), spec.model()).unwrap().verdict != Verdict::Valid {
            return;
        }
        while generate::weaken(&mut events, &mut rng) && rng.random_bool(0.8) {
            let weaker = history(&events);
            let verdict = check(&weaker, spec.model()).unwrap().verdict;
            assert_eq!(
                verdict,
                Verdict::Valid,
                "seed {SEED}, history {number}:\n{}",
                generate::show(&events)
            );
            assert!(witness(&weaker, spec.model(), 0).unwrap().is_some() || weaker.keys.is_empty());
        }
    });
}
