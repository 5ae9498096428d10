//! The argument: operations as nodes, "must come before" as edges with their reasons, a loop as the proof.
//!
//! If A must come before B, and B before A, no order of them is legal. The shortest such loop is the
//! explanation that people are shown.

use crate::{Reason, ReasonKind};
use petgraph::algo::{condensation, dijkstra};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

/// Operations, and who must come before whom. Nodes are numbered in the order in which they were added.
#[derive(Debug, Default)]
pub struct Argument {
    graph: DiGraph<u32, Edge>,
}

/// Why one must come before the other.
#[derive(Clone, Debug)]
pub struct Edge {
    /// What forces it.
    pub kind: ReasonKind,
    /// How much a reader has to believe: real time is seen at a glance.
    pub weight: u32,
}

impl Argument {
    /// Adds an operation by its number in the history.
    pub fn operation(&mut self, number: u32) -> NodeIndex {
        self.graph.add_node(number)
    }

    /// Says that `from` must come before `to`.
    pub fn before(&mut self, from: NodeIndex, to: NodeIndex, kind: ReasonKind, weight: u32) {
        self.graph.add_edge(from, to, Edge { kind, weight });
    }

    /// The loop that is easiest to believe, as operation numbers with the kind of edge that leaves each:
    /// fewest edges first, then lowest weight. Empty when there is none.
    pub fn shortest_loop(&self) -> Vec<(u32, ReasonKind)> {
        // Without a component of two or more nodes, or an edge to itself, there is no loop at all.
        let parts = condensation(self.graph.clone(), true);
        let knotted = parts.node_weights().any(|part| part.len() > 1);
        let own = self
            .graph
            .edge_references()
            .find(|edge| edge.source() == edge.target());
        if let Some(edge) = own {
            return vec![(self.graph[edge.source()], edge.weight().kind)];
        }
        if !knotted {
            return Vec::new();
        }
        let cost = |edge: &Edge| 1_000_000 + edge.weight;
        let best = self
            .graph
            .edge_references()
            .filter_map(|edge| {
                // Back from the edge's end to its start, the cheapest way.
                let way = dijkstra(&self.graph, edge.target(), Some(edge.source()), |it| {
                    cost(it.weight())
                });
                let back = way.get(&edge.source())?;
                Some((back + cost(edge.weight()), edge.id()))
            })
            .min();
        let Some((_, first)) = best else { return Vec::new() };
        let (start, mut at) = self
            .graph
            .edge_endpoints(first)
            .expect("the edge is of this graph");
        let mut around = vec![(self.graph[start], self.graph[first].kind)];
        while at != start {
            let step = self
                .graph
                .edges(at)
                .filter_map(|edge| {
                    let way = dijkstra(&self.graph, edge.target(), Some(start), |it| cost(it.weight()));
                    Some((way.get(&start)? + cost(edge.weight()), edge.id()))
                })
                .min()
                .expect("the way back exists");
            around.push((self.graph[at], self.graph[step.1].kind));
            at = self
                .graph
                .edge_endpoints(step.1)
                .expect("the edge is of this graph")
                .1;
        }
        around
    }
}

