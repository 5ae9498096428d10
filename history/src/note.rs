//! The lines of a history that are not operations: faults, phases of the run, unexpected exits.
//!
//! They share the operations' clock and the operations' line numbers, and have a word in the place of the
//! process number: `nemesis`, `harness` or `cluster`.

use crate::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A part of a run. Operations belong to the phase in which they were invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Sandbox, network, nodes up to ready. No operations.
    SetUp,
    /// The main phase: the workload runs and faults come and go.
    Run,
    /// What is still broken is mended; the workload has stopped.
    Heal,
    /// The system has time to recover.
    Recover,
    /// Everything is read once more, through every node.
    Final,
    /// Nodes are stopped.
    TearDown,
}

impl Phase {
    /// The word in files and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Phase::SetUp => "set up",
            Phase::Run => "run",
            Phase::Heal => "heal",
            Phase::Recover => "recover",
            Phase::Final => "final",
            Phase::TearDown => "tear down",
        }
    }
}

/// How far a fault has come. A fault goes `requested`, `installed`, `healing`, `healed`; or it ends early
/// as `skipped` (the world was in no state for it) or `failed` (we could not do it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultStep {
    /// We are about to do it.
    Requested,
    /// It is done and was confirmed: the rules are in the switch, the process is gone.
    Installed,
    /// We are about to undo it.
    Healing,
    /// It is undone and was confirmed: the rules are out, the node answers again.
    Healed,
    /// Not done, because the world was in no state for it.
    Skipped,
    /// It could not be done or undone.
    Failed,
}

/// One step of one fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultNote {
    /// The fault's number in the schedule.
    pub id: u32,
    /// The step.
    pub step: FaultStep,
    /// The fault itself, in every step, so that each line stands on its own.
    pub fault: Fault,
    /// Whether the system felt it, said when it is known: packets were dropped by the cut links (at
    /// `healed`), the process was gone (at `installed`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub felt: Option<bool>,
    /// What was seen, in words: "12 of 12 links cut", "pid 3991 gone after 2 ms".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// Why the main phase ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// A violation was seen while the run went on, and the first was to end it.
    Violation,
    /// The system stood still although it could have worked, which was to end it too.
    Stall,
    /// Somebody asked for it: Ctrl-C.
    Interrupt,
}

/// A line of a history that is not an operation's event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A phase of the run begins.
    Phase(Phase),
    /// The run is to end before its time.
    Stop(StopReason),
    /// A step of a fault.
    Fault(FaultNote),
    /// A node ended though nobody had asked it to.
    Exit {
        /// Which node.
        node: String,
        /// How it ended, in words: "exit status 101", "signal 6 (SIGABRT)".
        status: String,
    },
}
