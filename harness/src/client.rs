//! One client: bound to one node, one operation at a time, over real HTTP as the descriptor says.
//!
//! The rule of outcomes: *ok* when the answer says so, *fail* only when the operation certainly had no
//! effect (the connection was refused, or the answer says so), *info* for everything else. A wrong *fail*
//! would make the checker lie, so whoever is not certain says *info*. After *info* the client goes on under
//! a new process number, because its old operation may still take effect.

use crate::recorder::Recorder;
use crate::workload::{Argument, PlannedOperation};
use cluster::system::{Answer, HttpOperation, Operations, RequestVariables};
use history::EventType;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// An answer's body is read up to here; a longer one leaves the outcome unknown.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Of how many objects a client keeps what it saw.
const SEEN_MAX: usize = 1024;

/// A client of one node.
pub struct Client {
    node: String,
    ip: String,
    process: u64,
    clients: u64,
    http: reqwest::Client,
    operations: Arc<Operations>,
    recorder: Arc<Recorder>,
    /// What this client last saw in each object, where compare-and-set asks for it.
    seen: HashMap<u64, Value>,
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
        let http = reqwest::Client::builder()
            // A retried request would be two operations under one name; a proxy or a redirect another node.
            .retry(reqwest::retry::never())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(1)
            .connect_timeout(spec.timeout / 2)
            .timeout(spec.timeout)
            .tcp_nodelay(true)
            .build()?;
        Ok(Client {
            node: node.to_owned(),
            ip: ip.to_owned(),
            process: number,
            clients: spec.clients,
            http,
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
        let operations = Arc::clone(&self.operations);
        let http = &operations[f];
        let request = http.request(&RequestVariables {
            node: &self.node,
            ip: &self.ip,
            key: &key.to_string(),
            value: &argument,
        });
        let open = self.recorder.invoke(self.process, f, key, &argument, &self.node);
        let (kind, value, error) = match self.exchange(&request).await {
            Ok((status, body)) => outcome(http, &argument, status, &body),
            Err(failure) => (failure.kind, Value::Null, Some(failure.reason)),
        };
        if kind == EventType::Ok && operations.contains_key("cas") {
            self.note_seen(f, key, &value);
        }
        self.recorder.complete(open, kind, value, error);
        if kind == EventType::Info {
            self.process += self.clients;
        }
        kind
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

    async fn exchange(&self, request: &cluster::system::HttpRequest) -> Result<(u16, Vec<u8>), Failure> {
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .expect("the descriptor's methods were checked when it was read");
        let mut builder = self.http.request(method, &request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let mut response = builder.send().await.map_err(Failure::of)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Failure::of)? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                let reason = format!("the answer is longer than {BODY_BYTES_MAX} bytes");
                return Err(Failure {
                    kind: EventType::Info,
                    reason,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status().as_u16(), body))
    }
}

/// What an answer means for the history.
fn outcome(
    http: &HttpOperation,
    argument: &Value,
    status: u16,
    body: &[u8],
) -> (EventType, Value, Option<String>) {
    let judged = http.judge(status, body);
    match judged.answer {
        // Of an update whose answer says no more than that it was done, the history keeps what was done.
        Answer::Ok => (
            EventType::Ok,
            judged.value.unwrap_or_else(|| argument.clone()),
            None,
        ),
        Answer::Fail => (EventType::Fail, Value::Null, judged.error),
        Answer::Info => (EventType::Info, Value::Null, judged.error),
    }
}

/// No answer came.
struct Failure {
    kind: EventType,
    reason: String,
}

impl Failure {
    fn of(error: reqwest::Error) -> Failure {
        // Without a connection not a byte of the request has left: it cannot have had an effect.
        let kind = if error.is_connect() {
            EventType::Fail
        } else {
            EventType::Info
        };
        let reason = match (error.is_timeout(), error.is_connect()) {
            (true, true) => "timed out while connecting".to_owned(),
            (true, false) => "timed out".to_owned(),
            (false, _) => root_cause(&error),
        };
        Failure { kind, reason }
    }
}

/// The innermost reason of an error: "Connection refused (os error 111)".
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
