//! `harness check`: the verdict again, from the history alone.

use super::{conclude, fail};
use crate::cli::CheckOptions;
use crate::run::judgement;
use results::{RunDir, Store};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub fn check(options: &CheckOptions) -> ExitCode {
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
        Ok((judgement, directory)) => conclude(&judgement.results, directory.as_deref(), options.format),
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
