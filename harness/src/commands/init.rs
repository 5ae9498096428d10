//! `harness init`: files that a project begins with. What is there already is never overwritten.
//!
//! Read next: `lang` for a descriptor and a client program, `ci` for a job.

mod ci;
mod lang;

use super::{fail, print};
use crate::cli::InitOptions;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

pub fn init(options: &InitOptions) -> ExitCode {
    match told(options) {
        Ok(told) => {
            print(&told);
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

/// Writes what is asked for; the text is what the user is told, or all of it with `--print`.
fn told(options: &InitOptions) -> Result<String> {
    match (options.ci, options.lang) {
        (Some(server), _) if options.print => return Ok(ci::job(server, options)),
        (_, Some(language)) if options.print => return Ok(lang::program(language).to_owned()),
        _ => {}
    }
    let directory = &options.directory;
    match (options.ci, options.lang) {
        (Some(_), _) if !directory.is_dir() => {
            bail!("write into it: there is no folder {}", directory.display())
        }
        (Some(server), _) => ci::written(server, options),
        (None, Some(language)) => {
            std::fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()))?;
            lang::written(language, directory)
        }
        (None, None) => bail!("choose what to write: --lang or --ci"),
    }
}

/// Writes a file that is not there.
fn write_new(path: &Path, text: &str, way_out: &str) -> Result<File> {
    let mut file = match File::create_new(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("write {}: it is there already; {way_out}", path.display())
        }
        Err(error) => return Err(error).with_context(|| format!("write {}", path.display())),
    };
    file.write_all(text.as_bytes())
        .with_context(|| format!("write {}", path.display()))?;
    Ok(file)
}
