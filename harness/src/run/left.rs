//! Nodes that go on when their run is over: how they are reached from this machine, until somebody stops them.
//!
//! The nodes live in namespaces of the run, where only the run can reach them. A *door* is a socket that was made before
//! the run went in there, and listens on a loopback address of the machine; who comes in is passed on to a node. So nothing is
//! left behind here either: the doors, the nodes and the namespaces end with the harness.

use crate::interrupt::Interrupt;
use anyhow::{Context, Result};
use cluster::system::ReadyQuestion;
use cluster::{Backend, Cluster, NodeState, System};
use results::RunDir;
use results::text::visible;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// How many doors a node has where its descriptor does not say at which ports it listens.
const DOORS_UNTOLD: usize = 4;

/// Sockets on this machine that listen, some for each node.
#[derive(Debug)]
pub struct Doors(Vec<Vec<std::net::TcpListener>>);

impl Doors {
    /// Makes those for some nodes that listen at these ports; at some, where none are known.
    ///
    /// # Errors
    /// When the machine has none free.
    pub fn make(nodes: &[String], ports: &[u16]) -> std::io::Result<Doors> {
        let per_node = match ports.len() {
            0 => DOORS_UNTOLD,
            known => known,
        };
        let door = |_| {
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let of_node = |_: &String| (0..per_node).map(door).collect();
        nodes
            .iter()
            .map(of_node)
            .collect::<std::io::Result<_>>()
            .map(Doors)
    }
}

/// The nodes of a run that is over.
pub struct Left {
    /// They, and what is between them.
    pub cluster: Arc<Cluster>,
    /// What they are.
    pub system: System,
    /// The run's folder.
    pub directory: RunDir,
    /// Whether what is on their disks stays when they are gone.
    pub are_disks_kept: bool,
}

/// Where a port of a node is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    port: u16,
    from_here: SocketAddrV4,
}

impl Left {
    /// Says how the nodes are reached, waits until somebody asks to stop, and ends them.
    ///
    /// # Errors
    /// When a door does not open; the nodes are ended then, too.
    pub async fn stay(self, doors: Option<Doors>, mut interrupt: Interrupt) -> Result<()> {
        interrupt.run_is_over();
        let told = self.told(doors).await;
        if let Ok(told) = &told {
            eprint!("{told}");
            interrupt.wait().await;
        }
        self.cluster.stop_all().await;
        if !self.are_disks_kept {
            self.directory.clear_disks(self.cluster.nodes());
        }
        told.map(drop)
    }

    /// Opens the doors, and says where they are.
    async fn told(&self, doors: Option<Doors>) -> Result<String> {
        let mut doors = doors.map(|doors| doors.0.into_iter());
        let mut text =
            "\n The nodes go on, without faults. From this machine they are reached at\n\n".to_owned();
        let mut example = None;
        for (index, node) in (1..).zip(self.cluster.nodes()) {
            let its_doors = doors.as_mut().map(|doors| doors.next().unwrap_or_default());
            let ways = match its_doors {
                Some(doors) => self.through(node, doors).await?,
                None => self.without_doors(node).await,
            };
            let told = ways
                .iter()
                .map(|way| format!("{}  its port {}", way.from_here, way.port));
            let told = match (self.cluster.state(node), ways.is_empty()) {
                (NodeState::Up, false) => told.collect::<Vec<_>>().join("     "),
                (NodeState::Up, true) => "listens at no port".to_owned(),
                _ => "does not run; its log says why".to_owned(),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "   {:8} {told}", visible(node, 40));
            example = example.or_else(|| self.example(node, index, &ways));
        }
        if let Some(example) = example {
            let _ = writeln!(text, "\n as in    {example}");
        }
        let logs = self.directory.path().join("nodes");
        let _ = writeln!(text, " logs     {}", visible(&logs.display().to_string(), 200));
        text += " stop     Ctrl-C; nothing of them is left then\n";
        Ok(text)
    }

    /// Where a node listens for others, those ports first that its descriptor names.
    async fn ports(&self, node: &str) -> Vec<u16> {
        let (ip, named) = (IpAddr::V4(self.cluster.ip(node)), &self.system.node.ports);
        let listening = self.cluster.listening(node).await;
        let for_others = |address: &&SocketAddr| address.ip() == ip || address.ip().is_unspecified();
        let ports: BTreeSet<u16> = listening
            .iter()
            .filter(for_others)
            .map(SocketAddr::port)
            .collect();
        let first = named.iter().copied().filter(|port| ports.contains(port));
        let others = ports.iter().copied().filter(|port| !named.contains(port));
        first.chain(others).collect()
    }

    /// The ways to a node in a namespace, one for each of its doors.
    async fn through(&self, node: &str, doors: Vec<std::net::TcpListener>) -> Result<Vec<Way>> {
        let mut ways = Vec::new();
        for (port, door) in self.ports(node).await.into_iter().zip(doors) {
            let door = TcpListener::from_std(door).context("listen for whoever wants to reach the nodes")?;
            let SocketAddr::V4(from_here) = door.local_addr()? else {
                unreachable!("it was made with an address of version 4");
            };
            tokio::spawn(pass_on(door, SocketAddrV4::new(self.cluster.ip(node), port)));
            ways.push(Way { port, from_here });
        }
        Ok(ways)
    }

    /// The ways to a node that is on this machine's own network.
    async fn without_doors(&self, node: &str) -> Vec<Way> {
        if self.cluster.network().backend() != Backend::Proxy || self.cluster.state(node) != NodeState::Up {
            return Vec::new();
        }
        let at = |port: &u16| Way {
            port: *port,
            from_here: SocketAddrV4::new(self.cluster.ip(node), *port),
        };
        self.system.node.ports.iter().map(at).collect()
    }

    /// A question to a node as it can be typed, when it is ready for that: the one that the descriptor asks.
    fn example(&self, node: &str, index: usize, ways: &[Way]) -> Option<String> {
        let ip = self.cluster.ip(node);
        let words = match self.system.node.ready.question(node, index, ip) {
            ReadyQuestion::Get { url, .. } => {
                let way = ways
                    .iter()
                    .find(|way| url.starts_with(&format!("http://{ip}:{}/", way.port)))?;
                let path = url.strip_prefix(&format!("http://{ip}:{}", way.port))?;
                vec!["curl".to_owned(), format!("http://{}{path}", way.from_here)]
            }
            ReadyQuestion::Command { address, words, .. } => {
                let way = ways.iter().find(|way| way.port == address.port())?;
                let (host, port) = (way.from_here.ip().to_string(), way.from_here.port().to_string());
                let cli = ["redis-cli", "-h", &host, "-p", &port].map(str::to_owned);
                cli.into_iter().chain(words).collect()
            }
            ReadyQuestion::Text { .. } | ReadyQuestion::Init => return None,
        };
        Some(visible(&results::text::command(&words), 300))
    }
}

/// Passes whoever comes in on to a node, and back what it says.
async fn pass_on(door: TcpListener, node: SocketAddrV4) {
    while let Ok((mut from_here, _)) = door.accept().await {
        tokio::spawn(async move {
            // Who is not let in sees that his connection ends, as at a node that is gone.
            if let Ok(mut to_node) = TcpStream::connect(node).await {
                let _ = copy_bidirectional(&mut from_here, &mut to_node).await;
            }
        });
    }
}
