//! Progress: whether operations succeeded now and then while a fault was in force and yet the system could work,
//! because a majority of the nodes was up and every pair of it connected, both ways.
//!
//! Only what needs others counts: what is said about a decree that was known to be decided shows no progress.
//!
//! Nothing is asked of any other time, nor of spans in which too little was tried. Whoever is not certain gives
//! the system the benefit of the doubt: a node counts as up, and a link as whole, only while no fault on it is
//! even being installed or mended; an operation on its way, in a run that still goes on, may yet succeed.
//! A system that says how long it may take to fail over is asked for success only beyond that time.
//! Read next: `spans` for how those spans are found.

mod spans;

use super::{Tally, merged};
use history::timeline::FaultSpan;
use history::{History, Operation, Outcome};
use spans::{Span, spans};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A span of this length is judged on its own, if enough operations began in it in time.
const ALONE_NS: u64 = 2_000_000_000;
const ALONE: Enough = Enough {
    operations: 10,
    lead_ns: 1_000_000_000,
    late_counts: false,
};
/// Spans of this length are judged together where none could be judged on its own, if they last long enough in
/// all and enough operations began in them in time.
const PART_NS: u64 = 500_000_000;
const TOGETHER_NS: u64 = 3_000_000_000;
const TOGETHER: Enough = Enough {
    operations: 40,
    lead_ns: 300_000_000,
    // Somebody who is slow may have been about to succeed.
    late_counts: true,
};

/// What begins sooner after a fault may owe its success to what had been sent before.
const SETTLED_NS: u64 = 100_000_000;

/// How many operations of a function have to begin how long before the end of their span.
struct Enough {
    operations: usize,
    lead_ns: u64,
    /// Whether what began in time and ended after the span is looked at. It may owe its success to the fault's end.
    late_counts: bool,
}

/// Whether the system got on while it could.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// How often it was asked of a function: in a span, or in several together.
    pub judged: usize,
    /// Where no operation of a function succeeded, the longest first.
    pub stalls: Vec<Stall>,
    /// What the system may take after each fault, in which nothing was asked; `None` when nothing was said of it.
    pub failover: Option<Failover>,
}

/// How long a system may take to fail over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failover {
    /// The system's name.
    pub system: String,
    /// In nanoseconds, since the last change of a fault.
    pub may_take_ns: u64,
}

impl Failover {
    /// As the history's header says it.
    fn of(history: &History) -> Option<Failover> {
        let header = history.header.as_ref()?;
        let may_take_ns = header.failover_ns.filter(|it| *it > 0)?;
        Some(Failover {
            system: header.system.clone(),
            may_take_ns,
        })
    }
}

/// A time in which no operation of a function succeeded, though it could have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stall {
    /// The function.
    pub function: String,
    /// How many operations of it began.
    pub begun: usize,
    /// For how long there was a connected majority that was asked, in nanoseconds.
    pub lasted_ns: u64,
    /// How many times.
    pub times: usize,
    /// The connected majority; empty when it was not always the same.
    pub nodes: Vec<String>,
}

impl Progress {
    /// Judges every function on its own, in the main phase.
    pub fn of(history: &History, faults: &[FaultSpan], main_ns: (u64, u64)) -> Progress {
        let failover = Failover::of(history);
        let failover_ns = failover.as_ref().map_or(0, |it| it.may_take_ns);
        let mut spans = spans(history, faults, main_ns, failover_ns);
        spans.retain(|span| span.lasted_ns() >= PART_NS);
        let mut by_function: Vec<Vec<&Operation>> = vec![Vec::new(); history.functions.len()];
        let decided = decided(history);
        // Whoever began that long before the end of a span has given up by then, if not succeeded.
        let patience_ns = history.header.as_ref().map_or(0, |it| it.client_timeout_ns);
        let alone = Enough {
            lead_ns: ALONE.lead_ns.max(patience_ns),
            ..ALONE
        };
        for operation in &history.operations {
            if operation.start_ns <= decided[operation.key as usize] {
                by_function[usize::from(operation.f)].push(operation);
            }
        }
        // Somebody else's history may not be in the order of time.
        by_function
            .iter_mut()
            .for_each(|them| them.sort_by_key(|it| it.start_ns));
        let mut progress = Progress {
            failover,
            ..Progress::default()
        };
        for (function, operations) in history.functions.iter().zip(&by_function) {
            let judged = judge(operations, &spans, &alone);
            progress.judged += judged.len();
            let stuck = judged.into_iter().filter(|(_, tried)| tried.is_in_vain());
            progress.stalls.extend(stuck.map(|(spans, tried)| Stall {
                function: function.clone(),
                begun: tried.ended.total(),
                lasted_ns: lasted_ns(spans),
                times: times(spans).len(),
                nodes: match spans {
                    [one] => one.names(&history.nodes),
                    _ => Vec::new(),
                },
            }));
        }
        progress.stalls.sort_by_key(|stall| Reverse(stall.lasted_ns));
        progress
    }
}

