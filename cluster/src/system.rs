//! The descriptor of a system: a TOML file that says how its nodes are started, how they are known to be ready,
//! and how clients talk to them. With it, a system can be tested without a line of Rust.
//!
//! A descriptor is checked as a whole when it is read, so that nothing in it can go wrong in the middle of a
//! run; what it says is then carried out by pure functions. Starting and asking is done elsewhere.
//!
//! Read next: `node` for the `[node]` part, `workload`, `operation` and `answer` for the `[workload]` part, `template` for
//! `{variables}`, and `systems/paxos.toml` for a whole one.

mod answer;
mod command;
mod condition;
mod failover;
mod household;
mod member;
mod node;
mod operation;
mod placed;
mod primary;
mod readiness;
mod reply;
mod status;
mod steps;
mod template;
mod workload;

pub use answer::{Answer, Encoding, Judged};
pub use command::RespOperation;
pub use failover::Failover;
pub use household::{CompanionRecipe, FileRecipe};
pub use member::{MemberChange, MemberRecipe, Named};
pub use node::{CommandLine, NodeRecipe, NodeVariables, PeerList};
pub use operation::{HttpOperation, HttpRequest, RequestVariables};
pub use primary::{HttpYes, PrimaryQuestion, PrimaryRecipe, RespYes};
pub use readiness::{Readiness, ReadyQuestion};
pub use reply::ReplySet;
pub use status::StatusSet;
pub use template::UnknownVariable;
pub use workload::{ClientCommand, Operation, ServedBy, WorkloadRecipe};

use crate::maelstrom::Workload;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A system that can be tested.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// What it is called.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// How many milliseconds a connected majority may take after a fault until it serves again: to find out, to elect, to
    /// take over. When nothing is said, it is asked for success after a second or two.
    #[serde(rename = "failover_ms")]
    #[schemars(with = "Option<u32>", range(min = 1, max = 600_000))]
    pub failover: Option<Failover>,
    /// How its nodes are started and known to be ready.
    pub node: NodeRecipe,
    /// How its programs come onto a machine, for whoever does not have them: `apt-get install etcd-server`.
    pub install: Option<String>,
    /// Files that its programs need, beside the program itself; where one is not there, `install` is told.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Arguments with which the program of a node says its version and ends, such as `--version`. Without them a run does not
    /// know the version.
    #[serde(default)]
    pub version_args: Vec<String>,
    /// Its workloads by name, each with its operations by function or the program that carries them out.
    #[serde(default, rename = "workload")]
    pub workloads: BTreeMap<String, WorkloadRecipe>,
    /// The folder that the descriptor is in, for `{dir}`; empty for one that is in no folder.
    #[serde(skip)]
    pub dir: String,
    /// The descriptor as it was read; empty for a system that has none.
    #[serde(skip)]
    pub text: String,
    /// Files that come with a descriptor that is in no folder, such as its client program: their places in `{dir}`, and
    /// what is in them.
    #[serde(skip)]
    pub files: &'static [(&'static str, &'static str)],
    /// The workload that its nodes serve, when they speak Maelstrom's protocol on stdin and stdout; such a system has no
    /// descriptor.
    #[serde(skip)]
    pub maelstrom: Option<Workload>,
}

/// How the functions of a workload are carried out.
#[derive(Debug, Clone)]
pub enum Operations {
    /// By requests over HTTP, one for each function.
    Http(BTreeMap<String, HttpOperation>),
    /// By commands over RESP, one for each function.
    Resp(BTreeMap<String, RespOperation>),
    /// By a program, all of them: its arguments, itself first.
    Program(ClientCommand),
    /// By messages of Maelstrom's protocol.
    Maelstrom(Workload),
}

/// Functions of one workload that are carried out in different ways, which one client cannot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{http} is asked for over HTTP and {resp} over RESP; a workload has one of the two")]
pub struct MixedOperations {
    http: String,
    resp: String,
}

impl Operations {
    /// Whether it is said how this function is carried out.
    pub fn has(&self, function: &str) -> bool {
        match self {
            Operations::Http(operations) => operations.contains_key(function),
            Operations::Resp(operations) => operations.contains_key(function),
            // It says of each operation itself whether it can do that.
            Operations::Program(_) => true,
            Operations::Maelstrom(workload) => workload.functions().contains(&function),
        }
    }

