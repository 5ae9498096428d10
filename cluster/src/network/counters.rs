//! What was counted: per link, per rule and link, and what belongs to no link. Written by the switch alone, read by
//! anybody.

use super::HostId;
use super::queue::Link;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Packets and their bytes, IP headers included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What one rule did on one of its links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleLinkCounters {
    /// The sending host.
    pub from: String,
    /// The receiving host.
    pub to: String,
    /// Packets that it acted on, or threw dice for.
    pub matched: Traffic,
    /// Packets that it was about, but before or after its window.
    pub outside_window: Traffic,
    /// Packets that it dropped: by a cut, by loss, because the queue of a rate was full, or because there was no room
    /// for what had to wait.
    pub dropped: Traffic,
    /// Those among the dropped for which there was no room: a bound of ours, not the fault that was asked for.
    pub overflowed: Traffic,
    /// Packets that it delayed, by a delay or a rate.
    pub delayed: Traffic,
    /// Packets that it sent once more.
    pub duplicated: Traffic,
    /// Packets that it held back, so that others could go past them.
    pub reordered: Traffic,
    /// Packets that it changed.
    pub corrupted: Traffic,
    /// Packets that it kept.
    pub held: Traffic,
    /// Packets that it had kept and let go.
    pub released: Traffic,
    /// Packets that it dropped and answered with resets.
    pub reset: Traffic,
}

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCounters {
    /// Each of its links, in the order in which they were named.
    pub links: Vec<RuleLinkCounters>,
}

impl RuleCounters {
    /// One of the counters, over all links: `counters.total(|link| link.dropped)`.
    pub fn total(&self, which: impl Fn(&RuleLinkCounters) -> Traffic) -> Traffic {
        self.links
            .iter()
            .map(which)
            .fold(Traffic::default(), |sum, next| Traffic {
                packets: sum.packets + next.packets,
                bytes: sum.bytes + next.bytes,
            })
    }
}

/// What one directed link carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkCounters {
    /// The sending host.
    pub from: String,
    /// The receiving host.
    pub to: String,
    /// Packets that were handed to the receiving host; counted just after, so a receiver may be ahead of it.
    pub packets: u64,
    /// Their bytes, IP headers included.
    pub bytes: u64,
    /// Packets that rules dropped, those that were answered with resets included.
    pub dropped: u64,
}

/// Packets that belong to no link of the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strays {
    /// From an address that is not the sending host's own.
    pub spoofed: u64,
    /// To an address that no other host has, broadcast and multicast included.
    pub unroutable: u64,
    /// Not IPv4.
    pub not_ipv4: u64,
    /// Refused by the receiving host's interface.
    pub undeliverable: u64,
}

/// [`Traffic`] that is being counted.
#[derive(Debug, Default)]
pub struct Count {
    packets: AtomicU64,
    bytes: AtomicU64,
}

impl Count {
    /// Counts a packet.
    pub fn add(&self, bytes: usize) {
        self.packets.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn read(&self) -> Traffic {
        Traffic {
            packets: self.packets.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

/// What a rule did to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Dropped,
    Overflowed,
    Delayed(Duration),
    Duplicated,
    Reordered,
    Corrupted,
    Held,
    Reset,
    /// Made by the rule, for a segment that it reset.
    Forged,
}

/// A deed and the number of its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// What was done.
    pub deed: Deed,
    /// By which rule.
    pub rule: u64,
}

impl fmt::Display for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.rule;
        match self.deed {
            Deed::Dropped => write!(f, "dropped by rule {rule}"),
            Deed::Overflowed => write!(f, "dropped by rule {rule}, no room to wait"),
            Deed::Delayed(time) => write!(f, "delayed {time:?} by rule {rule}"),
            Deed::Duplicated => write!(f, "copied by rule {rule}"),
            Deed::Reordered => write!(f, "held back by rule {rule}"),
            Deed::Corrupted => write!(f, "corrupted by rule {rule}"),
            Deed::Held => write!(f, "held by rule {rule}"),
            Deed::Reset => write!(f, "answered with resets by rule {rule}"),
            Deed::Forged => write!(f, "made by rule {rule}"),
        }
    }
}

#[derive(Debug, Default)]
struct LinkDeeds {
    matched: Count,
    outside_window: Count,
    dropped: Count,
    overflowed: Count,
    delayed: Count,
    duplicated: Count,
    reordered: Count,
    corrupted: Count,
    held: Count,
    released: Count,
    reset: Count,
}

/// What a rule did so far, shared between the switch and who asks.
#[derive(Debug)]
pub struct Deeds {
    names: Arc<[String]>,
    /// Its links.
    pub links: Vec<Link>,
    counts: Vec<LinkDeeds>,
    matches: AtomicU64,
    tell_matches: watch::Sender<u64>,
}

impl Deeds {
    /// Nothing yet.
    pub fn new(names: Arc<[String]>, links: Vec<Link>) -> Deeds {
        let counts = links.iter().map(|_| LinkDeeds::default()).collect();
        Deeds {
            names,
            links,
            counts,
            matches: AtomicU64::new(0),
            tell_matches: watch::Sender::new(0),
        }
    }

