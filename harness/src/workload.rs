//! What clients do: the n-th operation of a run is a function of the seed and n, and of nothing else, except that it may
//! be moved to another object: a client that does not know what became of its last operation may ask about the same
//! object again, and a read may follow up what another client was told a moment ago.
//!
//! Which client carries it out, and when, depends on how fast the system answers; the sequence does not.
//!
//! Read next: [`ALL`] for what there is, `keys` for which object an operation is on, `recipes` for those
//! whose operations are drawn one by one, `set`, `multi_key` and `guarded` for the others, `maelstrom` for those that have
//! Maelstrom's names.

mod guarded;
mod keys;
pub mod maelstrom;
mod mixed;
mod multi_key;
mod recipes;
mod set;

use checker::Model;
use guarded::GuardedWorkload;
use keys::Keys;
use mixed::Mixed;
use multi_key::MultiKeyWorkload;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use set::SetWorkload;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The random stream of operations; fault schedules have others.
const STREAM_OPERATIONS: u64 = 100;
/// The random stream of the order of volleys.
const STREAM_VOLLEYS: u64 = 102;

/// The share of clients that, when they do not know what became of an operation, ask about the same object next.
const ASKS_AGAIN: f64 = 0.75;

/// The share of reads that go to the object of which an update was acknowledged last.
///
/// What one client was told, all others must see from then on; a node that has not heard of it is asked best before it
/// does.
const FOLLOWS_UP: f64 = 0.5;

/// An operation that a client will carry out.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedOperation {
    /// The function: `propose`, `read`.
    pub f: &'static str,
    /// The object.
    pub key: u64,
    /// What it is asked with.
    pub argument: Argument,
    /// Whether a client that does not know what became of its last operation does this on that one's object instead.
    pub asks_again: bool,
    /// Whether it is done on the object of which an update was acknowledged last, whichever client did that.
    pub follows_up: bool,
}

impl PlannedOperation {
    /// One that is done on its object, whatever happened before.
    pub fn on(key: u64, f: &'static str, argument: Argument) -> Self {
        Self {
            f,
            key,
            argument,
            asks_again: false,
            follows_up: false,
        }
    }

    /// The same, with whether it may be moved to another object drawn.
    fn movable(mut self, random: &mut ChaCha8Rng) -> Self {
        self.asks_again = random.random_bool(ASKS_AGAIN);
        // An element that is asked for belongs to its own set.
        self.follows_up = !self.updates() && self.f != "contains" && random.random_bool(FOLLOWS_UP);
        self
    }

    /// Whether it is there to change something.
    pub fn updates(&self) -> bool {
        match (self.f, &self.argument) {
            ("read" | "contains", _) => false,
            ("txn", Argument::Fixed(Value::Array(steps))) => steps.iter().any(|step| step[0] == "write"),
            _ => true,
        }
    }
}

/// What an operation is asked with.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// This; null where there is none.
    Fixed(Value),
    /// The value that the client last saw in the object, and this in its place: `[seen, new]`. A client that has
    /// seen none reads first.
    Replace(Value),
    /// The owner of a lock, under a name that the client makes for it. A client that holds a lock, or may hold one,
    /// releases that one instead.
    Owner,
}

impl Argument {
    /// Nothing.
    pub const NOTHING: Argument = Argument::Fixed(Value::Null);
}

/// What is asked of one object at the end, through one node.
#[derive(Clone, Debug, PartialEq)]
pub struct AtTheEnd {
    /// The operation.
    pub operation: PlannedOperation,
    /// Whether it is asked again.
    pub again: Again,
}

/// How often something is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Once.
    Never,
    /// Once more: what was acquired is released.
    Once,
    /// Until the answer is that there is nothing more.
    UntilNothing,
}

impl AtTheEnd {
    /// An operation, once.
    pub fn once(operation: PlannedOperation) -> AtTheEnd {
        AtTheEnd {
            operation,
            again: Again::Never,
        }
    }
}

