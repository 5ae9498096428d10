//! How many nodes a fault on processes hits; and one word beside these for how it hits one.

use crate::role::PRIMARY;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

/// A family of sets of nodes. Which nodes is drawn anew each time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// One node.
    One,
    /// More than one, less than half (one, where there is no more).
    Minority,
    /// More than half, not all (all, where there is no more).
    Majority,
    /// Every node.
    All,
    /// The node that says that it is the primary, when the fault begins; see [`crate::role`].
    Primary,
    /// A manner, and no choice of nodes: one node is hit, and its next start is slow. Only of kills.
    SlowStart,
    /// The node of this name.
    Node(String),
}

impl Target {
    /// Every target that is drawn when nobody says which, in the order of the documentation.
    pub const ALL: [Target; 4] = [Target::One, Target::Minority, Target::Majority, Target::All];

    /// The name, as in `--nemesis kill:majority`.
    pub fn name(&self) -> &str {
        match self {
            Target::One => "one",
            Target::Minority => "minority",
            Target::Majority => "majority",
            Target::All => "all",
            Target::Primary => PRIMARY,
            Target::SlowStart => "slow-start",
            Target::Node(name) => name,
        }
    }

    /// What it hits, in one line.
    pub fn summary(&self) -> &'static str {
        match self {
            Target::One => "one node",
            Target::Minority => "more than one node, less than half",
            Target::Majority => "more than half of the nodes",
            Target::All => "every node",
            Target::Primary => "the node that says that it is the primary, asked when the fault begins",
            Target::SlowStart => {
                "not whom but how: one node, which is stopped (SIGSTOP) in the middle of its next start"
            }
            Target::Node(_) => "the node of this name",
        }
    }

    /// How often it is drawn among the others: a system spends its life losing single nodes.
    pub(crate) fn weight(&self) -> u32 {
        match self {
            Target::One | Target::Primary | Target::SlowStart | Target::Node(_) => 45,
            Target::Minority => 25,
            Target::Majority => 20,
            Target::All => 10,
        }
    }

    /// Whether a system with so many nodes down can be expected to have no quorum.
    pub(crate) fn stops_the_system(&self) -> bool {
        matches!(self, Target::Majority | Target::All)
    }

    /// A set of this size out of `nodes`, in their order. A node that is named is taken as it is, and so is the word for the
    /// primary.
    pub fn draw(&self, nodes: &[String], rng: &mut impl Rng) -> Vec<String> {
        let count = nodes.len();
        let minority = (count.saturating_sub(1)) / 2;
        let size = match self {
            Target::One | Target::SlowStart => 1,
            Target::Minority => rng.random_range(minority.min(2)..=minority.max(1)).max(1),
            Target::Majority => rng.random_range(count / 2 + 1..=(count - 1).max(count / 2 + 1)),
            Target::All => count,
            Target::Primary => return vec![PRIMARY.to_owned()],
            Target::Node(name) => return vec![name.clone()],
        };
        let mut places: Vec<usize> = (0..count).collect();
        places.shuffle(rng);
        places.truncate(size);
        places.sort_unstable();
        places.into_iter().map(|place| nodes[place].clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn sets_have_the_size_that_their_name_says() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for count in 1..=9 {
            let nodes: Vec<String> = (1..=count).map(|i| format!("n{i}")).collect();
            for _ in 0..50 {
                assert_eq!(Target::One.draw(&nodes, &mut rng).len(), 1);
                assert_eq!(Target::All.draw(&nodes, &mut rng).len(), count);
                assert!(Target::Majority.draw(&nodes, &mut rng).len() > count / 2);
                let minority = Target::Minority.draw(&nodes, &mut rng).len();
                assert!(minority == 1 || minority * 2 < count, "{minority} of {count}");
            }
        }
    }
}
