//! Handovers: one majority works, then another, and the only nodes that belong to both are restarted meanwhile.
//!
//! What the first majority has agreed on, the second knows from those nodes alone. So whatever they forget, or take
//! for durable and lose, is missed; among more nodes another one nearly always remembers.

use super::draw::{DOWN_MS, a_change_on};
use super::spans::{Span, handovers, planned_fault};
use super::{PlannedFault, Request};
use crate::draw::{between, stream};
use crate::shape;
use crate::{Package, Shape, Target, Trigger};
use history::{Fault, Flap};
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

/// The random stream of handovers.
const STREAM: u64 = 12;

/// How the two majorities come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Both at once: the two sides do not reach each other, and both reach the nodes in the middle.
    Bridge,
    /// In turn: first one side is cut off, then the other.
    CutInTurn,
    /// In turn: first one side is down, then the other.
    DownInTurn,
}

/// The ways that the kinds of fault which were asked for allow. Without kills nobody forgets anything.
fn ways(request: &Request<'_>) -> Vec<Way> {
    let shape = |wanted: Shape| {
        let is_asked_for =
            |package: &Package| matches!(package, Package::Partition(forms) if forms.contains(&wanted));
        request.packages.iter().any(is_asked_for)
    };
    let target = |wanted: Target| {
        let is_asked_for =
            |package: &Package| matches!(package, Package::Kill(forms) if forms.contains(&wanted));
        request.packages.iter().any(is_asked_for)
    };
    // With fewer nodes there are no two majorities with something outside of each.
    if request.nodes.len() < 3 || !target(Target::One) {
        return Vec::new();
    }
    let ways = [
        // Twice as often as the others: two majorities that work at the same time meet in what they do.
        (Way::Bridge, shape(Shape::Bridge)),
        (Way::Bridge, shape(Shape::Bridge)),
        (Way::CutInTurn, shape(Shape::RandomHalves)),
        (Way::DownInTurn, target(Target::Minority)),
    ];
    ways.into_iter()
        .filter_map(|(way, can_be)| can_be.then_some(way))
        .collect()
}

/// Whether there can be handovers.
pub fn are_possible(request: &Request<'_>) -> bool {
    !ways(request).is_empty()
}

/// All faults of all handovers of a run.
pub fn faults(request: &Request<'_>) -> Vec<PlannedFault> {
    let mut rng = stream(request.seed, STREAM);
    let ways = ways(request);
    let spans = handovers(request).into_iter();
    spans
        .flat_map(|span| match ways.choose(&mut rng) {
            Some(way) => handover(*way, &span, request, &mut rng),
            None => Vec::new(),
        })
        .collect()
}

fn handover(way: Way, span: &Span, request: &Request<'_>, rng: &mut ChaCha8Rng) -> Vec<PlannedFault> {
    let mut nodes = request.nodes.to_vec();
    nodes.shuffle(rng);
    // The largest sides that leave a majority without either.
    let side = (nodes.len() - 1) / 2;
    let (left, rest) = nodes.split_at(side);
    let (right, middle) = rest.split_at(side);
    let work = Work { request, middle };
    let cut_off = |away: &[String], working: &[String]| {
        let working = [working, middle].concat();
        let cut = shape::between(away, &working);
        partition("handover", vec![away.to_vec(), working], cut)
    };
    match way {
        Way::Bridge => {
            let sides = vec![left.to_vec(), middle.to_vec(), right.to_vec()];
            let fault = partition("bridge", sides, shape::between(left, right));
            let cut = planned_fault(span.start_ms, span.end_ms, fault);
            [vec![cut], work.restarts(span.start_ms, span.end_ms, rng)].concat()
        }
        Way::CutInTurn => work.in_turn(span, [cut_off(right, left), cut_off(left, right)], rng),
        Way::DownInTurn => work.in_turn(span, [right, left].map(|side| work.kill(side, None)), rng),
    }
}

/// The nodes in the middle are last restarted at most this long after the second majority's turn has begun.
const AT_THE_TURN_MS: u64 = 20;
/// How long there is work before they are first restarted.
const BEFORE_RESTARTS_MS: u64 = 300;
/// How long they are up between two restarts.
const UP_MS: (f64, f64) = (80.0, 400.0);
/// Power fails once in each such time, when their directories change, or after [`PATIENCE_MS`].
const POWER_EVERY_MS: u64 = 400;
const PATIENCE_MS: u64 = 250;
/// How long each side has its turn when power fails at the end of it, and how much longer it stays away than the other
/// works, for turns do not begin at the same time.
const TURN_MS: u64 = 450;
const TURNS_OVERLAP_MS: u64 = 50;

/// What there is to work with.
struct Work<'a> {
    request: &'a Request<'a>,
    /// The nodes that belong to both majorities.
    middle: &'a [String],
}

