//! Semaphore and mutex, implemented once more.

use crate::spec::{Answer, Spec};
use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Permits; a mutex has one.
pub struct Semaphore {
    /// How many there are.
    pub permits: i64,
    /// The most that are taken at once.
    pub most: i64,
    /// Whether refusals count.
    pub strict_fail: bool,
}

impl Spec for Semaphore {
    fn model(&self) -> Model {
        match self.permits {
            1 => Model::Mutex,
            _ => Model::Semaphore,
        }
    }

    fn strict_fail(&self) -> bool {
        self.strict_fail
    }

    fn initial(&self) -> Value {
        json!(0)
    }

    fn random(&self, number: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value) {
        if self.permits > 1 && number == 0 {
            return ("permits", json!(self.permits));
        }
        let f = if rng.random_bool(0.55) {
            "acquire"
        } else {
            "release"
        };
        match self.most {
            1 => (f, json!(null)),
            most => (f, json!(rng.random_range(1..=most))),
        }
    }

    fn apply(&self, state: &mut Value, f: &str, argument: &Value) -> Answer {
        let taken = state.as_i64().unwrap();
        let count = argument.as_i64().unwrap_or(1);
        let next = match f {
            "acquire" => taken + count,
            "release" => taken - count,
            _ => return Answer::Ok(argument.clone()),
        };
        if !(0..=self.permits).contains(&next) {
            return Answer::Fail;
        }
        *state = json!(next);
        Answer::Ok(argument.clone())
    }

    fn lie(&self, _: &str, argument: &Value, _: &mut ChaCha8Rng) -> Value {
        argument.clone()
    }

    fn lies_about_success(&self) -> bool {
        true
    }
}
