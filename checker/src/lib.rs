//! Is this history legal? A verdict, and a proof of it either way.
//!
//! [`check`] takes a [`history::History`] and a sequential object and says whether some order of the
//! operations, compatible with real time, gives every client the answer that it got (linearizability:
//! Herlihy and Wing, 1990). *Valid* comes with such an order ([`witness`]), *invalid* with a counterexample
//! of the few operations that contradict each other ([`Violation`]). Either is verified again by a second,
//! tiny, independent checker ([`verify`]) before anyone is told. No async, no I/O, and no clock but for the
//! time that was needed.
//!
//! Read next: [`analysis`] for what comes out, [`decree`] for the object that consensus implements, [`object`]
//! for what any object has to say.

pub mod analysis;
pub mod argument;
pub mod decree;
pub mod object;
pub mod verify;
mod wording;

pub use analysis::*;
pub use object::SequentialObject;

use history::{Event, History};
use rayon::prelude::*;
use std::time::Instant;

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The history is about another kind of object.
    #[error("check against `{model}`: it has no operation `{f}`; its operations are {known}")]
    UnknownFunction {
        /// The object.
        model: &'static str,
        /// The operation that it does not have.
        f: String,
        /// Those that it has.
        known: &'static str,
    },
    /// An operation that no client may ask for.
    #[error("check event {event}: {problem}")]
    Malformed {
        /// The number of the operation's invocation among the file's events, from 0.
        event: u32,
        /// What is wrong.
        problem: &'static str,
    },
    /// The independent checker does not agree with the algorithm: a defect of ours, and never a verdict.
    #[error("verify the verdict on key {key}: {problem}; this is a defect of the checker, please report it")]
    Disagreement {
        /// The object.
        key: String,
        /// What the independent checker says.
        problem: String,
    },
}

/// The operations of a history by key, each key's in the order of their invocations.
struct ByKey {
    operations: Vec<u32>,
    starts: Vec<u32>,
}

impl ByKey {
    fn of(history: &History) -> ByKey {
        let mut starts = vec![0u32; history.keys.len() + 1];
        for operation in &history.operations {
            starts[operation.key as usize + 1] += 1;
        }
        for key in 1..starts.len() {
            starts[key] += starts[key - 1];
        }
        let mut next = starts.clone();
        let mut operations = vec![0u32; history.operations.len()];
        for (number, operation) in history.operations.iter().enumerate() {
            let place = &mut next[operation.key as usize];
            operations[*place as usize] = number as u32;
            *place += 1;
        }
        ByKey { operations, starts }
    }

    fn get(&self, key: u32) -> &[u32] {
        &self.operations[self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize]
    }
}

/// Checks a history against a sequential object, every key on its own and keys in parallel.
///
/// # Errors
/// See [`CheckError`].
pub fn check(history: &History, model: Model) -> Result<Analysis, CheckError> {
    let began = Instant::now();
    let Model::Decree = model;
    let decree = decree::Decree::of(history)?;
    let by_key = ByKey::of(history);
    let keys = 0..history.keys.len() as u32;
    let mut invalid: Vec<u32> = keys
        .into_par_iter()
        .with_min_len(256)
        .map_init(Vec::new, |order, key| {
            let operations = by_key.get(key);
            match decree::judge(history, &decree, operations) {
                decree::Judgement::Illegal => Ok(Some(key)),
                decree::Judgement::Legal { winner } => {
                    decree::witness_into(history, &decree, operations, winner, order);
                    verify::linearization(history, &decree, operations, order).map_err(|problem| {
                        CheckError::Disagreement {
                            key: history.key_name(key),
                            problem,
                        }
                    })?;
                    Ok(None)
                }
            }
        })
        .filter_map(Result::transpose)
        .collect::<Result<_, CheckError>>()?;
    invalid.sort_unstable();
    let mut violations = Vec::new();
    for key in &invalid {
        violations.push(decree::explain(history, &decree, *key, by_key.get(*key))?);
    }
    let against_the_clock = |violation: &Violation| {
        violation
            .reasons
            .iter()
            .any(|reason| matches!(reason.kind, ReasonKind::RealTime { .. }))
    };
    violations.sort_by_key(|it| (it.core.len(), !against_the_clock(it), last_event(history, it)));
    let invalid_keys = violations.iter().map(|violation| violation.key).collect();
    violations.truncate(Analysis::VIOLATIONS_MAX);
    let total = history.keys.len();
    let largest = (0..total as u32)
        .map(|key| by_key.get(key).len())
        .max()
        .unwrap_or(0);
    Ok(Analysis {
        model,
        verdict: if invalid.is_empty() {
            Verdict::Valid
        } else {
            Verdict::Invalid
        },
        keys: KeyCounts {
            total,
            valid: total - invalid.len(),
            invalid: invalid.len(),
            unknown: 0,
        },
        violations,
        invalid_keys,
        stats: Stats {
            algorithm: decree::ALGORITHM,
            largest_key_ops: largest,
            took: began.elapsed(),
        },
    })
}

/// A legal order of one key's operations, as their numbers; operations without effect are left out. `None`
/// when there is none.
///
/// # Errors
/// See [`CheckError`].
pub fn witness(history: &History, model: Model, key: u32) -> Result<Option<Vec<u32>>, CheckError> {
    let Model::Decree = model;
    let decree = decree::Decree::of(history)?;
    let numbers = 0..history.operations.len() as u32;
    let of_key: Vec<u32> = numbers
        .filter(|number| history.operations[*number as usize].key == key)
        .collect();
    Ok(match decree::judge(history, &decree, &of_key) {
        decree::Judgement::Illegal => None,
        decree::Judgement::Legal { winner } => {
            let mut order = Vec::new();
            decree::witness_into(history, &decree, &of_key, winner, &mut order);
            Some(order)
        }
    })
}

/// A legal order of every key that has one, in the order of keys.
///
/// # Errors
/// See [`CheckError`].
pub fn witnesses(history: &History, model: Model) -> Result<Vec<(u32, Vec<u32>)>, CheckError> {
    let Model::Decree = model;
    let decree = decree::Decree::of(history)?;
    let by_key = ByKey::of(history);
    let order = |key: u32| {
        let operations = by_key.get(key);
        let decree::Judgement::Legal { winner } = decree::judge(history, &decree, operations) else {
            return None;
        };
        let mut order = Vec::new();
        decree::witness_into(history, &decree, operations, winner, &mut order);
        Some((key, order))
    };
    Ok((0..history.keys.len() as u32).filter_map(order).collect())
}

/// A violation as a small history of its own, which any checker can be asked about: the core as it was, and
/// every other proposal of its object as one of unknown outcome that began before everything else.
pub fn counterexample_events(history: &History, violation: &Violation) -> Vec<Event> {
    decree::counterexample_events(history, violation)
}

/// When the contradiction was complete: the last event of its core.
fn last_event(history: &History, violation: &Violation) -> u32 {
    let events = violation.core.iter().map(|member| {
        let operation = &history.operations[member.operation as usize];
        if operation.complete == history::NEVER {
            operation.invoke
        } else {
            operation.complete
        }
    });
    events.max().unwrap_or(0)
}
