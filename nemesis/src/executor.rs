//! Carrying out a schedule: each fault is requested, done and confirmed, undone and confirmed, and every
//! step is recorded with what was seen of it.
//!
//! Each fault is a task of its own, so that a slow restart delays nothing else. When the run is stopped,
//! every task undoes its fault at once. A fault for which the world is in no state (the node to kill is down
//! already) is recorded as skipped, never as done.
//!
//! Read next: `links` for faults of the network (`effect` translates), `nodes` for those of processes, `members`, `disk`, `clock`;
//! `trigger` for what a fault may wait for, `primary` for whom it hits when that is asked first, `affairs` for what faults know of one another.

mod affairs;
mod clock;
mod disk;
pub(crate) mod effect;
mod links;
mod members;
mod nodes;
mod primary;
mod trigger;

pub use nodes::start_all;

use affairs::Affairs;
use nodes::{Blow, Down};

use crate::{PlannedFault, Schedule, Trigger};
use cluster::Cluster;
use history::{Fault, FaultNote, FaultStep, Note};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use trigger::{Held, Waited};

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
///
/// What it returns is the schedule as it was carried out: faults of the primary name the node that was hit, and the time at
/// which they began. Those for which none was found are as they were.
pub async fn execute(
    schedule: &Schedule,
    cluster: Arc<Cluster>,
    journal: Arc<dyn Journal>,
    start: Instant,
    stop: watch::Receiver<bool>,
) -> Schedule {
    let mut carried_out = schedule.clone();
    let affairs = Arc::new(Affairs::default());
    let mut tasks = JoinSet::new();
    for planned in &schedule.faults {
        let task = Task {
            planned: planned.clone(),
            cluster: Arc::clone(&cluster),
            journal: Arc::clone(&journal),
            stop: stop.clone(),
            affairs: Arc::clone(&affairs),
            start,
            held: None,
        };
        tasks.spawn(task.run());
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(done) => {
                let planned = carried_out
                    .faults
                    .iter_mut()
                    .find(|planned| planned.id == done.id);
                planned.into_iter().for_each(|planned| planned.clone_from(&done));
            }
            Err(error) => tracing::error!("a fault's task broke: {error}"),
        }
    }
    carried_out.faults.sort_by_key(|planned| planned.start_ms);
    carried_out
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
    /// The start of the main phase.
    start: Instant,
    /// What the fault has waited for, as long as it is kept.
    held: Option<Held>,
}

impl Task {
    /// Does all of it, and returns what was done.
    async fn run(mut self) -> PlannedFault {
        if let Some((end, seen)) = self.begin().await {
            self.carry_out(end, seen).await;
        }
        self.planned
    }

    /// Waits until it is time, and says when it ends and what was seen until then; `None` when nothing is to be done,
    /// which is recorded unless the run was over before.
    async fn begin(&mut self) -> Option<(Instant, Vec<String>)> {
        let lasts = Duration::from_millis(self.planned.end_ms.saturating_sub(self.planned.start_ms));
        let at = self.start + Duration::from_millis(self.planned.start_ms);
        if self.stopped_before(at).await {
            return None;
        }
        let cluster = Arc::clone(&self.cluster);
        let (mut end, mut seen) = (at + lasts, Vec::new());
        if self.planned.waits_for_primary(cluster.nodes()) {
            seen.push(self.find_primary().await?);
        }
        if let Some(trigger) = self.planned.when.clone() {
            seen.push(self.wait_for(&trigger).await?);
            end = Instant::now() + lasts;
        }
        if self.planned.names_primary(cluster.nodes()) {
            seen.push(self.find_primary().await?);
            end = Instant::now() + lasts;
            if self.planned.when.is_none() {
                let lasts_ms = self.planned.end_ms.saturating_sub(self.planned.start_ms);
                self.planned.start_ms = self.start.elapsed().as_millis() as u64;
                self.planned.end_ms = self.planned.start_ms + lasts_ms;
            }
        }
        Some((end, seen))
    }

    /// Waits for what the fault waits for, at most as long as it has patience. `None` when there is nothing more to wait
    /// for, which is recorded.
    async fn wait_for(&mut self, trigger: &Trigger) -> Option<String> {
        let patience = self.planned.patience_ms.map_or(FOR_EVER, Duration::from_millis);
        let waited = tokio::time::timeout(patience, self.triggered(trigger)).await;
        let over = |_| {
            Waited::Happened(format!(
                "what it waits for did not come within {}",
                milliseconds(patience)
            ))
        };
        let (step, reason) = match waited.unwrap_or_else(over) {
            Waited::Happened(what) => return Some(what),
            Waited::Stopped => (FaultStep::Skipped, "what it waits for did not come".to_owned()),
            Waited::Impossible(reason) => (FaultStep::Failed, reason),
        };
        let fault = self.planned.fault.clone();
        self.step(step, &fault, None, Some(reason));
        None
    }

    async fn carry_out(&mut self, end: Instant, seen: Vec<String>) {
        let fault = self.planned.fault.clone();
        let seen = (!seen.is_empty()).then(|| seen.join("; "));
        self.step(FaultStep::Requested, &fault, None, seen);
        match fault {
            Fault::Partition { cut, flap, .. } => self.partition(&cut, flap, end).await,
            Fault::Kill {
                nodes,
                power,
                flap,
                slow_start,
            } => {
                let blow = if power { Blow::PowerFailure } else { Blow::Kill };
                let how = Down {
                    blow,
                    flap,
                    slow_start,
                };
                self.take_down_until(end, nodes, how).await
            }
            Fault::Terminate { nodes } => self.take_down_until(end, nodes, Blow::Terminate.into()).await,
            Fault::Member { nodes } => self.replace_members(nodes, end).await,
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
