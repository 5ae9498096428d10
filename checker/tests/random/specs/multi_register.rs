//! Registers that are read and written together.

use crate::spec::{Answer, Spec};
use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Transactions on the registers x and y.
pub struct MultiRegister {
    /// Whether every written value is another.
    pub unique: bool,
}

impl Spec for MultiRegister {
    fn model(&self) -> Model {
        Model::MultiRegister
    }

    fn initial(&self) -> Value {
        json!({"x": null, "y": null})
    }

    fn initials(&self) -> Vec<Value> {
        let values = || [json!(null)].into_iter().chain((1..=8).map(Value::from));
        let both = values().flat_map(|x| values().map(move |y| json!({"x": x, "y": y})));
        both.collect()
    }

    fn random(&self, number: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value) {
        let mut step = |register: &str| match rng.random_bool(0.5) {
            true => json!(["read", register, null]),
            false if self.unique => json!(["write", register, number + 1]),
            false => json!(["write", register, rng.random_range(1..=2)]),
        };
        let (x, y) = (step("x"), step("y"));
        let steps = [json!([x]), json!([y]), json!([x, y])];
        ("txn", steps[rng.random_range(0..3)].clone())
    }

    fn apply(&self, state: &mut Value, _: &str, argument: &Value) -> Answer {
        let mut answer = argument.clone();
        for step in answer.as_array_mut().unwrap() {
            let register = step[1].as_str().unwrap().to_owned();
            match step[0] == "read" {
                true => step[2] = state[&register].clone(),
                false => state[&register] = step[2].clone(),
            }
        }
        Answer::Ok(answer)
    }

    fn lie(&self, _: &str, argument: &Value, rng: &mut ChaCha8Rng) -> Value {
        let mut answer = argument.clone();
        for step in answer.as_array_mut().unwrap() {
            if step[0] == "read" {
                step[2] = [json!(null), json!(1), json!(2), json!(3)][rng.random_range(0..4)].clone();
            }
        }
        answer
    }
}
