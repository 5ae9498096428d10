//! `harness test`: goes into the sandbox, or does without, runs, and tells the verdict.

use super::{conclude, fail, words};
use crate::ci;
use crate::cli::{Format, ProgressKind, TestOptions};
use crate::events::Events;
use crate::exit;
use crate::interrupt::Interrupt;
use crate::network::{self, Decision};
use crate::run::{self, Broken};
use crate::tie;
use anyhow::{Context, anyhow};
use cluster::{Backend, Side};
use results::Results;
use std::process::ExitCode;

pub fn test(options: &TestOptions) -> ExitCode {
    match options.die_with.map(tie::tie_to) {
        None | Some(Ok(true)) => {}
        Some(Ok(false)) => return ExitCode::from(exit::TERMINATED),
        Some(Err(error)) => return fail(&error),
    }
    // What is wrong with the arguments is said before anything is started.
    let copies = ci::refuse("junit", options.junit.as_deref())
        .and_then(|()| ci::refuse("markdown", options.markdown.as_deref()));
    if let Err(error) = run::refuse(options).and(copies) {
        eprintln!("error: {}", words(&error));
        return ExitCode::from(exit::BAD_ARGUMENTS);
    }
    let decision = match network::decide(options.network) {
        Ok(decision) => decision,
        Err(error) => return fail(&error),
    };
    let options = &options.on(decision.backend);
    // What it cannot do is said before anything is started, too.
    if let Err(error) = run::refuse_on(options, decision.backend) {
        eprintln!("error: {}", words(&error));
        if decision.because.is_some() {
            eprintln!("{decision}");
        }
        return ExitCode::from(exit::BAD_ARGUMENTS);
    }
    match decision.backend {
        Backend::Switch => in_the_sandbox(options),
        Backend::Proxy => without_a_sandbox(options, &decision),
    }
}

fn in_the_sandbox(options: &TestOptions) -> ExitCode {
    match cluster::sandbox::enter() {
        Ok(Side::Inside) => inside(options),
        Ok(Side::Outside { exit_code }) => outside(exit_code),
        Err(error) => fail(&anyhow!(error).context(
            "start the test; `harness doctor` says what this machine can do, and --network proxy does without",
        )),
    }
}

fn without_a_sandbox(options: &TestOptions, decision: &Decision) -> ExitCode {
    if options.progress != ProgressKind::None || decision.because.is_some() {
        eprintln!("{decision}");
    }
    match cluster::warden::post() {
        Ok(()) => inside(options),
        Err(error) => fail(&anyhow!(error)),
    }
}

/// The process that the user started: all it has to do is to leave as the inside did.
fn outside(exit_code: i32) -> ExitCode {
    if exit_code > 128
        && exit_code != i32::from(exit::INTERRUPTED)
        && exit_code != i32::from(exit::TERMINATED)
        && exit_code < 254
    {
        eprintln!(
            "error: the run was killed (signal {}); the history so far is kept: harness check current",
            exit_code - 128
        );
        return ExitCode::from(exit::ERROR);
    }
    ExitCode::from(u8::try_from(exit_code).unwrap_or(exit::ERROR))
}

fn inside(options: &TestOptions) -> ExitCode {
    let events = Events::begin(options.format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime");
    let outcome = runtime.and_then(|runtime| {
        runtime.block_on(async {
            let interrupt = Interrupt::listen().context("listen for signals")?;
            Ok(run::run(options, interrupt, &events).await)
        })
    });
    match outcome {
        Ok(Ok(judgement)) => {
            let directory = judgement.directory.as_deref();
            end(&judgement.results, directory, options, &events)
        }
        Ok(Err(broken)) => broken_run(options, &broken, &events),
        Err(error) => broken_run(options, &Broken::from(error), &events),
    }
}

/// Tells everybody the verdict.
fn end(results: &Results, directory: Option<&str>, options: &TestOptions, events: &Events) -> ExitCode {
    events.finish(results, directory);
    // A run of a scorecard is a measurement: what it finds is no news about the commit.
    if options.die_with.is_none() {
        ci::tell(
            results,
            directory,
            options.junit.as_deref(),
            options.markdown.as_deref(),
        );
    }
    conclude(results, directory, options.format)
}

/// A run without a verdict: what happened, and where what there is was kept.
fn broken_run(options: &TestOptions, broken: &Broken, events: &Events) -> ExitCode {
    let Some((info, directory)) = &broken.kept else {
        // Whoever reads documents gets one all the same.
        if options.format != Format::Human {
            let sentence = format!("Failed to {}.", words(&broken.error));
            let results = Results::error(None, &history::History::default(), sentence, Vec::new());
            return end(&results, None, options, events);
        }
        return fail(&broken.error);
    };
    let history = history::read_file(&directory.file("history.jsonl")).unwrap_or_default();
    let text = words(&broken.error);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or("unknown reason");
    let sentence = format!("Failed to {first}.");
    let mut detail: Vec<String> = lines.map(str::to_owned).collect();
    let operations = history.operations.len();
    detail.push(match operations {
        0 => "No operation was run.".to_owned(),
        _ => format!("{operations} operations were recorded: harness check {}", info.id),
    });
    let results = Results::error(Some(info), &history, sentence, detail);
    // The disk may be what is broken: then the words on the screen have to do.
    let kept = directory.write_json("results.json", &results);
    if let Err(error) = kept
        .map_err(anyhow::Error::from)
        .and_then(|()| ci::keep(&results, directory))
    {
        tracing::warn!("{error:#}");
    }
    end(
        &results,
        Some(&directory.path().display().to_string()),
        options,
        events,
    )
}
