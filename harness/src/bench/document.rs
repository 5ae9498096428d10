//! What was measured, as `--format json` prints it, and the limits that follow from it.

use super::disk::{Disk, FileSystem};
use super::load::Counted;
use super::processor::Spent;
use super::system::syncs_in_a_row;
use crate::cli::{BenchOptions, BenchSystem};
use serde::Serialize;
use std::time::Duration;

/// From which part on a processor or a log counts as fully used.
const USED_UP: f64 = 0.9;

/// All that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// The layout of this document.
    pub schema: u32,
    /// The version of this program.
    pub harness: String,
    /// How many clients there were.
    pub clients: u16,
    /// How long each measurement lasted.
    pub time_limit_s: f64,
    /// How long the load went on before.
    pub warm_up_s: f64,
    /// How often each was measured.
    pub rounds: u16,
    /// Where the nodes had their data.
    pub file_system: FileSystem,
    /// In the order in which they were made.
    pub measurements: Vec<Measurement>,
    /// What `--against` asked for, by number of nodes.
    pub comparisons: Vec<Comparison>,
}

/// One system, one number of nodes, once.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    /// The system.
    pub system: String,
    /// Its version, where it says it.
    pub version: Option<String>,
    /// How many nodes.
    pub node_count: u8,
    /// Which turn this was, from 1.
    pub round: u16,
    /// How many proposals were decided (puts were acknowledged).
    pub decrees: usize,
    /// In how many seconds.
    pub time_s: f64,
    /// The one divided by the other.
    pub decrees_per_s: f64,
    /// How long a client waited.
    pub latency_ms: Latency,
    /// Proposals that were not decided.
    pub errors: u64,
    /// What went wrong first, the warm-up included.
    pub first_error: Option<String>,
    /// What the logs did.
    pub log: LogFigures,
    /// The disk in the same minute, without the nodes.
    pub disk: Disk,
    /// What the processors did.
    pub processor: ProcessorFigures,
    /// What could have been reached.
    pub limits: Limits,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    /// Half of the clients waited no longer.
    pub p50: f64,
    /// Nine in ten.
    pub p90: f64,
    /// Ninety-nine in a hundred.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// What the nodes' logs did, by their own counters.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LogFigures {
    /// Syncs of all nodes for each decree.
    pub syncs_per_decree: f64,
    /// Bytes written with each, where the system counts them.
    pub bytes_per_sync: Option<f64>,
    /// How long one took, on average.
    pub sync_ms: f64,
    /// Which part of the time a node's log was writing and syncing.
    pub busy: f64,
}

/// What the processors did.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ProcessorFigures {
    /// How many there are.
    pub count: f64,
    /// Microseconds of all nodes for each decree.
    pub nodes_us_per_decree: f64,
    /// Microseconds of the clients, this program, for each decree.
    pub clients_us_per_decree: f64,
    /// Which part of all processors' time was used, by whomever.
    pub busy: f64,
    /// Which part of it by neither nodes nor clients: the kernel's own work, and whoever else uses the machine.
    pub busy_others: f64,
}

/// What could have been reached, and which part of it was.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// Decrees per second that group commit allows: every decree waits for one or two syncs in a row, each of which
    /// takes all clients' records at best, and as long as on this disk with as many writers side by side.
    pub sync_decrees_per_s: f64,
    /// Which part of that was reached.
    pub sync_ratio: f64,
    /// Decrees per second if the nodes and the clients had all processors to themselves, all the time, and used as
    /// much for each decree.
    pub processor_decrees_per_s: f64,
    /// Which part of that was reached.
    pub processor_ratio: f64,
    /// Which of them it is.
    pub bound_by: Bound,
}

/// What was used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// The processors, by whomever.
    Processor,
    /// The logs: they were syncing all the time.
    Sync,
    /// Neither: clients mostly waited for their turn.
    Neither,
}

/// Two systems that took turns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// How many nodes each had.
    pub node_count: u8,
    /// The one.
    pub system: String,
    /// The other.
    pub against: String,
    /// Decrees per second of the one over those of the other, turn by turn.
    pub ratios: Vec<f64>,
    /// The one in the middle.
    pub median: f64,
}

impl Document {
    /// Nothing measured yet.
    pub fn new(options: &BenchOptions, file_system: FileSystem) -> Document {
        Document {
            schema: 1,
            harness: env!("CARGO_PKG_VERSION").to_owned(),
            clients: options.clients,
            time_limit_s: options.time_limit.as_secs_f64(),
            warm_up_s: options.warm_up.as_secs_f64(),
            // One ratio says little on a machine that is never quite idle.
            rounds: options
                .rounds
                .unwrap_or(if options.against.is_some() { 3 } else { 1 }),
            file_system,
            measurements: Vec::new(),
            comparisons: Vec::new(),
        }
    }
}

/// Which measurement this is.
pub struct Title {
    /// The system.
    pub system: BenchSystem,
    /// Its version.
    pub version: Option<String>,
    /// How many nodes.
    pub node_count: u8,
    /// Which turn.
    pub round: u16,
}