/// Whether the reasons are a loop: each goes on where the last one ended, and the last ends at the start.
pub fn is_loop(reasons: &[Reason]) -> bool {
    let ends = reasons.iter().map(|reason| reason.to);
    let starts = reasons.iter().cycle().skip(1).map(|reason| reason.from);
    !reasons.is_empty() && ends.zip(starts).all(|(end, start)| end == start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_loop_with_fewest_edges_is_found_and_among_those_the_easiest() {
        let mut argument = Argument::default();
        let nodes: Vec<NodeIndex> = (10..16).map(|number| argument.operation(number)).collect();
        let value = ReasonKind::Value;
        for (from, to, weight) in [
            (0, 1, 1),
            (1, 2, 1),
            (2, 0, 1),
            (3, 4, 9),
            (4, 3, 9),
            (4, 5, 1),
            (5, 4, 1),
        ] {
            argument.before(nodes[from], nodes[to], value, weight);
        }
        let mut around: Vec<u32> = argument
            .shortest_loop()
            .into_iter()
            .map(|(number, _)| number)
            .collect();
        around.sort_unstable();
        assert_eq!(around, [14, 15]);
    }

    #[test]
    fn an_order_without_contradiction_has_no_loop() {
        let mut argument = Argument::default();
        let nodes: Vec<NodeIndex> = (0..3).map(|number| argument.operation(number)).collect();
        argument.before(nodes[0], nodes[1], ReasonKind::Value, 1);
        argument.before(nodes[1], nodes[2], ReasonKind::RealTime { gap_ns: 5 }, 1);
        assert_eq!(argument.shortest_loop(), []);
    }

    /// The cheapest way around through each edge, by relaxing all of them again and again.
    fn cheapest(edges: &[(usize, usize, u32)]) -> Option<(usize, u32)> {
        let around = edges.iter().filter_map(|(from, to, weight)| {
            let mut ways: [Option<(usize, u32)>; 5] = [None; 5];
            ways[*to] = Some((1, *weight));
            for _ in 0..5 {
                for (a, b, weight) in edges {
                    let longer = ways[*a].map(|(length, all)| (length + 1, all + weight));
                    ways[*b] = ways[*b].into_iter().chain(longer).min();
                }
            }
            ways[*from]
        });
        around.min()
    }

    #[test]
    fn in_any_argument_the_loop_is_one_and_no_other_is_shorter_or_easier() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut loops = 0;
        for _ in 0..2000 {
            let mut edges: Vec<(usize, usize, u32)> = Vec::new();
            for (from, to) in (0..5).flat_map(|from| (0..5).map(move |to| (from, to))) {
                if rng.random_bool(if from == to { 0.02 } else { 0.2 }) {
                    edges.push((from, to, rng.random_range(1..=20)));
                }
            }
            let mut argument = Argument::default();
            let nodes: Vec<NodeIndex> = (0..5).map(|number| argument.operation(number)).collect();
            for (from, to, weight) in &edges {
                // The kind says which edge it was.
                let kind = ReasonKind::RealTime {
                    gap_ns: u64::from(*weight),
                };
                argument.before(nodes[*from], nodes[*to], kind, *weight);
            }
            let around = argument.shortest_loop();
            let found = around
                .iter()
                .zip(around.iter().cycle().skip(1))
                .map(|((from, kind), (to, _))| {
                    let edge = edges
                        .iter()
                        .find(|edge| (edge.0, edge.1) == (*from as usize, *to as usize));
                    let (_, _, weight) = edge.expect("an edge of the argument");
                    assert_eq!(
                        *kind,
                        ReasonKind::RealTime {
                            gap_ns: u64::from(*weight)
                        }
                    );
                    *weight
                });
            let found: Vec<u32> = found.collect();
            let own = edges.iter().any(|(from, to, _)| from == to);
            match cheapest(&edges) {
                None => assert!(found.is_empty(), "{edges:?}"),
                // One that contradicts itself is believed at once.
                Some(_) if own => assert_eq!(found.len(), 1, "{edges:?}"),
                Some(best) => assert_eq!((found.len(), found.iter().sum()), best, "{edges:?}"),
            }
            loops += usize::from(!found.is_empty());
        }
        assert!((500..1900).contains(&loops), "{loops}");
    }

    #[test]
    fn reasons_that_do_not_go_on_where_the_last_one_ended_are_no_loop() {
        let of = |edges: &[(usize, usize)]| -> Vec<Reason> {
            let reason = |(from, to): &(usize, usize)| Reason {
                from: *from,
                to: *to,
                kind: ReasonKind::Value,
                sentence: String::new(),
                short: String::new(),
            };
            edges.iter().map(reason).collect()
        };
        assert!(is_loop(&of(&[(0, 1), (1, 2), (2, 0)])) && is_loop(&of(&[(0, 0)])));
        for edges in [
            &[][..],
            &[(0, 1)],
            &[(0, 1), (1, 2)],
            &[(0, 1), (2, 0)],
            &[(0, 1), (1, 0), (1, 0)],
        ] {
            assert!(!is_loop(&of(edges)), "{edges:?}");
        }
    }
}
