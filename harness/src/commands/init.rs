//! `harness init`: files that a project begins with. What is there already is never overwritten.
//!
//! Read next: `asked` for the questions on a terminal, `lang` for a descriptor and a client program, `wire` for a descriptor
//! that needs none, `ci` for a job, `trial` for the examination of what was written.

mod asked;
mod ci;
mod lang;
mod trial;
mod wire;

use super::{fail, print, refuse};
use crate::cli::InitOptions;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdin};
use std::path::Path;
use std::process::ExitCode;

pub fn init(options: &InitOptions) -> ExitCode {
    let is_said = options.lang.is_some() || options.ci.is_some();
    let can_be_asked = stdin().is_terminal() && stderr().is_terminal();
    let options = match (is_said, can_be_asked) {
        (true, _) => Ok(options.clone()),
        (false, true) => asked::completed(options, &mut stdin().lock(), &mut stderr()),
        (false, false) => {
            return refuse(
                "say what to write: --lang python, go, shell, rust or java for a descriptor and a client program, --lang http or \
                 resp for a descriptor that needs none, --ci github or gitlab for a job. On a terminal it is asked",
            );
        }
    };
    let told = options.and_then(|options| Ok((told(&options)?, options)));
    match told {
        Ok((told, options)) => {
            print(&told);
            match options.lang {
                Some(language) if !options.print && !options.no_check => trial::examine(language, &options),
                _ => ExitCode::SUCCESS,
            }
        }
        Err(error) => fail(&error),
    }
}

/// Writes what is asked for; the text is what the user is told, or all of it with `--print`.
fn told(options: &InitOptions) -> Result<String> {
    match (options.ci, options.lang) {
        (Some(server), _) if options.print => return Ok(ci::job(server, options)),
        (_, Some(language)) if options.print => return lang::printed(language),
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
            lang::written(language, options)
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
