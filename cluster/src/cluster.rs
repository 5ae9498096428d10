//! All nodes of a run and the network between them.
//!
//! Everything is a question to `&self` and may be asked from several tasks at once; a node is in one state at a
//! time, and what its state does not allow is refused. When to start, pause or kill whom is for others to say.
//!
//! A node that ends while it is up or paused, or by something other than our own SIGKILL when it was killed, is
//! an [`UnexpectedExit`].
//!
//! Read next: `life` for the states of a node, `start`, `stop` and `pause` for what happens between them, `primary` for how
//! nodes are asked who leads, `member` for how they are asked who the members are,
//! [`crate::process`] for one process, [`crate::network`] for the links.

mod errors;
mod life;
mod member;
mod node;
mod outcome;
mod pause;
mod primary;
mod readiness;
mod start;
mod stop;

pub use errors::{ClusterError, KillError, PauseError, PowerError, ResumeError, StartError, TerminateError};
pub use life::NodeState;
pub use member::MemberError;
pub use outcome::{
    EndedBy, Killed, Paused, PowerLost, Resumed, SlowStart, Started, Terminated, UnexpectedExit,
};
pub use primary::PrimaryTold;

use crate::clock::{Clock, Library};
use crate::disk::{Disk, DiskSpec, LossPolicy};
use crate::log::LogWatch;
use crate::network::{Backend, Network, NetworkError};
use crate::system::{MemberChange, System};
use crate::warden;
use node::Node;
use regex::bytes::Regex as LinePattern;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
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
    /// The run's seed, of which the network's faults throw their dice.
    pub seed: u64,
    /// Arguments added to the command of every node.
    pub extra_args: Vec<String>,
    /// Whether its nodes get clocks that can be changed; see [`crate::clock`]. Every look that a node takes at the
    /// time of day then costs it some microseconds.
    pub clocks: bool,
    /// How its nodes are connected: by the switch, inside the sandbox, or by proxies, with a warden.
    pub network: Backend,
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
    network: Arc<Network>,
    nodes: Vec<Node>,
    prober: reqwest::Client,
    tell_exit: UnboundedSender<UnexpectedExit>,
}

impl Cluster {
    /// Makes the directories and the network of a run. No node is started.
    ///
    /// # Errors
    /// When the network or a directory cannot be made; with clocks, when libfaketime is missing or cannot reach the
    /// program of a node.
    pub fn new(spec: ClusterSpec) -> Result<Cluster, ClusterError> {
        let dir = std::path::absolute(&spec.dir).map_err(ClusterError::directory(&spec.dir))?;
        // First, for it says in a moment what no run would survive.
        refuse_what_needs_the_sandbox(&spec)?;
        let library = if spec.clocks {
            Some(Arc::new(Library::prepare().map_err(ClusterError::Clocks)?))
        } else {
            None
        };
        let network = Arc::new(build_network(&spec)?);
        let nodes = (1..)
            .zip(&spec.nodes)
            .map(|(index, name)| Node::new(&spec, &dir, &network, index, name, library.as_ref()))
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
        self.start_as(node, None).await
    }

    /// The same, but the node is stopped on its way (SIGSTOP to all of its processes) and goes on: it may have read half of
    /// what it has, or listen and not answer. The time that it has to become ready counts from when it goes on.
    ///
    /// # Errors
    /// As [`Cluster::start`]; that it cannot be stopped is none.
    pub async fn start_slowly(&self, node: &str, slow: SlowStart) -> Result<Started, StartError> {
        self.start_as(node, Some(slow)).await
    }

    async fn start_as(&self, node: &str, slow: Option<SlowStart>) -> Result<Started, StartError> {
        let unknown = || StartError::Unknown {
            node: node.to_owned(),
        };
        let place = self.place(node).ok_or_else(unknown)?;
        let shared = Arc::clone(&self.shared);
        to_its_end(async move { shared.start(place, slow).await }).await
    }

    /// Kills a node (SIGKILL, with every process that it has) and waits until it is gone. Works on a paused node.
    ///
    /// # Errors
    /// When the node is neither up nor paused, or had ended by itself before the signal reached it.
    pub async fn kill(&self, node: &str) -> Result<Killed, KillError> {
        let unknown = || KillError::Unknown {
            node: node.to_owned(),
        };
        self.shared.kill(self.place(node).ok_or_else(unknown)?).await
    }

