//! `harness doctor --for "test --nemesis clock"`: whether this machine has everything that a test needs, before it is
//! started; found out as `harness test` itself does.

use super::super::{fail, print, refuse, words};
use crate::cli::{self, Command, TestOptions, Understood};
use crate::exit;
use crate::network::{self, Decision, NetworkChoice};
use crate::run;
use anyhow::Result;
use cluster::Backend;
use results::text::visible;
use std::process::ExitCode;

pub fn examine(typed: &str) -> ExitCode {
    let typed: Vec<&str> = typed.split_whitespace().collect();
    // With the program's name, as it stands in a shell, or without.
    let typed = typed.strip_prefix(&["harness"]).unwrap_or(&typed);
    let line = std::iter::once("harness").chain(typed.iter().copied());
    let options = match cli::understand(line.map(Into::into).collect()) {
        Ok(Understood::Do(cli)) => match cli.command {
            Command::Test(options) => options,
            _ => return refuse(ONLY_TESTS),
        },
        Ok(Understood::Show(_)) => return refuse(ONLY_TESTS),
        Err(refusal) => return refusal.print(),
    };
    let options = match run::fitted(&options) {
        Ok(options) => options,
        Err(error) => return refuse(words(&error)),
    };
    if let Err(error) = run::refuse(&options) {
        return refuse(words(&error));
    }
    let choice = match options.maelstrom {
        Some(_) => NetworkChoice::Messages,
        None => options.network,
    };
    let decision = match network::decide(choice) {
        Ok(decision) => decision,
        Err(error) => return fail(&error),
    };
    let shown = visible(&typed.join(" "), 300);
    match has_everything(&options, &decision) {
        Ok(()) => {
            print(&format!(
                "✓ harness {shown}: everything that it needs is here\n  {decision}\n"
            ));
            ExitCode::SUCCESS
        }
        Err(error) => {
            print(&format!("✗ harness {shown}: {}\n  {decision}\n", words(&error)));
            ExitCode::from(exit::ERROR)
        }
    }
}

const ONLY_TESTS: &str =
    "--for takes a test as it would be typed after harness: --for \"test --nemesis clock\"";

fn has_everything(options: &TestOptions, decision: &Decision) -> Result<()> {
    let options = options.on(decision.backend);
    run::refuse_on(&options, decision.backend)?;
    match decision.backend {
        Backend::Switch => run::refuse_here(&options),
        // Disks and clocks cannot be had there in the first place.
        Backend::Proxy | Backend::Messages => Ok(()),
    }
}
