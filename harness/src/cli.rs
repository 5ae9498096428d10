//! What can be typed: commands, flags, their defaults and their errors.
//!
//! Flags have Jepsen's names where it has them. A value that cannot be understood is refused here, before
//! anything is started, with the nearest known name; every refusal leaves with exit code 254.

mod bench;
mod export;
mod input;
mod scorecard;
mod test;
mod values;

pub use bench::{BenchFormat, BenchOptions, BenchSystem, TiedOptions};
pub use export::{CiServer, ExportFormat, ExportOptions, InitOptions};
pub use input::InputOptions;
pub use scorecard::{ScheduleName, ScorecardFormat, ScorecardOptions};
pub use test::TestOptions;
pub use values::Concurrency;

use crate::exit;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use values::{parse_bug, parse_model, parse_peer};

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
    /// Write a stored run or a history file in the format of another tool
    Export(ExportOptions),
    /// Write a job for a CI server
    Init(InitOptions),
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

/// How `harness check` checks.
#[derive(Clone, Debug, Args)]
pub struct CheckOptions {
    /// A run (latest, -1, a seed, a prefix of its id, a directory), a history file (JSON Lines, EDN or log), or the folder
    /// of a Jepsen or Maelstrom run
    #[arg(default_value = "latest", allow_hyphen_values = true, value_name = "RUN|FILE")]
    pub what: String,

    /// The sequential object [default: what the history's header says]
    #[arg(long, value_name = "NAME", value_parser = parse_model)]
    pub model: Option<checker::Model>,

    /// How a history file of others is read.
    #[command(flatten)]
    pub input: InputOptions,

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
    /// A line of history.jsonl
    History,
    /// A line of --format ndjson
    Events,
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
    /// What happens, a JSON document a line, while it happens
    Ndjson,
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
    let matches = Cli::command().try_get_matches().map_err(Refusal)?;
    let parsed = Cli::from_arg_matches(&matches);
    let mut cli = parsed.map_err(|error| Refusal(error.format(&mut Cli::command())))?;
    if let (Command::Test(options), Some((_, typed))) = (&mut cli.command, matches.subcommand()) {
        options.nemesis_is_default = typed.value_source("nemesis") == Some(ValueSource::DefaultValue);
    }
    Ok(cli)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
