//! Unique ids, implemented once more.

use crate::spec::{Answer, Spec};
use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Nothing but `generate`.
pub struct UniqueIds;

impl Spec for UniqueIds {
    fn model(&self) -> Model {
        Model::UniqueIds
    }

    fn initial(&self) -> Value {
        json!([])
    }

    fn random(&self, _: u64, _: &mut ChaCha8Rng) -> (&'static str, Value) {
        ("generate", json!(null))
    }

    fn apply(&self, state: &mut Value, _: &str, _: &Value) -> Answer {
        let given = state.as_array_mut().unwrap();
        given.push(json!(given.len()));
        Answer::Ok(json!(given.len() - 1))
    }

    fn allows(&self, state: &mut Value, _: &str, _: &Value, told: &Value) -> bool {
        let given = state.as_array_mut().unwrap();
        let is_new = !given.contains(told);
        given.push(told.clone());
        is_new
    }

    // Some id that nobody else was given.
    fn unknown(&self, _: &mut Value, _: &str, _: &Value) -> bool {
        true
    }

    fn lie(&self, _: &str, _: &Value, rng: &mut ChaCha8Rng) -> Value {
        json!(rng.random_range(0..5))
    }
}
