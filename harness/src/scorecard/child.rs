//! One run as a process: started, waited for, and never left behind.
//!
//! Three things see to that. A guard kills the process group when it is dropped, also by a panic. The process
//! asks the kernel to be killed when its parent dies ([`crate::tie`]); what "parent" means there is the *thread*
//! that started it, so runs are started by the main thread, which lives as long as the program. And all that a
//! run starts lives in its sandbox, which dies with it.

use crate::stop::Stop;
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// What a run printed, and its exit code.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: String,
}

/// How long a run may take to leave after it was asked to.
const LEAVING_MAX: Duration = Duration::from_secs(5);

/// Kills the whole group of a run, unless the run has ended.
struct Group(Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.0 {
            // The only failure is that nobody is left.
            let _ = killpg(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// Runs this program with `arguments`, and keeps what it prints in `folder`. `None` when somebody asked to stop.
/// To be called from the main thread.
///
/// # Errors
/// When it cannot be started, or does not end within `time_max`.
pub async fn run(
    arguments: &[String],
    folder: &Path,
    time_max: Duration,
    mut stop: Stop,
) -> Result<Option<Ended>> {
    let (out, err) = (folder.join("stdout.json"), folder.join("stderr.txt"));
    let create = |path: &Path| File::create(path).with_context(|| format!("write {}", path.display()));
    let program = std::env::current_exe().context("find the harness's own program file")?;
    let mut command = Command::new(program);
    // It is told everything: no file and no variable has a say.
    for variable in crate::cli::variables_set() {
        command.env_remove(variable);
    }
    let mut child = command
        .args(arguments)
        .args(["--die-with", &std::process::id().to_string(), "--config", ""])
        .stdin(Stdio::null())
        .stdout(create(&out)?)
        .stderr(create(&err)?)
        .process_group(0)
        .spawn()
        .context("start a run")?;
    let leader = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .map(Pid::from_raw);
    let mut group = Group(leader);
    let status = tokio::select! {
        status = child.wait() => status.context("wait for a run")?,
        () = tokio::time::sleep(time_max) => {
            leave(&mut child, &mut group).await;
            bail!("finish a run within {} s; it was stopped", time_max.as_secs());
        }
        () = stop.wait() => {
            leave(&mut child, &mut group).await;
            return Ok(None);
        }
    };
    // Its number may soon be somebody else's.
    group.0 = None;
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("read {}", path.display()));
    Ok(Some(Ended {
        code: status.code(),
        out: read(&out)?,
        err: String::from_utf8_lossy(&read(&err)?).into_owned(),
    }))
}

/// Asks a run to leave, so that nothing of it is left when this returns. The guard sees to the rest.
async fn leave(child: &mut Child, group: &mut Group) {
    group.signal(Signal::SIGTERM);
    if tokio::time::timeout(LEAVING_MAX, child.wait()).await.is_err() {
        group.signal(Signal::SIGKILL);
        // It was killed: that is all that waiting can tell.
        let _ = child.wait().await;
    }
    group.0 = None;
}
