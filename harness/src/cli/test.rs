//! What can be typed after `harness test`.

use super::shrink::ShrinkOptions;
use super::store::PageOptions;
use super::values::{
    Concurrency, Nemesis, Seed, parse_concurrency, parse_duration, parse_folder_name, parse_interval,
    parse_nemesis, parse_rate, parse_seed, parse_size,
};
use super::{Format, Origins, ProgressKind, nodes};
use crate::network::NetworkChoice;
use clap::{Args, ValueEnum};
use cluster::Backend;
use nemesis::Package;
use results::evidence::Strictness;
use std::path::PathBuf;
use std::time::Duration;

/// How `harness test` runs.
#[derive(Clone, Debug, Args)]
pub struct TestOptions {
    /// A built-in system (see `harness list systems`) or a descriptor file
    #[arg(default_value = "paxos")]
    pub system: String,

    /// A program that speaks Maelstrom's protocol on stdin and stdout, in the place of a system; what comes after `--`
    /// are its arguments
    #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["system", "network", "bug"], help_heading = "Cluster")]
    pub maelstrom: Option<PathBuf>,

    /// Arguments of the --maelstrom program
    #[arg(last = true, value_name = "ARG", requires = "maelstrom")]
    pub node_args: Vec<String>,

    /// A node; may be said several times
    #[arg(short, long, value_name = "NAME", value_delimiter = ',', value_parser = nodes::parse_name, help_heading = "Cluster")]
    pub node: Vec<String>,

    /// The nodes, with commas between them [default: n1 to n5]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = nodes::parse_name, help_heading = "Cluster")]
    pub nodes: Vec<String>,

    /// A file with a node on each line; all three add up
    #[arg(long, value_name = "FILE", help_heading = "Cluster")]
    pub nodes_file: Option<PathBuf>,

    /// The program of the nodes, in the place of the descriptor's: another version of it, or one that is not on the PATH
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "maelstrom",
        help_heading = "Cluster"
    )]
    pub program: Option<String>,

    /// Leaves the nodes running when the verdict and the report are there, without faults: says how they are reached from
    /// this machine, and ends them on Ctrl-C
    #[arg(long, alias = "leave-running", help_heading = "Cluster")]
    pub leave_db_running: bool,

    /// What clients do: register, set, queue, ..., or a variant of the system's own, such as register/serializable;
    /// with --maelstrom lin-kv, unique-ids, broadcast, g-set, g-counter, pn-counter
    /// [default: the first that the system has; see `harness list workloads`]
    #[arg(short, long, value_name = "NAME", help_heading = "Load")]
    pub workload: Option<String>,

    /// How many nodes: n1 to nN
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=99), conflicts_with_all = ["node", "nodes", "nodes_file"], help_heading = "Cluster")]
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
    #[arg(long, value_name = "N", default_value = "12n", value_parser = parse_concurrency, help_heading = "Load")]
    pub concurrency: Concurrency,

    /// Mean operations per second of all clients; 0 is as fast as they can
    #[arg(short, long, value_name = "HZ", default_value_t = 5000.0, value_parser = parse_rate, help_heading = "Load")]
    pub rate: f64,

    /// How long the main phase lasts: 60, 90s, 5m
    #[arg(long, value_name = "DUR", default_value = "60", value_parser = parse_duration, help_heading = "Load")]
    pub time_limit: Duration,

    /// Ends the main phase after so many operations, if its time is not over before
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Load")]
    pub op_limit: Option<u64>,

    /// How many operations an object (a decree, a register) gets before the next is opened
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Load")]
    pub ops_per_key: u32,

    /// How many objects are open at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Load")]
    pub key_count: u32,

    /// After how long a client gives up on an answer; the outcome is unknown then
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = parse_duration, help_heading = "Load")]
    pub client_timeout: Duration,

    /// Faults: partition, kill, terminate, pause, packet, disk, clock, member, all, none; refined as partition:halves+bridge,kill:one
    #[arg(long, value_name = "LIST", default_value = "partition,kill,pause,packet", value_parser = parse_nemesis, help_heading = "Faults")]
    pub nemesis: Nemesis,

    /// Whether nobody has said which faults: then they may be fewer where the network, or a single node, cannot have all
    #[arg(skip)]
    pub nemesis_is_default: bool,

    /// Mean time between two changes (a fault begins, a fault ends) of one kind of fault; or exactly fixed:2s,
    /// exponential:500ms, uniform:100ms..2s
    #[arg(long, value_name = "DUR", default_value = "500ms", value_parser = parse_interval, help_heading = "Faults")]
    pub nemesis_interval: nemesis::Interval,

    /// Exactly the faults of this file (the schedule.json of a run, or one written by hand), or of this scenario of the
    /// built-in Paxos: harness list scenarios
    #[arg(long, value_name = "FILE|SCENARIO", conflicts_with_all = ["nemesis", "nemesis_interval"], help_heading = "Faults")]
    pub schedule: Option<PathBuf>,

    /// How long the system may take to recover after the last fault is healed, beyond its descriptor's failover_ms
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = parse_duration, help_heading = "Faults")]
    pub recovery_time: Duration,

    /// Stops the run at the first violation seen while it runs: no recovery, no reads at the end
    #[arg(long, help_heading = "Checking")]
    pub fail_fast: bool,

    /// How long the check may take in all; then the verdict is unknown
    #[arg(long, value_name = "DUR", default_value = "5m", value_parser = parse_duration, help_heading = "Checking")]
    pub checker_timeout: Duration,

    /// How much memory the check may take: 512MiB, 2GiB; then the verdict is unknown
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = parse_size, help_heading = "Checking")]
    pub checker_memory: usize,

    /// How long counterexamples are made smaller.
    #[command(flatten)]
    pub shrink: ShrinkOptions,

    /// How much has to have been tested for a run without a violation to be valid
    #[arg(
        long,
        value_enum,
        default_value = "strict",
        value_name = "HOW",
        help_heading = "Checking"
    )]
    pub evidence: Evidence,

    /// Whether exit code 2 (unknown) stays, or becomes 0; what is printed says UNKNOWN either way
    #[arg(
        long,
        value_enum,
        default_value = "fail",
        value_name = "IS",
        help_heading = "Checking"
    )]
    pub unknown: UnknownIs,

    /// For jobs with a known bug: exit code 0 if a violation was found, else 2
    #[arg(long, help_heading = "Checking")]
    pub expect_invalid: bool,

    /// Writes every packet to capture.pcapng in the run's directory, with what faults did to it; Wireshark opens it
    #[arg(long, help_heading = "Output")]
    pub capture: bool,

    /// Fixes the operations and the fault schedule; last for the seed of the newest run [default: random, printed]
    #[arg(long, value_name = "N", value_parser = parse_seed, help_heading = "Repeat")]
    pub seed: Option<Seed>,

    /// How often: with other seeds, unless --seed says which; ends with the first violation or error
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Repeat")]
    pub test_count: u32,

    /// Again and again, until there is a violation
    #[arg(long, conflicts_with = "test_count", help_heading = "Repeat")]
    pub until_invalid: bool,

    /// Makes all of the --test-count runs, whatever comes out
    #[arg(long, conflicts_with = "until_invalid", help_heading = "Repeat")]
    pub keep_going: bool,

    /// After a violation, has the same operations and faults N times more, and says how often it came back
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000), help_heading = "Repeat")]
    pub confirm: u32,

    /// The folder in the store [default: the system's name]
    #[arg(long, value_name = "NAME", value_parser = parse_folder_name, help_heading = "Output")]
    pub name: Option<String>,

    /// Keeps what the nodes had on their disks also when the run is valid; of any other it is always kept
    #[arg(long, help_heading = "Output")]
    pub keep_data: bool,

    /// Opens the report in a browser when there is a violation
    #[arg(long, help_heading = "Output")]
    pub open: bool,

    /// How the report is written.
    #[command(flatten)]
    pub page: PageOptions,

    /// Writes harness.log as JSON, a line an entry
    #[arg(long, help_heading = "Output")]
    pub logging_json: bool,

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

    /// Writes the checks as JUnit here too (every run has them in junit.xml); of several runs all together, a suite for each
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub junit: Option<PathBuf>,

    /// Writes the summary here too (every run has it in summary.md); of several runs all together
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub markdown: Option<PathBuf>,

    /// Plants a bug in the built-in Paxos (see `harness list bugs`)
    #[arg(long, value_name = "NAME", hide = true)]
    pub bug: Option<String>,

    /// The process without which this run is not wanted: the scorecard that started it
    #[arg(long, value_name = "PID", hide = true)]
    pub die_with: Option<i32>,

    /// Which run of several this is, and how they came out so far: the process that started it makes the others
    #[arg(long, value_name = "TEXT", hide = true)]
    pub one_of: Option<String>,

    /// The run that this one is a replay of: the process that started it counts it there
    #[arg(long, value_name = "ID", hide = true)]
    pub replay_of: Option<String>,

    /// How much is said while it runs: -v
    #[arg(skip)]
    pub verbose: u8,

    /// Where the options come from
    #[arg(skip)]
    pub origins: Origins,
}

