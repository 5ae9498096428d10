//! The vocabulary of faults: what is done to the world, to whom. As data, for schedules and histories; what does it
//! is elsewhere.
//!
//! Numbers are whole (percent, milliseconds), so that a fault can be compared, and so that what a schedule says can
//! be written by hand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A directed link: from whom, to whom.
pub type Link = (String, String);

/// A thing that the nemesis does to the world.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// Packets are dropped on directed links between nodes.
    Partition {
        /// The shape's name: `halves`, `bridge`, `one-way`, ...
        shape: String,
        /// The groups that a reader would draw; for shapes without sides (a ring), one group per node.
        sides: Vec<Vec<String>>,
        /// The directed links that carry nothing, as (from, to).
        cut: Vec<Link>,
        /// When it comes and goes while it is in force.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flap: Option<Flap>,
    },
    /// Node processes are killed with SIGKILL, and started again when the fault is healed.
    Kill {
        /// Who.
        nodes: Vec<String>,
        /// Whether their disks lost what was not synced: a power failure.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        power: bool,
        /// When they are killed again and again while it is in force: a restart storm.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flap: Option<Flap>,
        /// When they are stopped in the middle of their last start.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slow_start: Option<SlowStart>,
    },
    /// Node processes are asked to end with SIGTERM, and started again when the fault is healed.
    Terminate {
        /// Who.
        nodes: Vec<String>,
    },
    /// Node processes are stopped with SIGSTOP, and go on (SIGCONT) when the fault is healed.
    Pause {
        /// Who.
        nodes: Vec<String>,
    },
    /// Nodes are killed and taken out of the membership; when the fault is healed, they come back as new members, without
    /// what they had on their disks.
    Member {
        /// Who.
        nodes: Vec<String>,
    },
    /// Something happens to packets on directed links.
    Packet {
        /// On which.
        links: Vec<Link>,
        /// What.
        effect: PacketEffect,
        /// To which packets; all, when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        matching: Option<PacketMatch>,
    },
    /// The disks of nodes misbehave.
    Disk {
        /// Whose.
        nodes: Vec<String>,
        /// How.
        effect: DiskEffect,
    },
    /// The clocks of nodes are wrong.
    Clock {
        /// Whose.
        nodes: Vec<String>,
        /// How.
        effect: ClockEffect,
    },
}

/// How a fault comes and goes: links are cut, whole, cut, whole, …; nodes are down, up, down, up, …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flap {
    /// For how long the links are cut, or the nodes down, in milliseconds.
    pub cut_ms: u64,
    /// For how long they are whole then, or up.
    pub whole_ms: u64,
}

/// How a start is slow: the processes of the node are stopped (SIGSTOP) before anybody asks whether it is ready, and go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowStart {
    /// How long after they were started they are stopped, in milliseconds; at once, when nothing is said.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after_ms: u64,
    /// For how long.
    pub stopped_ms: u64,
}

fn is_zero(milliseconds: &u64) -> bool {
    *milliseconds == 0
}

/// What happens to packets. Percentages are of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "does", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PacketEffect {
    /// They arrive later.
    Delay {
        /// In the mean.
        mean_ms: u64,
        /// The spread of it: half the width, or the standard deviation.
        jitter_ms: u64,
        /// How the delays are spread.
        distribution: Distribution,
    },
    /// They are lost.
    Loss {
        /// How many of a hundred.
        percent: u8,
        /// How many in a row, in the mean; 1 means each on its own.
        burst: u16,
    },
    /// They arrive twice.
    Duplicate {
        /// How many of a hundred.
        percent: u8,
    },
    /// They arrive after those that were sent after them.
    Reorder {
        /// How many of a hundred.
        percent: u8,
        /// By how many they are overtaken; they wait for them for 100 ms at most.
        gap_packets: u16,
    },
    /// Bits of them are flipped.
    Corrupt {
        /// How many of a hundred.
        percent: u8,
        /// Whether their checksum is made right again, so that only the system itself can notice.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        past_checksum: bool,
    },
    /// They queue for a link that carries so much.
    Rate {
        /// Thousands of bytes a second.
        kilobytes_per_second: u64,
    },
    /// Each link stalls again and again, each in its own time; what comes meanwhile arrives afterwards, in order.
    Stutter {
        /// How long a link stalls, in the mean.
        stalled_ms: u64,
        /// How long it flows in between, in the mean.
        flowing_ms: u64,
    },
    /// They are kept, and arrive all together, in their order, when the fault is healed.
    Hold,
    /// TCP connections that they belong to are reset, at both ends.
    Reset {
        /// How many packets of a hundred do that to theirs.
        percent: u8,
    },
    /// They are lost, all of them.
    Drop,
}

