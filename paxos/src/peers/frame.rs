//! What goes over the connections between nodes: a JSON text and a line end each.

use crate::ballot::NodeId;
use crate::message::Message;
use crate::value::{VALUE_BYTES_MAX, Value, check_decree};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The longest line: two values, names, ballots.
pub const FRAME_BYTES_MAX: usize = 4 * VALUE_BYTES_MAX;
/// How many names fit into a frame.
pub const NAMES_MAX: usize = 512;

/// The first line of a connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// Who speaks on it.
    pub from: NodeId,
}

impl Hello {
    /// The line.
    pub fn encode(&self) -> Bytes {
        line(self)
    }
}

/// Every other line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// The protocol.
    About {
        /// The decree.
        decree: Arc<str>,
        /// What is said about it.
        message: Message,
    },
    /// Which decisions have you learned, from this number on?
    WhatIsNew {
        /// The start of the node that is asked in which the number was counted.
        start: u64,
        /// The number.
        from: u64,
    },
    /// These, in this order.
    New {
        /// The start of the node that answers.
        start: u64,
        /// The number of the first.
        from: u64,
        /// At most [`NAMES_MAX`].
        names: Vec<Arc<str>>,
    },
    /// Tell me about these; each is as good as a [`Message::Ask`].
    Tell {
        /// At most [`NAMES_MAX`].
        names: Vec<Arc<str>>,
    },
}

impl Frame {
    /// The line.
    pub fn encode(&self) -> Bytes {
        line(self)
    }

    /// Whether names and values are of a size that may be stored, and not too many.
    pub fn is_within_bounds(&self) -> bool {
        let is_short = |value: &Value| value.json().len() <= VALUE_BYTES_MAX;
        match self {
            Frame::About { decree, message } => {
                check_decree(decree).is_ok()
                    && match message {
                        Message::Accept { proposal } => is_short(&proposal.value),
                        Message::Promised { accepted, .. } => {
                            accepted.as_ref().is_none_or(|proposal| is_short(&proposal.value))
                        }
                        Message::Learn { value } => is_short(value),
                        Message::Prepare { .. }
                        | Message::Accepted { .. }
                        | Message::Refused { .. }
                        | Message::Ask => true,
                    }
            }
            Frame::WhatIsNew { .. } => true,
            Frame::New { names, .. } | Frame::Tell { names } => {
                names.len() <= NAMES_MAX && names.iter().all(|name| check_decree(name).is_ok())
            }
        }
    }
}

fn line(content: &impl Serialize) -> Bytes {
    let mut text = serde_json::to_vec(content).expect("a frame is plain data");
    text.push(b'\n');
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ballot::Ballot;

    #[test]
    fn a_frame_is_one_line_and_comes_back_as_it_was() {
        let ballot = Ballot {
            round: 7,
            node: NodeId::new("n1"),
            start: 2,
        };
        let message = Message::Prepare { ballot };
        let frame = Frame::About {
            decree: "147".into(),
            message,
        };
        let line = frame.encode();
        let text = std::str::from_utf8(&line).unwrap();
        assert_eq!(
            text,
            "{\"about\":{\"decree\":\"147\",\"message\":{\"prepare\":{\"ballot\":{\"round\":7,\"node\":\"n1\",\"start\":2}}}}}\n"
        );
        assert_eq!(serde_json::from_str::<Frame>(text).unwrap(), frame);
    }

    #[test]
    fn what_is_out_of_bounds_is_noticed() {
        let about = |decree: &str, value: &str| {
            let value = serde_json::from_value(value.into()).unwrap();
            let message = Message::Learn { value };
            let decree = decree.into();
            Frame::About { decree, message }.is_within_bounds()
        };
        assert!(about("1", "17"));
        assert!(!about("../1", "17"));
        assert!(!about("1", &"7".repeat(VALUE_BYTES_MAX + 1)));
        let names = |count| vec!["1".into(); count];
        assert!(
            Frame::Tell {
                names: names(NAMES_MAX)
            }
            .is_within_bounds()
        );
        assert!(
            !Frame::Tell {
                names: names(NAMES_MAX + 1)
            }
            .is_within_bounds()
        );
    }
}
