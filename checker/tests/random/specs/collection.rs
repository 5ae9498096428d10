//! Queue, priority queue and stack, implemented once more.

use crate::spec::{Answer, Spec};
use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// What comes out next.
pub enum Next {
    /// The oldest.
    Oldest,
    /// The smallest.
    Smallest,
    /// The newest.
    Newest,
}

/// A collection, as an array.
pub struct Collection {
    /// What comes out next.
    pub next: Next,
    /// Whether every element is put in once.
    pub once: bool,
}

impl Spec for Collection {
    fn model(&self) -> Model {
        match self.next {
            Next::Oldest => Model::Queue,
            Next::Smallest => Model::PriorityQueue,
            Next::Newest => Model::Stack,
        }
    }

    fn initial(&self) -> Value {
        json!([])
    }

    fn random(&self, number: u64, rng: &mut ChaCha8Rng) -> (&'static str, Value) {
        let (add, remove) = match self.next {
            Next::Oldest => ("enqueue", "dequeue"),
            Next::Smallest => ("insert", "delete-min"),
            Next::Newest => ("push", "pop"),
        };
        if rng.random_bool(0.5) {
            return (remove, json!(null));
        }
        match self.once {
            // Not in ascending order, for the smallest; every number up to ten once.
            true => (add, json!(number * 7 % 11)),
            false => (add, json!(rng.random_range(1..=2))),
        }
    }

    fn apply(&self, state: &mut Value, f: &str, argument: &Value) -> Answer {
        let elements = state.as_array_mut().unwrap();
        if ["enqueue", "insert", "push"].contains(&f) {
            elements.push(argument.clone());
            if matches!(self.next, Next::Smallest) {
                elements.sort_by_key(|it| it.as_i64());
            }
            return Answer::Ok(argument.clone());
        }
        Answer::Ok(match self.next {
            _ if elements.is_empty() => json!(null),
            Next::Newest => elements.remove(elements.len() - 1),
            Next::Oldest | Next::Smallest => elements.remove(0),
        })
    }

    fn lie(&self, f: &str, argument: &Value, rng: &mut ChaCha8Rng) -> Value {
        match f {
            "dequeue" | "delete-min" | "pop" => match (rng.random_bool(0.3), self.once) {
                (true, _) => json!(null),
                (false, true) => json!(rng.random_range(0..7) * 7 % 11),
                (false, false) => json!(rng.random_range(1..=2)),
            },
            _ => argument.clone(),
        }
    }
}
