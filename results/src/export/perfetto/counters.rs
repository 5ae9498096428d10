//! Numbers over time: operations per second, nodes that are up, operations whose outcome nobody knows.

use super::write::{Event, Trace};
use super::{RUN, Run};
use history::{Fault, Outcome};
use serde_json::json;
use std::collections::HashMap;
use std::io::{self, Write};

/// Over which time operations are counted, at least; in a long run over a part of it.
const BIN_NS_MIN: u64 = 100_000_000;
const BINS_MAX: u64 = 5000;

pub fn write<W: Write>(run: &Run<'_>, trace: &mut Trace<'_, W>) -> io::Result<()> {
    throughput(run, trace)?;
    nodes_up(run, trace)?;
    unknown(run, trace)
}

fn put<W: Write>(trace: &mut Trace<'_, W>, name: &str, at: u64, value: f64) -> io::Result<()> {
    let mut event = Event::new("C", name, "counter", (RUN, RUN), at);
    event.args = json!({"value": value});
    trace.put(&event)
}

fn throughput<W: Write>(run: &Run<'_>, trace: &mut Trace<'_, W>) -> io::Result<()> {
    let bin_ns = BIN_NS_MIN.max(run.history.end_ns() / BINS_MAX);
    let mut bins: Vec<u64> = Vec::new();
    for operation in &run.history.operations {
        let bin = (operation.start_ns / bin_ns).min(BINS_MAX + 1) as usize;
        if bin >= bins.len() {
            bins.resize(bin + 1, 0);
        }
        bins[bin] += 1;
    }
    for (bin, count) in (0..).zip(bins.iter().chain([&0])) {
        let per_second = *count as f64 / (bin_ns as f64 / 1e9);
        put(trace, "operations per second", bin * bin_ns, per_second)?;
    }
    Ok(())
}

fn nodes_up<W: Write>(run: &Run<'_>, trace: &mut Trace<'_, W>) -> io::Result<()> {
    let nodes = &run.history.nodes;
    if nodes.is_empty() {
        return Ok(());
    }
    let mut changes: Vec<(u64, bool, &str)> = Vec::new();
    for span in &run.coverage.faults {
        let (
            Fault::Kill { nodes: down, .. }
            | Fault::Terminate { nodes: down }
            | Fault::Member { nodes: down },
            Some((start, end)),
        ) = (&span.fault, span.active_ns(run.history.end_ns()))
        else {
            continue;
        };
        for node in down.iter().filter(|node| nodes.contains(node)) {
            changes.extend([(start, true, node.as_str()), (end, false, node.as_str())]);
        }
    }
    changes.sort_unstable();
    // A node may be in two faults at once.
    let mut depth: HashMap<&str, i64> = HashMap::new();
    put(trace, "nodes up", 0, nodes.len() as f64)?;
    for (at, goes_down, node) in changes {
        *depth.entry(node).or_default() += if goes_down { 1 } else { -1 };
        let down = depth.values().filter(|depth| **depth > 0).count();
        put(trace, "nodes up", at, (nodes.len() - down) as f64)?;
    }
    Ok(())
}

fn unknown<W: Write>(run: &Run<'_>, trace: &mut Trace<'_, W>) -> io::Result<()> {
    let infos = run.history.operations.iter();
    let infos = infos.filter(|operation| operation.outcome == Outcome::Info);
    let mut began: Vec<u64> = infos.map(|operation| operation.start_ns).collect();
    began.sort_unstable();
    put(trace, "unknown outcomes", 0, 0.0)?;
    for (number, at) in (1u32..).zip(began) {
        put(trace, "unknown outcomes", at, f64::from(number))?;
    }
    Ok(())
}
