//! Reads and writes on registers, and compare-and-set where the system has it.
//!
//! Registers are opened one after another, a few at a time, as `keys` says, so that a loss is not hidden by the next write.
//! Every value is written once, so that a read names its write.

use super::keys::Keys;
use super::{Argument, PlannedOperation, Workload, asks_again, random_of, read};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::ops::RangeInclusive;

/// The plan of all operations of a run.
#[derive(Clone, Debug)]
pub struct RegisterWorkload {
    random: ChaCha8Rng,
    keys: Keys,
    cas: bool,
}

impl RegisterWorkload {
    /// The workload of a random stream, with compare-and-set or without.
    pub fn new(random: ChaCha8Rng, keys: Keys, cas: bool) -> Self {
        Self { random, keys, cas }
    }
}

impl Workload for RegisterWorkload {
    fn operation(&self, number: u64) -> PlannedOperation {
        let mut random = random_of(&self.random, number);
        let key = self.keys.pick(number, &mut random);
        let value = json!(number + 1);
        let planned = match (random.random_range(0..4), self.cas) {
            (0 | 1, _) => read(key),
            (2, true) => PlannedOperation {
                f: "cas",
                key,
                argument: Argument::Replace(value),
                asks_again: false,
            },
            _ => PlannedOperation {
                f: "write",
                key,
                argument: Argument::Fixed(value),
                asks_again: false,
            },
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
    use std::collections::BTreeMap;

    #[test]
    fn every_function_occurs_and_no_value_comes_twice() {
        for (name, functions) in [("register", 2), ("cas-register", 3)] {
            let workload = Kind::of(name).unwrap().make(3, 20, 6, &|_| true);
            let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
            let mut values = std::collections::BTreeSet::new();
            for number in 0..10_000 {
                let operation = workload.operation(number);
                *seen.entry(operation.f).or_default() += 1;
                if operation.f != "read" {
                    assert!(values.insert(format!("{:?}", operation.argument)));
                }
            }
            assert_eq!(seen.len(), functions, "{seen:?}");
            assert!(seen.values().all(|count| *count > 2_000), "{seen:?}");
        }
    }
}
