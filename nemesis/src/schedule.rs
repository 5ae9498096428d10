//! From a seed to faults: what will be done, to whom, from when to when, fixed before the run starts.
//!
//! Every kind of fault has a random stream of its own, so that adding `kill` to `--nemesis partition`
//! leaves the partitions as they were. Within a kind, faults do not overlap; kinds overlap freely.
//!
//! Most of the time is *storm*: faults come fast, short ones and long ones, and overlap. Now and then there is a
//! *siege*: one fault that leaves a connected majority, for longer than anybody waits, and nothing else. A storm
//! breaks what depends on the order of messages; only a siege shows that the majority can work without the rest, and
//! only a *handover* from one majority to another, by way of a node that restarts, what that node remembers. Where the
//! times have a named distribution there is none of that: one fault of a kind after another, and nothing rests.

mod draw;
mod file;
mod handover;
mod repeat;
mod spans;

pub use file::ScheduleFileError;

use crate::{Interval, Package, role};
use history::Fault;
use history::fault::PacketMatch;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The name of the schedule file's format.
pub const SCHEMA: &str = "harness.schedule/v1";

/// What a schedule is drawn from.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The kinds of fault, and their forms.
    pub packages: &'a [Package],
    /// The nodes' names, in order.
    pub nodes: &'a [String],
    /// The time between two changes (a fault begins, a fault ends) of one kind.
    pub interval: Interval,
    /// How long the main phase lasts. What is still in force then is healed by the end of the run.
    pub time_limit: Duration,
    /// The run's seed.
    pub seed: u64,
}

impl Request<'_> {
    /// Whether a node that is killed loses what its disk has not made durable.
    fn kills_are_power_failures(&self) -> bool {
        self.packages
            .iter()
            .any(|package| matches!(package, Package::Disk(_)))
    }
}

/// A fault that will be done. Times are milliseconds from the start of the main phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    /// Its number, from 1, in the order of the beginnings.
    #[serde(default)]
    pub id: u32,
    /// When it begins.
    #[serde(default)]
    pub start_ms: u64,
    /// When it is undone.
    pub end_ms: u64,
    /// What it waits for: then it begins when that happens, `start_ms` at the earliest, and lasts as long as it
    /// would have lasted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Trigger>,
    /// How long it waits for that; then it begins anyway. When nothing is said, it waits as long as the run lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience_ms: Option<u64>,
    /// What is done, to whom.
    pub fault: Fault,
}

impl PlannedFault {
    /// Whether nodes need disks of their own for it.
    pub fn needs_disks(&self) -> bool {
        matches!(self.fault, Fault::Disk { .. } | Fault::Kill { power: true, .. })
            || matches!(self.when, Some(Trigger::DirectoryChange { .. }))
    }

    /// Whether nodes need clocks that can be changed for it.
    pub fn needs_clocks(&self) -> bool {
        matches!(self.fault, Fault::Clock { .. })
    }

    /// Whether the descriptor has to say how members are taken out and in.
    pub fn changes_members(&self) -> bool {
        matches!(self.fault, Fault::Member { .. })
    }
}

/// Something that a fault waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Trigger {
    /// So many operations have begun since the run's start.
    Operations(u64),
    /// A node prints a line.
    Log {
        /// Which node.
        node: String,
        /// A regular expression that is found in the line.
        line: String,
    },
    /// A name in the directories of a node's disk is made, changed or taken away.
    DirectoryChange {
        /// Which node.
        node: String,
        /// How many requests more, after that, change what is on the disk or make it durable.
        #[serde(default, skip_serializing_if = "is_zero")]
        then_requests: u32,
        /// Whether its disk stands still from then on until its power has failed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        held: bool,
    },
    /// A packet is on its way.
    Packet {
        /// From whom.
        from: String,
        /// To whom.
        to: String,
        /// Which; the first one, when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        matching: Option<PacketMatch>,
        /// Whether it arrives only when the fault is in force.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        held: bool,
    },
}

impl Trigger {
    /// The same moment for another fault, for which nothing has to wait.
    fn while_it_goes_on(mut self) -> Trigger {
        if let Trigger::Packet { held, .. } | Trigger::DirectoryChange { held, .. } = &mut self {
            *held = false;
        }
        self
    }
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The faults of one run, in the order of their beginnings: `schedule.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Always [`SCHEMA`] for files of this version.
    pub schema: String,
    /// The seed it was drawn from.
    pub seed: u64,
    /// The faults.
    pub faults: Vec<PlannedFault>,
}

/// Why no schedule can be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A shape was asked for by name that cuts nothing among so few nodes.
    #[error("partition `{shape}` needs at least {needs} nodes, and there are {nodes}; raise --node-count")]
    TooFewNodes {
        /// The shape's name.
        shape: &'static str,
        /// How many it needs.
        needs: usize,
        /// How many there are.
        nodes: usize,
    },
    /// The membership cannot change among so few nodes.
    #[error(
        "member needs at least 3 nodes, of which a minority can be out, and there are {nodes}; raise --node-count"
    )]
    TooFewMembers {
        /// How many there are.
        nodes: usize,
    },
    /// A node was named that there is not.
    #[error("{kind} `{name}`: there is no such node; the nodes are {}", .nodes.join(", "))]
    UnknownNode {
        /// The kind of fault.
        kind: &'static str,
        /// The name.
        name: String,
        /// Those that there are.
        nodes: Vec<String>,
    },
    /// The primary is asked for, and a node is called as it, or as all but it.
    #[error(
        "a node is called `{node}`, which is what a schedule calls the node that is the primary (`primary`) and all others \
         (`others`); give it another name, or take `primary` out of --nemesis"
    )]
    RoleIsNode {
        /// The node.
        node: &'static str,
    },
}

impl Schedule {
    /// Draws the faults of a run.
    ///
    /// # Errors
    /// When something was asked for by name that these nodes cannot have.
    pub fn generate(request: &Request<'_>) -> Result<Schedule, ScheduleError> {
        let of_primary = request.packages.iter().any(Package::names_primary);
        if let Some(node) = role::taken(request.nodes).filter(|_| of_primary) {
            return Err(ScheduleError::RoleIsNode { node });
        }
        let mut faults = Vec::new();
        for package in request.packages {
            faults.extend(draw::faults(package, request)?);
        }
        faults.extend(handover::faults(request));
        faults.sort_by_key(|fault| fault.start_ms);
        for (fault, id) in faults.iter_mut().zip(1..) {
            fault.id = id;
        }
        Ok(Schedule {
            schema: SCHEMA.to_owned(),
            seed: request.seed,
            faults,
        })
    }
}

#[cfg(test)]
mod tests;
