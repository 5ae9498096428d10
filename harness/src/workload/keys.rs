//! Which object an operation is on, and which operations come at once.
//!
//! A few objects are open at a time. Operations come in *volleys*: several at once, on one object. A large one makes
//! clients meet in the middle of an update; a single one leaves an object as a few nodes have it that others have heard
//! nothing from yet. An open object gets a single operation and two large volleys, in an order that is drawn, with those
//! on the other open objects in between; then new objects are opened.
//!
//! One operation in five goes back to an earlier object, as likely to one of the last ten as to one of the last hundred
//! or thousand: what a fault left half done is asked for again soon, and what was done long ago must still be so.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// How many of an open object's operations come alone.
const SINGLE: u64 = 1;
/// The share of operations that go back to an earlier object.
const REVISITS: f64 = 0.2;

/// The order in which objects are worked on. They are numbered from 1.
#[derive(Clone, Debug)]
pub struct Keys {
    volleys: ChaCha8Rng,
    ops_per_key: u64,
    key_count: u64,
}

/// Where an operation is in the plan.
struct Place {
    /// The object that is open then.
    key: u64,
    /// How many operations its volley has.
    volley: u64,
    /// Which of them it is, from 0.
    number: u64,
}

impl Keys {
    /// `ops_per_key` operations for an object while it is open, `key_count` objects open at once, the order of their
    /// volleys from this random stream.
    pub fn new(volleys: ChaCha8Rng, ops_per_key: u32, key_count: u32) -> Self {
        Self {
            volleys,
            ops_per_key: ops_per_key.into(),
            key_count: key_count.into(),
        }
    }

    /// The object of the operation with this number, from 0.
    pub fn pick(&self, number: u64, random: &mut ChaCha8Rng) -> u64 {
        let newest = self.place(number).key;
        match random.random_bool(REVISITS) {
            true => {
                let age = random.random_range(0.0..(newest as f64).ln_1p()).exp();
                newest.saturating_sub(age as u64).max(1)
            }
            false => newest,
        }
    }

    /// How many operations the volley had of which this was the last; `None` when others of its volley follow.
    pub fn volley_that_ends_with(&self, number: u64) -> Option<u64> {
        let place = self.place(number);
        (place.number + 1 == place.volley).then_some(place.volley)
    }

    /// The objects of a generation are open together. Each turn gives each of them a volley, of the sizes one after
    /// another, so that the next turn gives each the next size.
    fn place(&self, number: u64) -> Place {
        let of_generation = self.ops_per_key * self.key_count;
        let (generation, mut rest) = (number / of_generation, number % of_generation);
        let sizes = self.sizes(generation);
        let count = sizes.len() as u64;
        let size = |turn: u64, decree: u64| sizes[((turn + decree) % count) as usize];
        for turn in 0..count {
            let incomplete = (0..self.key_count % count).map(|decree| size(turn, decree));
            let of_turn = self.key_count / count * self.ops_per_key + incomplete.sum::<u64>();
            if rest >= of_turn {
                rest -= of_turn;
                continue;
            }
            let mut decree = rest / self.ops_per_key * count;
            rest %= self.ops_per_key;
            while rest >= size(turn, decree) {
                rest -= size(turn, decree);
                decree += 1;
            }
            return Place {
                key: generation * self.key_count + decree + 1,
                volley: size(turn, decree),
                number: rest,
            };
        }
        unreachable!("a generation's turns have all of its operations")
    }

    /// The sizes of an object's volleys, in the order in which the first of the generation gets them.
    fn sizes(&self, generation: u64) -> Vec<u64> {
        let many = self.ops_per_key.saturating_sub(SINGLE);
        let mut sizes = vec![1; self.ops_per_key.min(SINGLE) as usize];
        sizes.extend([many.div_ceil(2), many / 2].into_iter().filter(|size| *size > 0));
        let mut random = self.volleys.clone();
        random.set_word_pos(u128::from(generation) * 64);
        sizes.shuffle(&mut random);
        sizes
    }

    /// Every object that the first `operations` operations may have touched.
    pub fn of_first(&self, operations: u64) -> std::ops::RangeInclusive<u64> {
        let generation = operations.saturating_sub(1) / (self.ops_per_key * self.key_count);
        1..=(generation + 1) * self.key_count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use std::collections::BTreeMap;

    #[test]
    fn a_volley_meets_on_one_object_and_each_gets_large_ones_and_single_operations() {
        for (ops_per_key, key_count, sizes) in [
            (20, 3, vec![1, 9, 10]),
            (12, 8, vec![1, 5, 6]),
            (3, 2, vec![1, 1, 1]),
            (1, 1, vec![1]),
        ] {
            let keys = Keys::new(ChaCha8Rng::seed_from_u64(5), ops_per_key, key_count);
            let mut volleys: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
            let mut begun = Vec::new();
            for number in 0..u64::from(ops_per_key * key_count) * 100 {
                begun.push(keys.place(number).key);
                if let Some(size) = keys.volley_that_ends_with(number) {
                    assert_eq!(begun.len() as u64, size);
                    assert!(begun.iter().all(|key| *key == begun[0]), "{begun:?}");
                    volleys.entry(begun[0]).or_default().push(size);
                    begun.clear();
                }
            }
            assert_eq!(volleys.len(), 100 * key_count as usize);
            let orders: std::collections::BTreeSet<_> = volleys.values().cloned().collect();
            assert_eq!(orders.len() > 1, ops_per_key > 3, "the order is drawn");
            for mut of_object in volleys.into_values() {
                of_object.sort();
                assert_eq!(of_object, sizes);
            }
        }
    }
}
