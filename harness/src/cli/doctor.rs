//! What can be typed after `harness doctor`.

use super::values::parse_duration;
use crate::network::NetworkChoice;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// What `harness doctor` looks at.
#[derive(Clone, Debug, Args)]
pub struct DoctorOptions {
    /// A built-in system or a descriptor file, to be examined instead of this machine: started, asked one of everything, and
    /// hurt once
    // Not the option `system`, which harness.toml may have for `test`: doctor alone is about the machine.
    #[arg(value_name = "SYSTEM")]
    pub subject: Option<String>,

    /// Only this workload, or variant [default: all that the system has, without variants]
    #[arg(short, long, value_name = "NAME", requires = "subject")]
    pub workload: Option<String>,

    /// How many nodes: n1 to nN
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=99), requires = "subject")]
    pub node_count: u8,

    /// How nodes are connected
    #[arg(
        long,
        value_enum,
        default_value = "auto",
        value_name = "KIND",
        requires = "subject"
    )]
    pub network: NetworkChoice,

    /// The program of the nodes, in the place of the descriptor's
    #[arg(long, value_name = "FILE", requires = "subject")]
    pub program: Option<String>,

    /// After how long a client gives up on an answer
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = parse_duration, requires = "subject")]
    pub client_timeout: Duration,

    /// Instead, whether this machine has what a test needs, as it would be typed: --for "test --nemesis clock"
    #[arg(
        long = "for",
        value_name = "COMMAND",
        conflicts_with = "subject",
        allow_hyphen_values = true
    )]
    pub for_command: Option<String>,

    /// Refused with the way out, for whoever types what `test` takes
    #[arg(long, value_name = "PROGRAM", hide = true)]
    pub maelstrom: Option<PathBuf>,
}
