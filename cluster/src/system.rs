//! The descriptor of a system: a TOML file that says how its nodes are started, how they are known to be ready,
//! and how clients talk to them. With it, a system can be tested without a line of Rust.
//!
//! A descriptor is checked as a whole when it is read, so that nothing in it can go wrong in the middle of a
//! run; what it says is then carried out by pure functions. Starting and asking is done elsewhere.
//!
//! Read next: `node` for the `[node]` part, `operation` and `answer` for the `[workload]` part, `template` for
//! `{variables}`, and `systems/paxos.toml` for a whole one.

mod answer;
mod node;
mod operation;
mod placed;
mod status;
mod steps;
mod template;

pub use answer::{Answer, Judged};
pub use node::{CommandLine, NodeRecipe, NodeVariables, PeerList, Readiness};
pub use operation::{HttpOperation, HttpRequest, RequestVariables};
pub use status::StatusSet;
pub use template::UnknownVariable;

use serde::Deserialize;
use std::collections::BTreeMap;

/// A system that can be tested.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// What it is called.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// How its nodes are started and known to be ready.
    pub node: NodeRecipe,
    /// How its programs come onto a machine, for whoever does not have them: `apt-get install etcd-server`.
    pub install: Option<String>,
    /// Its workloads by name, each with its operations by function: `workloads["decree"]["propose"]`.
    #[serde(default, rename = "workload")]
    pub workloads: BTreeMap<String, BTreeMap<String, HttpOperation>>,
}

/// How the functions of a workload are carried out.
#[derive(Debug, Clone)]
pub enum Operations {
    /// By requests over HTTP, one for each function.
    Http(BTreeMap<String, HttpOperation>),
}

impl Operations {
    /// Whether it is said how this function is carried out.
    pub fn has(&self, function: &str) -> bool {
        match self {
            Operations::Http(operations) => operations.contains_key(function),
        }
    }

    /// Whether this function, whenever it is ok, has a result of its own, and not only that it was done.
    pub fn tells(&self, function: &str) -> bool {
        match self {
            Operations::Http(operations) => operations.get(function).is_some_and(HttpOperation::tells),
        }
    }
}

impl System {
    /// The operations of a workload by its name, which may be that of a variant: what `register/serializable` does not
    /// say is as in `register`. `None` when the descriptor does not have it.
    pub fn operations(&self, workload: &str) -> Option<Operations> {
        let own = self.workloads.get(workload)?;
        let general = workload
            .split_once('/')
            .and_then(|(kind, _)| self.workloads.get(kind));
        let mut operations = general.cloned().unwrap_or_default();
        operations.extend(own.clone());
        Some(Operations::Http(operations))
    }
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
        serde_path_to_error::deserialize(document).map_err(|error| {
            let path = error.path().to_string();
            refuse(if path == "." { String::new() } else { path }, error.inner())
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
