//! What is measured: a list, in which each case differs from its neighbours in one thing.

use super::histories::Plan;
use super::object::Kind;

/// One history to be checked.
#[derive(Clone, Debug)]
pub struct Case {
    /// `register-five-20p-10u-wrong`: the object, the clients, the percentage of unknown outcomes, and whether an answer is
    /// wrong.
    pub name: String,
    /// What it is made of.
    pub plan: Plan,
}

/// An object as it is named, with what is special about it.
const OBJECTS: [(&str, Kind, usize, bool); 8] = [
    ("decree", Kind::Decree, 1, false),
    ("decrees-1000", Kind::Decree, 1000, false),
    ("register", Kind::Register, 1, false),
    ("register-five", Kind::Register, 1, true),
    ("cas-register", Kind::CasRegister, 1, false),
    ("kv-1000", Kind::Register, 1000, false),
    ("queue", Kind::Queue, 1, false),
    ("set", Kind::Set, 1, false),
];

/// Clients, percentage of unknown outcomes, and whether an answer is wrong.
const SHAPES: [(usize, u32, bool); 9] = [
    (5, 0, false),
    (20, 0, false),
    (20, 0, true),
    (20, 1, false),
    (20, 10, false),
    (20, 10, true),
    (20, 50, false),
    (50, 0, false),
    (50, 1, false),
];

/// What a compare-and-set and a register cost when their values come again is a question of its own: a share in between.
const FIVE_PERCENT: (usize, u32, bool) = (20, 5, false);

/// All cases, each of so many events.
pub fn all(events: u64, seed: u64) -> Vec<Case> {
    let mut cases = Vec::new();
    for (object, kind, keys, few_values) in OBJECTS {
        let more = few_values.then_some(FIVE_PERCENT);
        for (processes, unknown_percent, wrong) in SHAPES.into_iter().chain(more) {
            let wrong_or_not = if wrong { "-wrong" } else { "" };
            cases.push(Case {
                name: format!("{object}-{processes}p-{unknown_percent}u{wrong_or_not}"),
                plan: Plan {
                    kind,
                    keys,
                    few_values,
                    processes,
                    unknown_percent,
                    wrong,
                    events,
                    seed,
                },
            });
        }
    }
    cases
}
