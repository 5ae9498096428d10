//! What can be typed after `harness bench checker`.

use super::values::{parse_duration, parse_model, parse_size};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// What `harness bench` measures besides systems.
#[derive(Clone, Debug, Subcommand)]
pub enum BenchCommand {
    /// Measure how fast the checker is, from a history file to the verdict, beside a mere scan of the file
    Checker(CheckerBenchOptions),
}

/// How `harness bench checker` measures.
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct CheckerBenchOptions {
    /// Small histories, all cases in some seconds
    #[arg(long)]
    pub quick: bool,

    /// How many events each history has [default: 1000000, with --quick 20000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1000..=20_000_000))]
    pub events: Option<u64>,

    /// Only the cases that have this in their names: queue, register-five, 50p, 10u, wrong
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,

    /// How long each check may take; then its verdict is unknown
    #[arg(long, value_name = "DUR", default_value = "60", value_parser = parse_duration)]
    pub checker_timeout: Duration,

    /// How much memory each search may take: 512MiB, 2GiB; then its verdict is unknown
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_size)]
    pub checker_memory: usize,

    /// The histories are in DIR/bench while they are checked: about 110 bytes for each event of a case, one at a time
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,

    /// What is printed on standard output
    #[arg(long, value_enum, default_value = "human", value_name = "KIND")]
    pub format: CheckerBenchFormat,
}

const AFTER_HELP: &str = "\
Every history is made up from a seed, and its verdict is known. What the figures mean: harness docs checker-speed.

Exit codes: 0 measured, 254 bad arguments, 255 it could not be measured, or a verdict was wrong, 130 and 143 stopped.";

/// Standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckerBenchFormat {
    /// The figures as a table, for people
    Human,
    /// The figures, for programs
    Json,
    /// The table, for a page
    Markdown,
}

/// One history that is checked and measured in a process of its own.
#[derive(Clone, Debug, Args)]
pub struct MeasuredCheckOptions {
    /// The history
    pub file: PathBuf,
    /// The sequential object
    #[arg(long, value_name = "NAME", value_parser = parse_model)]
    pub model: checker::Model,
    /// How long the check may take
    #[arg(long, value_name = "DUR", value_parser = parse_duration)]
    pub checker_timeout: Duration,
    /// How much memory the search may take
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub checker_memory: usize,
    /// Decides it while it is read, and keeps nothing
    #[arg(long)]
    pub stream: bool,
    /// The process that starts this one
    #[arg(long, value_name = "PID")]
    pub die_with: i32,
}
