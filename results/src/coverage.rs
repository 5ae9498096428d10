//! What a run exercised: how operations fared during each kind of fault, when there was no quorum, how soon
//! the system was back, how much operations overlapped. Counted from the history alone.
//!
//! Read next: `progress` for whether the system worked while it could, `recovery` for how soon it was back.

mod beyond;
pub mod exposure;
mod progress;
pub mod quorum;
mod recovery;

use history::timeline::{FaultSpan, faults, phases};
use history::{Fault, History, NEVER, Operation, Outcome, Phase};
pub use progress::{Failover, Progress, Stall};
use quorum::Outages;
pub use recovery::Comeback;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of fault that are always named, done or not.
fn all_kinds() -> impl Iterator<Item = &'static str> {
    history::fault::KINDS.into_iter()
}

/// How some operations ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Certainly happened.
    pub ok: usize,
    /// Certainly did not.
    pub fail: usize,
    /// Nobody knows.
    pub info: usize,
}

impl Tally {
    /// All of them.
    pub fn total(self) -> usize {
        self.ok + self.fail + self.info
    }

    /// Counts one more.
    pub fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Ok => self.ok += 1,
            Outcome::Fail => self.fail += 1,
            Outcome::Info => self.info += 1,
        }
    }
}

/// What one kind of fault met.
#[derive(Clone, Debug, Default)]
pub struct KindCoverage {
    /// The kind's name.
    pub kind: String,
    /// How many were in force at some time.
    pub installed: usize,
    /// How many of them were felt.
    pub confirmed: usize,
    /// For how long at least one was in force.
    pub active_ns: u64,
    /// Operations that began meanwhile.
    pub begun: Tally,
    /// By function: operations that began while one was in force and there was a quorum. (Without one, nothing
    /// can be expected to succeed; what does succeed counts all the same.)
    pub by_function: BTreeMap<String, Tally>,
    /// For how long one was in force and there was a quorum.
    pub active_with_quorum_ns: u64,
    /// Of a system that says how long it may take to fail over: for how long one was in force when there had been a quorum and no
    /// change of any fault for longer than that; see `beyond`.
    pub active_beyond_failover_ns: Option<u64>,
}

/// What a run exercised.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// All operations.
    pub operations: Tally,
    /// Those of the main phase.
    pub main: Tally,
    /// The functions of which at least one was `ok` in the main phase, and all that there are.
    pub main_ok_functions: BTreeSet<String>,
    /// All functions.
    pub functions: BTreeSet<String>,
    /// By kind of fault, those that were asked for or done.
    pub kinds: Vec<KindCoverage>,
    /// Operations that began while no fault was in force.
    pub calm: Tally,
    /// For how long in the main phase no fault was in force.
    pub calm_ns: u64,
    /// When no connected majority of nodes was running: (start, end).
    pub no_quorum: Vec<(u64, u64)>,
    /// When there was one on and off, as a fault that took it away came and went: (start, end).
    pub quorum_on_and_off: Vec<(u64, u64)>,
    /// Operations that began meanwhile.
    pub no_quorum_begun: Tally,
    /// Operations that began while there was one on and off.
    pub on_and_off_begun: Tally,
    /// From each fault's end to the end of the first operation that began afterwards and was `ok`, sorted.
    pub recoveries_ns: Vec<u64>,
    /// How soon each node was back when everything was mended.
    pub comeback: Comeback,
    /// The share of main-phase operations that overlapped another on the same object.
    pub overlap_share: f64,
    /// How many they were.
    pub overlapping: usize,
    /// The share of main-phase operations whose outcome nobody knows.
    pub unknown_share: f64,
    /// Whether operations succeeded while a fault was in force and a majority was up and connected.
    pub progress: Progress,
    /// Operations in flight when a fault began or ended.
    pub in_flight_at_change: usize,
    /// Kinds of fault that were not done.
    pub not_exercised: Vec<&'static str>,
    /// The main phase: (start, end).
    pub main_ns: (u64, u64),
    /// Every fault.
    pub faults: Vec<FaultSpan>,
}

