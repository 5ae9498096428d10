//! A program that works for the harness, on its side of the network: a client. Its stdin and stdout are lines to and from
//! us, and its stderr goes to a log.
//!
//! What the lines mean is for others to say. What it writes is not trusted: a line is read up to a bound, and whatever it
//! has started is killed with it.

use super::household::{Home, Household};
use super::{Exit, Keeper, environment, kept, spawn};
use crate::log;
use crate::system::CommandLine;
use crate::warden;
use nix::sys::signal::{Signal, killpg};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::watch;

/// A line may have this many bytes, its end included.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// What is needed to start a program.
#[derive(Debug)]
pub struct ProgramSpec<'a> {
    /// The program, then its arguments.
    pub argv: Vec<String>,
    /// Where it runs.
    pub dir: &'a Path,
    /// Where its stderr goes; what is there already stays.
    pub log: &'a Path,
    /// The zero of the run's clock, for the log.
    pub epoch: Instant,
    /// What it is called in the names of threads.
    pub name: &'a str,
}

/// A program that was started. Dropping it kills it, with everything that it has started and that has not left its session.
#[derive(Debug)]
pub struct Program {
    household: Household,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    ended: watch::Receiver<Option<Exit>>,
}

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Its stdout has ended, as it does when it exits.
    #[error("it has ended its output")]
    End,
    /// The line is longer than is read.
    #[error("a line of it is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// It cannot be read.
    #[error("its output cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// What a program does that was not asked for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unasked {
    /// It waits.
    Waits,
    /// It has written something.
    Speaks,
    /// It has ended its output, as it does when it exits.
    Ended,
}

impl Program {
    /// Starts a program. Must be called within a runtime.
    ///
    /// # Errors
    /// When it cannot be run, or its log not be written.
    pub fn start(spec: &ProgramSpec<'_>) -> io::Result<Program> {
        let note_log = log::open(spec.log)?;
        let tail_from = note_log.metadata()?.len();
        let (stderr, stderr_end) = io::pipe()?;
        let line = CommandLine {
            argv: spec.argv.clone(),
            env: BTreeMap::new(),
        };
        let mut command = std::process::Command::new(&line.argv[0]);
        command
            .args(&line.argv[1..])
            .current_dir(spec.dir)
            .env_clear()
            .envs(environment(&line))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr_end);
        let home = match warden::posted() {
            Some(warden) => Home::Mark(warden.mark(spec.name).into()),
            None => Home::Session,
        };
        let (mut child, leader, kept) = kept::start(|| spawn(command, &home))?;
        let household = Household { home, leader };
        warden::posted().inspect(|warden| warden.started(leader));
        // What goes wrong from here on does not leave the child behind: it is killed when it is dropped.
        log::note(&note_log, spec.epoch.elapsed(), &format!("started, pid {leader}"))?;
        let stdin = child.stdin.take().expect("its stdin is a pipe");
        let stdout = child.stdout.take().expect("its stdout is a pipe");
        let its_log = log::follow(
            stderr,
            note_log.try_clone()?,
            spec.epoch,
            spec.name,
            log::LINE_BYTES_MAX,
            |_, _| {},
        )?;
        let keeper = Keeper {
            child,
            kept,
            household: household.clone(),
            logs: vec![its_log],
            note_log,
            stderr_path: spec.log.to_owned(),
            tail_from,
            epoch: spec.epoch,
        };
        let (tell, ended) = watch::channel(None);
        tokio::spawn(async move {
            tell.send_replace(Some(keeper.keep().await));
        });
        Ok(Program {
            household,
            stdin,
            stdout: BufReader::new(stdout),
            ended,
        })
    }

    /// Writes a line to its stdin.
    ///
    /// # Errors
    /// When it does not read it any more. A part of the line, or all of it, may have reached it.
    pub async fn write_line(&mut self, line: &str) -> io::Result<()> {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await?;
        self.stdin.flush().await
    }

    /// The next line of its stdout, without its end. When nobody waits for it any more, a part of it is lost.
    ///
    /// # Errors
    /// When there is none, or it is too long; then nothing is known of where the next one begins.
    pub async fn read_line(&mut self) -> Result<Vec<u8>, LineError> {
        let mut line = Vec::new();
        let most = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        (&mut self.stdout).take(most).read_until(b'\n', &mut line).await?;
        match line.pop() {
            Some(b'\n') => Ok(line),
            Some(_) if line.len() + 1 == LINE_BYTES_MAX => Err(LineError::TooLong),
            _ => Err(LineError::End),
        }
    }

    /// What it does now, without waiting for anything.
    pub async fn unasked(&mut self) -> Unasked {
        match tokio::time::timeout(Duration::ZERO, self.stdout.fill_buf()).await {
            Err(_) => Unasked::Waits,
            Ok(Ok([_, ..])) => Unasked::Speaks,
            Ok(Ok([]) | Err(_)) => Unasked::Ended,
        }
    }

    /// Waits until it has ended by itself, and tells how.
    pub async fn ended(&mut self) -> Exit {
        let exit = self
            .ended
            .wait_for(Option::is_some)
            .await
            .expect("its keeper tells before it goes");
        exit.clone().expect("it was waited for")
    }

    /// Kills it, waits until it is gone, and tells how it ended.
    pub async fn end(mut self) -> Exit {
        self.kill();
        self.ended().await
    }

    fn kill(&self) {
        if self.ended.borrow().is_none() {
            // The only failure is that there is nothing left to kill.
            let _ = killpg(self.household.leader, Signal::SIGKILL);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
