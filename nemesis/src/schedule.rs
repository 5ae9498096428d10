//! From a seed to faults: what will be done, to whom, from when to when, fixed before the run starts.
//!
//! Every kind of fault has a random stream of its own, so that adding `kill` to `--nemesis partition`
//! leaves the partitions as they were. Within a kind, faults do not overlap; kinds overlap freely.
//!
//! Most of the time is *storm*: faults come fast, short ones and long ones, and overlap. Now and then there is a
//! *siege*: one fault that leaves a connected majority, for longer than anybody waits, and nothing else. A storm
//! breaks what depends on the order of messages; only a siege shows that the majority can work without the rest.

use crate::{Package, Shape, Target};
use history::{Fault, Flap};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The name of the schedule file's format.
pub const SCHEMA: &str = "harness.schedule/v1";

/// What a schedule is drawn from.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The kinds of fault, and their forms.
    pub packages: &'a [Package],
    /// The nodes' names, in order.
    pub nodes: &'a [String],
    /// Mean time between two changes (a fault begins, a fault ends) of one kind.
    pub interval: Duration,
    /// How long the main phase lasts. What is still in force then is healed by the end of the run.
    pub time_limit: Duration,
    /// The run's seed.
    pub seed: u64,
}

/// A fault that will be done. Times are milliseconds from the start of the main phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFault {
    /// Its number, from 1, in the order of the beginnings.
    pub id: u32,
    /// When it begins.
    pub start_ms: u64,
    /// When it is undone.
    pub end_ms: u64,
    /// What is done, to whom.
    pub fault: Fault,
}

/// The faults of one run, in the order of their beginnings: `schedule.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Always [`SCHEMA`] for files of this version.
    pub schema: String,
    /// The seed it was drawn from.
    pub seed: u64,
    /// The faults.
    pub faults: Vec<PlannedFault>,
}

/// Why no schedule can be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A shape was asked for by name that cuts nothing among so few nodes.
    #[error("partition `{shape}` needs at least {needs} nodes, and there are {nodes}; raise --node-count")]
    TooFewNodes {
        /// The shape's name.
        shape: &'static str,
        /// How many it needs.
        needs: usize,
        /// How many there are.
        nodes: usize,
    },
}

/// A fault begins only when at least this much of the main phase is left: it has to be felt.
const FELT_WITHIN_MS: u64 = 500;

/// A flapping partition is cut, and whole again, for times between these, short ones as often as long ones.
const FLAP_MS: (f64, f64) = (3.0, 100.0);

impl Schedule {
    /// Draws the faults of a run.
    ///
    /// # Errors
    /// When a partition was asked for that so few nodes cannot have.
    pub fn generate(request: &Request<'_>) -> Result<Schedule, ScheduleError> {
        let mut faults = Vec::new();
        for package in request.packages {
            match package {
                Package::Partition(shapes) => {
                    let shapes = possible_shapes(shapes, request.nodes.len())?;
                    faults.extend(partitions(&shapes, request));
                }
                Package::Kill(targets) => faults.extend(kills(targets, request)),
            }
        }
        faults.sort_by_key(|fault| fault.start_ms);
        for (fault, id) in faults.iter_mut().zip(1..) {
            fault.id = id;
        }
        Ok(Schedule {
            schema: SCHEMA.to_owned(),
            seed: request.seed,
            faults,
        })
    }
}

fn possible_shapes(shapes: &[Shape], nodes: usize) -> Result<Vec<Shape>, ScheduleError> {
    let possible: Vec<Shape> = shapes
        .iter()
        .copied()
        .filter(|shape| shape.nodes_min() <= nodes)
        .collect();
    let asked_for_by_name = shapes != Shape::ALL;
    match shapes.iter().find(|shape| shape.nodes_min() > nodes) {
        Some(shape) if asked_for_by_name || possible.is_empty() => Err(ScheduleError::TooFewNodes {
            shape: shape.name(),
            needs: shape.nodes_min(),
            nodes,
        }),
        _ => Ok(possible),
    }
}

