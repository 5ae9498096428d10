//! `harness doctor SYSTEM`: goes into the sandbox, or does without, examines, and leaves nothing behind. What that is, is in
//! [`crate::conformance`].

use super::super::{fail, has_color, refuse, words};
use crate::cli::DoctorOptions;
use crate::conformance::{self, Report, Subject};
use crate::network::{self, Decision};
use crate::stop::Stop;
use crate::{exit, log, terminal};
use anyhow::{Context, Result, anyhow};
use cluster::{Backend, Side};
use std::path::Path;
use std::process::ExitCode;

/// What is said to whoever names a program that speaks Maelstrom's protocol.
const MAELSTROM: &str = "--maelstrom: a Maelstrom program has no descriptor that could be wrong, and doctor does not examine it; see \
                         what it is asked and answers with harness test --maelstrom PROGRAM --workload NAME --nemesis none \
                         --time-limit 5, in history.jsonl of the run and the logs of its nodes";

/// How much of what is wrong with the arguments is said.
const REFUSAL_CHARS_MAX: usize = 2000;

pub fn examine(options: &DoctorOptions) -> ExitCode {
    if options.maelstrom.is_some() {
        return refuse(MAELSTROM);
    }
    let typed = options.subject.as_deref().unwrap_or_default();
    let subject = match Subject::of(typed, options) {
        Ok(subject) => subject,
        Err(error) => return refuse(harmless(&error)),
    };
    let decision = match network::decide(options.network) {
        Ok(decision) => decision,
        Err(error) => return fail(&error),
    };
    if let Err(error) = subject.refuse_on(decision.backend) {
        return refuse(harmless(&error));
    }
    match in_a_folder(&subject, &decision) {
        Ok(code) => ExitCode::from(code),
        Err(error) => fail(&error),
    }
}

/// What is wrong, for a terminal: names and places may be those of a descriptor that somebody else has written.
fn harmless(error: &anyhow::Error) -> String {
    results::text::visible(&words(error), REFUSAL_CHARS_MAX)
}

/// Examines with everything that comes of it in a folder that is gone afterwards.
fn in_a_folder(subject: &Subject, decision: &Decision) -> Result<u8> {
    let folder = tempfile::Builder::new()
        .prefix("harness-doctor-")
        .tempdir()
        .context("make a folder for what the nodes write")?;
    match decision.backend {
        Backend::Switch => {
            terminal::remember();
            let entered = cluster::sandbox::enter();
            if let Ok(Side::Outside { .. }) = entered {
                terminal::give_back();
            }
            match entered {
                Ok(Side::Inside) => {
                    // It is the outside's to take away, which sees the end of everything in here.
                    let path = folder.keep();
                    Ok(inside(subject, &path, decision.backend))
                }
                Ok(Side::Outside { exit_code }) => Ok(outside(exit_code)),
                Err(error) => Err(anyhow!(error).context(
                    "start the nodes; `harness doctor` says what this machine can do, and --network proxy does without",
                )),
            }
        }
        Backend::Proxy | Backend::Messages => {
            eprintln!("{decision}");
            cluster::warden::post().map_err(anyhow::Error::from)?;
            Ok(inside(subject, folder.path(), decision.backend))
        }
    }
}

/// The process that the user started: all it has to do is to leave as the inside did.
fn outside(exit_code: i32) -> u8 {
    let code = u8::try_from(exit_code).unwrap_or(exit::ERROR);
    match code {
        0 | exit::INTERRUPTED | exit::TERMINATED | exit::ERROR => code,
        signalled => {
            eprintln!(
                "error: the examination was killed (signal {})",
                signalled.saturating_sub(128)
            );
            exit::ERROR
        }
    }
}

fn inside(subject: &Subject, folder: &Path, backend: Backend) -> u8 {
    log::install(false, 0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime");
    let examined = runtime.and_then(|runtime| {
        runtime.block_on(async {
            let mut stop = Stop::listen().context("listen for signals")?;
            let mut report = Report::new(has_color());
            // Whichever ends first: the nodes go when the examination is dropped.
            tokio::select! {
                done = conformance::examine(subject, &mut report, folder, backend) => {
                    done?;
                    Ok(match report.end(subject.name()) {
                        true => 0,
                        false => exit::ERROR,
                    })
                }
                () = stop.wait() => Ok(stop.asked().unwrap_or(exit::INTERRUPTED)),
            }
        })
    });
    examined.unwrap_or_else(|error| {
        fail(&error);
        exit::ERROR
    })
}
