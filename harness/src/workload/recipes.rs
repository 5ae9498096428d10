//! Decrees, registers, lists, queues, counters, locks and ids: what clients do with them, and what they are asked at the
//! end.
//!
//! Every value is proposed or written once, and every element put in once, so that wherever it is seen it names its
//! operation.

use super::mixed::Recipe;
use super::{Again, Argument, AtTheEnd, read};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

/// What is not asked with anything.
const NOTHING: Argument = Argument::NOTHING;

/// Proposals and reads.
pub fn decree() -> Recipe {
    Recipe {
        draw: |random, number| match random.random_bool(0.5) {
            true => ("propose", element(number)),
            false => ("read", NOTHING),
        },
        ..reads()
    }
}

/// Writes and reads.
pub fn register() -> Recipe {
    Recipe {
        draw: |random, number| match random.random_range(0..4) {
            0 | 1 => ("read", NOTHING),
            _ => ("write", element(number)),
        },
        ..reads()
    }
}

/// The same, with compare-and-set of what the client saw last.
pub fn cas_register() -> Recipe {
    Recipe {
        draw: |random, number| match random.random_range(0..4) {
            0 | 1 => ("read", NOTHING),
            2 => ("cas", Argument::Replace(json!(number + 1))),
            _ => ("write", element(number)),
        },
        ..reads()
    }
}

/// Elements at the end of a list, and reads of the whole list.
pub fn append() -> Recipe {
    Recipe {
        draw: |random, number| match random.random_bool(0.5) {
            true => ("append", element(number)),
            false => ("read", NOTHING),
        },
        ..reads()
    }
}

/// Elements into a queue and out of it. At the end each queue is emptied: what is not there then was lost.
pub fn queue() -> Recipe {
    Recipe {
        // A little more comes in than goes out, so that there is mostly something to be lost.
        draw: |random, number| match random.random_bool(0.55) {
            true => ("enqueue", element(number)),
            false => ("dequeue", NOTHING),
        },
        single: false,
        // Not from a queue in use: what it took, and nobody was told, might be anything.
        probe: ("dequeue", NOTHING),
        probes_apart: true,
        at_the_end: |key| at_the_end("dequeue", key, Again::UntilNothing),
    }
}

/// Additions of one, and reads.
pub fn counter() -> Recipe {
    Recipe {
        draw: |random, _| match random.random_bool(0.5) {
            true => ("add", Argument::Fixed(json!(1))),
            false => ("read", NOTHING),
        },
        ..reads()
    }
}

/// Locks: who holds one releases it with its next operation.
pub fn lock() -> Recipe {
    Recipe {
        draw: |_, _| ("acquire", Argument::Owner),
        single: false,
        // A lock in use may be held, and rightly refused.
        probe: ("acquire", Argument::Owner),
        probes_apart: true,
        at_the_end: |key| at_the_end("acquire", key, Again::Once),
    }
}

/// Ids, of one generator.
pub fn unique_ids() -> Recipe {
    Recipe {
        draw: |_, _| ("generate", NOTHING),
        single: true,
        probe: ("generate", NOTHING),
        probes_apart: false,
        at_the_end: |key| at_the_end("generate", key, Again::Never),
    }
}

/// What can be read as a whole is read as a whole.
fn reads() -> Recipe {
    Recipe {
        draw: |_: &mut ChaCha8Rng, _| ("read", NOTHING),
        single: false,
        probe: ("read", NOTHING),
        probes_apart: false,
        at_the_end: |key| AtTheEnd::once(read(key)),
    }
}

fn element(number: u64) -> Argument {
    Argument::Fixed(json!(number + 1))
}

fn at_the_end(f: &'static str, key: u64, again: Again) -> AtTheEnd {
    let argument = match f {
        "acquire" => Argument::Owner,
        _ => NOTHING,
    };
    AtTheEnd {
        operation: super::PlannedOperation {
            f,
            argument,
            ..read(key)
        },
        again,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Again, Kind};
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn every_function_occurs_and_every_element_is_put_in_once() {
        for kind in &super::super::ALL {
            let workload = kind.make(3, 12, 8, &|_| true);
            let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
            let mut values = BTreeSet::new();
            for number in 0..10_000 {
                let operation = workload.operation(number);
                assert!(
                    workload.keys(number + 1).contains(&operation.key),
                    "{}",
                    kind.name
                );
                *seen.entry(operation.f).or_default() += 1;
                if ["append", "enqueue", "write", "cas", "propose"].contains(&operation.f)
                    || operation.f == "add" && kind.name == "set"
                {
                    assert!(
                        values.insert(format!("{:?}", operation.argument)),
                        "{}",
                        kind.name
                    );
                }
            }
            let names: BTreeSet<&str> = seen.keys().copied().collect();
            let has: BTreeSet<&str> = kind.functions.iter().chain(kind.optional).copied().collect();
            // A lock is released by whoever holds it, which no plan knows.
            let planned: BTreeSet<&str> = has.into_iter().filter(|f| *f != "release").collect();
            assert_eq!(names, planned, "{}", kind.name);
            assert!(seen.values().all(|count| *count > 100), "{seen:?}");
        }
    }

    #[test]
    fn a_register_is_asked_for_everything_about_as_often() {
        for (name, functions) in [("register", 2), ("cas-register", 3)] {
            let workload = Kind::of(name).unwrap().make(3, 20, 6, &|_| true);
            let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
            let mut values = BTreeSet::new();
            for number in 0..10_000 {
                let operation = workload.operation(number);
                *seen.entry(operation.f).or_default() += 1;
                if operation.f != "read" {
                    assert!(values.insert(format!("{:?}", operation.argument)));
                }
            }
            assert_eq!(seen.len(), functions, "{seen:?}");
            assert!(seen.values().all(|count| *count > 2_000), "{seen:?}");
        }
    }

    #[test]
    fn what_is_not_offered_is_not_asked() {
        let workload = Kind::of("set").unwrap().make(3, 12, 8, &|f| f != "remove");
        assert!((0..5_000).all(|number| workload.operation(number).f != "remove"));
    }

    #[test]
    fn a_queue_is_emptied_at_the_end_and_is_not_probed() {
        let workload = Kind::of("queue").unwrap().make(3, 12, 8, &|_| true);
        let last = workload.at_the_end(7);
        assert_eq!((last.operation.f, last.operation.key), ("dequeue", 7));
        assert_eq!(last.again, Again::UntilNothing);
        assert!(!workload.keys(5_000).contains(&workload.probe(5_000, 0).key));
        assert_ne!(workload.probe(5_000, 0).key, workload.probe(5_000, 1).key);
    }
}
