//! What can be typed after `harness replay`.

use super::{ListFormat, ProgressKind};
use crate::replay::Part;
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

    /// The same faults, and other operations in each run: whether it depends on the operations. Not counted as replays
    #[arg(long, conflicts_with = "format")]
    pub faults_only: bool,

    /// The same operations, without faults: whether it needs them at all. Not counted as replays
    #[arg(long, conflicts_with_all = ["format", "faults_only"])]
    pub ops_only: bool,

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

impl ReplayOptions {
    /// What of the run is had again.
    pub fn part(&self) -> Part {
        match (self.faults_only, self.ops_only) {
            (true, _) => Part::Faults,
            (_, true) => Part::Operations,
            (false, false) => Part::All,
        }
    }
}
