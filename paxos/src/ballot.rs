//! Ballots: the numbers that order proposals, and what a majority is.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A node's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// The node of this name.
    pub fn new(name: &str) -> NodeId {
        NodeId(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of a proposal. No two proposals ever have the same one: it names its proposer, and the start of
/// its proposer, and within one start a proposer goes up with every attempt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ballot {
    /// Compared first.
    pub round: u64,
    /// The proposer; compared when the rounds are equal.
    pub node: NodeId,
    /// How many times the proposer had been started, made durable before it proposes anything; compared last.
    pub start: u64,
}

impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.round, self.node)
    }
}

/// How many of `acceptors` are a majority: more than half of those that are configured, whoever is up.
pub fn majority(acceptors: usize) -> usize {
    acceptors / 2 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ballots_are_ordered_by_round_then_node_then_start() {
        let ballot = |round, node: &str, start| Ballot {
            round,
            node: NodeId::new(node),
            start,
        };
        assert!(ballot(2, "n1", 1) > ballot(1, "n9", 9));
        assert!(ballot(2, "n2", 1) > ballot(2, "n1", 9));
        assert!(ballot(2, "n2", 2) > ballot(2, "n2", 1));
    }

    #[test]
    fn any_two_majorities_share_an_acceptor() {
        for acceptors in 1..100 {
            assert!(2 * majority(acceptors) > acceptors);
            assert!(majority(acceptors) <= acceptors);
        }
    }
}
