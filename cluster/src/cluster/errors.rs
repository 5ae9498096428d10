//! What can go wrong with a cluster, and with what is done to its nodes.

use super::NodeState;
use crate::disk::DiskError;
use crate::network::NetworkError;
use crate::process::{Exit, words};
use crate::sandbox::Missing;
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a cluster could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The network could not be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A disk could not be mounted.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A directory or file of the run could not be made.
    #[error("make {path}: {source}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// The file system's answer.
        source: io::Error,
    },
    /// A path cannot be written into a command.
    #[error("put {path:?} into a node's command; the path must be UTF-8")]
    NotText {
        /// Which.
        path: PathBuf,
    },
    /// Something was asked for that only the sandbox has, and there is none.
    #[error("give the nodes {what} without a sandbox; take --network switch, or do without such faults")]
    NeedsSandbox {
        /// What.
        what: &'static str,
    },
    /// Clocks were asked for, and cannot be had.
    #[error("give the nodes clocks that can be changed: {0}")]
    Clocks(#[source] Missing),
    /// There is no HTTP client to ask nodes whether they are ready.
    #[error("set up the HTTP client that asks nodes whether they are ready: {0}")]
    Prober(#[source] reqwest::Error),
}

impl ClusterError {
    pub(super) fn directory(path: &Path) -> impl FnOnce(io::Error) -> ClusterError {
        let path = path.to_owned();
        move |source| ClusterError::Directory { path, source }
    }
}

/// Why a node did not start. After each but `NotDown` and `Unknown` it is down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no such node.
    #[error("start {node:?}: there is no node of this name")]
    Unknown {
        /// The name.
        node: String,
    },
    /// It has a process already.
    #[error("start {node}: it is {state}, not down")]
    NotDown {
        /// Which node.
        node: String,
        /// What it is doing.
        state: NodeState,
    },
    /// The program could not be run.
    #[error("start {node}: run {program}: {source}; see [node] command in the descriptor")]
    Spawn {
        /// Which node.
        node: String,
        /// The program of its command.
        program: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("start {node}: {status} after {} ms, before it was ready{}", .after.as_millis(), quoted(.stderr))]
    Exited {
        /// Which node.
        node: String,
        /// How it ended, in words.
        status: String,
        /// How long it lived.
        after: Duration,
        /// The last lines that it wrote to stderr, fit for a terminal.
        stderr: Vec<String>,
    },
    /// It did not become ready in time and was killed.
    #[error(
        "start {node}: not ready after {} ms; the last {asked}: {last_try}{}{}",
        .after.as_millis(), ports(.listening), quoted(.stderr)
    )]
    NotReady {
        /// Which node.
        node: String,
        /// How long was waited.
        after: Duration,
        /// What was asked: "GET http://10.0.0.1:7000/health".
        asked: String,
        /// What came back the last time.
        last_try: String,
        /// Where it listened for TCP connections then, as the kernel has it.
        listening: Box<BTreeSet<SocketAddr>>,
        /// The last lines that it wrote to stderr, fit for a terminal.
        stderr: Vec<String>,
    },
}

impl StartError {
    pub(super) fn exited(node: String, exit: &Exit, after: Duration) -> StartError {
        StartError::Exited {
            node,
            status: words(exit.status),
            after,
            stderr: exit.stderr.clone(),
        }
    }
}

/// Where a node listens, for whoever asked elsewhere.
fn ports(listening: &BTreeSet<SocketAddr>) -> String {
    let addresses: Vec<String> = listening.iter().map(SocketAddr::to_string).collect();
    match addresses.is_empty() {
        true => String::new(),
        false => format!("; it listens at {}", addresses.join(", ")),
    }
}

/// The last lines, each on a line of its own after that of the error.
fn quoted(stderr: &[String]) -> String {
    if stderr.is_empty() {
        return "; it wrote nothing to stderr".to_owned();
    }
    let lines = stderr.iter().map(|line| format!("\n  | {line}"));
    format!("\nthe last that it wrote to stderr:{}", lines.collect::<String>())
}

