//! The `[node.ready]` part of a descriptor: how a node is known to be ready.

use super::node::{AddressTemplate, fill_address};
use super::operation::check_url;
use super::placed::placed;
use super::reply::ReplySet;
use super::status::StatusSet;
use crate::resp;
use schemars::JsonSchema;
use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

/// How a node is known to be ready: it answers a GET with the right status, a command with the right reply, a text with the
/// right text, or Maelstrom's `init`.
#[derive(Debug, Clone)]
pub struct Readiness {
    by: By,
    /// A port at which a node that has been ready before accepts connections when it is up again: for systems that
    /// answer nothing until they have found a majority. Without it, the same is asked every time.
    pub restart_port: Option<u16>,
    /// How long it may take from the start of the process; by default 10 s.
    pub timeout: Duration,
    /// The pause between two tries; by default 5 ms.
    pub interval: Duration,
    /// How long one try may take; by default 100 ms.
    pub try_timeout: Duration,
}

/// How it is asked.
#[derive(Debug, Clone)]
enum By {
    Get {
        url: AddressTemplate,
        status: StatusSet,
    },
    Command {
        port: u16,
        command: Vec<AddressTemplate>,
        reply: ReplySet,
    },
    Text {
        port: u16,
        send: String,
        contains: String,
    },
    Init,
}

/// What one node is asked, and which answer means that it is ready.
#[derive(Debug, Clone)]
pub enum ReadyQuestion {
    /// A GET of this URL, answered with one of these statuses.
    Get {
        /// The whole URL.
        url: String,
        /// What means ready.
        status: StatusSet,
    },
    /// A command over RESP, answered with one of these replies.
    Command {
        /// Where it is sent.
        address: SocketAddrV4,
        /// Its words.
        words: Vec<String>,
        /// What means ready.
        reply: ReplySet,
    },
    /// A text over TCP, as it is, answered with a text that has this one in it.
    Text {
        /// Where it is sent.
        address: SocketAddrV4,
        /// What is sent.
        send: String,
        /// What means ready.
        contains: String,
    },
    /// Maelstrom's `init`, answered with `init_ok`; in every life of a node anew.
    Init,
}

impl ReadyQuestion {
    /// The bytes of a command; none of anything else.
    pub fn command_bytes(&self) -> Vec<u8> {
        match self {
            ReadyQuestion::Get { .. } | ReadyQuestion::Text { .. } | ReadyQuestion::Init => Vec::new(),
            ReadyQuestion::Command { words, .. } => resp::command(words.iter().map(String::as_str)),
        }
    }
}

/// How a node is known to be ready: a GET, over RESP a command, or over TCP a text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Readiness")]
struct RawReadiness {
    /// What is asked over HTTP. Variables: {node} {index} {ip}.
    url: Option<AddressTemplate>,
    /// Which statuses mean ready; 2xx when nothing is said.
    status: Option<StatusSet>,
    /// Where a command over RESP, or a text, is sent.
    port: Option<u16>,
    /// The words of the command.
    command: Option<Vec<AddressTemplate>>,
    /// Which replies mean ready.
    reply: Option<ReplySet>,
    /// A text that is sent as it is.
    send: Option<String>,
    /// What the answer to that text has in it when the node is ready.
    contains: Option<String>,
    /// A port at which a node that has been ready before accepts connections when it is up again.
    restart_port: Option<u16>,
    /// How long it may take from the start of the process.
    #[serde(default = "timeout_ms")]
    timeout_ms: u64,
    /// The pause between two tries.
    #[serde(default = "interval_ms")]
    interval_ms: u64,
    /// How long one try may take.
    #[serde(default = "try_timeout_ms")]
    try_timeout_ms: u64,
}

pub(super) fn success() -> StatusSet {
    use serde::de::{IntoDeserializer, value::Error};
    let class: serde::de::value::StrDeserializer<'_, Error> = "2xx".into_deserializer();
    StatusSet::deserialize(class).expect("2xx is a class of statuses")
}

fn timeout_ms() -> u64 {
    10_000
}

