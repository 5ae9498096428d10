//! `harness bench`: how fast the built-in Paxos is, what limits it, and how it compares.

use super::{bench_checker, fail, print, words};
use crate::bench::{self, Document, text};
use crate::cli::{BenchCommand, BenchFormat, BenchOptions};
use crate::exit;
use crate::stop::Stop;
use anyhow::{Context, Result};
use std::process::ExitCode;

pub fn bench(options: &BenchOptions) -> ExitCode {
    if let Some(BenchCommand::Checker(options)) = &options.command {
        return bench_checker::bench_checker(options);
    }
    if let Err(error) = bench::refuse(options) {
        eprintln!("error: {}", words(&error));
        return ExitCode::from(exit::BAD_ARGUMENTS);
    }
    match measure(options) {
        Err(error) => fail(&error),
        Ok(Outcome::Stopped(code)) => ExitCode::from(code),
        Ok(Outcome::Measured(document)) => {
            match options.format {
                BenchFormat::Human => print(&text::human(&document)),
                BenchFormat::Json => {
                    let json = serde_json::to_string_pretty(&document).expect("figures are plain JSON");
                    print(&(json + "\n"));
                }
            }
            ExitCode::SUCCESS
        }
    }
}

enum Outcome {
    Measured(Box<Document>),
    Stopped(u8),
}

fn measure(options: &BenchOptions) -> Result<Outcome> {
    // What is awaited here runs on this thread, the main one: the nodes are tied to the thread that starts them.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut stop = Stop::listen().context("listen for signals")?;
        // Whichever ends first: the nodes and their data go when the measurement is dropped.
        tokio::select! {
            document = bench::run(options) => Ok(Outcome::Measured(Box::new(document?))),
            () = stop.wait() => Ok(Outcome::Stopped(stop.asked().unwrap_or(exit::INTERRUPTED))),
        }
    })
}