impl Measurement {
    /// The figures, from what the clients have seen and the nodes have spent.
    pub fn of(title: Title, clients: u16, counted: Counted, spent: &Spent, disk: Disk) -> Measurement {
        let Title {
            system,
            version,
            node_count,
            round,
        } = title;
        let decrees = counted.latencies.len();
        let time_s = counted.time.as_secs_f64();
        let decrees_per_s = decrees as f64 / time_s;
        let log = LogFigures {
            syncs_per_decree: spent.log.syncs / decrees as f64,
            bytes_per_sync: spent.log.bytes.map(|bytes| bytes / spent.log.syncs.max(1.0)),
            sync_ms: spent.log.seconds / spent.log.syncs.max(1.0) * 1e3,
            busy: spent.log.seconds / f64::from(node_count) / spent.wall_s,
        };
        let used = (spent.nodes_s + spent.clients_s) / (spent.processors * spent.wall_s);
        let processor = ProcessorFigures {
            count: spent.processors.round(),
            nodes_us_per_decree: spent.nodes_s / decrees as f64 * 1e6,
            clients_us_per_decree: spent.clients_s / decrees as f64 * 1e6,
            busy: spent.machine_busy,
            busy_others: (spent.machine_busy - used).max(0.0),
        };
        let sync_limit = f64::from(clients) * disk.side_by_side_per_s / syncs_in_a_row(system);
        Measurement {
            system: system.name().to_owned(),
            version,
            node_count,
            round,
            decrees,
            time_s,
            decrees_per_s,
            latency_ms: Latency::of(&counted.latencies),
            errors: counted.errors,
            first_error: counted.first_error,
            log,
            disk,
            processor,
            limits: Limits {
                sync_decrees_per_s: sync_limit,
                sync_ratio: decrees_per_s / sync_limit,
                processor_decrees_per_s: decrees_per_s / used,
                processor_ratio: used,
                bound_by: match () {
                    () if log.busy >= USED_UP => Bound::Sync,
                    () if processor.busy >= USED_UP => Bound::Processor,
                    () => Bound::Neither,
                },
            },
        }
    }
}

impl Latency {
    /// Of latencies in order.
    fn of(sorted: &[Duration]) -> Latency {
        let at = |part: f64| {
            let place = (part * sorted.len() as f64).ceil() as usize;
            sorted[place.clamp(1, sorted.len()) - 1].as_secs_f64() * 1e3
        };
        Latency {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

impl Comparison {
    /// The pairs are those of the same round.
    pub fn of(all: &[Measurement], node_count: u8, system: BenchSystem, against: BenchSystem) -> Comparison {
        let rates = |name: &'static str| {
            let of_it = move |it: &&Measurement| it.system == name && it.node_count == node_count;
            all.iter().filter(of_it).map(|it| it.decrees_per_s)
        };
        let ratios: Vec<f64> = rates(system.name())
            .zip(rates(against.name()))
            .map(|(one, other)| one / other)
            .collect();
        Comparison {
            node_count,
            system: system.name().to_owned(),
            against: against.name().to_owned(),
            median: median(&ratios),
            ratios,
        }
    }
}

/// The one in the middle; of an even number, the mean of the two.
fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::system::LogCounters;

    fn measurement(system: BenchSystem, decrees: u64, round: u16) -> Measurement {
        let counted = Counted {
            latencies: (1..=decrees).map(Duration::from_millis).collect(),
            time: Duration::from_secs(10),
            ..Counted::default()
        };
        let spent = Spent {
            wall_s: 10.0,
            log: LogCounters {
                syncs: 3000.0,
                seconds: 15.0,
                bytes: Some(6000.0),
            },
            nodes_s: 12.0,
            clients_s: 4.0,
            machine_busy: 0.95,
            processors: 2.0,
        };
        let disk = Disk {
            write_bytes: 2,
            alone_per_s: 2000.0,
            side_by_side_per_s: 1000.0,
        };
        let title = Title {
            system,
            version: None,
            node_count: 3,
            round,
        };
        Measurement::of(title, 10, counted, &spent, disk)
    }

    #[test]
    fn the_limits_are_those_of_the_definition() {
        let measured = measurement(BenchSystem::Paxos, 1000, 1);
        assert_eq!(
            (measured.decrees_per_s, measured.log.syncs_per_decree),
            (100.0, 3.0)
        );
        // Ten clients, a thousand syncs a second, two in a row.
        assert_eq!(
            (measured.limits.sync_decrees_per_s, measured.limits.sync_ratio),
            (5000.0, 0.02)
        );
        // 16 of 20 processor seconds.
        assert!(
            (measured.limits.processor_ratio - 0.8).abs() < 1e-9,
            "{measured:?}"
        );
        assert!(
            (measured.limits.processor_decrees_per_s - 125.0).abs() < 1e-9,
            "{measured:?}"
        );
        assert!(
            (measured.processor.busy_others - 0.15).abs() < 1e-9,
            "{measured:?}"
        );
        assert_eq!(
            (measured.log.busy, measured.limits.bound_by),
            (0.5, Bound::Processor)
        );
        let latency = measured.latency_ms;
        assert_eq!(
            (latency.p50, latency.p90, latency.p99, latency.max),
            (500.0, 900.0, 990.0, 1000.0)
        );
    }

    #[test]
    fn pairs_are_made_turn_by_turn() {
        let turns = [(1000, 500), (900, 300), (800, 800)];
        let each = turns.iter().zip(1..).flat_map(|((one, other), round)| {
            [
                measurement(BenchSystem::Paxos, *one, round),
                measurement(BenchSystem::Etcd, *other, round),
            ]
        });
        let all: Vec<Measurement> = each.collect();
        let compared = Comparison::of(&all, 3, BenchSystem::Paxos, BenchSystem::Etcd);
        assert_eq!((compared.ratios, compared.median), (vec![2.0, 3.0, 1.0], 2.0));
        assert!((median(&[1.0, 2.0]) - 1.5).abs() < 1e-9);
    }
}