fn partitions(shapes: &[Shape], request: &Request<'_>) -> Vec<PlannedFault> {
    let mut rng = stream(request.seed, 1);
    let mut bag: Vec<Shape> = Vec::new();
    let shape = *shapes
        .iter()
        .find(|shape| **shape == Shape::One)
        .unwrap_or(&shapes[0]);
    let mut of_sieges = stream(request.seed, 4);
    let sieges: Vec<PlannedFault> =
        in_sieges(request, false, || shape.draw(request.nodes, &mut of_sieges)).collect();
    let storms = spans(request, &mut rng, |rng, interval_ms| {
        // Every shape comes up once before any comes up again: a short run has seen many kinds.
        if bag.is_empty() {
            bag = shapes.to_vec();
            bag.shuffle(rng);
        }
        let shape = bag
            .pop()
            .expect("the bag was just filled, and there is a possible shape");
        // Flapping ones let some messages through and delay others; short ones catch what is under way; long ones
        // what gives up waiting. One interval in the mean.
        let lasts_ms = match rng.random_range(0..10) {
            0..3 => share(rng, interval_ms, 0.1, 0.6),
            3..6 => share(rng, interval_ms, 1.2, 2.6),
            _ => share(rng, interval_ms, 0.5, 1.5),
        };
        let flaps = rng.random_bool(0.6);
        let (cut_ms, whole_ms) = (between(rng, FLAP_MS), between(rng, FLAP_MS));
        let mut fault = shape.draw(request.nodes, rng);
        if let Fault::Partition { flap, .. } = &mut fault
            && flaps
        {
            *flap = Some(Flap { cut_ms, whole_ms });
        }
        (lasts_ms.max(SHORTEST_MS), fault)
    });
    [storms, sieges].concat()
}

fn kills(targets: &[Target], request: &Request<'_>) -> Vec<PlannedFault> {
    let mut rng = stream(request.seed, 2);
    let smallest = targets
        .iter()
        .copied()
        .min_by_key(|target| target.stops_the_system() as u8);
    let mut of_sieges = stream(request.seed, 5);
    let besieged = || Fault::Kill {
        nodes: smallest
            .unwrap_or(Target::One)
            .draw(request.nodes, &mut of_sieges),
    };
    let sieges: Vec<PlannedFault> = in_sieges(request, true, besieged).collect();
    let storms = spans(request, &mut rng, |rng, interval_ms| {
        let target = draw_weighted(targets, rng);
        let at_once = rng.random_bool(0.35);
        let down_ms = match (at_once, target.stops_the_system()) {
            // Restarted at once: what was acknowledged a moment ago must still be there.
            (true, _) => share(rng, interval_ms, 0.0, 0.1),
            // With a majority down nothing happens; keep that shorter than any partition.
            (false, true) => share(rng, interval_ms, 0.05, 0.3),
            (false, false) => share(rng, interval_ms, 0.5, 2.5),
        };
        (
            down_ms,
            Fault::Kill {
                nodes: target.draw(request.nodes, rng),
            },
        )
    });
    [storms, sieges].concat()
}

/// Lays faults one after another over the storms; `draw` says how long each lasts and what it is.
fn spans(
    request: &Request<'_>,
    rng: &mut ChaCha8Rng,
    mut draw: impl FnMut(&mut ChaCha8Rng, u64) -> (u64, Fault),
) -> Vec<PlannedFault> {
    let interval_ms = (request.interval.as_millis() as u64).max(1);
    let limit_ms = request.time_limit.as_millis() as u64;
    let sieges = sieges(request);
    let mut planned = Vec::new();
    // However long the interval, the first fault comes early enough to be part of the run.
    let mut start_ms = share(rng, interval_ms, 0.2, 1.0).min(limit_ms / 4);
    while start_ms + FELT_WITHIN_MS.min(limit_ms / 2) <= limit_ms {
        let (lasts_ms, fault) = draw(rng, interval_ms);
        let end_ms = start_ms + lasts_ms;
        match sieges
            .iter()
            .find(|siege| siege.start_ms < end_ms && start_ms < siege.end_ms)
        {
            Some(siege) if start_ms < siege.start_ms && siege.start_ms - start_ms >= SHORTEST_MS => {
                planned.push(planned_fault(start_ms, siege.start_ms, fault));
                start_ms = siege.end_ms;
            }
            Some(siege) => start_ms = siege.end_ms,
            None => {
                planned.push(planned_fault(start_ms, end_ms, fault));
                start_ms = end_ms;
            }
        }
        start_ms += share(rng, interval_ms, 0.4, 1.6).max(1);
    }
    planned
}

