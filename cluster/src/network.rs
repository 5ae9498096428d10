//! The network between the nodes: each has a network namespace and an address of its own, and every packet
//! between any two of them passes through the harness.
//!
//! ```text
//!   namespace of n1          the harness             namespace of n2
//!   10.0.0.1 on a TUN  <-->  the switch thread  <-->  10.0.0.2 on a TUN
//!                                 |
//!                   "client": 10.0.0.254 on a TUN in the harness's own namespace
//! ```
//!
//! Links are *directed*: from n1 to n2 and from n2 to n1 are two links, each with its counters, and a rule is about
//! any set of them, those of the client included. There is no firewall, no bridge and no cooperation from the system
//! under test. Which links to disturb, how, and when, is not decided here.
//!
//! Where there are no namespaces there is a second [`Backend`]: TCP proxies on loopback addresses, behind the same
//! rules and counters, which count chunks of streams then instead of packets. A third is for nodes that have no network
//! at all, but messages on stdin and stdout.
//!
//! Read next: [`link_rule`] for what can be done to packets; `switch` for the thread that moves them, `ports` for its
//! ends of the interfaces, `pipeline` for the rules between them; `host` for namespaces and interfaces; `capture` for
//! the file that Wireshark opens; `backend` for what proxies cannot do, `proxy` for how they do the rest, and `messages` for the third.

mod anatomy;
mod backend;
mod capture;
mod check;
mod corruption;
mod counters;
mod distribution;
mod effect;
mod errors;
mod host;
pub mod link_rule;
mod matching;
mod messages;
mod netlink;
mod orders;
mod packet;
mod pcapng;
mod pipeline;
mod ports;
mod proxy;
mod queue;
mod reset;
mod rules;
mod switch;
mod turns;

pub use backend::{Backend, CannotBe, MESSAGES_CANNOT, PROXY_CANNOT};
pub use capture::{Capture, CaptureSummary};
pub use check::RuleError;
pub use counters::{LinkCounters, RuleCounters, RuleLinkCounters, Strays, Traffic};
pub use errors::NetworkError;
pub use link_rule::LinkRule;
pub use messages::{Asking, NoAnswer};
pub use queue::WAITING_BYTES_MAX;
pub use rules::RuleId;

use crate::sandbox::is_inside;
use counters::Counters;
use host::Host;
use link_rule::{Effect, Match, Protocol};
pub(crate) use messages::Messages;
use orders::{Order, Worker};
use ports::Ports;
use proxy::loopback::Block;
use rules::Rules;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// A place in [`Network::hosts`]: the nodes in their order, then the client.
pub type HostId = usize;

/// The host that the harness's own clients are.
pub const CLIENT: &str = "client";

/// How many nodes a network can have: one address each in 10.0.0.0/24, beside the client's.
pub const NODES_MAX: usize = 250;

/// A running network. Dropping it stops its thread; the namespaces go with their last process.
#[derive(Debug)]
pub struct Network {
    names: Arc<[String]>,
    place: Place,
    rules: Rules,
    counters: Arc<Counters>,
    is_captured: AtomicBool,
    // Last, so that it stops after everything above could still be asked for.
    worker: Worker,
}

/// Where the hosts are.
#[derive(Debug)]
enum Place {
    /// Each in a network namespace of its own.
    Namespaces(Vec<Arc<OwnedFd>>),
    /// Behind loopback addresses.
    Loopback(Arc<Block>),
    /// At the other end of their stdin and stdout. Their addresses are those of the switch, and only captures have them.
    Streams(Arc<Messages>),
}

impl Network {
    /// Builds the hosts, one per node and the client, and starts the switch between them. Must be called inside
    /// the sandbox, since the client's interface is made in the caller's network namespace.
    ///
    /// The seed is that of the dice that rules throw: the n-th packet that a rule acts on, on one of its links, fares
    /// the same in every network with this seed. (Which packet comes n-th is up to the hosts.)
    ///
    /// # Errors
    /// When a name is not usable, or the machine refuses a step.
    pub fn start(nodes: &[String], seed: u64) -> Result<Network, NetworkError> {
        if !is_inside() {
            return Err(NetworkError::OutsideSandbox);
        }
        check_names(nodes)?;
        let hosts = build_hosts(nodes)?;
        let names: Arc<[String]> = nodes.iter().cloned().chain([CLIENT.to_owned()]).collect();
        let rules = Rules::new(Arc::clone(&names), seed);
        let counters = Arc::new(Counters::new(Arc::clone(&names)));
        let (namespaces, devices): (Vec<_>, Vec<_>) = hosts
            .into_iter()
            .map(|host| (Arc::new(host.namespace), host.device))
            .unzip();
        let addresses = (0..names.len()).map(|host| address(host, nodes.len())).collect();
        let ports = Ports::new(devices, addresses, Arc::clone(&counters));
        let worker = switch::start(ports).map_err(|source| NetworkError::Build {
            what: "start the switch",
            host: "all hosts".to_owned(),
            source,
        })?;
        Ok(Network {
            names,
            place: Place::Namespaces(namespaces),
            rules,
            counters,
            is_captured: AtomicBool::new(false),
            worker,
        })
    }

