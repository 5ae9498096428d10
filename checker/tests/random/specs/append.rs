//! An append list, implemented once more.

use crate::spec::{Answer, Spec};
use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Appends and reads.
pub struct Append {
    /// Whether elements are appended again.
    pub few: bool,
}

impl Spec for Append {
    fn model(&self) -> Model {
        Model::Append
    }

    fn initial(&self) -> Value {
        json!([])
    }

    fn random(&self, number: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value) {
        match rng.random_bool(0.5) {
            true if self.few => ("append", json!(rng.random_range(1..=2))),
            true => ("append", json!(number)),
            false => ("read", json!(null)),
        }
    }

    fn apply(&self, state: &mut Value, f: &str, argument: &Value) -> Answer {
        if f == "append" {
            state.as_array_mut().unwrap().push(argument.clone());
            return Answer::Ok(argument.clone());
        }
        Answer::Ok(state.clone())
    }

    fn lie(&self, f: &str, argument: &Value, rng: &mut ChaCha8Rng) -> Value {
        if f == "append" {
            return argument.clone();
        }
        let most = if self.few { 2 } else { 6 };
        let length = rng.random_range(0..=3);
        (0..length).map(|_| rng.random_range(0..=most)).collect()
    }
}
