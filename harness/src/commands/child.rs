//! One run as a process: with a sandbox of its own, its progress on this terminal, and never left behind.
//!
//! It has a process group of its own, so that a Ctrl-C reaches it once, through here: the first lets the run report
//! what there is, the second ends everything at once. What it prints can be read.

use crate::exit;
use crate::stop::Stop;
use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::Stdio;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::runtime::{Builder, Runtime};

/// The most of what a run prints that is read, in bytes.
const READ_MAX: u64 = 256 << 20;

/// How a run ended.
pub struct Ended {
    /// Its exit code; that of an error where a signal ended it.
    pub code: u8,
    /// What it printed on standard output, if that was to be read.
    pub printed: Vec<u8>,
}

/// A runtime for runs as processes: of one thread, for a process is tied to the thread that starts it.
///
/// # Errors
/// When the machine refuses.
pub fn runtime() -> Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")
}

/// Prepares this program to be run. To be called from the main thread, for what is started is tied to that.
///
/// # Errors
/// When the program's own file is gone.
pub fn harness() -> Result<Command> {
    let program = std::env::current_exe().context("find the harness's own program file")?;
    let mut command = Command::new(program);
    command.process_group(0).kill_on_drop(true);
    Ok(command)
}

/// What ties a run to this process, among its arguments.
pub fn tie() -> [String; 2] {
    ["--die-with".to_owned(), std::process::id().to_string()]
}

/// Has a run, and passes on a wish to stop.
///
/// # Errors
/// When it cannot be started.
pub async fn run(mut command: Command, is_read: bool, mut stop: Stop) -> Result<Ended> {
    if is_read {
        command.stdout(Stdio::piped());
    }
    let mut child = command.spawn().context("start a run")?;
    let out = child.stdout.take();
    let read = async {
        let mut printed = Vec::new();
        if let Some(out) = out {
            // What cannot be read is no document, and is missed where one is asked for.
            let _ = out.take(READ_MAX).read_to_end(&mut printed).await;
        }
        printed
    };
    let wait = async {
        tokio::select! {
            status = child.wait() => return status,
            () = stop.wait() => pass_on(&child, stop.asked()),
        }
        child.wait().await
    };
    let (printed, status) = tokio::join!(read, wait);
    let code = status.context("wait for a run")?.code();
    Ok(Ended {
        code: code
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(exit::ERROR),
        printed,
    })
}

fn pass_on(child: &Child, asked: Option<u8>) {
    let signal = match asked {
        Some(exit::INTERRUPTED) => Signal::SIGINT,
        _ => Signal::SIGTERM,
    };
    if let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) {
        // The only failure is that it has ended.
        let _ = kill(Pid::from_raw(id), signal);
    }
}
