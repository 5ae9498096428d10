//! A client's way to its node by messages of Maelstrom's protocol.

use super::Outcome;
use cluster::maelstrom::Workload;
use cluster::network::Asking;
use cluster::system::RequestVariables;
use history::EventType;
use std::time::Duration;

/// A client of the network, under a name of its own.
pub(super) struct MessageConnection {
    asking: Asking,
    timeout: Duration,
}

impl MessageConnection {
    /// Gives up on an answer after `timeout`.
    pub fn new(asking: Asking, timeout: Duration) -> MessageConnection {
        MessageConnection { asking, timeout }
    }

    /// Asks for one operation, once.
    pub async fn ask(&self, workload: Workload, f: &str, variables: &RequestVariables<'_>) -> Outcome {
        let body = workload.request(f, variables.key, variables.value);
        match self.asking.ask(variables.node, body, self.timeout).await {
            Ok(answer) => Outcome::of(workload.judge(f, &answer)),
            // A request that was not answered may yet arrive.
            Err(_) => Outcome::without(EventType::Info, "timed out".to_owned()),
        }
    }
}
