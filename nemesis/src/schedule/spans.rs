//! When faults are: in storms one after another, in sieges one alone.

use super::{PlannedFault, Request};
use crate::draw::{share, stream};
use history::Fault;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A fault begins only when at least this much of the main phase is left: it has to be felt.
const FELT_WITHIN_MS: u64 = 500;

/// Lays faults one after another over the storms; `draw` says how long each lasts and what it is.
pub fn in_storms(
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
        when: None,
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
pub const SHORTEST_MS: u64 = 50;
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
