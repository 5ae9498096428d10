//! `scorecard.json`: every run, and what they come to by bug and schedule, for programs.
//!
//! The layout is stable: within `harness.scorecard/v1` fields are only added, and enums may grow. Its JSON
//! Schema is printed by `harness schema scorecard`.

use crate::exit;
use results::Outcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the format.
pub const SCHEMA: &str = "harness.scorecard/v1";

/// The JSON Schema of `scorecard.json`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Scorecard).to_value()
}

/// The whole document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scorecard {
    /// Always `harness.scorecard/v1` in this version.
    pub schema: String,
    /// UTC time, then the first seed: the name of its folder.
    pub id: String,
    /// The harness's version.
    pub harness: String,
    /// When it started.
    pub started_at: String,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// Whether every run that was asked for has ended; not, when it was stopped.
    pub complete: bool,
    /// 0, 1, 2, 255, 130 or 143; see `harness scorecard --help`.
    pub exit_code: u8,
    /// The first seed.
    pub seed: u64,
    /// How many seeds each bug was to meet on each schedule.
    pub seeds: u32,
    /// How long a main phase may last.
    pub time_limit_s: f64,
    /// Runs side by side.
    pub jobs: u16,
    /// The schedules, as asked for.
    pub schedules: Vec<ScheduleRow>,
    /// The bugs, by the question that they answer.
    pub bugs: Vec<BugRow>,
    /// What the runs come to: first the correct system, then each bug, on each schedule.
    pub scores: Vec<Score>,
    /// Every run that ended, in the order in which they did.
    pub runs: Vec<RunRow>,
}

/// A schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduleRow {
    /// `default`, `classic`, `none`, `scenario`, `own`.
    pub name: String,
    /// Its `--nemesis`; empty for `scenario`, where each run's `command` has a `--schedule`.
    pub nemesis: String,
    /// Its `--nemesis-interval`; 0 for `scenario`.
    pub nemesis_interval_s: f64,
}

/// A bug.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BugRow {
    /// Its name, as in `--bug`.
    pub name: String,
    /// The question about Paxos that it answers wrongly.
    pub question: String,
    /// The rule that it breaks.
    pub rule: String,
    /// What the node does wrong.
    pub sentence: String,
    /// The fault without which the bug does no harm that a client could see, where that is none of partitions, kills and
    /// pauses.
    pub needs: Option<String>,
    /// The run that found it soonest, which is kept.
    pub quickest: Option<Quickest>,
}

/// The run that found a bug soonest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quickest {
    /// Its schedule.
    pub schedule: String,
    /// Its seed.
    pub seed: u64,
    /// How soon.
    pub time_s: f64,
    /// Its folder.
    pub directory: String,
}

/// What the runs of one bug on one schedule come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// The bug; none for the correct system.
    pub bug: Option<String>,
    /// The schedule.
    pub schedule: String,
    /// How many runs ended.
    pub runs: usize,
    /// In how many the bug was found.
    pub found: usize,
    /// How many were valid.
    pub valid: usize,
    /// How many were unknown, and not because the system stood still or did not come back.
    pub unknown: usize,
    /// How many ended in an error.
    pub error: usize,
    /// Seconds from the start of the main phase to the last answer of the counterexample, where found.
    pub time_s: Option<Spread>,
    /// Operations begun by then, where found.
    pub operations: Option<Spread>,
    /// How many runs found it by which kind of violation; `progress`: the system stood still; `recovered`: nodes did not come back.
    pub kinds: BTreeMap<String, usize>,
    /// How many runs found it under which faults, joined by `+`; `none` where no fault was needed.
    pub faults: BTreeMap<String, usize>,
}

