//! The shapes of partitions: who can no longer send to whom.
//!
//! The names are Jepsen's where it has the shape. Links are directed; a symmetric cut is two of them.

use crate::role::{OTHERS, PRIMARY};
use history::Fault;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

/// A family of partitions. Which nodes are on which side is drawn anew each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The first half of the nodes from the second, in their order: the smaller side first.
    Halves,
    /// Two halves drawn at random.
    RandomHalves,
    /// One node from all others.
    One,
    /// Every node sees a majority, but no two nodes see the same one.
    MajoritiesRing,
    /// Two halves that see each other only through one node in the middle.
    Bridge,
    /// One side's packets no longer reach the other; the answers' direction still works.
    OneWay,
    /// Less than a third of the nodes from the rest.
    MinorityThird,
    /// Groups of which none is a majority.
    Shards,
    /// Every directed link with probability one half, whatever that leaves.
    RandomLinks,
    /// The node that says that it is the primary, when the fault begins, from all others; see [`crate::role`].
    Primary,
}

impl Shape {
    /// Every shape that is drawn when nobody says which, in the order of the documentation.
    pub const ALL: [Shape; 9] = [
        Shape::Halves,
        Shape::RandomHalves,
        Shape::One,
        Shape::MajoritiesRing,
        Shape::Bridge,
        Shape::OneWay,
        Shape::MinorityThird,
        Shape::Shards,
        Shape::RandomLinks,
    ];

