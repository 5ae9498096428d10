//! Faults of processes: killed and started again, paused and resumed.

use super::{Task, milliseconds};
use cluster::{Cluster, NodeState};
use futures_util::future::join_all;
use history::{Fault, FaultStep};
use tokio::time::Instant;

impl Task {
    /// Kills nodes, starts them again at `end`.
    pub(super) async fn kill(&mut self, nodes: Vec<String>, power: bool, end: Instant) {
        let mut killed = Vec::new();
        let mut seen = Vec::new();
        let attempts = nodes.iter().map(|node| async {
            match self.cluster.state(node) {
                NodeState::Up | NodeState::Paused => {
                    self.cluster.kill(node).await.map_err(|error| error.to_string())
                }
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
                &Fault::Kill { nodes, power },
                None,
                Some(seen.join("; ")),
            );
        }
        let fault = Fault::Kill {
            nodes: killed.clone(),
            power,
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
