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

pub use explain::explain;

use crate::{CheckError, SequentialObject, Violation};
use history::{Event, EventType, History, Operation, Outcome, Value};

/// The algorithm's name in results.
pub const ALGORITHM: &str = "decree, linear";
const FUNCTIONS: &str = "propose and read";

/// The object, for one history's numbering of functions.
#[derive(Clone, Copy, Debug)]
pub struct Decree {
    propose: u8,
}

impl Decree {
    /// Looks the functions up and sees to it that there are no others.
    ///
    /// # Errors
    /// An operation that a decree does not have, or a proposal of null.
    pub fn of(history: &History) -> Result<Decree, CheckError> {
        if let Some(f) = history
            .functions
            .iter()
            .find(|f| !["propose", "read"].contains(&f.as_str()))
        {
            let f = crate::wording::plain(f);
            return Err(CheckError::UnknownFunction {
                model: "decree",
                f,
                known: FUNCTIONS,
            });
        }
        // A number that no operation has, when nobody ever proposed.
        let propose = history.function("propose").unwrap_or(u8::MAX);
        let is_empty = |operation: &&Operation| operation.f == propose && operation.input.is_null();
        match history.operations.iter().find(is_empty) {
            Some(operation) => {
                let problem = "a proposal of null: null stands for `undecided`";
                Err(CheckError::Malformed {
                    event: operation.invoke,
                    problem,
                })
            }
            None => Ok(Decree { propose }),
        }
    }

    fn is_propose(&self, operation: &Operation) -> bool {
        operation.f == self.propose
    }
}

impl SequentialObject for Decree {
    /// The decided value, null before.
    type State = Value;

    fn initial(&self) -> Value {
        Value::NULL
    }

    fn step(&self, state: &Value, operation: &Operation, told: Option<Value>) -> Option<Value> {
        let next = if self.is_propose(operation) && state.is_null() {
            operation.input
        } else {
            *state
        };
        told.is_none_or(|told| told == next).then_some(next)
    }

    fn is_pure_read(&self, operation: &Operation) -> bool {
        !self.is_propose(operation)
    }
}

/// Whether one decree's operations are legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// They are; the winner is the proposal that fixed the value, if one had to.
    Legal {
        /// Its number.
        winner: Option<u32>,
    },
    /// They are not.
    Illegal,
}

/// Judges one decree's operations, given in the order of their invocations.
pub fn judge(history: &History, decree: &Decree, operations: &[u32]) -> Judgement {
    let all = || {
        operations
            .iter()
            .map(|number| (*number, &history.operations[*number as usize]))
    };
    let answered = || all().filter(|(_, operation)| operation.outcome == Outcome::Ok);
    let with_value = answered().filter(|(_, operation)| !operation.output.is_null());
    let first = with_value.min_by_key(|(_, operation)| operation.complete);
    let Some((_, first)) = first else {
        let told_nothing = answered().any(|(_, operation)| decree.is_propose(operation));
        return if told_nothing {
            Judgement::Illegal
        } else {
            Judgement::Legal { winner: None }
        };
    };
    let (decision, t0) = (first.output, first.complete);
    let fits = |operation: &Operation| match operation.output.is_null() {
        true => !decree.is_propose(operation) && operation.invoke < t0,
        false => operation.output == decision,
    };
    if !answered().all(|(_, operation)| fits(operation)) {
        return Judgement::Illegal;
    }
    let proposed_it = |operation: &Operation| {
        decree.is_propose(operation) && operation.input == decision && operation.outcome != Outcome::Fail
    };
    // In the order of invocations: if the first proposal of the decision was too late, all were.
    match all().find(|(_, operation)| proposed_it(operation)) {
        Some((number, winner)) if winner.invoke < t0 => Judgement::Legal { winner: Some(number) },
        _ => Judgement::Illegal,
    }
}

/// A legal order of a decree's operations, put into `order`.
pub fn witness_into(
    history: &History,
    _: &Decree,
    operations: &[u32],
    winner: Option<u32>,
    order: &mut Vec<u32>,
) {
    order.clear();
    let told = |number: &&u32| history.operations[**number as usize].outcome == Outcome::Ok;
    let null = |number: &&u32| history.operations[**number as usize].output.is_null();
    order.extend(operations.iter().filter(told).filter(null));
    order.extend(winner);
    order.extend(
        operations
            .iter()
            .filter(told)
            .filter(|it| !null(it) && Some(**it) != winner),
    );
}

/// See [`crate::counterexample_events`].
pub fn counterexample_events(history: &History, violation: &Violation) -> Vec<Event> {
    let json = |value: Value| serde_json::from_str(&history.values.json(value)).unwrap_or_default();
    let core: Vec<u32> = violation.core.iter().map(|member| member.operation).collect();
    let event = |operation: &Operation, kind, time, value| Event {
        index: 0,
        time,
        process: operation.process.into(),
        kind,
        f: history.function_name(operation).to_owned(),
        key: Some(json(history.keys[operation.key as usize])),
        value: json(value),
        node: history.node_name(operation).map(str::to_owned),
        error: None,
    };
    let mut events = Vec::new();
    // Whoever may happen at any time is still open at the end: it needs a process number of its own.
    let mut free_process = history
        .operations
        .iter()
        .map(|operation| u64::from(operation.process))
        .max()
        .unwrap_or(0);
    for (operation, number) in history.operations.iter().zip(0u32..) {
        let may_happen = operation.key == violation.key
            && !operation.input.is_null()
            && operation.outcome != Outcome::Fail;
        if may_happen && !core.contains(&number) {
            free_process += 1;
            let mut weak = event(operation, EventType::Invoke, 0, operation.input);
            weak.process = free_process;
            events.push((0, weak));
        }
    }
    for member in &violation.core {
        let operation = &history.operations[member.operation as usize];
        events.push((
            u64::from(operation.invoke) + 1,
            event(operation, EventType::Invoke, operation.start_ns, operation.input),
        ));
        let kind = match operation.outcome {
            Outcome::Ok => EventType::Ok,
            Outcome::Fail => EventType::Fail,
            Outcome::Info => continue,
        };
        if member.answer_counts {
            events.push((
                u64::from(operation.complete) + 1,
                event(operation, kind, operation.end_ns, operation.output),
            ));
        }
    }
    events.sort_by_key(|(order, _)| *order);
    let numbered = events.into_iter().zip(0..).map(|((_, mut event), index)| {
        event.index = index;
        event
    });
    numbered.collect()
}

#[cfg(test)]
mod tests;