    /// Starts proxies between nodes that listen on these TCP ports, and for the client. Needs no sandbox. A node is
    /// dialled only after [`Network::open`].
    ///
    /// The seed is that of [`Network::start`]; also, the search for loopback addresses that no other run uses begins
    /// where it says.
    ///
    /// # Errors
    /// When a name is not usable, there are no ports, or the machine refuses a step.
    pub fn start_proxies(nodes: &[String], ports: &[u16], seed: u64) -> Result<Network, NetworkError> {
        check_names(nodes)?;
        if ports.is_empty() {
            return Err(NetworkError::NoPorts);
        }
        let names: Arc<[String]> = nodes.iter().cloned().chain([CLIENT.to_owned()]).collect();
        let block = Arc::new(Block::claim(nodes.len(), seed)?);
        let rules = Rules::new(Arc::clone(&names), seed);
        let counters = Arc::new(Counters::new(Arc::clone(&names)));
        let worker = proxy::start(Arc::clone(&block), &names, ports, Arc::clone(&counters))?;
        Ok(Network {
            names,
            place: Place::Loopback(block),
            rules,
            counters,
            is_captured: AtomicBool::new(false),
            worker,
        })
    }

    /// Starts a router of messages between nodes that speak Maelstrom's protocol on stdin and stdout. Needs no sandbox.
    ///
    /// The seed is that of [`Network::start`], and of the services that nodes are offered.
    ///
    /// # Errors
    /// When a name is not usable, or the machine refuses a step.
    pub fn start_messages(nodes: &[String], seed: u64) -> Result<Network, NetworkError> {
        check_names(nodes)?;
        let names: Arc<[String]> = nodes.iter().cloned().chain([CLIENT.to_owned()]).collect();
        let counters = Arc::new(Counters::new(Arc::clone(&names)));
        let (worker, messages) = messages::start(&names, seed, Arc::clone(&counters))?;
        Ok(Network {
            rules: Rules::new(Arc::clone(&names), seed),
            names,
            place: Place::Streams(messages),
            counters,
            is_captured: AtomicBool::new(false),
            worker,
        })
    }

    /// How its hosts are connected.
    pub fn backend(&self) -> Backend {
        match self.place {
            Place::Namespaces(_) => Backend::Switch,
            Place::Loopback(_) => Backend::Proxy,
            Place::Streams(_) => Backend::Messages,
        }
    }

    /// A client that asks nodes by messages, with this number, which nobody else has, from 1; none where there are no messages.
    pub fn asking(&self, number: u64) -> Option<Asking> {
        self.messages()
            .map(|messages| Asking::new(Arc::clone(messages), number))
    }

    /// The messages, where there are some.
    pub(crate) fn messages(&self) -> Option<&Arc<Messages>> {
        match &self.place {
            Place::Streams(messages) => Some(messages),
            Place::Namespaces(_) | Place::Loopback(_) => None,
        }
    }

    /// Whether rules can have this effect here.
    ///
    /// # Errors
    /// Why not.
    pub fn can(&self, effect: &Effect) -> Result<(), CannotBe> {
        self.backend().can(effect)
    }

    /// The names of all hosts: the nodes in their order, then [`CLIENT`].
    pub fn hosts(&self) -> &[String] {
        &self.names
    }

    /// The place of a host, if there is one of this name.
    pub fn host(&self, name: &str) -> Option<HostId> {
        self.names.iter().position(|known| known == name)
    }

