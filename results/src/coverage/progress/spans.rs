//! The spans in which one set of nodes, a majority, was up and connected while some fault was in force.
//!
//! From change to change of the faults the largest such sets are found; a set goes on through a change as long as
//! all of it stays up and connected. Sets are bits: node 0 is bit 0.
//!
//! Of a system that takes its time to fail over, only the parts of them that lie beyond that time are left. It begins anew
//! with every change, also of others: the leader may be the one that is gone, and one that comes back may call an election.

use super::super::within;
use history::timeline::{FaultSpan, excuse};
use history::{History, Note};

/// Clusters with more nodes than there are bits are not looked at.
const NODES_MAX: usize = 128;
/// At so many sets, and after so many steps, enough have been found: up to nine nodes that is all of them.
const SETS_MAX: usize = 128;
const STEPS_MAX: usize = 4096;

type Set = u128;

/// A span, as long as the set's being up and connected lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    set: Set,
    pub start_ns: u64,
    pub end_ns: u64,
}

impl Span {
    /// How long it is.
    pub fn lasted_ns(&self) -> u64 {
        self.end_ns - self.start_ns
    }

    /// Whether a node, as a place in the history's nodes, is one of the set.
    pub fn has(&self, node: u16) -> bool {
        usize::from(node) < NODES_MAX && self.set & bit(node.into()) != 0
    }

    /// The names of the set's nodes.
    pub fn names(&self, nodes: &[String]) -> Vec<String> {
        let members = nodes.iter().zip(0u16..).filter(|(_, place)| self.has(*place));
        members.map(|(name, _)| name.clone()).collect()
    }
}

/// A set that is up and connected since some moment.
#[derive(Clone, Copy)]
struct Open {
    set: Set,
    since_ns: u64,
}

/// What may keep nodes down or apart, and when.
struct Trouble {
    down: Set,
    /// Pairs of nodes, one bit each.
    cut: Vec<(Set, Set)>,
    span: (u64, u64),
}

/// All of them within `main_ns`; neither the set nor the span could be larger. Of each, what lies beyond `failover_ns`.
pub fn spans(history: &History, faults: &[FaultSpan], main_ns: (u64, u64), failover_ns: u64) -> Vec<Span> {
    let nodes = history.nodes.len();
    if nodes > NODES_MAX {
        return Vec::new();
    }
    let troubles = troubles(history, faults);
    let in_force: Vec<(u64, u64)> = faults.iter().filter_map(in_full_force).collect();
    let all_spans = troubles
        .iter()
        .map(|trouble| trouble.span)
        .chain(in_force.clone());
    let mut moments: Vec<u64> = all_spans
        .flat_map(|(start, end)| [start, end])
        .filter(|moment| within(*moment, main_ns))
        .chain([main_ns.0, main_ns.1])
        .collect();
    moments.sort_unstable();
    moments.dedup();
    let mut open: Vec<Open> = Vec::new();
    let mut spans = Vec::new();
    for moment in moments.iter().copied() {
        let is_judged = moment < main_ns.1 && in_force.iter().any(|span| within(moment, *span));
        let here = match is_judged {
            true => connected_majorities(nodes, &troubles, moment),
            false => Vec::new(),
        };
        let ended = |it: &&Open| here.iter().all(|set| it.set & set != it.set);
        spans.extend(open.iter().filter(ended).map(|it| Span {
            set: it.set,
            start_ns: it.since_ns,
            end_ns: moment,
        }));
        let mut next: Vec<Open> = Vec::new();
        for set in here {
            let new = Open {
                set,
                since_ns: moment,
            };
            let narrowed = |it: &Open| Open {
                set: it.set & set,
                ..*it
            };
            next.push(new);
            next.extend(open.iter().map(narrowed));
        }
        open = largest(next, nodes);
    }
    match failover_ns {
        0 => spans,
        _ => beyond(&spans, &moments, &flapping(faults), failover_ns, nodes),
    }
}

/// The parts of spans that lie so long after the last change, with nothing in force that comes and goes.
fn beyond(
    spans: &[Span],
    changes: &[u64],
    flapping: &[(u64, u64)],
    failover_ns: u64,
    nodes: usize,
) -> Vec<Span> {
    let between = changes.windows(2).filter_map(|pair| {
        let start_ns = pair[0].saturating_add(failover_ns);
        let is_steady = !flapping.iter().any(|span| within(pair[0], *span));
        (is_steady && start_ns < pair[1]).then_some((start_ns, pair[1]))
    });
    let parts = between.flat_map(|(start_ns, end_ns)| {
        // A span begins and ends with a change.
        let here = spans
            .iter()
            .filter(|span| span.start_ns <= start_ns && end_ns <= span.end_ns);
        let open = here.map(|span| Open {
            set: span.set,
            since_ns: start_ns,
        });
        // An older set that lies in another one has nothing of its own in this part.
        let here = largest(open.collect(), nodes).into_iter();
        here.map(move |it| Span {
            set: it.set,
            start_ns,
            end_ns,
        })
    });
    parts.collect()
}

