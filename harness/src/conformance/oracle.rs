//! What an object says to the last operation of a history: whether its outcome can be, and which outcomes would have been
//! right. The object is the checker's; nothing here knows what a queue is.
//!
//! What would have been right is found by asking: the last outcome is replaced by others that are made of what the history has
//! put in, and those that the checker allows are the right ones. Histories here are of a few operations.

use anyhow::{Context, Result};
use checker::{Limits, Model, Options, Verdict};
use history::{Event, EventType};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// How long the checker may think about a handful of operations.
const THINKING_MAX: Duration = Duration::from_secs(5);
/// How many outcomes that would have been right are named.
const NAMED_MAX: usize = 3;
/// Of how many values other outcomes are made, the latest first.
const VALUES_MAX: usize = 16;

/// The operations on one object so far.
#[derive(Clone, Debug)]
pub struct Oracle {
    model: Model,
    events: Vec<Event>,
}

/// What would have been right.
#[derive(Clone, Debug, PartialEq)]
pub enum Right {
    /// That it happened, with one of these values.
    Ok(Vec<Value>),
    /// That it happened, with a value that was not there before: an id, a token.
    New,
    /// That it certainly did not happen.
    Fail,
    /// Nothing that was tried.
    Unclear,
}

impl Oracle {
    /// The operations on `key` in a history file that is still being written.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(path: &Path, model: Model, key: u64) -> Result<Oracle> {
        let text = std::fs::read_to_string(path).context("read the operations so far")?;
        // The header, and what is not an operation, are no events.
        let events = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        let is_of_key = |event: &Event| event.key == Some(key.into());
        Ok(Oracle {
            model,
            events: events.filter(is_of_key).collect(),
        })
    }

    /// The last event: how the last operation ended.
    pub fn last(&self) -> Option<&Event> {
        self.events.last()
    }

    /// What the checker has against the history, in its words; `None` when it has nothing.
    pub fn objection(&self) -> Option<String> {
        let mut lines = Vec::new();
        for event in &self.events {
            serde_json::to_writer(&mut lines, event).expect("an event is plain JSON");
            lines.push(b'\n');
        }
        let history = match history::read_bytes(&lines) {
            Ok(history) => history,
            Err(error) => return Some(error.to_string()),
        };
        let options = Options {
            limits: Limits {
                time: Some(THINKING_MAX),
                ..Limits::default()
            },
            // What failed though it should have happened is to be heard of.
            strict_fail: true,
            ..Options::default()
        };
        match checker::check_with(&history, self.model, &options) {
            Ok(analysis) if analysis.verdict == Verdict::Invalid => {
                let violation = analysis.violations.into_iter().next();
                Some(violation.map_or_else(|| "it cannot be".to_owned(), |it| it.sentence))
            }
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    /// Which outcomes of the last operation would have been right.
    pub fn right(&self) -> Right {
        let Some((last, before)) = self.events.split_last() else {
            return Right::Unclear;
        };
        let asked = before.iter().rev().find(|event| event.process == last.process);
        let Some(asked) = asked else {
            return Right::Unclear;
        };
        let is_new = matches!(
            (self.model, last.f.as_str()),
            (Model::UniqueIds, _) | (Model::FencedLock, "acquire")
        );
        if is_new && self.allows(EventType::Ok, json!(self.greater_than_any())) {
            return Right::New;
        }
        let mut right = Vec::new();
        for value in self.values(asked) {
            if right.len() < NAMED_MAX && !right.contains(&value) && self.allows(EventType::Ok, value.clone())
            {
                right.push(value);
            }
        }
        match right.is_empty() {
            false => Right::Ok(right),
            true if self.allows(EventType::Fail, Value::Null) => Right::Fail,
            true => Right::Unclear,
        }
    }

    /// Whether the checker has nothing against this outcome in the place of the last one.
    fn allows(&self, kind: EventType, value: Value) -> bool {
        let mut other = self.clone();
        if let Some(last) = other.events.last_mut() {
            (last.kind, last.value) = (kind, value);
        }
        other.objection().is_none()
    }

    /// What the operation might have been answered with.
    fn values(&self, asked: &Event) -> Vec<Value> {
        let put_in = self.put_in();
        if asked.f == "txn" {
            return transactions(&asked.value, &put_in);
        }
        let argument = &asked.value;
        let mut values = match argument {
            Value::Null => Vec::new(),
            some => vec![some.clone(), json!([some, true]), json!([some, false])],
        };
        values.push(Value::Null);
        values.extend(put_in.iter().rev().cloned());
        values.push(json!(put_in));
        for without in (0..put_in.len()).rev() {
            let mut rest = put_in.clone();
            rest.remove(without);
            values.push(json!(rest));
        }
        values.push(json!([]));
        values.extend((0..=self.events.len()).map(|number| json!(number)));
        values
    }

    /// Every number and text that was put in, in its order, once.
    fn put_in(&self) -> Vec<Value> {
        let mut put_in: Vec<Value> = Vec::new();
        let mut note = |value: &Value| {
            if (value.is_number() || value.is_string()) && !put_in.contains(value) {
                put_in.push(value.clone());
            }
        };
        let invocations = self.events.iter().filter(|event| event.kind == EventType::Invoke);
        for event in invocations {
            match (&event.value, event.f.as_str()) {
                (Value::Array(steps), "txn") => steps.iter().for_each(|step| note(&step[2])),
                (Value::Array(several), _) => several.iter().for_each(&mut note),
                (one, _) => note(one),
            }
        }
        let from = put_in.len().saturating_sub(VALUES_MAX);
        put_in.split_off(from)
    }

    fn greater_than_any(&self) -> i64 {
        let numbers = self.events.iter().filter_map(|event| event.value.as_i64());
        numbers.max().unwrap_or(0).saturating_add(1)
    }
}

/// A transaction with each of these values, or null, in the place of what it read.
fn transactions(asked: &Value, put_in: &[Value]) -> Vec<Value> {
    let steps = asked.as_array().map_or(0, Vec::len);
    let mut all = vec![asked.clone()];
    for step in (0..steps).filter(|step| asked[*step][0] == "read") {
        let told = put_in.iter().chain([&Value::Null]);
        let with = told.flat_map(|value| {
            all.iter().map(|transaction| {
                let mut transaction = transaction.clone();
                transaction[step][2] = value.clone();
                transaction
            })
        });
        all = with.collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Operations one after another: function, argument, outcome, result.
    fn oracle(model: Model, operations: &[(&str, Value, EventType, Value)]) -> Oracle {
        let mut events = Vec::new();
        for (number, (f, argument, kind, result)) in operations.iter().enumerate() {
            let event = |kind, value: &Value| Event {
                index: 0,
                time: 0,
                process: number as u64,
                kind,
                f: (*f).to_owned(),
                key: Some(7.into()),
                value: value.clone(),
                node: None,
                error: None,
            };
            events.extend([event(EventType::Invoke, argument), event(*kind, result)]);
        }
        for (number, event) in (0..).zip(&mut events) {
            (event.index, event.time) = (number, number);
        }
        Oracle { model, events }
    }

    const OK: EventType = EventType::Ok;

    #[test]
    fn a_read_that_sees_something_else_is_objected_to_and_what_is_right_is_known() {
        let write = ("write", json!(5), OK, json!(5));
        let right = oracle(
            Model::CasRegister,
            &[write.clone(), ("read", Value::Null, OK, json!(5))],
        );
        assert_eq!(right.objection(), None);
        for wrong in [json!(null), json!("5"), json!(4), json!([5])] {
            let read = ("read", Value::Null, OK, wrong.clone());
            let oracle = oracle(Model::CasRegister, &[write.clone(), read]);
            assert!(oracle.objection().is_some(), "{wrong}");
            assert_eq!(oracle.right(), Right::Ok(vec![json!(5)]), "{wrong}");
        }
    }

    #[test]
    fn what_must_not_happen_has_to_fail() {
        let write = ("write", json!(5), OK, json!(5));
        let cas = oracle(
            Model::CasRegister,
            &[write.clone(), ("cas", json!([4, 6]), OK, json!([4, 6]))],
        );
        assert!(cas.objection().is_some());
        assert_eq!(cas.right(), Right::Fail);
        let refused = ("cas", json!([5, 6]), EventType::Fail, Value::Null);
        let wrongly = oracle(Model::CasRegister, &[write, refused]);
        assert!(wrongly.objection().is_some());
        // What an answer to a cas says besides is not looked at.
        assert!(matches!(wrongly.right(), Right::Ok(values) if values[0] == json!([5, 6])));
        let twice = oracle(
            Model::OwnedMutex,
            &[
                ("acquire", json!("a"), OK, json!("a")),
                ("acquire", json!("b"), OK, json!("b")),
            ],
        );
        assert!(twice.objection().is_some());
        assert_eq!(twice.right(), Right::Fail);
    }

    #[test]
    fn lists_counts_and_what_was_not_there_before_are_found() {
        let add = |n: i64| ("add", json!(n), OK, json!(n));
        let set = oracle(
            Model::Set,
            &[add(1), add(2), ("read", Value::Null, OK, json!([1]))],
        );
        assert_eq!(set.right(), Right::Ok(vec![json!([1, 2])]));
        let counter = oracle(
            Model::Counter,
            &[add(1), add(1), ("read", Value::Null, OK, json!(1))],
        );
        assert_eq!(counter.right(), Right::Ok(vec![json!(2)]));
        let empty = oracle(Model::Queue, &[("dequeue", Value::Null, OK, json!(9))]);
        assert_eq!(empty.right(), Right::Ok(vec![Value::Null]));
        let id = ("generate", Value::Null, OK, json!(3));
        let ids = oracle(Model::UniqueIds, &[id.clone(), id]);
        assert!(ids.objection().is_some());
        assert_eq!(ids.right(), Right::New);
        let write = json!([["write", "a", 1], ["write", "b", 2]]);
        let read = json!([["read", "a", null], ["read", "b", null]]);
        let txn = oracle(
            Model::MultiRegister,
            &[("txn", write.clone(), OK, write), ("txn", read.clone(), OK, read)],
        );
        assert!(txn.objection().is_some());
        let seen = json!([["read", "a", 1], ["read", "b", 2]]);
        assert_eq!(txn.right(), Right::Ok(vec![seen]));
    }

    #[test]
    fn what_nobody_knows_leaves_both_right() {
        let lost = ("write", json!(5), EventType::Info, Value::Null);
        let seen = oracle(Model::CasRegister, &[lost, ("read", Value::Null, OK, json!("5"))]);
        assert_eq!(seen.right(), Right::Ok(vec![Value::Null, json!(5)]));
    }
}
