//! One client: bound to one node, one operation at a time, as the descriptor says.
//!
//! The rule of outcomes: *ok* when the answer says so, *fail* only when the operation certainly had no
//! effect (the connection was refused, or the answer says so), *info* for everything else. A wrong *fail*
//! would make the checker lie, so whoever is not certain says *info*. After *info* the client goes on under
//! a new process number, because its old operation may still take effect.
//!
//! What went over the wire can be kept, for whoever wants to see it: `exchange`.
//!
//! Read next: `http` and `resp` for how a node is asked over these, `program` for how a program of the user's is,
//! `messages` for how a node is asked by messages.

mod exchange;
mod http;
mod messages;
mod program;
mod resp;

pub use exchange::Exchange;

use crate::recorder::Recorder;
use crate::workload::{Argument, PlannedOperation};
use anyhow::{Context, Result};
use cluster::network::Asking;
use cluster::system::{Answer, Judged, Operations, RequestVariables};
use exchange::Tap;
use history::EventType;
use http::HttpConnection;
use messages::MessageConnection;
use program::{ProgramConnection, ProgramOfClient};
use resp::RespConnection;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::PathBuf;
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
    /// What the last operation was on the wire, where that is wanted.
    tap: Tap,
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
    Resp(RespConnection),
    Program(Box<ProgramConnection>),
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

impl Outcome {
    /// One without a result, and why.
    fn without(kind: EventType, why: String) -> Outcome {
        Outcome {
            kind,
            value: None,
            error: Some(why),
        }
    }

    /// What an answer means for the history.
    fn of(judged: Judged) -> Outcome {
        let kind = match judged.answer {
            Answer::Ok => EventType::Ok,
            Answer::Fail => EventType::Fail,
            Answer::Info => EventType::Info,
        };
        Outcome {
            kind,
            value: judged.value,
            error: judged.error,
        }
    }
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
    /// Where client programs run and have their logs; it exists when there are any.
    pub dir: PathBuf,
    /// The folder of the system's descriptor.
    pub descriptor_dir: String,
    /// The workload's name, as the descriptor has it.
    pub workload: String,
    /// Whether what goes over the wire is kept; see [`Client::exchange`].
    pub keeps_exchanges: bool,
}

impl Client {
    /// Client number `number`, of the node at `ip`; `asking` is how it asks by messages, where the network has them.
    ///
    /// # Errors
    /// When what it reaches its node by cannot be set up.
    pub fn new(
        number: u64,
        node: &str,
        ip: &str,
        asking: Option<Asking>,
        spec: &ClientSpec,
    ) -> Result<Client> {
        let connection = match &*spec.operations {
            Operations::Maelstrom(_) => {
                let asking = asking.context("nodes that speak in messages are connected by messages")?;
                Connection::Messages(MessageConnection::new(asking, spec.timeout))
            }
            Operations::Http(_) => {
                Connection::Http(HttpConnection::new(spec.timeout).context("set up the HTTP clients")?)
            }
            Operations::Resp(_) => Connection::Resp(RespConnection::new(spec.timeout)),
            Operations::Program(command) => {
                let harness = std::env::current_exe().context("find the harness's own program file")?;
                let mut argv = command.argv(&spec.descriptor_dir, &harness.display().to_string());
                // It runs in a folder of its own; a program that was named from here is meant from here.
                if argv[0].contains('/') {
                    argv[0] = std::path::absolute(&argv[0])?.display().to_string();
                }
                Connection::Program(Box::new(ProgramConnection::new(ProgramOfClient {
                    argv,
                    dir: spec.dir.clone(),
                    epoch: spec.recorder.epoch(),
                    number,
                    node: node.to_owned(),
                    ip: ip.to_owned(),
                    workload: spec.workload.clone(),
                    deadline: spec.timeout,
                })))
            }
        };
        Ok(Client {
            node: node.to_owned(),
            ip: ip.to_owned(),
            process: number,
            clients: spec.clients,
            connection,
            tap: Tap::new(spec.keeps_exchanges),
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

    /// Sees to it that whatever has to run before an operation can begin does run: a client program.
    ///
    /// # Errors
    /// What does not run, and why not.
    pub async fn open(&mut self) -> Result<()> {
        match &mut self.connection {
            Connection::Http(_) | Connection::Resp(_) | Connection::Messages(_) => Ok(()),
            Connection::Program(program) => program.open().await.with_context(|| {
                format!(
                    "start the client program of client {} for {}",
                    self.process % self.clients,
                    self.node
                )
            }),
        }
    }

    /// Whether its last operation was answered with null: there was nothing.
    pub fn found_nothing(&self) -> bool {
        self.found_nothing
    }

    /// What the last operation was on the wire; `None` when that is not kept.
    pub fn exchange(&self) -> Option<&Exchange> {
        self.tap.exchange()
    }

    /// Carries out one operation and records it. Returns how it ended.
    pub async fn perform(&mut self, operation: &PlannedOperation) -> EventType {
        let Asked { f, key, argument } = self.asked(operation);
        self.tap.begin();
        // Before the invocation is recorded: what a program takes to start is not part of an operation.
        let opened = self.open().await;
        self.note_lock(f, key, &argument);
        let open = self.recorder.invoke(self.process, f, key, &argument, &self.node);
        let outcome = match opened {
            Ok(()) => self.ask(f, key, &argument).await,
            // Nobody was asked anything.
            Err(why) => Outcome::without(EventType::Fail, results::text::visible(&format!("{why:#}"), 300)),
        };
        let Outcome { kind, value, error } = outcome;
        let value = match kind {
            // Of an update whose answer says no more than that it was done, the history keeps what was done.
            EventType::Ok => match value {
                Some(value) => whole(f, &argument, value),
                None => argument,
            },
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

    async fn ask(&mut self, f: &'static str, key: u64, argument: &Value) -> Outcome {
        let variables = RequestVariables {
            node: &self.node,
            ip: &self.ip,
            key: &key.to_string(),
            value: argument,
        };
        let tap = &mut self.tap;
        match (&mut self.connection, &*self.operations) {
            (Connection::Http(connection), Operations::Http(operations)) => {
                connection.ask(&operations[f], &variables, tap).await
            }
            (Connection::Resp(connection), Operations::Resp(operations)) => {
                connection.ask(&operations[f], &variables, tap).await
            }
            (Connection::Messages(connection), Operations::Maelstrom(workload)) => {
                connection.ask(*workload, f, &variables).await
            }
            (Connection::Program(connection), _) => connection.ask(f, key, argument, tap).await,
            (Connection::Http(_) | Connection::Resp(_) | Connection::Messages(_), _) => {
                unreachable!("a client is made for its operations")
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
