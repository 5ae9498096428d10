//! `harness show` and `harness report`: what is known of a stored run, again.

use super::{conclude, fail, print};
use crate::browser;
use crate::cli::{Format, ReportOptions, RunOptions};
use crate::run::judgement;
use anyhow::{Context, Result};
use results::{Outcome, RunDir, Store};
use std::process::ExitCode;

pub fn show(options: &RunOptions) -> ExitCode {
    let shown = find(options).and_then(|run| {
        let results = run.results().with_context(|| {
            format!(
                "show {}: it has no verdict yet; harness check gives it",
                run.path().display()
            )
        })?;
        Ok((run, results))
    });
    match shown {
        // The verdict's exit code is that of the run's own command; here the showing succeeded.
        Ok((run, results)) => {
            conclude(&results, Some(&run.path().display().to_string()), Format::Human);
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

pub fn report(options: &ReportOptions) -> ExitCode {
    let written = find(&options.of).and_then(|run| {
        match run.results().filter(|results| results.verdict == Outcome::Error) {
            // It is told as it was; `harness check` judges what there is of its history.
            Some(results) => {
                let history = history::read_file(&run.file("history.jsonl")).unwrap_or_default();
                judgement::write_page_without_verdict(&results, &history, &run)?;
            }
            None => judgement::of_run(&run, judgement::Terms::of_run(&run))?.write_report(&run)?,
        }
        Ok(run.file("report.html"))
    });
    match written {
        Ok(path) => {
            print(&format!("{}\n", path.display()));
            if options.open {
                browser::open(path.as_os_str());
            }
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

fn find(options: &RunOptions) -> Result<RunDir> {
    Ok(Store::at(&options.store).find(&options.run)?)
}