impl Coverage {
    /// Counts what a history exercised.
    pub fn of(history: &History) -> Coverage {
        let end_ns = history.end_ns();
        let faults = faults(history);
        // A history without phases (somebody else's) is all main phase; one that was cut short in its main
        // phase has no other after it.
        let all = phases(history);
        let main = all.iter().position(|(phase, ..)| *phase == Phase::Run);
        let main_ns = match main.map(|place| (place, all[place])) {
            None => (0, u64::MAX),
            Some((place, (_, start, _))) if place + 1 == all.len() => (start, u64::MAX),
            Some((_, (_, start, end))) => (start, end),
        };
        let Outages { lost, on_and_off } = quorum::outages(history, &faults, end_ns);
        // Nobody is asked to succeed with half a quorum.
        let not_steady = merged(lost.iter().chain(&on_and_off).copied().collect());
        let mut coverage = Coverage {
            kinds: kinds(history, &faults, &not_steady, end_ns),
            functions: history.functions.iter().cloned().collect(),
            main_ns: (main_ns.0, main_ns.1.min(end_ns)),
            no_quorum: lost,
            quorum_on_and_off: on_and_off,
            ..Coverage::default()
        };
        coverage.count(history, &faults, main_ns, end_ns);
        coverage.calm_ns = calm_ns(&faults, coverage.main_ns, end_ns);
        let main_total = coverage.main.total().max(1) as f64;
        coverage.overlapping = overlapping(history, main_ns);
        coverage.overlap_share = coverage.overlapping as f64 / main_total;
        coverage.unknown_share = coverage.main.info as f64 / main_total;
        coverage.recoveries_ns = recovery::recoveries(history, &faults);
        coverage.comeback = Comeback::of(history);
        coverage.progress = Progress::of(history, &faults, coverage.main_ns);
        if let Some(failover) = &coverage.progress.failover {
            let beyond = beyond::spans(&faults, &not_steady, coverage.main_ns, failover.may_take_ns);
            for kind in &mut coverage.kinds {
                let spans = active(&faults, &kind.kind, end_ns);
                kind.active_beyond_failover_ns = Some(shared_ns(&spans, &beyond));
            }
        }
        coverage.in_flight_at_change = in_flight(history, &faults);
        let done = |kind: &&str| {
            faults
                .iter()
                .any(|span| span.fault.kind() == *kind && span.installed_ns.is_some())
        };
        coverage.not_exercised = all_kinds().filter(|kind| !done(kind)).collect();
        coverage.faults = faults;
        coverage
    }

    /// How many kills were power failures.
    pub fn power_failures(&self) -> usize {
        let is_failure = |span: &&FaultSpan| matches!(span.fault, Fault::Kill { power: true, .. });
        let done = self.faults.iter().filter(|span| span.installed_ns.is_some());
        done.filter(is_failure).count()
    }

    /// Counts operations, in one pass: a history may have millions of them.
    fn count(&mut self, history: &History, faults: &[FaultSpan], main_ns: (u64, u64), end_ns: u64) {
        let spans: Vec<Vec<(u64, u64)>> = self
            .kinds
            .iter()
            .map(|kind| active(faults, &kind.kind, end_ns))
            .collect();
        let functions = history.functions.len();
        let mut main_ok = vec![false; functions];
        let mut during = vec![vec![Tally::default(); functions]; spans.len()];
        for operation in &history.operations {
            self.operations.add(operation.outcome);
            if !within(operation.start_ns, main_ns) {
                continue;
            }
            let (f, is_ok) = (usize::from(operation.f), operation.outcome == Outcome::Ok);
            self.main.add(operation.outcome);
            main_ok[f] |= is_ok;
            let is_lost = within_any(operation.start_ns, &self.no_quorum);
            if is_lost {
                self.no_quorum_begun.add(operation.outcome);
            }
            let is_unsteady = within_any(operation.start_ns, &self.quorum_on_and_off);
            if is_unsteady {
                self.on_and_off_begun.add(operation.outcome);
            }
            let has_quorum = !is_lost && !is_unsteady;
            let mut calm = true;
            for ((kind, spans), during) in self.kinds.iter_mut().zip(&spans).zip(&mut during) {
                if within_any(operation.start_ns, spans) {
                    calm = false;
                    kind.begun.add(operation.outcome);
                    if has_quorum || is_ok {
                        during[f].add(operation.outcome);
                    }
                }
            }
            if calm {
                self.calm.add(operation.outcome);
            }
        }
        let name = |f: usize| history.functions[f].clone();
        self.main_ok_functions = (0..functions).filter(|f| main_ok[*f]).map(name).collect();
        for (kind, during) in self.kinds.iter_mut().zip(during) {
            kind.by_function = during
                .into_iter()
                .enumerate()
                .map(|(f, tally)| (name(f), tally))
                .collect();
        }
    }

    /// The middle and the worst of the recoveries.
    pub fn recovery(&self) -> Option<(u64, u64)> {
        let median = *self.recoveries_ns.get(self.recoveries_ns.len() / 2)?;
        Some((median, *self.recoveries_ns.last()?))
    }

    /// For how long there was no quorum.
    pub fn no_quorum_ns(&self) -> u64 {
        lasted_ns(&self.no_quorum)
    }

    /// For how long there was one on and off.
    pub fn quorum_on_and_off_ns(&self) -> u64 {
        lasted_ns(&self.quorum_on_and_off)
    }

    /// Faults that were in force, and those of them that were felt.
    pub fn confirmed(&self) -> (usize, usize) {
        let installed = self.faults.iter().filter(|span| span.installed_ns.is_some());
        (
            self.faults.iter().filter(|span| span.confirmed()).count(),
            installed.count(),
        )
    }
}

/// The end of an operation as far as it is known: for one that was never completed, its beginning.
pub fn known_end_ns(operation: &Operation) -> u64 {
    match operation.end_ns {
        u64::MAX => operation.start_ns,
        end_ns => end_ns,
    }
}

