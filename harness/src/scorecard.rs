//! The scorecard: how many of the planted bugs the harness finds, how soon, and by what; and that it finds
//! nothing in the correct system.
//!
//! Every measurement is a run of the whole harness, as a process of its own with a store of its own. The seeds
//! are the same for every bug and schedule, and go round and round, so that a scorecard that was stopped early
//! knows something of each bug.
//!
//! Read next: [`crew`] for how the runs are done side by side, [`measure`] for what is taken from a run,
//! [`document`] for `scorecard.json`, [`table`] for what people read.

pub mod child;
pub mod crew;
pub mod display;
pub mod document;
pub mod keep;
pub mod measure;
pub mod table;

use crate::cli::{ScheduleName, ScorecardOptions, TestOptions};
use crate::systems::scenarios::{self, Scenario};
use anyhow::{Context, Result, anyhow};
use document::{BugRow, ScheduleRow, Scorecard};
use paxos::Bug;

/// One run that is to be made.
#[derive(Clone, Debug)]
pub struct Job {
    /// The planted bug; none for the correct system.
    pub bug: Option<Bug>,
    /// The schedule.
    pub schedule: ScheduleName,
    /// The seed.
    pub seed: u64,
    /// Everything else.
    pub options: TestOptions,
}

impl Job {
    /// The bug's name, or what stands in its place.
    pub fn whose(&self) -> &'static str {
        self.bug.map_or("correct", Bug::name)
    }

    /// `own-value-always · classic · seed 12`
    pub fn title(&self) -> String {
        format!("{} · {} · seed {}", self.whose(), self.schedule.name(), self.seed)
    }

    /// The arguments that make this run again.
    pub fn command_line(&self) -> Vec<String> {
        crate::run::command_line(&self.options, self.seed)
    }
}

/// Everything that is to be measured, and a document in which nothing is known yet.
///
/// # Errors
/// When a schedule cannot be, with these options.
pub fn plan(options: &ScorecardOptions, started: jiff::Timestamp) -> Result<(Vec<Job>, Scorecard)> {
    let schedules = options.schedules().map_err(|why| anyhow!(why))?;
    let first = options
        .seed
        .unwrap_or_else(|| rand::random_range(1_000_000..10_000_000));
    let bugs = in_order(&options.bugs);
    let scenarios = scenarios_of(&bugs);
    let mut jobs = Vec::new();
    for (place, seed) in (first..first + u64::from(options.seeds)).enumerate() {
        for bug in std::iter::once(None).chain(bugs.iter().copied().map(Some)) {
            for schedule in &schedules {
                let mut options = options.test_options(*schedule);
                options.bug = bug.map(|bug| bug.name().to_owned());
                if *schedule == ScheduleName::Scenario {
                    let scenario = match bug {
                        Some(bug) => scenarios::that_shows(bug.name()),
                        None => scenarios.iter().cycle().nth(place).copied(),
                    };
                    let scenario = scenario.context("find a scenario that shows the bug")?;
                    options.schedule = Some(scenario.name.into());
                }
                jobs.push(Job {
                    bug,
                    schedule: *schedule,
                    seed,
                    options,
                });
            }
        }
    }
    // What holds for one seed holds for the others.
    let of_first_seed = jobs.iter().filter(|job| job.seed == first);
    for Job {
        schedule, options, ..
    } in of_first_seed
    {
        crate::run::refuse(options)
            .map_err(|error| error.context(format!("the schedule `{}`", schedule.name())))?;
    }
    let schedules = schedules.iter().map(|schedule| {
        let drawn = (*schedule != ScheduleName::Scenario).then(|| options.test_options(*schedule));
        ScheduleRow {
            name: schedule.name().to_owned(),
            nemesis: drawn
                .as_ref()
                .map_or_else(String::new, |it| it.nemesis.text.clone()),
            nemesis_interval_s: drawn.map_or(0.0, |it| it.nemesis_interval.mean().as_secs_f64()),
        }
    });
    let scorecard = Scorecard {
        schema: document::SCHEMA.to_owned(),
        id: format!("{}-{first}", started.strftime("%Y%m%dT%H%M%SZ")),
        harness: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        took_s: 0.0,
        complete: false,
        exit_code: 0,
        seed: first,
        seeds: options.seeds,
        time_limit_s: options.time_limit.as_secs_f64(),
        jobs: options.jobs,
        schedules: schedules.collect(),
        bugs: bugs.iter().map(|bug| row(*bug)).collect(),
        scores: Vec::new(),
        runs: Vec::new(),
    };
    Ok((jobs, scorecard))
}

/// The scenarios that were made to show these bugs, each once.
fn scenarios_of(bugs: &[Bug]) -> Vec<&'static Scenario> {
    let mut once: Vec<&Scenario> = Vec::new();
    for scenario in bugs.iter().filter_map(|bug| scenarios::that_shows(bug.name())) {
        if once.iter().all(|known| known.name != scenario.name) {
            once.push(scenario);
        }
    }
    once
}

/// The bugs asked for, each once, by the question that they answer; all when none was named.
fn in_order(asked: &[Bug]) -> Vec<Bug> {
    let is_asked = |bug: &Bug| asked.is_empty() || asked.contains(bug);
    let mut bugs: Vec<Bug> = Bug::ALL.iter().copied().filter(is_asked).collect();
    let number = |question: &str| {
        question
            .trim_start_matches(|c: char| !c.is_ascii_digit())
            .parse::<u32>()
    };
    bugs.sort_by_key(|bug| (number(bug.question()).unwrap_or(u32::MAX), bug.question()));
    bugs
}

fn row(bug: Bug) -> BugRow {
    BugRow {
        name: bug.name().to_owned(),
        question: bug.question().to_owned(),
        rule: bug.rule().to_owned(),
        sentence: bug.sentence().to_owned(),
        needs: bug.needs().map(str::to_owned),
        quickest: None,
    }
}
