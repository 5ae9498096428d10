//! All nodes of a run and the network between them.
//!
//! Everything is a question to `&self` and may be asked from several tasks at once; a node is in one state at a
//! time, and what its state does not allow is refused. When to start or kill whom is for others to say.
//!
//! ```text
//!           start                ready
//!   Down ----------> Starting ----------> Up
//!    ^                  |                 |  kill
//!    +---- it ends -----+---- it ends ----+------> Stopping --- it ends ---> Down
//! ```
//!
//! A node that ends while it is up, or by something other than our own SIGKILL, is an [`UnexpectedExit`].
//!
//! Read next: [`crate::process`] for one process, [`crate::network`] for the links, `readiness` for when a node
//! is up.

mod errors;
mod readiness;

pub use errors::{ClusterError, KillError, PowerError, StartError};

use crate::disk::{Disk, DiskSpec, LossPolicy, Lost};
use crate::network::Network;
use crate::process::{self, Exit, Process, ProcessSpec};
use crate::system::{CommandLine, NodeVariables, System};
use nix::libc;
use std::fmt;
use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a cluster is made of.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    /// How its nodes are started.
    pub system: System,
    /// Their names, in order.
    pub nodes: Vec<String>,
    /// The run's directory; a node has `nodes/<name>/{stdout.log,stderr.log,command.txt,data/}` in it.
    pub dir: PathBuf,
    /// Whether each node's `data/` is a disk that can lose power and go wrong, and how it behaves; the nodes' seeds
    /// are drawn from the one given. While the cluster is there, nobody but the node should use its `data/`.
    pub disks: Option<DiskSpec>,
    /// The zero of the run's clock.
    pub epoch: Instant,
    /// The harness's own program file, for `{harness}`.
    pub harness: PathBuf,
    /// Arguments added to the command of every node.
    pub extra_args: Vec<String>,
}

/// What a node is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// No process.
    Down,
    /// A process that is not ready yet.
    Starting,
    /// A process that has been ready.
    Up,
    /// A process that was killed and is not gone yet.
    Stopping,
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NodeState::Down => "down",
            NodeState::Starting => "starting",
            NodeState::Up => "up",
            NodeState::Stopping => "stopping",
        })
    }
}

/// A node was started and is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// Its process id, as the sandbox numbers them.
    pub pid: u32,
    /// From the start of the process to the answer that says it is ready.
    pub took: Duration,
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

/// The nodes and the network of a run. Dropping it kills what still runs.
#[derive(Debug)]
pub struct Cluster {
    shared: Arc<Shared>,
    names: Vec<String>,
    exits: Mutex<Option<UnboundedReceiver<UnexpectedExit>>>,
}

#[derive(Debug)]
struct Shared {
    spec: ClusterSpec,
    network: Network,
    nodes: Vec<Node>,
    prober: reqwest::Client,
    tell_exit: UnboundedSender<UnexpectedExit>,
}

#[derive(Debug)]
struct Node {
    name: String,
    dir: PathBuf,
    command: CommandLine,
    ready_url: String,
    disk: Option<Arc<Disk>>,
    life: Arc<Mutex<Life>>,
}

#[derive(Debug)]
struct Life {
    state: NodeState,
    process: Option<Arc<Process>>,
    /// Its disk is without power: when its process is gone, it is not down yet.
    powerless: bool,
}

