//! Workloads in which every operation is drawn alone: an object as `keys` says, then a function and its argument.
//!
//! What they have in common is here; what each of them draws is in `recipes`.

use super::keys::Keys;
use super::{Argument, AtTheEnd, PlannedOperation, Workload, asks_again, random_of, read};
use rand_chacha::ChaCha8Rng;
use std::ops::RangeInclusive;

/// What makes a workload what it is.
#[derive(Clone)]
pub struct Recipe {
    /// The function of the operation with this number, from 0, and what it is asked with.
    pub draw: fn(&mut ChaCha8Rng, u64) -> (&'static str, Argument),
    /// Whether there is a single object for the whole run.
    pub single: bool,
    /// What every node is asked until it has answered, when everything was mended.
    pub probe: (&'static str, Argument),
    /// Whether that is asked of an object that nothing else is done with, another for each client.
    pub probes_apart: bool,
    /// What is asked of each object at the end, through each node.
    pub at_the_end: fn(u64) -> AtTheEnd,
}

/// The plan of all operations of a run.
pub struct Mixed {
    random: ChaCha8Rng,
    keys: Keys,
    recipe: Recipe,
}

impl Mixed {
    /// The workload of a random stream.
    pub fn new(random: ChaCha8Rng, keys: Keys, recipe: Recipe) -> Self {
        Self { random, keys, recipe }
    }
}

impl Workload for Mixed {
    fn operation(&self, number: u64) -> PlannedOperation {
        let mut random = random_of(&self.random, number);
        let key = self.keys.pick(number, &mut random);
        let (f, argument) = (self.recipe.draw)(&mut random, number);
        PlannedOperation {
            f,
            key: if self.recipe.single { 1 } else { key },
            argument,
            asks_again: asks_again(&mut random),
        }
    }

    fn volley_that_ends_with(&self, number: u64) -> Option<u64> {
        self.keys.volley_that_ends_with(number)
    }

    fn keys(&self, operations: u64) -> RangeInclusive<u64> {
        match self.recipe.single {
            true => 1..=1,
            false => self.keys.of_first(operations),
        }
    }

    fn probe(&self, operations: u64, client: u64) -> PlannedOperation {
        let newest = *self.keys(operations).end();
        let apart = if self.recipe.probes_apart { 1 + client } else { 0 };
        let (f, argument) = self.recipe.probe.clone();
        PlannedOperation {
            f,
            argument,
            ..read(newest + apart)
        }
    }

    fn at_the_end(&self, key: u64) -> AtTheEnd {
        (self.recipe.at_the_end)(key)
    }
}
