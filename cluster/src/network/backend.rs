//! The three ways in which nodes can be connected, and what each of them cannot do.

use super::link_rule::{Checksum, Corruption, Effect};
use std::fmt;
use std::str::FromStr;

/// How nodes are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A network namespace and a TUN device for each node; every packet passes the harness. Needs the sandbox.
    Switch,
    /// A TCP proxy for each directed link, on loopback addresses. Needs nothing, and knows streams only.
    Proxy,
    /// The nodes' stdin and stdout, on which they speak Maelstrom's protocol. Needs nothing, and knows messages only.
    Messages,
}

/// Why a backend cannot have an effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CannotBe {
    /// In words.
    pub reason: &'static str,
    /// Which backend could, as the end of a sentence; empty where none could in its place.
    pub instead: &'static str,
}

/// What the proxy cannot do, in one line.
pub const PROXY_CANNOT: &str = "no loss, duplication, reordering or caught corruption of packets (a stream has none of \
                                them), no UDP, no clock and disk faults";

/// What messages cannot have, in one line.
pub const MESSAGES_CANNOT: &str =
    "no duplicated or corrupted messages, no connections to reset, no clock and disk faults";

impl Backend {
    /// All of them.
    pub const ALL: [Backend; 3] = [Backend::Switch, Backend::Proxy, Backend::Messages];

    /// The name, as in `--network proxy`.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Switch => "switch",
            Backend::Proxy => "proxy",
            Backend::Messages => "messages",
        }
    }

    /// Whether it can have an effect. Rules with others are refused.
    ///
    /// # Errors
    /// Why not.
    pub fn can(self, effect: &Effect) -> Result<(), CannotBe> {
        match self {
            Backend::Switch => Ok(()),
            Backend::Proxy => streams_can(effect),
            Backend::Messages => messages_can(effect),
        }
    }
}

fn streams_can(effect: &Effect) -> Result<(), CannotBe> {
    let reason = match effect {
        Effect::Pass
        | Effect::Drop
        | Effect::Delay(_)
        | Effect::Rate { .. }
        | Effect::Stutter { .. }
        | Effect::Hold
        | Effect::Reset { .. }
        | Effect::Corrupt(Corruption {
            checksum: Checksum::Agrees,
            ..
        }) => return Ok(()),
        Effect::Loss(_) => "a proxy forwards streams, and TCP makes up for losses before a program sees them",
        Effect::Duplicate { .. } => "a proxy forwards streams, in which nothing arrives twice",
        Effect::Reorder { .. } => "a proxy forwards streams, in which nothing overtakes",
        Effect::Corrupt(_) => "a proxy forwards streams, and has no checksum that could catch a flipped bit",
    };
    let instead = "; --network switch can";
    Err(CannotBe { reason, instead })
}

fn messages_can(effect: &Effect) -> Result<(), CannotBe> {
    let reason = match effect {
        Effect::Pass
        | Effect::Drop
        | Effect::Loss(_)
        | Effect::Delay(_)
        | Effect::Reorder { .. }
        | Effect::Rate { .. }
        | Effect::Stutter { .. }
        | Effect::Hold => return Ok(()),
        Effect::Duplicate { .. } => {
            "Maelstrom delivers no message twice, and its nodes may rely on that: a request that is carried out twice \
             would look like a bug of theirs"
        }
        Effect::Corrupt(_) => {
            "a message with flipped bits is no JSON, and Maelstrom's nodes need not read what is none"
        }
        Effect::Reset { .. } => "messages have no connections",
    };
    // Nodes that speak by messages cannot be connected in another way.
    let instead = "";
    Err(CannotBe { reason, instead })
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Backend {
    type Err = String;

    fn from_str(text: &str) -> Result<Backend, String> {
        Backend::ALL
            .into_iter()
            .find(|backend| backend.name() == text)
            .ok_or_else(|| format!("unknown network `{text}`; known: switch, proxy, messages"))
    }
}
