//! Whether a fault of a file can be: of nodes that there are, with numbers that mean something.

use crate::role::{self, OTHERS};
use crate::{PlannedFault, Trigger};
use cluster::network::CLIENT;
use history::Fault;
use history::fault::{ClockEffect, DiskEffect, Link, PacketEffect, PacketMatch};

/// Longer than any run.
const END_MS_MAX: u64 = 7 * 24 * 3600 * 1000;

/// A start is stopped for no longer than this: it goes on to its end, also when the run is over.
const STOPPED_MS_MAX: u64 = 10_000;

/// Whether it can be of these nodes; `names` are those and the roles that they have in turn.
pub fn check(planned: &PlannedFault, nodes: &[String], names: &[String]) -> Result<(), String> {
    let one = |name: &String| match name == OTHERS && role::taken(nodes).is_none() {
        true => Err("what a fault waits for is of one node, and `others` are several".to_owned()),
        false => Ok(()),
    };

    if planned.start_ms > planned.end_ms {
        let (start, end) = (planned.start_ms, planned.end_ms);
        return Err(format!("it begins at {start} ms and ends before, at {end} ms"));
    }
    if planned.end_ms > END_MS_MAX {
        return Err(format!("it ends after {END_MS_MAX} ms, which is a week"));
    }
    match &planned.when {
        None | Some(Trigger::Operations(_)) => {}
        Some(Trigger::DirectoryChange {
            node,
            then_requests,
            held,
        }) => {
            one(node)?;
            check_nodes(std::slice::from_ref(node), names)?;
            if *held && !fails_the_power_of(&planned.fault, node) {
                return Err(format!(
                    "with `held` the disk of {node} stands still until its power has failed, and this fault is none: a kill of \
                     {node} with `power`"
                ));
            }
            within("then_requests", *then_requests, 0, 1_000_000)?;
        }
        Some(Trigger::Log { node, line }) => {
            one(node)?;
            check_nodes(std::slice::from_ref(node), names)?;
            check_pattern(line)?;
        }
        Some(Trigger::Packet {
            from, to, matching, ..
        }) => {
            one(from).and_then(|()| one(to))?;
            check_links(&[(from.clone(), to.clone())], names)?;
            matching.as_ref().map_or(Ok(()), check_match)?;
        }
    }
    match &planned.fault {
        Fault::Partition { cut, sides, .. } => {
            check_links(cut, names)?;
            sides
                .iter()
                .filter(|side| !side.is_empty())
                .try_for_each(|side| check_nodes(side, names))
        }
        Fault::Kill {
            nodes: whom,
            slow_start: Some(slow),
            ..
        } => {
            within("stopped_ms", slow.stopped_ms, 1, STOPPED_MS_MAX)?;
            within("after_ms", slow.after_ms, 0, STOPPED_MS_MAX)?;
            check_nodes(whom, names)
        }
        Fault::Kill { nodes: whom, .. } | Fault::Terminate { nodes: whom } | Fault::Pause { nodes: whom } => {
            check_nodes(whom, names)
        }
        Fault::Member { nodes: whom } => {
            check_nodes(whom, names)?;
            let is_others = role::taken(nodes).is_none() && whom.iter().any(|name| name == OTHERS);
            match 2 * whom.len() < nodes.len() && !is_others {
                true => Ok(()),
                false => Err(format!(
                    "it takes {} out of the membership, of {} nodes; at most a minority can be out",
                    whom.join(" "),
                    nodes.len()
                )),
            }
        }
        Fault::Packet {
            links,
            effect,
            matching,
        } => {
            check_links(links, names)?;
            matching.as_ref().map_or(Ok(()), check_match)?;
            check_packets(*effect)
        }
        Fault::Disk { nodes: whom, effect } => {
            check_nodes(whom, names)?;
            check_disk(*effect)
        }
        Fault::Clock { nodes: whom, effect } => {
            check_nodes(whom, names)?;
            check_clock(*effect)
        }
    }
}

/// Whoever else would have to wait for a process that waits for its disk.
fn fails_the_power_of(fault: &Fault, node: &String) -> bool {
    matches!(fault, Fault::Kill { nodes, power: true, .. } if nodes.contains(node))
}