    /// The address at which the client reaches a host.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn ip(&self, name: &str) -> Ipv4Addr {
        self.address(CLIENT, name)
    }

    /// The address at which a host reaches another; its own when both are the same.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn address(&self, viewer: &str, name: &str) -> Ipv4Addr {
        let (viewer, host) = (self.known(viewer), self.known(name));
        match &self.place {
            Place::Namespaces(_) | Place::Streams(_) => address(host, self.names.len() - 1),
            Place::Loopback(block) if viewer == host => block.own(host),
            Place::Loopback(block) => block.seen(viewer, host),
        }
    }

    /// The network namespace of a host, for `setns`.
    ///
    /// # Panics
    /// When there is none of this name, or the backend is another than the switch, which has none.
    pub fn namespace(&self, name: &str) -> BorrowedFd<'_> {
        let host = self.known(name);
        match &self.place {
            Place::Namespaces(namespaces) => namespaces[host].as_fd(),
            Place::Loopback(_) | Place::Streams(_) => panic!("{name} has no network namespace"),
        }
    }

    /// The same, to be kept by a process that is being started; none without the switch.
    pub(crate) fn shared_namespace(&self, name: &str) -> Option<Arc<OwnedFd>> {
        let host = self.known(name);
        match &self.place {
            Place::Namespaces(namespaces) => Some(Arc::clone(&namespaces[host])),
            Place::Loopback(_) | Place::Streams(_) => None,
        }
    }

    /// A node has a process from now on: with proxies, who dials it is refused until then. For the switch it makes no
    /// difference: a kernel refuses there, that of the node's namespace.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn open(&self, name: &str) {
        self.worker.order(Order::Open(self.known(name))).wait();
    }

    /// A node has no process any more; see [`Network::open`].
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn close(&self, name: &str) {
        self.worker.order(Order::Close(self.known(name))).wait();
    }

    /// Installs a rule after all others. When this returns, the switch is using it: every packet that is sent from now
    /// on, and every one that is still under way, meets it. Blocks for as long as the switch needs to notice, which
    /// is well under a millisecond.
    ///
    /// # Errors
    /// When a link names an unknown host, or a host twice, the rule makes no sense, or the backend cannot have it. Then
    /// nothing is installed.
    pub fn install(&self, rule: &LinkRule) -> Result<RuleId, NetworkError> {
        self.can(&rule.effect)?;
        let reason = match (self.backend(), rule.matches.protocol) {
            (Backend::Proxy, Some(Protocol::Udp)) => {
                Some(("proxies forward TCP only", "; --network switch can"))
            }
            (Backend::Messages, Some(Protocol::Tcp)) => Some(("messages are no TCP", "")),
            _ => None,
        };
        if let Some((reason, instead)) = reason {
            return Err(CannotBe { reason, instead }.into());
        }
        let (id, installed) = self
            .rules
            .add(rule, |rule| self.worker.order(Order::Install(rule)))?;
        installed.wait();
        Ok(id)
    }

    /// Cuts directed links: no packet on any of them arrives until the rule is healed. Of several cuts of a link each
    /// counts what it keeps from passing.
    ///
    /// # Errors
    /// As [`Network::install`].
    pub fn cut(&self, links: &[(String, String)]) -> Result<RuleId, NetworkError> {
        self.install(&LinkRule {
            links: links.to_vec(),
            matches: Match::default(),
            effect: Effect::Drop,
        })
    }

    /// What a rule has done so far, link by link in the order in which they were named.
    ///
    /// # Panics
    /// When the rule belongs to another network.
    pub fn rule(&self, rule: &RuleId) -> RuleCounters {
        self.rules.deeds(rule).read()
    }

    /// How many packets a rule has acted on, as it changes: `matched(&rule).wait_for(|packets| *packets >= 1)`. It is
    /// told while the packet is in the switch; one that must not arrive before something else has happened is better
    /// held, and released afterwards. When the rule is healed, waiting ends with an error.
    ///
    /// # Panics
    /// When the rule belongs to another network.
    pub fn matched(&self, rule: &RuleId) -> watch::Receiver<u64> {
        self.rules.deeds(rule).matches()
    }

    /// Lets go what a rule has held so far, in the order in which it came; the rule stays in force. When this returns,
    /// everything has been handed over, but for what other rules keep.
    ///
    /// # Panics
    /// When the rule belongs to another network.
    pub fn release(&self, rule: &RuleId) -> RuleCounters {
        let deeds = self.rules.deeds(rule);
        self.worker.order(Order::Release(rule.number())).wait();
        deeds.read()
    }

    /// Takes a rule away. When this returns, the switch no longer uses it, what it held has been let go, and the
    /// counters are final. What it has delayed still arrives at its time.
    ///
    /// # Panics
    /// When the rule belongs to another network.
    pub fn heal(&self, rule: RuleId) -> RuleCounters {
        // First, for it panics before anything is done to a rule of ours that has the same number.
        let deeds = self.rules.deeds(&rule);
        self.worker.order(Order::Heal(rule.number())).wait();
        self.rules.remove(&rule);
        deeds.read()
    }

    /// Begins to write all packets to a file in the pcapng format, which must not exist. Costs nothing when it is off.
    ///
    /// # Errors
    /// When the file cannot be made, or a capture is going on already.
    pub fn capture(&self, path: &Path) -> Result<Capture, NetworkError> {
        if self.is_captured.swap(true, Ordering::AcqRel) {
            return Err(NetworkError::Capturing);
        }
        let (capture, tap) = capture::start(self.rules.network(), path, &self.names).map_err(|source| {
            self.is_captured.store(false, Ordering::Release);
            let path = path.to_owned();
            NetworkError::Capture { path, source }
        })?;
        self.worker.order(Order::Show(Some(tap))).wait();
        Ok(capture)
    }

    /// Ends a capture, and waits until all of it is in the file. One that is not stopped goes on until the network is
    /// dropped, and is whole then too.
    ///
    /// # Errors
    /// When the file could not be written. What was written before is there.
    ///
    /// # Panics
    /// When the capture is of another network.
    pub fn stop_capture(&self, capture: Capture) -> Result<CaptureSummary, NetworkError> {
        assert!(
            capture.network == self.rules.network(),
            "the capture is of another network"
        );
        self.worker.order(Order::Show(None)).wait();
        self.is_captured.store(false, Ordering::Release);
        capture.finish()
    }

    /// What every directed link, the client's included, has carried since the start.
    pub fn links(&self) -> Vec<LinkCounters> {
        self.counters.links()
    }

    /// Packets that belong to no link, since the start.
    pub fn strays(&self) -> Strays {
        self.counters.strays()
    }

    fn known(&self, name: &str) -> HostId {
        self.host(name)
            .unwrap_or_else(|| panic!("no host {name:?}; there are {}", self.names.join(", ")))
    }
}

