//! What can be typed: commands, flags, their defaults and their errors.
//!
//! Flags have Jepsen's names where it has them. A value that cannot be understood is refused here, before
//! anything is started, with the nearest known name; every refusal leaves with exit code 254.

//!
//! Read next: `layers` for environment variables and the file, `values` for how a value is understood.

mod bench;
mod bench_checker;
mod config_file;
mod doctor;
mod export;
mod global;
mod input;
mod layers;
mod nodes;
mod print_config;
mod replay;
mod scorecard;
mod shrink;
mod store;
mod test;
mod values;

pub use bench::{BenchFormat, BenchOptions, BenchSystem, TiedOptions};
pub use bench_checker::{BenchCommand, CheckerBenchFormat, CheckerBenchOptions, MeasuredCheckOptions};
pub use doctor::DoctorOptions;
pub use export::{CiServer, ExportFormat, ExportOptions, InitOptions, Language, Wire};
pub use global::GlobalOptions;
pub use input::InputOptions;
pub use layers::{Origin, Origins, variables_set};
pub use replay::ReplayOptions;
pub use scorecard::{ScheduleName, ScorecardFormat, ScorecardOptions};
pub use shrink::ShrinkOptions;
pub use store::{
    GcOptions, ListFormat, ListOptions, Listing, PageOptions, ReportOptions, RunOptions, ServeOptions,
};
pub use test::{Evidence, TestOptions, UnknownIs};
pub use values::{Concurrency, Seed, parse_workload};

use crate::exit;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use values::{parse_bug, parse_duration, parse_model, parse_peer, parse_size};

/// Finds out whether a distributed system keeps its promise when things break.
#[derive(Debug, Parser)]
#[command(name = "harness", version, max_term_width = 100, after_help = AFTER_HELP, args_override_self = true)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: GlobalOptions,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 valid, 1 a violation was found (and nothing else ever), 2 unknown, 254 bad arguments,
255 error without a verdict, 130 and 143 stopped.

Every flag can also be an environment variable (--time-limit: HARNESS_TIME_LIMIT) or a key of harness.toml
(time-limit = \"5m\", at the top or in a table [test]). --print-config shows what holds, and why.

The main job:  harness test --nemesis partition";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a system under faults, check the history, report
    Test(Box<TestOptions>),
    /// Check a stored run or a history file again, from the history alone
    #[command(visible_alias = "analyze")]
    Check(CheckOptions),
    /// Have a stored run again: the same operations, the same faults; says how often the violation came back
    Replay(ReplayOptions),
    /// Write report.html of a stored run again
    Report(ReportOptions),
    /// List stored runs, or what can be named on the command line
    List(ListOptions),
    /// Print the final block of a stored run again
    Show(RunOptions),
    /// Browse the stored runs, compare two, and watch the one in progress
    Serve(ServeOptions),
    /// Delete old runs: asks first, keeps those with a violation
    Gc(GcOptions),
    /// Measure how many of the bugs planted in the built-in Paxos are found, and how soon
    Scorecard(Box<ScorecardOptions>),
    /// Measure how fast the built-in Paxos is, what limits it, and how it compares with etcd; or the checker
    Bench(Box<BenchOptions>),
    /// Say which faults this machine can inject, and why not the others; with SYSTEM, whether that is plugged in rightly
    Doctor(DoctorOptions),
    /// Write a stored run or a history file in the format of another tool
    Export(ExportOptions),
    /// Write what a project begins with: a descriptor and a client program, or a job for a CI server
    Init(InitOptions),
    /// Print the JSON Schema of a file format
    Schema {
        /// Which format
        #[arg(value_enum, default_value = "results")]
        format: SchemaFormat,
    },
    /// Print a document: how to plug in a system, what faults there are, ...; without a name, which there are
    Docs {
        /// Its name: plugging-in-a-system
        #[arg(value_name = "NAME")]
        page: Option<String>,
    },
    /// Print the completions of a shell
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write those of all commands
    Man {
        /// Writes harness.1 and a page for each command into this folder
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
    /// One node of the built-in Paxos (started by `harness test`)
    #[command(hide = true)]
    PaxosNode(PaxosNodeOptions),
    /// A program that dies with the one that started it (started by `harness bench`)
    #[command(hide = true)]
    Tied(TiedOptions),
    /// Checks one history and measures that (started by `harness bench checker`)
    #[command(hide = true)]
    CheckMeasured(MeasuredCheckOptions),
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

    /// One object alone: a decree, a register, ..., as the report calls it. Its verdict is told and not kept, and says
    /// nothing about how much was tested
    #[arg(
        long,
        value_name = "KEY",
        conflicts_with = "evidence",
        allow_hyphen_values = true
    )]
    pub key: Option<String>,

    /// Decides decrees while the file is read and keeps nothing of it, for histories larger than memory. Only a violation is read
    /// again, for its proof; how much was tested is not asked
    #[arg(long, conflicts_with_all = ["key", "evidence", "algorithm"])]
    pub stream: bool,

    /// Which algorithm decides: the best for each object, or for all of them the search that serves any, for a second opinion
    #[arg(long, value_enum, default_value = "auto", value_name = "NAME")]
    pub algorithm: AlgorithmChoice,

    /// How long the check may take in all; then the verdict is unknown
    #[arg(long, value_name = "DUR", default_value = "5m", value_parser = parse_duration)]
    pub checker_timeout: std::time::Duration,

    /// How much memory the check may take: 512MiB, 2GiB; then the verdict is unknown
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = parse_size)]
    pub checker_memory: usize,

    /// How much has to have been tested for a run without a violation to be valid [default: as it was run; off for a file of
    /// others]
    #[arg(long, value_enum, value_name = "HOW")]
    pub evidence: Option<Evidence>,

    /// How long counterexamples are made smaller.
    #[command(flatten)]
    pub shrink: ShrinkOptions,

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

