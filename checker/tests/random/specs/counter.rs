//! A counter, implemented once more.

use crate::spec::{Answer, Spec};
use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// What is added, and read.
pub struct Counter {
    /// What is added.
    pub amounts: &'static [i64],
    /// Whether an update is answered with the new value, half of the time.
    pub says: bool,
}

impl Spec for Counter {
    fn model(&self) -> Model {
        Model::Counter
    }

    fn initial(&self) -> Value {
        json!(0)
    }

    fn random(&self, number: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value) {
        let amount = self.amounts[rng.random_range(0..self.amounts.len())];
        match rng.random_range(0..5) {
            0..3 if !self.says || number.is_multiple_of(2) => ("add", json!(amount)),
            0..3 if amount < 0 => ("dec", json!(-amount)),
            0..3 => ("inc", json!(amount)),
            _ => ("read", json!(null)),
        }
    }

    fn apply(&self, state: &mut Value, f: &str, argument: &Value) -> Answer {
        let value = state.as_i64().unwrap();
        let amount = argument.as_i64().unwrap_or(0);
        *state = match f {
            "add" | "inc" => json!(value + amount),
            "dec" => json!(value - amount),
            _ => json!(value),
        };
        match f {
            "add" => Answer::Ok(argument.clone()),
            "inc" if !self.says => Answer::Ok(json!(null)),
            _ => Answer::Ok(state.clone()),
        }
    }

    fn lie(&self, f: &str, argument: &Value, rng: &mut ChaCha8Rng) -> Value {
        match f {
            "add" => argument.clone(),
            _ => json!(rng.random_range(-1..=5)),
        }
    }
}
