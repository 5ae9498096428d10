//! Carrying out a schedule: each fault is requested, done and confirmed, undone and confirmed, and every
//! step is recorded with what was seen of it.
//!
//! Each fault is a task of its own, so that a slow restart delays nothing else. When the run is stopped,
//! every task undoes its fault at once. A fault for which the world is in no state (the node to kill is down
//! already) is recorded as skipped, never as done.
//!
//! Read next: `links` for faults of the network, `nodes` for those of processes.

mod links;
mod nodes;

pub use nodes::start_all;

use crate::{PlannedFault, Schedule};
use cluster::Cluster;
use history::{Fault, FaultNote, FaultStep, Note};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Where steps are written down, stamped with the run's clock as they come.
pub trait Journal: Send + Sync {
    /// Records that something happened now.
    fn note(&self, note: Note);
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
    let mut tasks = JoinSet::new();
    for planned in &schedule.faults {
        let task = Task {
            planned: planned.clone(),
            cluster: Arc::clone(&cluster),
            journal: Arc::clone(&journal),
            stop: stop.clone(),
        };
        tasks.spawn(task.run(start));
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!("a fault's task broke: {error}");
        }
    }
}

/// One fault on its way.
struct Task {
    planned: PlannedFault,
    cluster: Arc<Cluster>,
    journal: Arc<dyn Journal>,
    stop: watch::Receiver<bool>,
}

impl Task {
    async fn run(mut self, start: Instant) {
        if self
            .stopped_before(start + Duration::from_millis(self.planned.start_ms))
            .await
        {
            return;
        }
        let end = start + Duration::from_millis(self.planned.end_ms);
        self.step(FaultStep::Requested, &self.planned.fault, None, None);
        match self.planned.fault.clone() {
            Fault::Partition { cut, flap, .. } => self.partition(&cut, flap, end).await,
            Fault::Kill { nodes, power } => self.kill(nodes, power, end).await,
            Fault::Pause { nodes } => self.pause(nodes, end).await,
            _ => unreachable!(),
        }
    }

    fn step(&self, step: FaultStep, fault: &Fault, felt: Option<bool>, evidence: Option<String>) {
        let note = FaultNote {
            id: self.planned.id,
            step,
            fault: fault.clone(),
            felt,
            evidence,
        };
        self.journal.note(Note::Fault(note));
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
