//! The learner: which decrees this node knows to be decided.
//!
//! A learned value is final, so a node may answer from it without asking anyone. It is kept in memory only:
//! what makes a decision last is that a majority has accepted it durably, and a node that was restarted
//! asks one.

use crate::value::Value;
use std::collections::HashMap;

/// What a node has learned.
#[derive(Clone, Debug, Default)]
pub struct Learner {
    decided: HashMap<String, Value>,
}

impl Learner {
    /// The decided value, if it was learned.
    pub fn get(&self, decree: &str) -> Option<&Value> {
        self.decided.get(decree)
    }

    /// Rule *learn*: takes the word of a proposer that counted a majority, or of a node that learned. The
    /// first word stays.
    pub fn learn(&mut self, decree: &str, value: &Value) {
        if !self.decided.contains_key(decree) {
            self.decided.insert(decree.to_owned(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_learned_value_is_final() {
        let value = |n: i32| Value::new(&json!(n)).unwrap();
        let mut learner = Learner::default();
        assert_eq!(learner.get("1"), None);
        learner.learn("1", &value(17));
        learner.learn("1", &value(42));
        assert_eq!(learner.get("1"), Some(&value(17)));
    }
}
