//! The reference system: single-decree Paxos, any number of decrees, served over HTTP.
//!
//! Every node is proposer, acceptor and learner at once. The core ([`ballot`], [`message`], [`acceptor`],
//! [`proposer`], [`learner`], and [`instance`], which joins them) is pure: inputs in, outputs out, no clock, no
//! network, no disk, no randomness. The shell ([`storage`], [`node`], [`peers`], [`http`]) makes it durable and
//! puts it on the network.
//!
//! The rules are those of Lamport, "Paxos Made Simple" (2001); each stands in the code where it is obeyed. A
//! node can be started with one rule planted wrong ([`Bug`]), so that a test harness can be tested. This crate
//! knows nothing of who tests it.

pub mod acceptor;
pub mod ballot;
pub mod bug;
pub mod config;
pub mod http;
pub mod instance;
pub mod learner;
pub mod message;
pub mod metrics;
pub mod node;
pub mod peers;
pub mod proposer;
pub mod storage;
pub mod value;

#[cfg(test)]
mod model;

pub use bug::Bug;
pub use http::{NodeError, run};
pub use node::NodeOptions;