impl Work<'_> {
    fn kill(&self, nodes: &[String], flap: Option<Flap>) -> Fault {
        let mut nodes = nodes.to_vec();
        nodes.sort();
        let power = self.request.kills_are_power_failures();
        Fault::Kill {
            nodes,
            power,
            flap,
            slow_start: None,
        }
    }

    /// First one side is away, then the other; the nodes in the middle are restarted meanwhile.
    fn in_turn(&self, span: &Span, away: [Fault; 2], rng: &mut ChaCha8Rng) -> Vec<PlannedFault> {
        if self.request.kills_are_power_failures() {
            return self.in_turn_as_power_fails(span, &away, rng);
        }
        let half_ms = (span.start_ms + span.end_ms) / 2;
        let [first, second] = away;
        let turns = vec![
            planned_fault(span.start_ms, half_ms, first),
            planned_fault(half_ms, span.end_ms, second),
        ];
        [turns, self.restarts(span.start_ms, half_ms + AT_THE_TURN_MS, rng)].concat()
    }

    /// Several turns, each of which begins in the moment in which power fails in the middle: nobody is left who could tell
    /// those nodes what they have lost.
    fn in_turn_as_power_fails(
        &self,
        span: &Span,
        away: &[Fault; 2],
        rng: &mut ChaCha8Rng,
    ) -> Vec<PlannedFault> {
        let first = planned_fault(
            span.start_ms,
            span.start_ms + TURN_MS + TURNS_OVERLAP_MS,
            away[0].clone(),
        );
        let mut faults = vec![first];
        let turns = (span.start_ms + TURN_MS..=span.end_ms - TURN_MS).step_by(TURN_MS as usize);
        for (latest_ms, away) in turns.zip(away.iter().cycle().skip(1)) {
            let at_ms = latest_ms - PATIENCE_MS;
            let failure = self.power_failure(at_ms, rng);
            faults.push(PlannedFault {
                when: failure.when.clone().map(Trigger::while_it_goes_on),
                patience_ms: failure.patience_ms,
                // From whenever it begins it lasts so long.
                ..planned_fault(at_ms, at_ms + TURN_MS + TURNS_OVERLAP_MS, away.clone())
            });
            faults.push(failure);
        }
        faults
    }

    /// Restarts of the nodes in the middle, one after another: what each was in the middle of differs.
    fn restarts(&self, start_ms: u64, end_ms: u64, rng: &mut ChaCha8Rng) -> Vec<PlannedFault> {
        let first_ms = start_ms + BEFORE_RESTARTS_MS;
        if !self.request.kills_are_power_failures() {
            let (cut_ms, whole_ms) = (between(rng, DOWN_MS), between(rng, UP_MS));
            let fault = self.kill(self.middle, Some(Flap { cut_ms, whole_ms }));
            return vec![planned_fault(first_ms, end_ms, fault)];
        }
        let times = (first_ms..end_ms.saturating_sub(PATIENCE_MS)).step_by(POWER_EVERY_MS as usize);
        times.map(|at_ms| self.power_failure(at_ms, rng)).collect()
    }

    /// Power fails in the middle, when a directory changes there.
    fn power_failure(&self, at_ms: u64, rng: &mut ChaCha8Rng) -> PlannedFault {
        PlannedFault {
            when: Some(a_change_on(&self.middle[0], rng)),
            patience_ms: Some(PATIENCE_MS),
            ..planned_fault(at_ms, at_ms + between(rng, DOWN_MS), self.kill(self.middle, None))
        }
    }
}

