//! The acceptor: what one node has promised and accepted for one decree.
//!
//! Pure. Whoever calls makes the new state durable before the answer leaves (see [`crate::node`]).

use crate::ballot::Ballot;
use crate::bug::Bug;
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// A value under a ballot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The ballot.
    pub ballot: Ballot,
    /// The value.
    pub value: Value,
}

/// An acceptor's memory of one decree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptor {
    /// No ballot below this one will be accepted, and no prepare up to it answered.
    pub promised: Option<Ballot>,
    /// The proposal with the highest ballot that was accepted.
    pub accepted: Option<Proposal>,
}

/// An acceptor's no, with the ballot that it has promised: whoever goes on must go above it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What was promised.
    pub promised: Ballot,
}

impl Acceptor {
    /// Rule 1b: a ballot that is not above the promised one is refused; any other is promised, and answered
    /// with the proposal of the highest ballot that was accepted.
    ///
    /// # Errors
    /// The refusal.
    pub fn prepare(&mut self, ballot: &Ballot) -> Result<Option<Proposal>, Refusal> {
        match &self.promised {
            Some(promised) if ballot <= promised => Err(Refusal {
                promised: promised.clone(),
            }),
            _ => {
                self.promised = Some(ballot.clone());
                Ok(self.accepted.clone())
            }
        }
    }

    /// Rule 2b: a ballot below the promised one is refused; any other is promised and its value accepted.
    ///
    /// # Errors
    /// The refusal.
    pub fn accept(&mut self, proposal: &Proposal, bug: Option<Bug>) -> Result<(), Refusal> {
        match &self.promised {
            Some(promised) if proposal.ballot < *promised && bug != Some(Bug::AcceptBelowPromise) => {
                Err(Refusal {
                    promised: promised.clone(),
                })
            }
            _ => {
                self.promised = Some(proposal.ballot.clone());
                self.accepted = Some(proposal.clone());
                Ok(())
            }
        }
    }

    /// The acceptor as it comes back from its durable state.
    pub fn recovered(self, bug: Option<Bug>) -> Acceptor {
        match bug {
            Some(Bug::ForgetAcceptedOnRestart) => Acceptor {
                accepted: None,
                ..self
            },
            _ => self,
        }
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

    fn proposal(round: u64, value: i32) -> Proposal {
        Proposal {
            ballot: ballot(round),
            value: Value::new(&json!(value)).unwrap(),
        }
    }

    #[test]
    fn rule_1b_a_prepare_up_to_the_promise_is_refused_with_the_promise() {
        let mut acceptor = Acceptor::default();
        assert_eq!(acceptor.prepare(&ballot(5)), Ok(None));
        for round in [1, 4, 5] {
            assert_eq!(
                acceptor.prepare(&ballot(round)),
                Err(Refusal { promised: ballot(5) })
            );
        }
        assert_eq!(acceptor.prepare(&ballot(6)), Ok(None));
    }

    #[test]
    fn rule_1b_a_promise_brings_the_accepted_proposal_of_the_highest_ballot() {
        let mut acceptor = Acceptor::default();
        acceptor.accept(&proposal(1, 17), None).unwrap();
        acceptor.accept(&proposal(3, 42), None).unwrap();
        assert_eq!(acceptor.prepare(&ballot(9)), Ok(Some(proposal(3, 42))));
    }

    #[test]
    fn rule_2b_an_accept_below_the_promise_is_refused_and_at_it_accepted() {
        let mut acceptor = Acceptor::default();
        acceptor.prepare(&ballot(5)).unwrap();
        assert_eq!(
            acceptor.accept(&proposal(4, 17), None),
            Err(Refusal { promised: ballot(5) })
        );
        assert_eq!(acceptor.accepted, None);
        acceptor.accept(&proposal(5, 17), None).unwrap();
        assert_eq!(acceptor.accepted, Some(proposal(5, 17)));
    }

    #[test]
    fn rule_2b_an_accept_raises_the_promise() {
        let mut acceptor = Acceptor::default();
        acceptor.accept(&proposal(7, 17), None).unwrap();
        assert!(acceptor.prepare(&ballot(7)).is_err());
    }

    #[test]
    fn the_planted_bugs_break_these_rules_and_no_others() {
        let mut acceptor = Acceptor::default();
        acceptor.prepare(&ballot(5)).unwrap();
        acceptor
            .accept(&proposal(4, 17), Some(Bug::AcceptBelowPromise))
            .unwrap();
        assert_eq!(acceptor.accepted, Some(proposal(4, 17)));
        let forgotten = acceptor.clone().recovered(Some(Bug::ForgetAcceptedOnRestart));
        assert_eq!(
            forgotten,
            Acceptor {
                accepted: None,
                ..acceptor.clone()
            }
        );
        assert_eq!(acceptor.clone().recovered(None), acceptor);
    }
}
