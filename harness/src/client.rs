//! One client: bound to one node, one operation at a time, as the descriptor says.
//!
//! The rule of outcomes: *ok* when the answer says so, *fail* only when the operation certainly had no
//! effect (the connection was refused, or the answer says so), *info* for everything else. A wrong *fail*
//! would make the checker lie, so whoever is not certain says *info*. After *info* the client goes on under
//! a new process number, because its old operation may still take effect.
//!
//! Read next: `http` for how a node is asked over HTTP, `messages` for how it is asked by messages.

mod http;
mod messages;

use crate::recorder::Recorder;
use crate::workload::{Argument, PlannedOperation};
use cluster::network::Asking;
use cluster::system::{Operations, RequestVariables};
use history::EventType;
use http::HttpConnection;
use messages::MessageConnection;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Of how many objects a client keeps what it saw.
const SEEN_MAX: usize = 1024;

/// A client of one node.
pub struct Client {
    node: String,
    ip: String,
    process: u64,
    clients: u64,
    connection: Connection,
    operations: Arc<Operations>,
    recorder: Arc<Recorder>,
    /// What this client last saw in each object, where compare-and-set asks for it.
    seen: HashMap<u64, Value>,
}

/// What a client reaches its node by.
enum Connection {
    Http(HttpConnection),
    Messages(MessageConnection),
}

/// How an operation ended, as far as its client can know.
struct Outcome {
    kind: EventType,
    /// The result of one that happened, where it has one that is not its argument.
    value: Option<Value>,
    /// Why it did not, or why nobody knows.
    error: Option<String>,
}

/// What is needed to make clients.
pub struct ClientSpec {
    /// How the system's operations are asked for.
    pub operations: Arc<Operations>,
    /// Where events go.
    pub recorder: Arc<Recorder>,
    /// How many clients there are.
    pub clients: u64,
    /// When to give up on an answer.
    pub timeout: Duration,
}

impl Client {
    /// Client number `number`, of the node at `ip`; `asking` is how it asks by messages, where the network has them.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(
        number: u64,
        node: &str,
        ip: &str,
        asking: Option<Asking>,
        spec: &ClientSpec,
    ) -> reqwest::Result<Client> {
        let connection = match asking {
            Some(asking) => Connection::Messages(MessageConnection::new(asking, spec.timeout)),
            None => Connection::Http(HttpConnection::new(spec.timeout)?),
        };
        Ok(Client {
            node: node.to_owned(),
            ip: ip.to_owned(),
            process: number,
            clients: spec.clients,
            connection,
            operations: Arc::clone(&spec.operations),
            recorder: Arc::clone(&spec.recorder),
            seen: HashMap::new(),
        })
    }

    /// The node that this client talks to.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Carries out one operation and records it. Returns how it ended.
    pub async fn perform(&mut self, operation: &PlannedOperation) -> EventType {
        let key = operation.key;
        let (f, argument) = self.asked(operation);
        let open = self.recorder.invoke(self.process, f, key, &argument, &self.node);
        let outcome = self.ask(f, &key.to_string(), &argument).await;
        let Outcome { kind, value, error } = outcome;
        let value = match kind {
            // Of an update whose answer says no more than that it was done, the history keeps what was done.
            EventType::Ok => value.unwrap_or(argument),
            _ => Value::Null,
        };
        if kind == EventType::Ok && self.operations.has("cas") {
            self.note_seen(f, key, &value);
        }
        self.recorder.complete(open, kind, value, error);
        if kind == EventType::Info {
            self.process += self.clients;
        }
        kind
    }

    async fn ask(&mut self, f: &'static str, key: &str, argument: &Value) -> Outcome {
        let variables = RequestVariables {
            node: &self.node,
            ip: &self.ip,
            key,
            value: argument,
        };
        match (&mut self.connection, &*self.operations) {
            (Connection::Http(connection), Operations::Http(operations)) => {
                connection.ask(&operations[f], &variables).await
            }
            (Connection::Messages(connection), Operations::Maelstrom(workload)) => {
                connection.ask(*workload, f, &variables).await
            }
            (Connection::Http(_) | Connection::Messages(_), _) => {
                unreachable!("how nodes are connected and how they are asked come from one system")
            }
        }
    }

    /// What is asked in the end: what depends on what was seen is known now.
    fn asked(&self, operation: &PlannedOperation) -> (&'static str, Value) {
        match (&operation.argument, self.seen.get(&operation.key)) {
            (Argument::Fixed(value), _) => (operation.f, value.clone()),
            (Argument::Replace(new), Some(seen)) => (operation.f, json!([seen, new])),
            (Argument::Replace(_), None) => ("read", Value::Null),
        }
    }

    /// Keeps what an object was seen to hold.
    fn note_seen(&mut self, f: &str, key: u64, value: &Value) {
        let held = if f == "cas" { &value[1] } else { value };
        if held.is_null() {
            return;
        }
        // Old objects are hardly asked for again.
        if self.seen.len() >= SEEN_MAX {
            self.seen.clear();
        }
        self.seen.insert(key, held.clone());
    }
}
