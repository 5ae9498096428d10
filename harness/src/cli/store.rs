//! What can be typed to look at stored runs: `list`, `show`, `report`, `serve`, `gc`.

use super::values::{parse_age, parse_kind, parse_verdict};
use clap::{Args, ValueEnum};
use results::{Outcome, RunFilter};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

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

/// What is in a report.
#[derive(Clone, Debug, Default, Args)]
pub struct PageOptions {
    /// Blacks out what this regular expression finds in anything that nodes or clients said (errors, log lines, messages,
    /// values that are texts), wherever it is shown; `history.jsonl`, `counterexample.jsonl` and the nodes' own files keep it
    #[arg(long, value_name = "REGEX", value_parser = parse_redaction, help_heading = "Output")]
    pub redact: Option<String>,

    /// How many single operations are in the report at most; of a longer run those around the violations, which is said
    /// there [default: 1000000]
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub report_max_ops: Option<usize>,
}

/// A regular expression, as it was typed.
fn parse_redaction(text: &str) -> Result<String, String> {
    results::Redaction::of(text).map(|_| text.to_owned())
}

/// How `harness report` writes.
#[derive(Clone, Debug, Args)]
pub struct ReportOptions {
    /// Which run.
    #[command(flatten)]
    pub of: RunOptions,

    /// Opens it in a browser
    #[arg(long)]
    pub open: bool,

    /// What is in it, in the place of what the run was asked for.
    #[command(flatten)]
    pub page: PageOptions,
}

/// What to list.
#[derive(Clone, Debug, Args)]
pub struct ListOptions {
    /// Which names
    #[arg(value_enum, default_value = "runs")]
    pub what: Listing,

    /// Only runs of this system, or with this --name
    #[arg(long, value_name = "NAME", help_heading = "Which runs")]
    pub system: Option<String>,

    /// Only runs with this verdict: valid, invalid, unknown, error
    #[arg(long, value_name = "VERDICT", value_parser = parse_verdict, help_heading = "Which runs")]
    pub verdict: Option<Outcome>,

    /// Only runs from this seed
    #[arg(long, value_name = "N", help_heading = "Which runs")]
    pub seed: Option<u64>,

    /// Only runs that were asked for this kind of fault, or for none
    #[arg(long, value_name = "KIND", value_parser = parse_kind, help_heading = "Which runs")]
    pub nemesis: Option<String>,

    /// How it is printed
    #[arg(long, value_enum, default_value = "human", value_name = "KIND")]
    pub format: ListFormat,

    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,
}

impl ListOptions {
    /// Which runs are meant.
    pub fn filter(&self) -> RunFilter {
        RunFilter {
            system: self.system.clone(),
            verdict: self.verdict,
            seed: self.seed,
            nemesis: self.nemesis.clone(),
        }
    }
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
    /// Situations that the built-in Paxos can be put into
    Scenarios,
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table, for people
    Human,
    /// An array of objects, for programs
    Json,
}

/// Where `harness serve` listens.
#[derive(Clone, Debug, Args)]
pub struct ServeOptions {
    /// The address to listen at; anyone who reaches it can read the store
    #[arg(short = 'b', long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: IpAddr,

    /// The port; 0 for any that is free
    #[arg(short, long, value_name = "PORT", default_value_t = 8080)]
    pub port: u16,

    /// Opens it in a browser
    #[arg(long)]
    pub open: bool,

    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,
}

/// What `harness gc` deletes.
#[derive(Clone, Debug, Args)]
#[command(after_help = GC_AFTER_HELP)]
pub struct GcOptions {
    /// Keeps the newest N runs
    #[arg(long, value_name = "N")]
    pub keep: Option<u32>,

    /// Deletes only runs that are older: 30d, 12h, 2w
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub older_than: Option<Duration>,

    /// Says what would be deleted, and deletes nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Does not ask
    #[arg(short, long)]
    pub yes: bool,

    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,
}

const GC_AFTER_HELP: &str = "\
With both, a run goes only if it is older *and* not among the newest N. Runs with a violation, a run in progress,
and whatever in the store is not a run of the harness, are never deleted.";