    /// The operations of a table.
    fn of(table: BTreeMap<String, Operation>) -> Result<Operations, MixedOperations> {
        let (mut http, mut resp) = (BTreeMap::new(), BTreeMap::new());
        for (function, operation) in table {
            match operation {
                Operation::Http(operation) => drop(http.insert(function, operation)),
                Operation::Resp(operation) => drop(resp.insert(function, operation)),
            }
        }
        match (http.keys().next(), resp.keys().next()) {
            (_, None) => Ok(Operations::Http(http)),
            (None, Some(_)) => Ok(Operations::Resp(resp)),
            (Some(http), Some(resp)) => Err(MixedOperations {
                http: http.clone(),
                resp: resp.clone(),
            }),
        }
    }

    /// Whether this function, whenever it is ok, has a result of its own, and not only that it was done.
    pub fn tells(&self, function: &str) -> bool {
        match self {
            Operations::Http(operations) => operations.get(function).is_some_and(HttpOperation::tells),
            Operations::Resp(operations) => operations.get(function).is_some_and(RespOperation::tells),
            // What it says is known when it says it.
            Operations::Program(_) | Operations::Maelstrom(_) => true,
        }
    }
}

impl System {
    /// A system whose nodes speak Maelstrom's protocol: this program with these arguments, without variables.
    pub fn maelstrom(name: &str, command: &[String], workload: Workload) -> System {
        System {
            name: name.to_owned(),
            description: "nodes that speak Maelstrom's protocol".to_owned(),
            failover: None,
            text: String::new(),
            node: NodeRecipe::speaking(command),
            install: None,
            needs: Vec::new(),
            version_args: Vec::new(),
            files: &[],
            workloads: BTreeMap::new(),
            dir: String::new(),
            maelstrom: Some(workload),
        }
    }

    /// What its commands name in the descriptor's folder: the words that begin with `{dir}/`, without that.
    pub fn named_files(&self) -> BTreeSet<String> {
        let clients = self.workloads.values().filter_map(|it| it.client.as_ref());
        let words = clients
            .flat_map(ClientCommand::words)
            .chain(self.node.command_words())
            .chain(self.node.primary.iter().flat_map(PrimaryRecipe::command_words));
        words
            .filter_map(|word| word.strip_prefix("{dir}/").map(str::to_owned))
            .collect()
    }

    /// The operations of a workload by its name, which may be that of a variant: what `register/serializable` does not
    /// say is as in `register`. `None` when the descriptor does not have it.
    ///
    /// # Errors
    /// When its functions are carried out in different ways.
    pub fn operations(&self, workload: &str) -> Result<Option<Operations>, MixedOperations> {
        let Some(own) = self.workloads.get(workload) else {
            return Ok(None);
        };
        if let Some(client) = &own.client {
            return Ok(Some(Operations::Program(client.clone())));
        }
        let general = workload
            .split_once('/')
            .and_then(|(kind, _)| self.workloads.get(kind));
        let mut operations = general.map_or(BTreeMap::new(), |general| general.operations.clone());
        operations.extend(own.operations.clone());
        Operations::of(operations).map(Some)
    }
}

/// The form of a descriptor as JSON Schema, for editors. What it allows may still be refused when it is read.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(System).to_value()
}

/// What is wrong with a descriptor, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "read the descriptor {origin}:{line}:{column}: {}{reason}",
    field_prefix(field)
)]
pub struct DescriptorError {
    /// The file, as the user knows it.
    pub origin: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The field, such as `node.command[2]`; empty when the text is not TOML in the first place.
    pub field: String,
    /// What is wrong with it, and what is allowed.
    pub reason: String,
}

fn field_prefix(field: &str) -> String {
    if field.is_empty() {
        String::new()
    } else {
        format!("{field}: ")
    }
}

impl System {
    /// Reads a descriptor. `origin` is what the text is called in errors, usually its file's name.
    ///
    /// # Errors
    /// The first thing that is wrong with it: file, line, column, field and what is allowed there.
    pub fn parse(text: &str, origin: &str) -> Result<System, DescriptorError> {
        let refuse = |field: String, error: &toml::de::Error| {
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            let reason = error.message().trim_end().replace('\n', "; ");
            DescriptorError {
                origin: origin.to_owned(),
                line,
                column,
                field,
                reason,
            }
        };
        let document = toml::Deserializer::parse(text).map_err(|error| refuse(String::new(), &error))?;
        let system: System = serde_path_to_error::deserialize(document).map_err(|error| {
            let path = error.path().to_string();
            refuse(if path == "." { String::new() } else { path }, error.inner())
        })?;
        Ok(System {
            text: text.to_owned(),
            ..system
        })
    }
}

/// Line and column, both from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}