/// How random delays are spread around their mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Every delay between mean minus and mean plus jitter is as likely as any other.
    Uniform,
    /// The bell curve.
    Normal,
    /// Most are short, few are very long.
    LongTailed,
}

/// Which packets a fault is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PacketMatch {
    /// A regular expression that is found in the payload of a TCP segment or UDP datagram.
    pub payload: String,
    /// The first one that counts, from 1.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub from: u64,
    /// How many count; all that follow, when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

fn first() -> u64 {
    1
}

fn is_first(from: &u64) -> bool {
    *from == 1
}

/// How a disk misbehaves. Percentages are of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "does", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DiskEffect {
    /// Every read, write and sync takes longer.
    Slow {
        /// By so much, in the mean.
        mean_ms: u64,
    },
    /// Nothing that grows finds room: ENOSPC.
    Full,
    /// Syncs fail with EIO.
    SyncError {
        /// How many of a hundred.
        percent: u8,
    },
    /// Writes fail with EIO.
    WriteError {
        /// How many of a hundred.
        percent: u8,
    },
    /// Reads fail with EIO.
    ReadError {
        /// How many of a hundred.
        percent: u8,
    },
    /// What is read back has wrong bits.
    FlipBits {
        /// In how many blocks of a thousand.
        per_mille: u16,
    },
    /// What is read back is what was there before the last write.
    StaleBlocks {
        /// In how many blocks of a thousand.
        per_mille: u16,
    },
}

/// How a clock is wrong. Milliseconds may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "does", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClockEffect {
    /// It is off by so much, as long as the fault lasts.
    Offset {
        /// Ahead, or behind when negative.
        ms: i64,
    },
    /// It is off, and right, and off, and right …
    Strobe {
        /// By so much.
        ms: i64,
        /// Each for so long.
        period_ms: u64,
    },
    /// It goes faster or slower.
    Rate {
        /// A thousand is the right rate.
        per_mille: u64,
    },
}

/// Every kind of fault, in the order of the documentation.
pub const KINDS: [&str; 8] = [
    "partition",
    "kill",
    "pause",
    "packet",
    "disk",
    "clock",
    "terminate",
    "member",
];

