//! When faults are: in storms one after another, in sieges one alone, in handovers some that belong together.
//!
//! A storm is made of *spells* of a second or two. In each spell some kinds of fault rest, others each time: all of
//! them at once would leave a system no time to get anything done, and what hides one bug is what shows another
//! (Groce et al., "Swarm Testing", ISSTA 2012).

use super::{PlannedFault, Request, handover};
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
    let gap = match kind {
        "pause" => GAP_OF_PAUSES,
        "member" => GAP_OF_MEMBERS,
        _ => GAP,
    };
    let planned = one_after_another(request, kind, gap, rng, draw);
    if request.interval.is_plain() {
        return planned;
    }
    let rests = Rests::of(kind, request);
    // Each kind is in every run, however short: its first fault stays, and as many others as it takes to be felt.
    let mut number = 0;
    let (mut planned, resting): (Vec<_>, Vec<_>) = planned.into_iter().partition(|fault| {
        number += 1;
        number == 1 || !rests.rests_at(fault.start_ms)
    });
    let fewest = (request.time_limit.as_secs() / FEWEST_PER_S).min(FEWEST) as usize;
    let missing = fewest.saturating_sub(planned.len());
    planned.extend(resting.into_iter().take(missing));
    planned.sort_by_key(|fault| fault.start_ms);
    planned
}

/// So many faults of a kind at least are in a run of half a minute, however much it rests: each may hit nodes that others have
/// taken down, or that chance spares. Shorter runs have one for so many seconds.
const FEWEST: u64 = 5;
const FEWEST_PER_S: u64 = 6;

/// How long the pause between two faults of a kind is, in intervals.
const GAP: (f64, f64) = (0.4, 1.6);
/// The same for pauses, most of which are short.
const GAP_OF_PAUSES: (f64, f64) = (0.1, 0.8);
/// The same for changes of the membership, of which each takes a while.
const GAP_OF_MEMBERS: (f64, f64) = (0.8, 3.0);
/// The same for the weather, which rarely clears up.
const GAP_IN_THE_CLOUDS: (f64, f64) = (0.05, 0.4);

/// The same without rests, and with hardly a pause.
pub fn as_weather(
    request: &Request<'_>,
    rng: &mut ChaCha8Rng,
    draw: impl FnMut(&mut ChaCha8Rng, u64) -> (u64, Fault),
) -> Vec<PlannedFault> {
    one_after_another(request, "packet", GAP_IN_THE_CLOUDS, rng, draw)
}

