//! The single-decree register, the object that consensus implements: the first `propose` fixes the value,
//! everything after it answers with that value; a `read` before it answers null.
//!
//! Checked in linear time. Let the *decision* d be a value that was answered, and t0 the first completion of
//! an operation that was answered d. The history of one decree is legal exactly when
//!
//! 1. no `ok` operation was answered another value than d, and no `ok` propose was answered null;
//! 2. some propose of d that did not fail was invoked before t0;
//! 3. no `ok` read that was answered null was invoked after t0.
//!
//! *Necessary*: the winning propose of d takes effect after its invocation and not after t0, since the
//! operation that completed at t0 already saw it; a null read takes effect before it. *Sufficient*: let the
//! winner take effect at a point p before t0, after its own invocation and after the invocations of all null
//! reads. Every null read can take effect just before p, and every operation that was answered d just after p
//! or at its own invocation, whichever is later: all of these lie within the operations, as none that was
//! answered d completes before t0. Unknown proposals other than the winner need never take effect; failed
//! ones must not. With no answered value at all (no `ok` propose, only null reads), nothing need take effect.
//!
//! Read next: `explain` for how a contradiction is told.

mod explain;

use crate::theory::{Exchange, Part, Theory};
use crate::weaker::Still;
use crate::{Budget, CallOf, CheckError, Judgement, Object, Options, Violation};
use history::{History, Operation, Outcome, Value};

/// The object.
#[derive(Clone, Copy, Debug)]
pub struct Decree<'h> {
    history: &'h History,
    /// The number of the function; one that no operation has, when nobody ever proposed.
    propose: u8,
}

/// What a decree is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// Fix this value, unless one is fixed.
    Propose(Value),
    /// Say which value is fixed.
    Read,
}

/// What nobody may ask for.
pub const NULL_PROPOSED: &str = "a proposal of null: null stands for `undecided`";

/// What is fixed after something was asked, or nothing when it cannot have been answered so.
pub fn step(state: &Value, input: &Asked, told: Option<&Value>) -> Option<Value> {
    let next = match input {
        Asked::Propose(value) if state.is_null() => *value,
        Asked::Propose(_) | Asked::Read => *state,
    };
    told.is_none_or(|told| *told == next).then_some(next)
}

impl Object for Decree<'_> {
    type Input = Asked;
    type Output = Value;
    /// The decided value, null before.
    type State = Value;

    fn initial(&self) -> Value {
        Value::NULL
    }

    fn step(&self, state: &Value, input: &Asked, told: Option<&Value>) -> Option<Value> {
        step(state, input, told)
    }

    fn is_pure(&self, input: &Asked, _: Option<&Value>) -> bool {
        *input == Asked::Read
    }

    fn search(&self, calls: &[CallOf<Self>], _: &Budget) -> Judgement {
        match judge(calls) {
            Some(winner) => Judgement::Legal {
                order: witness(calls, winner),
            },
            // The words are found by the decree's own rules.
            None => Judgement::Illegal { suspects: Vec::new() },
        }
    }

    fn show_input(&self, input: &Asked) -> String {
        match input {
            Asked::Propose(value) => format!(
                "propose({})",
                crate::proof::wording::value(&self.history.values, *value)
            ),
            Asked::Read => "read".to_owned(),
        }
    }

    fn show_state(&self, decided: &Value) -> Option<String> {
        Some(match decided.is_null() {
            true => "undecided".to_owned(),
            false => self.show_output(decided),
        })
    }

    fn show_output(&self, output: &Value) -> String {
        crate::proof::wording::value(&self.history.values, *output)
    }
}

impl<'h> Theory<'h> for Decree<'h> {
    const ALGORITHM: &'static str = "decree, linear";
    const FUNCTIONS: &'static [&'static str] = &["propose", "read"];

    fn of(history: &'h History, _: &Options) -> Result<Self, CheckError> {
        Ok(Decree {
            history,
            propose: history.function("propose").unwrap_or(u8::MAX),
        })
    }

    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str> {
        let input = match self.is_propose(operation) {
            true if operation.input.is_null() => {
                return Err(NULL_PROPOSED);
            }
            true => Asked::Propose(operation.input),
            false => Asked::Read,
        };
        Ok(match operation.outcome {
            Outcome::Ok => Some((input, Some(operation.output))),
            Outcome::Info => Some((input, None)),
            Outcome::Fail => None,
        })
    }

    fn name(&self, history: &History, key: u32) -> String {
        match history.keys[key as usize].is_null() {
            true => "The decree".to_owned(),
            false => format!(
                "Decree {}",
                crate::proof::wording::value(&history.values, history.keys[key as usize])
            ),
        }
    }

    // Nothing of a decree that is decided twice, or undone, is of use.
    fn still_holds(&self, _: &Part<'_, Self>, _: &[u32], _: &Budget) -> Still {
        Still::default()
    }

    fn explain(&self, part: &Part<'_, Self>, _: &[u32], _: &Budget) -> Result<Violation, String> {
        explain::explain(self, part)
    }
}

impl Decree<'_> {
    fn is_propose(&self, operation: &Operation) -> bool {
        operation.f == self.propose
    }
}

/// Judges one decree: `None` when there is no legal order; else the place of the proposal that fixed the value, if
/// one had to.
fn judge(calls: &[CallOf<Decree>]) -> Option<Option<u32>> {
    let answered = || calls.iter().filter_map(|call| Some((call, call.output?)));
    let with_value = answered().filter(|(_, told)| !told.is_null());
    let Some((first, decision)) = with_value.min_by_key(|(call, _)| call.complete) else {
        let told_nothing = answered().any(|(call, _)| call.input != Asked::Read);
        return (!told_nothing).then_some(None);
    };
    let t0 = first.complete;
    let fits = |(call, told): (&CallOf<Decree>, Value)| match told.is_null() {
        true => call.input == Asked::Read && call.invoke < t0,
        false => told == decision,
    };
    if !answered().all(fits) {
        return None;
    }
    // In the order of invocations: if the first proposal of the decision was too late, all were.
    let winner = calls
        .iter()
        .position(|call| call.input == Asked::Propose(decision))?;
    (calls[winner].invoke < t0).then_some(Some(winner as u32))
}

/// A legal order, as places in `calls`.
fn witness(calls: &[CallOf<Decree>], winner: Option<u32>) -> Vec<u32> {
    let told = || {
        calls
            .iter()
            .zip(0u32..)
            .filter_map(|(call, place)| Some((place, call.output?)))
    };
    let before = told().filter(|(_, told)| told.is_null());
    let after = told().filter(|(place, told)| !told.is_null() && Some(*place) != winner);
    let order = before.map(|(place, _)| place).chain(winner);
    order.chain(after.map(|(place, _)| place)).collect()
}

#[cfg(test)]
mod tests;
