//! Operations, counted: all, and by function, node and phase, with how long the ok ones took.

use super::{FunctionRow, Latency, Operations};
use crate::coverage::{Coverage, Tally};
use crate::text::visible;
use history::{History, Operation, Outcome};
use std::collections::BTreeMap;

/// Counts the operations of a history whose main phase took `main_s` seconds.
pub fn operations(history: &History, coverage: &Coverage, main_s: f64) -> Operations {
    let phases = history::timeline::phases(history);
    // Phases follow each other: an operation began in the last one that had begun.
    let phase_of = |it: &Operation| {
        let begun = phases.partition_point(|(_, start_ns, _)| *start_ns <= it.start_ns);
        begun.checked_sub(1)
    };
    let phase_names = phases.iter().map(|(phase, ..)| phase.name());
    let nodes = history.nodes.iter().map(String::as_str);
    let functions = history.functions.iter().map(String::as_str);
    Operations {
        total: coverage.operations.total(),
        ok: coverage.operations.ok,
        fail: coverage.operations.fail,
        info: coverage.operations.info,
        by_f: by(history, functions, |it| Some(usize::from(it.f))),
        by_node: by(history, nodes, |it| Some(usize::from(it.node))),
        by_phase: by(history, phase_names, phase_of),
        rate_per_s: if main_s > 0.0 {
            coverage.main.total() as f64 / main_s
        } else {
            0.0
        },
    }
}

/// The operations of each group, by its name; `group` says to which an operation belongs. A group without any is left
/// out, and so is an operation that belongs to none. Counted by number: a history may have millions.
fn by<'a>(
    history: &History,
    names: impl Iterator<Item = &'a str>,
    group: impl Fn(&Operation) -> Option<usize>,
) -> BTreeMap<String, FunctionRow> {
    let mut groups: Vec<(&str, Tally, Vec<u64>)> =
        names.map(|name| (name, Tally::default(), Vec::new())).collect();
    for operation in &history.operations {
        let Some((_, tally, latencies)) = group(operation).and_then(|place| groups.get_mut(place)) else {
            continue;
        };
        tally.add(operation.outcome);
        if operation.outcome == Outcome::Ok {
            latencies.push(operation.end_ns.saturating_sub(operation.start_ns));
        }
    }
    let row = |(name, tally, mut latencies): (&str, Tally, Vec<u64>)| {
        let row = FunctionRow {
            ok: tally.ok,
            fail: tally.fail,
            info: tally.info,
            latency_ms: latency(&mut latencies),
        };
        (visible(name, 60), row)
    };
    groups
        .into_iter()
        .filter(|(_, tally, _)| tally.total() > 0)
        .map(row)
        .collect()
}

fn latency(latencies_ns: &mut [u64]) -> Option<Latency> {
    latencies_ns.sort_unstable();
    let at = |share: f64| {
        let place = ((latencies_ns.len().checked_sub(1)?) as f64 * share).round() as usize;
        Some(latencies_ns[place] as f64 / 1e6)
    };
    Some(Latency {
        min: at(0.0)?,
        p50: at(0.5)?,
        p90: at(0.9)?,
        p99: at(0.99)?,
        max: at(1.0)?,
    })
}
