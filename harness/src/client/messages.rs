//! A client's way to its node by messages of Maelstrom's protocol.

use super::Outcome;
use cluster::maelstrom::Workload;
use cluster::network::Asking;
use cluster::system::{Answer, RequestVariables};
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
        let answer = match self.asking.ask(variables.node, body, self.timeout).await {
            Ok(answer) => workload.judge(f, &answer),
            // A request that was not answered may yet arrive.
            Err(_) => {
                return Outcome {
                    kind: EventType::Info,
                    value: None,
                    error: Some("timed out".to_owned()),
                };
            }
        };
        Outcome {
            kind: match answer.answer {
                Answer::Ok => EventType::Ok,
                Answer::Fail => EventType::Fail,
                Answer::Info => EventType::Info,
            },
            value: answer.value,
            error: answer.error,
        }
    }
}
