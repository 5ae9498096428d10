//! Proposals and reads on single-decree registers.
//!
//! A few decrees are open at a time. Operations come in *volleys*: several at once, on one decree. A large one makes
//! proposers meet in the middle of deciding; a single one leaves a decree decided by, or half done at, a few nodes
//! that others have heard nothing from yet. An open decree gets a single operation and two large volleys, in an
//! order that is drawn, with those on the other open decrees in between; then new decrees are opened.
//!
//! One operation in five goes back to an earlier decree, as likely to one of the last ten as to one of the last
//! hundred or thousand: what a fault left half done is asked for again soon, and what was decided long ago must still
//! be so. Every proposal has a value of its own, so that every answer names its proposal.

use super::PlannedOperation;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

/// The random stream of operations; fault schedules have others.
const STREAM_OPERATIONS: u64 = 100;
/// The random stream of the order of volleys.
const STREAM_VOLLEYS: u64 = 102;

/// How many of an open decree's operations come alone.
const SINGLE: u64 = 1;
/// The share of operations that go back to an earlier decree.
const REVISITS: f64 = 0.2;
/// The share of clients that, when they do not know what became of an operation, ask about the same decree next.
const ASKS_AGAIN: f64 = 0.75;

/// The plan of all operations of a run.
#[derive(Clone, Debug)]
pub struct DecreeWorkload {
    operations: ChaCha8Rng,
    volleys: ChaCha8Rng,
    ops_per_key: u64,
    key_count: u64,
}

/// Where an operation is in the plan.
struct Place {
    /// The decree that is open then.
    key: u64,
    /// How many operations its volley has.
    volley: u64,
    /// Which of them it is, from 0.
    number: u64,
}

impl DecreeWorkload {
    /// The workload of a seed: `ops_per_key` operations for a decree while it is open, `key_count` decrees open at
    /// once.
    pub fn new(seed: u64, ops_per_key: u32, key_count: u32) -> Self {
        let stream = |number| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(number);
            random
        };
        Self {
            operations: stream(STREAM_OPERATIONS),
            volleys: stream(STREAM_VOLLEYS),
            ops_per_key: ops_per_key.into(),
            key_count: key_count.into(),
        }
    }

    /// The operation with this number, from 0.
    pub fn operation(&self, number: u64) -> PlannedOperation {
        let mut random = self.operations.clone();
        // A generous stretch of the stream for each operation; its words are never shared.
        random.set_word_pos(u128::from(number) * 64);
        let newest = self.place(number).key;
        let key = match random.random_bool(REVISITS) {
            true => {
                let age = random.random_range(0.0..(newest as f64).ln_1p()).exp();
                newest.saturating_sub(age as u64).max(1)
            }
            false => newest,
        };
        let planned = match random.random_bool(0.5) {
            true => PlannedOperation {
                f: "propose",
                key,
                value: json!(number + 1),
                asks_again: false,
            },
            false => read(key),
        };
        PlannedOperation {
            asks_again: random.random_bool(ASKS_AGAIN),
            ..planned
        }
    }

    /// How many operations the volley had of which this was the last; `None` when others of its volley follow.
    pub fn volley_that_ends_with(&self, number: u64) -> Option<u64> {
        let place = self.place(number);
        (place.number + 1 == place.volley).then_some(place.volley)
    }

    /// The decrees of a generation are open together. Each turn gives each of them a volley, of the sizes one after
    /// another, so that the next turn gives each the next size.
    fn place(&self, number: u64) -> Place {
        let of_generation = self.ops_per_key * self.key_count;
        let (generation, mut rest) = (number / of_generation, number % of_generation);
        let sizes = self.sizes(generation);
        let count = sizes.len() as u64;
        let size = |turn: u64, decree: u64| sizes[((turn + decree) % count) as usize];
        for turn in 0..count {
            let incomplete = (0..self.key_count % count).map(|decree| size(turn, decree));
            let of_turn = self.key_count / count * self.ops_per_key + incomplete.sum::<u64>();
            if rest >= of_turn {
                rest -= of_turn;
                continue;
            }
            let mut decree = rest / self.ops_per_key * count;
            rest %= self.ops_per_key;
            while rest >= size(turn, decree) {
                rest -= size(turn, decree);
                decree += 1;
            }
            return Place {
                key: generation * self.key_count + decree + 1,
                volley: size(turn, decree),
                number: rest,
            };
        }
        unreachable!("a generation's turns have all of its operations")
    }

    /// The sizes of a decree's volleys, in the order in which the first of the generation gets them.
    fn sizes(&self, generation: u64) -> Vec<u64> {
        let many = self.ops_per_key.saturating_sub(SINGLE);
        let mut sizes = vec![1; self.ops_per_key.min(SINGLE) as usize];
        sizes.extend([many.div_ceil(2), many / 2].into_iter().filter(|size| *size > 0));
        let mut random = self.volleys.clone();
        random.set_word_pos(u128::from(generation) * 64);
        sizes.shuffle(&mut random);
        sizes
    }

    /// Every decree that the first `operations` operations may have touched.
    pub fn keys(&self, operations: u64) -> std::ops::RangeInclusive<u64> {
        let generation = operations.saturating_sub(1) / (self.ops_per_key * self.key_count);
        1..=(generation + 1) * self.key_count
    }
}

