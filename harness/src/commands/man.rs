//! `harness man`: the manual pages, from the definition of the command line.

use super::{fail, print};
use crate::cli::Cli;
use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::path::Path;
use std::process::ExitCode;

pub fn man(folder: Option<&Path>) -> ExitCode {
    let outcome = match folder {
        None => page(Cli::command()).map(|text| print(&text)),
        Some(folder) => write_all(folder),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn page(command: Command) -> Result<String> {
    let mut text = Vec::new();
    Man::new(command)
        .render(&mut text)
        .context("write a manual page")?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// `harness.1`, and `harness-test.1` and so on beside it.
fn write_all(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let write = |name: &str, command: Command| {
        let path = folder.join(format!("{name}.1"));
        std::fs::write(&path, page(command)?).with_context(|| format!("write {}", path.display()))
    };
    let mut whole = Cli::command();
    whole.build();
    let commands = whole
        .get_subcommands()
        .filter(|it| !it.is_hide_set() && it.get_name() != "help");
    for command in commands {
        let name = format!("harness-{}", command.get_name());
        write(&name, command.clone().name(name.clone()))?;
    }
    write("harness", Cli::command())
}
