//! When faults are: in storms one after another, in sieges one alone.
//!
//! A storm is made of *spells* of a second or two. In each spell some kinds of fault rest, others each time: all of
//! them at once would leave a system no time to get anything done, and what hides one bug is what shows another
//! (Groce et al., "Swarm Testing", ISSTA 2012).

use super::{PlannedFault, Request};
use crate::Package;
use crate::draw::{share, stream};
use history::Fault;
use history::fault::KINDS;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A fault begins only when at least this much of the main phase is left: it has to be felt.
const FELT_WITHIN_MS: u64 = 500;

/// Lays faults one after another over the storms; `draw` says how long each lasts and what it is.
pub fn in_storms(
    request: &Request<'_>,
    kind: &str,
    rng: &mut ChaCha8Rng,
    draw: impl FnMut(&mut ChaCha8Rng, u64) -> (u64, Fault),
) -> Vec<PlannedFault> {
    let mut planned = one_after_another(request, GAP, rng, draw);
    let rests = Rests::of(kind, request);
    // Each kind is in every run, however short: its first fault stays.
    let mut number = 0;
    planned.retain(|fault| {
        number += 1;
        number == 1 || !rests.rests_at(fault.start_ms)
    });
    planned
}

/// How long the pause between two faults of a kind is, in intervals.
const GAP: (f64, f64) = (0.4, 1.6);
/// The same for the weather, which rarely clears up.
const GAP_IN_THE_CLOUDS: (f64, f64) = (0.05, 0.4);

/// The same without rests, and with hardly a pause.
pub fn as_weather(
    request: &Request<'_>,
    rng: &mut ChaCha8Rng,
    draw: impl FnMut(&mut ChaCha8Rng, u64) -> (u64, Fault),
) -> Vec<PlannedFault> {
    one_after_another(request, GAP_IN_THE_CLOUDS, rng, draw)
}

fn one_after_another(
    request: &Request<'_>,
    gap: (f64, f64),
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
        start_ms += share(rng, interval_ms, gap.0, gap.1).max(1);
    }
    planned
}

/// How long a spell is.
const SPELL_MS: (u64, u64) = (500, 1_800);
/// The share of spells in which a kind rests when it is one of several.
const RESTING: f64 = 0.5;

/// When a kind of fault rests.
struct Rests {
    /// The spells, each by its end, with whether the kind rests in it.
    spells: Vec<(u64, bool)>,
}

impl Rests {
    fn of(kind: &str, request: &Request<'_>) -> Rests {
        let limit_ms = request.time_limit.as_millis() as u64;
        let place = KINDS
            .iter()
            .position(|known| *known == kind)
            .unwrap_or(KINDS.len());
        let (mut lengths, mut rests) = (
            stream(request.seed, STREAM_SPELLS),
            stream(request.seed, STREAM_SPELLS + 1 + place as u64),
        );
        let mut spells = Vec::new();
        let mut end_ms = 0;
        while request.packages.len() > 1 && end_ms <= limit_ms {
            end_ms += lengths.random_range(SPELL_MS.0..SPELL_MS.1);
            spells.push((end_ms, rests.random_bool(RESTING)));
        }
        Rests { spells }
    }

    fn rests_at(&self, at_ms: u64) -> bool {
        let spell = self.spells.partition_point(|(end_ms, _)| *end_ms <= at_ms);
        self.spells.get(spell).is_some_and(|(_, rests)| *rests)
    }
}

fn planned_fault(start_ms: u64, end_ms: u64, fault: Fault) -> PlannedFault {
    PlannedFault {
        id: 0,
        start_ms,
        end_ms,
        when: None,
        patience_ms: None,
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

/// The random streams of spells: one for how long they are, and one for each kind.
const STREAM_SPELLS: u64 = 20;

/// No fault that a siege cuts short is shorter than this.
pub const SHORTEST_MS: u64 = 50;
/// How long a siege lasts, and how long the storm before it: the first one is short, so that short runs have a siege.
const SIEGE_MS: u64 = 2_700;
const FIRST_STORM_MS: (u64, u64) = (2_000, 5_000);
const STORM_MS: (u64, u64) = (7_000, 14_000);

/// When the sieges of a run are: the same for all kinds of fault. Where faults are rarer than sieges, there are none,
/// and none of a kind that is not asked for.
fn sieges(request: &Request<'_>) -> Vec<Siege> {
    let mut rng = stream(request.seed, 3);
    let limit_ms = request.time_limit.as_millis() as u64;
    let mut sieges = Vec::new();
    let mut start_ms = rng.random_range(FIRST_STORM_MS.0..FIRST_STORM_MS.1);
    let is_dense = request.interval.as_millis() as u64 * 2 <= FIRST_STORM_MS.0;
    while is_dense && start_ms + SIEGE_MS <= limit_ms {
        let end_ms = start_ms + SIEGE_MS;
        let of = |is: fn(&Package) -> bool| request.packages.iter().any(is);
        let kills = match (
            of(|it| matches!(it, Package::Kill(_))),
            of(|it| matches!(it, Package::Partition(_))),
        ) {
            (true, true) => rng.random_bool(0.7),
            (kills, partitions) if kills || partitions => kills,
            _ => break,
        };
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
pub fn in_sieges(
    request: &Request<'_>,
    kills: bool,
    mut draw: impl FnMut() -> Fault,
) -> impl Iterator<Item = PlannedFault> {
    sieges(request)
        .into_iter()
        .filter(move |siege| siege.kills == kills)
        .map(move |siege| planned_fault(siege.start_ms + SHORTEST_MS, siege.end_ms - SHORTEST_MS, draw()))
}
