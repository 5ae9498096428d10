//! What can be typed: commands, flags, their defaults and their errors.
//!
//! Flags have Jepsen's names where it has them. A value that cannot be understood is refused here, before
//! anything is started, with the nearest known name; every refusal leaves with exit code 254.

mod bench;
mod scorecard;

pub use bench::{BenchOptions, BenchSystem, TiedOptions};
pub use scorecard::{ScheduleName, ScorecardFormat, ScorecardOptions};

use crate::{exit, suggest};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use nemesis::{Package, PackageError};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Finds out whether a distributed system keeps its promise when things break.
#[derive(Debug, Parser)]
#[command(name = "harness", version, max_term_width = 100, after_help = AFTER_HELP, args_override_self = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 valid, 1 a violation was found (and nothing else ever), 2 unknown, 254 bad arguments,
255 error without a verdict, 130 and 143 stopped.

The main job:  harness test --nemesis partition";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a system under faults, check the history, report
    Test(Box<TestOptions>),
    /// Check a stored run or a history file again, from the history alone
    Check(CheckOptions),
    /// Write report.html of a stored run again
    Report(RunOptions),
    /// List stored runs, or what can be named on the command line
    List(ListOptions),
    /// Print the final block of a stored run again
    Show(RunOptions),
    /// Measure how many of the bugs planted in the built-in Paxos are found, and how soon
    Scorecard(Box<ScorecardOptions>),
    /// Measure how fast the built-in Paxos is, what limits it, and how it compares with etcd
    Bench(Box<BenchOptions>),
    /// Say which faults this machine can inject, and why not the others
    Doctor,
    /// Print the JSON Schema of a file format
    Schema {
        /// Which format
        #[arg(value_enum, default_value = "results")]
        format: SchemaFormat,
    },
    /// One node of the built-in Paxos (started by `harness test`)
    #[command(hide = true)]
    PaxosNode(PaxosNodeOptions),
    /// A program that dies with the one that started it (started by `harness bench`)
    #[command(hide = true)]
    Tied(TiedOptions),
}

/// How `harness test` runs.
#[derive(Clone, Debug, Args)]
pub struct TestOptions {
    /// A built-in system (see `harness list systems`) or a descriptor file
    #[arg(default_value = "paxos")]
    pub system: String,

    /// How many nodes: n1 to nN
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=99), help_heading = "Cluster")]
    pub node_count: u8,

    /// How many clients at once; `2n` is twice the nodes
    #[arg(long, value_name = "N", default_value = "4n", value_parser = parse_concurrency, help_heading = "Load")]
    pub concurrency: Concurrency,

    /// Mean operations per second of all clients; 0 is as fast as they can
    #[arg(short, long, value_name = "HZ", default_value_t = 1000.0, value_parser = parse_rate, help_heading = "Load")]
    pub rate: f64,

    /// How long the main phase lasts: 60, 90s, 5m
    #[arg(long, value_name = "DUR", default_value = "60", value_parser = parse_duration, help_heading = "Load")]
    pub time_limit: Duration,

    /// How many operations a decree gets before the next is opened
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Load")]
    pub ops_per_key: u32,

    /// How many decrees are open at once
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Load")]
    pub key_count: u32,

    /// After how long a client gives up on an answer; the outcome is unknown then
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = parse_duration, help_heading = "Load")]
    pub client_timeout: Duration,

    /// Faults: partition, kill, pause, packet, disk, clock, all, none; refined as partition:halves+bridge,kill:one
    #[arg(long, value_name = "LIST", default_value = "partition,kill", value_parser = parse_nemesis, help_heading = "Faults")]
    pub nemesis: Nemesis,

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

    /// Plants a bug in the built-in Paxos (see `harness list bugs`)
    #[arg(long, value_name = "NAME", hide = true)]
    pub bug: Option<String>,

    /// The process without which this run is not wanted: the scorecard that started it
    #[arg(long, value_name = "PID", hide = true)]
    pub die_with: Option<i32>,
}

/// How `harness check` checks.
#[derive(Clone, Debug, Args)]
pub struct CheckOptions {
    /// A run (latest, -1, a seed, a prefix of its id, a directory) or a history file
    #[arg(default_value = "latest", allow_hyphen_values = true, value_name = "RUN|FILE")]
    pub what: String,

    /// The sequential object [default: what the history's header says]
    #[arg(long, value_name = "NAME", value_parser = parse_model)]
    pub model: Option<checker::Model>,

    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,

    /// What is printed on standard output
    #[arg(long, value_enum, default_value = "human", value_name = "KIND")]
    pub format: Format,
}

/// Which stored run.
#[derive(Clone, Debug, Args)]
pub struct RunOptions {
    /// latest, latest:invalid, -1, a seed, a prefix of its id, or a directory
    #[arg(default_value = "latest", allow_hyphen_values = true)]
    pub run: String,

    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,
}

/// What to list.
#[derive(Clone, Debug, Args)]
pub struct ListOptions {
    /// Which names
    #[arg(value_enum, default_value = "runs")]
    pub what: Listing,

    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listing {
    /// Stored runs, newest first
    Runs,
    /// Systems that can be tested by name
    Systems,
    /// Kinds of operations and objects
    Workloads,
    /// Kinds of fault and their forms
    Nemeses,
    /// What is checked
    Checks,
    /// Bugs that can be planted in the built-in Paxos
    Bugs,
}

/// File formats with a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaFormat {
    /// results.json
    Results,
    /// scorecard.json
    Scorecard,
}

/// The live display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressKind {
    /// Bars on a terminal, lines elsewhere
    Auto,
    /// Bars
    Bar,
    /// A line for each phase and every ten seconds
    Lines,
    /// Nothing
    None,
}

/// Standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The final block, for people
    Human,
    /// results.json, for programs
    Json,
}

/// One node of the built-in Paxos.
#[derive(Clone, Debug, Args)]
pub struct PaxosNodeOptions {
    /// The node's name
    #[arg(long)]
    pub id: String,
    /// Where it listens for clients
    #[arg(long)]
    pub listen: std::net::SocketAddr,
    /// Where it keeps its log and its table
    #[arg(long)]
    pub data: PathBuf,
    /// Every node and where it listens for the others, itself included: n1=10.0.0.1:7001,...
    #[arg(long, value_delimiter = ',', value_parser = parse_peer)]
    pub peers: Vec<(String, std::net::SocketAddr)>,
    /// What it writes to standard error: error, warn, info
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log: tracing_subscriber::filter::LevelFilter,
    /// How far its log may grow before it is moved to the table, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20, value_parser = clap::value_parser!(u64).range(4096..=1 << 40))]
    pub checkpoint_bytes: u64,
    /// Plants a bug
    #[arg(long, value_parser = parse_bug)]
    pub bug: Option<paxos::Bug>,
}

/// How many clients: a number, or a multiple of the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// So many.
    Clients(u32),
    /// So many for each node.
    PerNode(u32),
}

impl Concurrency {
    /// The number of clients for `nodes` nodes.
    pub fn clients(self, nodes: usize) -> usize {
        match self {
            Concurrency::Clients(count) => count as usize,
            Concurrency::PerNode(count) => count as usize * nodes,
        }
    }
}

/// What `--nemesis` said, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nemesis {
    /// As it was written.
    pub text: String,
    /// The kinds of fault and their forms.
    pub packages: Vec<Package>,
}

/// Why the command line was not carried out: a mistake, or a wish for help.
pub struct Refusal(clap::Error);

impl Refusal {
    /// Says so, on the stream where it belongs.
    pub fn print(self) -> ExitCode {
        // Nothing can be done when the terminal is gone.
        let _ = self.0.print();
        match self.0.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
            _ => ExitCode::from(exit::BAD_ARGUMENTS),
        }
    }
}

/// Understands the command line.
pub fn parse() -> Result<Cli, Refusal> {
    Cli::try_parse().map_err(Refusal)
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let refuse = || format!("`{text}` is not a duration; write 60, 90s, 5m or 500ms");
    let seconds = match text.parse::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => text
            .parse::<jiff::SignedDuration>()
            .map_err(|_| refuse())?
            .as_secs_f64(),
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration.is_zero() => Err("it must be longer than nothing".to_owned()),
        Ok(duration) if duration > Duration::from_secs(7 * 24 * 3600) => Err("a week is the most".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err(refuse()),
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && (0.0..=1e6).contains(&rate) => Ok(rate),
        _ => Err("write operations per second, from 0 (as fast as they can) to 1000000".to_owned()),
    }
}

fn parse_concurrency(text: &str) -> Result<Concurrency, String> {
    let (digits, make): (&str, fn(u32) -> Concurrency) = match text.strip_suffix('n') {
        Some("") => ("1", Concurrency::PerNode),
        Some(digits) => (digits, Concurrency::PerNode),
        None => (text, Concurrency::Clients),
    };
    match digits.parse() {
        Ok(count) if (1..=1000).contains(&count) => Ok(make(count)),
        _ => Err(
            "write a number of clients such as 10, or a multiple of the nodes such as 2n; 1000 at most"
                .to_owned(),
        ),
    }
}

fn parse_nemesis(text: &str) -> Result<Nemesis, String> {
    let packages = nemesis::parse(text).map_err(|error| match error {
        PackageError::Unknown { what, name, known } => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            suggest::unknown(what, &name, &known)
        }
        other => other.to_string(),
    })?;
    Ok(Nemesis {
        text: text.to_owned(),
        packages,
    })
}

fn parse_model(text: &str) -> Result<checker::Model, String> {
    checker::Model::from_name(text).ok_or_else(|| suggest::unknown("model", text, &["decree"]))
}

fn parse_bug(text: &str) -> Result<paxos::Bug, String> {
    let known: Vec<&str> = paxos::Bug::ALL.iter().map(|bug| bug.name()).collect();
    paxos::Bug::ALL
        .into_iter()
        .find(|bug| bug.name() == text)
        .ok_or_else(|| suggest::unknown("bug", text, &known))
}

fn parse_peer(text: &str) -> Result<(String, std::net::SocketAddr), String> {
    let refuse = || format!("`{text}` is not of the form n1=10.0.0.1:7000");
    let (id, address) = text.split_once('=').ok_or_else(refuse)?;
    Ok((id.to_owned(), address.parse().map_err(|_| refuse())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_are_seconds_or_have_a_unit() {
        assert_eq!(parse_duration("60"), Ok(Duration::from_secs(60)));
        assert_eq!(parse_duration("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("5m"), Ok(Duration::from_secs(300)));
        for bad in ["", "fast", "-1", "0", "1e300", "NaN", "inf", "99w"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn concurrency_counts_clients_or_multiplies_nodes() {
        assert_eq!(parse_concurrency("7").unwrap().clients(5), 7);
        assert_eq!(parse_concurrency("2n").unwrap().clients(5), 10);
        assert_eq!(parse_concurrency("n").unwrap().clients(5), 5);
        for bad in ["0", "0n", "n2", "-3", "5000", ""] {
            assert!(parse_concurrency(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mistyped_nemesis_is_answered_with_the_nearest_one() {
        let error = parse_nemesis("partiton").unwrap_err();
        assert_eq!(
            error,
            "unknown nemesis `partiton`: did you mean `partition`? known are partition, kill, pause, packet, disk, clock, all, none"
        );
    }
}
