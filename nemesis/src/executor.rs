//! Carrying out a schedule: each fault is requested, done and confirmed, undone and confirmed, and every
//! step is recorded with what was seen of it.
//!
//! Each fault is a task of its own, so that a slow restart delays nothing else. When the run is stopped,
//! every task undoes its fault at once. A fault for which the world is in no state (the node to kill is down
//! already) is recorded as skipped, never as done.
//!
//! Read next: `links` for faults of the network (`effect` translates), `nodes` for those of processes, `disk`, `clock`;
//! `trigger` for what a fault may wait for, `affairs` for what faults know of one another.

mod affairs;
mod clock;
mod disk;
pub(crate) mod effect;
mod links;
mod nodes;
mod trigger;

pub use nodes::start_all;

use affairs::Affairs;
use nodes::Blow;

use crate::{PlannedFault, Schedule};
use cluster::Cluster;
use cluster::network::RuleId;
use history::{Fault, FaultNote, FaultStep, Note};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use trigger::Waited;

/// Where steps are written down, stamped with the run's clock as they come.
pub trait Journal: Send + Sync {
    /// Records that something happened now.
    fn note(&self, note: Note);

    /// How many operations have begun.
    fn operations(&self) -> u64;
}

/// Carries out `schedule`, whose times count from `start`, until all faults are undone or `stop` turns
/// true; then undoes what is in force and returns. Nothing that this function did outlives it, except nodes
/// that would not start again, which are recorded as `failed`.
pub async fn execute(
    schedule: &Schedule,
    cluster: Arc<Cluster>,
    journal: Arc<dyn Journal>,
    start: Instant,
    stop: watch::Receiver<bool>,
) {
    let affairs = Arc::new(Affairs::default());
    let mut tasks = JoinSet::new();
    for planned in &schedule.faults {
        let task = Task {
            planned: planned.clone(),
            cluster: Arc::clone(&cluster),
            journal: Arc::clone(&journal),
            stop: stop.clone(),
            affairs: Arc::clone(&affairs),
            held: None,
        };
        tasks.spawn(task.run(start));
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!("a fault's task broke: {error}");
        }
    }
}

/// Longer than any run.
const FOR_EVER: Duration = Duration::from_secs(30 * 24 * 3600);

/// One fault on its way.
struct Task {
    planned: PlannedFault,
    cluster: Arc<Cluster>,
    journal: Arc<dyn Journal>,
    stop: watch::Receiver<bool>,
    affairs: Arc<Affairs>,
    /// The rule that holds the packet that the fault waited for.
    held: Option<RuleId>,
}

impl Task {
    async fn run(mut self, start: Instant) {
        if self
            .stopped_before(start + Duration::from_millis(self.planned.start_ms))
            .await
        {
            return;
        }
        let mut end = start + Duration::from_millis(self.planned.end_ms);
        let mut seen = None;
        if let Some(trigger) = self.planned.when.clone() {
            let patience = self.planned.patience_ms.map_or(FOR_EVER, Duration::from_millis);
            let waited = tokio::time::timeout(patience, self.triggered(&trigger)).await;
            let over = |_| {
                Waited::Happened(format!(
                    "what it waits for did not come within {}",
                    milliseconds(patience)
                ))
            };
            match waited.unwrap_or_else(over) {
                Waited::Happened(what) => seen = Some(what),
                Waited::Stopped => {
                    let reason = "what it waits for did not come".to_owned();
                    return self.step(
                        FaultStep::Skipped,
                        &self.planned.fault.clone(),
                        None,
                        Some(reason),
                    );
                }
                Waited::Impossible(reason) => {
                    return self.step(FaultStep::Failed, &self.planned.fault.clone(), None, Some(reason));
                }
            }
            let lasts_ms = self.planned.end_ms.saturating_sub(self.planned.start_ms);
            end = Instant::now() + Duration::from_millis(lasts_ms);
        }
        let fault = self.planned.fault.clone();
        self.step(FaultStep::Requested, &fault, None, seen);
        match fault {
            Fault::Partition { cut, flap, .. } => self.partition(&cut, flap, end).await,
            Fault::Kill { nodes, power, flap } => {
                let blow = if power { Blow::PowerFailure } else { Blow::Kill };
                self.take_down_until(end, nodes, blow, flap).await
            }
            Fault::Terminate { nodes } => self.take_down_until(end, nodes, Blow::Terminate, None).await,
            Fault::Pause { nodes } => self.pause(nodes, end).await,
            Fault::Packet {
                links,
                effect,
                matching,
            } => self.packets(&links, effect, matching.as_ref(), end).await,
            Fault::Disk { nodes, effect } => self.disks(nodes, effect, end).await,
            Fault::Clock { nodes, effect } => self.clocks(nodes, effect, end).await,
        }
    }

    fn step(&mut self, step: FaultStep, fault: &Fault, felt: Option<bool>, evidence: Option<String>) {
        let note = FaultNote {
            id: self.planned.id,
            step,
            fault: fault.clone(),
            felt,
            evidence,
        };
        self.journal.note(Note::Fault(note));
        if matches!(
            step,
            FaultStep::Installed | FaultStep::Skipped | FaultStep::Failed
        ) {
            self.release();
        }
    }

    /// Waits for a moment; true when the run was stopped before it came.
    async fn stopped_before(&mut self, moment: Instant) -> bool {
        // An error means that the sender is gone, and with it the run: stop as well.
        tokio::select! {
            () = tokio::time::sleep_until(moment) => false,
            _ = self.stop.wait_for(|stop| *stop) => true,
        }
    }
}

fn milliseconds(took: Duration) -> String {
    format!("{} ms", took.as_millis())
}