/// When a fault was in force that comes and goes.
fn flapping(faults: &[FaultSpan]) -> Vec<(u64, u64)> {
    let flapping = faults.iter().filter(|it| it.fault.flap().is_some());
    flapping.filter_map(|it| it.active_ns(u64::MAX)).collect()
}

/// When a fault is in force and not even being mended: what succeeds while a node is on its way back may owe it to that.
fn in_full_force(fault: &FaultSpan) -> Option<(u64, u64)> {
    let (start_ns, end_ns) = fault.active_ns(u64::MAX)?;
    let mending_ns = fault.healing_ns.unwrap_or(end_ns);
    Some((start_ns, end_ns.min(mending_ns).max(start_ns)))
}

/// From the first attempt to break something to the proof that it is mended; a node that ended by itself is down
/// for good.
fn troubles(history: &History, faults: &[FaultSpan]) -> Vec<Trouble> {
    let bit_of = |name: &String| {
        let place = history.nodes.iter().position(|node| node == name);
        place.map_or(0, bit)
    };
    let by_faults = faults.iter().filter(|it| it.installed_ns.is_some()).map(|it| {
        let fault = &it.fault;
        let down = fault.stopped().iter().chain(fault.hampered()).map(bit_of);
        let down = down.fold(0, |set, node| set | node);
        let apart = fault.cut().iter().chain(fault.disturbed());
        let cut = apart.map(|(a, b)| (bit_of(a), bit_of(b))).collect();
        let span = (it.requested_ns, it.healed_ns.unwrap_or(u64::MAX));
        Trouble { down, cut, span }
    });
    let by_themselves = history.notes.iter().filter_map(|(time_ns, note)| match note {
        Note::Exit { node, .. } => Some(Trouble {
            down: bit_of(node),
            cut: Vec::new(),
            // Whose disk failed it is started again when that is over.
            span: (
                *time_ns,
                excuse(faults, node, *time_ns)
                    .and_then(|fault| fault.healed_ns)
                    .unwrap_or(u64::MAX),
            ),
        }),
        Note::Phase(_) | Note::Stop(_) | Note::Fault(_) => None,
    });
    by_faults.chain(by_themselves).collect()
}

/// The largest sets of nodes, majorities, of which at a moment all are up and every pair is connected.
fn connected_majorities(nodes: usize, troubles: &[Trouble], moment: u64) -> Vec<Set> {
    let mut up = (0..nodes).map(bit).fold(0, |set, node| set | node);
    let mut apart: Vec<Set> = vec![0; nodes];
    for trouble in troubles.iter().filter(|it| within(moment, it.span)) {
        up &= !trouble.down;
        for (node, apart) in (0..nodes).map(bit).zip(&mut apart) {
            for (a, b) in trouble.cut.iter().filter(|(a, b)| a != b) {
                *apart |= if *a == node { *b } else { 0 } | if *b == node { *a } else { 0 };
            }
        }
    }
    // As long as a set has a pair apart in it, either the one node leaves, or all that it cannot reach.
    let mut found: Vec<Set> = Vec::new();
    let mut candidates = vec![up];
    for _ in 0..STEPS_MAX {
        let Some(set) = candidates.pop() else { break };
        if !is_majority(set, nodes) || found.iter().any(|larger| set & larger == set) {
            continue;
        }
        let torn = |node: &usize| set & bit(*node) != 0 && set & apart[*node] != 0;
        match (0..nodes).find(torn) {
            None => found.push(set),
            Some(node) => candidates.extend([set & !bit(node), set & !apart[node]]),
        }
    }
    found
}

/// Without sets that are no majority, and without those that lie in another one that is as old.
fn largest(mut sets: Vec<Open>, nodes: usize) -> Vec<Open> {
    sets.sort_by_key(|it| (it.since_ns, std::cmp::Reverse(it.set.count_ones())));
    let mut kept: Vec<Open> = Vec::new();
    for it in sets {
        let lies_in = |other: &Open| it.set & other.set == it.set;
        if is_majority(it.set, nodes) && kept.len() < SETS_MAX && !kept.iter().any(lies_in) {
            kept.push(it);
        }
    }
    kept
}

fn is_majority(set: Set, nodes: usize) -> bool {
    set.count_ones() as usize > nodes / 2
}

fn bit(node: usize) -> Set {
    1 << node
}

#[cfg(test)]
mod tests;
