//! The words of a fault on the network: which packets, on which links, and what becomes of them.
//!
//! A [`LinkRule`] is plain data. [`Network::install`](super::Network::install) checks it and gives it to the
//! switch; what it did is counted in [`RuleCounters`](super::RuleCounters). Packets pass the rules of their link in
//! the order in which the rules were installed, and a rule judges a packet once.
//!
//! Read next: `check` for what is refused, `matching` for how packets are recognised, `effect` for how they fare.

use std::num::NonZeroU32;
use std::time::Duration;

/// What becomes of which packets on which links.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkRule {
    /// Directed links, from the sending to the receiving host. One that is named twice counts once.
    pub links: Vec<(String, String)>,
    /// Which packets on these links.
    pub matches: Match,
    /// What becomes of them.
    pub effect: Effect,
}

/// Which packets a rule is about. The default is all of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Match {
    /// Packets of this protocol only.
    pub protocol: Option<Protocol>,
    /// Packets from or to this port only, which are whole TCP and UDP packets and the first fragments of others.
    pub port: Option<u16>,
    /// Packets with this in them only.
    pub content: Content,
    /// Of those, which ones, in the order in which they come.
    pub window: Window,
}

/// A protocol above IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
}

/// What is looked for in a packet: in the payload of TCP and UDP, in everything after the IP header otherwise.
///
/// Packets are not put together: what a sender has split over two segments is not found.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Content {
    /// Nothing: every packet will do.
    #[default]
    Any,
    /// These bytes, anywhere.
    Bytes(Vec<u8>),
    /// A regular expression in the syntax of the `regex` crate, on bytes: `(?-u)` switches Unicode off.
    Regex(String),
}

/// A stretch of a rule's matches, counted over all of its links together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first match that the rule acts on, from 1.
    pub first: u64,
    /// How many it acts on; no end when `None`.
    pub at_most: Option<u64>,
    /// What a retransmission counts as.
    pub retransmissions: Retransmissions,
}

impl Default for Window {
    fn default() -> Window {
        Window {
            first: 1,
            at_most: None,
            retransmissions: Retransmissions::Follow,
        }
    }
}

/// What a TCP segment counts as that starts at the same sequence number as one that has matched before.
///
/// It is known again while it is one of the last [`REMEMBERED_SEGMENTS`] matches of the rule with a payload. Segments
/// that a sender has merged while it retransmits are known by the first of them. Only a window that has a beginning
/// or an end makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retransmissions {
    /// The same match once more: it shares the fate of the first. A rule is then about *messages*: one that is held
    /// does not slip through as its own retransmission.
    Follow,
    /// A match of its own. A rule is then about *packets*: the retransmission of one that was lost arrives.
    Count,
}

/// See [`Retransmissions`].
pub const REMEMBERED_SEGMENTS: usize = 4096;

/// What becomes of a packet.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Nothing: it is counted and passes. For [`Network::matched`](super::Network::matched).
    Pass,
    /// It never arrives.
    Drop,
    /// It may never arrive.
    Loss(Loss),
    /// It arrives later.
    Delay(Delay),
    /// It may arrive twice, the copy at once after the original. A copy is not copied again by other rules.
    Duplicate {
        /// Of a second copy, from 0 to 1.
        probability: f64,
    },
    /// It may be overtaken: it is held back until some later packets that match have gone past it on its link.
    Reorder {
        /// Of being held back, from 0 to 1.
        probability: f64,
        /// How many go past it.
        gap_packets: NonZeroU32,
        /// It goes on after this time even if fewer came.
        wait_max: Duration,
    },
    /// Some of its bits may be flipped.
    Corrupt(Corruption),
    /// The link carries no more than this. Each link of the rule for itself.
    Rate {
        /// Bytes of packets, IP headers included.
        bytes_per_second: u64,
        /// How many bytes pass at once after a pause.
        burst_bytes: u64,
        /// How many bytes wait for their turn; what comes when they are as many is dropped.
        queue_bytes: u64,
    },
    /// The link stalls, flows, stalls again, each link of the rule in its own time; what comes while it stalls arrives
    /// when it flows again, in order.
    Stutter {
        /// How long a link stalls in the mean; the times are spread exponentially.
        stalled: Duration,
        /// How long it flows in between, in the mean, spread likewise.
        flowing: Duration,
    },
    /// It is kept until the rule is released or healed, and arrives then: all that were kept in the order in which
    /// they came.
    Hold,
    /// A TCP segment may be dropped, and both ends be told, each in the other's name, that the connection is reset.
    /// Other packets, and resets themselves, pass.
    ///
    /// The reset to the sender carries the sequence number that it expects next, unless more is under way to it; the
    /// one to the receiver is in sequence unless earlier segments are missing. One that is not is challenged
    /// (RFC 5961), and the peer, whose connection is gone, then answers with one that is.
    Reset {
        /// Of a segment to do that to its connection, from 0 to 1.
        probability: f64,
    },
}

/// How packets get lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// Each by itself.
    Independent {
        /// From 0 to 1.
        probability: f64,
    },
    /// In bursts: a link has good times, without a loss, and bad times, in which every packet is lost, after
    /// Gilbert (1960) and Elliott (1963). How long they last is counted in packets and geometrically distributed.
    Bursty {
        /// The share that is lost in the long run, from 0 to 1 and at most `mean_burst_packets` to
        /// `mean_burst_packets` + 1.
        probability: f64,
        /// How many are lost in a row, in the mean; at least 1.
        mean_burst_packets: f64,
    },
}

/// How long packets take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delay {
    /// How long each takes.
    pub time: Distribution,
    /// Whether they may overtake one another on the way.
    pub order: Order,
}

/// A distribution of times. Nothing takes longer than [`DELAY_MAX`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(Duration),
    /// Anything between the two alike.
    Uniform {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// The normal distribution. What is below zero becomes zero, what is above the longest becomes the longest.
    Normal {
        /// The middle.
        mean: Duration,
        /// The standard deviation.
        deviation: Duration,
        /// The longest.
        max: Duration,
    },
    /// The Pareto distribution: mostly short, sometimes very long. What is above the longest becomes the longest.
    Pareto {
        /// The shortest.
        min: Duration,
        /// The tail: the share of times longer than `x` is (`min`/`x`)^`shape`. Below 2 it has no variance, at 1 or
        /// below it has no mean either, but for the longest.
        shape: f64,
        /// The longest.
        max: Duration,
    },
}

/// The longest delay.
pub const DELAY_MAX: Duration = Duration::from_secs(600);

/// The order of delayed packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// A packet waits for the one before it on its link: jitter, but first in, first out, as a queue has it.
    Kept,
    /// Each for itself, as on ways of different length.
    Free,
}

/// How bits are flipped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corruption {
    /// Of a packet to be touched, from 0 to 1.
    pub probability: f64,
    /// How many different bits.
    pub bits: NonZeroU32,
    /// Who shall notice.
    pub checksum: Checksum,
}

/// What the checksum of a corrupted packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// That it is corrupted: the receiving kernel throws the packet away. Flips bits of everything after the IP
    /// header, in such a way that the sum is certainly wrong. (UDP may go without a checksum; then nobody notices.)
    Catches,
    /// That it is sound: the program gets to see it. Flips bits of the payload of whole TCP and UDP packets, and
    /// leaves others, and those without a payload, alone. This is what is left of a bit flip in the memory of a
    /// router, or of a sum that happens to agree.
    Agrees,
}
