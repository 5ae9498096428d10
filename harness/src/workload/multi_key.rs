//! Transactions on several registers at once. The registers of one object are written together, and read together; objects are
//! opened one after another as `keys` says. Every value is written once.

use super::keys::Keys;
use super::{Argument, AtTheEnd, PlannedOperation, Workload, random_of};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// The registers of an object.
const REGISTERS: [&str; 4] = ["a", "b", "c", "d"];

/// The plan of all operations of a run.
pub struct MultiKeyWorkload {
    random: ChaCha8Rng,
    keys: Keys,
}

impl MultiKeyWorkload {
    /// The workload of a random stream.
    pub fn new(random: ChaCha8Rng, keys: Keys) -> Self {
        Self { random, keys }
    }
}

impl Workload for MultiKeyWorkload {
    /// Two or three registers; each is read or written, none twice, for systems differ in whether a transaction sees its
    /// own writes.
    fn operation(&self, number: u64) -> PlannedOperation {
        let mut random = random_of(&self.random, number);
        let key = self.keys.pick(number, &mut random);
        let mut registers = REGISTERS;
        registers.shuffle(&mut random);
        let count = random.random_range(2..=3);
        let is_read_only = random.random_bool(0.3);
        let mut steps = Vec::new();
        for (register, place) in registers.iter().take(count).zip(1..) {
            let reads = is_read_only || random.random_bool(0.4);
            steps.push(match reads {
                true => json!(["read", register, null]),
                false => json!(["write", register, number * REGISTERS.len() as u64 + place]),
            });
        }
        transaction(key, steps).movable(&mut random)
    }

    fn volley_that_ends_with(&self, number: u64) -> Option<u64> {
        self.keys.volley_that_ends_with(number)
    }

    fn keys(&self, operations: u64) -> RangeInclusive<u64> {
        self.keys.of_first(operations)
    }

    fn probe(&self, operations: u64, _: u64) -> PlannedOperation {
        read_all(*self.keys(operations).end())
    }

    fn at_the_end(&self, key: u64) -> AtTheEnd {
        AtTheEnd::once(read_all(key))
    }
}

fn read_all(key: u64) -> PlannedOperation {
    let steps = REGISTERS.map(|register| json!(["read", register, null]));
    transaction(key, steps.to_vec())
}

fn transaction(key: u64, steps: Vec<Value>) -> PlannedOperation {
    PlannedOperation::on(key, "txn", Argument::Fixed(Value::Array(steps)))
}

#[cfg(test)]
mod tests {
    use super::super::{Argument, Kind};
    use std::collections::BTreeSet;

    #[test]
    fn no_register_is_there_twice_in_a_transaction_and_no_value_comes_twice() {
        let workload = Kind::of("multi-key").unwrap().make(3, 12, 8, &|_| true);
        let (mut values, mut reads) = (BTreeSet::new(), 0);
        for number in 0..5_000 {
            let Argument::Fixed(steps) = workload.operation(number).argument else {
                panic!("a transaction is known beforehand");
            };
            let steps = steps.as_array().unwrap().clone();
            let registers: BTreeSet<&str> = steps.iter().map(|step| step[1].as_str().unwrap()).collect();
            assert_eq!(registers.len(), steps.len());
            for step in &steps {
                match step[0] == "read" {
                    true => reads += 1,
                    false => assert!(values.insert(step[2].as_u64().unwrap())),
                }
            }
        }
        assert!(reads > 4_000 && values.len() > 3_000, "{reads} {}", values.len());
    }
}
