//! The objects that generated histories are about: what a client asks, and what a correct object answers.
//!
//! Whether and when a call takes effect, `histories` decides. Nothing here knows the checker, whose own models these
//! are to be compared with.

use checker::Model;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// How many values there are where they are written over and over.
const FEW: i64 = 5;
/// A value that nobody writes but the client that will be told something wrong.
const RESERVED: i64 = FEW;
/// How many elements a set may have.
const ELEMENTS: i64 = 100;
/// From here on a queue is only taken from, so that generating needs no more memory for more events.
const QUEUE_MAX: usize = 1000;

/// The kinds of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `propose` and `read`.
    Decree,
    /// `read` and `write`.
    Register,
    /// `read`, `write` and `cas`.
    CasRegister,
    /// `enqueue` and `dequeue`.
    Queue,
    /// `add`, `remove` and `contains`, of a hundred elements.
    Set,
}

impl Kind {
    /// The model that its histories are checked against.
    pub fn model(self) -> Model {
        match self {
            Kind::Decree => Model::Decree,
            Kind::Register | Kind::CasRegister => Model::CasRegister,
            Kind::Queue => Model::Queue,
            Kind::Set => Model::Set,
        }
    }
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function.
    pub f: &'static str,
    /// The number of the object.
    pub key: usize,
    /// The argument.
    pub argument: Value,
}

/// What it is told: `None` for a comparison that failed.
pub type Answer = Option<Value>;

/// All objects of a history.
#[derive(Debug)]
pub struct Objects {
    kind: Kind,
    /// Whether a register's values come from five, and are not written once.
    few_values: bool,
    states: Vec<State>,
    last_value: i64,
}

#[derive(Clone, Debug)]
enum State {
    /// Of a decree or a register.
    Cell(Option<i64>),
    Queue(VecDeque<i64>),
    /// A bit for each element.
    Set(u128),
}

impl Objects {
    /// So many objects, as they are at first.
    pub fn new(kind: Kind, keys: usize, few_values: bool) -> Objects {
        let state = match kind {
            Kind::Decree | Kind::Register | Kind::CasRegister => State::Cell(None),
            Kind::Queue => State::Queue(VecDeque::new()),
            Kind::Set => State::Set(0),
        };
        Objects {
            kind,
            few_values,
            states: vec![state; keys],
            last_value: 0,
        }
    }

    fn unique(&mut self) -> i64 {
        self.last_value += 1;
        self.last_value
    }

    fn value(&mut self, random: &mut ChaCha8Rng) -> i64 {
        match self.few_values {
            true => random.random_range(0..FEW),
            false => self.unique(),
        }
    }

    /// What a client asks for next.
    pub fn draw(&mut self, random: &mut ChaCha8Rng) -> Call {
        let key = random.random_range(0..self.states.len());
        let side = random.random_range(0..4);
        let (f, argument) = match (self.kind, side) {
            (Kind::Decree, 0 | 1) => ("propose", json!(self.unique())),
            (Kind::Decree | Kind::Register | Kind::CasRegister, 2 | 3) => ("read", Value::Null),
            (Kind::CasRegister, 0) => match self.states[key] {
                // What is there now is the likeliest to be there when it compares.
                State::Cell(Some(old)) => ("cas", json!([old, self.value(random)])),
                _ => ("write", json!(self.value(random))),
            },
            (Kind::Queue, 0 | 1) if self.length(key) < QUEUE_MAX => ("enqueue", json!(self.unique())),
            (Kind::Queue, _) => ("dequeue", Value::Null),
            (Kind::Set, 0) => ("add", json!(random.random_range(0..ELEMENTS))),
            (Kind::Set, 1) => ("remove", json!(random.random_range(0..ELEMENTS))),
            (Kind::Set, _) => ("contains", json!(random.random_range(0..ELEMENTS))),
            _ => ("write", json!(self.value(random))),
        };
        Call { f, key, argument }
    }

    fn length(&self, key: usize) -> usize {
        match &self.states[key] {
            State::Queue(queue) => queue.len(),
            State::Cell(_) | State::Set(_) => 0,
        }
    }

    /// Lets a call take effect, and says what its client is told.
    pub fn apply(&mut self, call: &Call) -> Answer {
        let number = call.argument.as_i64();
        match (&mut self.states[call.key], call.f) {
            (State::Cell(cell), "propose") => Some(json!(*cell.get_or_insert(number?))),
            (State::Cell(cell), "write") => {
                *cell = number;
                Some(call.argument.clone())
            }
            (State::Cell(cell), "cas") => {
                if cell.is_none() || *cell != call.argument[0].as_i64() {
                    return None;
                }
                *cell = call.argument[1].as_i64();
                Some(call.argument.clone())
            }
            (State::Cell(cell), _) => Some(json!(*cell)),
            (State::Queue(queue), "enqueue") => {
                queue.extend(number);
                Some(call.argument.clone())
            }
            (State::Queue(queue), _) => Some(json!(queue.pop_front())),
            (State::Set(bits), f) => {
                let bit = 1u128 << number?;
                let was_in = *bits & bit != 0;
                let answer = match f {
                    "add" => {
                        *bits |= bit;
                        !was_in
                    }
                    "remove" => {
                        *bits &= !bit;
                        was_in
                    }
                    _ => was_in,
                };
                Some(json!([number, answer]))
            }
        }
    }

    /// What the client asks for that will be told something wrong, one call after the other, and the wrong answer with
    /// the last. It is wrong whatever else happens, and whatever became of calls of unknown outcome:
    ///
    /// - a decree is decided for a proposal that came after an answer with another;
    /// - a register has a value that one client wrote once, and overwrote before it read;
    /// - an element comes out of a queue a second time;
    /// - an element that was added, and that nobody removes, is not in the set.
    ///
    /// `last` is what the call before was told. To be asked again with step 0 when there is no step 1.
    pub fn wrong(&mut self, step: u32, last: &Value) -> Wrong {
        let call = |f, argument| Call { f, key: 0, argument };
        let special = if self.few_values { RESERVED } else { 0 };
        match (self.kind, step) {
            (Kind::Decree, 0) => Wrong::Prepare(call("propose", json!(self.unique()))),
            (Kind::Decree, _) => {
                let own = json!(self.unique());
                Wrong::Answer(call("propose", own.clone()), own)
            }
            // Where values are written once, numbers begin at 1, so that 0 is free.
            (Kind::Register | Kind::CasRegister, 0) => Wrong::Prepare(call("write", json!(special))),
            (Kind::Register | Kind::CasRegister, 1) => {
                let next = if self.few_values { 0 } else { self.unique() };
                Wrong::Prepare(call("write", json!(next)))
            }
            (Kind::Register | Kind::CasRegister, _) => {
                Wrong::Answer(call("read", Value::Null), json!(special))
            }
            (Kind::Queue, 0) => Wrong::Prepare(call("dequeue", Value::Null)),
            (Kind::Queue, _) if last.is_null() => Wrong::Again,
            (Kind::Queue, _) => Wrong::Answer(call("dequeue", Value::Null), last.clone()),
            (Kind::Set, 0) => Wrong::Prepare(call("add", json!(ELEMENTS))),
            (Kind::Set, _) => Wrong::Answer(call("contains", json!(ELEMENTS)), json!([ELEMENTS, false])),
        }
    }
}

/// A step on the way to a wrong answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Wrong {
    /// A call that is answered as it should be.
    Prepare(Call),
    /// The call, and the wrong answer.
    Answer(Call, Value),
    /// From the beginning: what was needed was not there.
    Again,
}
