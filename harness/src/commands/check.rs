//! `harness check`: the verdict again, from the history alone.

use super::{conclude, fail, history_file};
use crate::ci;
use crate::cli::{CheckOptions, Evidence};
use crate::events::{Event, Events};
use crate::run::judgement::{self, Terms};
use checker::Limits;
use results::{RunDir, Store};
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
    let judged = if let Some(file) = history_file(Path::new(&options.what)) {
        let input = options.input.read_options();
        judgement::of_file(&file, input, None, terms).map(|judgement| (judgement, None))
    } else {
        let store = Store::at(&options.store);
        store
            .find(&options.what)
            .map_err(anyhow::Error::from)
            .and_then(|run: RunDir| {
                let judgement = judgement::of_run(&run, terms)?;
                judgement.keep(&store, &run)?;
                Ok((judgement, Some(run.path().display().to_string())))
            })
    };
    match judged {
        Ok((judgement, directory)) => {
            let (results, directory) = (&judgement.results, directory.as_deref());
            events.checked(results);
            events.finish(results, directory);
            ci::tell(results, directory, None, None);
            ExitCode::from(conclude(results, directory, options.format))
        }
        Err(error) => fail(&error),
    }
}
