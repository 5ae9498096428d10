//! What we know of the objects that histories are about, beyond their steps: how a history writes them down, and the
//! fastest algorithm that decides them.

use crate::census::Census;
use crate::proof::explain;
use crate::proof::wording::{Setting, plain};
use crate::weaker::{self, Still};
use crate::{Budget, CallOf, CheckError, Judgement, Object, Violation};
use history::{History, Operation};

/// What was asked, and what was answered where that is known; nothing when it had no effect.
pub(crate) type Exchange<O> = Option<(<O as Object>::Input, Option<<O as Object>::Output>)>;

/// An object that histories are checked against.
pub(crate) trait Theory<'h>: Object + Sized {
    /// The algorithm's name in results.
    const ALGORITHM: &'static str = "search";
    /// Its functions.
    const FUNCTIONS: &'static [&'static str];

    /// The object, for one history, of which all functions are known.
    ///
    /// # Errors
    /// When the history is not about such an object after all.
    fn of(history: &'h History, options: &crate::Options) -> Result<Self, CheckError>;

    /// One operation: what was asked, and what was answered where that is known. `None` for what failed and had no effect.
    ///
    /// # Errors
    /// What is wrong with its argument or its answer.
    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str>;

    /// Judges the calls of one key by the best algorithm for them, and names it.
    fn judge_by(&self, calls: &[CallOf<Self>], budget: &Budget) -> (&'static str, Judgement) {
        (Self::ALGORITHM, self.search(calls, budget))
    }

    /// What became of the elements that the history is about; nothing for objects that hold none.
    fn census(&self) -> Option<Census> {
        None
    }

    /// What the calls of one key still keep of their promise when they have no legal order, which those of `core` show.
    fn still_holds(&self, part: &Part<'_, Self>, core: &[u32], budget: &Budget) -> Still {
        weaker::still_holds(self, part.history, &part.calls, core, budget)
    }

    /// How the argument of an operation is written in a counterexample, where it is not as it was: there, processes
    /// have other numbers.
    fn argument(&self, _operation: &Operation) -> Option<serde_json::Value> {
        None
    }

    /// The name of one object: "x", "key 60", "The lock".
    fn name(&self, history: &History, key: u32) -> String {
        let name = plain(&history.key_name(key));
        match history.keys[key as usize] {
            none if none.is_null() => "the object".to_owned(),
            // A number alone would be read as a value.
            number if number.as_integer().is_some() => format!("key {name}"),
            _ => name.trim_matches('"').to_owned(),
        }
    }

    /// Explains why the calls of one key have no legal order.
    ///
    /// # Errors
    /// When no explanation can be given, which is a defect of ours, or a limit.
    fn explain(&self, part: &Part<'_, Self>, suspects: &[u32], budget: &Budget) -> Result<Violation, String> {
        let setting = Setting {
            history: Some(part.history),
            key: part.key,
            name: self.name(part.history, part.key),
        };
        explain::explain(self, &setting, &part.calls, suspects, budget)
    }
}

/// Everything that was done on one object.
pub(crate) struct Part<'a, O: Object> {
    /// The history.
    pub history: &'a History,
    /// The object, as a place in `History::keys`.
    pub key: u32,
    /// Its operations, in the order of their invocations; also those that failed.
    pub operations: &'a [u32],
    /// Those that took effect or may have.
    pub calls: Vec<CallOf<O>>,
}

/// The calls of some operations, in the order of their invocations.
///
/// # Errors
/// Where an operation is not one of the object's.
pub(crate) fn calls<'h, T: Theory<'h>>(
    theory: &T,
    history: &History,
    numbers: &[u32],
) -> Result<Vec<CallOf<T>>, CheckError> {
    let mut calls = Vec::with_capacity(numbers.len());
    for number in numbers {
        let operation = &history.operations[*number as usize];
        let malformed = |problem| CheckError::Malformed {
            event: operation.invoke,
            problem,
        };
        if let Some((input, output)) = theory.call(operation).map_err(malformed)? {
            calls.push(CallOf::<T> {
                input,
                output,
                invoke: operation.invoke,
                complete: operation.complete,
                number: *number,
            });
        }
    }
    Ok(calls)
}

/// The theory of a history's object.
///
/// # Errors
/// When the history has functions that the object does not have.
pub(crate) fn of<'h, T: Theory<'h>>(
    history: &'h History,
    model: crate::Model,
    options: &crate::Options,
) -> Result<T, CheckError> {
    match history
        .functions
        .iter()
        .find(|f| !T::FUNCTIONS.contains(&f.as_str()))
    {
        Some(f) => Err(CheckError::UnknownFunction {
            model: model.name(),
            f: plain(f),
            known: crate::proof::wording::list(T::FUNCTIONS),
        }),
        None => T::of(history, options),
    }
}
