//! How much is done to make a counterexample smaller, for every command that checks a history.

use super::values::parse_duration;
use checker::ShrinkBudget;
use clap::Args;
use std::time::Duration;

/// Whether and how long counterexamples are made smaller.
#[derive(Clone, Copy, Debug, Args)]
pub struct ShrinkOptions {
    /// Tells a counterexample as the check came upon it, however large it is
    #[arg(long, conflicts_with = "shrink_budget", help_heading = "Checking")]
    pub no_shrink: bool,

    /// How long counterexamples are made smaller, all of a run together; then they are told as small as they are
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = parse_duration, help_heading = "Checking")]
    pub shrink_budget: Duration,
}

impl ShrinkOptions {
    /// What the checker is told.
    pub fn budget(self) -> ShrinkBudget {
        match self.no_shrink {
            true => ShrinkBudget::Nothing,
            false => ShrinkBudget::Time(self.shrink_budget),
        }
    }
}
