//! `harness check`: the verdict again, from the history alone.

use super::{conclude, fail};
use crate::ci;
use crate::cli::CheckOptions;
use crate::events::{Event, Events};
use crate::run::judgement;
use results::{RunDir, Store};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub fn check(options: &CheckOptions) -> ExitCode {
    let events = Events::begin(options.format);
    events.now(Event::CheckProgress { done: 0, of: None });
    let judged = if let Some(file) = file_of_others(Path::new(&options.what)) {
        let input = options.input.read_options();
        judgement::of_file(&file, input, None, options.model).map(|judgement| (judgement, None))
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

/// The history file that a path names: itself, or the one in the folder of a Jepsen or Maelstrom run.
fn file_of_others(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return Some(path.to_owned());
    }
    let is_ours = path.join("history.jsonl").is_file();
    let inside = ["history.edn", "history.txt"].map(|name| path.join(name));
    inside.into_iter().find(|file| !is_ours && file.is_file())
}
