//! Why a network cannot be built, or not be disturbed in the way that was asked for.

use super::NODES_MAX;
use super::backend::CannotBe;
use super::check::RuleError;
use crate::sandbox::Missing;
use std::io;
use std::net::SocketAddrV4;
use std::path::PathBuf;

/// Why the network could not be built, a rule not be installed, or a capture not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// It would be built in the machine's own network namespace.
    #[error("build the network outside the sandbox; call sandbox::enter first thing in main")]
    OutsideSandbox,
    /// A node's name cannot be one.
    #[error("name a node {name:?}: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Too many nodes.
    #[error("build a network of {nodes} nodes; at most {NODES_MAX} fit into 10.0.0.0/24")]
    TooManyNodes {
        /// How many were asked for.
        nodes: usize,
    },
    /// Too many nodes for proxies.
    #[error(
        "build a network of {nodes} nodes out of proxies; at most {} fit, see --node-count, or take --network switch",
        super::proxy::loopback::NODES_MAX
    )]
    TooManyForProxies {
        /// How many were asked for.
        nodes: usize,
    },
    /// Nobody has said where proxies are to listen.
    #[error(
        "build the network out of proxies: which ports do nodes use? say so in the descriptor, as in \
         [node] ports = [7000, 7001]; or take --network switch"
    )]
    NoPorts,
    /// There would be nobody to kill the nodes when the harness is killed.
    #[error("build a network outside the sandbox without a warden; call warden::post first thing in main")]
    NoWarden,
    /// A proxy cannot listen.
    #[error(
        "listen on {address}, for {host}: {source}; a program that listens on this port at all addresses (0.0.0.0) is \
         in the way"
    )]
    Listen {
        /// Where.
        address: SocketAddrV4,
        /// In whose place.
        host: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// Too few files may be open.
    #[error(
        "build the network: {needed} open files are needed, and {limit} are allowed; raise it with `ulimit -n`"
    )]
    OpenFiles {
        /// How many it takes.
        needed: u64,
        /// How many there can be.
        limit: u64,
    },
    /// The backend cannot have such a rule.
    #[error("install a rule on this network: {0}{instead}", instead = .0.instead)]
    CannotBe(#[from] CannotBe),
    /// The TUN device refused.
    #[error("build the network: {0}")]
    Tun(#[source] Missing),
    /// A step of building it failed.
    #[error("build the network: {what} of {host}: {source}")]
    Build {
        /// Which step.
        what: &'static str,
        /// For which host.
        host: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A rule names a host that is not in this network.
    #[error("disturb a link of {name:?}; the hosts are {known}")]
    UnknownHost {
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A rule names a link from a host to itself.
    #[error("disturb the link from {name} to itself; its packets do not leave it")]
    OwnLink {
        /// The host.
        name: String,
    },
    /// A rule makes no sense.
    #[error("install a rule: {0}")]
    Rule(#[from] RuleError),
    /// There is one capture at a time.
    #[error("capture packets a second time; stop the first capture before")]
    Capturing,
    /// The file could not be made or written.
    #[error("write the capture {}: {source}", path.display())]
    Capture {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
