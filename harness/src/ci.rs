//! What a CI server is told: files that it reads, and on GitHub a line beside the commit and the job's summary.
//!
//! `GITHUB_ACTIONS` and `GITHUB_STEP_SUMMARY` are GitHub's documented variables. Nothing here changes a verdict or an
//! exit code: what cannot be told is said on standard error.

use anyhow::{Context, Result};
use results::{
    Outcome, Results, RunDir, StoreError, annotation, junit_xml, junit_xml_of, markdown, markdown_of,
};
use std::fs;
use std::io::Write;
use std::path::Path;

/// GitHub takes a step's summary up to this size, and shows none of a larger one.
const SUMMARY_BYTES_MAX: u64 = 1 << 20;

/// Writes `junit.xml` and `summary.md` into a run's folder.
///
/// # Errors
/// When a file cannot be written.
pub fn keep(results: &Results, run: &RunDir) -> Result<()> {
    let directory = run.path().display().to_string();
    run.write("junit.xml", junit_xml(results, Some(&directory))?.as_bytes())?;
    run.write("summary.md", markdown(results, Some(&directory)).as_bytes())
        .map_err(|error: StoreError| error.into())
}

/// Refuses a copy's place before a run is had that could not be told there.
///
/// # Errors
/// When there is no such folder.
pub fn refuse(flag: &str, file: Option<&Path>) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    anyhow::ensure!(
        folder.is_dir(),
        "--{flag} {}: there is no folder {}; make it first",
        file.display(),
        folder.display()
    );
    anyhow::ensure!(
        !file.is_dir(),
        "--{flag} {}: this is a folder; name a file",
        file.display()
    );
    Ok(())
}

/// Whether anybody is to be told.
pub fn is_asked(junit: Option<&Path>, summary: Option<&Path>) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|set| !set.is_empty());
    junit.or(summary).is_some() || is_set("GITHUB_ACTIONS") || is_set("GITHUB_STEP_SUMMARY")
}

/// Writes the copies that were asked for of a run, or of all of a series together, and tells GitHub, if it asks.
pub fn tell(runs: &[(&Results, Option<&str>)], junit: Option<&Path>, summary: Option<&Path>) {
    let copies = || -> Result<()> {
        if let Some(file) = junit {
            let xml = junit_xml_of(runs)?;
            fs::write(file, xml).with_context(|| format!("write --junit {}", file.display()))?;
        }
        if let Some(file) = summary {
            fs::write(file, markdown_of(runs))
                .with_context(|| format!("write --markdown {}", file.display()))?;
        }
        Ok(())
    };
    if let Err(error) = copies() {
        eprintln!("warning: {error:#}");
    }
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|set| set == "true") {
        // Standard output may belong to a document; GitHub reads both. Of several violations the first is told.
        let first = runs
            .iter()
            .find(|(results, _)| results.verdict == Outcome::Invalid);
        if let Some(line) = first.and_then(|(results, _)| annotation(results)) {
            eprintln!("{line}");
        }
    }
    if let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty())
        && let Err(error) = append(Path::new(&file), &markdown_of(runs))
    {
        eprintln!("warning: GITHUB_STEP_SUMMARY: {error:#}");
    }
}

fn append(file: &Path, summary: &str) -> Result<()> {
    let mut file = fs::File::options().create(true).append(true).open(file)?;
    let there = file.metadata()?.len();
    anyhow::ensure!(
        there + (summary.len() as u64) < SUMMARY_BYTES_MAX,
        "there are {there} bytes already, and GitHub takes {SUMMARY_BYTES_MAX}"
    );
    // What is there may not end with a line.
    file.write_all(format!("\n{summary}").as_bytes())?;
    Ok(())
}
