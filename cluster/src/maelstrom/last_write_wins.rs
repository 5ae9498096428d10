//! A key-value store of several replicas, each of which answers for itself; now and then two compare what they have, and for
//! each key the later write wins. It loses updates, as it is meant to.

use super::keyed::{self, Answer, Request};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::HashMap;

/// How many replicas there are, as in Maelstrom.
const REPLICAS: usize = 5;
/// After which share of the requests two of them compare.
const GOSSIP_SHARE: f64 = 0.2;

/// The store.
#[derive(Debug)]
pub struct LastWriteWins {
    replicas: [HashMap<String, (u64, Value)>; REPLICAS],
    clock: u64,
    dice: ChaCha8Rng,
}

impl LastWriteWins {
    /// An empty one; the dice say who answers, and who compares.
    pub fn new(dice: ChaCha8Rng) -> LastWriteWins {
        LastWriteWins {
            replicas: Default::default(),
            clock: 0,
            dice,
        }
    }

    /// Answers a request.
    pub fn ask(&mut self, key: &str, request: &Request) -> Answer {
        if self.dice.random_bool(GOSSIP_SHARE) {
            self.compare();
        }
        let replica = &mut self.replicas[self.dice.random_range(0..REPLICAS)];
        let (after, answer) = keyed::apply(replica.get(key).map(|(_, value)| value), request)?;
        if let Some(value) = after {
            self.clock += 1;
            replica.insert(key.to_owned(), (self.clock, value));
        }
        Ok(answer)
    }

    /// One replica takes what another has later than itself.
    fn compare(&mut self) {
        let from = self.dice.random_range(0..REPLICAS);
        let to = (from + self.dice.random_range(1..REPLICAS)) % REPLICAS;
        for (key, (written, value)) in self.replicas[from].clone() {
            let is_later = self.replicas[to].get(&key).is_none_or(|(own, _)| *own < written);
            if is_later {
                self.replicas[to].insert(key, (written, value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use serde_json::json;

    #[test]
    fn what_was_written_is_missing_for_a_while_and_arrives_everywhere() {
        let mut store = LastWriteWins::new(ChaCha8Rng::seed_from_u64(3));
        store.ask("x", &Request::Write(json!(1))).unwrap();
        let answers: Vec<bool> = (0..500).map(|_| store.ask("x", &Request::Read).is_ok()).collect();
        assert!(answers[..20].contains(&false), "others answer as well");
        assert!(answers[400..].iter().all(|found| *found));
    }
}
