//! Locks with owners, implemented once more.

use crate::spec::{Answer, Spec};
use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// A lock: its owner, how often it was acquired, its last token.
pub struct Lock {
    /// Whether the owner can acquire it again.
    pub reentrant: bool,
    /// Whether it gives out tokens.
    pub fenced: bool,
    /// Whether each process is an owner; otherwise there are three.
    pub by_process: bool,
    /// Whether refusals count.
    pub strict_fail: bool,
}

impl Spec for Lock {
    fn model(&self) -> Model {
        match (self.reentrant, self.fenced) {
            (true, _) => Model::ReentrantMutex,
            (_, true) => Model::FencedLock,
            _ => Model::OwnedMutex,
        }
    }

    fn strict_fail(&self) -> bool {
        self.strict_fail
    }

    fn initial(&self) -> Value {
        json!({"owner": null, "depth": 0, "token": -100_000})
    }

    fn begin(&self) -> Value {
        json!({"owner": null, "depth": 0, "token": 0})
    }

    fn random(&self, _: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value) {
        let f = if rng.random_bool(0.55) {
            "acquire"
        } else {
            "release"
        };
        (f, json!(rng.random_range(1..=3)))
    }

    fn argument(&self, argument: Value, process: u64) -> Value {
        match self.by_process {
            true => json!(process),
            false => argument,
        }
    }

    fn apply(&self, state: &mut Value, f: &str, argument: &Value) -> Answer {
        let is_mine = state["owner"] == *argument;
        let depth = state["depth"].as_i64().unwrap();
        if f == "acquire" {
            let can = state["owner"].is_null() || self.reentrant && is_mine;
            if !can {
                return Answer::Fail;
            }
            state["owner"] = argument.clone();
            state["depth"] = json!(depth + 1);
            let token = state["token"].as_i64().unwrap() + 1;
            state["token"] = json!(token);
            return Answer::Ok(if self.fenced { json!(token) } else { json!(null) });
        }
        if !is_mine {
            return Answer::Fail;
        }
        state["depth"] = json!(depth - 1);
        if depth == 1 {
            state["owner"] = json!(null);
        }
        Answer::Ok(json!(null))
    }

    fn allows(&self, state: &mut Value, f: &str, argument: &Value, told: &Value) -> bool {
        let given = self.apply(state, f, argument);
        // Any greater token is as good.
        match &given {
            Answer::Ok(least) if self.fenced && f == "acquire" => {
                state["token"] = told.clone();
                told.as_i64() >= least.as_i64()
            }
            _ => given == Answer::Ok(told.clone()),
        }
    }

    fn lie(&self, f: &str, _: &Value, rng: &mut ChaCha8Rng) -> Value {
        match (self.fenced, f) {
            (true, "acquire") => json!(rng.random_range(0..8)),
            _ => json!(null),
        }
    }

    fn lies_about_success(&self) -> bool {
        true
    }
}
