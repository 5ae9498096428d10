//! `harness check`: the verdict again, from the history alone, or that on one of its objects.

mod stream;

use super::{conclude, fail, history_file};
use crate::ci;
use crate::cli::{CheckOptions, Evidence};
use crate::events::{Event, Events};
use crate::meanwhile::meanwhile;
use crate::progress::check_line;
use crate::run::judgement::{self, Judgement, Terms};
use anyhow::Result;
use checker::{Limits, Watch};
use history::ReadOptions;
use results::Store;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often it is said on standard error how far the check is.
const LINE_EVERY: Duration = Duration::from_secs(10);

pub fn check(options: &CheckOptions, is_quiet: bool) -> ExitCode {
    if options.stream
        && let Some(code) = stream::follow(options, is_quiet)
    {
        return code;
    }
    let watch = Watch::default();
    let terms = Terms {
        model: options.model,
        limits: Limits {
            time: Some(options.checker_timeout),
            memory_bytes: Some(options.checker_memory),
        },
        shrink: options.shrink.budget(),
        algorithm: options.algorithm.algorithm(),
        strictness: options.evidence.map(Evidence::strictness),
        watch: Some(&watch),
    };
    let events = Events::begin(options.format);
    events.now(Event::CheckProgress { done: 0, of: None });
    let began = Instant::now();
    let tell = || {
        let line = check_line(began.elapsed(), &watch.standing()).filter(|_| !is_quiet);
        line.iter().for_each(|line| eprintln!("{line}"));
    };
    let judged = meanwhile(LINE_EVERY, tell, || {
        events.while_checked(&watch, || judged(options, terms))
    });
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
