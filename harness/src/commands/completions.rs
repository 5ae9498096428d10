//! `harness completions`: what a shell has to know to complete commands, flags and their values.

use super::print;
use crate::cli::Cli;
use clap::CommandFactory;
use std::process::ExitCode;

pub fn completions(shell: clap_complete::Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "harness", &mut script);
    print(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}
