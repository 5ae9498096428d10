//! What instances want, counted and told in the node's log. Values are cut where they are long.

use super::Driver;
use crate::ballot::{Ballot, NodeId};
use crate::instance::{Delay, Durable, Output};
use crate::message::{Message, Proposal};
use std::sync::Arc;

impl Driver {
    /// Counts and tells an output; `written` is what the acceptor has accepted as it was written down before.
    pub(super) fn count_and_log(&self, name: &Arc<str>, output: &Output, written: Option<&Proposal>) {
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
            Output::Send(to, Message::Promised { ballot, accepted }) => {
                self.metrics.promises.inc();
                tracing::info!("{}", promised(name, ballot, to, accepted.as_ref()));
            }
            Output::Send(to, Message::Accepted { ballot }) => {
                self.metrics.acceptances.inc();
                tracing::info!("{}", accepted(name, ballot, to, written));
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

/// A promise, with what it reports as accepted before.
fn promised(name: &str, ballot: &Ballot, to: &NodeId, accepted: Option<&Proposal>) -> String {
    let before = accepted.map_or_else(String::new, |proposal| {
        format!(" accepted={} value={}", proposal.ballot, proposal.value)
    });
    format!("promised decree={name} ballot={ballot} to={to}{before}")
}

/// An acceptance of a proposal from a node, with the value that is kept; its ballot is named where it is another one.
fn accepted(name: &str, ballot: &Ballot, from: &NodeId, written: Option<&Proposal>) -> String {
    let kept = match written {
        Some(proposal) if proposal.ballot == *ballot => format!(" value={}", proposal.value),
        Some(proposal) => format!(" kept={} value={}", proposal.ballot, proposal.value),
        None => " kept=nothing".to_owned(),
    };
    format!("accepted decree={name} ballot={ballot}{kept} from={from}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use serde_json::json;

    fn ballot(round: u64) -> Ballot {
        Ballot {
            round,
            node: NodeId::new("n2"),
            start: 1,
        }
    }

    fn proposal(round: u64, value: &serde_json::Value) -> Proposal {
        Proposal {
            ballot: ballot(round),
            value: Value::new(value).unwrap(),
        }
    }

    #[test]
    fn what_was_accepted_is_told_with_its_value() {
        let (to, held) = (NodeId::new("n3"), proposal(4, &json!(17)));
        let told = |written| accepted("7", &ballot(4), &to, written);
        assert_eq!(
            told(Some(&held)),
            "accepted decree=7 ballot=4.n2 value=17 from=n3"
        );
        let older = proposal(1, &json!(42));
        let expected = "accepted decree=7 ballot=4.n2 kept=1.n2 value=42 from=n3";
        assert_eq!(told(Some(&older)), expected);
        assert_eq!(told(None), "accepted decree=7 ballot=4.n2 kept=nothing from=n3");
        let told = promised("7", &ballot(4), &to, Some(&older));
        assert_eq!(told, "promised decree=7 ballot=4.n2 to=n3 accepted=1.n2 value=42");
        assert_eq!(
            promised("7", &ballot(4), &to, None),
            "promised decree=7 ballot=4.n2 to=n3"
        );
    }

    #[test]
    fn a_long_value_makes_no_long_line() {
        let long = proposal(4, &json!("x".repeat(10_000)));
        let told = accepted("7", &ballot(4), &NodeId::new("n3"), Some(&long));
        assert!(told.contains('…') && told.len() < 200, "{told}");
    }
}
