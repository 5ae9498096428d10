//! Which object an operation is on: a few are open at a time, each for a number of operations, and then and again one goes
//! back to an earlier one.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// How many volleys an open object gets.
const VOLLEYS: u64 = 2;
/// The share of operations that go back to an earlier object.
const REVISITS: f64 = 0.2;

/// The order in which objects are worked on. They are numbered from 1.
#[derive(Clone, Debug)]
pub struct Keys {
    ops_per_key: u64,
    key_count: u64,
}

impl Keys {
    /// `ops_per_key` operations for an object while it is open, `key_count` objects open at once.
    pub fn new(ops_per_key: u32, key_count: u32) -> Self {
        Self {
            ops_per_key: ops_per_key.into(),
            key_count: key_count.into(),
        }
    }

    /// The object of the operation with this number, from 0.
    pub fn pick(&self, number: u64, random: &mut ChaCha8Rng) -> u64 {
        let volley = number / self.volley();
        let (generation, place) = (volley / (VOLLEYS * self.key_count), volley % self.key_count);
        let newest = generation * self.key_count + place + 1;
        match random.random_bool(REVISITS) {
            true => {
                let age = random.random_range(0.0..(newest as f64).ln_1p()).exp();
                newest.saturating_sub(age as u64).max(1)
            }
            false => newest,
        }
    }

    /// How many operations come at once: numbers `n` to `n + volley - 1`, where `n` is a multiple of it.
    pub fn volley(&self) -> u64 {
        (self.ops_per_key / VOLLEYS).max(1)
    }

    /// Every object that the first `operations` operations may have touched.
    pub fn of_first(&self, operations: u64) -> std::ops::RangeInclusive<u64> {
        let volley = operations.saturating_sub(1) / self.volley();
        1..=(volley / (VOLLEYS * self.key_count) + 1) * self.key_count
    }
}