/// The operations of a run.
pub trait Workload: Send + Sync {
    /// The operation with this number, from 0.
    fn operation(&self, number: u64) -> PlannedOperation;

    /// How many operations came at once of which this was the last; `None` when others of them follow.
    fn volley_that_ends_with(&self, number: u64) -> Option<u64>;

    /// Every object that the first `operations` operations may have touched.
    fn keys(&self, operations: u64) -> RangeInclusive<u64>;

    /// What is done, in any order, before the clients and the faults begin.
    fn beforehand(&self) -> Vec<PlannedOperation> {
        Vec::new()
    }

    /// What a node is asked until it answers, after the first `operations` operations, when everything was mended; by
    /// the client with this number.
    fn probe(&self, operations: u64, _client: u64) -> PlannedOperation {
        read(*self.keys(operations).end())
    }

    /// What is asked of one object at the end, through each node.
    fn at_the_end(&self, key: u64) -> AtTheEnd {
        AtTheEnd::once(read(key))
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
    /// Those that it may have.
    pub optional: &'static [&'static str],
    /// Those of all of these whose answer is more than that it was done.
    pub telling: &'static [&'static str],
    /// What the history is checked against.
    pub model: Model,
    make: Make,
}

/// From a random stream, the order of objects, and whether the system has a function, to the operations.
type Make = fn(ChaCha8Rng, Keys, &dyn Fn(&str) -> bool) -> Arc<dyn Workload>;

/// The workloads. Where nobody says which, a system is given the first of these that it has.
pub const ALL: [Kind; 12] = [
    Kind {
        name: "decree",
        about: "proposals and reads on decrees that are opened one after another, each contended",
        functions: &["propose", "read"],
        optional: &[],
        telling: &["propose", "read"],
        model: Model::Decree,
        make: |random, keys, _| Arc::new(Mixed::new(random, keys, recipes::decree())),
    },
    Kind {
        name: "register",
        about: "writes of values that are written once, and reads, on registers that are opened one after another",
        functions: &["write", "read"],
        optional: &[],
        telling: &["read"],
        model: Model::CasRegister,
        make: |random, keys, _| Arc::new(Mixed::new(random, keys, recipes::register())),
    },
    Kind {
        name: "cas-register",
        about: "the same, with compare-and-set of the value that the client saw last",
        functions: &["write", "cas", "read"],
        optional: &[],
        telling: &["read"],
        model: Model::CasRegister,
        make: |random, keys, _| Arc::new(Mixed::new(random, keys, recipes::cas_register())),
    },
    Kind {
        name: "multi-key",
        about: "transactions that read and write two or three of an object's four registers at once",
        functions: &["txn"],
        optional: &[],
        telling: &["txn"],
        model: Model::MultiRegister,
        make: |random, keys, _| Arc::new(MultiKeyWorkload::new(random, keys)),
    },
    Kind {
        name: "guarded",
        about: "writes in transactions on a condition about a thousand keys, and reads",
        functions: &["write", "read"],
        optional: &[],
        telling: &["read"],
        model: Model::CasRegister,
        make: |random, keys, _| {
            let registers = Mixed::new(random, keys, recipes::register());
            Arc::new(GuardedWorkload::new(registers))
        },
    },
    Kind {
        name: "set",
        about: "elements that are added once, and reads of the whole set; contains and remove where the system has them",
        functions: &["add", "read"],
        optional: &["contains", "remove"],
        telling: &["read", "contains"],
        model: Model::Set,
        make: |random, keys, offers| Arc::new(SetWorkload::new(random, keys, offers)),
    },
    Kind {
        name: "append",
        about: "elements at the end of a list, and reads of the whole list",
        functions: &["append", "read"],
        optional: &[],
        telling: &["read"],
        model: Model::Append,
        make: |random, keys, _| Arc::new(Mixed::new(random, keys, recipes::append())),
    },
    Kind {
        name: "queue",
        about: "elements into first-in-first-out queues and out of them; at the end each is emptied",
        functions: &["enqueue", "dequeue"],
        optional: &[],
        telling: &["dequeue"],
        model: Model::Queue,
        make: |random, keys, _| Arc::new(Mixed::new(random, keys, recipes::queue())),
    },
    Kind {
        name: "counter",
        about: "additions of one, and reads",
        functions: &["add", "read"],
        optional: &[],
        telling: &["read"],
        model: Model::Counter,
        make: |random, keys, _| Arc::new(Mixed::new(random, keys, recipes::counter())),
    },
    Kind {
        name: "lock",
        about: "locks that are acquired, if they are free, and released by their owner",
        functions: &["acquire", "release"],
        optional: &[],
        telling: &[],
        model: Model::OwnedMutex,
        make: |random, keys, _| Arc::new(Mixed::new(random, keys, recipes::lock())),
    },
    Kind {
        name: "fenced-lock",
        about: "the same, where acquire answers with a token that is greater each time",
        functions: &["acquire", "release"],
        optional: &[],
        telling: &["acquire"],
        model: Model::FencedLock,
        make: |random, keys, _| Arc::new(Mixed::new(random, keys, recipes::lock())),
    },
    Kind {
        name: "unique-ids",
        about: "ids from one generator, of which no two may be the same",
        functions: &["generate"],
        optional: &[],
        telling: &["generate"],
        model: Model::UniqueIds,
        make: |random, keys, _| Arc::new(Mixed::new(random, keys, recipes::unique_ids())),
    },
];

