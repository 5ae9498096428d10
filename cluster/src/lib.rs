//! The world that nodes live in: mechanism, not policy. Which link to cut, or whom to kill, and when, is decided
//! elsewhere; here it is done, and what was done is counted.
//!
//! - [`sandbox`]: fresh namespaces around the whole harness, so that nothing on the machine is touched and
//!   nothing is left behind; [`probe`] finds out what a machine allows.
//! - [`network`]: a network namespace and an address for each node, and a switch that every packet goes through; or
//!   TCP proxies where namespaces cannot be had, with a [`warden`] in the place of the sandbox.
//! - [`disk`]: a file system over a node's data directory that loses what was not synced when power fails.
//! - [`process`]: one process of a node, from its start to its end; [`log`] keeps what it prints.
//! - [`clock`]: the time of day that a node sees, through libfaketime.
//! - [`resp`]: the protocol of Redis, for the systems that speak it.
//! - [`maelstrom`]: the protocol of nodes that speak on stdin and stdout, and the services that they are offered.
//! - [`system`]: descriptors, the files that say how a system is started, asked and understood.
//! - [`cluster`]: all of it together; read that first.
//!
//! Linux only: other systems have no namespaces. Every `unsafe` is in `kernel.rs`.

#[cfg(not(target_os = "linux"))]
compile_error!("the sandbox and the network are made of Linux namespaces; build on Linux");

pub mod clock;
pub mod cluster;
pub mod disk;
mod kernel;
pub mod log;
pub mod maelstrom;
pub mod network;
pub mod probe;
pub mod process;
pub mod resp;
pub mod sandbox;
pub mod system;
mod untrusted;
pub mod warden;

pub use clock::{Clock, ClockChange, ClockError, ClockFault, ClockReading};
pub use cluster::{
    Cluster, ClusterError, ClusterSpec, EndedBy, KillError, Killed, MemberError, NodeState, PauseError,
    Paused, PowerError, PowerLost, PrimaryTold, ResumeError, Resumed, SlowStart, StartError, Started,
    TerminateError, Terminated, UnexpectedExit,
};
pub use disk::{
    DirectorySync, Disk, DiskError, DiskFault, DiskFaultCounters, DiskFaultId, DiskSpec, LossPolicy, Lost,
};
pub use log::{LogMatch, LogStream, LogWatch};
pub use network::{Backend, LinkCounters, LinkRule, Network, NetworkError, RuleCounters, RuleId};
/// What a line of a log is looked for with.
pub use regex::bytes::Regex as LinePattern;
pub use sandbox::{Missing, SandboxError, Side};
pub use system::{DescriptorError, System};
