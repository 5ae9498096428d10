//! `harness check`: the verdict again, from the history alone.

use super::{conclude, fail};
use crate::ci;
use crate::cli::CheckOptions;
use crate::events::{Event, Events};
use crate::run::judgement;
use results::{RunDir, Store};
use std::path::Path;
use std::process::ExitCode;

pub fn check(options: &CheckOptions) -> ExitCode {
    let path = Path::new(&options.what);
    let events = Events::begin(options.format);
    events.now(Event::CheckProgress { done: 0, of: None });
    let judged = if path.is_file() {
        judgement::of_file(path, None, options.model).map(|judgement| (judgement, None))
    } else {
        let store = Store::at(&options.store);
        store
            .find(&options.what)
            .map_err(anyhow::Error::from)
            .and_then(|run: RunDir| {
                let judgement = judgement::of_run(&run)?;
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
            conclude(results, directory, options.format)
        }
        Err(error) => fail(&error),
    }
}
