//! One process of a node, from its start to its end.
//!
//! A node runs in its network namespace (if there is one), in a session and process group of its own, with its streams going to
//! logs. It has ended when its process is gone, every other process of the node was killed, and everything that it
//! printed is in the logs. What its end means is for [`crate::cluster`] to say.

mod household;
mod kept;
mod lasting;
mod listening;
pub(crate) mod marked;
mod members;
mod pause;
mod program;
mod rest;

pub(crate) use household::Home;
pub(crate) use marked::VARIABLE;
pub(crate) use pause::Counted;
pub use program::{LINE_BYTES_MAX, LineError, Program, ProgramSpec, Unasked};

use crate::kernel;
use crate::log::{self, LogStream, Watches};
use crate::maelstrom::MESSAGE_BYTES_MAX;
use crate::network::{HostId, Messages};
use crate::system::CommandLine;
use crate::warden;
use household::Household;
use kept::Kept;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// How many of its last lines an ended process is remembered by.
const LAST_LINES: usize = 5;

/// How long to wait for logs that somebody else still writes to.
const LOGS_MAX: Duration = Duration::from_secs(1);

/// What of the harness's own environment a node gets to see. Nothing else, so that a run does not depend on
/// the shell that it was started from.
const ENVIRONMENT_KEPT: [&str; 8] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
];

/// What is needed to start a process.
pub(crate) struct ProcessSpec<'a> {
    /// The program, its arguments and its environment.
    pub command: &'a CommandLine,
    /// Where its logs are and where it runs.
    pub dir: &'a Path,
    /// What tells its processes from all others.
    pub home: Home,
    /// The zero of the run's clock.
    pub epoch: Instant,
    /// What it is called in the names of threads.
    pub node: &'a str,
    /// Who waits for a line of it.
    pub watches: &'a Watches,
    /// What it is called, when it is a program beside the node's own: its logs have that in their names, and what else
    /// the node has outlives it.
    pub beside: Option<&'a str>,
    /// Where the lines of its stdout go and those of its stdin come from, and its place there, when they are messages.
    pub messages: Option<(Arc<Messages>, HostId)>,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Its status.
    pub status: ExitStatus,
    /// When, on the run's clock.
    pub at: Duration,
    /// The last lines that it wrote to stderr, fit for a terminal.
    pub stderr: Vec<String>,
}

impl Exit {
    /// Whether it was SIGKILL that ended it.
    pub(crate) fn by_sigkill(&self) -> bool {
        self.status.signal() == Some(nix::libc::SIGKILL)
    }
}

/// A process that was started.
#[derive(Debug)]
pub(crate) struct Process {
    household: Household,
    ended: watch::Receiver<Option<Exit>>,
}

impl Process {
    /// Starts a process and looks after it until it ends; `at_end` is called before anybody who waits hears of it.
    /// Must be called within a runtime.
    pub fn start(spec: &ProcessSpec<'_>, at_end: impl FnOnce(&Exit) + Send + 'static) -> io::Result<Process> {
        let log_path = |stream: &str| match spec.beside {
            Some(name) => spec.dir.join(format!("{name}.{stream}.log")),
            None => spec.dir.join(format!("{stream}.log")),
        };
        let stderr_path = log_path("stderr");
        let (stdout_log, stderr_log) = (log::open(&log_path("stdout"))?, log::open(&stderr_path)?);
        let tail_from = stderr_log.metadata()?.len();
        let (stdout, stdout_end) = io::pipe()?;
        let (stderr, stderr_end) = io::pipe()?;
        let mut command = std::process::Command::new(&spec.command.argv[0]);
        command
            .args(&spec.command.argv[1..])
            .current_dir(spec.dir)
            .env_clear()
            .envs(environment(spec.command))
            .stdout(stdout_end)
            .stderr(stderr_end);
        let stdin = match &spec.messages {
            None => {
                command.stdin(Stdio::null());
                None
            }
            Some(_) => {
                let (stdin_end, stdin) = io::pipe()?;
                command.stdin(stdin_end);
                Some(stdin)
            }
        };
        // With the command go our copies of the pipes' other ends; they must, or the logs would never end.
        let (child, group, kept) = kept::start(|| spawn(command, &spec.home))?;
        let home = match spec.beside {
            Some(_) => Home::Session,
            None => spec.home.clone(),
        };
        let household = Household { home, leader: group };
        warden::posted().inspect(|warden| warden.started(group));
        // What goes wrong from here on must not leave the child behind: it is killed when it is dropped.
        log::note(
            &stderr_log,
            spec.epoch.elapsed(),
            &format!("started, pid {group}"),
        )?;
        let note_log = stderr_log.try_clone()?;
        let messages = spec.messages.clone();
        if let (Some((messages, place)), Some(stdin)) = (&messages, stdin) {
            messages.attach(*place, stdin)?;
        }
        let name = |stream: &str| format!("{} {stream}", spec.node);
        let mut look = spec.watches.looking_at(LogStream::Stdout);
        let longest = messages
            .as_ref()
            .map_or(log::LINE_BYTES_MAX, |_| MESSAGE_BYTES_MAX);
        let see_stdout = move |line: &[u8], at| {
            look(line, at);
            if let Some((messages, place)) = &messages {
                messages.written(*place, line);
            }
        };
        let see_stderr = spec.watches.looking_at(LogStream::Stderr);
        let (stdout_name, stderr_name) = (name("stdout"), name("stderr"));
        let logs = vec![
            log::follow(stdout, stdout_log, spec.epoch, &stdout_name, longest, see_stdout)?,
            log::follow(
                stderr,
                stderr_log,
                spec.epoch,
                &stderr_name,
                log::LINE_BYTES_MAX,
                see_stderr,
            )?,
        ];
        let (tell, ended) = watch::channel(None);
        let keeper = Keeper {
            child,
            kept,
            household: household.clone(),
            logs,
            note_log,
            stderr_path,
            tail_from,
            epoch: spec.epoch,
        };
        tokio::spawn(async move {
            let exit = keeper.keep().await;
            at_end(&exit);
            tell.send_replace(Some(exit));
        });
        Ok(Process { household, ended })
    }

