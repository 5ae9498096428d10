//! `harness check`: the verdict again, from the history alone, or that on one of its objects.

use super::{conclude, fail, history_file};
use crate::ci;
use crate::cli::{CheckOptions, Evidence};
use crate::events::{Event, Events};
use crate::run::judgement::{self, Judgement, Terms};
use anyhow::Result;
use checker::Limits;
use history::ReadOptions;
use results::Store;
use std::path::Path;
use std::process::ExitCode;

pub fn check(options: &CheckOptions) -> ExitCode {
    let terms = Terms {
        model: options.model,
        limits: Limits {
            time: Some(options.checker_timeout),
            memory_bytes: Some(options.checker_memory),
        },
        strictness: options.evidence.map(Evidence::strictness),
    };
    let events = Events::begin(options.format);
    events.now(Event::CheckProgress { done: 0, of: None });
    let judged = judged(options, terms);
    match judged {
        Ok((judgement, directory)) => {
            let (results, directory) = (&judgement.results, directory.as_deref());
            events.checked(results);
            events.finish(results, directory);
            ci::tell(&[(results, directory)], None, None);
            ExitCode::from(conclude(results, directory, options.format))
        }
        Err(error) => fail(&error),
    }
}

/// The verdict, and the run's folder when that of a whole run was kept in it.
fn judged(options: &CheckOptions, terms: Terms) -> Result<(Judgement, Option<String>)> {
    let store = Store::at(&options.store);
    let (file, input, run) = match history_file(Path::new(&options.what)) {
        Some(file) => (file, options.input.read_options(), None),
        None => {
            let run = store.find(&options.what)?;
            (run.file("history.jsonl"), ReadOptions::default(), Some(run))
        }
    };
    let judgement = match (&options.key, &run) {
        (Some(key), _) => judgement::of_object(&file, input, key, terms)?,
        (None, None) => judgement::of_file(&file, input, terms)?,
        (None, Some(run)) => {
            let judgement = judgement::of_run(run, terms)?;
            judgement.keep(&store, run)?;
            return Ok((judgement, Some(run.path().display().to_string())));
        }
    };
    Ok((judgement, None))
}
