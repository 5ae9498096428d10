//! Ballots: the numbers that order proposals.

use serde::{Deserialize, Serialize};

/// The number of a proposal: its round, then who made it, so that no two nodes ever use the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ballot {
    /// Compared first.
    pub round: u64,
    /// The proposer's id; compared when the rounds are equal.
    pub node: String,
}

impl std::fmt::Display for Ballot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
    fn ballots_are_ordered_by_round_and_then_by_node() {
        let ballot = |round, node: &str| Ballot {
            round,
            node: node.to_owned(),
        };
        assert!(ballot(2, "n1") > ballot(1, "n9"));
        assert!(ballot(2, "n2") > ballot(2, "n1"));
    }

    #[test]
    fn any_two_majorities_share_an_acceptor() {
        for acceptors in 1..100 {
            assert!(2 * majority(acceptors) > acceptors);
            assert!(majority(acceptors) <= acceptors);
        }
    }
}
