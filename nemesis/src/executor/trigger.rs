//! What a fault waits for, besides its time.

use super::{Task, effect};
use crate::Trigger;
use cluster::LinePattern;
use cluster::network::RuleId;
use std::time::Duration;

/// How often the number of operations is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// What came of waiting.
pub(super) enum Waited {
    /// It has happened. A packet that is held is let go when the fault is in force.
    Happened(Option<RuleId>),
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
                Waited::Happened(None)
            }
            Trigger::Log { node, line } => {
                let pattern = match LinePattern::new(line) {
                    Ok(pattern) => pattern,
                    Err(error) => return Waited::Impossible(error.to_string()),
                };
                let watch = self.cluster.watch_log(node, pattern);
                tokio::select! {
                    _ = watch.matched() => Waited::Happened(None),
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
                let network = self.cluster.network();
                let rule = match network.install(&effect::watch(link, matching.as_ref(), *held)) {
                    Ok(rule) => rule,
                    Err(error) => return Waited::Impossible(error.to_string()),
                };
                let mut matched = network.matched(&rule);
                let has_come = tokio::select! {
                    came = matched.wait_for(|packets| *packets >= 1) => came.is_ok(),
                    _ = self.stop.wait_for(|stop| *stop) => false,
                };
                match has_come {
                    true => Waited::Happened(Some(rule)),
                    false => {
                        network.heal(rule);
                        Waited::Stopped
                    }
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
