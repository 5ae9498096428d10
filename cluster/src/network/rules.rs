//! What may pass: the rules in force, per directed link, and the counters of links and rules.
//!
//! Rules are changed rarely and consulted for every packet, so a change builds a new table and the switch
//! takes it over as a whole, at a moment of its own; until then it goes on with the old one. Counters are
//! written by the switch alone and read by anybody. No input or output here.

use super::HostId;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// A rule in force. It cannot be copied, and healing consumes it: no rule is healed twice.
#[derive(Debug, PartialEq, Eq)]
pub struct RuleId(u64);

/// What one rule dropped on one of its links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkDrops {
    /// The sending host.
    pub from: String,
    /// The host that would have received.
    pub to: String,
    /// Packets dropped.
    pub packets: u64,
    /// Their bytes, IP headers included.
    pub bytes: u64,
}

/// What one rule dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCounters {
    /// Each of its links, in the order in which they were cut.
    pub links: Vec<LinkDrops>,
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
    /// Packets that rules dropped.
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

/// Packets and bytes of something, written by one thread.
#[derive(Debug, Default)]
pub struct Traffic {
    packets: AtomicU64,
    bytes: AtomicU64,
}

impl Traffic {
    /// Counts a packet.
    pub fn add(&self, bytes: usize) {
        self.packets.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn packets(&self) -> u64 {
        self.packets.load(Ordering::Relaxed)
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// A rule: the links that it cuts and what it dropped on each.
#[derive(Debug)]
pub struct Rule {
    id: u64,
    names: Arc<[String]>,
    links: Vec<(HostId, HostId)>,
    dropped: Vec<Traffic>,
}

impl Rule {
    /// What it dropped so far.
    pub fn counters(&self) -> RuleCounters {
        let links = self
            .links
            .iter()
            .zip(&self.dropped)
            .map(|((from, to), dropped)| LinkDrops {
                from: self.names[*from].clone(),
                to: self.names[*to].clone(),
                packets: dropped.packets(),
                bytes: dropped.bytes(),
            });
        RuleCounters {
            links: links.collect(),
        }
    }
}

/// The rules in force at one time, arranged by link.
#[derive(Debug)]
pub struct Table {
    hosts: usize,
    /// For each link, the rules that cut it, with its place in each.
    cut: Vec<Vec<(Arc<Rule>, usize)>>,
}

impl Table {
    fn new(hosts: usize, rules: &[Arc<Rule>]) -> Table {
        let mut cut = vec![Vec::new(); hosts * hosts];
        for rule in rules {
            for (place, (from, to)) in rule.links.iter().enumerate() {
                cut[from * hosts + to].push((Arc::clone(rule), place));
            }
        }
        Table { hosts, cut }
    }

    /// Whether a packet of this size may pass; if not, every rule that is in its way counts it.
    pub fn lets_pass(&self, from: HostId, to: HostId, bytes: usize) -> bool {
        let cut = &self.cut[from * self.hosts + to];
        for (rule, place) in cut {
            rule.dropped[*place].add(bytes);
        }
        cut.is_empty()
    }
}

/// The counters that the switch keeps.
#[derive(Debug)]
pub struct Counters {
    hosts: usize,
    carried: Vec<Traffic>,
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
    fn new(hosts: usize) -> Counters {
        let count = AtomicU64::default;
        Counters {
            hosts,
            carried: (0..hosts * hosts).map(|_| Traffic::default()).collect(),
            dropped: (0..hosts * hosts).map(|_| count()).collect(),
            spoofed: count(),
            unroutable: count(),
            not_ipv4: count(),
            undeliverable: count(),
        }
    }

    /// Counts a packet that arrived.
    pub fn carried(&self, from: HostId, to: HostId, bytes: usize) {
        self.carried[from * self.hosts + to].add(bytes);
    }

    /// Counts a packet that a rule dropped.
    pub fn dropped(&self, from: HostId, to: HostId) {
        self.dropped[from * self.hosts + to].fetch_add(1, Ordering::Relaxed);
    }
}

/// All rules of a network: the side that changes them.
#[derive(Debug)]
pub struct Rules {
    names: Arc<[String]>,
    counters: Arc<Counters>,
    table: Arc<Mutex<Arc<Table>>>,
    in_force: Mutex<InForce>,
}

#[derive(Debug, Default)]
struct InForce {
    next_id: u64,
    rules: Vec<Arc<Rule>>,
}

impl Rules {
    /// No rules yet, between these hosts.
    pub fn new(names: Arc<[String]>) -> Rules {
        let counters = Arc::new(Counters::new(names.len()));
        let table = Arc::new(Mutex::new(Arc::new(Table::new(names.len(), &[]))));
        Rules {
            names,
            counters,
            table,
            in_force: Mutex::default(),
        }
    }

    /// Where the newest table is found.
    pub fn table(&self) -> Arc<Mutex<Arc<Table>>> {
        Arc::clone(&self.table)
    }

    /// The counters of the links.
    pub fn link_counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Adds a rule to the table. The switch does not use it yet.
    pub fn add(&self, links: Vec<(HostId, HostId)>) -> RuleId {
        let mut seen = BTreeSet::new();
        let links: Vec<_> = links.into_iter().filter(|link| seen.insert(*link)).collect();
        let mut in_force = lock(&self.in_force);
        let id = in_force.next_id;
        in_force.next_id += 1;
        let dropped = links.iter().map(|_| Traffic::default()).collect();
        in_force.rules.push(Arc::new(Rule {
            id,
            names: Arc::clone(&self.names),
            links,
            dropped,
        }));
        self.publish(&in_force);
        RuleId(id)
    }

    /// Takes a rule out of the table. The switch may still be using it.
    pub fn remove(&self, rule: RuleId) -> Arc<Rule> {
        let mut in_force = lock(&self.in_force);
        let place = place_of(&in_force, &rule);
        let removed = in_force.rules.remove(place);
        self.publish(&in_force);
        removed
    }

    /// What a rule dropped so far.
    pub fn counters(&self, rule: &RuleId) -> RuleCounters {
        let in_force = lock(&self.in_force);
        in_force.rules[place_of(&in_force, rule)].counters()
    }

    /// What each link carried.
    pub fn links(&self) -> Vec<LinkCounters> {
        let hosts = self.names.len();
        let pairs = (0..hosts * hosts).map(|link| (link, link / hosts, link % hosts));
        let counters = pairs
            .filter(|(_, from, to)| from != to)
            .map(|(link, from, to)| LinkCounters {
                from: self.names[from].clone(),
                to: self.names[to].clone(),
                packets: self.counters.carried[link].packets(),
                bytes: self.counters.carried[link].bytes(),
                dropped: self.counters.dropped[link].load(Ordering::Relaxed),
            });
        counters.collect()
    }

    /// What belonged to no link.
    pub fn strays(&self) -> Strays {
        Strays {
            spoofed: self.counters.spoofed.load(Ordering::Relaxed),
            unroutable: self.counters.unroutable.load(Ordering::Relaxed),
            not_ipv4: self.counters.not_ipv4.load(Ordering::Relaxed),
            undeliverable: self.counters.undeliverable.load(Ordering::Relaxed),
        }
    }

    fn publish(&self, in_force: &InForce) {
        *lock(&self.table) = Arc::new(Table::new(self.names.len(), &in_force.rules));
    }
}

fn place_of(in_force: &InForce, rule: &RuleId) -> usize {
    let place = in_force.rules.iter().position(|known| known.id == rule.0);
    place.expect("a rule that was not healed is in force in the network that made it")
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding this lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules::new(["n1", "n2", "n3"].map(str::to_owned).into())
    }

    fn current(rules: &Rules) -> Arc<Table> {
        Arc::clone(&rules.table().lock().unwrap())
    }

    #[test]
    fn a_rule_stops_its_own_direction_only_and_counts() {
        let rules = rules();
        let rule = rules.add(vec![(0, 1), (0, 1)]);
        assert!(!current(&rules).lets_pass(0, 1, 60));
        assert!(!current(&rules).lets_pass(0, 1, 40));
        assert!(current(&rules).lets_pass(1, 0, 60));
        assert!(current(&rules).lets_pass(0, 2, 60));
        let expected = LinkDrops {
            from: "n1".to_owned(),
            to: "n2".to_owned(),
            packets: 2,
            bytes: 100,
        };
        assert_eq!(rules.counters(&rule).links, vec![expected]);
    }

    #[test]
    fn a_link_stays_cut_until_the_last_rule_on_it_is_healed() {
        let rules = rules();
        let first = rules.add(vec![(0, 1), (2, 1)]);
        let second = rules.add(vec![(0, 1)]);
        assert!(!current(&rules).lets_pass(0, 1, 1));
        assert_eq!(rules.remove(first).counters().links[0].packets, 1);
        assert!(current(&rules).lets_pass(2, 1, 1));
        assert!(!current(&rules).lets_pass(0, 1, 1));
        assert_eq!(rules.remove(second).counters().links[0].packets, 2);
        assert!(current(&rules).lets_pass(0, 1, 1));
    }

    #[test]
    #[should_panic(expected = "in force in the network that made it")]
    fn a_rule_of_another_network_is_not_mistaken_for_ours() {
        let (ours, theirs) = (rules(), rules());
        let rule = theirs.add(vec![(0, 1)]);
        ours.remove(rule);
    }
}
