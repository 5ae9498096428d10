//! What a node knows about itself and the others: the same for all its decrees.

use crate::ballot::{NodeId, majority};
use crate::bug::{Bug, Planted};
use std::sync::Arc;

/// A node's place among the others.
#[derive(Clone, Debug)]
pub struct Config {
    /// This node.
    pub id: NodeId,
    /// Every acceptor, this node included.
    pub acceptors: Arc<[NodeId]>,
    /// How many times this node was started; durable before it proposes anything.
    pub start: u64,
    /// How often an attempt asks again before it is given up for one with a higher ballot.
    pub resends_max: u32,
    /// The rule that this node breaks, if any.
    pub planted: Planted,
}

impl Config {
    /// How many yeses are enough: a majority of the acceptors that are configured, never of those that are up.
    /// `answered` and `resends` (who has answered, how often they were asked again) are no part of it.
    pub fn quorum(&self, answered: usize, resends: u32) -> usize {
        if self.planted.is(Bug::NeedAllAcceptors) {
            self.acceptors.len()
        } else if self.planted.is(Bug::MajorityOfTheLiving) && resends > 0 {
            majority(answered)
        } else {
            majority(self.acceptors.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quorum_is_a_majority_of_all_acceptors_whoever_answers() {
        let with = |bug: Option<Bug>| Config {
            id: NodeId::new("n1"),
            acceptors: ["n1", "n2", "n3", "n4", "n5"].map(NodeId::new).into(),
            start: 1,
            resends_max: 3,
            planted: bug.into(),
        };
        for (answered, resends) in [(1, 0), (1, 2), (5, 2)] {
            assert_eq!(with(None).quorum(answered, resends), 3);
            assert_eq!(with(Some(Bug::NeedAllAcceptors)).quorum(answered, resends), 5);
        }
        assert_eq!(with(Some(Bug::MajorityOfTheLiving)).quorum(2, 1), 2);
    }
}
