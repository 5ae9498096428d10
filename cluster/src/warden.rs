//! The warden: a small process beside the harness that kills what is left of its nodes when it dies, however it dies.
//!
//! In the sandbox the kernel does that. Without, two things do: a node asks the kernel to be killed with the harness,
//! which its children do not inherit; and the warden, which notices the harness's death because a pipe ends, kills
//! every process that carries the mark of this run, or is in the session of a node of it, or descends from such.
//!
//! Orphans of nodes become children of the harness while it lives (a *subreaper*, see `prctl(2)`), which reaps them.
//!
//! What escapes: a process that has left its session and its parents, and has overwritten its environment.

use crate::kernel;
use crate::process::{VARIABLE, marked};
use crate::sandbox::{SandboxError, refuse_threads};
use nix::sched::CloneFlags;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{Pid, chdir, dup2_stderr, dup2_stdin, dup2_stdout, setsid};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long the warden looks for processes that keep being born.
const SWEEP_MAX: Duration = Duration::from_secs(5);

static POSTED: OnceLock<Warden> = OnceLock::new();

/// The harness's side of the warden.
#[derive(Debug)]
pub(crate) struct Warden {
    run: String,
    tell: Mutex<PipeWriter>,
}

/// Posts the warden of this process, once. Call it first thing in `main`, before any thread or runtime exists.
///
/// # Errors
/// When there are threads already, or the kernel refuses a step.
pub fn post() -> Result<(), SandboxError> {
    if POSTED.get().is_some() {
        return Ok(());
    }
    refuse_threads()?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let run = format!("{}-{}", std::process::id(), since.as_nanos());
    let (told, tell) = std::io::pipe().map_err(SandboxError::io("make a pipe"))?;
    prctl::set_child_subreaper(true).map_err(SandboxError::call("become a subreaper"))?;
    let child = kernel::clone_process(CloneFlags::empty());
    if child.map_err(SandboxError::call("start the warden"))?.is_none() {
        drop(tell);
        // It must not come back into the program of its caller, not even by a panic.
        let _ = catch_unwind(AssertUnwindSafe(|| stand_watch(told, &run)));
        kernel::exit_now(0);
    }
    let tell = Mutex::new(tell);
    POSTED
        .set(Warden { run, tell })
        .expect("there is one thread, and it saw none posted");
    Ok(())
}

/// The warden, if one is posted.
pub(crate) fn posted() -> Option<&'static Warden> {
    POSTED.get()
}

impl Warden {
    /// What a node of this process is marked with.
    pub fn mark(&self, node: &str) -> String {
        format!("{}.{node}", self.run)
    }

    /// A process that leads a session was started.
    pub fn started(&self, leader: Pid) {
        self.tell(&format!("+{leader}\n"));
    }

    /// It has ended, with all of its session.
    pub fn ended(&self, leader: Pid) {
        self.tell(&format!("-{leader}\n"));
    }

    fn tell(&self, line: &str) {
        let mut tell = self.tell.lock().expect("nobody panics while holding this lock");
        if let Err(why) = tell.write_all(line.as_bytes()) {
            tracing::warn!("the warden is gone ({why}): a killed harness may leave processes behind");
        }
    }
}

/// In the warden: waits for the end of the harness, then kills.
fn stand_watch(told: PipeReader, run: &str) {
    let told = step_aside(told);
    let mut sessions = BTreeSet::new();
    for line in BufReader::new(told).lines().map_while(Result::ok) {
        let (sign, number) = line.split_at(1);
        if let Ok(leader) = number.parse().map(Pid::from_raw) {
            match sign {
                "+" => sessions.insert(leader),
                _ => sessions.remove(&leader),
            };
        }
    }
    let prefix = format!("{run}.");
    let deadline = Instant::now() + SWEEP_MAX;
    while Instant::now() < deadline {
        let found = marked::find(|mark| mark.starts_with(prefix.as_bytes()), &sessions);
        let Ok(found) = found else { return };
        if found.is_empty() {
            return;
        }
        for pid in found.into_keys() {
            // The only failure is that it is gone.
            let _ = kill(pid, Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Out of the way of everybody: of signals to the harness, of its terminal, of readers of its output, of its folder.
fn step_aside(told: PipeReader) -> PipeReader {
    // What fails here makes the warden a nuisance at worst, and no worse a warden.
    let _ = setsid();
    let _ = SigSet::all().thread_block();
    let _ = prctl::set_name(c"harness-warden");
    let _ = chdir("/");
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        let _ = dup2_stdin(&null);
        let _ = dup2_stdout(&null);
        let _ = dup2_stderr(&null);
    }
    kernel::close_all_but(told.into()).into()
}

/// A variable of the environment: name and value.
pub(crate) fn variable(mark: &str) -> (String, String) {
    (VARIABLE.to_owned(), mark.to_owned())
}