    /// Its process id, as the sandbox numbers them.
    pub fn pid(&self) -> u32 {
        self.household.leader.as_raw().unsigned_abs()
    }

    /// Kills it and all of its group (SIGKILL). It has not ended when this returns.
    pub fn kill(&self) {
        // The only failure is that there is nothing left to kill.
        let _ = killpg(self.household.leader, Signal::SIGKILL);
    }

    /// Asks it and all of its group to end (SIGTERM).
    pub fn terminate(&self) {
        // The only failure is that there is nothing left to ask.
        let _ = killpg(self.household.leader, Signal::SIGTERM);
    }

    /// Stops it and every other process of the node (SIGSTOP), and waits until the kernel confirms it. When that
    /// fails they go on.
    pub async fn pause(&self) -> Result<Counted, String> {
        self.blocking(pause::stop).await
    }

    /// Lets it and every other process of the node go on (SIGCONT), and waits until the kernel confirms it.
    pub async fn resume(&self) -> Result<Counted, String> {
        self.blocking(pause::resume).await
    }

    /// Where it and every other process of the node listen for TCP connections; nowhere, when that cannot be seen.
    pub async fn listening(&self) -> BTreeSet<SocketAddr> {
        let look =
            |household: &Household| listening::of(household.members().unwrap_or_default().into_values());
        self.blocking(look).await
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Household) -> T + Send + 'static) -> T {
        let household = self.household.clone();
        tokio::task::spawn_blocking(move || work(&household))
            .await
            .expect("it does not panic, and nobody aborts it")
    }

    /// Waits until it has ended.
    pub async fn ended(&self) -> Exit {
        let mut ended = self.ended.clone();
        let exit = ended
            .wait_for(Option::is_some)
            .await
            .expect("its keeper tells before it goes");
        exit.clone().expect("it was waited for")
    }
}

/// Starts a command: without a namespace that takes it with us, in such a way that it dies with us.
fn spawn(mut command: std::process::Command, home: &Home) -> io::Result<tokio::process::Child> {
    let start = |command| tokio::process::Command::from(command).kill_on_drop(true).spawn();
    match home {
        Home::Namespace(namespace) => {
            kernel::isolate(&mut command, Some(Arc::clone(namespace)), None);
            start(command)
        }
        Home::Session => {
            kernel::isolate(&mut command, None, None);
            start(command)
        }
        Home::Mark(mark) => {
            let (name, value) = warden::variable(mark);
            command.env(name, value);
            kernel::isolate(&mut command, None, Some(Pid::this()));
            let runtime = tokio::runtime::Handle::current();
            lasting::on_lasting_thread(move || {
                let _in_the_runtime = runtime.enter();
                start(command)
            })
        }
    }
}

/// The task that waits for a process.
struct Keeper {
    child: tokio::process::Child,
    kept: Kept,
    household: Household,
    logs: Vec<oneshot::Receiver<()>>,
    note_log: File,
    stderr_path: PathBuf,
    tail_from: u64,
    epoch: Instant,
}

impl Keeper {
    async fn keep(mut self) -> Exit {
        let status = self.child.wait().await.expect("our own child can be waited for");
        let at = self.epoch.elapsed();
        drop(self.kept);
        rest::end(&self.household).await;
        warden::posted().inspect(|warden| warden.ended(self.household.leader));
        for log in self.logs {
            // A process that left the group may hold the stream open; its lines are then still being written.
            let _ = tokio::time::timeout(LOGS_MAX, log).await;
        }
        // Stamped as it is written, behind the last of its lines, so that a log is in the order of its stamps.
        if let Err(why) = log::note(
            &self.note_log,
            self.epoch.elapsed(),
            &format!("ended: {}", words(status)),
        ) {
            tracing::warn!("{}: {why}", self.stderr_path.display());
        }
        Exit {
            status,
            at,
            stderr: log::last_lines(&self.stderr_path, self.tail_from, LAST_LINES),
        }
    }
}

/// A status in words: `exit status 101`, `signal 6 (SIGABRT)`.
pub fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(number)) => match Signal::try_from(number) {
            Ok(signal) => format!("signal {number} ({signal})"),
            Err(_) => format!("signal {number}"),
        },
        (None, None) => status.to_string(),
    }
}

fn environment(command: &CommandLine) -> impl Iterator<Item = (String, String)> + '_ {
    let kept = ENVIRONMENT_KEPT
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    kept.chain(
        command
            .env
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    )
}

/// The command as somebody would type it, for the run's directory.
pub(crate) fn as_typed(command: &CommandLine, dir: &Path) -> String {
    let mut text = format!("cd {} &&\nenv -i", quoted(&dir.display().to_string()));
    for (name, value) in environment(command) {
        text.push_str(&format!(" {name}={}", quoted(&value)));
    }
    text.push_str(" \\\n ");
    for word in &command.argv {
        text.push_str(&format!(" {}", quoted(word)));
    }
    text.push('\n');
    text
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_in_words() {
        assert_eq!(words(ExitStatus::from_raw(101 << 8)), "exit status 101");
        assert_eq!(words(ExitStatus::from_raw(6)), "signal 6 (SIGABRT)");
        assert_eq!(words(ExitStatus::from_raw(9)), "signal 9 (SIGKILL)");
    }

    #[test]
    fn a_command_can_be_typed_again() {
        assert_eq!(quoted("--id"), "--id");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
