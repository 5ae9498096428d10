//! What a fault waits for, besides its time.

use super::{Task, effect};
use crate::Trigger;
use cluster::disk::{Moment, Progress};
use cluster::network::RuleId;
use cluster::{LinePattern, NodeState};
use std::sync::Arc;
use std::time::Duration;

/// How often the number of operations is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// What is said of what waits for the fault in turn.
const UNTIL_NOW: &str = ", held until now";

/// What a fault has waited for, and keeps until it is in force.
pub(super) enum Held {
    /// A packet, by this rule.
    Packet(RuleId),
    /// A disk in a certain state.
    Disk(Moment),
}

/// What came of waiting.
pub(super) enum Waited {
    /// It has happened; what was seen of it, in words. What is held is let go when the fault is in force.
    Happened(String),
    /// The run is over before it has.
    Stopped,
    /// It cannot be waited for.
    Impossible(String),
}

impl Task {
    /// Waits for what the fault waits for.
    pub(super) async fn triggered(&mut self, trigger: &Trigger) -> Waited {
        match trigger {
            Trigger::Operations(count) => {
                while self.journal.operations() < *count {
                    if self
                        .stopped_before(tokio::time::Instant::now() + LOOK_EVERY)
                        .await
                    {
                        return Waited::Stopped;
                    }
                }
                Waited::Happened(format!("after {} operations", self.journal.operations()))
            }
            Trigger::Log { node, line } => {
                let pattern = match LinePattern::new(line) {
                    Ok(pattern) => pattern,
                    Err(error) => return Waited::Impossible(error.to_string()),
                };
                let watch = self.cluster.watch_log(node, pattern);
                tokio::select! {
                    matched = watch.matched() => match matched {
                        Some(matched) => Waited::Happened(format!("after {node} printed {:?}", matched.line)),
                        None => Waited::Stopped,
                    },
                    _ = self.stop.wait_for(|stop| *stop) => Waited::Stopped,
                }
            }
            Trigger::DirectoryChange {
                node,
                then_requests,
                held,
            } => {
                let cluster = Arc::clone(&self.cluster);
                let Some(disk) = cluster.disk(node) else {
                    let reason = "the nodes of this run have no disks of their own";
                    return Waited::Impossible(reason.to_owned());
                };
                // A node changes directories when it starts, and nothing can be done to it then.
                let moment = loop {
                    let moment = disk.after_a_change(*then_requests, *held);
                    if self.stopped_while(moment.at(Progress::Begun)).await {
                        return Waited::Stopped;
                    }
                    if cluster.state(node) == NodeState::Up {
                        break moment;
                    }
                };
                if self.stopped_while(moment.at(Progress::Reached)).await {
                    return Waited::Stopped;
                }
                self.held = Some(Held::Disk(moment));
                let what = match then_requests {
                    0 => format!("after a change in a directory of {node}"),
                    more => format!("{more} requests after a change in a directory of {node}"),
                };
                Waited::Happened(what + if *held { UNTIL_NOW } else { "" })
            }
            Trigger::Packet {
                from,
                to,
                matching,
                held,
            } => {
                let link = (from.clone(), to.clone());
                let cluster = Arc::clone(&self.cluster);
                let network = cluster.network();
                let rule = match network.install(&effect::watch(link, matching.as_ref(), *held)) {
                    Ok(rule) => rule,
                    Err(error) => return Waited::Impossible(error.to_string()),
                };
                let mut matched = network.matched(&rule);
                // From here on every step of the fault that ends the waiting takes the rule away.
                self.held = Some(Held::Packet(rule));
                if self
                    .stopped_while(matched.wait_for(|packets| *packets >= 1))
                    .await
                {
                    return Waited::Stopped;
                }
                let until = if *held { UNTIL_NOW } else { "" };
                Waited::Happened(format!("after a packet from {from} to {to}{until}"))
            }
        }
    }

    /// Waits for something; true when the run was stopped before it came.
    async fn stopped_while<T>(&mut self, waiting: impl Future<Output = T>) -> bool {
        tokio::select! {
            _ = waiting => false,
            _ = self.stop.wait_for(|stop| *stop) => true,
        }
    }

    /// Lets go what the fault waited for.
    pub(super) fn release(&mut self) {
        match self.held.take() {
            Some(Held::Packet(rule)) => drop(self.cluster.network().heal(rule)),
            Some(Held::Disk(moment)) => drop(moment),
            None => {}
        }
    }
}
