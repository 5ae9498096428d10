//! The acceptor: what one node has promised and accepted for one decree.
//!
//! Pure. Whoever calls makes the new state durable before the answer leaves (see [`crate::instance`]).

use crate::ballot::Ballot;
use crate::bug::{Bug, Planted};
use crate::message::Proposal;
use serde::{Deserialize, Serialize};

/// An acceptor's memory of one decree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Acceptor {
    /// No proposal below this ballot will be accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Ballot>,
    /// The proposal with the highest ballot that was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Proposal>,
}

/// An acceptor's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was promised.
    pub promised: Ballot,
}

impl Acceptor {
    /// Rule 1b: a ballot below the promised one is refused; any other is promised, and answered with the
    /// proposal of the highest ballot that was accepted.
    ///
    /// A ballot *equal* to the promised one comes from the proposer that was promised it, asking again because
    /// the answer got lost: no ballot belongs to two proposers, or to two starts of one (rule 1a).
    ///
    /// # Errors
    /// The refusal.
    pub fn prepare(&mut self, ballot: &Ballot, planted: Planted) -> Result<Option<Proposal>, Refusal> {
        if let Some(promised) = &self.promised
            && ballot < promised
            && !planted.is(Bug::PromiseBelowPromise)
        {
            let promised = promised.clone();
            return Err(Refusal { promised });
        }
        self.promised = Some(ballot.clone());
        Ok(self.accepted.clone())
    }

    /// Rule 2b: a ballot below the promised one is refused; any other is promised and its value accepted.
    ///
    /// # Errors
    /// The refusal.
    pub fn accept(&mut self, proposal: &Proposal, planted: Planted) -> Result<(), Refusal> {
        if let Some(promised) = &self.promised
            && proposal.ballot < *promised
            && !planted.is(Bug::AcceptBelowPromise)
        {
            let promised = promised.clone();
            return Err(Refusal { promised });
        }
        if !planted.is(Bug::AcceptKeepsPromise) {
            self.promised = Some(proposal.ballot.clone());
        }
        if !(planted.is(Bug::FirstAcceptedKept) && self.accepted.is_some()) {
            self.accepted = Some(proposal.clone());
        }
        Ok(())
    }

    /// What of this state is written down before the answer leaves: all of it.
    pub fn durable(&self, planted: Planted) -> Acceptor {
        let mut written = self.clone();
        if planted.is(Bug::ForgetPromiseOnRestart) {
            written.promised = None;
        }
        if planted.is(Bug::ForgetAcceptedOnRestart) {
            written.accepted = None;
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ballot::NodeId;
    use crate::value::Value;
    use serde_json::json;

    const CORRECT: Planted = Planted::NOTHING;

    fn ballot(round: u64) -> Ballot {
        Ballot {
            round,
            node: NodeId::new("n1"),
            start: 1,
        }
    }

    fn proposal(round: u64, value: i32) -> Proposal {
        Proposal {
            ballot: ballot(round),
            value: Value::new(&json!(value)).unwrap(),
        }
    }

    #[test]
    fn rule_1b_a_prepare_below_the_promise_is_refused_with_the_promise() {
        let mut acceptor = Acceptor::default();
        assert_eq!(acceptor.prepare(&ballot(5), CORRECT), Ok(None));
        for round in [1, 4] {
            let refusal = Refusal { promised: ballot(5) };
            assert_eq!(acceptor.prepare(&ballot(round), CORRECT), Err(refusal));
        }
        assert_eq!(acceptor.prepare(&ballot(6), CORRECT), Ok(None));
        assert_eq!(acceptor.promised, Some(ballot(6)));
    }

    #[test]
    fn rule_1b_a_prepare_that_comes_again_gets_the_same_answer() {
        let mut acceptor = Acceptor::default();
        acceptor.accept(&proposal(3, 42), CORRECT).unwrap();
        let first = acceptor.prepare(&ballot(5), CORRECT);
        assert_eq!(acceptor.prepare(&ballot(5), CORRECT), first);
    }

    #[test]
    fn rule_1b_a_promise_brings_the_accepted_proposal_of_the_highest_ballot() {
        let mut acceptor = Acceptor::default();
        acceptor.accept(&proposal(1, 17), CORRECT).unwrap();
        acceptor.accept(&proposal(3, 42), CORRECT).unwrap();
        assert_eq!(acceptor.prepare(&ballot(9), CORRECT), Ok(Some(proposal(3, 42))));
    }

    #[test]
    fn rule_2b_an_accept_below_the_promise_is_refused_and_at_it_accepted() {
        let mut acceptor = Acceptor::default();
        acceptor.prepare(&ballot(5), CORRECT).unwrap();
        let refusal = Refusal { promised: ballot(5) };
        assert_eq!(acceptor.accept(&proposal(4, 17), CORRECT), Err(refusal));
        assert_eq!(acceptor.accepted, None);
        acceptor.accept(&proposal(5, 17), CORRECT).unwrap();
        assert_eq!(acceptor.accepted, Some(proposal(5, 17)));
    }

    #[test]
    fn rule_2b_an_accept_raises_the_promise() {
        let mut acceptor = Acceptor::default();
        acceptor.accept(&proposal(7, 17), CORRECT).unwrap();
        assert!(acceptor.prepare(&ballot(6), CORRECT).is_err());
    }

    #[test]
    fn rules_1b_and_2b_what_is_written_down_is_all_that_was_promised_and_accepted() {
        let mut acceptor = Acceptor::default();
        acceptor.accept(&proposal(7, 17), CORRECT).unwrap();
        assert_eq!(acceptor.durable(CORRECT), acceptor);
    }

    #[test]
    fn each_planted_bug_breaks_its_rule() {
        let with = |bug, accepted: Option<Proposal>| {
            let promised = Some(ballot(5));
            (Acceptor { promised, accepted }, Planted::from(Some(bug)))
        };
        let (mut acceptor, planted) = with(Bug::PromiseBelowPromise, None);
        assert!(acceptor.prepare(&ballot(4), planted).is_ok());
        let (mut acceptor, planted) = with(Bug::AcceptBelowPromise, None);
        assert!(acceptor.accept(&proposal(4, 1), planted).is_ok());
        let (mut acceptor, planted) = with(Bug::AcceptKeepsPromise, None);
        acceptor.accept(&proposal(6, 1), planted).unwrap();
        assert_eq!(acceptor.promised, Some(ballot(5)));
        let (mut acceptor, planted) = with(Bug::FirstAcceptedKept, Some(proposal(3, 1)));
        acceptor.accept(&proposal(6, 2), planted).unwrap();
        assert_eq!(acceptor.accepted, Some(proposal(3, 1)));
        let (acceptor, planted) = with(Bug::ForgetPromiseOnRestart, Some(proposal(3, 1)));
        assert_eq!(acceptor.durable(planted).promised, None);
        let (acceptor, planted) = with(Bug::ForgetAcceptedOnRestart, Some(proposal(3, 1)));
        assert_eq!(acceptor.durable(planted).accepted, None);
    }
}
