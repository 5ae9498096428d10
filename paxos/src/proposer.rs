//! The proposer: one attempt, under one ballot, to have a decree decided, or to find out that it is not.
//!
//! Pure: answers in, next step out. An attempt that is overtaken by a higher ballot ends; whoever drives it
//! (see [`crate::node`]) starts another with a higher ballot, and the same value.

use crate::acceptor::{Proposal, Refusal};
use crate::ballot::{Ballot, majority};
use crate::bug::Bug;
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One attempt.
#[derive(Clone, Debug)]
pub struct Proposer {
    acceptors: usize,
    ballot: Ballot,
    /// What to propose when nothing was accepted before; none for a read.
    own: Option<Value>,
    phase: Phase,
    refused: BTreeSet<String>,
    bug: Option<Bug>,
}

#[derive(Clone, Debug)]
enum Phase {
    /// Promises by acceptor, with what each had accepted. A second answer of one acceptor counts once.
    One {
        promises: BTreeMap<String, Option<Proposal>>,
    },
    /// Who has accepted the proposal.
    Two {
        proposal: Proposal,
        accepted: BTreeSet<String>,
    },
    Ended,
}

/// What follows from an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing yet.
    Wait,
    /// Phase 2 begins: this goes to every acceptor.
    SendAccept(Proposal),
    /// A majority has accepted the proposal: its value is chosen.
    Chosen(Value),
    /// A majority has accepted nothing, and by its promises nothing below this ballot can be chosen any more.
    Undecided,
    /// Too many acceptors have promised a higher ballot for this one to succeed.
    Overtaken,
}

impl Proposer {
    /// An attempt among `acceptors` acceptors, with a ballot that was never used before. The caller sends
    /// `prepare(ballot)` to every acceptor (rule 1a).
    pub fn new(acceptors: usize, ballot: Ballot, own: Option<Value>, bug: Option<Bug>) -> Proposer {
        let phase = Phase::One {
            promises: BTreeMap::new(),
        };
        Proposer {
            acceptors,
            ballot,
            own,
            phase,
            refused: BTreeSet::new(),
            bug,
        }
    }

    /// The attempt's ballot.
    pub fn ballot(&self) -> &Ballot {
        &self.ballot
    }

    /// An acceptor has promised this attempt's ballot, and says what it had accepted before.
    pub fn promised(&mut self, from: &str, accepted: Option<Proposal>) -> Step {
        let Phase::One { promises } = &mut self.phase else {
            return Step::Wait;
        };
        promises.insert(from.to_owned(), accepted);
        if promises.len() < majority(self.acceptors) {
            return Step::Wait;
        }
        let highest = promises.values().flatten().max_by(|a, b| a.ballot.cmp(&b.ballot));
        let value = match (highest, &self.own) {
            (Some(_), Some(own)) if self.bug == Some(Bug::OwnValueAlways) => own.clone(),
            // Rule 2a: the value of the highest ballot that a majority has accepted; its own only when the
            // whole majority came back empty.
            (Some(highest), _) => highest.value.clone(),
            (None, Some(own)) => own.clone(),
            (None, None) => {
                self.phase = Phase::Ended;
                return Step::Undecided;
            }
        };
        let proposal = Proposal {
            ballot: self.ballot.clone(),
            value,
        };
        self.phase = Phase::Two {
            proposal: proposal.clone(),
            accepted: BTreeSet::new(),
        };
        self.refused.clear();
        Step::SendAccept(proposal)
    }

    /// An acceptor has accepted this attempt's proposal.
    pub fn accepted(&mut self, from: &str) -> Step {
        let Phase::Two { proposal, accepted } = &mut self.phase else {
            return Step::Wait;
        };
        accepted.insert(from.to_owned());
        let enough = match self.bug {
            Some(Bug::DecideOnMinority) => majority(self.acceptors) - 1,
            // Rule *chosen*: a majority has accepted the same ballot.
            _ => majority(self.acceptors),
        };
        if accepted.len() < enough {
            return Step::Wait;
        }
        let value = proposal.value.clone();
        self.phase = Phase::Ended;
        Step::Chosen(value)
    }

