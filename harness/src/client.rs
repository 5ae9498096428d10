//! One client: bound to one node, one operation at a time, as the descriptor says.
//!
//! The rule of outcomes: *ok* when the answer says so, *fail* only when the operation certainly had no
//! effect (the connection was refused, or the answer says so), *info* for everything else. A wrong *fail*
//! would make the checker lie, so whoever is not certain says *info*. After *info* the client goes on under
//! a new process number, because its old operation may still take effect.
//!
//! Read next: `http` for how a node is asked over HTTP.

mod http;

use crate::recorder::Recorder;
use crate::workload::{Argument, PlannedOperation};
use cluster::system::{Operations, RequestVariables};
use history::EventType;
use http::HttpConnection;
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
    /// The lock that it holds, or may hold.
    holding: Option<Holding>,
    /// How many names it has made up for owners of locks.
    owners: u64,
    /// Whether its last operation was answered with null.
    found_nothing: bool,
}

/// A lock that a client holds, or may hold.
struct Holding {
    key: u64,
    owner: Value,
}

/// What is asked in the end.
struct Asked {
    f: &'static str,
    key: u64,
    argument: Value,
}

/// What a client reaches its node by.
enum Connection {
    Http(HttpConnection),
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
    /// Client number `number`, of the node at `ip`.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(number: u64, node: &str, ip: &str, spec: &ClientSpec) -> reqwest::Result<Client> {
        let connection = match &*spec.operations {
            Operations::Http(_) => Connection::Http(HttpConnection::new(spec.timeout)?),
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
            holding: None,
            owners: 0,
            found_nothing: false,
        })
    }

    /// The node that this client talks to.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Whether its last operation was answered with null: there was nothing.
    pub fn found_nothing(&self) -> bool {
        self.found_nothing
    }

    /// Carries out one operation and records it. Returns how it ended.
    pub async fn perform(&mut self, operation: &PlannedOperation) -> EventType {
        let Asked { f, key, argument } = self.asked(operation);
        self.note_lock(f, key, &argument);
        let open = self.recorder.invoke(self.process, f, key, &argument, &self.node);
        let outcome = self.ask(f, &key.to_string(), &argument).await;
        let Outcome { kind, value, error } = outcome;
        let value = match kind {
            // Of an update whose answer says no more than that it was done, the history keeps what was done.
            EventType::Ok => value.map_or(argument.clone(), |value| whole(f, &argument, value)),
            _ => Value::Null,
        };
        self.found_nothing = kind == EventType::Ok && value.is_null();
        if matches!((f, kind), ("acquire", EventType::Fail)) {
            self.holding = None;
        }
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
        }
    }

    /// What is asked in the end: what depends on what was seen, or on what is held, is known now.
    fn asked(&mut self, operation: &PlannedOperation) -> Asked {
        let PlannedOperation { f, key, .. } = *operation;
        let asked = |f, argument| Asked { f, key, argument };
        match (&operation.argument, self.seen.get(&key)) {
            (Argument::Fixed(value), _) => asked(f, value.clone()),
            (Argument::Replace(new), Some(seen)) => asked(f, json!([seen, new])),
            (Argument::Replace(_), None) => asked("read", Value::Null),
            (Argument::Owner, _) => match self.holding.take() {
                Some(Holding { key, owner }) => Asked {
                    f: "release",
                    key,
                    argument: owner,
                },
                None => {
                    self.owners += 1;
                    asked(
                        f,
                        json!(format!("{}-{}", self.process % self.clients, self.owners)),
                    )
                }
            },
        }
    }

    /// Keeps which lock is asked for: unless it is refused, the client may hold it.
    fn note_lock(&mut self, f: &str, key: u64, owner: &Value) {
        if f == "acquire" {
            let owner = owner.clone();
            self.holding = Some(Holding { key, owner });
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

/// A result as histories have it: whether an element is in a set, or came in or out, stands beside the element.
fn whole(f: &str, argument: &Value, value: Value) -> Value {
    match (f, &value) {
        ("contains" | "add" | "remove", Value::Bool(_)) => json!([argument, value]),
        _ => value,
    }
}
