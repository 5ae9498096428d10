//! What can be typed after `harness bench`.

use super::bench_checker::BenchCommand;
use super::values::parse_duration;
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// How `harness bench` measures.
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub struct BenchOptions {
    /// Something else than a system.
    #[command(subcommand)]
    pub command: Option<BenchCommand>,

    /// What is measured
    #[arg(value_enum, default_value = "paxos")]
    pub system: BenchSystem,

    /// How many nodes; several numbers are measured one after the other
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "3,5", value_parser = clap::value_parser!(u8).range(1..=15), help_heading = "What")]
    pub node_count: Vec<u8>,

    /// What it is compared with: the same load, by turns
    #[arg(long, value_enum, value_name = "SYSTEM", help_heading = "What")]
    pub against: Option<BenchSystem>,

    /// How often each is measured [default: 1, with --against 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "What")]
    pub rounds: Option<u16>,

    /// How many clients at once, spread over the nodes; each begins its next proposal when the last is answered
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "Load")]
    pub clients: u16,

    /// How long is measured: 10, 90s, 500ms
    #[arg(long, value_name = "DUR", default_value = "10", value_parser = parse_duration, help_heading = "Load")]
    pub time_limit: Duration,

    /// How long the load goes on before it is measured
    #[arg(long, value_name = "DUR", default_value = "2", value_parser = parse_duration, help_heading = "Load")]
    pub warm_up: Duration,

    /// The nodes' data is in DIR/bench while they run: on the disk that is meant
    #[arg(long, value_name = "DIR", default_value = "store", help_heading = "Output")]
    pub store: PathBuf,

    /// What is printed on standard output
    #[arg(
        long,
        value_enum,
        default_value = "human",
        value_name = "KIND",
        help_heading = "Output"
    )]
    pub format: BenchFormat,
}

/// Standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchFormat {
    /// The figures as tables, for people
    Human,
    /// The figures, for programs
    Json,
}

const AFTER_HELP: &str = "\
Real node processes on loopback, with their syncs, and no faults. What the figures mean: harness docs paxos-speed.

Exit codes: 0 measured, 254 bad arguments, 255 it could not be measured, 130 and 143 stopped.";

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchSystem {
    /// The built-in Paxos
    Paxos,
    /// etcd, the program of that name on the PATH
    Etcd,
}

impl BenchSystem {
    /// The name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            BenchSystem::Paxos => "paxos",
            BenchSystem::Etcd => "etcd",
        }
    }
}

/// A program that dies with the process that started it.
#[derive(Clone, Debug, Args)]
pub struct TiedOptions {
    /// The process that starts this one
    #[arg(long, value_name = "PID")]
    pub die_with: i32,
    /// The program and its arguments
    #[arg(required = true, last = true)]
    pub command: Vec<OsString>,
}
