//! How the processes of a node are told from all others: by the network namespace that only they live in, or, where
//! there is none, by what they were given and cannot easily lose.

use super::{marked, members};
use nix::unistd::Pid;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

/// What is the node's own.
#[derive(Debug, Clone)]
pub enum Home {
    /// A network namespace, which no child of it leaves.
    Namespace(Arc<OwnedFd>),
    /// A mark in the environment, which its children inherit.
    Mark(Arc<str>),
    /// Nothing but the session and the group of its leader: for a process whose others are somebody else's to end.
    Session,
}

/// The processes of one life of a node.
#[derive(Debug, Clone)]
pub struct Household {
    /// What is its own.
    pub home: Home,
    /// The process that was started, which leads a session and a process group.
    pub leader: Pid,
}

impl Household {
    /// Those that there are now, and their directories in `/proc`; none beyond the leader's group when that is all
    /// that is its own.
    ///
    /// With a mark: who carries it, whoever is in the leader's session, and all that descend from them. A process
    /// that has left the session, lost its parents, and overwritten its environment is not found.
    ///
    /// # Errors
    /// When the processes cannot be listed.
    pub fn members(&self) -> io::Result<BTreeMap<Pid, PathBuf>> {
        match &self.home {
            Home::Namespace(namespace) => members::of_namespace(namespace),
            Home::Session => Ok(BTreeMap::new()),
            Home::Mark(mark) => marked::find(
                |variable| variable == mark.as_bytes(),
                &BTreeSet::from([self.leader]),
            ),
        }
    }
}