    /// An acceptor has refused, because it promised a higher ballot.
    pub fn refused(&mut self, from: &str, _: &Refusal) -> Step {
        if matches!(self.phase, Phase::Ended) {
            return Step::Wait;
        }
        self.refused.insert(from.to_owned());
        if self.acceptors - self.refused.len() >= majority(self.acceptors) {
            return Step::Wait;
        }
        self.phase = Phase::Ended;
        Step::Overtaken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ballot(round: u64) -> Ballot {
        Ballot {
            round,
            node: "n1".to_owned(),
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

    fn refusal() -> Refusal {
        Refusal { promised: ballot(99) }
    }

    #[test]
    fn rule_2a_its_own_value_is_proposed_only_when_a_whole_majority_is_empty() {
        let mut proposer = Proposer::new(5, ballot(9), Some(value(1)), None);
        assert_eq!(proposer.promised("n1", None), Step::Wait);
        assert_eq!(proposer.promised("n2", None), Step::Wait);
        assert_eq!(
            proposer.promised("n2", None),
            Step::Wait,
            "a second answer of n2 counts once"
        );
        assert_eq!(proposer.promised("n3", None), Step::SendAccept(proposal(9, 1)));
    }

    #[test]
    fn rule_2a_the_value_of_the_highest_ballot_is_carried_on() {
        let mut proposer = Proposer::new(5, ballot(9), Some(value(1)), None);
        proposer.promised("n1", Some(proposal(7, 42)));
        proposer.promised("n2", Some(proposal(3, 17)));
        assert_eq!(proposer.promised("n3", None), Step::SendAccept(proposal(9, 42)));
    }

    #[test]
    fn rule_chosen_a_majority_has_to_accept() {
        let mut proposer = Proposer::new(5, ballot(9), Some(value(1)), None);
        for node in ["n1", "n2", "n3"] {
            proposer.promised(node, None);
        }
        assert_eq!(proposer.accepted("n1"), Step::Wait);
        assert_eq!(
            proposer.accepted("n1"),
            Step::Wait,
            "a second answer of n1 counts once"
        );
        assert_eq!(proposer.accepted("n2"), Step::Wait);
        assert_eq!(proposer.accepted("n3"), Step::Chosen(value(1)));
    }

    #[test]
    fn an_overtaken_proposer_gives_the_attempt_up() {
        let mut proposer = Proposer::new(5, ballot(9), Some(value(1)), None);
        assert_eq!(proposer.refused("n1", &refusal()), Step::Wait);
        assert_eq!(proposer.refused("n2", &refusal()), Step::Wait);
        assert_eq!(proposer.refused("n3", &refusal()), Step::Overtaken);
        assert_eq!(
            proposer.promised("n4", None),
            Step::Wait,
            "and nothing revives it"
        );
    }

    #[test]
    fn rule_read_a_read_finds_a_majority_empty_or_finishes_what_it_found() {
        let mut read = Proposer::new(3, ballot(9), None, None);
        read.promised("n1", None);
        assert_eq!(read.promised("n2", None), Step::Undecided);
        let mut read = Proposer::new(3, ballot(9), None, None);
        read.promised("n1", Some(proposal(2, 17)));
        assert_eq!(read.promised("n2", None), Step::SendAccept(proposal(9, 17)));
    }

    #[test]
    fn the_planted_bugs_break_these_rules() {
        let mut proposer = Proposer::new(5, ballot(9), Some(value(1)), Some(Bug::OwnValueAlways));
        proposer.promised("n1", Some(proposal(7, 42)));
        proposer.promised("n2", None);
        assert_eq!(proposer.promised("n3", None), Step::SendAccept(proposal(9, 1)));
        let mut proposer = Proposer::new(5, ballot(9), Some(value(1)), Some(Bug::DecideOnMinority));
        for node in ["n1", "n2", "n3"] {
            proposer.promised(node, None);
        }
        proposer.accepted("n1");
        assert_eq!(proposer.accepted("n2"), Step::Chosen(value(1)));
    }
}
