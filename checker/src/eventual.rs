//! Objects that promise no more than that everybody sees everything *in the end*: Maelstrom's g-set, broadcast, g-counter and
//! pn-counter.
//!
//! What reads are told while updates go on is no part of the promise. *Final* reads are those of the final phase; in a history
//! without phases, those that began after every update had ended. Each of them, alone with all updates, has to be possible: a set
//! shows every element that was acknowledged, none twice, and none that nobody tried to add or only tries that failed; a counter
//! shows the sum of what was acknowledged and of some of what is unknown, of which only the bounds are looked at. Two final reads may
//! disagree on an update of unknown outcome.
//!
//! So a history is *weakened*: of the reads of a set one is left that is final and not possible, if there is one. What is left is judged,
//! explained and verified as a linearizable set would be: a final read is after all acknowledged updates in any case. A counter is
//! added up.
//!
//! Read next: `count` for counters, `words` for what is said of sets, `model` for which objects these are.

mod count;
mod words;

pub(crate) use count::analyse as count;

use crate::Model;
use crate::analysis::Violation;
use history::timeline::phases;
use history::{History, Operation, Outcome, Phase, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;

/// Whether a final read is possible together with these updates of its object, and nothing else.
type IsPossible = fn(&mut History, u32, &[u32]) -> bool;

/// The history to be judged instead, and the object that it is then about. Others are as they are.
pub(crate) fn weakened(history: &History, model: Model) -> (Cow<'_, History>, Model) {
    let (linearizable, is_possible): (Model, IsPossible) = match model {
        Model::EventualSet => (Model::Set, set_is_possible),
        Model::EventualCounter => (Model::Counter, counter_is_possible),
        _ => return (Cow::Borrowed(history), model),
    };
    let mut weak = history.clone();
    let finals: FxHashSet<u32> = final_reads(history).into_iter().collect();
    for numbers in by_key(history).into_values() {
        let (reads, updates): (Vec<u32>, Vec<u32>) = numbers
            .into_iter()
            .partition(|number| is_read(history, &history.operations[*number as usize]));
        let mut is_right = true;
        for read in reads {
            // One of them is enough, and is not explained by another.
            if is_right && finals.contains(&read) && !is_possible(&mut weak, read, &updates) {
                is_right = false;
            } else {
                leave_out(&mut weak, read);
            }
        }
        if is_right {
            // Nobody asks any more, so nothing is left to be decided.
            updates.iter().for_each(|update| leave_out(&mut weak, *update));
        }
    }
    (Cow::Owned(weak), linearizable)
}

/// What is said of the violations of an eventual set, once the weakened history was explained as a set's.
pub(crate) fn say(history: &History, violations: &mut [Violation]) {
    for violation in violations {
        violation.still = Default::default();
        words::say(history, violation);
    }
}

/// The final reads that were answered, by number.
pub fn final_reads(history: &History) -> Vec<u32> {
    let phases = phases(history);
    let mut of_final = phases.iter().filter(|(phase, ..)| *phase == Phase::Final);
    let from_ns = of_final.next().map(|(_, start_ns, _)| *start_ns);
    if from_ns.is_none() && !phases.is_empty() {
        // It has not come to its end.
        return Vec::new();
    }
    let updates = history.operations.iter().filter(|it| !is_read(history, it));
    // Of one that never ended nobody knows the end: that it has begun is all there is.
    let last_ns = updates
        .map(|it| {
            if it.end_ns == u64::MAX {
                it.start_ns
            } else {
                it.end_ns
            }
        })
        .max();
    let from_ns = from_ns.or(last_ns).unwrap_or(0);
    let numbered = (0u32..).zip(&history.operations);
    let finals = numbered
        .filter(|(_, it)| is_read(history, it) && it.outcome == Outcome::Ok && it.start_ns >= from_ns);
    finals.map(|(number, _)| number).collect()
}

fn is_read(history: &History, operation: &Operation) -> bool {
    history.function_name(operation) == "read"
}

fn by_key(history: &History) -> FxHashMap<u32, Vec<u32>> {
    let mut by_key: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for (number, operation) in (0u32..).zip(&history.operations) {
        by_key.entry(operation.key).or_default().push(number);
    }
    by_key
}

/// What certainly had no effect is in nobody's way.
fn leave_out(history: &mut History, number: u32) {
    let operation = &mut history.operations[number as usize];
    (operation.outcome, operation.output) = (Outcome::Fail, Value::NULL);
}

fn set_is_possible(history: &mut History, read: u32, updates: &[u32]) -> bool {
    let shown = history.operations[read as usize].output;
    let Some(shown) = history.values.elements(shown) else {
        return false;
    };
    let elements: FxHashSet<Value> = shown.iter().copied().collect();
    let with = |outcomes: &[Outcome]| -> FxHashSet<Value> {
        let operations = updates.iter().map(|update| &history.operations[*update as usize]);
        let those = operations.filter(|it| outcomes.contains(&it.outcome));
        those.map(|it| it.input).collect()
    };
    let is_once = elements.len() == shown.len();
    is_once
        && with(&[Outcome::Ok]).is_subset(&elements)
        && elements.is_subset(&with(&[Outcome::Ok, Outcome::Info]))
}

fn counter_is_possible(history: &mut History, read: u32, updates: &[u32]) -> bool {
    Bounds::of(history, updates).allow(history, read)
}

/// Between what a counter can be in the end.
struct Bounds {
    /// Additions that were acknowledged, and what they come to.
    acknowledged: usize,
    sum: i128,
    /// Additions of unknown outcome.
    unknown: usize,
    /// The sum with those of them that make it smaller.
    least: i128,
    /// The sum with those that make it larger.
    most: i128,
}

impl Bounds {
    fn of(history: &History, numbers: &[u32]) -> Bounds {
        let mut bounds = Bounds {
            acknowledged: 0,
            sum: 0,
            unknown: 0,
            least: 0,
            most: 0,
        };
        for number in numbers {
            let operation = &history.operations[*number as usize];
            if is_read(history, operation) {
                continue;
            }
            // What is longer than an integer of ours is refused as no argument of a counter.
            let amount = i128::from(operation.input.as_integer().unwrap_or(0));
            match operation.outcome {
                Outcome::Ok => {
                    (bounds.acknowledged, bounds.sum) = (bounds.acknowledged + 1, bounds.sum + amount)
                }
                Outcome::Info => {
                    bounds.unknown += 1;
                    bounds.least += amount.min(0);
                    bounds.most += amount.max(0);
                }
                Outcome::Fail => {}
            }
        }
        bounds.least += bounds.sum;
        bounds.most += bounds.sum;
        bounds
    }

    fn allow(&self, history: &History, read: u32) -> bool {
        let shown = history.operations[read as usize].output.as_integer();
        shown.is_some_and(|shown| (self.least..=self.most).contains(&i128::from(shown)))
    }
}

#[cfg(test)]
mod tests;
