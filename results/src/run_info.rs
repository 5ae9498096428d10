//! What is known about a run before it starts: `options.json`.

use crate::evidence::Strictness;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run's identity and everything that it was asked to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunInfo {
    /// UTC start time and seed: `20261123T064512Z-8412907`.
    pub id: String,
    /// The system under test, which is also the folder in the store.
    pub system: String,
    /// The workload that made the operations.
    pub workload: String,
    /// The kinds of fault that were asked for; empty for none.
    pub nemesis: Vec<String>,
    /// The seed of operations and faults.
    pub seed: u64,
    /// The run that this one is a replay of; none for a run of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<String>,
    /// What to type after `harness` to get this run again.
    pub argv: Vec<String>,
    /// Every option with its value, defaults included.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// When it started, UTC, RFC 3339.
    pub started_at: String,
    /// The nodes' names.
    pub nodes: Vec<String>,
    /// How many clients there were.
    pub clients: u64,
    /// How a node was started, as the descriptor says.
    pub command: Vec<String>,
    /// The machine.
    pub environment: Environment,
}

impl RunInfo {
    /// How much had to have been tested, as it was asked for; strict where nobody said.
    pub fn strictness(&self) -> Strictness {
        let said = self.options.get("evidence").and_then(|it| it.as_str());
        let named = |it: &Strictness| Some(it.name()) == said;
        Strictness::ALL.into_iter().find(named).unwrap_or_default()
    }
}

/// The machine that a run ran on, and the harness that ran it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// The harness's version.
    pub harness: String,
    /// Operating system and kernel.
    pub os: String,
    /// Processors that could be used.
    pub cpus: usize,
    /// Memory of the machine, in bytes.
    pub memory_bytes: u64,
    /// How nodes were connected: `switch` or `proxy`.
    pub network: String,
}