fn check_nodes(whom: &[String], nodes: &[String]) -> Result<(), String> {
    if whom.is_empty() {
        return Err("it names no node".to_owned());
    }
    match whom.iter().find(|node| !nodes.contains(node)) {
        Some(unknown) => Err(format!(
            "there is no node {unknown:?}; there are {}",
            nodes.join(", ")
        )),
        None => Ok(()),
    }
}

fn check_links(links: &[Link], nodes: &[String]) -> Result<(), String> {
    if links.is_empty() {
        return Err("it names no link".to_owned());
    }
    for (from, to) in links {
        // Others reach each other.
        if from == to && from != OTHERS {
            return Err(format!("the link from {from:?} to itself carries nothing"));
        }
        let hosts = [from, to].into_iter().filter(|host| *host != CLIENT);
        check_nodes(&hosts.cloned().collect::<Vec<_>>(), nodes)?;
    }
    Ok(())
}

fn check_pattern(pattern: &str) -> Result<(), String> {
    regex::bytes::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .build()
        .map(drop)
        .map_err(|error| format!("{pattern:?} is no regular expression: {error}"))
}

fn check_match(matching: &PacketMatch) -> Result<(), String> {
    if matching.from == 0 {
        return Err("`from` counts from 1".to_owned());
    }
    check_pattern(&matching.payload)
}

fn within<T: PartialOrd + std::fmt::Display>(name: &str, value: T, least: T, most: T) -> Result<(), String> {
    match value >= least && value <= most {
        true => Ok(()),
        false => Err(format!("{name} is {value}; it must be from {least} to {most}")),
    }
}

fn check_packets(effect: PacketEffect) -> Result<(), String> {
    match effect {
        PacketEffect::Delay {
            mean_ms, jitter_ms, ..
        } => {
            within("mean_ms", mean_ms, 0, 60_000)?;
            within("jitter_ms", jitter_ms, 0, 60_000)
        }
        PacketEffect::Loss { percent, burst } => {
            within("burst", burst, 1, 1_000)?;
            within("percent", percent, 1, 100)
        }
        PacketEffect::Reorder { percent, gap_packets } => {
            within("gap_packets", gap_packets, 1, 1_000)?;
            within("percent", percent, 1, 100)
        }
        PacketEffect::Duplicate { percent }
        | PacketEffect::Corrupt { percent, .. }
        | PacketEffect::Reset { percent } => within("percent", percent, 1, 100),
        PacketEffect::Rate { kilobytes_per_second } => {
            within("kilobytes_per_second", kilobytes_per_second, 1, 10_000_000)
        }
        PacketEffect::Stutter {
            stalled_ms,
            flowing_ms,
        } => {
            within("stalled_ms", stalled_ms, 1, 60_000)?;
            within("flowing_ms", flowing_ms, 1, 60_000)
        }
        PacketEffect::Hold | PacketEffect::Drop => Ok(()),
    }
}

fn check_disk(effect: DiskEffect) -> Result<(), String> {
    match effect {
        DiskEffect::Slow { mean_ms } => within("mean_ms", mean_ms, 1, 60_000),
        DiskEffect::Full => Ok(()),
        DiskEffect::SyncError { percent }
        | DiskEffect::WriteError { percent }
        | DiskEffect::ReadError { percent } => within("percent", percent, 1, 100),
        DiskEffect::FlipBits { per_mille } | DiskEffect::StaleBlocks { per_mille } => {
            within("per_mille", per_mille, 1, 1_000)
        }
    }
}

/// The rates that a clock can have: a quarter to four times the right one.
const RATE_PER_MILLE: (u64, u64) = (250, 4_000);
/// A year, in milliseconds.
const CLOCK_MS_MAX: i64 = 366 * 24 * 3600 * 1000;

fn check_clock(effect: ClockEffect) -> Result<(), String> {
    match effect {
        ClockEffect::Offset { ms } => within("ms", ms, -CLOCK_MS_MAX, CLOCK_MS_MAX),
        ClockEffect::Strobe { ms, period_ms } => {
            within("period_ms", period_ms, 1, 3_600_000)?;
            within("ms", ms, -CLOCK_MS_MAX, CLOCK_MS_MAX)
        }
        ClockEffect::Rate { per_mille } => within("per_mille", per_mille, RATE_PER_MILLE.0, RATE_PER_MILLE.1),
    }
}
