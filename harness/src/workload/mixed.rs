//! Workloads in which every operation is drawn alone: an object as `keys` says, then a function and its argument.
//!
//! What they have in common is here; what each of them draws is in `recipes`.

use super::keys::Keys;
use super::{Argument, AtTheEnd, PlannedOperation, Workload, random_of, read};
use rand_chacha::ChaCha8Rng;
use std::ops::RangeInclusive;

/// What makes a workload what it is.
#[derive(Clone)]
pub struct Recipe {
    /// The function of the operation with this number, from 0, and what it is asked with.
    pub draw: fn(&mut ChaCha8Rng, u64) -> (&'static str, Argument),
    /// Whether there is a single object for the whole run.
    pub single: bool,
    /// What every node is asked until it has answered, when everything was mended.
    pub probe: (&'static str, Argument),
    /// Whether that is asked of an object that nothing else is done with, another for each client.
    pub probes_apart: bool,
    /// What is asked of each object at the end, through each node.
    pub at_the_end: fn(u64) -> AtTheEnd,
}

/// The plan of all operations of a run.
pub struct Mixed {
    random: ChaCha8Rng,
    keys: Keys,
    recipe: Recipe,
}

impl Mixed {
    /// The workload of a random stream.
    pub fn new(random: ChaCha8Rng, keys: Keys, recipe: Recipe) -> Self {
        Self { random, keys, recipe }
    }
}

impl Workload for Mixed {
    fn operation(&self, number: u64) -> PlannedOperation {
        let mut random = random_of(&self.random, number);
        let key = self.keys.pick(number, &mut random);
        let (f, argument) = (self.recipe.draw)(&mut random, number);
        let key = if self.recipe.single { 1 } else { key };
        PlannedOperation::on(key, f, argument).movable(&mut random)
    }

    fn volley_that_ends_with(&self, number: u64) -> Option<u64> {
        self.keys.volley_that_ends_with(number)
    }

    fn keys(&self, operations: u64) -> RangeInclusive<u64> {
        match self.recipe.single {
            true => 1..=1,
            false => self.keys.of_first(operations),
        }
    }

    fn probe(&self, operations: u64, client: u64) -> PlannedOperation {
        let newest = *self.keys(operations).end();
        let apart = if self.recipe.probes_apart { 1 + client } else { 0 };
        let (f, argument) = self.recipe.probe.clone();
        PlannedOperation {
            f,
            argument,
            ..read(newest + apart)
        }
    }

    fn at_the_end(&self, key: u64) -> AtTheEnd {
        (self.recipe.at_the_end)(key)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Workload};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn decrees(seed: u64, ops_per_key: u32, key_count: u32) -> Arc<dyn Workload> {
        Kind::of("decree")
            .unwrap()
            .make(seed, ops_per_key, key_count, &|_| true)
    }

    #[test]
    fn the_sequence_is_fixed_by_the_seed() {
        let list = |seed| -> Vec<_> { (0..100).map(|n| decrees(seed, 10, 3).operation(n)).collect() };
        assert_eq!(list(1), list(1));
        assert_ne!(list(1), list(2));
    }

    #[test]
    fn every_decree_is_contended_and_every_value_is_proposed_once() {
        let workload = decrees(5, 10, 3);
        let mut by_key: BTreeMap<u64, (u32, u32)> = BTreeMap::new();
        let mut values = std::collections::BTreeSet::new();
        for number in 0..20_000 {
            let operation = workload.operation(number);
            assert!(workload.keys(number + 1).contains(&operation.key));
            let (proposes, reads) = by_key.entry(operation.key).or_default();
            match operation.f {
                "propose" => {
                    *proposes += 1;
                    assert!(
                        values.insert(format!("{:?}", operation.argument)),
                        "a value came twice"
                    );
                }
                _ => *reads += 1,
            }
        }
        assert!(by_key.len() > 1900, "a new decree after every ten operations");
        let contended = by_key
            .values()
            .filter(|(proposes, reads)| *proposes >= 2 && *reads >= 1)
            .count();
        assert!(
            contended * 100 > by_key.len() * 90,
            "{contended} of {}",
            by_key.len()
        );
    }

    #[test]
    fn earlier_decrees_are_visited_again_the_recent_as_often_as_the_old() {
        let workload = decrees(5, 10, 3);
        let mut ages = [0; 3];
        for number in 10_000..20_000 {
            let newest = *workload.keys(number + 1).end();
            match newest - workload.operation(number).key {
                3..10 => ages[0] += 1,
                10..100 => ages[1] += 1,
                100.. => ages[2] += 1,
                _ => {}
            }
        }
        assert!(ages.iter().all(|count| (300..1200).contains(count)), "{ages:?}");
    }

    #[test]
    fn most_clients_ask_again_but_not_all() {
        let workload = decrees(5, 20, 3);
        let again = (0..1000).filter(|number| workload.operation(*number).asks_again);
        assert!((650..850).contains(&again.count()));
    }
}
