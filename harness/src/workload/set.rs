//! Sets: elements that are added once and read as a whole; where the system has it, some are asked for alone, and a few are
//! removed.
//!
//! Few, because an element that somebody tried to remove can no longer be said to be lost.

use super::keys::Keys;
use super::{Argument, PlannedOperation, Workload, random_of, read};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::ops::RangeInclusive;

/// So many of ten operations add.
const ADDS: u32 = 5;
/// How far back an element is looked for that may be in a set.
const LOOK_BACK: u64 = 24;
/// The share of elements that are asked for, or removed, that are removed.
const REMOVALS: f64 = 0.3;

/// The plan of all operations of a run.
pub struct SetWorkload {
    random: ChaCha8Rng,
    keys: Keys,
    /// Whether the system can say whether an element is in, and whether it can take one out.
    contains: bool,
    remove: bool,
}

impl SetWorkload {
    /// The workload of a random stream; `offers` says which functions the system has.
    pub fn new(random: ChaCha8Rng, keys: Keys, offers: &dyn Fn(&str) -> bool) -> Self {
        Self {
            random,
            keys,
            contains: offers("contains"),
            remove: offers("remove"),
        }
    }

    /// What an operation draws first: its object, and whether it adds; then what is left of its random numbers.
    fn drawn(&self, number: u64) -> (u64, u32, ChaCha8Rng) {
        let mut random = random_of(&self.random, number);
        let key = self.keys.pick(number, &mut random);
        let choice = random.random_range(0..10);
        (key, choice, random)
    }

    /// The last element that was added to a set, a short time before.
    fn added_before(&self, number: u64, key: u64) -> Option<u64> {
        let mut before = (number.saturating_sub(LOOK_BACK)..number).rev();
        before.find(|earlier| {
            let (other, choice, _) = self.drawn(*earlier);
            other == key && choice < ADDS
        })
    }

    /// The function for one element, when the system has one.
    fn about_one(&self, random: &mut ChaCha8Rng) -> Option<&'static str> {
        match (self.contains, self.remove) {
            (true, true) if random.random_bool(REMOVALS) => Some("remove"),
            (true, _) => Some("contains"),
            (false, true) if random.random_bool(REMOVALS) => Some("remove"),
            (false, _) => None,
        }
    }
}

impl Workload for SetWorkload {
    fn operation(&self, number: u64) -> PlannedOperation {
        let (key, choice, mut random) = self.drawn(number);
        let asked = |f, element: u64| PlannedOperation::on(key, f, Argument::Fixed(json!(element + 1)));
        let about_one = self.about_one(&mut random).filter(|_| choice + 2 >= 10);
        let planned = match (about_one, choice < ADDS) {
            (_, true) => asked("add", number),
            (Some(f), _) => match self.added_before(number, key) {
                Some(element) => asked(f, element),
                None => read(key),
            },
            (None, _) => read(key),
        };
        planned.movable(&mut random)
    }

    fn volley_that_ends_with(&self, number: u64) -> Option<u64> {
        self.keys.volley_that_ends_with(number)
    }

    fn keys(&self, operations: u64) -> RangeInclusive<u64> {
        self.keys.of_first(operations)
    }
}
