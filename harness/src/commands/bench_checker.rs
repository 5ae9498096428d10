//! `harness bench checker`: how fast the checker is, beside a mere scan of the same bytes.

use super::{fail, print, refuse, words};
use crate::bench::checker::cases::Case;
use crate::bench::checker::document::Document;
use crate::bench::checker::{self as bench, measure, table};
use crate::cli::{CheckerBenchFormat, CheckerBenchOptions, MeasuredCheckOptions};
use crate::stop::Stop;
use crate::{exit, tie};
use anyhow::{Context, Result};
use checker::{Limits, Options};
use std::process::ExitCode;

pub fn bench_checker(options: &CheckerBenchOptions) -> ExitCode {
    let cases = match bench::chosen(options) {
        Ok(cases) => cases,
        Err(error) => return refuse(words(&error)),
    };
    match run(options, &cases) {
        Err(error) => fail(&error),
        Ok(Outcome::Stopped(code)) => ExitCode::from(code),
        Ok(Outcome::Measured(document)) => conclude(&document, options.format),
    }
}

enum Outcome {
    Measured(Document),
    Stopped(u8),
}

fn run(options: &CheckerBenchOptions, cases: &[Case]) -> Result<Outcome> {
    // What is awaited here runs on this thread, the main one: the processes are tied to the thread that starts them.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = Stop::listen().context("listen for signals")?;
        Ok(match bench::run(options, cases, &stop).await? {
            Some(document) => Outcome::Measured(document),
            None => Outcome::Stopped(stop.asked().unwrap_or(exit::INTERRUPTED)),
        })
    })
}

fn conclude(document: &Document, format: CheckerBenchFormat) -> ExitCode {
    match format {
        CheckerBenchFormat::Human => print(&table::human(document)),
        CheckerBenchFormat::Markdown => print(&table::markdown(document)),
        CheckerBenchFormat::Json => {
            let json = serde_json::to_string_pretty(document).expect("figures are plain JSON");
            print(&(json + "\n"));
        }
    }
    let defects: Vec<&str> = document.defects().map(|row| row.name.as_str()).collect();
    let failures: Vec<&str> = document.failures.iter().map(|it| it.name.as_str()).collect();
    if !failures.is_empty() {
        eprintln!("error: failed to measure {}", failures.join(", "));
    }
    match (defects.is_empty(), failures.is_empty()) {
        (true, true) => ExitCode::SUCCESS,
        (true, false) => ExitCode::from(exit::ERROR),
        (false, _) => {
            eprintln!(
                "error: the verdict is wrong for {}; this is a defect of the checker, please report it",
                defects.join(", ")
            );
            ExitCode::from(exit::ERROR)
        }
    }
}

/// One history, in a process of its own.
pub fn measured(options: &MeasuredCheckOptions) -> ExitCode {
    match tie::tie_to(options.die_with) {
        Ok(true) => {}
        Ok(false) => return ExitCode::from(exit::TERMINATED),
        Err(error) => return fail(&error),
    }
    let limits = Limits {
        time: Some(options.checker_timeout),
        memory_bytes: Some(options.checker_memory),
    };
    let check = Options {
        limits,
        ..Options::default()
    };
    let measured = match options.stream {
        true => measure::streamed(&options.file),
        false => measure::checked(&options.file, options.model, &check),
    };
    match measured {
        Err(error) => fail(&error),
        Ok(measured) => {
            print(&serde_json::to_string(&measured).expect("figures are plain JSON"));
            ExitCode::SUCCESS
        }
    }
}
