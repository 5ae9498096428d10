//! What a second implementation of an object has to say: simple, in JSON, and knowing nothing of the checker.

use checker::Model;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// What the object does.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It is done, with this result.
    Ok(Value),
    /// It compared in vain: the history says `fail`.
    Fail,
}

/// An object, implemented once more.
pub trait Spec: Sync {
    /// What the checker calls it.
    fn model(&self) -> Model;

    /// Whether what compared in vain is part of the history's meaning.
    fn strict_fail(&self) -> bool {
        false
    }

    /// Before the first operation.
    fn initial(&self) -> Value;

    /// What it may have been before the first operation, where a history does not say.
    fn initials(&self) -> Vec<Value> {
        vec![self.initial()]
    }

    /// The same, for making a history: where the initial state leaves something open, it is decided here.
    fn begin(&self) -> Value {
        self.initial()
    }

    /// An operation that a client may ask for, with the number of operations so far, for values written once.
    fn random(&self, number: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value);

    /// Does it.
    fn apply(&self, state: &mut Value, f: &str, argument: &Value) -> Answer;

    /// Does it, and says whether it can have been answered this.
    fn allows(&self, state: &mut Value, f: &str, argument: &Value, told: &Value) -> bool {
        self.apply(state, f, argument) == Answer::Ok(told.clone())
    }

    /// Does it, whatever it was answered.
    fn unknown(&self, state: &mut Value, f: &str, argument: &Value) -> bool {
        self.apply(state, f, argument);
        true
    }

    /// A wrong answer to an operation, or by chance the right one.
    fn lie(&self, f: &str, argument: &Value, rng: &mut ChaCha8Rng) -> Value;

    /// The argument as it is when this process asks.
    fn argument(&self, argument: Value, _process: u64) -> Value {
        argument
    }

    /// Whether a lie can also be that what failed was done, or the other way round.
    fn lies_about_success(&self) -> bool {
        false
    }
}
