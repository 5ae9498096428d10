//! Every planted bug breaks a promise in some scenario, which proves that it is a bug. The shortest ways there are
//! kept in `traces.txt`; `PAXOS_TRACES=write cargo test -p paxos every_planted` writes it anew.

use super::promises::SOME_DECISION;
use super::scenario::{ALL, Scenario};
use super::world::Model;
use crate::bug::Bug;
use stateright::{Checker, HasDiscoveries, Model as _};
use std::fmt::Write;

/// Bugs of the shell, which are shown to be bugs where the shell is tested.
const IN_THE_SHELL: [Bug; 2] = [Bug::ReplaceNotAtomically, Bug::NoDirectorySync];

/// The shortest ways, as they were found before.
const KNOWN: &str = include_str!("traces.txt");

/// The shortest way to a broken promise: the scenario, the promise, the steps. Where it was found before is looked at
/// first; then all scenarios, the small ones first.
fn shortest(bug: Bug) -> Option<String> {
    let heading = format!("\n{} (", bug.name());
    let known = KNOWN
        .split_once(&heading)
        .and_then(|(_, rest)| rest.split(['«', '»']).nth(1));
    let before = ALL.iter().filter(|(scenario, _)| Some(scenario.name) == known);
    before.chain(&ALL).find_map(|(scenario, _)| match bug {
        Bug::NeedAllAcceptors => without_progress(&scenario.with(bug)),
        _ => broken(&scenario.with(bug)),
    })
}

/// A scenario in which one node is mute still has a way to a decision, unless all acceptors are needed.
fn without_progress(scenario: &Scenario) -> Option<String> {
    let scenario = Scenario {
        mute: Some(2),
        ..scenario.clone()
    };
    let checker = Model::of(scenario.clone()).checker().spawn_bfs().join();
    let states = checker.unique_state_count();
    checker.discovery(SOME_DECISION).is_none().then(|| {
        format!(
            "with n3 mute, in none of {states} states of «{}» is a client told of a decision\n",
            scenario.name
        )
    })
}

fn broken(scenario: &Scenario) -> Option<String> {
    let checker = Model::of(scenario.clone())
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .target_state_count(20_000_000)
        .spawn_bfs()
        .join();
    let broken = checker
        .discoveries()
        .into_iter()
        .filter(|(promise, _)| *promise != SOME_DECISION);
    let ways = broken.map(|(promise, path)| (path.into_vec(), promise));
    let (steps, promise) = ways.min_by_key(|(steps, promise)| (steps.len(), *promise))?;
    let mut text = format!("«{}», broken: {promise}\n", scenario.name);
    for (number, (world, action)) in steps.iter().enumerate() {
        let Some(action) = action else { continue };
        let model = checker.model();
        let mut line = model.words(world, *action);
        if let Some((next, _)) = steps.get(number + 1) {
            for told in model.told(world, next) {
                line = format!("{line}; {told}");
            }
        }
        writeln!(text, "{:>3}  {line}", number + 1).unwrap();
    }
    Some(text)
}

#[test]
fn every_planted_bug_of_the_core_breaks_a_promise() {
    let mut all = String::new();
    let mut harmless = Vec::new();
    for bug in Bug::ALL.into_iter().filter(|bug| !IN_THE_SHELL.contains(bug)) {
        let Some(trace) = shortest(bug) else {
            harmless.push(bug.name());
            continue;
        };
        writeln!(
            all,
            "\n{} ({}): the node {}\n{trace}",
            bug.name(),
            bug.question(),
            bug.sentence()
        )
        .unwrap();
    }
    assert_eq!(harmless, [""; 0], "these do no harm");
    println!("{all}");
    if std::env::var_os("PAXOS_TRACES").is_some_and(|wish| wish == "write") {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/model/traces.txt"), all).unwrap();
    } else {
        assert!(
            all == KNOWN,
            "traces.txt is not what is found; the head of this file says how to write it anew"
        );
    }
}

#[test]
fn with_a_node_mute_the_correct_core_comes_to_a_decision() {
    assert_eq!(without_progress(&ALL[0].0), None);
}
