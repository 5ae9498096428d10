//! What is measured: a list, in which each case differs from its neighbours in one thing.

use super::histories::Plan;
use super::object::Kind;

/// One history to be checked.
#[derive(Clone, Debug)]
pub struct Case {
    /// `register-five-20p-10u-wrong`: the object, the clients, the percentage of unknown outcomes, and whether an answer is
    /// wrong; and whether it is streamed.
    pub name: String,
    /// What it is made of.
    pub plan: Plan,
    /// Whether it is decided while it is read, and not kept.
    pub streamed: bool,
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

/// How many clients at once.
const PROCESSES: [usize; 3] = [5, 20, 50];
/// How many operations of a hundred have an unknown outcome.
const UNKNOWN_PERCENTS: [u32; 4] = [0, 1, 10, 50];
/// What a register costs when its values come again is a question of its own: a share in between, for twenty clients.
const MORE_OF_FEW_VALUES: (usize, u32) = (20, 5);

/// All cases, each of so many events.
pub fn all(events: u64, seed: u64) -> Vec<Case> {
    let mut cases = Vec::new();
    for (object, kind, keys, few_values) in OBJECTS {
        let shapes = PROCESSES
            .into_iter()
            .flat_map(|processes| UNKNOWN_PERCENTS.map(|unknown| (processes, unknown)))
            .chain(few_values.then_some(MORE_OF_FEW_VALUES));
        for (processes, unknown_percent) in shapes {
            for wrong in [false, true] {
                let plan = Plan {
                    kind,
                    keys,
                    few_values,
                    processes,
                    unknown_percent,
                    wrong,
                    events,
                    seed,
                };
                let wrong_or_not = if wrong { "-wrong" } else { "" };
                let name = format!("{object}-{processes}p-{unknown_percent}u{wrong_or_not}");
                let streamed = (kind == Kind::Decree).then(|| format!("{name}-streamed"));
                cases.push(Case {
                    name,
                    plan,
                    streamed: false,
                });
                cases.extend(streamed.map(|name| Case {
                    name,
                    plan,
                    streamed: true,
                }));
            }
        }
    }
    cases
}
