//! Strings that are appended to.

use crate::spec::{Answer, Spec};
use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Get, put, append.
pub struct AppendString {
    /// Whether every appended string is another.
    pub unique: bool,
}

impl Spec for AppendString {
    fn model(&self) -> Model {
        Model::AppendString
    }

    fn initial(&self) -> Value {
        json!("")
    }

    fn random(&self, number: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value) {
        let more = match self.unique {
            true => char::from(b'a' + number as u8).to_string(),
            false => ["a", "b", "ab"][rng.random_range(0..3)].to_owned(),
        };
        match rng.random_range(0..7) {
            0 => ("put", json!(more.to_uppercase())),
            1..4 => ("append", json!(more)),
            _ => ("get", json!(null)),
        }
    }

    fn apply(&self, state: &mut Value, f: &str, argument: &Value) -> Answer {
        match f {
            "put" => *state = argument.clone(),
            "append" => *state = json!(state.as_str().unwrap().to_owned() + argument.as_str().unwrap()),
            _ => return Answer::Ok(state.clone()),
        }
        Answer::Ok(argument.clone())
    }

    fn lie(&self, f: &str, argument: &Value, rng: &mut ChaCha8Rng) -> Value {
        match f {
            "get" => json!(["", "a", "ab", "ba", "abc", "A", "Aab", "b"][rng.random_range(0..8)]),
            _ => argument.clone(),
        }
    }
}
