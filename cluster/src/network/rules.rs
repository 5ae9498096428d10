//! The rules of a network, from the side of those who make them: their numbers, their links, their counters.

use super::HostId;
use super::NetworkError;
use super::check::check;
use super::counters::Deeds;
use super::effect::Actor;
use super::link_rule::{Effect, LinkRule};
use super::matching::Matcher;
use super::pipeline::ActiveRule;
use super::queue::Link;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// A rule in force. It cannot be copied, and healing consumes it: no rule is healed twice.
#[derive(Debug, PartialEq, Eq)]
pub struct RuleId {
    network: u64,
    number: u64,
}

impl fmt::Display for RuleId {
    /// The number by which the comments of a capture call it: `3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

impl RuleId {
    /// Rules are numbered in the order in which they are installed.
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// All rules of a network.
#[derive(Debug)]
pub struct Rules {
    /// Tells the networks of this process apart.
    network: u64,
    names: Arc<[String]>,
    seed: u64,
    in_force: Mutex<InForce>,
}

#[derive(Debug, Default)]
struct InForce {
    next_number: u64,
    deeds: BTreeMap<u64, Arc<Deeds>>,
}

impl Rules {
    /// No rules yet, between these hosts.
    pub fn new(names: Arc<[String]>, seed: u64) -> Rules {
        static NETWORKS: AtomicU64 = AtomicU64::new(0);
        Rules {
            network: NETWORKS.fetch_add(1, Ordering::Relaxed),
            names,
            seed,
            in_force: Mutex::default(),
        }
    }

    /// What tells this network from the others of this process.
    pub fn network(&self) -> u64 {
        self.network
    }

    /// Checks a rule, numbers it and gives it away, one after the other.
    ///
    /// # Errors
    /// When it makes no sense in this network. Then it has no number.
    pub fn add<T>(
        &self,
        rule: &LinkRule,
        give: impl FnOnce(Box<ActiveRule>) -> T,
    ) -> Result<(RuleId, T), NetworkError> {
        check(rule)?;
        let links = self.links(&rule.links)?;
        let matcher = Matcher::new(&rule.matches)?;
        let mut in_force = self.lock();
        let (network, number) = (self.network, in_force.next_number);
        in_force.next_number += 1;
        // A stream of dice for each rule and link. There are fewer than 2^16 links.
        let stream = |link: &Link| number << 16 | (link.from * self.names.len() + link.to) as u64;
        let actors = links
            .iter()
            .map(|link| Actor::new(&rule.effect, self.seed, stream(link)));
        let actors = actors.collect();
        let deeds = Arc::new(Deeds::new(Arc::clone(&self.names), links));
        in_force.deeds.insert(number, Arc::clone(&deeds));
        let is_cut = rule.effect == Effect::Drop;
        // Still locked, for rules must be given away in the order of their numbers.
        let given = give(Box::new(ActiveRule::new(number, is_cut, deeds, matcher, actors)));
        Ok((RuleId { network, number }, given))
    }

    /// What a rule did so far.
    pub fn deeds(&self, rule: &RuleId) -> Arc<Deeds> {
        assert!(
            rule.network == self.network,
            "the rule is in force in another network"
        );
        let deeds = self.lock().deeds.get(&rule.number).map(Arc::clone);
        deeds.expect("a rule that was not healed is in force")
    }

    /// Forgets a rule, once the switch does not use it any more.
    pub fn remove(&self, rule: &RuleId) {
        assert!(
            rule.network == self.network,
            "the rule is in force in another network"
        );
        self.lock().deeds.remove(&rule.number);
    }

    fn links(&self, names: &[(String, String)]) -> Result<Vec<Link>, NetworkError> {
        let (mut links, mut seen) = (Vec::new(), HashSet::new());
        for (from, to) in names {
            let link = Link {
                from: self.find(from)?,
                to: self.find(to)?,
            };
            if link.from == link.to {
                return Err(NetworkError::OwnLink { name: from.clone() });
            }
            if seen.insert((link.from, link.to)) {
                links.push(link);
            }
        }
        Ok(links)
    }

    fn find(&self, name: &str) -> Result<HostId, NetworkError> {
        let host = self.names.iter().position(|known| known == name);
        host.ok_or_else(|| NetworkError::UnknownHost {
            name: name.to_owned(),
            known: self.names.join(", "),
        })
    }

    fn lock(&self) -> MutexGuard<'_, InForce> {
        self.in_force
            .lock()
            .expect("nobody panics while holding this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::super::link_rule::Match;
    use super::*;

    fn rules() -> Rules {
        Rules::new(["n1", "n2", "n3"].map(str::to_owned).into(), 1)
    }

    fn cut(links: &[(&str, &str)]) -> LinkRule {
        let links = links
            .iter()
            .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
        LinkRule {
            links: links.collect(),
            matches: Match::default(),
            effect: Effect::Drop,
        }
    }

    #[test]
    fn rules_are_numbered_as_they_come_and_a_link_counts_once() {
        let rules = rules();
        let twice = cut(&[("n1", "n2"), ("n3", "n1"), ("n1", "n2")]);
        let (first, ()) = rules.add(&twice, |_| ()).unwrap();
        let (second, ()) = rules.add(&cut(&[("n1", "n2")]), |_| ()).unwrap();
        assert_eq!((first.number(), second.number()), (0, 1));
        let counters = rules.deeds(&first).read();
        let ends: Vec<_> = counters
            .links
            .iter()
            .map(|link| (link.from.as_str(), link.to.as_str()))
            .collect();
        assert_eq!(ends, [("n1", "n2"), ("n3", "n1")]);
    }

    #[test]
    fn what_is_refused_is_not_given_away() {
        let rules = rules();
        for bad in [cut(&[("n1", "n9")]), cut(&[("n1", "n1")]), cut(&[])] {
            assert!(rules.add(&bad, |_| unreachable!()).is_err());
        }
        let (first, ()) = rules.add(&cut(&[("n1", "n2")]), |_| ()).unwrap();
        assert_eq!(first.number(), 0);
    }

    #[test]
    #[should_panic(expected = "in force in another network")]
    fn a_rule_of_another_network_is_not_mistaken_for_ours() {
        let (ours, theirs) = (rules(), rules());
        ours.add(&cut(&[("n1", "n2")]), |_| ()).unwrap();
        let (rule, ()) = theirs.add(&cut(&[("n1", "n2")]), |_| ()).unwrap();
        ours.remove(&rule);
    }
}