/// The middle and the worst of some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// Half of them are not above it.
    pub median: f64,
    /// None is above it.
    pub worst: f64,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRow {
    /// The planted bug; none for the correct system.
    pub bug: Option<String>,
    /// The schedule.
    pub schedule: String,
    /// The seed.
    pub seed: u64,
    /// The run's verdict.
    pub verdict: Outcome,
    /// Whether it shows the bug: it is invalid, or a system with a planted bug stood still.
    pub found: bool,
    /// The kind of violation, as `decree.two-decisions`, or `progress`.
    pub kind: Option<String>,
    /// Seconds from the start of the main phase to the last answer of the counterexample; for `progress` the
    /// time limit.
    pub time_s: Option<f64>,
    /// Operations begun by then.
    pub operations: Option<usize>,
    /// The kinds of fault in force at that moment, or mended within the two seconds before.
    pub faults: Vec<String>,
    /// The verdict's reason in one sentence.
    pub sentence: String,
    /// How long the whole run took, set-up and check included.
    pub took_s: f64,
    /// Its folder, if it was kept.
    pub directory: Option<String>,
    /// The arguments that make this run again.
    pub command: Vec<String>,
}

impl Scorecard {
    /// Counts the scores again, from the runs.
    pub fn count(&mut self) {
        let systems: Vec<Option<&str>> = std::iter::once(None)
            .chain(self.bugs.iter().map(|bug| Some(bug.name.as_str())))
            .collect();
        let pairs = systems
            .into_iter()
            .flat_map(|bug| self.schedules.iter().map(move |it| (bug, it.name.as_str())));
        let scores = pairs
            .map(|(bug, schedule)| Score::of(bug, schedule, &self.runs))
            .collect();
        self.scores = scores;
    }

    /// The score of a bug, or of the correct system, on a schedule.
    pub fn score(&self, bug: Option<&str>, schedule: &str) -> Option<&Score> {
        self.scores
            .iter()
            .find(|score| score.bug.as_deref() == bug && score.schedule == schedule)
    }

    /// The runs of the correct system that were not clean.
    pub fn unclean(&self) -> impl Iterator<Item = &RunRow> {
        self.runs
            .iter()
            .filter(|run| run.bug.is_none() && run.verdict != Outcome::Valid)
    }

    /// The exit code that the runs deserve. 1 always and only means that a violation was found in the correct
    /// system.
    pub fn verdict_code(&self) -> u8 {
        let correct = |verdict: Outcome| self.unclean().any(|run| run.verdict == verdict);
        if correct(Outcome::Invalid) {
            1
        } else if self.runs.iter().any(|run| run.verdict == Outcome::Error) {
            exit::ERROR
        } else if correct(Outcome::Unknown) {
            2
        } else {
            0
        }
    }
}

impl Score {
    fn of(bug: Option<&str>, schedule: &str, runs: &[RunRow]) -> Score {
        let mut score = Score {
            bug: bug.map(str::to_owned),
            schedule: schedule.to_owned(),
            ..Score::default()
        };
        let (mut times, mut operations) = (Vec::new(), Vec::new());
        for run in runs
            .iter()
            .filter(|run| run.bug.as_deref() == bug && run.schedule == schedule)
        {
            score.runs += 1;
            if run.found {
                score.found += 1;
                times.extend(run.time_s);
                operations.extend(run.operations.map(|count| count as f64));
                *score
                    .kinds
                    .entry(run.kind.clone().unwrap_or_default())
                    .or_default() += 1;
                let faults = if run.faults.is_empty() {
                    "none".to_owned()
                } else {
                    run.faults.join("+")
                };
                *score.faults.entry(faults).or_default() += 1;
                continue;
            }
            match run.verdict {
                Outcome::Valid => score.valid += 1,
                Outcome::Error => score.error += 1,
                Outcome::Invalid | Outcome::Unknown => score.unknown += 1,
            }
        }
        score.time_s = Spread::of(times);
        score.operations = Spread::of(operations);
        score
    }
}

impl Spread {
    /// The middle and the worst; between two middles the mean.
    pub fn of(mut numbers: Vec<f64>) -> Option<Spread> {
        numbers.sort_by(f64::total_cmp);
        let worst = *numbers.last()?;
        let (low, high) = (numbers[(numbers.len() - 1) / 2], numbers[numbers.len() / 2]);
        Some(Spread {
            median: low.midpoint(high),
            worst,
        })
    }
}

#[cfg(test)]
pub mod tests;
