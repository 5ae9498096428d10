//! Becomes another program, which dies with the process that started this one.

use super::fail;
use crate::cli::TiedOptions;
use crate::{exit, tie};
use anyhow::Context;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

pub fn tied(options: &TiedOptions) -> ExitCode {
    match tie::tie_to(options.die_with) {
        Ok(true) => {}
        Ok(false) => return ExitCode::from(exit::TERMINATED),
        Err(error) => return fail(&error),
    }
    let (program, arguments) = options.command.split_first().expect("clap requires a program");
    // It returns only when it fails.
    let error = Command::new(program).args(arguments).exec();
    let outcome: anyhow::Result<()> = Err(error).with_context(|| format!("start {}", program.display()));
    fail(&outcome.expect_err("it was made of an error"))
}
