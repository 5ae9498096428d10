//! `harness check`: the verdict again, from the history alone.

use super::{conclude, fail};
use crate::cli::{CheckOptions, Evidence};
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
    let path = Path::new(&options.what);
    let judged = if path.is_file() {
        judgement::of_file(path, None, terms).map(|judgement| (judgement, None))
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
            ExitCode::from(conclude(&judgement.results, directory.as_deref(), options.format))
        }
        Err(error) => fail(&error),
    }
}
