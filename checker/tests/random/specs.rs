//! The objects, implemented once more.

pub mod append;
mod append_string;
mod collection;
pub mod counter;
mod lock;
mod multi_register;
mod register;
mod semaphore;
pub mod set;
pub mod unique_ids;

pub use append_string::AppendString;
pub use collection::{Collection, Next};
pub use lock::Lock;
pub use multi_register::MultiRegister;
pub use register::UniqueRegister;
pub use semaphore::Semaphore;

use crate::spec::{Answer, Spec};
use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Read, write, cas on few values.
pub struct CasRegister {
    /// Whether failed cas count.
    pub strict_fail: bool,
}

impl Spec for CasRegister {
    fn model(&self) -> Model {
        Model::CasRegister
    }

    fn strict_fail(&self) -> bool {
        self.strict_fail
    }

    fn initial(&self) -> Value {
        json!(null)
    }

    fn random(&self, _: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value) {
        let mut value = || rng.random_range(1..=3);
        let (a, b) = (value(), value());
        match rng.random_range(0..4) {
            0 => ("write", json!(a)),
            1 => ("cas", json!([a, b])),
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
            "read" => [json!(null), json!(1), json!(2), json!(3)][rng.random_range(0..4)].clone(),
            _ => argument.clone(),
        }
    }
}
