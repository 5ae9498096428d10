//! `harness check FILE --stream`: decrees decided while the file is read, in memory that does not grow with it.

use super::super::{fail, history_file, print, refuse};
use crate::cli::{CheckOptions, Format};
use anyhow::{Context, Result};
use checker::Model;
use checker::online::Decrees;
use results::Store;
use results::text::{count, counted, visible};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Follows the history once. Nothing when it has a violation, whose proof is found by reading it again.
pub fn follow(options: &CheckOptions, is_quiet: bool) -> Option<ExitCode> {
    if let Some(model) = options.model.filter(|model| *model != Model::Decree) {
        return Some(refuse(format!(
            "--stream decides decrees, and no {}; leave it out",
            model.name()
        )));
    }
    if options.format != Format::Human {
        return Some(refuse(
            "--stream keeps nothing to make a document of; leave out --stream or --format",
        ));
    }
    match followed(options) {
        Ok(Followed::Valid(text)) => {
            print(&text);
            Some(ExitCode::SUCCESS)
        }
        Ok(Followed::Broken(text)) => {
            if !is_quiet {
                eprintln!("{text}");
            }
            None
        }
        Err(error) => Some(fail(&error)),
    }
}

/// What there is to say.
enum Followed {
    Valid(String),
    Broken(String),
}

fn followed(options: &CheckOptions) -> Result<Followed> {
    let began = Instant::now();
    let path = path(options)?;
    let mut decrees = Decrees::default();
    let names = history::follow_file(&path, &mut decrees)
        .with_context(|| format!("read the history {}", path.display()))?;
    decrees.understood()?;
    if let Some(broken) = decrees.broken() {
        return Ok(Followed::Broken(format!(
            "decree {} is not linearizable any more at event {}; the history is read again for the proof",
            visible(&names.key_name(broken.key), 40),
            count(broken.event as usize)
        )));
    }
    let counts = decrees.counts();
    let (ok, failed) = (counts.ok as usize, counts.failed as usize);
    let torn = match names.torn {
        Some(_) => "\n The last line was cut off and left out.",
        None => "",
    };
    Ok(Followed::Valid(format!(
        " VALID  All {} on {} are linearizable.\n\n \
         {} ok, {} failed, {} unknown; {} followed in {:.1} s, and none kept.{torn}\n \
         How much was tested was not asked: that takes the whole history (leave out --stream).\n",
        counted(counts.invoked as usize, "operation"),
        counted(decrees.decrees(), "decree"),
        count(ok),
        count(failed),
        count(counts.invoked as usize - ok - failed),
        counted(names.events, "event"),
        began.elapsed().as_secs_f64(),
    )))
}

/// The file, or that of the run.
fn path(options: &CheckOptions) -> Result<PathBuf> {
    Ok(match history_file(Path::new(&options.what)) {
        Some(file) => file,
        None => Store::at(&options.store)
            .find(&options.what)?
            .file("history.jsonl"),
    })
}