fn one_after_another(
    request: &Request<'_>,
    kind: &str,
    gap: (f64, f64),
    rng: &mut ChaCha8Rng,
    mut draw: impl FnMut(&mut ChaCha8Rng, u64) -> (u64, Fault),
) -> Vec<PlannedFault> {
    let interval_ms = (request.interval.mean().as_millis() as u64).max(1);
    let limit_ms = request.time_limit.as_millis() as u64;
    let taken: Vec<Span> = spans(request)
        .into_iter()
        .filter(|span| !span.purpose.allows(kind))
        .collect();
    let mut planned = Vec::new();
    // However long the interval, the first fault comes early enough to be part of the run.
    let first = request.interval.draw_ms(rng);
    let first = first.unwrap_or_else(|| share(rng, interval_ms, 0.2, 1.0));
    let mut start_ms = first.min(limit_ms / 4);
    while start_ms + FELT_WITHIN_MS.min(limit_ms / 2) <= limit_ms {
        let (lasts_ms, fault) = draw(rng, interval_ms);
        let lasts_ms = request.interval.draw_ms(rng).unwrap_or(lasts_ms);
        let end_ms = start_ms + lasts_ms;
        match taken
            .iter()
            .find(|span| span.start_ms < end_ms && start_ms < span.end_ms)
        {
            Some(span) if start_ms < span.start_ms && span.start_ms - start_ms >= SHORTEST_MS => {
                planned.push(planned_fault(start_ms, span.start_ms, fault));
                start_ms = span.end_ms;
            }
            Some(span) => start_ms = span.end_ms,
            None => {
                planned.push(planned_fault(start_ms, end_ms, fault));
                start_ms = end_ms;
            }
        }
        let pause = request.interval.draw_ms(rng);
        start_ms += pause.unwrap_or_else(|| share(rng, interval_ms, gap.0, gap.1).max(1));
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

/// A fault that waits for nothing but its time.
pub fn planned_fault(start_ms: u64, end_ms: u64, fault: Fault) -> PlannedFault {
    PlannedFault {
        id: 0,
        start_ms,
        end_ms,
        when: None,
        patience_ms: None,
        fault,
    }
}

/// A time that some kinds of fault have for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub start_ms: u64,
    /// When it ends.
    pub end_ms: u64,
    purpose: Purpose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// One node is killed, and nothing else happens.
    SiegeByKill,
    /// One node is cut off, and nothing else happens.
    SiegeByPartition,
    /// See `handover`.
    Handover,
}

impl Purpose {
    /// Whether faults of this kind go on meanwhile. A handover is about what becomes of the work, which bad links do
    /// not stop.
    fn allows(self, kind: &str) -> bool {
        self == Purpose::Handover && matches!(kind, "packet" | "clock")
    }
}

/// The random stream of sieges and handovers.
const STREAM_SPANS: u64 = 3;
/// The random streams of spells: one for how long they are, and one for each kind.
const STREAM_SPELLS: u64 = 20;

/// No fault that a siege cuts short is shorter than this.
pub const SHORTEST_MS: u64 = 50;
/// How long a siege lasts, how long a handover.
const SIEGE_MS: u64 = 2_700;
const HANDOVER_MS: u64 = 1_800;
/// How long the storms before the first of them are, and those after it: short runs have one of each.
const FIRST_STORMS_MS: (u64, u64) = (800, 2_500);
const STORM_MS: (u64, u64) = (1_500, 4_500);
/// Faults have to be this dense for sieges to be: otherwise there is no storm to speak of.
const DENSE_MS: u64 = 1_000;

/// The sieges and handovers of a run, the same for all kinds of fault: a handover, a siege, a handover, and so on, as
/// far as the kinds of fault that are asked for allow. Where faults are rarer than they would be, there are none.
fn spans(request: &Request<'_>) -> Vec<Span> {
    let mut rng = stream(request.seed, STREAM_SPANS);
    let limit_ms = request.time_limit.as_millis() as u64;
    let asks_for = |is: fn(&Package) -> bool| request.packages.iter().any(is);
    let kills = asks_for(|it| matches!(it, Package::Kill(_)));
    let partitions = asks_for(|it| matches!(it, Package::Partition(_)));
    let is_dense = request.interval.mean().as_millis() as u64 <= DENSE_MS && !request.interval.is_plain();
    if !is_dense || !(kills || partitions) {
        return Vec::new();
    }
    let hands_over = handover::are_possible(request);
    let mut spans: Vec<Span> = Vec::new();
    let mut start_ms = rng.random_range(FIRST_STORMS_MS.0..FIRST_STORMS_MS.1);
    loop {
        let purpose = match (spans.len() % 3, kills && partitions) {
            (0 | 2, _) if hands_over => Purpose::Handover,
            (_, true) if rng.random_bool(0.7) => Purpose::SiegeByKill,
            (_, true) => Purpose::SiegeByPartition,
            (_, false) if kills => Purpose::SiegeByKill,
            (_, false) => Purpose::SiegeByPartition,
        };
        let lasts_ms = if purpose == Purpose::Handover {
            HANDOVER_MS
        } else {
            SIEGE_MS
        };
        let end_ms = start_ms + lasts_ms;
        if end_ms > limit_ms {
            return spans;
        }
        spans.push(Span {
            start_ms,
            end_ms,
            purpose,
        });
        let (least, most) = if spans.len() == 1 {
            FIRST_STORMS_MS
        } else {
            STORM_MS
        };
        start_ms = end_ms + rng.random_range(least..most);
    }
}

/// The handovers of a run.
pub fn handovers(request: &Request<'_>) -> Vec<Span> {
    let mut spans = spans(request);
    spans.retain(|span| span.purpose == Purpose::Handover);
    spans
}

/// The sieges in which nodes are killed, or those in which they are cut off.
pub fn in_sieges(
    request: &Request<'_>,
    kills: bool,
    mut draw: impl FnMut() -> Fault,
) -> impl Iterator<Item = PlannedFault> {
    let purpose = if kills {
        Purpose::SiegeByKill
    } else {
        Purpose::SiegeByPartition
    };
    spans(request)
        .into_iter()
        .filter(move |span| span.purpose == purpose)
        .map(move |span| planned_fault(span.start_ms + SHORTEST_MS, span.end_ms - SHORTEST_MS, draw()))
}
