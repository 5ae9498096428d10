//! The `[node.primary]` part of a descriptor: how a node is asked whether it is the primary (the leader, the master), and
//! which answer means yes.
//!
//! Asking is done by [`crate::cluster`]; what is done to the primary then is for others to say.

use super::condition::{Conditions, Pointer};
use super::node::{AddressTemplate, CommandTemplate, fill_address};
use super::operation::{HeaderName, HttpRequest, Method, check_header, check_url};
use super::placed::placed;
use super::readiness::{check_port, success, within};
use super::reply::ReplySet;
use super::status::StatusSet;
use crate::resp::Reply;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

/// How a node is asked whether it is the primary.
#[derive(Debug, Clone)]
pub struct PrimaryRecipe {
    by: By,
    /// How long an answer may take; by default 500 ms.
    pub timeout: Duration,
}

/// How it is asked.
#[derive(Debug, Clone)]
enum By {
    Http {
        method: Method,
        url: AddressTemplate,
        headers: BTreeMap<HeaderName, AddressTemplate>,
        body: Option<AddressTemplate>,
        yes: HttpYes,
    },
    Resp {
        port: u16,
        words: Vec<CommandTemplate>,
        yes: RespYes,
    },
    Program(Vec<CommandTemplate>),
}

/// What one node is asked, and which answer means that it is the primary.
#[derive(Debug, Clone)]
pub enum PrimaryQuestion {
    /// A request over HTTP.
    Http(HttpRequest, HttpYes),
    /// A command over RESP: where it is sent, and its words.
    Resp(SocketAddrV4, Vec<String>, RespYes),
    /// A program, which leaves with exit status 0 when the node is: itself, then its arguments.
    Program(Vec<String>),
}

/// Which answers over HTTP mean yes.
#[derive(Debug, Clone)]
pub struct HttpYes {
    status: StatusSet,
    conditions: Conditions,
}

/// Which replies over RESP mean yes.
#[derive(Debug, Clone)]
pub struct RespYes {
    reply: ReplySet,
    conditions: Conditions,
}

impl HttpYes {
    /// Whether this answer does.
    ///
    /// # Errors
    /// What it says instead, in words that are ours or were made fit for a line.
    pub fn is_said(&self, status: u16, body: &[u8]) -> Result<(), String> {
        if !self.status.contains(status) {
            return Err(format!("status {status}, not {}", self.status));
        }
        // An answer that is not JSON holds nothing.
        let document: Option<Value> = serde_json::from_slice(body).ok();
        match self.conditions.hold(document.as_ref()) {
            true => Ok(()),
            false => Err(format!("not {}", self.conditions)),
        }
    }
}

impl RespYes {
    /// Whether this reply does.
    ///
    /// # Errors
    /// What it says instead, fit for a line.
    pub fn is_said(&self, reply: &Reply) -> Result<(), String> {
        if !self.reply.contains(reply) {
            return Err(format!("{}, not {}", reply.shown(), self.reply));
        }
        match self.conditions.hold(Some(&reply.document())) {
            true => Ok(()),
            false => Err(format!("not {}", self.conditions)),
        }
    }
}

/// How a node is asked whether it is the primary: a request over HTTP, a command over RESP, or a program.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Primary")]
struct RawPrimary {
    /// Over HTTP: what is asked. Variables: {node} {index} {ip}.
    url: Option<AddressTemplate>,
    /// Over HTTP: `GET` when nothing is said.
    method: Option<Method>,
    /// Over HTTP: names and values.
    headers: Option<BTreeMap<HeaderName, AddressTemplate>>,
    /// Over HTTP: what is sent.
    body: Option<AddressTemplate>,
    /// Over HTTP: which statuses mean yes; 2xx when nothing is said.
    status: Option<StatusSet>,
    /// Over RESP: where the command is sent.
    port: Option<u16>,
    /// Over RESP: the words of the command. Without a port: a program, then its arguments, which leaves with exit status 0
    /// when the node is the primary.
    command: Option<Vec<CommandTemplate>>,
    /// Over RESP: which replies mean yes.
    reply: Option<ReplySet>,
    /// What the answer has to have besides: JSON pointers into it, and the values there; or { same_as = "/other" }.
    #[serde(default, rename = "where")]
    conditions: BTreeMap<Pointer, Value>,
    /// How long an answer may take.
    #[serde(default = "timeout_ms")]
    timeout_ms: u64,
}

