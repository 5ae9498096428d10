//! The protocol of Maelstrom's nodes: one JSON object on a line of stdin or stdout is a message.
//!
//! After Maelstrom's `doc/protocol.md`, `doc/workloads.md` and `doc/services.md`. A message has a `src`, a `dest` and a
//! `body`; a body has a `type`, perhaps a `msg_id`, and as an answer `in_reply_to`. A node is told its name by an `init`
//! message before all others. Everything that a node writes is untrusted.
//!
//! Here is what the words mean, without input or output. Read next: `services` for what the network offers to nodes beside
//! each other, [`crate::network`] for how messages get from one to the other.

mod error;
mod keyed;
mod last_write_wins;
mod sequential;
mod services;
mod workload;

pub use error::{ErrorCode, is_definite};
pub(crate) use services::not_there;
pub use services::{SERVICES, Services};
pub use workload::Workload;

use serde_json::{Map, Value, json};

/// A line that a node writes is a message of at most this many bytes.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who says that he sends it. A node that forwards a request may leave the client's name in it.
    pub src: String,
    /// Whom it is for.
    pub dest: String,
    /// What it says.
    pub body: Map<String, Value>,
}

impl Message {
    /// Reads a line.
    ///
    /// # Errors
    /// Why it is no message.
    pub fn read(line: &[u8]) -> Result<Message, String> {
        let value: Value = serde_json::from_slice(line).map_err(|why| format!("it is no JSON ({why})"))?;
        let Value::Object(mut parts) = value else {
            return Err("it is no JSON object".to_owned());
        };
        let mut name = |key: &str| match parts.remove(key) {
            Some(Value::String(name)) => Ok(name),
            Some(_) => Err(format!("its {key} is no string")),
            None => Err(format!("it has no {key}")),
        };
        let (src, dest) = (name("src")?, name("dest")?);
        match parts.remove("body") {
            Some(Value::Object(body)) => Ok(Message { src, dest, body }),
            _ => Err("its body is no object".to_owned()),
        }
    }

    /// The line, without its end.
    pub fn write(&self) -> Vec<u8> {
        json!({"src": self.src, "dest": self.dest, "body": self.body})
            .to_string()
            .into_bytes()
    }

    /// Which request of its receiver it answers.
    pub fn in_reply_to(&self) -> Option<u64> {
        self.body.get("in_reply_to").and_then(Value::as_u64)
    }
}

/// Whether a name is that of a client: `c` and a number.
pub fn is_client(name: &str) -> bool {
    let number = name.strip_prefix('c');
    number.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a name is that of a client or a service, so that no node can have it.
pub fn is_reserved(name: &str) -> bool {
    is_client(name) || SERVICES.contains(&name)
}

/// The body of the message that a node is told its name with.
pub fn init(node: &str, nodes: &[String]) -> Map<String, Value> {
    object(json!({"type": "init", "node_id": node, "node_ids": nodes}))
}

/// The members of what was written as an object.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => unreachable!("it is called with objects only"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let line = br#"{"src":"n1","dest":"c3","body":{"type":"read_ok","in_reply_to":7,"value":[1]}}"#;
        let message = Message::read(line).unwrap();
        assert_eq!((message.src.as_str(), message.dest.as_str()), ("n1", "c3"));
        assert_eq!(message.in_reply_to(), Some(7));
        assert_eq!(Message::read(&message.write()).unwrap(), message);
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        for (line, why) in [
            ("Starting up!", "no JSON"),
            ("[1]", "no JSON object"),
            (r#"{"dest":"n1","body":{}}"#, "it has no src"),
            (r#"{"src":1,"dest":"n1","body":{}}"#, "its src is no string"),
            (r#"{"src":"n1","dest":"n2","body":"x"}"#, "its body is no object"),
        ] {
            let refused = Message::read(line.as_bytes()).unwrap_err();
            assert!(refused.contains(why), "{line}: {refused}");
        }
    }

    #[test]
    fn clients_are_known_by_their_names() {
        assert!(is_client("c1") && is_client("c20"));
        assert!(!is_client("c") && !is_client("n1") && !is_client("c1x") && !is_client("lin-kv"));
    }
}