fn partition(shape: &str, mut sides: Vec<Vec<String>>, mut cut: Vec<(String, String)>) -> Fault {
    sides.iter_mut().for_each(|side| side.sort());
    cut.sort();
    Fault::Partition {
        shape: shape.to_owned(),
        sides,
        cut,
        flap: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;
    use std::collections::BTreeSet;
    use std::time::Duration;

    fn with<T>(nemesis: &str, count: usize, seed: u64, look: impl FnOnce(&Request<'_>) -> T) -> T {
        let nodes: Vec<String> = (1..=count).map(|i| format!("n{i}")).collect();
        look(&Request {
            packages: &parse(nemesis).unwrap(),
            nodes: &nodes,
            interval: Duration::from_millis(500).into(),
            time_limit: Duration::from_secs(60),
            seed,
        })
    }

    /// Those that work together with `node` at a time, if the nodes in the middle are up.
    fn working_with(
        node: &str,
        at_ms: u64,
        faults: &[PlannedFault],
        request: &Request<'_>,
    ) -> BTreeSet<String> {
        let in_force = |it: &&PlannedFault| it.start_ms <= at_ms && at_ms < it.end_ms;
        let reached = |other: &&String| {
            faults.iter().filter(in_force).all(|it| match &it.fault {
                Fault::Partition { cut, .. } => !cut.contains(&(node.to_owned(), (*other).clone())),
                Fault::Kill { nodes, .. } => !nodes.contains(other) || middle(faults) == *nodes,
                _ => true,
            })
        };
        request.nodes.iter().filter(reached).cloned().collect()
    }

    /// The nodes that are killed again and again, or as something changes on their disks.
    fn middle(faults: &[PlannedFault]) -> Vec<String> {
        let mut restarts = faults.iter().filter_map(|it| match &it.fault {
            Fault::Kill {
                nodes, flap: Some(_), ..
            } => Some(nodes),
            Fault::Kill { nodes, .. } => {
                let waits = matches!(it.when, Some(Trigger::DirectoryChange { held: true, .. }));
                waits.then_some(nodes)
            }
            _ => None,
        });
        restarts.next_back().unwrap().clone()
    }

    #[test]
    fn two_majorities_have_only_the_nodes_in_common_that_are_restarted() {
        for (nemesis, count) in [
            ("partition,kill", 5),
            ("kill", 5),
            ("all", 3),
            ("kill,disk", 4),
            ("partition,kill", 6),
        ] {
            for seed in 0..40 {
                with(nemesis, count, seed, |request| {
                    let all = faults(request);
                    let spans = handovers(request);
                    assert!(
                        spans.len() >= 5,
                        "seed {seed}: {} handovers in a minute",
                        spans.len()
                    );
                    for span in spans {
                        let within =
                            |it: &&PlannedFault| span.start_ms <= it.start_ms && it.start_ms < span.end_ms;
                        let faults: Vec<PlannedFault> = all.iter().filter(within).cloned().collect();
                        let middle = middle(&faults);
                        let middle: BTreeSet<&String> = middle.iter().collect();
                        let majorities: BTreeSet<BTreeSet<String>> = (span.start_ms
                            ..span.end_ms - PATIENCE_MS)
                            .step_by(50)
                            .flat_map(|at_ms| {
                                let sides = request.nodes.iter().filter(|node| !middle.contains(node));
                                sides
                                    .map(|node| working_with(node, at_ms, &faults, request))
                                    .collect::<Vec<_>>()
                            })
                            .filter(|working| working.len() * 2 > count)
                            .collect();
                        assert_eq!(majorities.len(), 2, "{nemesis}, seed {seed}: {faults:?}");
                        let common = majorities.iter().next().unwrap() & majorities.iter().last().unwrap();
                        assert_eq!(common.iter().collect::<BTreeSet<_>>(), middle, "seed {seed}");
                    }
                });
            }
        }
    }

    #[test]
    fn nothing_else_is_cut_killed_or_paused_meanwhile() {
        for seed in 0..40 {
            with("partition,kill,pause,packet", 5, seed, |request| {
                let own = faults(request);
                let all = crate::Schedule::generate(request).unwrap().faults;
                let spans = handovers(request);
                let is_own = |it: &PlannedFault| {
                    own.iter()
                        .any(|own| (own.start_ms, &own.fault) == (it.start_ms, &it.fault))
                };
                for other in all.iter().filter(|it| it.fault.kind() != "packet" && !is_own(it)) {
                    let overlaps = spans
                        .iter()
                        .find(|span| other.start_ms < span.end_ms && span.start_ms < other.end_ms);
                    assert_eq!(overlaps, None, "seed {seed}: {other:?}");
                }
            });
        }
    }

    #[test]
    fn where_nobody_can_forget_there_is_none() {
        for (nemesis, count) in [
            ("partition", 5),
            ("pause,packet", 5),
            ("kill:one", 5),
            ("partition:one,kill:one", 5),
            ("partition,kill:n1", 5),
            ("partition,kill", 2),
        ] {
            with(nemesis, count, 1, |request| {
                assert_eq!(faults(request), [], "{nemesis} of {count}");
                assert_eq!(handovers(request), []);
            });
        }
    }

    #[test]
    fn power_fails_in_the_middle_of_what_changes_a_directory() {
        with("partition,kill,disk", 5, 3, |request| {
            let all = faults(request);
            let kills: Vec<&PlannedFault> = all.iter().filter(|it| it.fault.kind() == "kill").collect();
            assert!(
                kills
                    .iter()
                    .all(|it| matches!(it.fault, Fault::Kill { power: true, .. }))
            );
            let is_away =
                |it: &PlannedFault| matches!(it.when, Some(Trigger::DirectoryChange { held: false, .. }));
            let waits: Vec<_> = kills
                .iter()
                .filter(|it| !is_away(it))
                .filter_map(|it| it.when.as_ref())
                .collect();
            assert!(waits.len() > 20);
            let later = |it: &&&Trigger| matches!(it, Trigger::DirectoryChange { then_requests, .. } if *then_requests > 0);
            let held = |it: &&Trigger| matches!(it, Trigger::DirectoryChange { held: true, .. });
            assert!(
                waits.iter().all(held),
                "what they wait for does not go by meanwhile"
            );
            let share = waits.iter().filter(later).count() as f64 / waits.len() as f64;
            assert!((0.4..0.9).contains(&share), "{share} of them some requests later");
            let aways: Vec<&PlannedFault> = all.iter().filter(|it| is_away(it)).collect();
            assert!(aways.len() >= 6, "a few in each handover");
            for away in aways {
                let together = all.iter().any(|it| {
                    let waits_for_the_same = it.when.clone().map(Trigger::while_it_goes_on) == away.when;
                    it.start_ms == away.start_ms && waits_for_the_same && kills.contains(&it) && !is_away(it)
                });
                assert!(together, "the first side goes as power fails: {away:?}");
            }
        });
    }
}
