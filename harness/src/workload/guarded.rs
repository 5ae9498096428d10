//! Registers that are written in transactions, each on a condition about *all* keys: so a member of the system looks at a
//! thousand keys before it writes one, and what goes wrong between looking and writing has time to do so.
//!
//! The thousand are written once, before the first fault. The others are as in `register`.

use super::mixed::Mixed;
use super::{Argument, PlannedOperation, Workload, read};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// How many keys there are from the beginning.
const GUARDS: u64 = 1000;

/// The plan of all operations of a run.
pub struct GuardedWorkload(Mixed);

impl GuardedWorkload {
    /// As these registers are read and written.
    pub fn new(registers: Mixed) -> Self {
        Self(registers)
    }
}

impl Workload for GuardedWorkload {
    fn operation(&self, number: u64) -> PlannedOperation {
        let operation = self.0.operation(number);
        PlannedOperation {
            key: operation.key + GUARDS,
            argument: match operation.argument {
                Argument::Fixed(Value::Number(value)) => {
                    Argument::Fixed(json!(value.as_u64().map(|value| value + GUARDS)))
                }
                other => other,
            },
            ..operation
        }
    }

    fn volley_that_ends_with(&self, number: u64) -> Option<u64> {
        self.0.volley_that_ends_with(number)
    }

    fn keys(&self, operations: u64) -> RangeInclusive<u64> {
        1..=*self.0.keys(operations).end() + GUARDS
    }

    fn beforehand(&self) -> Vec<PlannedOperation> {
        let write = |key: u64| PlannedOperation {
            f: "write",
            argument: Argument::Fixed(json!(key)),
            ..read(key)
        };
        (1..=GUARDS).map(write).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn what_was_written_beforehand_is_never_written_again() {
        let workload = Kind::of("guarded").unwrap().make(3, 12, 8, &|_| true);
        let before = workload.beforehand();
        assert_eq!(before.len() as u64, GUARDS);
        for number in 0..5_000 {
            let operation = workload.operation(number);
            assert!(operation.key > GUARDS && workload.keys(number + 1).contains(&operation.key));
            let is_new = |other: &PlannedOperation| other.argument != operation.argument;
            assert!(operation.f == "read" || before.iter().all(is_new));
        }
    }
}
