//! Making the runs, so many side by side, until all are done or somebody asks to stop.

use super::display::Display;
use super::document::{RunRow, Scorecard};
use super::keep::{self, Keeper};
use super::{Job, child, measure};
use crate::stop::Stop;
use anyhow::{Context, Result};
use results::{RunDir, Store};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How much longer than its main phase a run may take: set-up, recovery, reads at the end, the check.
const BESIDES_MAIN_MAX: Duration = Duration::from_secs(180);

/// Makes the runs and fills the document, which is written into `root` after every run.
///
/// # Errors
/// When the document cannot be written.
pub async fn work(
    jobs: &[Job],
    scorecard: &mut Scorecard,
    root: &Path,
    stop: Stop,
    display: &Display,
) -> Result<()> {
    let place = RunDir::at(root);
    let mut waiting = jobs.iter();
    let mut keeper = Keeper::default();
    // The runtime has one thread only, so every process is started by the thread that lives longest.
    let mut under_way = JoinSet::new();
    let begin = |under_way: &mut JoinSet<_>, job: &Job| {
        display.begins(job);
        under_way.spawn(make(job.clone(), root.to_owned(), stop.clone()));
    };
    for job in waiting.by_ref().take(scorecard.jobs.into()) {
        begin(&mut under_way, job);
    }
    while let Some(ended) = under_way.join_next().await {
        if let Some((job, row, folder)) = ended.context("make a run")? {
            display.ended(&job, &row);
            keeper.take(scorecard, row, &folder);
            place.write_json("scorecard.json", scorecard)?;
        }
        if stop.asked().is_none()
            && let Some(job) = waiting.next()
        {
            begin(&mut under_way, job);
        }
    }
    Ok(())
}

/// Makes one run, in a folder of its own. `None` when somebody asked to stop.
async fn make(job: Job, root: PathBuf, stop: Stop) -> Option<(Job, RunRow, PathBuf)> {
    let folder = root
        .join(job.whose())
        .join(format!("{}-{}", job.schedule.name(), job.seed));
    let began = Instant::now();
    let ended = match start(&job, &folder, stop).await.transpose() {
        Some(ended) => ended,
        None => {
            keep::remove(&folder);
            return None;
        }
    };
    let run = Store::at(&folder).find("latest").ok();
    let directory = run.as_ref().map(RunDir::path);
    let row = measure::row(&job, ended, directory, began.elapsed().as_secs_f64());
    Some((job, row, folder))
}

async fn start(job: &Job, folder: &Path, stop: Stop) -> Result<Option<child::Ended>> {
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let mut arguments = job.command_line();
    arguments.extend(["--format", "json", "--progress", "none", "--store"].map(str::to_owned));
    arguments.push(folder.display().to_string());
    child::run(
        &arguments,
        folder,
        job.options.time_limit + BESIDES_MAIN_MAX,
        stop,
    )
    .await
}
