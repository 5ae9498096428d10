//! What can be measured: how a node of it is started, what a client says to it, what it counts.

use crate::cli::BenchSystem;
use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where a node is: for clients, and for the other nodes.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// Where it listens for clients.
    pub clients: SocketAddr,
    /// Where it listens for the other nodes.
    pub peers: SocketAddr,
}

/// A proposal as it goes over the wire.
#[derive(Debug)]
pub struct Proposal {
    /// The path of the URL.
    pub path: String,
    /// The body, which is JSON.
    pub body: String,
    /// What the answer has to be, where that can be known.
    pub answer: Option<String>,
}

/// The program of a system.
///
/// # Errors
/// When there is none; how to get it is said.
pub fn find(system: BenchSystem) -> Result<PathBuf> {
    match system {
        BenchSystem::Paxos => std::env::current_exe().context("find the harness's own program file"),
        BenchSystem::Etcd => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let candidates = std::env::split_paths(&path).map(|folder| folder.join("etcd"));
            candidates.into_iter().find(|file| file.is_file()).ok_or_else(|| {
                anyhow!("find the program etcd on the PATH; Debian and Ubuntu have it: apt-get install etcd-server")
            })
        }
    }
}

/// How node number `node` (from 0) of `all` is started, with its data in `data`.
pub fn arguments(system: BenchSystem, node: usize, all: &[Addresses], data: &Path) -> Vec<OsString> {
    let name = |node: usize| format!("n{}", node + 1);
    let Addresses { clients, peers } = all[node];
    let named = |each: &dyn Fn(&Addresses) -> String| {
        let list = all.iter().enumerate();
        let list: Vec<String> = list
            .map(|(number, node)| format!("{}={}", name(number), each(node)))
            .collect();
        list.join(",")
    };
    let mut arguments: Vec<OsString> = match system {
        BenchSystem::Paxos => {
            let (listen, peers) = (clients.to_string(), named(&|node| node.peers.to_string()));
            [
                "paxos-node",
                "--id",
                &name(node),
                "--listen",
                &listen,
                "--peers",
                &peers,
                "--log",
                "warn",
                "--data",
            ]
            .map(OsString::from)
            .to_vec()
        }
        BenchSystem::Etcd => {
            let (clients, peers) = (format!("http://{clients}"), format!("http://{peers}"));
            let cluster = named(&|node| format!("http://{}", node.peers));
            [
                ["--name", &name(node)],
                ["--listen-client-urls", &clients],
                ["--advertise-client-urls", &clients],
                ["--listen-peer-urls", &peers],
                ["--initial-advertise-peer-urls", &peers],
                ["--initial-cluster", &cluster],
                ["--initial-cluster-state", "new"],
                ["--logger", "zap"],
                ["--log-level", "warn"],
            ]
            .concat()
            .into_iter()
            .chain(["--data-dir"])
            .map(OsString::from)
            .collect()
        }
    };
    arguments.push(data.into());
    arguments
}

/// Whether a node that answers `/health` so is of use.
pub fn is_ready(system: BenchSystem, body: &str) -> bool {
    match system {
        // It answers with 200 only then.
        BenchSystem::Paxos => true,
        BenchSystem::Etcd => body.contains("\"true\""),
    }
}

/// Proposal number `number` of client `client`, about a decree (a key) that nobody else uses.
pub fn proposal(system: BenchSystem, client: usize, number: u64) -> Proposal {
    let decree = format!("{client}-{number}");
    match system {
        BenchSystem::Paxos => {
            let body = format!("{{\"value\":{number}}}");
            let path = format!("/decrees/{decree}/propose");
            Proposal {
                path,
                answer: Some(body.clone()),
                body,
            }
        }
        BenchSystem::Etcd => {
            let (key, value) = (BASE64.encode(decree), BASE64.encode(number.to_string()));
            Proposal {
                path: "/v3/kv/put".to_owned(),
                body: format!("{{\"key\":\"{key}\",\"value\":\"{value}\"}}"),
                answer: None,
            }
        }
    }
}

/// How often a client waits for a sync, one after the other: Paxos for that of the promise and that of the
/// acceptance, a leader for that of the entry, which it writes while its followers do.
pub fn syncs_in_a_row(system: BenchSystem) -> f64 {
    match system {
        BenchSystem::Paxos => 2.0,
        BenchSystem::Etcd => 1.0,
    }
}

/// What a node counts of its log, from the text of its `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LogCounters {
    /// Syncs.
    pub syncs: f64,
    /// How long they took, all together.
    pub seconds: f64,
    /// Bytes written; not every system says it.
    pub bytes: Option<f64>,
}

impl LogCounters {
    /// Finds the counters.
    ///
    /// # Errors
    /// When one is not there.
    pub fn read(system: BenchSystem, text: &str) -> Result<LogCounters> {
        let find = |name: &str| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|number| number.parse().ok())
        };
        let need = |name: &str| find(name).with_context(|| format!("find {name} in the node's /metrics"));
        match system {
            BenchSystem::Paxos => Ok(LogCounters {
                syncs: need("paxos_log_syncs_total")?,
                seconds: need("paxos_log_sync_seconds_sum")?,
                bytes: Some(need("paxos_log_written_bytes_total")?),
            }),
            BenchSystem::Etcd => Ok(LogCounters {
                syncs: need("etcd_disk_wal_fsync_duration_seconds_count")?,
                seconds: need("etcd_disk_wal_fsync_duration_seconds_sum")?,
                bytes: None,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_by_their_whole_name() {
        let text = "# HELP x\npaxos_log_syncs_total 12\npaxos_log_sync_seconds_sum 0.5\n\
                    paxos_log_sync_seconds_count 12\npaxos_log_written_bytes_total 1024\n";
        let expected = LogCounters {
            syncs: 12.0,
            seconds: 0.5,
            bytes: Some(1024.0),
        };
        assert_eq!(LogCounters::read(BenchSystem::Paxos, text).unwrap(), expected);
        let error = LogCounters::read(BenchSystem::Etcd, text).unwrap_err();
        assert!(error.to_string().contains("etcd_disk_wal_fsync"), "{error}");
    }

    #[test]
    fn every_proposal_is_about_a_decree_of_its_own() {
        let paths = [(1, 11), (11, 1), (1, 1)]
            .map(|(client, number)| proposal(BenchSystem::Paxos, client, number).path);
        assert_eq!(paths[0], "/decrees/1-11/propose");
        assert!(paths[0] != paths[1] && paths[1] != paths[2]);
        assert_eq!(
            proposal(BenchSystem::Etcd, 0, 7).body,
            "{\"key\":\"MC03\",\"value\":\"Nw==\"}"
        );
    }
}
