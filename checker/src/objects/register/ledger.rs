//! The calls of one register, small: what each does, with values as numbers.
//!
//! Read next: [`super::zones`] and [`super::beam`], which judge it.

use super::{Asked, Told};
use crate::Call;
use history::Value;
use rustc_hash::FxHashMap;

/// The number of the value that a register begins with.
pub const INITIAL: u32 = 0;

/// What a call does, if it takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Nothing that anybody could notice.
    Nothing,
    /// It finds this value.
    Read(u32),
    /// It puts this value in.
    Write(u32),
    /// It finds the first and puts the second in; the two differ.
    Cas(u32, u32),
    /// It finds anything but this value.
    Not(u32),
}

impl Act {
    /// The value that it has to find.
    pub fn finds(self) -> Option<u32> {
        match self {
            Act::Read(value) | Act::Cas(value, _) => Some(value),
            Act::Nothing | Act::Write(_) | Act::Not(_) => None,
        }
    }

    /// The value that it leaves, where it leaves one.
    pub fn leaves(self) -> Option<u32> {
        match self {
            Act::Write(value) | Act::Cas(_, value) => Some(value),
            Act::Nothing | Act::Read(_) | Act::Not(_) => None,
        }
    }
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it does.
    pub act: Act,
    /// The event of its invocation.
    pub invoke: u32,
    /// That of its completion; [`history::NEVER`] when it need not take effect.
    pub complete: u32,
}

impl Entry {
    /// Whether it certainly took effect.
    pub fn is_required(&self) -> bool {
        self.complete != history::NEVER
    }
}

/// All calls, at their places.
#[derive(Debug)]
pub struct Ledger {
    /// In the order of their invocations.
    pub entries: Vec<Entry>,
    /// How many values there are; they are numbered from [`INITIAL`].
    pub values: u32,
}

impl Ledger {
    /// The ledger of a register that is null at first; `None` when some answer does not belong to its question.
    pub fn of(calls: &[Call<Asked, Told>]) -> Option<Ledger> {
        let mut numbers = Numbers::of(calls.len());
        let mut entries = Vec::with_capacity(calls.len());
        for call in calls {
            // What need not take effect has told nobody anything.
            let output = call.output.filter(|_| call.is_required());
            let act = match (call.input, output) {
                (Asked::Read, None) => Act::Nothing,
                (Asked::Read, Some(Told::Value(value))) => Act::Read(numbers.get(value)),
                (Asked::Write(value), None | Some(Told::Done)) => Act::Write(numbers.get(value)),
                (Asked::Cas(old, new), output) => {
                    let (old, new) = (numbers.get(old), numbers.get(new));
                    match output {
                        None if old == new => Act::Nothing,
                        Some(Told::Done) if old == new => Act::Read(old),
                        None | Some(Told::Done) => Act::Cas(old, new),
                        Some(Told::Refused) => Act::Not(old),
                        Some(Told::Value(_)) => return None,
                    }
                }
                (Asked::Read | Asked::Write(_), Some(_)) => return None,
            };
            entries.push(Entry {
                act,
                invoke: call.invoke,
                complete: call.complete,
            });
        }
        Some(Ledger {
            entries,
            values: numbers.next,
        })
    }

    /// How many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }
}

/// Values by number: small integers in a table, all others in a map.
struct Numbers {
    small: Vec<u32>,
    others: FxHashMap<Value, u32>,
    next: u32,
}

impl Numbers {
    /// For about so many values.
    fn of(values: usize) -> Numbers {
        Numbers {
            small: vec![0; values * 2 + 16],
            others: FxHashMap::from_iter([(Value::NULL, INITIAL)]),
            next: INITIAL + 1,
        }
    }

    fn get(&mut self, value: Value) -> u32 {
        let small = value.as_integer().and_then(|n| usize::try_from(n).ok());
        let next = self.next;
        let number = match small.and_then(|n| self.small.get_mut(n)) {
            // Zero is nobody's here: the initial value is not an integer.
            Some(number) if *number == 0 => {
                *number = next;
                next
            }
            Some(number) => *number,
            None => *self.others.entry(value).or_insert(next),
        };
        self.next += u32::from(number == next);
        number
    }
}
