//! Faults of processes: killed and started again, paused and resumed.

use super::{Task, milliseconds};
use cluster::{Cluster, Killed, LossPolicy, Lost, NodeState};
use futures_util::future::join_all;
use history::{Fault, FaultStep, Flap};
use std::time::Duration;
use tokio::time::Instant;

impl Task {
    /// Kills nodes, starts them again at `end`; or does so again and again until then.
    pub(super) async fn kill(&mut self, nodes: Vec<String>, power: bool, flap: Option<Flap>, end: Instant) {
        let mut killed = Vec::new();
        let mut seen = Vec::new();
        let attempts = nodes.iter().map(|node| self.take_down(node, power));
        for (node, outcome) in nodes.iter().zip(join_all(attempts).await) {
            match outcome {
                Ok(evidence) => {
                    seen.push(format!("{node}: {evidence}"));
                    killed.push(node.clone());
                }
                Err(reason) => seen.push(format!("{node}: {reason}")),
            }
        }
        let of = |nodes: Vec<String>| Fault::Kill { nodes, power, flap };
        let seen = Some(seen.join("; "));
        if killed.is_empty() {
            return self.step(FaultStep::Skipped, &of(nodes), None, seen);
        }
        let fault = of(killed.clone());
        self.step(FaultStep::Installed, &fault, Some(true), seen);
        let times = match flap {
            None => {
                self.stopped_before(end).await;
                1
            }
            Some(flap) => self.kill_again(&killed, power, flap, end).await,
        };
        self.step(FaultStep::Healing, &fault, None, None);
        let (step, evidence) = match self.affairs.start(&self.cluster, &killed).await {
            Ok(evidence) if times > 1 => (FaultStep::Healed, format!("killed {times} times; {evidence}")),
            Ok(evidence) => (FaultStep::Healed, evidence),
            Err(reason) => (FaultStep::Failed, reason),
        };
        killed.iter().for_each(|node| self.affairs.give_back(node));
        self.step(step, &fault, None, Some(evidence));
    }

    /// Starts and kills nodes in turns until `end`, and leaves them as they are then. Returns how often it has killed,
    /// the first time included.
    async fn kill_again(&mut self, nodes: &[String], power: bool, flap: Flap, end: Instant) -> u32 {
        let mut times = 1;
        loop {
            let up_at = Instant::now() + Duration::from_millis(flap.cut_ms);
            if self.stopped_before(up_at.min(end)).await || up_at >= end {
                return times;
            }
            // A node that does not start says so when the fault is healed.
            let _ = self.affairs.start(&self.cluster, nodes).await;
            let down_at = Instant::now() + Duration::from_millis(flap.whole_ms);
            if self.stopped_before(down_at.min(end)).await || down_at >= end {
                return times;
            }
            times += 1;
            join_all(nodes.iter().map(|node| self.strike(node, power))).await;
        }
    }

    /// Kills a node, or fails its power; a node that is in no state for that is left alone.
    async fn take_down(&self, node: &str, power: bool) -> Result<String, String> {
        let state = self.cluster.state(node);
        if !matches!(state, NodeState::Up | NodeState::Paused) || !self.affairs.take(node) {
            return Err(format!("{state}, left alone"));
        }
        let outcome = self.strike(node, power).await;
        if outcome.is_err() {
            self.affairs.give_back(node);
        }
        outcome
    }

    /// Kills a node, or fails its power.
    async fn strike(&self, node: &str, power: bool) -> Result<String, String> {
        match power {
            false => self
                .cluster
                .kill(node)
                .await
                .map(gone)
                .map_err(|error| error.to_string()),
            true => {
                let failure = self.cluster.lose_power(node, self.policy()).await;
                let told =
                    failure.map(|failure| format!("{}, {}", gone(failure.killed), lost(&failure.lost)));
                told.map_err(|error| error.to_string())
            }
        }
    }

    /// Every other power failure loses everything, the others a part of it that is drawn.
    fn policy(&self) -> LossPolicy {
        match self.planned.id % 2 {
            0 => LossPolicy::Drawn,
            _ => LossPolicy::Everything,
        }
    }

    /// Stops nodes with SIGSTOP, lets them go on at `end`.
    pub(super) async fn pause(&mut self, nodes: Vec<String>, end: Instant) {
        let attempts = join_all(nodes.iter().map(|node| self.cluster.pause(node))).await;
        let mut paused = Vec::new();
        let mut seen = Vec::new();
        for (node, outcome) in nodes.iter().zip(attempts) {
            match outcome {
                Ok(pause) => {
                    let took = milliseconds(pause.took);
                    seen.push(format!("{node}: pid {} stopped after {took}", pause.pid));
                    paused.push(node.clone());
                }
                Err(error) => seen.push(error.to_string()),
            }
        }
        let seen = Some(seen.join("; "));
        if paused.is_empty() {
            return self.step(FaultStep::Skipped, &Fault::Pause { nodes }, None, seen);
        }
        let fault = Fault::Pause {
            nodes: paused.clone(),
        };
        self.step(FaultStep::Installed, &fault, Some(true), seen);
        self.stopped_before(end).await;
        self.step(FaultStep::Healing, &fault, None, None);
        let attempts = join_all(paused.iter().map(|node| self.cluster.resume(node))).await;
        let seen = paused.iter().zip(attempts).map(|(node, outcome)| match outcome {
            Ok(resumed) => format!("{node} goes on after {}", milliseconds(resumed.took)),
            // It was killed meanwhile, or ended: whoever did that looks after it.
            Err(error) => error.to_string(),
        });
        let seen = seen.collect::<Vec<_>>().join("; ");
        self.step(FaultStep::Healed, &fault, None, Some(seen));
    }
}

fn gone(killed: Killed) -> String {
    format!("pid {} gone after {}", killed.pid, milliseconds(killed.took))
}

/// What a disk has lost, in words.
fn lost(lost: &Lost) -> String {
    let parts = [
        (lost.writes, "writes"),
        (lost.files, "files"),
        (lost.renames, "renames"),
        (lost.removals, "removals"),
        (lost.torn, "torn writes"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    match parts.is_empty() {
        true => "nothing was unsynced".to_owned(),
        false => format!("lost {} ({} bytes)", parts.join(", "), lost.bytes),
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