/// A read of a decree.
pub fn read(key: u64) -> PlannedOperation {
    PlannedOperation {
        f: "read",
        key,
        value: serde_json::Value::Null,
        asks_again: false,
    }
}

impl DecreeWorkload {
    /// A read of one decree, for the phases after the main one.
    pub fn read(&self, key: u64) -> PlannedOperation {
        read(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_sequence_is_fixed_by_the_seed() {
        let list = |seed| -> Vec<_> {
            (0..100)
                .map(|n| DecreeWorkload::new(seed, 10, 3).operation(n))
                .collect()
        };
        assert_eq!(list(1), list(1));
        assert_ne!(list(1), list(2));
    }

    #[test]
    fn every_decree_is_contended_and_every_value_is_proposed_once() {
        let workload = DecreeWorkload::new(5, 10, 3);
        let mut by_key: BTreeMap<u64, (u32, u32)> = BTreeMap::new();
        let mut values = std::collections::BTreeSet::new();
        for number in 0..20_000 {
            let operation = workload.operation(number);
            assert!(workload.keys(number + 1).contains(&operation.key));
            let (proposes, reads) = by_key.entry(operation.key).or_default();
            match operation.f {
                "propose" => {
                    *proposes += 1;
                    assert!(values.insert(operation.value.to_string()), "a value came twice");
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
        let workload = DecreeWorkload::new(5, 10, 3);
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
    fn a_volley_meets_on_one_decree_and_each_decree_gets_large_ones_and_single_operations() {
        for (ops_per_key, key_count, sizes) in [
            (20, 3, vec![1, 9, 10]),
            (12, 8, vec![1, 5, 6]),
            (3, 2, vec![1, 1, 1]),
            (1, 1, vec![1]),
        ] {
            let workload = DecreeWorkload::new(5, ops_per_key, key_count);
            let mut volleys: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
            let mut begun = Vec::new();
            for number in 0..u64::from(ops_per_key * key_count) * 100 {
                begun.push(workload.place(number).key);
                if let Some(size) = workload.volley_that_ends_with(number) {
                    assert_eq!(begun.len() as u64, size);
                    assert!(begun.iter().all(|key| *key == begun[0]), "{begun:?}");
                    volleys.entry(begun[0]).or_default().push(size);
                    begun.clear();
                }
            }
            assert_eq!(volleys.len(), 100 * key_count as usize);
            let orders: std::collections::BTreeSet<_> = volleys.values().cloned().collect();
            assert_eq!(orders.len() > 1, ops_per_key > 3, "the order is drawn");
            for mut of_decree in volleys.into_values() {
                of_decree.sort();
                assert_eq!(of_decree, sizes);
            }
        }
    }

    #[test]
    fn most_clients_ask_again_but_not_all() {
        let workload = DecreeWorkload::new(5, 20, 3);
        let again = (0..1000).filter(|number| workload.operation(*number).asks_again);
        assert!((650..850).contains(&again.count()));
    }
}