impl Cluster {
    /// Makes the directories and the network of a run. No node is started.
    ///
    /// # Errors
    /// When the network or a directory cannot be made.
    pub fn new(spec: ClusterSpec) -> Result<Cluster, ClusterError> {
        let dir = std::path::absolute(&spec.dir).map_err(ClusterError::directory(&spec.dir))?;
        let network = Network::start(&spec.nodes)?;
        let hosts: Vec<_> = spec
            .nodes
            .iter()
            .map(|name| (name.clone(), network.ip(name)))
            .collect();
        let nodes = (1..)
            .zip(&hosts)
            .map(|(index, (name, ip))| Node::new(&spec, &dir, &hosts, index, name, *ip))
            .collect::<Result<_, _>>()?;
        let (tell_exit, exits) = unbounded_channel();
        let prober = readiness::prober().map_err(ClusterError::Prober)?;
        let names = spec.nodes.clone();
        let shared = Arc::new(Shared {
            spec,
            network,
            nodes,
            prober,
            tell_exit,
        });
        Ok(Cluster {
            shared,
            names,
            exits: Mutex::new(Some(exits)),
        })
    }

    /// Starts a node and waits until it is ready. Goes on to the end even when nobody waits for it any more.
    ///
    /// # Errors
    /// When the node is not down, or does not become ready; then it is down again.
    pub async fn start(&self, node: &str) -> Result<Started, StartError> {
        let place = self.place(node).ok_or_else(|| StartError::Unknown {
            node: node.to_owned(),
        })?;
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move { shared.start(place).await });
        task.await
            .expect("starting a node neither panics nor is given up")
    }

    /// Kills a node (SIGKILL, with all of its process group) and waits until it is gone.
    ///
    /// # Errors
    /// When the node is not up, or had ended by itself before the signal reached it.
    pub async fn kill(&self, node: &str) -> Result<Killed, KillError> {
        let place = self.kill_place(node)?;
        let (process, signalled_at) = self.shared.begin_kill(place, false)?;
        self.shared.nodes[place].killed(&process, signalled_at).await
    }

    /// Power fails for a node: it is killed as by [`Cluster::kill`], and when it is gone, its disk loses what was not
    /// synced, as the policy says. When this returns the node is down and its disk has power again. Goes on to the
    /// end even when nobody waits for it any more.
    ///
    /// # Errors
    /// When the node is not up or has no disk, and nothing has happened; when it had ended by itself, and its disk
    /// has lost power all the same; when the disk does not come back, and the node stays as it is, stopping.
    pub async fn lose_power(&self, node: &str, policy: LossPolicy) -> Result<PowerLost, PowerError> {
        let place = self.kill_place(node)?;
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move { shared.lose_power(place, policy).await });
        task.await
            .expect("a power failure neither panics nor is given up")
    }

    /// The disk of a node, if nodes have disks.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn disk(&self, node: &str) -> Option<&Disk> {
        let place = self.place(node).unwrap_or_else(|| panic!("no node {node:?}"));
        self.shared.nodes[place].disk.as_deref()
    }

    /// Kills all nodes that have a process, and waits until they are gone.
    pub async fn stop_all(&self) {
        for process in self.shared.kill_all() {
            process.ended().await;
        }
    }

    /// What a node is doing.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn state(&self, node: &str) -> NodeState {
        let place = self.place(node).unwrap_or_else(|| panic!("no node {node:?}"));
        self.shared.nodes[place].lock().state
    }

    /// The nodes that end though nobody asked them to, as it happens.
    ///
    /// # Panics
    /// When it is asked for a second time: an exit is told once.
    pub fn exits(&self) -> UnboundedReceiver<UnexpectedExit> {
        let mut exits = self.exits.lock().expect("nobody panics while holding this lock");
        exits.take().expect("the exits are taken once")
    }

    /// The network between the nodes.
    pub fn network(&self) -> &Network {
        &self.shared.network
    }

    /// The names of the nodes, in order.
    pub fn nodes(&self) -> &[String] {
        &self.names
    }

    /// The address of a node.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn ip(&self, node: &str) -> Ipv4Addr {
        self.shared.network.ip(node)
    }

    fn kill_place(&self, node: &str) -> Result<usize, KillError> {
        self.place(node).ok_or_else(|| KillError::Unknown {
            node: node.to_owned(),
        })
    }

    fn place(&self, node: &str) -> Option<usize> {
        self.names.iter().position(|name| name == node)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.shared.kill_all();
    }
}

