//! What came of it: started, killed, terminated, paused, resumed, or ended by itself.

use crate::disk::Lost;
use std::time::Duration;

/// A start in the middle of which every process of the node is stopped, before anybody asks whether it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowStart {
    /// How long after the start of the process it is stopped.
    pub after: Duration,
    /// For how long.
    pub stopped: Duration,
}

/// A node was started and is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// Its process id, as the sandbox numbers them.
    pub pid: u32,
    /// From the start of the process to the answer that says it is ready.
    pub took: Duration,
    /// For how long it was stopped on its way, if it was.
    pub stopped: Option<Duration>,
}

/// A node was killed and is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Killed {
    /// The process id that it had.
    pub pid: u32,
    /// From the signal to the end of the process.
    pub took: Duration,
}

/// Power failed for a node: it was killed, and its disk lost what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerLost {
    /// The end of its process.
    pub killed: Killed,
    /// What the disk lost.
    pub lost: Lost,
}

/// What a terminated node ended by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// SIGTERM, or by itself after it.
    Sigterm,
    /// SIGKILL, since it did not end within the patience that it was shown, or by somebody else's.
    Sigkill,
}

/// A node was asked to end and is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminated {
    /// The process id that it had.
    pub pid: u32,
    /// What ended it.
    pub by: EndedBy,
    /// How it ended, in words: `exit status 0`, `signal 15 (SIGTERM)`.
    pub status: String,
    /// From SIGTERM to the end of the process.
    pub took: Duration,
}

/// A node was stopped; none of its threads runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paused {
    /// Its process id, as the sandbox numbers them.
    pub pid: u32,
    /// From the first signal to the kernel's confirmation.
    pub took: Duration,
    /// How many processes were stopped.
    pub processes: usize,
    /// How many threads they have.
    pub threads: usize,
}

/// A node goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resumed {
    /// Its process id, as the sandbox numbers them.
    pub pid: u32,
    /// From the first signal to the kernel's confirmation.
    pub took: Duration,
    /// From the confirmation that it was stopped to the signal that let it go on.
    pub paused_for: Duration,
    /// How many processes go on.
    pub processes: usize,
}

/// A node ended though nobody had asked it to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnexpectedExit {
    /// Its name.
    pub node: String,
    /// When, in nanoseconds on the run's clock.
    pub at_ns: u64,
    /// How, in words: `exit status 101`, `signal 6 (SIGABRT)`.
    pub status: String,
    /// The last lines that it wrote to stderr, fit for a terminal.
    pub stderr: Vec<String>,
}
