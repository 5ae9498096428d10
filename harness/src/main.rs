//! `harness` finds out whether a distributed system keeps its promise when things break.
//!
//! This file is the way in: understand the command line, do what it says, leave with the exit code that
//! says what was found. Read next: `run.rs` for the recipe of a test, `cli.rs` for what can be typed.

mod bench;
mod ci;
mod cli;
mod client;
mod commands;
mod events;
mod exit;
mod interrupt;
mod network;
mod progress;
mod recorder;
mod run;
mod scorecard;
mod stop;
mod suggest;
mod systems;
mod tie;
mod workload;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::map_panics();
    match cli::parse() {
        Ok(cli) => commands::carry_out(cli),
        Err(refusal) => refusal.print(),
    }
}