/// Algorithms, as they are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AlgorithmChoice {
    /// The best that is known for the object and its operations
    Auto,
    /// The search that serves any object, event by event; it may come to a limit where the best has none
    Search,
}

impl AlgorithmChoice {
    /// What the checker is told.
    pub fn algorithm(self) -> checker::Algorithm {
        match self {
            AlgorithmChoice::Auto => checker::Algorithm::Best,
            AlgorithmChoice::Search => checker::Algorithm::Search,
        }
    }
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
    /// The descriptor of a system, for editors
    Descriptor,
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

/// What the command line comes to.
pub enum Understood {
    /// Something is to be done.
    Do(Box<Cli>),
    /// Something is to be shown, and that is all.
    Show(String),
}

/// Understands the command line, with what the environment and the file add.
pub fn parse() -> Result<Understood, Refusal> {
    understand(std::env::args_os().collect())
}

/// Understands a command line, the program's name first, with what the environment and the file add.
///
/// # Errors
/// What is wrong with it, or a wish for help.
pub fn understand(typed: Vec<OsString>) -> Result<Understood, Refusal> {
    let base = Cli::command();
    let layered = layers::understand(&base, &typed).map_err(|error| Refusal(elsewhere(&base, error)))?;
    let parsed = Cli::from_arg_matches(&layered.matches);
    let mut cli = parsed.map_err(|error| Refusal(error.format(&mut Cli::command())))?;
    if cli.global.print_config
        && let Some(text) = print_config::shown(&base, &layered)
    {
        return Ok(Understood::Show(text));
    }
    cli.global.remarks = layered.remarks;
    if let Command::Test(options) = &mut cli.command {
        options.nemesis_is_default = layered.origins.get("nemesis") == Some(&Origin::Default);
        options.spare_a_single_node();
        options.verbose = cli.global.verbose;
        if cli.global.quiet {
            options.progress = ProgressKind::None;
        }
        options.origins = layered.origins;
    }
    Ok(Understood::Do(Box::new(cli)))
}

/// What there is in the place of commands that other tools have, and that may be looked for here.
const ELSEWHERE: [(&str, &str); 4] = [
    ("campaign", CAMPAIGN),
    ("soak", CAMPAIGN),
    ("test-all", CAMPAIGN),
    (
        "shrink",
        "a counterexample is as small as it can be made when it is reported. A smaller fault schedule is not searched \
         for yet: take faults out of a copy of the run's schedule.json, and try harness test --schedule FILE --seed N \
         --test-count 10",
    ),
];

const CAMPAIGN: &str = "many runs, each with another seed, are harness test --test-count N --keep-going (or --until-invalid); \
                        harness list and harness serve show them. A campaign over workloads and faults, with a report of \
                        its own, does not exist yet";

/// The same error, or what to type instead of a command that does not exist.
fn elsewhere(base: &clap::Command, error: clap::Error) -> clap::Error {
    let named = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(name)) => name.as_str(),
        _ => return error,
    };
    match ELSEWHERE.iter().find(|(name, _)| *name == named) {
        Some((name, instead)) => base.clone().error(
            ErrorKind::InvalidSubcommand,
            format!("there is no command {name}: {instead}"),
        ),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_has_a_variable_and_a_key_of_its_own() {
        let base = Cli::command();
        for command in base.get_subcommands().filter(|it| !it.is_hide_set()) {
            let mut keys: Vec<String> = layers::layered(&base, command).map(layers::key).collect();
            for arg in command
                .get_arguments()
                .filter(|it| it.get_long().is_some() && !it.is_hide_set())
            {
                assert!(keys.contains(&layers::key(arg)), "{} {arg}", command.get_name());
                assert!(layers::variable(arg).starts_with("HARNESS_"));
            }
            let all = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), all, "{}", command.get_name());
        }
    }
}
