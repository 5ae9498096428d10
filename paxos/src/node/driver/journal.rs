//! What instances want, counted and told in the node's log.

use super::Driver;
use crate::instance::{Delay, Durable, Output};
use crate::message::Message;
use std::sync::Arc;

impl Driver {
    pub(super) fn count_and_log(&self, name: &Arc<str>, output: &Output) {
        match output {
            Output::Broadcast(Message::Prepare { ballot }) => {
                self.metrics.attempts.inc();
                tracing::info!("prepare decree={name} ballot={ballot}");
            }
            Output::Broadcast(Message::Accept { proposal }) => {
                tracing::info!(
                    "propose decree={name} ballot={} value={}",
                    proposal.ballot,
                    proposal.value
                );
            }
            Output::Send(to, Message::Promised { ballot, .. }) => {
                self.metrics.promises.inc();
                tracing::info!("promised decree={name} ballot={ballot} to={to}");
            }
            Output::Send(to, Message::Accepted { ballot }) => {
                self.metrics.acceptances.inc();
                tracing::info!("accepted decree={name} ballot={ballot} from={to}");
            }
            Output::Send(_, Message::Refused { ballot, promised }) => {
                self.metrics.refusals.inc();
                tracing::info!("refused decree={name} ballot={ballot} promised={promised}");
            }
            Output::Remember(Durable {
                learned: Some(value), ..
            }) => {
                tracing::info!("learned decree={name} value={value}")
            }
            Output::Wake(Delay::BackOff { .. }) => {
                self.metrics.overtaken.inc();
            }
            _ => {}
        }
    }
}
