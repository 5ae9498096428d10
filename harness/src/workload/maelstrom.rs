//! The workloads of Maelstrom's nodes: those that there is a checker for.
//!
//! Only lin-kv has many objects. The others have one for all, as in Maelstrom; how many operations there are is up to the rate.

use super::keys::Keys;
use super::mixed::Mixed;
use super::{Argument, AtTheEnd, Kind, PlannedOperation, Workload, random_of, recipes};
use checker::Model;
use cluster::maelstrom;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The only object of a workload that has one for all.
const ONLY: u64 = 1;
/// The share of reads where an answer has everything in it.
const READS: f64 = 0.2;
/// How much is added to a counter at once, at most.
const DELTA_MAX: i64 = 5;

static LIN_KV: Kind = Kind {
    name: "lin-kv",
    about: "reads, writes and compare-and-set on Maelstrom's keys; linearizable",
    functions: &["read", "write", "cas"],
    optional: &[],
    telling: &["read"],
    model: Model::CasRegister,
    make: |random, keys, _| Arc::new(Mixed::new(random, keys, recipes::cas_register())),
};
static UNIQUE_IDS: Kind = Kind {
    name: "unique-ids",
    about: "ids, of which no two are the same",
    functions: &["generate"],
    optional: &[],
    telling: &["generate"],
    model: Model::UniqueIds,
    make: |random, _: Keys, _| Arc::new(OnlyObject::new(random, What::Ids)),
};
static BROADCAST: Kind = Kind {
    name: "broadcast",
    about: "elements that come to be at every node",
    functions: &["add", "read"],
    optional: &[],
    telling: &["read"],
    model: Model::EventualSet,
    make: |random, _: Keys, _| Arc::new(OnlyObject::new(random, What::Elements)),
};
static G_SET: Kind = Kind {
    name: "g-set",
    about: "a set that grows, the same at every node in the end",
    functions: &["add", "read"],
    optional: &[],
    telling: &["read"],
    model: Model::EventualSet,
    make: |random, _: Keys, _| Arc::new(OnlyObject::new(random, What::Elements)),
};
static G_COUNTER: Kind = Kind {
    name: "g-counter",
    about: "a counter that grows, the same at every node in the end",
    functions: &["add", "read"],
    optional: &[],
    telling: &["read"],
    model: Model::EventualCounter,
    make: |random, _: Keys, _| Arc::new(OnlyObject::new(random, What::Amounts { smallest: 0 })),
};
static PN_COUNTER: Kind = Kind {
    name: "pn-counter",
    about: "a counter that grows and shrinks, the same at every node in the end",
    functions: &["add", "read"],
    optional: &[],
    telling: &["read"],
    model: Model::EventualCounter,
    make: |random, _: Keys, _| Arc::new(OnlyObject::new(random, What::Amounts { smallest: -DELTA_MAX })),
};

/// What clients do in a workload of Maelstrom's.
pub fn kind(workload: maelstrom::Workload) -> &'static Kind {
    match workload {
        maelstrom::Workload::LinKv => &LIN_KV,
        maelstrom::Workload::UniqueIds => &UNIQUE_IDS,
        maelstrom::Workload::Broadcast => &BROADCAST,
        maelstrom::Workload::GSet => &G_SET,
        maelstrom::Workload::GCounter => &G_COUNTER,
        maelstrom::Workload::PnCounter => &PN_COUNTER,
    }
}

/// What is done to an object that is the only one.
#[derive(Clone, Copy, Debug)]
enum What {
    /// Ids are asked for.
    Ids,
    /// Elements are added, each once.
    Elements,
    /// Amounts are added, from the smallest.
    Amounts { smallest: i64 },
}

/// The plan of all operations of a run.
#[derive(Clone, Debug)]
struct OnlyObject {
    random: ChaCha8Rng,
    what: What,
}

impl OnlyObject {
    fn new(random: ChaCha8Rng, what: What) -> OnlyObject {
        OnlyObject { random, what }
    }

    /// A read. Where nothing can be read, one more id is as good a sign of life.
    fn look(&self) -> PlannedOperation {
        match self.what {
            What::Ids => operation("generate", Value::Null),
            What::Elements | What::Amounts { .. } => operation("read", Value::Null),
        }
    }
}

fn operation(f: &'static str, argument: Value) -> PlannedOperation {
    PlannedOperation::on(ONLY, f, Argument::Fixed(argument))
}

impl Workload for OnlyObject {
    fn operation(&self, number: u64) -> PlannedOperation {
        let mut random = random_of(&self.random, number);
        let is_read = random.random_bool(READS);
        match self.what {
            What::Elements if !is_read => operation("add", json!(number + 1)),
            What::Amounts { smallest } if !is_read => {
                operation("add", json!(random.random_range(smallest..=DELTA_MAX)))
            }
            What::Ids | What::Elements | What::Amounts { .. } => self.look(),
        }
    }

    fn volley_that_ends_with(&self, _: u64) -> Option<u64> {
        Some(1)
    }

    fn keys(&self, _: u64) -> RangeInclusive<u64> {
        ONLY..=ONLY
    }

    fn probe(&self, _: u64, _: u64) -> PlannedOperation {
        self.look()
    }

    fn at_the_end(&self, _: u64) -> AtTheEnd {
        AtTheEnd::once(self.look())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_workload_asks_for_its_functions_and_for_nothing_else() {
        for workload in maelstrom::Workload::ALL {
            let kind = kind(workload);
            assert_eq!(kind.name, workload.name());
            let plan = kind.make(5, 12, 4, &|_| false);
            let asked: BTreeSet<&str> = (0..500).map(|number| plan.operation(number).f).collect();
            assert_eq!(asked, kind.functions.iter().copied().collect());
            assert_eq!(asked, workload.functions().iter().copied().collect());
        }
    }

    #[test]
    fn a_counter_that_only_grows_is_never_made_smaller() {
        let amounts = |workload| -> Vec<i64> {
            let plan = kind(workload).make(5, 12, 4, &|_| false);
            let arguments = (0..500).filter_map(|number| match plan.operation(number).argument {
                Argument::Fixed(value) => value.as_i64(),
                Argument::Replace(_) | Argument::Owner => None,
            });
            arguments.collect()
        };
        assert!(amounts(maelstrom::Workload::GCounter).iter().all(|it| *it >= 0));
        assert!(amounts(maelstrom::Workload::PnCounter).iter().any(|it| *it < 0));
    }
}