/// 10.0.0.1 for the first node and so on; 10.0.0.254 for the client, who comes after the nodes.
fn address(host: HostId, nodes: usize) -> Ipv4Addr {
    let last = if host == nodes { 254 } else { host + 1 };
    Ipv4Addr::new(
        10,
        0,
        0,
        u8::try_from(last).expect("there are at most NODES_MAX nodes"),
    )
}

/// Builds all hosts side by side: the kernel takes some milliseconds for each namespace.
fn build_hosts(nodes: &[String]) -> Result<Vec<Host>, NetworkError> {
    std::thread::scope(|scope| {
        let builders: Vec<_> = nodes
            .iter()
            .enumerate()
            .map(|(i, node)| {
                scope.spawn(move || Host::in_a_namespace_of_its_own(node, address(i, nodes.len())))
            })
            .collect();
        let client = Host::here(CLIENT, address(nodes.len(), nodes.len()));
        let built = builders
            .into_iter()
            .map(|builder| builder.join().expect("building a host does not panic"));
        built.chain([client]).collect()
    })
}

/// Names become directories, words in commands and parts of lines, so they are kept plain.
fn check_names(nodes: &[String]) -> Result<(), NetworkError> {
    if nodes.len() > NODES_MAX {
        return Err(NetworkError::TooManyNodes { nodes: nodes.len() });
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    for (i, name) in nodes.iter().enumerate() {
        let reason = match name.as_str() {
            "" => "it is empty",
            CLIENT => "the harness's own clients are called that",
            long if long.len() > 63 => "it is longer than 63 bytes",
            odd if !odd.chars().all(plain) => "only letters, digits, - and _ are allowed",
            twice if nodes[..i].iter().any(|earlier| earlier == twice) => "another node is called that",
            _ => continue,
        };
        return Err(NetworkError::Name {
            name: name.clone(),
            reason,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_network_is_never_built_on_the_machine_itself() {
        let refused = Network::start(&names(&["n1"]), 1);
        assert!(matches!(refused, Err(NetworkError::OutsideSandbox)));
    }

    #[test]
    fn names_that_could_be_a_path_or_another_host_are_refused() {
        for bad in [
            &["../n1"][..],
            &["n1", "n1"],
            &["client"],
            &[""],
            &["n 1"],
            &["n\u{1b}"],
            &["é"],
        ] {
            let refused = check_names(&names(bad)).unwrap_err().to_string();
            assert!(refused.starts_with("name a node "), "{refused}");
        }
        check_names(&names(&["n1", "n2", "db-1_a"])).unwrap();
        let many: Vec<String> = (0..=NODES_MAX).map(|i| format!("n{i}")).collect();
        assert!(matches!(
            check_names(&many),
            Err(NetworkError::TooManyNodes { nodes: 251 })
        ));
    }

    #[test]
    fn every_host_has_an_address_of_its_own() {
        let all: std::collections::BTreeSet<_> =
            (0..=NODES_MAX).map(|host| address(host, NODES_MAX)).collect();
        assert_eq!(all.len(), NODES_MAX + 1);
        assert_eq!(address(0, 5), Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(address(5, 5), Ipv4Addr::new(10, 0, 0, 254));
    }
}