    /// The name, as in `--nemesis partition:bridge` and in files.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Halves => "halves",
            Shape::RandomHalves => "random-halves",
            Shape::One => "one",
            Shape::MajoritiesRing => "majorities-ring",
            Shape::Bridge => "bridge",
            Shape::OneWay => "one-way",
            Shape::MinorityThird => "minority-third",
            Shape::Shards => "shards",
            Shape::RandomLinks => "random-links",
            Shape::Primary => PRIMARY,
        }
    }

    /// What it does, in one line.
    pub fn summary(self) -> &'static str {
        match self {
            Shape::Halves => "the first half of the nodes is cut from the second",
            Shape::RandomHalves => "two halves drawn at random are cut from each other",
            Shape::One => "one node is cut from all others",
            Shape::MajoritiesRing => "every node sees a majority, and no two see the same one",
            Shape::Bridge => "two halves see each other only through one node",
            Shape::OneWay => "one side's packets do not reach the other; the other direction works",
            Shape::MinorityThird => "less than a third of the nodes is cut from the rest",
            Shape::Shards => "the nodes fall into groups of which none is a majority",
            Shape::RandomLinks => "each direction of each link is cut with probability one half",
            Shape::Primary => {
                "the node that says that it is the primary is cut from all others, asked when the fault begins"
            }
        }
    }

    /// Whether nodes that do not reach each other both reach a third one: a partial partition. What such nodes do meets
    /// in the third, where a clean split keeps it apart.
    pub fn is_partial(self) -> bool {
        matches!(
            self,
            Shape::MajoritiesRing | Shape::Bridge | Shape::OneWay | Shape::RandomLinks
        )
    }

    /// With how many nodes, at least, the shape cuts anything.
    pub fn nodes_min(self) -> usize {
        match self {
            Shape::Halves
            | Shape::RandomHalves
            | Shape::One
            | Shape::OneWay
            | Shape::RandomLinks
            | Shape::Primary => 2,
            Shape::Bridge | Shape::Shards => 3,
            // With three nodes, a ring of majorities cuts nothing; less than a third of three is nobody.
            Shape::MajoritiesRing | Shape::MinorityThird => 4,
        }
    }

    /// A partition of this shape among `nodes`.
    ///
    /// # Panics
    /// With fewer nodes than [`Shape::nodes_min`].
    pub fn draw(self, nodes: &[String], rng: &mut impl Rng) -> Fault {
        assert!(
            nodes.len() >= self.nodes_min(),
            "{} needs {} nodes",
            self.name(),
            self.nodes_min()
        );
        let mut shuffled = nodes.to_vec();
        shuffled.shuffle(rng);
        let half = nodes.len() / 2;
        match self {
            Shape::Halves => self.split(&nodes[..half], &nodes[half..]),
            Shape::RandomHalves => self.split(&shuffled[..half], &shuffled[half..]),
            Shape::One => self.split(&shuffled[..1], &shuffled[1..]),
            Shape::Primary => self.split(&[PRIMARY.to_owned()], &[OTHERS.to_owned()]),
            Shape::MinorityThird => {
                let third = (nodes.len() - 1) / 3;
                self.split(&shuffled[..third], &shuffled[third..])
            }
            Shape::OneWay => {
                let size = if rng.random_bool(0.5) { 1 } else { half };
                let (muted, heard) = shuffled.split_at(size);
                // The first side cannot send to the second, or the other way round: both are worth having.
                let (from, to) = if rng.random_bool(0.5) {
                    (muted, heard)
                } else {
                    (heard, muted)
                };
                self.fault(vec![from.to_vec(), to.to_vec()], links(from, to))
            }
            Shape::Bridge => {
                let (bridge, others) = shuffled.split_first().expect("a bridge has at least three nodes");
                let (left, right) = others.split_at(others.len() / 2);
                let cut = between(left, right);
                self.fault(vec![left.to_vec(), vec![bridge.clone()], right.to_vec()], cut)
            }
            Shape::Shards => {
                let largest = (nodes.len() - 1) / 2;
                let groups: Vec<Vec<String>> = shuffled.chunks(largest).map(<[String]>::to_vec).collect();
                let pairs = groups.iter().flat_map(|a| groups.iter().map(move |b| (a, b)));
                let cut = pairs
                    .filter(|(a, b)| a != b)
                    .flat_map(|(a, b)| links(a, b))
                    .collect();
                self.fault(groups, cut)
            }
            Shape::RandomLinks => {
                let all = links(nodes, nodes).into_iter().filter(|(from, to)| from != to);
                let mut cut: Vec<_> = all.filter(|_| rng.random_bool(0.5)).collect();
                if cut.is_empty() {
                    cut = links(&shuffled[..1], &shuffled[1..]);
                }
                self.fault(shuffled.iter().map(|node| vec![node.clone()]).collect(), cut)
            }
            Shape::MajoritiesRing => {
                let count = shuffled.len();
                let reach = (count / 2).div_ceil(2);
                let near = |i: usize, j: usize| {
                    let apart = i.abs_diff(j);
                    apart.min(count - apart) <= reach
                };
                let pairs = (0..count).flat_map(|i| (0..count).map(move |j| (i, j)));
                let far = pairs.filter(|&(i, j)| !near(i, j));
                let cut = far
                    .map(|(i, j)| (shuffled[i].clone(), shuffled[j].clone()))
                    .collect();
                self.fault(shuffled.iter().map(|node| vec![node.clone()]).collect(), cut)
            }
        }
    }

    fn split(self, left: &[String], right: &[String]) -> Fault {
        self.fault(vec![left.to_vec(), right.to_vec()], between(left, right))
    }

    fn fault(self, mut sides: Vec<Vec<String>>, mut cut: Vec<(String, String)>) -> Fault {
        // Sorted within a side, because a reader looks for names; the order of the sides has a meaning.
        sides.iter_mut().for_each(|side| side.sort());
        cut.sort();
        Fault::Partition {
            shape: self.name().to_owned(),
            sides,
            cut,
            flap: None,
        }
    }
}

/// Every link between two sides, in both directions.
pub(crate) fn between(left: &[String], right: &[String]) -> Vec<(String, String)> {
    [links(left, right), links(right, left)].concat()
}