fn planned_fault(start_ms: u64, end_ms: u64, fault: Fault) -> PlannedFault {
    PlannedFault {
        id: 0,
        start_ms,
        end_ms,
        fault,
    }
}

/// A time for one fault alone.
struct Siege {
    start_ms: u64,
    end_ms: u64,
    /// Whether nodes are killed; otherwise they are cut off.
    kills: bool,
}

/// No fault that a siege cuts short is shorter than this.
const SHORTEST_MS: u64 = 50;
/// How long a siege lasts, and how long the storm before it.
const SIEGE_MS: u64 = 3_000;
const STORM_MS: (u64, u64) = (3_000, 7_000);

/// When the sieges of a run are: the same for all kinds of fault, whichever are asked for. Where faults are rarer
/// than sieges, there are none.
fn sieges(request: &Request<'_>) -> Vec<Siege> {
    let mut rng = stream(request.seed, 3);
    let limit_ms = request.time_limit.as_millis() as u64;
    let mut sieges = Vec::new();
    let mut start_ms = rng.random_range(STORM_MS.0..STORM_MS.1);
    let is_dense = request.interval.as_millis() as u64 * 2 <= STORM_MS.0;
    while is_dense && start_ms + SIEGE_MS <= limit_ms {
        let end_ms = start_ms + SIEGE_MS;
        let kills = rng.random_bool(0.7);
        sieges.push(Siege {
            start_ms,
            end_ms,
            kills,
        });
        start_ms = end_ms + rng.random_range(STORM_MS.0..STORM_MS.1);
    }
    sieges
}

/// The sieges in which nodes are killed, or those in which they are cut off.
fn in_sieges(
    request: &Request<'_>,
    kills: bool,
    mut draw: impl FnMut() -> Fault,
) -> impl Iterator<Item = PlannedFault> {
    sieges(request)
        .into_iter()
        .filter(move |siege| siege.kills == kills)
        .map(move |siege| planned_fault(siege.start_ms + SHORTEST_MS, siege.end_ms - SHORTEST_MS, draw()))
}

/// A random stream for one concern of the run.
fn stream(seed: u64, concern: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(concern);
    rng
}

fn share(rng: &mut impl Rng, of_ms: u64, from: f64, to: f64) -> u64 {
    (of_ms as f64 * rng.random_range(from..to)).round() as u64
}

/// A number of milliseconds between two others, equally likely in every order of magnitude.
fn between(rng: &mut impl Rng, (least, most): (f64, f64)) -> u64 {
    rng.random_range(least.ln()..most.ln()).exp().round() as u64
}