/// Why a node was not killed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KillError {
    /// There is no such node.
    #[error("kill {node:?}: there is no node of this name")]
    Unknown {
        /// The name.
        node: String,
    },
    /// It is neither up nor paused.
    #[error("kill {node}: it is {state}, not up")]
    NotUp {
        /// Which node.
        node: String,
        /// What it is doing.
        state: NodeState,
    },
    /// It had ended by itself, which is reported as an unexpected exit.
    #[error("kill {node}: it had ended by itself ({status})")]
    EndedBefore {
        /// Which node.
        node: String,
        /// How it ended, in words.
        status: String,
    },
}

/// Why a node was not asked to end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TerminateError {
    /// There is no such node.
    #[error("terminate {node:?}: there is no node of this name")]
    Unknown {
        /// The name.
        node: String,
    },
    /// It is not up, or it is paused and would not hear it.
    #[error("terminate {node}: it is {state}, not up")]
    NotUp {
        /// Which node.
        node: String,
        /// What it is doing.
        state: NodeState,
    },
}

/// Why a node was not paused. After `NotConfirmed` it goes on running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PauseError {
    /// There is no such node.
    #[error("pause {node:?}: there is no node of this name")]
    Unknown {
        /// The name.
        node: String,
    },
    /// It is not up.
    #[error("pause {node}: it is {state}, not up")]
    NotUp {
        /// Which node.
        node: String,
        /// What it is doing.
        state: NodeState,
    },
    /// It ended or was killed before it had stopped.
    #[error("pause {node}: it ended before it had stopped")]
    Ended {
        /// Which node.
        node: String,
    },
    /// It was told to stop, but was not seen to.
    #[error("pause {node}: {reason}")]
    NotConfirmed {
        /// Which node.
        node: String,
        /// Who was still running, or why nobody knows.
        reason: String,
    },
}

/// Why a node was not resumed. After `NotConfirmed` it is still paused, and can be resumed again or killed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// There is no such node.
    #[error("resume {node:?}: there is no node of this name")]
    Unknown {
        /// The name.
        node: String,
    },
    /// It is not paused.
    #[error("resume {node}: it is {state}, not paused")]
    NotPaused {
        /// Which node.
        node: String,
        /// What it is doing.
        state: NodeState,
    },
    /// It ended or was killed before it was seen to go on.
    #[error("resume {node}: it ended before it went on")]
    Ended {
        /// Which node.
        node: String,
    },
    /// It was told to go on, but was not seen to.
    #[error("resume {node}: {reason}")]
    NotConfirmed {
        /// Which node.
        node: String,
        /// Who was still stopped, or why nobody knows.
        reason: String,
    },
}

/// Why power did not fail for a node, or did not come back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PowerError {
    /// Nodes have no disks that could lose power.
    #[error("fail the power of {node}: it has no disk of its own; give ClusterSpec disks")]
    NoDisk {
        /// Which node.
        node: String,
    },
    /// The node was not killed.
    #[error("fail the power: {0}")]
    Kill(#[from] KillError),
    /// The disk did not do its part.
    #[error("fail the power of {node}: {source}")]
    Disk {
        /// Which node.
        node: String,
        /// What the disk says.
        source: DiskError,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_asked_at_the_wrong_port_says_where_it_listens() {
        let told = |listening: &[&str]| {
            let addresses = listening.iter().map(|address| address.parse().unwrap());
            let error = StartError::NotReady {
                node: "n1".to_owned(),
                after: Duration::from_millis(200),
                asked: "GET http://10.0.0.1:7000/health".to_owned(),
                last_try: "Connection refused".to_owned(),
                listening: Box::new(addresses.collect()),
                stderr: Vec::new(),
            };
            error.to_string()
        };
        let heard = told(&["10.0.0.1:8000", "[::]:9000"]);
        assert!(
            heard.ends_with(
                "Connection refused; it listens at 10.0.0.1:8000, [::]:9000; it wrote nothing to stderr"
            ),
            "{heard}"
        );
        assert!(told(&[]).ends_with("Connection refused; it wrote nothing to stderr"));
    }
}
