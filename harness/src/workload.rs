//! What clients do: the n-th operation of a run is a function of the seed and n, and of nothing else, except that a
//! client that does not know what became of its last operation may ask about the same object again.
//!
//! Which client carries it out, and when, depends on how fast the system answers; the sequence does not.
//!
//! Read next: [`ALL`] for what there is, `keys` for which object an operation is on, `decree` and `register` for two
//! workloads, `maelstrom` for those that have Maelstrom's names.

mod decree;
mod keys;
pub mod maelstrom;
mod register;

use checker::Model;
use decree::DecreeWorkload;
use keys::Keys;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use register::RegisterWorkload;
use serde_json::Value;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The random stream of operations; fault schedules have others.
const STREAM_OPERATIONS: u64 = 100;
/// The random stream of the order of volleys.
const STREAM_VOLLEYS: u64 = 102;

/// The share of clients that, when they do not know what became of an operation, ask about the same object next.
const ASKS_AGAIN: f64 = 0.75;

/// An operation that a client will carry out.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedOperation {
    /// The function: `propose`, `read`.
    pub f: &'static str,
    /// The object.
    pub key: u64,
    /// What it is asked with.
    pub argument: Argument,
    /// Whether a client that does not know what became of its last operation does this on that one\'s object instead.
    pub asks_again: bool,
}

/// What an operation is asked with.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// This; null where there is none.
    Fixed(Value),
    /// The value that the client last saw in the object, and this in its place: `[seen, new]`. A client that has
    /// seen none reads first.
    Replace(Value),
}

/// The operations of a run.
pub trait Workload: Send + Sync {
    /// The operation with this number, from 0.
    fn operation(&self, number: u64) -> PlannedOperation;

    /// How many operations came at once of which this was the last; `None` when others of them follow.
    fn volley_that_ends_with(&self, number: u64) -> Option<u64>;

    /// Every object that the first `operations` operations may have touched.
    fn keys(&self, operations: u64) -> RangeInclusive<u64>;

    /// A read of one object, for the phases after the main one.
    fn read(&self, key: u64) -> PlannedOperation {
        read(key)
    }
}

/// A kind of workload.
pub struct Kind {
    /// What it is called.
    pub name: &'static str,
    /// What clients do.
    pub about: &'static str,
    /// The functions that a system has to have for it.
    pub functions: &'static [&'static str],
    /// What the history is checked against.
    pub model: Model,
    make: fn(ChaCha8Rng, Keys) -> Arc<dyn Workload>,
}

/// The workloads.
pub const ALL: [Kind; 3] = [
    Kind {
        name: "decree",
        about: "proposals and reads on decrees that are opened one after another, each contended",
        functions: &["propose", "read"],
        model: Model::Decree,
        make: |random, keys| Arc::new(DecreeWorkload::new(random, keys)),
    },
    Kind {
        name: "register",
        about: "writes of values that are written once, and reads, on registers that are opened one after another",
        functions: &["write", "read"],
        model: Model::CasRegister,
        make: |random, keys| Arc::new(RegisterWorkload::new(random, keys, false)),
    },
    Kind {
        name: "cas-register",
        about: "the same, with compare-and-set of the value that the client saw last",
        functions: &["write", "cas", "read"],
        model: Model::CasRegister,
        make: |random, keys| Arc::new(RegisterWorkload::new(random, keys, true)),
    },
];

impl Kind {
    /// The kind of a workload's name; what comes after a slash is the system's own name for a variant.
    pub fn of(workload: &str) -> Option<&'static Kind> {
        let kind = workload.split_once('/').map_or(workload, |(kind, _)| kind);
        ALL.iter().find(|it| it.name == kind)
    }

    /// The workload of a seed: `ops_per_key` operations for an object while it is open, `key_count` objects open at
    /// once.
    pub fn make(&self, seed: u64, ops_per_key: u32, key_count: u32) -> Arc<dyn Workload> {
        let stream = |number| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(number);
            random
        };
        let keys = Keys::new(stream(STREAM_VOLLEYS), ops_per_key, key_count);
        (self.make)(stream(STREAM_OPERATIONS), keys)
    }
}

/// The random numbers of one operation: a generous stretch of the stream, whose words are never shared.
fn random_of(stream: &ChaCha8Rng, number: u64) -> ChaCha8Rng {
    let mut random = stream.clone();
    random.set_word_pos(u128::from(number) * 64);
    random
}

/// Whether a client would ask about the same object again.
fn asks_again(random: &mut ChaCha8Rng) -> bool {
    random.random_bool(ASKS_AGAIN)
}

/// A read of an object.
fn read(key: u64) -> PlannedOperation {
    PlannedOperation {
        f: "read",
        key,
        argument: Argument::Fixed(Value::Null),
        asks_again: false,
    }
}