fn draw_weighted(targets: &[Target], rng: &mut impl Rng) -> Target {
    let total: u32 = targets.iter().map(|target| target.weight()).sum();
    let mut ticket = rng.random_range(0..total);
    for target in targets {
        if ticket < target.weight() {
            return *target;
        }
        ticket -= target.weight();
    }
    unreachable!("the ticket is below the sum of the weights")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn generate(nemesis: &str, nodes: usize, interval_s: u64, limit_s: u64, seed: u64) -> Vec<PlannedFault> {
        let nodes: Vec<String> = (1..=nodes).map(|i| format!("n{i}")).collect();
        let packages = parse(nemesis).unwrap();
        let request = Request {
            packages: &packages,
            nodes: &nodes,
            interval: Duration::from_secs(interval_s),
            time_limit: Duration::from_secs(limit_s),
            seed,
        };
        Schedule::generate(&request).unwrap().faults
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_seed_others() {
        assert_eq!(
            generate("partition,kill", 5, 2, 60, 7),
            generate("partition,kill", 5, 2, 60, 7)
        );
        assert_ne!(
            generate("partition,kill", 5, 2, 60, 7),
            generate("partition,kill", 5, 2, 60, 8)
        );
    }

    #[test]
    fn adding_a_kind_leaves_the_faults_of_the_others_as_they_were() {
        let of_kind = |faults: Vec<PlannedFault>, kind: &str| -> Vec<(u64, u64, Fault)> {
            let faults = faults.into_iter().filter(|planned| planned.fault.kind() == kind);
            faults
                .map(|planned| (planned.start_ms, planned.end_ms, planned.fault))
                .collect()
        };
        let both = generate("kill,partition", 5, 2, 60, 7);
        assert_eq!(
            of_kind(both.clone(), "partition"),
            of_kind(generate("partition", 5, 2, 60, 7), "partition")
        );
        assert_eq!(
            of_kind(both, "kill"),
            of_kind(generate("kill", 5, 2, 60, 7), "kill")
        );
    }

    #[test]
    fn every_kind_occurs_in_every_run_however_short() {
        for seed in 0..200 {
            for (interval_s, limit_s) in [(2, 60), (2, 5), (10, 20), (60, 10), (1, 1)] {
                let faults = generate("partition,kill", 5, interval_s, limit_s, seed);
                for kind in ["partition", "kill"] {
                    assert!(
                        faults.iter().any(|planned| planned.fault.kind() == kind),
                        "{kind}, seed {seed}"
                    );
                }
                assert!(faults.iter().all(|planned| planned.start_ms < limit_s * 1000));
            }
        }
    }

    #[test]
    fn faults_of_one_kind_never_overlap_and_come_at_the_interval_asked_for() {
        let faults = generate("kill", 5, 2, 600, 3);
        for pair in faults.windows(2) {
            assert!(pair[0].end_ms < pair[1].start_ms);
        }
        let changes = faults.len() * 2;
        assert!(
            (250..=450).contains(&changes),
            "{changes} changes in 600 s, 300 or a few more expected"
        );
    }

    #[test]
    fn a_long_run_sees_every_shape_and_every_number_of_nodes() {
        let faults = generate("partition,kill", 5, 2, 120, 11);
        let shapes: std::collections::BTreeSet<String> = faults
            .iter()
            .filter_map(|planned| match &planned.fault {
                Fault::Partition { shape, .. } => Some(shape.clone()),
                Fault::Kill { .. } => None,
            })
            .collect();
        assert_eq!(shapes.len(), Shape::ALL.len());
        let sizes: std::collections::BTreeSet<usize> = faults
            .iter()
            .filter_map(|planned| match &planned.fault {
                Fault::Kill { nodes } => Some(nodes.len()),
                Fault::Partition { .. } => None,
            })
            .collect();
        assert!(sizes.contains(&1) && sizes.iter().any(|size| *size >= 3));
    }

    #[test]
    fn a_shape_that_cannot_be_is_refused_by_name() {
        let generate = |nemesis: &str, nodes: &[String]| {
            let packages = parse(nemesis).unwrap();
            let (interval, time_limit) = (Duration::from_secs(2), Duration::from_secs(10));
            Schedule::generate(&Request {
                packages: &packages,
                nodes,
                interval,
                time_limit,
                seed: 1,
            })
        };
        let nodes = ["n1".to_owned(), "n2".to_owned()];
        assert_eq!(
            generate("partition:bridge+one", &nodes).unwrap_err().to_string(),
            "partition `bridge` needs at least 3 nodes, and there are 2; raise --node-count"
        );
        assert!(generate("partition", &nodes).is_ok(), "the others remain");
        assert!(generate("partition", &nodes[..1]).is_err());
    }

    #[test]
    fn a_schedule_survives_its_file() {
        let nodes = ["n1".to_owned(), "n2".to_owned(), "n3".to_owned()];
        let packages = parse("all").unwrap();
        let request = Request {
            packages: &packages,
            nodes: &nodes,
            interval: Duration::from_secs(2),
            time_limit: Duration::from_secs(10),
            seed: 1,
        };
        let schedule = Schedule::generate(&request).unwrap();
        let json = serde_json::to_string_pretty(&schedule).unwrap();
        assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    }
}
