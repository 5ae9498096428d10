use super::*;
use crate::bug::Planted;
use serde_json::json;

fn config(planted: impl Into<Planted>) -> Config {
    Config {
        id: NodeId::new("n1"),
        acceptors: ["n1", "n2", "n3", "n4", "n5"].map(NodeId::new).into(),
        start: 1,
        resends_max: 3,
        planted: planted.into(),
    }
}

fn ballot(round: u64) -> Ballot {
    Ballot {
        round,
        node: NodeId::new("n1"),
        start: 1,
    }
}

fn value(n: i32) -> Value {
    Value::new(&json!(n)).unwrap()
}

fn proposal(round: u64, n: i32) -> Proposal {
    Proposal {
        ballot: ballot(round),
        value: value(n),
    }
}

/// What an attempt finds by these promises, which come in this order from n1, n2, …
fn found(promises: &[Option<(u64, i32)>], planted: impl Into<Planted>) -> Option<Found> {
    let config = config(planted);
    let mut attempt = Attempt::new(ballot(9));
    let mut found = None;
    for (number, accepted) in (1..).zip(promises) {
        assert_eq!(found, None, "found before promise {number}");
        let accepted = accepted.map(|(round, n)| proposal(round, n));
        found = attempt.promised(&config, &NodeId::new(&format!("n{number}")), accepted, false);
    }
    found
}

fn accepted(n: i32) -> Option<Found> {
    Some(Found::Accepted {
        value: value(n),
        by_all: false,
    })
}

#[test]
fn rule_2a_nothing_is_found_only_when_a_whole_majority_is_empty() {
    assert_eq!(found(&[None, None], None), None);
    assert_eq!(found(&[None, None, None], None), Some(Found::Nothing));
    assert_eq!(found(&[None, Some((1, 17)), None], None), accepted(17));
}

#[test]
fn rule_2a_the_value_of_the_highest_ballot_is_found() {
    let promises = [Some((2, 20)), Some((7, 70)), None];
    assert_eq!(found(&promises, None), accepted(70));
    assert_eq!(found(&promises, Some(Bug::ValueOfFirstPromise)), accepted(20));
    assert_eq!(found(&promises, Some(Bug::ValueOfLowestBallot)), accepted(20));
}

#[test]
fn rule_2a_an_acceptor_that_promises_twice_is_one_acceptor() {
    let twice = |planted: Planted| {
        let (config, mut attempt) = (config(planted), Attempt::new(ballot(9)));
        let mut promise = |node: &str| attempt.promised(&config, &NodeId::new(node), None, false);
        promise("n1");
        promise("n2");
        promise("n2")
    };
    assert_eq!(twice(Planted::NOTHING), None);
    assert_eq!(
        twice(Some(Bug::DuplicateAnswersCounted).into()),
        Some(Found::Nothing)
    );
}

#[test]
fn rule_2a_promises_that_come_after_phase_2_has_begun_change_nothing() {
    let (config, mut attempt) = (config(None), Attempt::new(ballot(9)));
    attempt.propose(&config, value(1));
    for node in ["n1", "n2", "n3"] {
        assert_eq!(
            attempt.promised(&config, &NodeId::new(node), Some(proposal(3, 3)), false),
            None
        );
    }
    assert_eq!(attempt.proposal(), Some(&proposal(9, 1)));
}

#[test]
fn rule_2a_a_retry_needs_promises_for_its_own_ballot() {
    let retried = |planted: Planted| {
        let (config, mut attempt) = (config(planted), Attempt::new(ballot(9)));
        attempt.promised(&config, &NodeId::new("n1"), None, false);
        attempt.promised(&config, &NodeId::new("n2"), None, false);
        let mut next = attempt.retried(&config, ballot(11));
        next.promised(&config, &NodeId::new("n3"), None, false)
    };
    assert_eq!(retried(Planted::NOTHING), None);
    assert_eq!(
        retried(Some(Bug::RetryKeepsPromises).into()),
        Some(Found::Nothing)
    );
}

#[test]
fn an_attempt_is_overtaken_when_no_majority_is_left_that_could_say_yes() {
    let (config, mut attempt) = (config(None), Attempt::new(ballot(9)));
    assert!(!attempt.refused(&config, &NodeId::new("n1")));
    assert!(!attempt.refused(&config, &NodeId::new("n1")), "the same acceptor");
    assert!(!attempt.refused(&config, &NodeId::new("n2")));
    assert!(attempt.refused(&config, &NodeId::new("n3")));
}
