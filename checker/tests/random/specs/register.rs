//! Registers whose values are written once, or nearly.

use crate::spec::{Answer, Spec};
use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Read, write, cas; every write and cas leaves a value of its own.
pub struct UniqueRegister {
    /// Whether failed cas count.
    pub strict_fail: bool,
    /// How often in a hundred a value is written that others write, too.
    pub repeated: u32,
}

impl Spec for UniqueRegister {
    fn model(&self) -> Model {
        Model::CasRegister
    }

    fn strict_fail(&self) -> bool {
        self.strict_fail
    }

    fn initial(&self) -> Value {
        json!(null)
    }

    fn random(&self, number: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value) {
        let own = match rng.random_ratio(self.repeated, 100) {
            true => rng.random_range(1..=2),
            false => number + 1,
        };
        let old = match rng.random_range(0..=number) {
            0 => json!(null),
            some => json!(some),
        };
        match rng.random_range(0..5) {
            0 | 1 => ("write", json!(own)),
            2 => ("cas", json!([old, own])),
            _ => ("read", json!(null)),
        }
    }

    fn apply(&self, state: &mut Value, f: &str, argument: &Value) -> Answer {
        match f {
            "write" => *state = argument.clone(),
            "cas" if *state == argument[0] => *state = argument[1].clone(),
            "cas" => return Answer::Fail,
            _ => return Answer::Ok(state.clone()),
        }
        Answer::Ok(argument.clone())
    }

    fn lie(&self, f: &str, argument: &Value, rng: &mut ChaCha8Rng) -> Value {
        match f {
            "read" => match rng.random_range(0..8) {
                0 => json!(null),
                some => json!(some),
            },
            _ => argument.clone(),
        }
    }
}
