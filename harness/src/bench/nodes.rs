//! The nodes of one measurement: real processes on loopback, none of which is ever left behind.
//!
//! Each dies with this program, however that ends (`harness tied`, see [`crate::tie`]), and when this is dropped.

use super::load::Connection;
use super::system::{self, Addresses};
use crate::cli::BenchSystem;
use anyhow::{Context, Result, anyhow, bail};
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long nodes may take until all of them are of use.
const READY_MAX: Duration = Duration::from_secs(20);
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// How long a node may take to answer a question about itself.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Running nodes.
pub struct Nodes {
    // Dropped in this order: first the processes, then what they write to.
    processes: Vec<Process>,
    addresses: Vec<Addresses>,
    data: TempDir,
    /// What they are.
    pub system: BenchSystem,
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Nodes {
    /// Starts the nodes, with their data in a new folder in `place`. To be called from the main thread.
    ///
    /// # Errors
    /// When one cannot be started.
    pub fn start(system: BenchSystem, count: u8, place: &Path) -> Result<Nodes> {
        let program = system::find(system)?;
        let harness = std::env::current_exe().context("find the harness's own program file")?;
        let data = tempfile::Builder::new().prefix(system.name()).tempdir_in(place);
        let data = data.with_context(|| format!("make a folder in {}", place.display()))?;
        let mut nodes = Nodes {
            processes: Vec::new(),
            addresses: free_addresses(count)?,
            data,
            system,
        };
        for node in 0..usize::from(count) {
            let log = nodes.log(node);
            let log = File::create(&log).with_context(|| format!("write {}", log.display()))?;
            let folder = nodes.data.path().join(format!("n{}", node + 1));
            let mut command = Command::new(&harness);
            command
                .args(["tied", "--die-with", &std::process::id().to_string(), "--"])
                .arg(&program)
                .args(system::arguments(system, node, &nodes.addresses, &folder))
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                // Ctrl-C on the terminal is for the bench, which then stops them.
                .process_group(0);
            // Whoever runs the bench may have settings of his own for etcd.
            for (name, _) in
                std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ETCD_"))
            {
                command.env_remove(name);
            }
            nodes.processes.push(Process(command.spawn()?));
        }
        Ok(nodes)
    }

    /// Where they listen for clients.
    pub fn clients(&self) -> Vec<SocketAddr> {
        self.addresses.iter().map(|node| node.clients).collect()
    }

    /// Their process ids.
    pub fn pids(&self) -> impl Iterator<Item = u32> {
        self.processes.iter().map(|process| process.0.id())
    }

    /// Waits until every node is of use.
    ///
    /// # Errors
    /// When one ends, or takes too long; with what it has said.
    pub async fn ready(&mut self) -> Result<()> {
        let began = Instant::now();
        for node in 0..self.addresses.len() {
            loop {
                self.check_alive()?;
                let health = self.ask(node, "/health").await;
                if health
                    .as_ref()
                    .is_ok_and(|body| system::is_ready(self.system, body))
                {
                    break;
                }
                if began.elapsed() > READY_MAX {
                    bail!(
                        "have node n{} ready within {} s{}",
                        node + 1,
                        READY_MAX.as_secs(),
                        self.said(node)
                    );
                }
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
        Ok(())
    }

    /// Sees to it that no node has ended.
    ///
    /// # Errors
    /// When one has; with what it has said.
    pub fn check_alive(&mut self) -> Result<()> {
        let ended = self.processes.iter_mut().map(|process| process.0.try_wait());
        let ended: Vec<_> = ended
            .collect::<std::io::Result<_>>()
            .context("look after the nodes")?;
        match ended.iter().position(Option::is_some) {
            None => Ok(()),
            Some(node) => Err(anyhow!(
                "keep node n{} running: it has ended{}",
                node + 1,
                self.said(node)
            )),
        }
    }

    /// What each node counts.
    ///
    /// # Errors
    /// When one does not say it.
    pub async fn metrics(&self) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for node in 0..self.addresses.len() {
            texts.push(
                self.ask(node, "/metrics")
                    .await
                    .with_context(|| format!("ask node n{}", node + 1))?,
            );
        }
        Ok(texts)
    }

    /// Which version of the system this is.
    pub async fn version(&self) -> Option<String> {
        match self.system {
            BenchSystem::Paxos => Some(env!("CARGO_PKG_VERSION").to_owned()),
            BenchSystem::Etcd => {
                let answer: serde_json::Value =
                    serde_json::from_str(&self.ask(0, "/version").await.ok()?).ok()?;
                Some(answer["etcdserver"].as_str()?.to_owned())
            }
        }
    }

    /// Ends the nodes; their data goes when the folder is dropped.
    pub fn stop(self) -> TempDir {
        self.data
    }

    async fn ask(&self, node: usize, path: &str) -> Result<String> {
        let asked = async {
            let mut connection = Connection::open(self.addresses[node].clients).await?;
            connection.get(path).await
        };
        let (status, body) = tokio::time::timeout(ANSWER_MAX, asked)
            .await
            .context("wait for an answer")??;
        match status {
            200 => Ok(body),
            _ => bail!("get {path}: status {status}"),
        }
    }

    fn log(&self, node: usize) -> PathBuf {
        self.data.path().join(format!("n{}.log", node + 1))
    }

    /// The last that a node has written, for an error.
    fn said(&self, node: usize) -> String {
        let text = std::fs::read(self.log(node)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        match &lines[lines.len().saturating_sub(5)..] {
            [] => String::new(),
            last => format!("; it said:\n  {}", last.join("\n  ")),
        }
    }
}

/// Two addresses for each node that were free a moment ago.
fn free_addresses(count: u8) -> Result<Vec<Addresses>> {
    // All are held until the last is known, so that none is given twice.
    let held = (0..2 * usize::from(count)).map(|_| TcpListener::bind("127.0.0.1:0"));
    let held: Vec<TcpListener> = held
        .collect::<std::io::Result<_>>()
        .context("find free ports on loopback")?;
    let addresses = held.iter().map(TcpListener::local_addr);
    let addresses: Vec<SocketAddr> = addresses.collect::<std::io::Result<_>>()?;
    let pairs = addresses.chunks(2).map(|pair| Addresses {
        clients: pair[0],
        peers: pair[1],
    });
    Ok(pairs.collect())
}
