//! What can be typed after `harness replay`.

use super::{ListFormat, ProgressKind};
use clap::Args;
use std::path::PathBuf;

/// How `harness replay` repeats a run.
#[derive(Clone, Debug, Args)]
pub struct ReplayOptions {
    /// latest, latest:invalid, -1, a seed, a prefix of its id, or a directory
    #[arg(default_value = "latest", allow_hyphen_values = true)]
    pub run: String,

    /// How often
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub times: u32,

    /// Where runs are kept, and the replays too
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,

    /// Live display of each replay
    #[arg(long, value_enum, default_value = "auto", value_name = "KIND")]
    pub progress: ProgressKind,

    /// What is printed on standard output; as JSON it is the results of the run that is replayed, with `replays`
    #[arg(long, value_enum, default_value = "human", value_name = "KIND")]
    pub format: ListFormat,
}