fn interval_ms() -> u64 {
    5
}

fn try_timeout_ms() -> u64 {
    100
}

placed!(Readiness from RawReadiness, "a table");

impl TryFrom<RawReadiness> for Readiness {
    type Error = String;

    fn try_from(raw: RawReadiness) -> Result<Self, String> {
        let is_text = raw.send.is_some() || raw.contains.is_some();
        let by = match (raw.url, raw.command, raw.port, raw.reply) {
            (None, None, Some(port), None) if is_text && raw.status.is_none() => {
                check_port("port", port)?;
                match (raw.send, raw.contains) {
                    (Some(send), Some(contains)) if !contains.is_empty() => By::Text { port, send, contains },
                    _ => {
                        return Err(
                            "`send` and `contains` belong together: a text, and what its answer has in it"
                                .to_owned(),
                        );
                    }
                }
            }
            (Some(url), None, None, None) if !is_text => {
                check_url(&url.0).map_err(|reason| format!("url: {reason}"))?;
                let status = raw.status.unwrap_or_else(success);
                By::Get { url, status }
            }
            (None, Some(command), Some(port), Some(reply)) if raw.status.is_none() && !is_text => {
                if command.is_empty() {
                    return Err("command is empty; it is a list, such as [\"PING\"]".to_owned());
                }
                check_port("port", port)?;
                By::Command { port, command, reply }
            }
            (None, None, None, None) if !is_text => {
                return Err("missing field `url`, or over RESP `port`, `command` and `reply`, or over TCP `port`, `send` and `contains`".to_owned());
            }
            _ => {
                return Err(
                    "it is a `url` and the `status` of its answer, over RESP `port`, `command` and `reply`, or over TCP `port`, `send` and `contains`".to_owned(),
                );
            }
        };
        if let Some(port) = raw.restart_port {
            check_port("restart_port", port)?;
        }
        Ok(Readiness {
            by,
            restart_port: raw.restart_port,
            timeout: within("timeout_ms", raw.timeout_ms, MS_MAX)?,
            interval: within("interval_ms", raw.interval_ms, MS_MAX)?,
            try_timeout: within("try_timeout_ms", raw.try_timeout_ms, MS_MAX)?,
        })
    }
}

/// An hour.
const MS_MAX: u64 = 3_600_000;

/// Some milliseconds, if there are as many as there may be.
pub(super) fn within(name: &str, value: u64, most: u64) -> Result<Duration, String> {
    match value >= 1 && value <= most {
        true => Ok(Duration::from_millis(value)),
        false => Err(format!("{name} is {value}; it must be from 1 to {most}")),
    }
}

pub(super) fn check_port(name: &str, port: u16) -> Result<(), String> {
    match port {
        0 => Err(format!("{name} is 0; a port is from 1 to 65535")),
        _ => Ok(()),
    }
}

impl Readiness {
    /// That of nodes that speak Maelstrom's protocol.
    pub(super) fn by_init() -> Readiness {
        Readiness {
            by: By::Init,
            restart_port: None,
            timeout: Duration::from_millis(timeout_ms()),
            interval: Duration::from_millis(interval_ms()),
            try_timeout: Duration::from_millis(try_timeout_ms()),
        }
    }

    /// What one node is asked.
    pub fn question(&self, node: &str, index: usize, ip: Ipv4Addr) -> ReadyQuestion {
        match &self.by {
            By::Get { url, status } => ReadyQuestion::Get {
                url: fill_address(url, node, index, ip),
                status: status.clone(),
            },
            By::Command { port, command, reply } => ReadyQuestion::Command {
                address: SocketAddrV4::new(ip, *port),
                words: command
                    .iter()
                    .map(|word| fill_address(word, node, index, ip))
                    .collect(),
                reply: reply.clone(),
            },
            By::Text { port, send, contains } => ReadyQuestion::Text {
                address: SocketAddrV4::new(ip, *port),
                send: send.clone(),
                contains: contains.clone(),
            },
            By::Init => ReadyQuestion::Init,
        }
    }
}
