//! How a decree's contradiction is told: the few operations that cannot all be right, and why.
//!
//! The operations shown are the *core*; every other proposal of the decree may happen at any time, or not at
//! all, and every other read is dropped. That only ever makes a history more legal, so the core proves that
//! the whole is not. Before anything is said, the independent checker tries every order of the core, and
//! tries again with each of its operations weakened: the core is as small as it can be.
//!
//! Read next: `finding` for what is looked for, `words` for how it is told, `proof` for how it is made sure of.

mod finding;
mod proof;
mod words;

use super::Decree;
use crate::theory::Part;
use crate::{ReasonKind, Violation};
use history::{History, Operation, Outcome};
use std::time::Instant;

/// Explains why a decree's operations have no legal order.
///
/// # Errors
/// When the independent checker does not agree that they have none.
pub fn explain<'h>(decree: &Decree<'h>, part: &Part<'_, Decree<'h>>) -> Result<Violation, String> {
    let began = Instant::now();
    let case = Case {
        history: part.history,
        decree,
        key: part.key,
        operations: part.operations,
    };
    let finding = case
        .find()
        .ok_or("no contradiction was found, though there must be one")?;
    let mut violation = case.tell(&finding);
    violation.shrink = case.verify(&violation.core)?;
    violation.shrink.took = began.elapsed();
    match violation.shrink.verified {
        true => Ok(violation),
        false => Err("some order of the counterexample works".to_owned()),
    }
}

/// One decree of one history.
struct Case<'a> {
    history: &'a History,
    decree: &'a Decree<'a>,
    key: u32,
    operations: &'a [u32],
}

impl Case<'_> {
    fn at(&self, number: u32) -> &Operation {
        &self.history.operations[number as usize]
    }

    fn answered(&self) -> impl Iterator<Item = u32> {
        self.operations
            .iter()
            .copied()
            .filter(|number| self.at(*number).outcome == Outcome::Ok)
    }

    fn told_its_own(&self, number: u32) -> bool {
        self.decree.is_propose(self.at(number)) && self.at(number).input == self.at(number).output
    }

    fn real_time(&self, first: u32, second: u32) -> ReasonKind {
        ReasonKind::RealTime {
            gap_ns: self.at(second).start_ns.saturating_sub(self.at(first).end_ns),
        }
    }
}
