//! A register, and several of them, as the other checkers want them described, and histories in their types.

use checker::{Calls, Object};
use history::{History, NEVER, Outcome, Value};
use porcupine_rs::Operation;
use std::collections::BTreeMap;
use todc_utils::{Action, Specification};

/// What was done on one register.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    key: u32,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    Read(Value),
    Write(Value),
    /// Its outcome is known: it found the first value.
    Cas(Value, Value),
    /// Nobody knows whether it found it.
    PerhapsCas(Value, Value),
}

impl What {
    fn step(self, state: Value) -> (bool, Value) {
        match self {
            What::Read(value) => (value == state, state),
            What::Write(value) => (true, value),
            What::Cas(old, new) => (old == state, if old == state { new } else { state }),
            What::PerhapsCas(old, new) => (true, if old == state { new } else { state }),
        }
    }
}

impl porcupine_rs::Model for Asked {
    type State = Value;
    type Op = Asked;
    type Metadata = ();

    fn partition_operations(history: &[Operation<Self>]) -> Vec<Vec<Operation<Self>>> {
        let mut keys: BTreeMap<u32, Vec<Operation<Self>>> = BTreeMap::new();
        for operation in history {
            keys.entry(operation.op.key).or_default().push(operation.clone());
        }
        keys.into_values().collect()
    }

    fn init() -> Value {
        Value::NULL
    }

    fn step(state: &Value, asked: &Asked) -> (bool, Value) {
        asked.what.step(*state)
    }
}

impl Specification for Asked {
    type State = Value;
    type Operation = Asked;

    fn init() -> Value {
        Value::NULL
    }

    fn apply(asked: &Asked, state: &Value) -> (bool, Value) {
        asked.what.step(*state)
    }
}

/// A register that this checker does not know, as its user would describe one.
pub struct Own;

impl Object for Own {
    type Input = What;
    type Output = ();
    type State = Value;

    fn initial(&self) -> Value {
        Value::NULL
    }

    fn step(&self, state: &Value, what: &What, _: Option<&()>) -> Option<Value> {
        let (is_legal, next) = what.step(*state);
        is_legal.then_some(next)
    }

    fn is_pure(&self, what: &What, _: Option<&()>) -> bool {
        matches!(what, What::Read(_))
    }
}

/// A call or a response by process.
pub type Actions = Vec<(usize, Action<Asked>)>;

/// What took effect or may have: what it was, its process, and the events of its begin and its end.
fn took_effect(history: &History) -> impl Iterator<Item = (Asked, u32, u32, u32)> {
    let mut values = history.values.clone();
    history.operations.iter().filter_map(move |operation| {
        let pair = |values: &mut history::Values| {
            let pair = values.elements(operation.input).unwrap();
            (pair[0], pair[1])
        };
        let what = match (history.function_name(operation), operation.outcome) {
            ("read", Outcome::Ok) => What::Read(operation.output),
            ("write", Outcome::Ok | Outcome::Info) => What::Write(operation.input),
            ("cas", Outcome::Ok) => {
                let (old, new) = pair(&mut values);
                What::Cas(old, new)
            }
            ("cas", Outcome::Info) => {
                let (old, new) = pair(&mut values);
                What::PerhapsCas(old, new)
            }
            _ => return None,
        };
        let key = operation.key;
        let asked = Asked { key, what };
        Some((asked, operation.process, operation.invoke, operation.complete))
    })
}

/// A history as an object of one's own has it, one register after another.
pub fn calls(history: &History) -> Vec<Calls<What, ()>> {
    let mut keys: BTreeMap<u32, Vec<(u32, usize)>> = BTreeMap::new();
    let operations: Vec<(Asked, u32, u32, u32)> = took_effect(history).collect();
    for (number, (asked, _, invoke, complete)) in operations.iter().enumerate() {
        let events = keys.entry(asked.key).or_default();
        events.push((*invoke, number));
        events.extend((*complete != NEVER).then_some((*complete, number)));
    }
    let in_order = |mut events: Vec<(u32, usize)>| {
        events.sort_unstable();
        let (mut calls, mut open) = (Calls::new(), BTreeMap::new());
        for (_, number) in events {
            match open.remove(&number) {
                Some(call) => calls.ok(call, ()),
                None => {
                    open.insert(number, calls.invoke(operations[number].0.what));
                }
            }
        }
        calls
    };
    keys.into_values().map(in_order).collect()
}

/// A history as `porcupine-rs` wants it. What has no end ends after everything else.
pub fn operations(history: &History) -> Vec<Operation<Asked>> {
    took_effect(history)
        .map(|(op, process, invoke, complete)| Operation {
            client_id: Some(process),
            call_time: i64::from(invoke),
            return_time: i64::from(complete),
            op,
            metadata: None,
        })
        .collect()
}

/// A history as `todc-utils` wants it, one register after another.
pub fn actions(history: &History) -> Vec<Actions> {
    let mut keys: BTreeMap<u32, Vec<(u32, u32, Action<Asked>)>> = BTreeMap::new();
    for (asked, process, invoke, complete) in took_effect(history) {
        let events = keys.entry(asked.key).or_default();
        events.push((invoke, process, Action::Call(asked)));
        // What never ended comes last: its completion is the greatest number, `NEVER`.
        events.push((complete, process, Action::Response(asked)));
    }
    let in_order = |mut events: Vec<(u32, u32, Action<Asked>)>| {
        events.sort_by_key(|(event, ..)| *event);
        let events = events.into_iter();
        events
            .map(|(_, process, action)| (process as usize, action))
            .collect()
    };
    keys.into_values().map(in_order).collect()
}