impl Kind {
    /// The kind of a workload's name; what comes after a slash is the system's own name for a variant.
    pub fn of(workload: &str) -> Option<&'static Kind> {
        let kind = workload.split_once('/').map_or(workload, |(kind, _)| kind);
        ALL.iter().find(|it| it.name == kind)
    }

    /// The workload of a seed: `ops_per_key` operations for an object while it is open, `key_count` objects open at
    /// once, and of the functions that a system may have those that it `offers`.
    pub fn make(
        &self,
        seed: u64,
        ops_per_key: u32,
        key_count: u32,
        offers: &dyn Fn(&str) -> bool,
    ) -> Arc<dyn Workload> {
        let stream = |number| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(number);
            random
        };
        let keys = Keys::new(stream(STREAM_VOLLEYS), ops_per_key, key_count);
        (self.make)(stream(STREAM_OPERATIONS), keys, offers)
    }
}

/// The random numbers of one operation: a generous stretch of the stream, whose words are never shared.
fn random_of(stream: &ChaCha8Rng, number: u64) -> ChaCha8Rng {
    let mut random = stream.clone();
    random.set_word_pos(u128::from(number) * 64);
    random
}

/// A read of an object.
fn read(key: u64) -> PlannedOperation {
    PlannedOperation::on(key, "read", Argument::NOTHING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_never_follows_up_and_half_of_the_reads_do() {
        for (name, least) in [("decree", 400), ("set", 150), ("multi-key", 200), ("queue", 0)] {
            let workload = Kind::of(name).unwrap().make(5, 12, 8, &|_| true);
            let all: Vec<_> = (0..2000).map(|number| workload.operation(number)).collect();
            let following: Vec<_> = all.iter().filter(|it| it.follows_up).collect();
            assert!(
                following.iter().all(|it| !it.updates() && it.f != "contains"),
                "{name}"
            );
            let reads = all
                .iter()
                .filter(|it| !it.updates() && it.f != "contains")
                .count();
            assert!(following.len() >= least, "{name}: {} of {reads}", following.len());
            assert!(
                following.len() * 10 <= reads * 6,
                "{name}: {} of {reads}",
                following.len()
            );
            assert!(all.iter().any(PlannedOperation::updates), "{name}");
        }
    }
}
