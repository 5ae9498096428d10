//! Whether a core is one, and as small as it can be: tried by the independent checker before anything is said.

use super::Case;
use crate::objects::decree::{Asked, Decree};
use crate::proof::shrink::distinct;
use crate::proof::verify;
use crate::theory::Theory;
use crate::{CallOf, CoreOperation, Shrink};
use history::{NEVER, Operation, Outcome, Value};
use std::time::Duration;

impl Case<'_> {
    /// Has the core tried in every order, and once more with each of its operations weakened.
    pub(super) fn verify(&self, core: &[CoreOperation]) -> Result<Shrink, String> {
        let no_order_works = |kept: &[CoreOperation]| {
            let members: Vec<CallOf<Decree>> = kept.iter().filter_map(|it| self.as_kept(it)).collect();
            verify::no_order_works(self.decree, &members, &self.free(core, kept))
        };
        let verified = no_order_works(core)?;
        let mut minimal = true;
        for place in 0..core.len() {
            let mut rest = core.to_vec();
            rest.remove(place);
            minimal &= !no_order_works(&rest)?;
        }
        Ok(Shrink {
            from: self.operations.len(),
            to: core.len(),
            // Nothing is weakened on the way: the algorithm names the few.
            steps: distinct(vec![self.operations.len(), core.len()]),
            checks: core.len() + 1,
            took: Duration::ZERO,
            minimal,
            ended_early: None,
            verified,
        })
    }

    /// A core operation with what of it is part of the argument; what failed is not in any order.
    fn as_kept(&self, member: &CoreOperation) -> Option<CallOf<Decree<'_>>> {
        let call = self.call(member.operation)?;
        Some(match member.answer_counts {
            true => call,
            false => CallOf::<Decree> {
                output: None,
                complete: NEVER,
                ..call
            },
        })
    }

    fn call(&self, number: u32) -> Option<CallOf<Decree<'_>>> {
        let operation = self.at(number);
        let (input, output) = self.decree.call(operation).ok()??;
        Some(CallOf::<Decree> {
            input,
            output,
            invoke: operation.invoke,
            complete: operation.complete,
            number,
        })
    }

    /// The proposals that may happen at any time or never while `kept` stays: all others that did not fail,
    /// and whatever of the `core` is weakened now, failed or not.
    fn free(&self, core: &[CoreOperation], kept: &[CoreOperation]) -> Vec<CallOf<Decree<'_>>> {
        let is_in = |members: &[CoreOperation], number: u32| members.iter().any(|it| it.operation == number);
        let may_happen = |number: &u32| {
            let operation = self.at(*number);
            let is_update = self.decree.is_propose(operation) && !is_in(kept, *number);
            is_update && (operation.outcome != Outcome::Fail || is_in(core, *number))
        };
        let mut free: Vec<Operation> = self
            .operations
            .iter()
            .copied()
            .filter(may_happen)
            .map(|number| *self.at(number))
            .collect();
        // To the object only the argument matters: one of each is as good as any number.
        free.sort_unstable_by_key(|operation| operation.input);
        free.dedup_by_key(|operation| operation.input);
        // Values that the core does not speak of are all the same to it: one of them is enough.
        let speaks_of = |value: Value| {
            core.iter().any(|member| {
                let operation = self.at(member.operation);
                operation.input == value || operation.output == value
            })
        };
        let mut others = 0;
        free.retain(|operation| {
            others += usize::from(!speaks_of(operation.input));
            speaks_of(operation.input) || others == 1
        });
        let weak = free.iter().map(|operation| CallOf::<Decree> {
            input: Asked::Propose(operation.input),
            output: None,
            invoke: 0,
            complete: NEVER,
            number: 0,
        });
        weak.collect()
    }
}
