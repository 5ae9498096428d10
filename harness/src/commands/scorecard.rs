//! `harness scorecard`: how many of the planted bugs the harness finds, and how soon.

use super::{fail, print, words};
use crate::cli::{ScorecardFormat, ScorecardOptions};
use crate::exit;
use crate::scorecard::display::Display;
use crate::scorecard::document::Scorecard;
use crate::scorecard::{self, Job, crew, table};
use crate::stop::Stop;
use anyhow::{Context, Result, anyhow};
use results::RunDir;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What a run usually takes besides its main phase: set-up, recovery, reads at the end, the check.
const BESIDES_MAIN: Duration = Duration::from_secs(4);

pub fn scorecard(options: &ScorecardOptions) -> ExitCode {
    let planned = scorecard::plan(options, jiff::Timestamp::now()).and_then(|plan| {
        // Hours later would be late to learn it.
        options.output.as_deref().map_or(Ok(()), can_be_written)?;
        Ok(plan)
    });
    let (jobs, mut scorecard) = match planned {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("error: {}", words(&error));
            return ExitCode::from(exit::BAD_ARGUMENTS);
        }
    };
    let made = can_run().and_then(|()| make(options, &jobs, &mut scorecard));
    match made.and_then(|()| show(options, &scorecard)) {
        Ok(()) => ExitCode::from(scorecard.exit_code),
        Err(error) => fail(&error),
    }
}

fn can_be_written(path: &Path) -> Result<()> {
    let file = File::options().create(true).append(true).open(path);
    file.map(drop)
        .with_context(|| format!("--output {}", path.display()))
}

/// Says once what would otherwise end every single run.
fn can_run() -> Result<()> {
    let capabilities = cluster::probe::required()?;
    match capabilities
        .into_iter()
        .find_map(|it| it.ok.err().map(|why| (it.name, why)))
    {
        None => Ok(()),
        Some((name, why)) => Err(anyhow!("make any run: {name}: {}; fix: {}", why.reason, why.fix)),
    }
}

fn make(options: &ScorecardOptions, jobs: &[Job], scorecard: &mut Scorecard) -> Result<()> {
    let root = options.store.join("scorecards").join(&scorecard.id);
    std::fs::create_dir_all(&root).with_context(|| format!("make {}", root.display()))?;
    // One thread: the runs are tied to the thread that starts them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let display = Display::new(options.progress, jobs.len());
    let minutes = jobs.len() as f64 * (options.time_limit + BESIDES_MAIN).as_secs_f64()
        / f64::from(options.jobs)
        / 60.0;
    display.say(&format!(
        "{} runs from seed {}, at most about {:.0} min, less for every bug found; kept in {}",
        jobs.len(),
        scorecard.seed,
        minutes.ceil(),
        root.display()
    ));
    let began = Instant::now();
    let outcome = runtime.block_on(async {
        let stop = Stop::listen().context("listen for signals")?;
        let worked = crew::work(jobs, scorecard, &root, stop.clone(), &display).await;
        worked.map(|()| stop.asked())
    });
    display.end();
    let stopped = outcome?;
    scorecard.count();
    scorecard.took_s = began.elapsed().as_secs_f64();
    scorecard.complete = scorecard.runs.len() == jobs.len();
    scorecard.exit_code = match (scorecard.verdict_code(), stopped) {
        (1, _) | (_, None) => scorecard.verdict_code(),
        (_, Some(code)) => code,
    };
    let place = RunDir::at(&root);
    place.write_json("scorecard.json", scorecard)?;
    place.write("scorecard.md", table::markdown(scorecard).as_bytes())?;
    Ok(())
}

fn show(options: &ScorecardOptions, scorecard: &Scorecard) -> Result<()> {
    let text = match options.format {
        ScorecardFormat::Human => table::human(scorecard),
        ScorecardFormat::Markdown => table::markdown(scorecard),
        ScorecardFormat::Json => serde_json::to_string_pretty(scorecard)? + "\n",
    };
    match &options.output {
        None => print(&text),
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("write --output {}", path.display()))?
        }
    }
    Ok(())
}
