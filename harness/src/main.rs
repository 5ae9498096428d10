//! `harness` finds out whether a distributed system keeps its promise when things break.
//!
//! This file is the way in: understand the command line, do what it says, leave with the exit code that
//! says what was found. Read next: `run.rs` for the recipe of a test, `cli.rs` for what can be typed.

mod bench;
mod browser;
mod ci;
mod cli;
mod client;
mod commands;
mod conformance;
mod events;
mod exit;
mod interrupt;
mod log;
mod meanwhile;
mod network;
mod progress;
mod recorder;
mod redaction;
mod replay;
mod run;
mod scorecard;
mod series;
mod serve;

mod stop;
mod suggest;
mod systems;
mod terminal;
mod tie;
mod workload;

use cli::Understood;
use std::process::ExitCode;

fn main() -> ExitCode {
    exit::map_panics();
    match cli::parse() {
        Ok(Understood::Do(cli)) => commands::carry_out(*cli),
        Ok(Understood::Show(text)) => commands::show_text(&text),
        Err(refusal) => refusal.print(),
    }
}
