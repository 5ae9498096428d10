//! Faults of processes: killed, or asked to end, and started again; paused and resumed.

use super::{Task, milliseconds};
use cluster::{Cluster, EndedBy, Killed, LossPolicy, Lost, NodeState, Terminated};
use futures_util::future::join_all;
use history::{Fault, FaultStep, Flap, SlowStart};
use std::time::Duration;
use tokio::time::Instant;

/// How long a node that is asked to end may take for it; then it is killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a node is taken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// By SIGKILL.
    Kill,
    /// By SIGKILL, and its disk loses what was not synced.
    PowerFailure,
    /// By SIGTERM.
    Terminate,
}

/// How nodes are taken down, and started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Down {
    pub blow: Blow,
    /// Whether again and again.
    pub flap: Option<Flap>,
    /// Whether they are stopped on the way of their last start.
    pub slow_start: Option<SlowStart>,
}

impl From<Blow> for Down {
    fn from(blow: Blow) -> Down {
        Down {
            blow,
            flap: None,
            slow_start: None,
        }
    }
}

impl Down {
    /// The fault that this is, of some nodes.
    fn of(self, nodes: Vec<String>) -> Fault {
        match self.blow {
            Blow::Terminate => Fault::Terminate { nodes },
            Blow::Kill | Blow::PowerFailure => Fault::Kill {
                nodes,
                power: self.blow == Blow::PowerFailure,
                flap: self.flap,
                slow_start: self.slow_start,
            },
        }
    }
}

impl Task {
    /// Takes nodes down, starts them again at `end`; or does so again and again until then.
    pub(super) async fn take_down_until(&mut self, end: Instant, nodes: Vec<String>, how: Down) {
        let Down {
            blow,
            flap,
            slow_start,
        } = how;
        let mut down = Vec::new();
        let mut seen = Vec::new();
        let attempts = nodes.iter().map(|node| self.take_down(node, blow));
        for (node, outcome) in nodes.iter().zip(join_all(attempts).await) {
            match outcome {
                Ok(evidence) => {
                    seen.push(format!("{node}: {evidence}"));
                    down.push(node.clone());
                }
                Err(reason) => seen.push(format!("{node}: {reason}")),
            }
        }
        let seen = Some(seen.join("; "));
        if down.is_empty() {
            return self.step(FaultStep::Skipped, &how.of(nodes), None, seen);
        }
        let fault = how.of(down.clone());
        self.step(FaultStep::Installed, &fault, Some(true), seen);
        let times = match flap {
            None => {
                self.stopped_before(end).await;
                1
            }
            Some(flap) => self.strike_again(&down, blow, flap, end).await,
        };
        self.step(FaultStep::Healing, &fault, None, None);
        let (step, evidence) = match self.affairs.start(&self.cluster, &down, slow_start).await {
            Ok(evidence) if times > 1 => (FaultStep::Healed, format!("killed {times} times; {evidence}")),
            Ok(evidence) => (FaultStep::Healed, evidence),
            Err(reason) => (FaultStep::Failed, reason),
        };
        down.iter().for_each(|node| self.affairs.give_back(node));
        self.step(step, &fault, None, Some(evidence));
    }

    /// Starts and kills nodes in turns until `end`, and leaves them as they are then. Returns how often it has killed,
    /// the first time included.
    async fn strike_again(&mut self, nodes: &[String], blow: Blow, flap: Flap, end: Instant) -> u32 {
        let mut times = 1;
        loop {
            let up_at = Instant::now() + Duration::from_millis(flap.cut_ms);
            if self.stopped_before(up_at.min(end)).await || up_at >= end {
                return times;
            }
            // A node that does not start says so when the fault is healed.
            let _ = self.affairs.start(&self.cluster, nodes, None).await;
            let down_at = Instant::now() + Duration::from_millis(flap.whole_ms);
            if self.stopped_before(down_at.min(end)).await || down_at >= end {
                return times;
            }
            times += 1;
            join_all(nodes.iter().map(|node| self.strike(node, blow))).await;
        }
    }

    /// Takes a node down; one that is in no state for that is left alone.
    async fn take_down(&self, node: &str, blow: Blow) -> Result<String, String> {
        let state = self.cluster.state(node);
        let can_be = match state {
            NodeState::Up => true,
            // It does not hear SIGTERM.
            NodeState::Paused => blow != Blow::Terminate,
            _ => false,
        };
        if !can_be || !self.affairs.take(node) {
            return Err(format!("{state}, left alone"));
        }
        let outcome = self.strike(node, blow).await;
        if outcome.is_err() {
            self.affairs.give_back(node);
        }
        outcome
    }

    async fn strike(&self, node: &str, blow: Blow) -> Result<String, String> {
        let cluster = &self.cluster;
        match blow {
            Blow::Kill => {
                let killed = cluster.kill(node).await;
                killed.map(gone).map_err(|error| error.to_string())
            }
            Blow::PowerFailure => {
                let failure = cluster.lose_power(node, self.policy()).await;
                let told =
                    failure.map(|failure| format!("{}, {}", gone(failure.killed), lost(&failure.lost)));
                told.map_err(|error| error.to_string())
            }
            Blow::Terminate => {
                let ended = cluster.terminate(node, PATIENCE).await;
                ended.map(in_order).map_err(|error| error.to_string())
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

fn in_order(terminated: Terminated) -> String {
    let Terminated {
        pid,
        by,
        status,
        took,
    } = terminated;
    match by {
        EndedBy::Sigterm => format!("pid {pid} ended after {}, {status}", milliseconds(took)),
        EndedBy::Sigkill => format!(
            "pid {pid} did not end on SIGTERM, killed after {}",
            milliseconds(took)
        ),
    }
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
    start_each(cluster, nodes, None).await
}

/// The same; each is perhaps stopped on its way.
pub(super) async fn start_each(
    cluster: &Cluster,
    nodes: &[String],
    slow: Option<SlowStart>,
) -> Result<String, String> {
    let on_its_way = slow.map(|slow| cluster::SlowStart {
        after: Duration::from_millis(slow.after_ms),
        stopped: Duration::from_millis(slow.stopped_ms),
    });
    let starts = nodes.iter().map(|node| async move {
        match on_its_way {
            None => cluster.start(node).await,
            Some(slow) => cluster.start_slowly(node, slow).await,
        }
    });
    let starts = join_all(starts).await;
    let mut answering = Vec::new();
    let mut trouble = Vec::new();
    for (node, start) in nodes.iter().zip(starts) {
        match start {
            Ok(started) => {
                let on_its_way = match (started.stopped, slow) {
                    (Some(stopped), _) => format!(", stopped for {} on its way", milliseconds(stopped)),
                    (None, Some(_)) => ", and could not be stopped on its way".to_owned(),
                    (None, None) => String::new(),
                };
                let took = milliseconds(started.took);
                answering.push(format!("{node} answering after {took}{on_its_way}"));
            }
            Err(error) => trouble.push(error.to_string()),
        }
    }
    if trouble.is_empty() {
        Ok(answering.join("; "))
    } else {
        // What quotes a node has lines of its own.
        let is_long = trouble.iter().any(|it| it.contains('\n'));
        Err(trouble.join(if is_long { "\n" } else { "; " }))
    }
}
