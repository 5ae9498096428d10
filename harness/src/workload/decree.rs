//! Proposals and reads on single-decree registers.
//!
//! A few decrees are open at a time. Operations come in *volleys*: several at once, on one decree, so that proposers
//! meet in the middle of deciding it. An open decree gets two volleys, with those on the other open ones in between;
//! then new decrees are opened.
//!
//! One operation in five goes back to an earlier decree, as likely to one of the last ten as to one of the last
//! hundred or thousand: what a fault left half done is asked for again soon, and what was decided long ago must still
//! be so. Every proposal has a value of its own, so that every answer names its proposal.

use super::PlannedOperation;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

/// The random stream of operations; fault schedules have others.
const STREAM_OPERATIONS: u64 = 100;

/// How many volleys an open decree gets.
const VOLLEYS: u64 = 2;
/// The share of operations that go back to an earlier decree.
const REVISITS: f64 = 0.2;

/// The plan of all operations of a run.
#[derive(Clone, Debug)]
pub struct DecreeWorkload {
    random: ChaCha8Rng,
    ops_per_key: u64,
    key_count: u64,
}

impl DecreeWorkload {
    /// The workload of a seed: `ops_per_key` operations for a decree while it is open, `key_count` decrees open at
    /// once.
    pub fn new(seed: u64, ops_per_key: u32, key_count: u32) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(STREAM_OPERATIONS);
        Self {
            random,
            ops_per_key: ops_per_key.into(),
            key_count: key_count.into(),
        }
    }

    /// The operation with this number, from 0.
    pub fn operation(&self, number: u64) -> PlannedOperation {
        let mut random = self.random.clone();
        // A generous stretch of the stream for each operation; its words are never shared.
        random.set_word_pos(u128::from(number) * 64);
        let volley = number / self.volley();
        let (generation, place) = (volley / (VOLLEYS * self.key_count), volley % self.key_count);
        let newest = generation * self.key_count + place + 1;
        let key = match random.random_bool(REVISITS) {
            true => {
                let age = random.random_range(0.0..(newest as f64).ln_1p()).exp();
                newest.saturating_sub(age as u64).max(1)
            }
            false => newest,
        };
        match random.random_bool(0.5) {
            true => PlannedOperation {
                f: "propose",
                key,
                value: json!(number + 1),
            },
            false => read(key),
        }
    }

    /// How many operations come at once: numbers `n` to `n + volley - 1`, where `n` is a multiple of it.
    pub fn volley(&self) -> u64 {
        (self.ops_per_key / VOLLEYS).max(1)
    }

    /// Every decree that the first `operations` operations may have touched.
    pub fn keys(&self, operations: u64) -> std::ops::RangeInclusive<u64> {
        let volley = operations.saturating_sub(1) / self.volley();
        1..=(volley / (VOLLEYS * self.key_count) + 1) * self.key_count
    }
}

/// A read of a decree.
pub fn read(key: u64) -> PlannedOperation {
    PlannedOperation {
        f: "read",
        key,
        value: serde_json::Value::Null,
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
    fn a_volley_meets_on_one_decree() {
        let workload = DecreeWorkload::new(5, 20, 3);
        assert_eq!(workload.volley(), 10);
        for volley in 0..500 {
            let numbers = volley * 10..(volley + 1) * 10;
            let keys: Vec<u64> = numbers.map(|number| workload.operation(number).key).collect();
            let newest = *keys.iter().max().unwrap();
            assert!(keys.iter().filter(|key| **key == newest).count() >= 4, "{keys:?}");
        }
    }
}
