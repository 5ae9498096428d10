//! The learner: whether this node knows a decree to be decided, and as what.
//!
//! A learned value is final, so a node may answer from it without asking anyone, and may tell others.

use crate::ballot::{Ballot, NodeId};
use crate::bug::{Bug, Planted};
use crate::message::Proposal;
use crate::value::Value;

/// What a node knows of one decree's decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Learner {
    chosen: Option<Value>,
    /// This node's own proposals, each with the acceptors that have accepted it.
    votes: Vec<Votes>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Votes {
    proposal: Proposal,
    from: Vec<NodeId>,
}

impl Learner {
    /// What was learned.
    pub fn chosen(&self) -> Option<&Value> {
        self.chosen.as_ref()
    }

    /// This node has sent out a proposal: acceptances of it count from now on, also when a later attempt has
    /// begun meanwhile, for what a majority has accepted is chosen.
    pub fn proposed(&mut self, proposal: Proposal) {
        self.votes.push(Votes {
            proposal,
            from: Vec::new(),
        });
    }

    /// Rule *chosen*: a value is chosen once a majority has accepted the *same ballot*. Returns the value when
    /// it is; `quorum` says how many acceptances that takes when so many have answered.
    pub fn accepted(
        &mut self,
        from: &NodeId,
        ballot: &Ballot,
        quorum: impl Fn(usize) -> usize,
        planted: Planted,
    ) -> Option<Value> {
        let votes = self
            .votes
            .iter_mut()
            .find(|votes| votes.proposal.ballot == *ballot)?;
        // An acceptor that answers twice is one acceptor.
        if planted.is(Bug::DuplicateAnswersCounted) || !votes.from.contains(from) {
            votes.from.push(from.clone());
            votes.from.sort();
        }
        let value = votes.proposal.value.clone();
        let count = match planted.is(Bug::CountAcrossBallots) {
            true => {
                let mut all: Vec<&NodeId> = self.votes.iter().flat_map(|votes| &votes.from).collect();
                all.sort();
                all.dedup();
                all.len()
            }
            false => votes.from.len(),
        };
        let enough = match planted.is(Bug::DecideOnMinority) {
            true => quorum(count) - 1,
            false => quorum(count),
        };
        (count >= enough).then_some(value)
    }

    /// Rule *learn*: takes the word of a proposer that counted a majority, or of a node that learned. Returns
    /// whether it is news: the first word is final.
    pub fn learn(&mut self, value: &Value) -> bool {
        self.votes.clear();
        let is_news = self.chosen.is_none();
        if is_news {
            self.chosen = Some(value.clone());
        }
        is_news
    }

    /// A proposal has come though the decree is decided. It changes nothing.
    pub fn late_proposal(&mut self, proposal: &Proposal, planted: Planted) {
        if planted.is(Bug::OverwriteLearned) {
            self.chosen = Some(proposal.value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ballot::majority;
    use serde_json::json;

    fn value(n: i32) -> Value {
        Value::new(&json!(n)).unwrap()
    }

    fn proposal(round: u64, n: i32) -> Proposal {
        let ballot = Ballot {
            round,
            node: NodeId::new("n1"),
            start: 1,
        };
        Proposal {
            ballot,
            value: value(n),
        }
    }

    /// Who accepts which round, in turn; what is chosen by the last of them, of five acceptors.
    fn count(votes: &[(&str, u64)], planted: Planted) -> Option<Value> {
        let mut learner = Learner::default();
        learner.proposed(proposal(1, 10));
        learner.proposed(proposal(2, 20));
        votes.iter().fold(None, |_, (from, round)| {
            let ballot = &proposal(*round, 0).ballot;
            learner.accepted(&NodeId::new(from), ballot, |_| majority(5), planted)
        })
    }

    #[test]
    fn rule_chosen_a_value_is_chosen_when_a_majority_has_accepted_one_ballot() {
        assert_eq!(count(&[("n1", 2), ("n2", 2)], Planted::NOTHING), None);
        assert_eq!(
            count(&[("n1", 2), ("n2", 2), ("n3", 2)], Planted::NOTHING),
            Some(value(20))
        );
        let late = [("n1", 1), ("n1", 2), ("n2", 1), ("n3", 1)];
        assert_eq!(
            count(&late, Planted::NOTHING),
            Some(value(10)),
            "an earlier ballot still counts"
        );
    }

    #[test]
    fn rule_chosen_acceptances_of_different_ballots_are_not_counted_together() {
        let mixed = [("n1", 1), ("n2", 1), ("n3", 2)];
        assert_eq!(count(&mixed, Planted::NOTHING), None);
        assert_eq!(
            count(&mixed, Some(Bug::CountAcrossBallots).into()),
            Some(value(20))
        );
    }

    #[test]
    fn rule_chosen_an_acceptor_that_answers_twice_counts_once() {
        let twice = [("n1", 1), ("n2", 1), ("n2", 1)];
        assert_eq!(count(&twice, Planted::NOTHING), None);
        assert_eq!(
            count(&twice, Some(Bug::DuplicateAnswersCounted).into()),
            Some(value(10))
        );
    }

    #[test]
    fn rule_chosen_a_minority_does_not_decide() {
        let minority = [("n1", 1), ("n2", 1)];
        assert_eq!(count(&minority, Planted::NOTHING), None);
        assert_eq!(
            count(&minority, Some(Bug::DecideOnMinority).into()),
            Some(value(10))
        );
    }

    #[test]
    fn rule_learn_a_learned_value_is_final() {
        let mut learner = Learner::default();
        assert_eq!(learner.chosen(), None);
        assert!(learner.learn(&value(17)));
        assert!(!learner.learn(&value(42)), "no news");
        learner.late_proposal(&proposal(9, 42), Planted::NOTHING);
        assert_eq!(learner.chosen(), Some(&value(17)));
        learner.late_proposal(&proposal(9, 42), Some(Bug::OverwriteLearned).into());
        assert_eq!(learner.chosen(), Some(&value(42)));
    }
}
