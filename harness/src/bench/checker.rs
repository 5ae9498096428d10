//! The bench of the checker: from a history file to its verdict, beside a mere scan of the same bytes.
//!
//! Each case is a history that is made up ([`histories`]), written to a file, and read and checked by a process of its
//! own ([`measure`]), so that the memory of one is not that of another. The verdict is known beforehand: a wrong one
//! is a defect of the checker, and the bench fails.
//!
//! Read next: [`cases`] for what is measured, [`document`] for what comes out, [`table`] for what a person reads.

pub mod cases;
pub mod document;
pub mod histories;
pub mod measure;
mod object;
pub mod table;

use crate::cli::CheckerBenchOptions;
use crate::scorecard::child;
use crate::stop::Stop;
use anyhow::{Context, Result, anyhow};
use cases::Case;
use document::{Document, Failure, Row};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

/// How much longer than the limit of the check a case may take in all, for what the limit is not about: scanning, reading,
/// the words of a violation.
const TIME_BESIDES: Duration = Duration::from_secs(600);
/// How many events a case has with `--quick`.
const QUICK_EVENTS: u64 = 20_000;
const USUAL_EVENTS: u64 = 1_000_000;
/// Every history is drawn from this.
const SEED: u64 = 1;

/// The cases that were asked for.
///
/// # Errors
/// When there is none of that name.
pub fn chosen(options: &CheckerBenchOptions) -> Result<Vec<Case>> {
    let usual = if options.quick { QUICK_EVENTS } else { USUAL_EVENTS };
    let cases = cases::all(options.events.unwrap_or(usual), SEED);
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    let Some(part) = &options.only else {
        return Ok(cases);
    };
    let chosen: Vec<Case> = cases
        .iter()
        .filter(|case| case.name.contains(part))
        .cloned()
        .collect();
    match chosen.is_empty() {
        true => Err(anyhow!(
            "--only {part}: no case has that in its name; there are {}",
            names.join(", ")
        )),
        false => Ok(chosen),
    }
}

/// Measures the cases one after the other; `None` when somebody asked to stop. To be called from the main thread.
///
/// # Errors
/// When a case cannot be measured.
pub async fn run(options: &CheckerBenchOptions, cases: &[Case], stop: &Stop) -> Result<Option<Document>> {
    let place = options.store.join("bench");
    std::fs::create_dir_all(&place).with_context(|| format!("make {}", place.display()))?;
    let mut document = Document::new(options);
    for case in cases {
        let folder =
            tempfile::tempdir_in(&place).with_context(|| format!("make a folder in {}", place.display()))?;
        let measured = measure_one(options, case, folder.path(), stop.clone()).await;
        match measured.with_context(|| format!("measure the case {}", case.name))? {
            Ended::Stopped => return Ok(None),
            Ended::Measured(row) => {
                eprintln!("{}", table::line(&row));
                document.cases.push(*row);
            }
            Ended::Failed(problem) => {
                let name = case.name.clone();
                eprintln!("{name}: {problem}");
                document.failures.push(Failure { name, problem });
            }
        }
    }
    Ok(Some(document))
}

/// How the measurement of one case ended.
enum Ended {
    Measured(Box<Row>),
    /// Its process failed, which says something about the checker; the other cases go on.
    Failed(String),
    Stopped,
}

async fn measure_one(options: &CheckerBenchOptions, case: &Case, folder: &Path, stop: Stop) -> Result<Ended> {
    let path = folder.join("history.jsonl");
    let file = File::create(&path).with_context(|| format!("write {}", path.display()))?;
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let written = case.plan.write(&mut file).and_then(|()| file.flush());
    written.with_context(|| format!("write {}", path.display()))?;
    drop(file);
    let text = path.to_str().context("use a --store whose path is text")?;
    let mut arguments = [
        "check-measured",
        text,
        "--model",
        case.plan.kind.model().name(),
        "--checker-timeout",
        &format!("{}ms", options.checker_timeout.as_millis()),
        "--checker-memory",
        &options.checker_memory.to_string(),
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.extend(case.streamed.then(|| "--stream".to_owned()));
    let time_max = options
        .checker_timeout
        .saturating_mul(3)
        .saturating_add(TIME_BESIDES);
    let Some(ended) = child::run(&arguments, folder, time_max, stop).await? else {
        return Ok(Ended::Stopped);
    };
    if ended.code != Some(0) {
        let how = ended
            .code
            .map_or("ended by a signal".to_owned(), |code| format!("exit code {code}"));
        let said = results::text::visible(ended.err.trim(), 300);
        return Ok(Ended::Failed(format!("no verdict ({how}): {said}")));
    }
    let measured = serde_json::from_slice(&ended.out).context("understand what was measured")?;
    Ok(Ended::Measured(Box::new(Row::of(case, measured))))
}
