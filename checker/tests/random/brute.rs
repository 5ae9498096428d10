//! The checker without any idea in it: every order is tried. It only remembers where it has failed before.

use crate::spec::{Answer, Spec};
use history::{History, Operation, Outcome};
use serde_json::Value;
use std::collections::HashSet;

/// An operation in JSON.
struct Told<'a> {
    f: &'a str,
    argument: Value,
    output: Value,
    outcome: Outcome,
    invoke: u32,
    complete: u32,
}

/// Whether the operations of each key have a legal order.
pub fn is_legal(spec: &dyn Spec, history: &History) -> bool {
    let keys = 0..history.keys.len() as u32;
    keys.into_iter().all(|key| {
        let strict = |operation: &&Operation| {
            operation.outcome != Outcome::Fail || spec.strict_fail() && compares(history, operation)
        };
        let of_key = history.operations.iter().filter(|operation| operation.key == key);
        let json = |value| serde_json::from_str::<Value>(&history.values.json(value)).unwrap();
        let told = of_key.filter(strict).map(|operation| Told {
            f: history.function_name(operation),
            argument: json(operation.input),
            output: json(operation.output),
            outcome: operation.outcome,
            invoke: operation.invoke,
            complete: operation.complete,
        });
        let mut trial = Trial {
            spec,
            operations: told.collect(),
            failed: HashSet::new(),
        };
        assert!(
            trial.operations.len() <= 32,
            "too many operations for brute force"
        );
        let mut initials = spec.initials().into_iter();
        initials.any(|initial| trial.goes_on(0, &initial))
    })
}

fn compares(history: &History, operation: &Operation) -> bool {
    ["cas", "acquire", "release"].contains(&history.function_name(operation))
}

struct Trial<'a> {
    spec: &'a dyn Spec,
    operations: Vec<Told<'a>>,
    /// What was placed, and the state then, from which nothing went on.
    failed: HashSet<(u32, Value)>,
}

impl Trial<'_> {
    /// Whether those that are not in the bit set `placed` can be placed from this state on.
    fn goes_on(&mut self, placed: u32, state: &Value) -> bool {
        let left = |place: &usize| placed >> place & 1 == 0;
        let left: Vec<usize> = (0..self.operations.len()).filter(left).collect();
        if left
            .iter()
            .all(|place| self.operations[*place].outcome == Outcome::Info)
        {
            return true;
        }
        for place in &left {
            let operation = &self.operations[*place];
            let blocks = |other: &usize| self.operations[*other].complete < operation.invoke;
            if left.iter().any(blocks) {
                continue;
            }
            let mut next = state.clone();
            let fits = match operation.outcome {
                Outcome::Ok => {
                    self.spec
                        .allows(&mut next, operation.f, &operation.argument, &operation.output)
                }
                Outcome::Fail => self.spec.apply(&mut next, operation.f, &operation.argument) == Answer::Fail,
                Outcome::Info => self.spec.unknown(&mut next, operation.f, &operation.argument),
            };
            let now = (placed | 1 << place, next);
            if fits && !self.failed.contains(&now) {
                if self.goes_on(now.0, &now.1) {
                    return true;
                }
                self.failed.insert(now);
            }
        }
        false
    }
}
