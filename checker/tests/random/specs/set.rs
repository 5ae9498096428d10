//! A set, implemented once more.

use crate::spec::{Answer, Spec};
use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Single elements, and the whole.
pub struct Set {
    /// Whether an update says whether it changed the set.
    pub says: bool,
    /// Whether the whole is read.
    pub reads: bool,
    /// Whether elements are removed.
    pub removes: bool,
}

fn apply(state: &mut Value, f: &str, argument: &Value, says: bool) -> Answer {
    let elements = state.as_array_mut().unwrap();
    let place = elements.iter().position(|it| it == argument);
    let told = match (f, place) {
        ("add", None) => {
            elements.push(argument.clone());
            elements.sort_by_key(Value::to_string);
            true
        }
        ("add", Some(_)) => false,
        ("remove", Some(place)) => {
            elements.remove(place);
            true
        }
        ("contains", place) => return Answer::Ok(json!([argument, place.is_some()])),
        ("read", _) => return Answer::Ok(state.clone()),
        _ => false,
    };
    Answer::Ok(if says {
        json!([argument, told])
    } else {
        argument.clone()
    })
}

fn lie(f: &str, argument: &Value, says: bool, rng: &mut ChaCha8Rng) -> Value {
    match f {
        "read" => {
            let all = [
                json!([]),
                json!([1]),
                json!([2]),
                json!([1, 2]),
                json!([2, 1]),
                json!([1, 1]),
                json!([3]),
            ];
            all[rng.random_range(0..all.len())].clone()
        }
        "contains" => json!([argument, rng.random_bool(0.5)]),
        _ if says => json!([argument, rng.random_bool(0.5)]),
        _ => argument.clone(),
    }
}

impl Spec for Set {
    fn model(&self) -> Model {
        Model::Set
    }

    fn initial(&self) -> Value {
        json!([])
    }

    fn random(&self, _: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value) {
        let element = json!(rng.random_range(1..=2));
        // What does not say gives little away: there have to be more that look.
        match rng.random_range(0..if self.says || self.reads { 6 } else { 9 }) {
            0 | 1 => ("add", element),
            2 | 3 if self.removes => ("remove", element),
            4 if !self.reads || rng.random_bool(0.3) => ("contains", element),
            _ if self.reads => ("read", json!(null)),
            _ => ("contains", element),
        }
    }

    fn apply(&self, state: &mut Value, f: &str, argument: &Value) -> Answer {
        apply(state, f, argument, self.says)
    }

    fn allows(&self, state: &mut Value, f: &str, argument: &Value, told: &Value) -> bool {
        let Answer::Ok(answer) = self.apply(state, f, argument) else {
            return false;
        };
        // The order of a whole set's elements says nothing.
        let sorted = |value: &Value| {
            let mut elements: Vec<String> = value.as_array().unwrap().iter().map(Value::to_string).collect();
            elements.sort();
            elements
        };
        match f {
            "read" => sorted(&answer) == sorted(told),
            _ => answer == *told,
        }
    }

    fn lie(&self, f: &str, argument: &Value, rng: &mut ChaCha8Rng) -> Value {
        lie(f, argument, self.says, rng)
    }
}

/// A set whose updates say sometimes whether they changed it.
pub struct SometimesSays;

impl Spec for SometimesSays {
    fn model(&self) -> Model {
        Model::Set
    }

    fn initial(&self) -> Value {
        json!([])
    }

    fn random(&self, number: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value) {
        let all = Set {
            says: true,
            reads: true,
            removes: true,
        };
        match rng.random_bool(0.1) {
            true => ("read", json!(null)),
            false => all.random(number, rng),
        }
    }

    fn apply(&self, state: &mut Value, f: &str, argument: &Value) -> Answer {
        // By turns, so that the answer is a function of the history so far.
        let says = state.as_array().unwrap().len().is_multiple_of(2);
        apply(state, f, argument, says)
    }

    fn allows(&self, state: &mut Value, f: &str, argument: &Value, told: &Value) -> bool {
        let says = f == "contains" || told.is_array();
        let spec = Set {
            says,
            reads: true,
            removes: true,
        };
        spec.allows(state, f, argument, told)
    }

    fn lie(&self, f: &str, argument: &Value, rng: &mut ChaCha8Rng) -> Value {
        lie(f, argument, rng.random_bool(0.5), rng)
    }
}