fn links(from: &[String], to: &[String]) -> Vec<(String, String)> {
    from.iter()
        .flat_map(|a| to.iter().map(move |b| (a.clone(), b.clone())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use std::collections::{BTreeMap, BTreeSet};

    fn names(count: usize) -> Vec<String> {
        (1..=count).map(|i| format!("n{i}")).collect()
    }

    /// Who each node can still send to, itself included.
    fn reach(nodes: &[String], cut: &[(String, String)]) -> BTreeMap<String, BTreeSet<String>> {
        let open = |a: &String, b: &String| !cut.contains(&(a.clone(), b.clone()));
        let row = |a: &String| nodes.iter().filter(|b| open(a, b)).cloned().collect();
        nodes.iter().map(|a| (a.clone(), row(a))).collect()
    }

    fn drawn(shape: Shape, count: usize, seed: u64) -> (Vec<Vec<String>>, Vec<(String, String)>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        match shape.draw(&names(count), &mut rng) {
            Fault::Partition { sides, cut, .. } => (sides, cut),
            other => panic!("a shape drew {other:?}"),
        }
    }

    #[test]
    fn every_shape_cuts_something_and_never_a_node_from_itself() {
        for shape in Shape::ALL {
            for count in shape.nodes_min()..=9 {
                for seed in 0..50 {
                    let (sides, cut) = drawn(shape, count, seed);
                    assert!(!cut.is_empty(), "{shape:?} of {count}");
                    assert!(cut.iter().all(|(a, b)| a != b));
                    let mut seen: Vec<String> = sides.concat();
                    seen.sort();
                    assert_eq!(seen, names(count), "{shape:?}: every node is on exactly one side");
                }
            }
        }
    }

    #[test]
    fn in_a_ring_every_node_sees_a_majority_and_no_two_the_same() {
        for count in 4..=9 {
            let (_, cut) = drawn(Shape::MajoritiesRing, count, 7);
            let views = reach(&names(count), &cut);
            assert!(views.values().all(|view| view.len() > count / 2));
            assert_eq!(views.values().collect::<BTreeSet<_>>().len(), count);
        }
    }

    #[test]
    fn a_bridge_joins_two_halves_through_one_node() {
        let (sides, cut) = drawn(Shape::Bridge, 5, 3);
        let views = reach(&names(5), &cut);
        assert_eq!(views[&sides[1][0]].len(), 5, "the bridge sees all");
        assert!(
            sides[0]
                .iter()
                .chain(&sides[2])
                .all(|node| views[node].len() == 3)
        );
    }

    #[test]
    fn no_shard_is_a_majority() {
        for count in 3..=9 {
            let (sides, cut) = drawn(Shape::Shards, count, 3);
            assert!(sides.iter().all(|side| side.len() * 2 < count), "{sides:?}");
            let views = reach(&names(count), &cut);
            assert!(views.values().all(|view| view.len() * 2 < count));
        }
    }

    #[test]
    fn random_links_are_often_cut_in_one_direction_only() {
        let one_way = |seed| {
            let (_, cut) = drawn(Shape::RandomLinks, 5, seed);
            cut.iter()
                .filter(|(a, b)| !cut.contains(&(b.clone(), a.clone())))
                .count()
        };
        assert!((0..20).all(|seed| one_way(seed) > 0));
    }

    #[test]
    fn a_one_way_cut_leaves_the_other_direction_open() {
        for seed in 0..50 {
            let (_, cut) = drawn(Shape::OneWay, 5, seed);
            assert!(cut.iter().all(|(a, b)| !cut.contains(&(b.clone(), a.clone()))));
        }
    }

    #[test]
    fn halves_leave_a_majority_on_the_second_side() {
        let (sides, _) = drawn(Shape::Halves, 5, 0);
        assert_eq!(
            sides,
            [
                vec!["n1".to_owned(), "n2".into()],
                vec!["n3".into(), "n4".into(), "n5".into()]
            ]
        );
    }
}
