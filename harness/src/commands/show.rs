//! `harness show` and `harness report`: what is known of a stored run, again.

use super::{conclude, fail, print};
use crate::browser;
use crate::cli::{Format, PageOptions, ReportOptions, RunOptions};
use crate::run::judgement;
use anyhow::{Context, Result};
use results::{Outcome, Results, RunDir, Store};
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
            Some(mut results) => {
                ask(&mut results, &options.page);
                let history = history::read_file(&run.file("history.jsonl")).unwrap_or_default();
                judgement::write_page_without_verdict(&results, &history, &run)?;
            }
            None => {
                let mut judgement = judgement::of_run(&run, judgement::Terms::of_run(&run))?;
                ask(&mut judgement.results, &options.page);
                judgement.write_report(&run)?;
            }
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

/// Puts what is asked of the page in the place of what the run was asked for.
fn ask(results: &mut Results, page: &PageOptions) {
    let Some(run) = &mut results.run else { return };
    let redact = page.redact.clone().map(Into::into);
    let most = page.report_max_ops.map(Into::into);
    for (name, value) in [("redact", redact), ("report_max_ops", most)] {
        run.options
            .extend(value.map(|value: serde_json::Value| (name.to_owned(), value)));
    }
}

fn find(options: &RunOptions) -> Result<RunDir> {
    Ok(Store::at(&options.store).find(&options.run)?)
}