impl Shared {
    async fn start(&self, place: usize) -> Result<Started, StartError> {
        let node = &self.nodes[place];
        let name = || node.name.clone();
        let process = self.spawn(node)?;
        let begun = Instant::now();
        let ready = &self.spec.system.node.ready;
        let outcome = tokio::select! {
            exit = process.ended() => Err(StartError::exited(name(), &exit, begun.elapsed())),
            outcome = readiness::wait(&self.prober, &node.ready_url, ready) => Ok(outcome),
        };
        if let Err(last_try) = outcome? {
            process.kill();
            let exit = process.ended().await;
            return Err(StartError::NotReady {
                node: name(),
                after: ready.timeout,
                url: node.ready_url.clone(),
                last_try,
                stderr: exit.stderr,
            });
        }
        let took = begun.elapsed();
        {
            let mut life = node.lock();
            if life.state == NodeState::Starting {
                life.state = NodeState::Up;
                return Ok(Started {
                    pid: process.pid(),
                    took,
                });
            }
        }
        // It answered, but has ended or been stopped since.
        Err(StartError::exited(name(), &process.ended().await, took))
    }

    /// Starts the process of a node that is down.
    fn spawn(&self, node: &Node) -> Result<Arc<Process>, StartError> {
        // Held until the process is noted down: its end waits for the lock, and so comes after its start.
        let mut life = node.lock();
        if life.state != NodeState::Down {
            return Err(StartError::NotDown {
                node: node.name.clone(),
                state: life.state,
            });
        }
        let spec = ProcessSpec {
            command: &node.command,
            dir: &node.dir,
            network_namespace: self.network.shared_namespace(&node.name),
            epoch: self.spec.epoch,
            node: &node.name,
        };
        let (name, tell, its_life) = (node.name.clone(), self.tell_exit.clone(), Arc::clone(&node.life));
        let at_end = move |exit: &Exit| {
            let mut life = lock(&its_life);
            let asked_for = match life.state {
                // Whoever is starting it hears of it.
                NodeState::Starting => true,
                NodeState::Stopping => was_our_kill(exit),
                NodeState::Up | NodeState::Down => false,
            };
            let state = if life.powerless {
                NodeState::Stopping
            } else {
                NodeState::Down
            };
            (life.state, life.process) = (state, None);
            if !asked_for {
                // Nobody may be listening any more, at the end of a run.
                let _ = tell.send(UnexpectedExit {
                    node: name,
                    at_ns: u64::try_from(exit.at.as_nanos()).unwrap_or(u64::MAX),
                    status: process::words(exit.status),
                    stderr: exit.stderr.clone(),
                });
            }
        };
        let process = Process::start(&spec, at_end).map_err(|source| StartError::Spawn {
            node: node.name.clone(),
            program: node.command.argv[0].clone(),
            source,
        })?;
        let process = Arc::new(process);
        (life.state, life.process) = (NodeState::Starting, Some(Arc::clone(&process)));
        Ok(process)
    }

    /// Sends the signal to a node that is up.
    fn begin_kill(&self, place: usize, powerless: bool) -> Result<(Arc<Process>, Duration), KillError> {
        let node = &self.nodes[place];
        let mut life = node.lock();
        let process = match (life.state, &life.process) {
            (NodeState::Up, Some(process)) => Arc::clone(process),
            (state, _) => {
                return Err(KillError::NotUp {
                    node: node.name.clone(),
                    state,
                });
            }
        };
        (life.state, life.powerless) = (NodeState::Stopping, powerless);
        let signalled_at = self.spec.epoch.elapsed();
        process.kill();
        Ok((process, signalled_at))
    }