fn within(time_ns: u64, (start, end): (u64, u64)) -> bool {
    (start..end).contains(&time_ns)
}

/// Whether a moment is in one of some spans, which are in order and do not overlap.
fn within_any(time_ns: u64, spans: &[(u64, u64)]) -> bool {
    let after = spans.partition_point(|(start, _)| *start <= time_ns);
    after > 0 && time_ns < spans[after - 1].1
}

/// When at least one fault of a kind was in force, as spans that do not overlap.
pub fn active(faults: &[FaultSpan], kind: &str, end_ns: u64) -> Vec<(u64, u64)> {
    let of_kind = faults.iter().filter(|span| span.fault.kind() == kind);
    merged(of_kind.filter_map(|span| span.active_ns(end_ns)).collect())
}

/// For how long within a span no fault was in force.
fn calm_ns(faults: &[FaultSpan], (from, to): (u64, u64), end_ns: u64) -> u64 {
    let spans = merged(faults.iter().filter_map(|span| span.active_ns(end_ns)).collect());
    let within = spans
        .iter()
        .map(|(start, end)| (*end).min(to).saturating_sub((*start).max(from)));
    to.saturating_sub(from).saturating_sub(within.sum())
}

/// How long spans are in all that do not overlap.
fn lasted_ns(spans: &[(u64, u64)]) -> u64 {
    spans.iter().map(|(start, end)| end - start).sum()
}

/// How much of some spans lies in others; of either kind, none overlaps another.
fn shared_ns(spans: &[(u64, u64)], others: &[(u64, u64)]) -> u64 {
    let pairs = spans.iter().flat_map(|a| others.iter().map(move |b| (a, b)));
    pairs
        .map(|(a, b)| a.1.min(b.1).saturating_sub(a.0.max(b.0)))
        .sum()
}

/// Spans put together where they overlap or touch, in order.
fn merged(mut spans: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    spans.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (start, end) in spans {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

fn kinds(
    history: &History,
    faults: &[FaultSpan],
    no_quorum: &[(u64, u64)],
    end_ns: u64,
) -> Vec<KindCoverage> {
    let requested = history
        .header
        .iter()
        .flat_map(|header| header.nemesis.iter().map(String::as_str));
    let mut names: Vec<&str> = requested.collect();
    for span in faults {
        if !names.contains(&span.fault.kind()) {
            names.push(span.fault.kind());
        }
    }
    let coverage = |kind: &str| {
        let spans = active(faults, kind, end_ns);
        let of_kind = || faults.iter().filter(|span| span.fault.kind() == kind);
        KindCoverage {
            kind: kind.to_owned(),
            installed: of_kind().filter(|span| span.installed_ns.is_some()).count(),
            confirmed: of_kind().filter(|span| span.confirmed()).count(),
            active_ns: lasted_ns(&spans),
            active_with_quorum_ns: lasted_ns(&spans) - shared_ns(&spans, no_quorum),
            ..KindCoverage::default()
        }
    };
    names.into_iter().map(coverage).collect()
}

/// How many main-phase operations overlapped another on the same object. An operation of unknown outcome
/// counts up to the moment at which its client gave up. Where a history has no times the order of its events says it, and
/// an operation of unknown outcome counts as its invocation alone: nobody knows for how long it was tried.
fn overlapping(history: &History, main_ns: (u64, u64)) -> usize {
    let mut latest: Vec<Option<u32>> = vec![None; history.keys.len()];
    let mut overlaps = vec![false; history.operations.len()];
    let has_times = history.end_ns() > 0;
    let begin = |it: &Operation| if has_times { it.start_ns } else { it.invoke.into() };
    let end = |it: &Operation| match (has_times, it.complete) {
        (true, _) => known_end_ns(it),
        (false, NEVER) => it.invoke.into(),
        (false, complete) => complete.into(),
    };
    for (number, operation) in history.operations.iter().enumerate() {
        let latest = &mut latest[operation.key as usize];
        match *latest {
            Some(other) if end(&history.operations[other as usize]) > begin(operation) => {
                overlaps[other as usize] = true;
                overlaps[number] = true;
                if end(operation) > end(&history.operations[other as usize]) {
                    *latest = Some(number as u32);
                }
            }
            _ => *latest = Some(number as u32),
        }
    }
    let pairs = history.operations.iter().zip(&overlaps);
    pairs
        .filter(|(operation, overlaps)| **overlaps && within(operation.start_ns, main_ns))
        .count()
}

/// How many operations were in flight when some fault began or ended.
fn in_flight(history: &History, faults: &[FaultSpan]) -> usize {
    let mut changes: Vec<u64> = faults
        .iter()
        .flat_map(|span| [span.installed_ns, span.healing_ns])
        .flatten()
        .collect();
    changes.sort_unstable();
    let crosses = |operation: &&Operation| {
        let next = changes.partition_point(|change| *change < operation.start_ns);
        operation.end_ns != u64::MAX
            && changes
                .get(next)
                .is_some_and(|change| *change <= operation.end_ns)
    };
    history.operations.iter().filter(crosses).count()
}
