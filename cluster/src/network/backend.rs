//! The two ways in which nodes can be connected, and what each of them cannot do.

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
}

/// Why a backend cannot have an effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CannotBe {
    /// In words.
    pub reason: &'static str,
}

/// What the proxy cannot do, in one line.
pub const PROXY_CANNOT: &str = "no loss, duplication, reordering or caught corruption of packets (a stream has none of \
                                them), no UDP, no clock and disk faults";

impl Backend {
    /// The name, as in `--network proxy`.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Switch => "switch",
            Backend::Proxy => "proxy",
        }
    }

    /// Whether it can have an effect. Rules with others are refused.
    ///
    /// # Errors
    /// Why not.
    pub fn can(self, effect: &Effect) -> Result<(), CannotBe> {
        if self == Backend::Switch {
            return Ok(());
        }
        let reason = match effect {
            Effect::Pass
            | Effect::Drop
            | Effect::Delay(_)
            | Effect::Rate { .. }
            | Effect::Hold
            | Effect::Reset { .. }
            | Effect::Corrupt(Corruption {
                checksum: Checksum::Agrees,
                ..
            }) => return Ok(()),
            Effect::Loss(_) => {
                "a proxy forwards streams, and TCP makes up for losses before a program sees them"
            }
            Effect::Duplicate { .. } => "a proxy forwards streams, in which nothing arrives twice",
            Effect::Reorder { .. } => "a proxy forwards streams, in which nothing overtakes",
            Effect::Corrupt(_) => {
                "a proxy forwards streams, and has no checksum that could catch a flipped bit"
            }
        };
        Err(CannotBe { reason })
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Backend {
    type Err = String;

    fn from_str(text: &str) -> Result<Backend, String> {
        [Backend::Switch, Backend::Proxy]
            .into_iter()
            .find(|backend| backend.name() == text)
            .ok_or_else(|| format!("unknown network `{text}`; known: switch, proxy"))
    }
}