/// What a run without a violation has to have shown, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Evidence {
    /// All rules: faults were felt, operations overlapped, the system worked and recovered
    Strict,
    /// The check came to its end and each kind of operation worked
    Relaxed,
    /// The check came to its end
    Off,
}

impl Evidence {
    /// What it means.
    pub fn strictness(self) -> Strictness {
        match self {
            Evidence::Strict => Strictness::Strict,
            Evidence::Relaxed => Strictness::Relaxed,
            Evidence::Off => Strictness::Off,
        }
    }
}

/// What a script learns of an unknown run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UnknownIs {
    /// Exit code 2
    Fail,
    /// Exit code 0
    Pass,
}

impl TestOptions {
    /// The nodes' names: those that were given, else n1 to nN.
    ///
    /// # Errors
    /// When the file cannot be read or has no names, a name is there twice, or there are too many.
    pub fn node_names(&self) -> Result<Vec<String>, String> {
        nodes::names(
            &self.node,
            &self.nodes,
            self.nodes_file.as_deref(),
            self.node_count,
        )
    }

    /// The seed, where its number was given or is known by now.
    pub fn seed_number(&self) -> Option<u64> {
        self.seed.and_then(Seed::number)
    }

    /// Whether more than one run was asked for.
    pub fn is_series(&self) -> bool {
        self.one_of.is_none() && (self.test_count > 1 || self.until_invalid)
    }

    /// Takes those from the default faults that so many nodes cannot have: a single one is cut from nobody.
    pub(super) fn spare_a_single_node(&mut self) {
        if self.nemesis_is_default && self.node_names().is_ok_and(|nodes| nodes.len() == 1) {
            let mut packages = self.nemesis.packages.clone();
            packages.retain(|package| !matches!(package, Package::Partition(_)));
            self.nemesis = Nemesis::of(packages);
        }
    }

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