    /// Power fails for a node: it is killed as by [`Cluster::kill`], and when it is gone, its disk loses what was not
    /// synced, as the policy says. When this returns the node is down and its disk has power again. Goes on to the
    /// end even when nobody waits for it any more.
    ///
    /// # Errors
    /// When the node is neither up nor paused or has no disk, and nothing has happened; when it had ended by itself,
    /// and its disk has lost power all the same; when the disk does not come back, and the node stays as it is,
    /// stopping.
    pub async fn lose_power(&self, node: &str, policy: LossPolicy) -> Result<PowerLost, PowerError> {
        let unknown = || KillError::Unknown {
            node: node.to_owned(),
        };
        let place = self.place(node).ok_or_else(unknown)?;
        let shared = Arc::clone(&self.shared);
        to_its_end(async move { shared.lose_power(place, policy).await }).await
    }

    /// The disk of a node, if nodes have disks.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn disk(&self, node: &str) -> Option<&Disk> {
        let place = self.place(node).unwrap_or_else(|| panic!("no node {node:?}"));
        self.shared.nodes[place].disk.as_deref()
    }

    /// Asks a node to end (SIGTERM, to its process group) and waits until it is gone; after `patience` it is
    /// killed. However it ends then, it was asked for. Goes on to the end even when nobody waits for it any more.
    ///
    /// # Errors
    /// When the node is not up: a paused one would not hear it.
    pub async fn terminate(&self, node: &str, patience: Duration) -> Result<Terminated, TerminateError> {
        let unknown = || TerminateError::Unknown {
            node: node.to_owned(),
        };
        let place = self.place(node).ok_or_else(unknown)?;
        let shared = Arc::clone(&self.shared);
        to_its_end(async move { shared.terminate(place, patience).await }).await
    }

    /// Stops every process of a node (SIGSTOP), also those that left its group, and waits until the kernel
    /// confirms that no thread of them runs. Its connections stay open, and nobody answers. Goes on to the end
    /// even when nobody waits for it any more.
    ///
    /// # Errors
    /// When the node is not up, ends meanwhile, or cannot be seen to have stopped; then it goes on running.
    pub async fn pause(&self, node: &str) -> Result<Paused, PauseError> {
        let unknown = || PauseError::Unknown {
            node: node.to_owned(),
        };
        let place = self.place(node).ok_or_else(unknown)?;
        let shared = Arc::clone(&self.shared);
        to_its_end(async move { shared.pause(place).await }).await
    }

    /// Lets a paused node go on (SIGCONT) and waits until the kernel confirms it. Goes on to the end even when
    /// nobody waits for it any more.
    ///
    /// # Errors
    /// When the node is not paused, ends meanwhile, or cannot be seen to go on; then it is still paused.
    pub async fn resume(&self, node: &str) -> Result<Resumed, ResumeError> {
        let unknown = || ResumeError::Unknown {
            node: node.to_owned(),
        };
        let place = self.place(node).ok_or_else(unknown)?;
        let shared = Arc::clone(&self.shared);
        to_its_end(async move { shared.resume(place).await }).await
    }

    /// Kills all nodes that have a process, paused or not, and waits until they are gone.
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
        self.shared.nodes[place].lock().phase.state()
    }

    /// Where a node listens for TCP connections now, as the kernel has it; nowhere when it has no process.
    ///
    /// # Panics
    /// When there is none of this name.
    pub async fn listening(&self, node: &str) -> BTreeSet<SocketAddr> {
        let place = self.place(node).unwrap_or_else(|| panic!("no node {node:?}"));
        let process = self.shared.nodes[place].lock().process.clone();
        match process {
            Some(process) => process.listening().await,
            None => BTreeSet::new(),
        }
    }

    /// Asks all nodes at once whether each is the primary, in the way that the descriptor says; none that is not up. Each has
    /// as long for its answer as the descriptor gives it.
    pub async fn ask_for_primary(&self) -> Vec<PrimaryTold> {
        self.shared.ask_for_primary().await
    }

    /// Asks one node who the members are, in the way that the descriptor says: each by its name, with what the system calls
    /// it.
    ///
    /// # Errors
    /// When it is not up, does not answer, or says something else; when the descriptor does not say how it is asked.
    pub async fn members(&self, asked: &str) -> Result<BTreeMap<String, String>, MemberError> {
        self.shared.members(self.member_place(asked)?).await
    }

    /// Asks one node to take another one out of the membership, which the system calls `id`. The answer says that it was
    /// heard; who are members then, [`Cluster::members`] says.
    ///
    /// # Errors
    /// As [`Cluster::members`]. It may be done all the same, later.
    pub async fn remove_member(&self, asked: &str, node: &str, id: &str) -> Result<(), MemberError> {
        let (asked, node) = (self.member_place(asked)?, self.member_place(node)?);
        let change = MemberChange::Remove(id);
        self.shared.change_members(asked, node, change).await
    }

    /// Asks one node to take another one into the membership.
    ///
    /// # Errors
    /// As [`Cluster::remove_member`].
    pub async fn add_member(&self, asked: &str, node: &str) -> Result<(), MemberError> {
        let (asked, node) = (self.member_place(asked)?, self.member_place(node)?);
        self.shared.change_members(asked, node, MemberChange::Add).await
    }

    /// Says that a node is about to join as a new member: its `{joins}` is one more from now on, also to others. To be said before
    /// it is taken in, so that whoever is behind cannot take it for the member that it was.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn will_join(&self, node: &str) {
        let place = self.place(node).unwrap_or_else(|| panic!("no node {node:?}"));
        self.shared.will_join(place);
    }

    /// Whether a node may end by itself from now on without being told by [`Cluster::exits`]: who hears that he is no member
    /// any more may leave.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn expect_end(&self, node: &str, is_expected: bool) {
        let place = self.place(node).unwrap_or_else(|| panic!("no node {node:?}"));
        self.shared.nodes[place].lock().may_end = is_expected;
    }

    /// Takes away all that a node has on its disk; from now on it is started as a new member beside these, itself among them.
    ///
    /// # Errors
    /// When it is not down, or its disk does not do as it is told.
    pub async fn begin_anew(&self, node: &str, members: Vec<String>) -> Result<(), MemberError> {
        let place = self.member_place(node)?;
        let state = self.state(node);
        if state != NodeState::Down {
            return Err(MemberError::NotUp {
                node: node.to_owned(),
                state: state.to_string(),
            });
        }
        let begun = self.shared.begin_anew(place, members).await;
        begun.map_err(|why| MemberError::Says {
            node: node.to_owned(),
            why: why.to_string(),
        })
    }

    fn member_place(&self, node: &str) -> Result<usize, MemberError> {
        self.place(node).ok_or_else(|| MemberError::NotUp {
            node: node.to_owned(),
            state: "no node".to_owned(),
        })
    }

    /// The nodes that end though nobody asked them to, as it happens.
    ///
    /// # Panics
    /// When it is asked for a second time: an exit is told once.
    pub fn exits(&self) -> UnboundedReceiver<UnexpectedExit> {
        let mut exits = self.exits.lock().expect("nobody panics while holding this lock");
        exits.take().expect("the exits are taken once")
    }

    /// Waits for the next line that a node writes to stdout or stderr and that matches, from now on, also in a life
    /// that has not begun. At most [`crate::log::LINE_BYTES_MAX`] bytes of a line are looked at.
    ///
    /// # Panics
    /// When there is no node of this name.
    pub fn watch_log(&self, node: &str, pattern: LinePattern) -> LogWatch {
        let place = self.place(node).unwrap_or_else(|| panic!("no node {node:?}"));
        self.shared.nodes[place].watches.add(pattern)
    }

    /// The clock of a node; `None` when the cluster was made without.
    ///
    /// # Panics
    /// When there is no node of this name.
    pub fn clock(&self, node: &str) -> Option<&Clock> {
        let place = self.place(node).unwrap_or_else(|| panic!("no node {node:?}"));
        self.shared.nodes[place].clock.as_ref()
    }

    /// The network between the nodes.
    pub fn network(&self) -> &Network {
        &self.shared.network
    }

    /// The names of the nodes, in order.
    pub fn nodes(&self) -> &[String] {
        &self.names
    }

    /// The address at which the client reaches a node.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn ip(&self, node: &str) -> Ipv4Addr {
        self.shared.network.ip(node)
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

/// The other backends are for where there is no sandbox.
fn refuse_what_needs_the_sandbox(spec: &ClusterSpec) -> Result<(), ClusterError> {
    let what = match (spec.clocks, &spec.disks) {
        _ if spec.network == Backend::Switch => return Ok(()),
        (true, _) => "clocks that can be changed",
        (false, Some(_)) => "disks that can fail",
        (false, None) => return Ok(()),
    };
    Err(ClusterError::NeedsSandbox { what })
}

fn build_network(spec: &ClusterSpec) -> Result<Network, NetworkError> {
    match spec.network {
        Backend::Switch => Network::start(&spec.nodes, spec.seed),
        Backend::Proxy if warden::posted().is_none() => Err(NetworkError::NoWarden),
        Backend::Proxy => Network::start_proxies(&spec.nodes, &spec.system.node.ports, spec.seed),
        Backend::Messages if warden::posted().is_none() => Err(NetworkError::NoWarden),
        Backend::Messages => Network::start_messages(&spec.nodes, spec.seed),
    }
}

/// Does something to its end, also when whoever waits for it goes away.
async fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    tokio::spawn(work)
        .await
        .expect("it neither panics nor is given up")
}