    async fn lose_power(&self, place: usize, policy: LossPolicy) -> Result<PowerLost, PowerError> {
        let node = &self.nodes[place];
        let disk = node.disk.clone().ok_or_else(|| PowerError::NoDisk {
            node: node.name.clone(),
        })?;
        let (process, signalled_at) = self.begin_kill(place, true)?;
        // The signal comes first: no program lives to see the errors of a disk without power.
        let cut = Arc::clone(&disk);
        blocking(move || cut.cut_power()).await;
        let killed = node.killed(&process, signalled_at).await;
        let lost = blocking(move || disk.lose_power(policy)).await;
        let lost = lost.map_err(|source| PowerError::Disk {
            node: node.name.clone(),
            source,
        })?;
        let mut life = node.lock();
        (life.state, life.powerless) = (NodeState::Down, false);
        Ok(PowerLost {
            killed: killed?,
            lost,
        })
    }

    fn kill_all(&self) -> Vec<Arc<Process>> {
        let mut killed = Vec::new();
        for node in &self.nodes {
            let mut life = node.lock();
            if let Some(process) = life.process.clone() {
                life.state = NodeState::Stopping;
                process.kill();
                killed.push(process);
            }
        }
        killed
    }
}

impl Node {
    fn new(
        spec: &ClusterSpec,
        run_dir: &Path,
        hosts: &[(String, Ipv4Addr)],
        index: usize,
        name: &str,
        ip: Ipv4Addr,
    ) -> Result<Node, ClusterError> {
        let dir = run_dir.join("nodes").join(name);
        let data = dir.join("data");
        std::fs::create_dir_all(&data).map_err(ClusterError::directory(&data))?;
        let disk = match &spec.disks {
            Some(disks) => {
                let disk = Disk::mount(&data, &dir.join("removed"), disks.of_node(index))?;
                Some(Arc::new(disk))
            }
            None => None,
        };
        let variables = NodeVariables {
            node: name,
            index,
            ip,
            data: text(&data)?,
            harness: text(&spec.harness)?,
            hosts,
        };
        let mut command = spec.system.node.command_line(&variables);
        command.argv.extend(spec.extra_args.iter().cloned());
        // The node runs in a directory of its own; a program that was named from here is meant from here.
        if command.argv[0].contains('/') {
            let program = PathBuf::from(&command.argv[0]);
            let program = std::path::absolute(&program).map_err(ClusterError::directory(&program))?;
            command.argv[0] = text(&program)?.to_owned();
        }
        let typed = dir.join("command.txt");
        std::fs::write(&typed, process::as_typed(&command, &dir)).map_err(ClusterError::directory(&typed))?;
        let ready_url = spec.system.node.ready.url(name, index, ip);
        let life = Arc::new(Mutex::new(Life {
            state: NodeState::Down,
            process: None,
            powerless: false,
        }));
        Ok(Node {
            name: name.to_owned(),
            dir,
            command,
            ready_url,
            disk,
            life,
        })
    }

    /// Waits until a process that was sent SIGKILL is gone.
    async fn killed(&self, process: &Process, signalled_at: Duration) -> Result<Killed, KillError> {
        let exit = process.ended().await;
        if !was_our_kill(&exit) {
            return Err(KillError::EndedBefore {
                node: self.name.clone(),
                status: process::words(exit.status),
            });
        }
        Ok(Killed {
            pid: process.pid(),
            took: exit.at.saturating_sub(signalled_at),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Life> {
        lock(&self.life)
    }
}

fn lock(life: &Mutex<Life>) -> MutexGuard<'_, Life> {
    life.lock().expect("nobody panics while holding this lock")
}

/// Off the threads of the runtime, for it takes as long as a disk does.
async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(act)
        .await
        .expect("it neither panics nor is given up")
}

fn text(path: &Path) -> Result<&str, ClusterError> {
    path.to_str().ok_or_else(|| ClusterError::NotText {
        path: path.to_owned(),
    })
}

fn was_our_kill(exit: &Exit) -> bool {
    exit.status.signal() == Some(libc::SIGKILL)
}
