//! What a fault waits for, besides its time.

use super::{Task, effect};
use crate::Trigger;
use cluster::{LinePattern, NodeState};
use std::sync::Arc;
use std::time::Duration;

/// How often the number of operations is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// What came of waiting.
pub(super) enum Waited {
    /// It has happened; what was seen of it, in words. A packet that is held is let go when the fault is in force.
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
            Trigger::DirectoryChange { node, then_requests } => {
                let cluster = Arc::clone(&self.cluster);
                let Some(disk) = cluster.disk(node) else {
                    let reason = "the nodes of this run have no disks of their own";
                    return Waited::Impossible(reason.to_owned());
                };
                // A node changes directories when it starts, and nothing can be done to it then.
                loop {
                    let mut changes = disk.directory_changes();
                    tokio::select! {
                        changed = changes.changed() => if changed.is_err() {
                            return Waited::Stopped;
                        },
                        _ = self.stop.wait_for(|stop| *stop) => return Waited::Stopped,
                    }
                    if cluster.state(node) == NodeState::Up {
                        break;
                    }
                }
                if *then_requests == 0 {
                    return Waited::Happened(format!("after a change in a directory of {node}"));
                }
                let mut steps = disk.steps();
                let last = steps.borrow().saturating_add((*then_requests).into());
                tokio::select! {
                    reached = steps.wait_for(|step| *step >= last) => match reached {
                        Ok(_) => Waited::Happened(format!(
                            "{then_requests} requests after a change in a directory of {node}"
                        )),
                        Err(_) => Waited::Stopped,
                    },
                    _ = self.stop.wait_for(|stop| *stop) => Waited::Stopped,
                }
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
                self.held = Some(rule);
                tokio::select! {
                    _ = matched.wait_for(|packets| *packets >= 1) => {
                        let until = if *held { ", held until now" } else { "" };
                        Waited::Happened(format!("after a packet from {from} to {to}{until}"))
                    }
                    _ = self.stop.wait_for(|stop| *stop) => Waited::Stopped,
                }
            }
        }
    }

    /// Lets go the packet that the fault waited for.
    pub(super) fn release(&mut self) {
        if let Some(rule) = self.held.take() {
            self.cluster.network().heal(rule);
        }
    }
}
