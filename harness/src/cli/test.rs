//! What can be typed after `harness test`.

use super::values::{Concurrency, Nemesis, parse_concurrency, parse_duration, parse_nemesis, parse_rate};
use super::{Format, ProgressKind};
use crate::network::NetworkChoice;
use clap::Args;
use cluster::Backend;
use std::path::PathBuf;
use std::time::Duration;

/// How `harness test` runs.
#[derive(Clone, Debug, Args)]
pub struct TestOptions {
    /// A built-in system (see `harness list systems`) or a descriptor file
    #[arg(default_value = "paxos")]
    pub system: String,

    /// What clients do: decree, register, cas-register, or a variant of the system's own, such as register/serializable
    /// [default: the first that the system has; see `harness list workloads`]
    #[arg(short, long, value_name = "NAME", help_heading = "Load")]
    pub workload: Option<String>,

    /// How many nodes: n1 to nN
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=99), help_heading = "Cluster")]
    pub node_count: u8,

    /// How nodes are connected
    #[arg(
        long,
        value_enum,
        default_value = "auto",
        value_name = "KIND",
        help_heading = "Cluster"
    )]
    pub network: NetworkChoice,

    /// How many clients at once; `2n` is twice the nodes
    #[arg(long, value_name = "N", default_value = "8n", value_parser = parse_concurrency, help_heading = "Load")]
    pub concurrency: Concurrency,

    /// Mean operations per second of all clients; 0 is as fast as they can
    #[arg(short, long, value_name = "HZ", default_value_t = 5000.0, value_parser = parse_rate, help_heading = "Load")]
    pub rate: f64,

    /// How long the main phase lasts: 60, 90s, 5m
    #[arg(long, value_name = "DUR", default_value = "60", value_parser = parse_duration, help_heading = "Load")]
    pub time_limit: Duration,

    /// How many operations an object (a decree, a register) gets before the next is opened
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Load")]
    pub ops_per_key: u32,

    /// How many objects are open at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Load")]
    pub key_count: u32,

    /// After how long a client gives up on an answer; the outcome is unknown then
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = parse_duration, help_heading = "Load")]
    pub client_timeout: Duration,

    /// Faults: partition, kill, pause, packet, disk, clock, all, none; refined as partition:halves+bridge,kill:one
    #[arg(long, value_name = "LIST", default_value = "partition,kill,pause,packet", value_parser = parse_nemesis, help_heading = "Faults")]
    pub nemesis: Nemesis,

    /// Whether nobody has said which faults: then they may be fewer where the network cannot have all
    #[arg(skip)]
    pub nemesis_is_default: bool,

    /// Mean time between two changes (a fault begins, a fault ends) of one kind of fault
    #[arg(long, value_name = "DUR", default_value = "500ms", value_parser = parse_duration, help_heading = "Faults")]
    pub nemesis_interval: Duration,

    /// Exactly the faults of this file: the schedule.json of a run, or one written by hand
    #[arg(long, value_name = "FILE", conflicts_with_all = ["nemesis", "nemesis_interval"], help_heading = "Faults")]
    pub schedule: Option<PathBuf>,

    /// How long the system may take to recover after the last fault is healed
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = parse_duration, help_heading = "Faults")]
    pub recovery_time: Duration,

    /// Stops the run at the first violation seen while it runs: no recovery, no reads at the end
    #[arg(long, help_heading = "Checking")]
    pub fail_fast: bool,

    /// Writes every packet to capture.pcapng in the run's directory, with what faults did to it; Wireshark opens it
    #[arg(long, help_heading = "Output")]
    pub capture: bool,

    /// Fixes the operations and the fault schedule [default: random, printed]
    #[arg(long, value_name = "N", help_heading = "Repeat")]
    pub seed: Option<u64>,

    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store", help_heading = "Output")]
    pub store: PathBuf,

    /// Live display
    #[arg(
        long,
        value_enum,
        default_value = "auto",
        value_name = "KIND",
        help_heading = "Output"
    )]
    pub progress: ProgressKind,

    /// What is printed on standard output
    #[arg(
        long,
        value_enum,
        default_value = "human",
        value_name = "KIND",
        help_heading = "Output"
    )]
    pub format: Format,

    /// Writes the checks as JUnit here too (every run has them in junit.xml)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub junit: Option<PathBuf>,

    /// Writes the summary here too (every run has it in summary.md)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub markdown: Option<PathBuf>,

    /// Plants a bug in the built-in Paxos (see `harness list bugs`)
    #[arg(long, value_name = "NAME", hide = true)]
    pub bug: Option<String>,

    /// The process without which this run is not wanted: the scorecard that started it
    #[arg(long, value_name = "PID", hide = true)]
    pub die_with: Option<i32>,
}

impl TestOptions {
    /// The same where nodes are connected in this way: of the default faults, those that can be had.
    pub fn on(&self, backend: Backend) -> TestOptions {
        let mut options = self.clone();
        options.network = backend.into();
        if self.nemesis_is_default {
            options.nemesis = Nemesis::of(nemesis::feasible::possible(&self.nemesis.packages, backend));
        }
        options
    }
}
