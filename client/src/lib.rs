//! For client programs in Rust: implement [`Client`] for your system, give it to [`serve`], and name the program in the
//! descriptor (`[workload.register] client = ["{dir}/my-client"]`). The harness starts one process of it for each of its
//! clients.
//!
//! ```no_run
//! use harness_client::{Client, Operation, Outcome, Start, serve};
//!
//! struct Mine(std::net::TcpStream);
//!
//! impl Client for Mine {
//!     fn invoke(&mut self, operation: &Operation) -> Outcome {
//!         match operation.f.as_str() {
//!             // "read" => ask the node, and answer Outcome::Ok(Some(value))
//!             f => Outcome::Fail(format!("there is no {f} here")),
//!         }
//!     }
//! }
//!
//! fn main() -> Result<(), harness_client::ServeError> {
//!     serve(|start: &Start| std::net::TcpStream::connect((start.ip.as_str(), 7000)).map(Mine))
//! }
//! ```
//!
//! Here is only the protocol (`docs/client-programs.md`); a system's own client library does the rest. Whatever the
//! program prints to stdout besides is taken for a broken answer: print to stderr, which ends up in a log of the run.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

/// The version of the protocol that is spoken here.
pub const PROTOCOL: u32 = 1;

/// What a program is told at its start.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Start {
    /// The version of the protocol.
    pub protocol: u32,
    /// The node to talk to.
    pub node: String,
    /// Its address.
    pub ip: String,
    /// Which of the clients this is, from 0.
    pub client: u64,
    /// The workload's name, as the descriptor has it: `register/quorum`.
    pub workload: String,
    /// How long an operation may take, in milliseconds. A little later its outcome counts as unknown, and the program is
    /// killed and started anew.
    pub deadline_ms: u64,
}

impl Start {
    /// How long an operation may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }
}

/// An operation to be carried out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Operation {
    /// Its number in this process, which its outcome is told with.
    pub id: u64,
    /// The function: `read`, `write`, `cas`.
    pub f: String,
    /// The object: a number in the workloads that there are.
    pub key: Value,
    /// What it is asked with; null where there is nothing. Of a `cas` a list of two, old and new.
    pub value: Value,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It happened. With its result; `None` where that is what it was asked with, as of a write.
    Ok(Option<Value>),
    /// It certainly had no effect and never will, and why.
    Fail(String),
    /// Nobody knows, and why: no answer, a lost connection, an error in the middle. When in doubt, this.
    Info(String),
}

/// A client of one node: one operation at a time.
pub trait Client {
    /// Carries out one operation. A panic ends the program, which leaves the outcome unknown.
    fn invoke(&mut self, operation: &Operation) -> Outcome;
}

/// Why a program cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Stdin or stdout failed.
    #[error("speak with the harness: {0}")]
    Io(#[from] io::Error),
    /// What came from the harness is not the protocol.
    #[error("understand the harness: {0}")]
    Protocol(#[from] serde_json::Error),
    /// The harness speaks another version of the protocol.
    #[error("speak version {0} of the protocol with the harness; this program speaks {PROTOCOL}")]
    Version(u32),
    /// The client could not be made.
    #[error("set up the client: {0}")]
    Open(String),
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: u64,
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> Answer<'a> {
    fn to(id: u64, outcome: &'a Outcome) -> Answer<'a> {
        let (kind, value, error) = match outcome {
            Outcome::Ok(value) => ("ok", value.as_ref(), None),
            Outcome::Fail(why) => ("fail", None, Some(why.as_str())),
            Outcome::Info(why) => ("info", None, Some(why.as_str())),
        };
        Answer {
            id,
            r#type: kind,
            value,
            error,
        }
    }
}

/// Speaks the protocol on stdin and stdout until the harness has no more operations. `open` makes the client of the node
/// that the harness names.
///
/// # Errors
/// When the client cannot be made, or the harness cannot be understood. Return it from `main`: the program then ends with
/// it on stderr, which the harness shows.
pub fn serve<C: Client, E: Display>(open: impl FnOnce(&Start) -> Result<C, E>) -> Result<(), ServeError> {
    serve_on(BufReader::new(io::stdin()), io::stdout().lock(), open)
}

/// The same on other streams.
///
/// # Errors
/// As of [`serve`].
pub fn serve_on<C: Client, E: Display>(
    from: impl BufRead,
    mut to: impl Write,
    open: impl FnOnce(&Start) -> Result<C, E>,
) -> Result<(), ServeError> {
    let mut lines = from.lines();
    let Some(first) = lines.next() else { return Ok(()) };
    let start: Start = serde_json::from_str(&first?)?;
    if start.protocol != PROTOCOL {
        return Err(ServeError::Version(start.protocol));
    }
    let mut client = open(&start).map_err(|why| ServeError::Open(why.to_string()))?;
    say(&mut to, &Ready { ready: true })?;
    for line in lines {
        let operation: Operation = serde_json::from_str(&line?)?;
        let outcome = client.invoke(&operation);
        say(&mut to, &Answer::to(operation.id, &outcome))?;
    }
    Ok(())
}

/// Writes one line, at once.
fn say(to: &mut impl Write, what: &impl Serialize) -> Result<(), ServeError> {
    let mut line = serde_json::to_string(what)?;
    line.push('\n');
    to.write_all(line.as_bytes())?;
    Ok(to.flush()?)
}
