//! Carrying out a schedule: each fault is requested, done and confirmed, undone and confirmed, and every
//! step is recorded with what was seen of it.
//!
//! Each fault is a task of its own, so that a slow restart delays nothing else. When the run is stopped,
//! every task undoes its fault at once. A fault for which the world is in no state (the node to kill is down
//! already) is recorded as skipped, never as done.

use crate::{PlannedFault, Schedule};
use cluster::network::RuleCounters;
use cluster::{Cluster, NodeState};
use futures_util::future::join_all;
use history::{Fault, FaultNote, FaultStep, Flap, Note};
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
            Fault::Kill { nodes } => self.kill(nodes, end).await,
        }
    }

    async fn partition(&mut self, cut: &[(String, String)], flap: Option<Flap>, end: Instant) {
        let fault = self.planned.fault.clone();
        let links = cut.len();
        let cluster = Arc::clone(&self.cluster);
        let network = cluster.network();
        let rule = match network.cut(cut) {
            Ok(rule) => rule,
            Err(error) => return self.step(FaultStep::Failed, &fault, None, Some(error.to_string())),
        };
        let installed = format!("{links} of {links} links cut");
        self.step(FaultStep::Installed, &fault, None, Some(installed));
        let mut rule = Some(rule);
        let mut dropped = vec![0; links];
        let mut times = 1;
        loop {
            let change = match (flap, &rule) {
                (None, _) => end,
                (Some(flap), Some(_)) => Instant::now() + Duration::from_millis(flap.cut_ms.max(1)),
                (Some(flap), None) => Instant::now() + Duration::from_millis(flap.whole_ms.max(1)),
            };
            let is_over = self.stopped_before(change.min(end)).await || change >= end;
            if is_over {
                break;
            }
            rule = match rule.take() {
                Some(rule) => {
                    count(&mut dropped, &network.heal(rule));
                    None
                }
                None => {
                    times += 1;
                    // The links are those that could be cut before.
                    network.cut(cut).ok()
                }
            };
        }
        self.step(FaultStep::Healing, &fault, None, None);
        if let Some(rule) = rule {
            count(&mut dropped, &network.heal(rule));
        }
        let felt_links = dropped.iter().filter(|packets| **packets > 0).count();
        let packets: u64 = dropped.iter().sum();
        let often = if flap.is_some() {
            format!(", cut {times} times")
        } else {
            String::new()
        };
        let evidence = format!("{packets} packets dropped on {felt_links} of {links} links{often}");
        self.step(FaultStep::Healed, &fault, Some(packets > 0), Some(evidence));
    }

    async fn kill(&mut self, nodes: Vec<String>, end: Instant) {
        let mut killed = Vec::new();
        let mut seen = Vec::new();
        let attempts = nodes.iter().map(|node| async {
            match self.cluster.state(node) {
                NodeState::Up => self.cluster.kill(node).await.map_err(|error| error.to_string()),
                state => Err(format!("{state}, left alone")),
            }
        });
        for (node, outcome) in nodes.iter().zip(join_all(attempts).await) {
            match outcome {
                Ok(kill) => {
                    seen.push(format!(
                        "{node}: pid {} gone after {}",
                        kill.pid,
                        milliseconds(kill.took)
                    ));
                    killed.push(node.clone());
                }
                Err(reason) => seen.push(format!("{node}: {reason}")),
            }
        }
        if killed.is_empty() {
            return self.step(
                FaultStep::Skipped,
                &Fault::Kill { nodes },
                None,
                Some(seen.join("; ")),
            );
        }
        let fault = Fault::Kill {
            nodes: killed.clone(),
        };
        self.step(FaultStep::Installed, &fault, Some(true), Some(seen.join("; ")));
        self.stopped_before(end).await;
        self.step(FaultStep::Healing, &fault, None, None);
        let (step, evidence) = match start_all(&self.cluster, &killed).await {
            Ok(evidence) => (FaultStep::Healed, evidence),
            Err(reason) => (FaultStep::Failed, reason),
        };
        self.step(step, &fault, None, Some(evidence));
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

/// Adds what a rule has dropped, link by link.
fn count(dropped: &mut [u64], counters: &RuleCounters) {
    for (dropped, link) in dropped.iter_mut().zip(&counters.links) {
        *dropped += link.dropped.packets;
    }
}

/// Starts nodes side by side and says how long each took to answer.
///
/// # Errors
/// The words of every node that did not start.
pub async fn start_all(cluster: &Cluster, nodes: &[String]) -> Result<String, String> {
    let starts = join_all(nodes.iter().map(|node| cluster.start(node))).await;
    let mut answering = Vec::new();
    let mut trouble = Vec::new();
    for (node, start) in nodes.iter().zip(starts) {
        match start {
            Ok(started) => answering.push(format!("{node} answering after {}", milliseconds(started.took))),
            Err(error) => trouble.push(error.to_string()),
        }
    }
    if trouble.is_empty() {
        Ok(answering.join("; "))
    } else {
        Err(trouble.join("; "))
    }
}

fn milliseconds(took: Duration) -> String {
    format!("{} ms", took.as_millis())
}
