//! Ids, of which no two may be the same.
//!
//! Nothing but equality matters: a history is legal exactly when no two `generate` of one key were answered the
//! same. In which order does not matter, and an answer that never came could have been any other id. O(n).
//!
//! A state holds, of the ids that were given so far, those that the history gives more than once: the others never come again.

use crate::proof::explain::Telling;
use crate::proof::wording::{asker, gap, value};
use crate::theory::{Exchange, Part, Theory};
use crate::weaker::Still;
use crate::{Budget, CallOf, CheckError, Judgement, Object, Options};
use history::{History, Operation, Outcome, Value};
use rustc_hash::{FxHashMap, FxHashSet};

/// The object.
#[derive(Debug)]
pub struct UniqueIds<'h> {
    history: &'h History,
    /// By key, the ids that were given more than once.
    repeated: FxHashSet<Value>,
}

/// What is asked: a new id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generate;

impl Object for UniqueIds<'_> {
    type Input = Generate;
    type Output = Value;
    type State = Vec<Value>;

    fn initial(&self) -> Vec<Value> {
        Vec::new()
    }

    fn step(&self, given: &Vec<Value>, _: &Generate, id: Option<&Value>) -> Option<Vec<Value>> {
        let mut given = given.clone();
        if let Some(id) = id.filter(|id| self.repeated.contains(id)) {
            let place = given.binary_search(id).err()?;
            given.insert(place, *id);
        }
        Some(given)
    }

    fn is_pure(&self, _: &Generate, id: Option<&Value>) -> bool {
        id.is_none_or(|id| !self.repeated.contains(id))
    }

    fn state_bytes(&self, given: &Vec<Value>) -> usize {
        size_of::<Vec<Value>>() + given.capacity() * size_of::<Value>()
    }

    fn search(&self, calls: &[CallOf<Self>], _: &Budget) -> Judgement {
        let mut given: FxHashMap<Value, u32> = FxHashMap::default();
        let mut order = Vec::with_capacity(calls.len());
        for (call, place) in calls.iter().zip(0u32..) {
            let Some(id) = call.output else { continue };
            if self.repeated.contains(&id)
                && let Some(first) = given.insert(id, place)
            {
                return Judgement::Illegal {
                    suspects: vec![first, place],
                };
            }
            order.push(place);
        }
        Judgement::Legal { order }
    }

    fn show_input(&self, _: &Generate) -> String {
        "generate".to_owned()
    }

    fn show_output(&self, id: &Value) -> String {
        value(&self.history.values, *id)
    }

    fn tell(&self, name: &str, core: &[&CallOf<Self>]) -> Telling {
        let [first, second] = core else {
            return Telling::general(name, core.len());
        };
        let of = |call: &CallOf<Self>| &self.history.operations[call.number as usize];
        let id = first.output.map(|id| self.show_output(&id)).unwrap_or_default();
        let (one, other) = (of(first), of(second));
        let (a, b) = (asker(self.history, one), asker(self.history, other));
        let when = match other.start_ns.checked_sub(one.end_ns) {
            Some(wait_ns) => format!(" and {} later", gap(wait_ns)),
            None => " and at the same time".to_owned(),
        };
        Telling {
            code: "unique-ids.duplicate",
            sentence: format!("Id {id} was given out twice: to {a},{when} to {b}."),
            rule: "No id is given out twice.".to_owned(),
        }
    }

    fn why(&self, core: &[&CallOf<Self>], must_be_first: usize, then: usize) -> Option<String> {
        let _ = (core, must_be_first, then);
        Some("whoever comes second was given an id that was taken.".to_owned())
    }
}

impl<'h> Theory<'h> for UniqueIds<'h> {
    const ALGORITHM: &'static str = "unique ids, by hash";
    const FUNCTIONS: &'static [&'static str] = &["generate"];

    fn of(history: &'h History, _: &Options) -> Result<Self, CheckError> {
        let mut given = FxHashSet::default();
        let answered = history.operations.iter().filter(|it| it.outcome == Outcome::Ok);
        let again = answered.filter(|it| !given.insert((it.key, it.output)));
        Ok(UniqueIds {
            history,
            repeated: again.map(|it| it.output).collect(),
        })
    }

    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str> {
        Ok(match operation.outcome {
            Outcome::Ok => Some((Generate, Some(operation.output))),
            Outcome::Info => Some((Generate, None)),
            Outcome::Fail => None,
        })
    }

    // There is nothing between unique and not.
    fn still_holds(&self, _: &Part<'_, Self>, _: &[u32], _: &Budget) -> Still {
        Still::default()
    }
}

#[cfg(test)]
mod tests;
