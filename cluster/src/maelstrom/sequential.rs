//! A sequentially consistent key-value store: updates take effect at once, in one order; whoever reads may be told what held
//! before, but never goes back behind what he has been told or has done himself.

use super::keyed::{self, Answer, Request};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};

/// So many updates ago is the oldest state that anybody is told.
const AGE_MAX: u64 = 256;

/// The store.
#[derive(Debug)]
pub struct Sequential {
    /// How many updates there were.
    now: u64,
    /// What a key held since which update.
    keys: HashMap<String, VecDeque<(u64, Value)>>,
    /// Which state a client was told last.
    seen: HashMap<String, u64>,
    dice: ChaCha8Rng,
}

impl Sequential {
    /// An empty one, which decides by these dice how old a state a reader gets.
    pub fn new(dice: ChaCha8Rng) -> Sequential {
        Sequential {
            now: 0,
            keys: HashMap::new(),
            seen: HashMap::new(),
            dice,
        }
    }

    /// Answers a client.
    pub fn ask(&mut self, client: &str, key: &str, request: &Request) -> Answer {
        let seen = self.seen.get(client).copied().unwrap_or(0);
        let oldest = seen.max(self.now.saturating_sub(AGE_MAX));
        let moment = match request {
            Request::Read => self.dice.random_range(oldest..=self.now),
            // An update is about the state as it is.
            Request::Write(_) | Request::Cas { .. } => self.now,
        };
        self.seen.insert(client.to_owned(), moment);
        let held = self.keys.get(key).and_then(|held| at(held, moment));
        let (after, answer) = keyed::apply(held, request)?;
        if let Some(value) = after {
            self.now += 1;
            let held = self.keys.entry(key.to_owned()).or_default();
            held.push_back((self.now, value));
            // What nobody can be told any more: all but the last of those that are too old.
            while held.get(1).is_some_and(|(since, _)| since + AGE_MAX < self.now) {
                held.pop_front();
            }
            self.seen.insert(client.to_owned(), self.now);
        }
        Ok(answer)
    }
}

/// What a key held after an update.
fn at(held: &VecDeque<(u64, Value)>, moment: u64) -> Option<&Value> {
    held.iter()
        .rev()
        .find(|(since, _)| *since <= moment)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use serde_json::json;

    fn store() -> Sequential {
        Sequential::new(ChaCha8Rng::seed_from_u64(1))
    }

    fn value(answer: Answer) -> i64 {
        answer.map_or(0, |body| body["value"].as_i64().unwrap())
    }

    #[test]
    fn a_reader_may_be_behind_and_never_goes_back() {
        let (mut store, mut was_behind, mut last) = (store(), false, 0);
        for number in 1..=200 {
            store.ask("n1", "x", &Request::Write(json!(number))).unwrap();
            let told = value(store.ask("n2", "x", &Request::Read));
            assert!(told >= last && told <= number);
            was_behind |= told < number;
            last = told;
        }
        assert!(was_behind);
    }

    #[test]
    fn who_has_written_reads_that_or_what_came_later() {
        let mut store = store();
        for number in 1..100 {
            store.ask("n1", "x", &Request::Write(json!(number))).unwrap();
            assert_eq!(value(store.ask("n1", "x", &Request::Read)), number);
        }
    }

    #[test]
    fn what_nobody_can_be_told_is_forgotten() {
        let mut store = store();
        for number in 0..2000 {
            store.ask("n1", "x", &Request::Write(json!(number))).unwrap();
        }
        assert!(store.keys["x"].len() <= AGE_MAX as usize + 2);
    }
}