impl Fault {
    /// The fault's kind, as in `--nemesis`; one of [`KINDS`].
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Partition { .. } => "partition",
            Fault::Kill { .. } => "kill",
            Fault::Pause { .. } => "pause",
            Fault::Terminate { .. } => "terminate",
            Fault::Member { .. } => "member",
            Fault::Packet { .. } => "packet",
            Fault::Disk { .. } => "disk",
            Fault::Clock { .. } => "clock",
        }
    }

    /// Every host that the fault touches; with faults on the links of clients, the clients' is among them.
    pub fn nodes(&self) -> Vec<&str> {
        match self {
            Fault::Kill { nodes, .. }
            | Fault::Terminate { nodes }
            | Fault::Member { nodes }
            | Fault::Pause { nodes }
            | Fault::Disk { nodes, .. }
            | Fault::Clock { nodes, .. } => nodes.iter().map(String::as_str).collect(),
            Fault::Partition { cut: links, .. } | Fault::Packet { links, .. } => {
                let mut nodes: Vec<&str> = links.iter().flat_map(|(a, b)| [a.as_str(), b.as_str()]).collect();
                nodes.sort_unstable();
                nodes.dedup();
                nodes
            }
        }
    }

    /// The nodes that do nothing while it is in force: dead, or paused.
    pub fn stopped(&self) -> &[String] {
        match self {
            Fault::Kill { nodes, .. }
            | Fault::Terminate { nodes }
            | Fault::Member { nodes }
            | Fault::Pause { nodes } => nodes,
            _ => &[],
        }
    }

    /// How it comes and goes while it is in force; none for one that stays.
    pub fn flap(&self) -> Option<Flap> {
        match self {
            Fault::Partition { flap, .. } | Fault::Kill { flap, .. } => *flap,
            _ => None,
        }
    }

    /// The links on which nothing arrives while it is in force.
    pub fn cut(&self) -> &[Link] {
        match self {
            Fault::Partition { cut, .. } => cut,
            Fault::Packet {
                links,
                effect: PacketEffect::Hold | PacketEffect::Drop,
                matching: None,
            } => links,
            _ => &[],
        }
    }

    /// The links that work, but so badly that nobody can be asked to get on with them.
    pub fn disturbed(&self) -> &[Link] {
        match self {
            Fault::Packet { links, .. } => links,
            _ => &[],
        }
    }

    /// The nodes that run, but so badly that nobody can ask them to get on.
    pub fn hampered(&self) -> &[String] {
        match self {
            Fault::Disk { nodes, .. } => nodes,
            _ => &[],
        }
    }

    /// Whether everybody who uses what it breaks feels it. Where chance decides, or how much is used, one may be
    /// spared.
    pub fn is_certain(&self) -> bool {
        match self {
            Fault::Packet {
                effect: PacketEffect::Delay { .. } | PacketEffect::Hold | PacketEffect::Drop,
                matching: None,
                ..
            } => true,
            Fault::Packet { .. } | Fault::Disk { .. } => false,
            _ => true,
        }
    }

    /// Whether mending takes until a node answers again. A cut link is whole as soon as the rule goes.
    pub fn lasts_until_healed(&self) -> bool {
        matches!(
            self,
            Fault::Kill { .. }
                | Fault::Terminate { .. }
                | Fault::Member { .. }
                | Fault::Pause { .. }
                | Fault::Disk { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Vec<Link> {
        vec![("n1".to_owned(), "n2".to_owned())]
    }

    #[test]
    fn the_words_of_a_fault_in_a_file_stay_as_they_are() {
        let nodes = || vec!["n1".to_owned()];
        let power = |power| Fault::Kill {
            nodes: nodes(),
            power,
            flap: None,
            slow_start: None,
        };
        let packet = |effect, matching| Fault::Packet {
            links: link(),
            effect,
            matching,
        };
        let third = PacketMatch {
            payload: "accept".to_owned(),
            from: 3,
            count: Some(1),
        };
        let delay = PacketEffect::Delay {
            mean_ms: 50,
            jitter_ms: 20,
            distribution: Distribution::LongTailed,
        };
        let stutter = PacketEffect::Stutter {
            stalled_ms: 30,
            flowing_ms: 10,
        };
        let text = [
            power(false),
            power(true),
            packet(PacketEffect::Hold, Some(third)),
            packet(delay, None),
            packet(stutter, None),
            Fault::Disk {
                nodes: nodes(),
                effect: DiskEffect::Full,
            },
            Fault::Clock {
                nodes: nodes(),
                effect: ClockEffect::Offset { ms: -250 },
            },
        ]
        .map(|fault| {
            let text = serde_json::to_string(&fault).unwrap();
            assert_eq!(serde_json::from_str::<Fault>(&text).unwrap(), fault);
            assert!(KINDS.contains(&fault.kind()));
            text
        });
        assert_eq!(
            text,
            [
                r#"{"kind":"kill","nodes":["n1"]}"#,
                r#"{"kind":"kill","nodes":["n1"],"power":true}"#,
                r#"{"kind":"packet","links":[["n1","n2"]],"effect":{"does":"hold"},"matching":{"payload":"accept","from":3,"count":1}}"#,
                r#"{"kind":"packet","links":[["n1","n2"]],"effect":{"does":"delay","mean_ms":50,"jitter_ms":20,"distribution":"long-tailed"}}"#,
                r#"{"kind":"packet","links":[["n1","n2"]],"effect":{"does":"stutter","stalled_ms":30,"flowing_ms":10}}"#,
                r#"{"kind":"disk","nodes":["n1"],"effect":{"does":"full"}}"#,
                r#"{"kind":"clock","nodes":["n1"],"effect":{"does":"offset","ms":-250}}"#,
            ]
        );
    }

    #[test]
    fn held_packets_cut_a_link_unless_only_some_are_held() {
        let hold = |matching| Fault::Packet {
            links: link(),
            effect: PacketEffect::Hold,
            matching,
        };
        let some = PacketMatch {
            payload: "x".to_owned(),
            from: 1,
            count: None,
        };
        assert_eq!(hold(None).cut(), link());
        assert!(hold(Some(some)).cut().is_empty());
    }
}