fn timeout_ms() -> u64 {
    500
}

placed!(PrimaryRecipe from RawPrimary, "a table");

const FORMS: &str = "it is a `url` (with `method`, `headers`, `body`, `status`, `where`), or over RESP `port`, `command` and \
                     `reply` (with `where`), or a program's `command` alone";

impl TryFrom<RawPrimary> for PrimaryRecipe {
    type Error = String;

    fn try_from(raw: RawPrimary) -> Result<Self, String> {
        let of_http =
            raw.method.is_some() || raw.headers.is_some() || raw.body.is_some() || raw.status.is_some();
        let conditions = Conditions::try_from(raw.conditions)?;
        let by = match (raw.url, raw.port, raw.command, raw.reply) {
            (Some(url), None, None, None) => {
                check_url(&url.0).map_err(|reason| format!("url: {reason}"))?;
                let headers = raw.headers.unwrap_or_default();
                check_headers(&headers)?;
                By::Http {
                    method: raw.method.unwrap_or_else(Method::get),
                    url,
                    headers,
                    body: raw.body,
                    yes: HttpYes {
                        status: raw.status.unwrap_or_else(success),
                        conditions,
                    },
                }
            }
            (None, Some(port), Some(words), Some(reply)) if !of_http => {
                check_port("port", port)?;
                let words = not_empty(words, "[\"ROLE\"]")?;
                let yes = RespYes { reply, conditions };
                By::Resp { port, words, yes }
            }
            (None, None, Some(words), None) if !of_http && conditions.is_empty() => {
                By::Program(not_empty(words, "[\"{dir}/is-primary\", \"{ip}\"]")?)
            }
            _ => return Err(FORMS.to_owned()),
        };
        let timeout = within("timeout_ms", raw.timeout_ms, 60_000)?;
        Ok(PrimaryRecipe { by, timeout })
    }
}

fn not_empty(words: Vec<CommandTemplate>, example: &str) -> Result<Vec<CommandTemplate>, String> {
    match words.is_empty() {
        true => Err(format!("command is empty; it is a list, such as {example}")),
        false => Ok(words),
    }
}

fn check_headers(headers: &BTreeMap<HeaderName, AddressTemplate>) -> Result<(), String> {
    headers.iter().try_for_each(|(name, value)| {
        check_header(&value.0.to_string()).map_err(|why| format!("headers: {}: {why}", name.0))
    })
}

impl PrimaryRecipe {
    /// What one node is asked; `command` fills the words of a command.
    pub(super) fn question(
        &self,
        node: &str,
        index: usize,
        ip: Ipv4Addr,
        command: impl Fn(&CommandTemplate) -> String,
    ) -> PrimaryQuestion {
        let address = |template: &AddressTemplate| fill_address(template, node, index, ip);
        match &self.by {
            By::Http {
                method,
                url,
                headers,
                body,
                yes,
            } => {
                let headers = headers
                    .iter()
                    .map(|(name, value)| (name.0.clone(), address(value)));
                let request = HttpRequest {
                    method: method.0.clone(),
                    url: address(url),
                    headers: headers.collect(),
                    body: body.as_ref().map(address),
                };
                PrimaryQuestion::Http(request, yes.clone())
            }
            By::Resp { port, words, yes } => PrimaryQuestion::Resp(
                SocketAddrV4::new(ip, *port),
                words.iter().map(command).collect(),
                yes.clone(),
            ),
            By::Program(words) => PrimaryQuestion::Program(words.iter().map(command).collect()),
        }
    }

    /// The command as the descriptor says it, with its variables in braces; empty when it is asked over HTTP.
    pub fn command_words(&self) -> Vec<String> {
        let words = self.commands().iter();
        words.map(|template| template.0.to_string()).collect()
    }

    /// The words of its command, if it has one: what they use has to be said.
    pub(super) fn commands(&self) -> &[CommandTemplate] {
        match &self.by {
            By::Resp { words, .. } | By::Program(words) => words,
            By::Http { .. } => &[],
        }
    }
}