/// By object, from when on an operation on it says nothing about progress: a decree that is known to be decided can
/// be told of by any node alone. An operation on any other object needs the others, always.
fn decided(history: &History) -> Vec<u64> {
    let mut decided = vec![u64::MAX; history.keys.len()];
    if history
        .header
        .as_ref()
        .is_some_and(|header| header.model == "decree")
    {
        let told = history
            .operations
            .iter()
            .filter(|it| it.outcome == Outcome::Ok && !it.output.is_null());
        for operation in told {
            let decided = &mut decided[operation.key as usize];
            *decided = operation.end_ns.min(*decided);
        }
    }
    decided
}

/// What became of a function's operations in each long span; in all spans together where no long one had enough
/// of them; nothing where there were too few of them altogether.
fn judge<'a>(operations: &[&Operation], spans: &'a [Span], alone: &Enough) -> Vec<(&'a [Span], Tried)> {
    let alone = spans
        .chunks(1)
        .filter(|span| lasted_ns(span) >= ALONE_NS)
        .filter_map(|span| Some((span, tried(operations, span, alone)?)));
    let mut judged: Vec<(&[Span], Tried)> = alone.collect();
    if judged.is_empty() && spans.len() > 1 && lasted_ns(spans) >= TOGETHER_NS {
        judged.extend(tried(operations, spans, &TOGETHER).map(|tried| (spans, tried)));
    }
    judged
}

/// What became of the operations that were tried in some spans.
#[derive(Default)]
struct Tried {
    /// Of those that ended: their outcomes.
    ended: Tally,
    /// How many have not ended.
    on_their_way: usize,
}

impl Tried {
    /// Whether none succeeded, and none can any more.
    fn is_in_vain(&self) -> bool {
        self.ended.ok == 0 && self.on_their_way == 0
    }
}

/// The outcomes of the operations that lay in some spans at nodes of theirs, if enough began in time. Those that
/// began later, and succeeded, are progress all the same; what ended later may owe it to the fault's end.
fn tried(operations: &[&Operation], spans: &[Span], enough: &Enough) -> Option<Tried> {
    // By place, since spans overlap where there are several majorities: an operation counts once.
    let mut begun: BTreeMap<usize, bool> = BTreeMap::new();
    for span in spans {
        let before = |time_ns: u64| operations.partition_point(|it| it.start_ns < time_ns);
        let places = before(span.start_ns.saturating_add(SETTLED_NS))..before(span.end_ns);
        for (place, operation) in places.clone().zip(&operations[places]) {
            let in_time = span.end_ns - operation.start_ns >= enough.lead_ns;
            let in_span = operation.end_ns <= span.end_ns;
            // What has not ended may yet end in a span that goes on.
            let counts = in_span || in_time && (enough.late_counts || operation.end_ns == u64::MAX);
            if span.has(operation.node) && counts {
                *begun.entry(place).or_default() |= in_time;
            }
        }
    }
    let mut tried = Tried::default();
    for operation in begun.keys().map(|place| operations[*place]) {
        match operation.end_ns {
            u64::MAX => tried.on_their_way += 1,
            _ => tried.ended.add(operation.outcome),
        }
    }
    let in_time = begun.values().filter(|in_time| **in_time).count();
    (in_time >= enough.operations).then_some(tried)
}

/// When one of some spans was, without what several share.
fn times(spans: &[Span]) -> Vec<(u64, u64)> {
    merged(spans.iter().map(|span| (span.start_ns, span.end_ns)).collect())
}

/// How long spans are in all; a moment that is in several counts once.
fn lasted_ns(spans: &[Span]) -> u64 {
    times(spans)
        .iter()
        .map(|(start_ns, end_ns)| end_ns - start_ns)
        .sum()
}

#[cfg(test)]
mod tests;