    /// Counts a packet that the rule acts on, and tells those who wait for it.
    pub fn matched(&self, place: usize, bytes: usize) {
        self.counts[place].matched.add(bytes);
        self.matches.fetch_add(1, Ordering::Relaxed);
        // Mostly nobody waits, and telling takes locks.
        if self.tell_matches.receiver_count() > 0 {
            self.tell();
        }
    }

    /// Counts a packet outside of the window.
    pub fn outside_window(&self, place: usize, bytes: usize) {
        self.counts[place].outside_window.add(bytes);
    }

    /// Counts a packet that is let go.
    pub fn released(&self, place: usize, bytes: usize) {
        self.counts[place].released.add(bytes);
    }

    /// Counts a deed.
    pub fn did(&self, place: usize, deed: Deed, bytes: usize) {
        let counts = &self.counts[place];
        match deed {
            Deed::Dropped => counts.dropped.add(bytes),
            Deed::Overflowed => {
                counts.dropped.add(bytes);
                counts.overflowed.add(bytes);
            }
            Deed::Delayed(_) => counts.delayed.add(bytes),
            Deed::Duplicated => counts.duplicated.add(bytes),
            Deed::Reordered => counts.reordered.add(bytes),
            Deed::Corrupted => counts.corrupted.add(bytes),
            Deed::Held => counts.held.add(bytes),
            Deed::Reset => counts.reset.add(bytes),
            Deed::Forged => {}
        }
    }

    /// How many packets it has acted on, as it changes.
    pub fn matches(&self) -> watch::Receiver<u64> {
        // In this order: a match in between is told twice rather than not at all.
        let told = self.tell_matches.subscribe();
        self.tell();
        told
    }

    fn tell(&self) {
        self.tell_matches
            .send_modify(|told| *told = (*told).max(self.matches.load(Ordering::Relaxed)));
    }

    /// What it did so far.
    pub fn read(&self) -> RuleCounters {
        let links = self
            .links
            .iter()
            .zip(&self.counts)
            .map(|(link, counts)| RuleLinkCounters {
                from: self.names[link.from].clone(),
                to: self.names[link.to].clone(),
                matched: counts.matched.read(),
                outside_window: counts.outside_window.read(),
                dropped: counts.dropped.read(),
                overflowed: counts.overflowed.read(),
                delayed: counts.delayed.read(),
                duplicated: counts.duplicated.read(),
                reordered: counts.reordered.read(),
                corrupted: counts.corrupted.read(),
                held: counts.held.read(),
                released: counts.released.read(),
                reset: counts.reset.read(),
            });
        RuleCounters {
            links: links.collect(),
        }
    }
}

/// What the links carried, and the strays.
#[derive(Debug)]
pub struct Counters {
    names: Arc<[String]>,
    carried: Vec<Count>,
    dropped: Vec<AtomicU64>,
    /// From an address that is not the sender's.
    pub spoofed: AtomicU64,
    /// To nobody.
    pub unroutable: AtomicU64,
    /// Another protocol.
    pub not_ipv4: AtomicU64,
    /// Refused by the receiver.
    pub undeliverable: AtomicU64,
}

impl Counters {
    /// Nothing yet.
    pub fn new(names: Arc<[String]>) -> Counters {
        let count = AtomicU64::default;
        let links = names.len() * names.len();
        Counters {
            names,
            carried: (0..links).map(|_| Count::default()).collect(),
            dropped: (0..links).map(|_| count()).collect(),
            spoofed: count(),
            unroutable: count(),
            not_ipv4: count(),
            undeliverable: count(),
        }
    }

    /// Counts a packet that arrived.
    pub fn carried(&self, link: Link, bytes: usize) {
        self.carried[self.place(link.from, link.to)].add(bytes);
    }

    /// Counts a packet that a rule dropped.
    pub fn dropped(&self, link: Link) {
        self.dropped[self.place(link.from, link.to)].fetch_add(1, Ordering::Relaxed);
    }

    fn place(&self, from: HostId, to: HostId) -> usize {
        from * self.names.len() + to
    }

    /// What each link carried.
    pub fn links(&self) -> Vec<LinkCounters> {
        let hosts = 0..self.names.len();
        let pairs = hosts
            .clone()
            .flat_map(|from| hosts.clone().map(move |to| (from, to)));
        let counters = pairs.filter(|(from, to)| from != to).map(|(from, to)| {
            let carried = self.carried[self.place(from, to)].read();
            LinkCounters {
                from: self.names[from].clone(),
                to: self.names[to].clone(),
                packets: carried.packets,
                bytes: carried.bytes,
                dropped: self.dropped[self.place(from, to)].load(Ordering::Relaxed),
            }
        });
        counters.collect()
    }

    /// What belonged to no link.
    pub fn strays(&self) -> Strays {
        Strays {
            spoofed: self.spoofed.load(Ordering::Relaxed),
            unroutable: self.unroutable.load(Ordering::Relaxed),
            not_ipv4: self.not_ipv4.load(Ordering::Relaxed),
            undeliverable: self.undeliverable.load(Ordering::Relaxed),
        }
    }
}
