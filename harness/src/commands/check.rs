//! `harness check`: the verdict again, from the history alone.

use super::{conclude, fail};
use crate::cli::CheckOptions;
use crate::run::judgement;
use results::{RunDir, Store};
use std::path::Path;
use std::process::ExitCode;

pub fn check(options: &CheckOptions) -> ExitCode {
    let path = Path::new(&options.what);
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
        Ok((judgement, directory)) => conclude(&judgement.results, directory.as_deref(), options.format),
        Err(error) => fail(&error),
    }
}
