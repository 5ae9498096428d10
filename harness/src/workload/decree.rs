//! Proposals and reads on single-decree registers, which are opened one after another as `keys` says. Every proposal has a
//! value of its own, so that every answer names its proposal.

use super::keys::Keys;
use super::{Argument, PlannedOperation, Workload, asks_again, random_of, read};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::ops::RangeInclusive;

/// The plan of all operations of a run.
#[derive(Clone, Debug)]
pub struct DecreeWorkload {
    random: ChaCha8Rng,
    keys: Keys,
}

impl DecreeWorkload {
    /// The workload of a random stream.
    pub fn new(random: ChaCha8Rng, keys: Keys) -> Self {
        Self { random, keys }
    }
}

impl Workload for DecreeWorkload {
    fn operation(&self, number: u64) -> PlannedOperation {
        let mut random = random_of(&self.random, number);
        let key = self.keys.pick(number, &mut random);
        let planned = match random.random_bool(0.5) {
            true => PlannedOperation {
                f: "propose",
                key,
                argument: Argument::Fixed(json!(number + 1)),
                asks_again: false,
            },
            false => read(key),
        };
        PlannedOperation {
            asks_again: asks_again(&mut random),
            ..planned
        }
    }

    fn volley_that_ends_with(&self, number: u64) -> Option<u64> {
        self.keys.volley_that_ends_with(number)
    }

    fn keys(&self, operations: u64) -> RangeInclusive<u64> {
        self.keys.of_first(operations)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
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
