//! Several registers that are read and written together, by transactions.
//!
//! A transaction is a list of reads and writes, done one after another and all at one moment. What the registers held
//! before the history began nobody says: a register holds what the first to read it is told. So a read can change what
//! is known, and may not take effect as soon as it fits. But where a value was seen before anybody had begun to write
//! it, the register must have held it from the start; with that much known, most reads only look.
//!
//! Each register alone is one that [`super::register`] can judge: when its part has no legal order, the whole has
//! none. Otherwise the search for any object decides.
//!
//! Read next: [`transactions`] for how histories write them down.

mod transactions;

use super::register::{self, ledger};
use crate::proof::wording::value;
use crate::search;
use crate::theory::{Exchange, Theory};
use crate::{Budget, CallOf, CheckError, Judgement, Object, Options};
use history::{History, Operation, Outcome, Value, Values};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::sync::Arc;
use transactions::Transactions;

/// One read or write of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// What is in this register?
    Read(u32),
    /// Put this in.
    Write(u32, Value),
}

/// A transaction: what is asked.
pub type Asked = Arc<[Step]>;
/// What its reads are told, in their order.
pub type Told = SmallVec<[Value; 2]>;

/// The object.
#[derive(Clone, Debug)]
pub struct MultiRegister {
    transactions: Arc<Transactions>,
    values: Arc<Values>,
    /// By register, what it holds at first, where that is known.
    initial: Vec<Option<Value>>,
}

impl Object for MultiRegister {
    type Input = Asked;
    type Output = Told;
    /// By register, its value; nothing where nobody knows it yet.
    type State = SmallVec<[Option<Value>; 4]>;

    fn initial(&self) -> Self::State {
        self.initial.iter().copied().collect()
    }

    fn step(&self, state: &Self::State, input: &Asked, output: Option<&Told>) -> Option<Self::State> {
        let mut next = state.clone();
        let mut told = output.map(|told| told.iter());
        for step in input.iter() {
            match *step {
                Step::Write(register, value) => next[register as usize] = Some(value),
                Step::Read(register) => {
                    if let Some(told) = &mut told {
                        let told = *told.next()?;
                        if *next[register as usize].get_or_insert(told) != told {
                            return None;
                        }
                    }
                }
            }
        }
        Some(next)
    }

    fn is_pure(&self, input: &Asked, output: Option<&Told>) -> bool {
        // A read of what nobody knows says what it was.
        input.iter().all(|step| match *step {
            Step::Read(register) => output.is_none() || self.initial[register as usize].is_some(),
            Step::Write(..) => false,
        })
    }

    fn state_bytes(&self, state: &Self::State) -> usize {
        let heap = if state.spilled() {
            state.capacity() * size_of::<Option<Value>>()
        } else {
            0
        };
        size_of::<Self::State>() + heap
    }

    /// A write that nobody of the core sees is not needed, and before each of those nothing is needed twice.
    fn relevant(&self, core: &[&CallOf<Self>], free: &[&CallOf<Self>]) -> Vec<usize> {
        let mut seen: FxHashSet<(u32, Value)> = FxHashSet::default();
        for call in core {
            seen.extend(reads(call));
        }
        let mut counts: FxHashMap<&Asked, usize> = FxHashMap::default();
        let mut matters = |call: &'_ &CallOf<Self>, asked| {
            let is_seen = |step: &Step| matches!(*step, Step::Write(register, value) if seen.contains(&(register, value)));
            let count = counts.entry(asked).or_default();
            *count += 1;
            *count <= core.len() && call.input.iter().any(is_seen)
        };
        let places = free.iter().enumerate();
        places
            .filter_map(|(place, call)| matters(call, &call.input).then_some(place))
            .collect()
    }

    fn show_input(&self, input: &Asked) -> String {
        let show = |step: &Step| match *step {
            Step::Read(register) => {
                format!("read {}", self.transactions.register_name(register, &self.values))
            }
            Step::Write(register, new) => format!(
                "{} := {}",
                self.transactions.register_name(register, &self.values),
                value(&self.values, new)
            ),
        };
        input.iter().map(show).collect::<Vec<_>>().join(", ")
    }

    fn show_state(&self, state: &Self::State) -> Option<String> {
        const SHOWN_MAX: usize = 8;
        let known = state
            .iter()
            .zip(0u32..)
            .filter_map(|(it, register)| Some((register, (*it)?)));
        let mut names: Vec<String> = known
            .take(SHOWN_MAX + 1)
            .map(|(register, it)| {
                let name = self.transactions.register_name(register, &self.values);
                format!("{name} = {}", value(&self.values, it))
            })
            .collect();
        if names.len() > SHOWN_MAX {
            names[SHOWN_MAX] = "…".to_owned();
        }
        Some(match names.is_empty() {
            true => "nothing known".to_owned(),
            false => names.join(", "),
        })
    }

    fn show_output(&self, output: &Told) -> String {
        match output.is_empty() {
            true => "ok".to_owned(),
            false => {
                let told = output.iter().map(|told| value(&self.values, *told));
                told.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// What a call saw that it had not written itself, by register.
fn reads(call: &CallOf<MultiRegister>) -> SmallVec<[(u32, Value); 4]> {
    let mut own: SmallVec<[u32; 4]> = SmallVec::new();
    let mut seen = SmallVec::new();
    let mut told = call.output.iter().flatten();
    for step in call.input.iter() {
        match *step {
            Step::Write(register, _) => own.push(register),
            Step::Read(register) => {
                let told = told.next().copied();
                seen.extend(
                    told.filter(|_| !own.contains(&register))
                        .map(|told| (register, told)),
                );
            }
        }
    }
    seen
}

impl<'h> Theory<'h> for MultiRegister {
    const FUNCTIONS: &'static [&'static str] = &["txn"];

    fn of(history: &'h History, _: &Options) -> Result<Self, CheckError> {
        let mut values = history.values.clone();
        let transactions = Transactions::of(history, &mut values)?;
        Ok(MultiRegister {
            initial: vec![None; transactions.registers()],
            transactions: Arc::new(transactions),
            values: Arc::new(values),
        })
    }

    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str> {
        let Some(asked) = self.transactions.asked(operation.input) else {
            return Err("a transaction is [[\"read\", register, null], [\"write\", register, value], ...]");
        };
        Ok(match operation.outcome {
            Outcome::Fail => None,
            Outcome::Info => Some((asked, None)),
            Outcome::Ok => {
                let told = self.transactions.told(&asked, operation.output);
                Some((
                    asked,
                    Some(told.ok_or("a transaction is answered with itself, what was read filled in")?),
                ))
            }
        })
    }

    fn judge_by(&self, calls: &[CallOf<Self>], budget: &Budget) -> (&'static str, Judgement) {
        let known = MultiRegister {
            initial: self.beginnings(calls),
            ..self.clone()
        };
        for register in 0..known.initial.len() as u32 {
            if let Some((places, ledger)) = known.alone(register, calls)
                && let Some((_, Judgement::Illegal { suspects })) =
                    register::judge(&ledger, budget, &|_| None)
            {
                let suspects = suspects.into_iter().map(|place| places[place as usize]).collect();
                return ("registers one by one", Judgement::Illegal { suspects });
            }
        }
        search::judge(&known, calls, budget)
    }
}

impl MultiRegister {
    /// By register, what it held before anybody had written that, if that was seen.
    fn beginnings(&self, calls: &[CallOf<Self>]) -> Vec<Option<Value>> {
        let mut written: FxHashMap<(u32, Value), u32> = FxHashMap::default();
        for call in calls {
            for step in call.input.iter() {
                if let Step::Write(register, value) = *step {
                    let first = written.entry((register, value)).or_insert(call.invoke);
                    *first = (*first).min(call.invoke);
                }
            }
        }
        // Of several, which cannot all be right, that which was seen first.
        let mut found: Vec<Option<(u32, Value)>> = vec![None; self.initial.len()];
        for call in calls {
            for (register, value) in reads(call) {
                if written
                    .get(&(register, value))
                    .is_none_or(|first| *first > call.complete)
                {
                    let place = &mut found[register as usize];
                    let this = (call.complete, value);
                    *place = Some(place.map_or(this, |other| other.min(this)));
                }
            }
        }
        let known = found.into_iter().map(|it| it.map(|(_, value)| value));
        known.collect()
    }

    /// What was done with one register: the places of those calls, and what they are as calls of it alone. `None` where
    /// nobody knows what it held at first.
    fn alone(&self, register: u32, calls: &[CallOf<Self>]) -> Option<(Vec<u32>, ledger::Ledger)> {
        let mut numbers = FxHashMap::from_iter([(self.initial[register as usize]?, ledger::INITIAL)]);
        let mut number = |value: Value| {
            let next = numbers.len() as u32;
            *numbers.entry(value).or_insert(next)
        };
        let (mut places, mut entries) = (Vec::new(), Vec::new());
        for (call, place) in calls.iter().zip(0u32..) {
            let seen = reads(call).into_iter().find(|(other, _)| *other == register);
            let left = call.input.iter().rev().find_map(|step| match *step {
                Step::Write(other, value) if other == register => Some(value),
                Step::Write(..) | Step::Read(_) => None,
            });
            let act = match (seen.map(|(_, value)| number(value)), left.map(&mut number)) {
                (None, None) => continue,
                (Some(old), Some(new)) if old != new => ledger::Act::Cas(old, new),
                (Some(old), _) => ledger::Act::Read(old),
                (None, Some(new)) => ledger::Act::Write(new),
            };
            places.push(place);
            entries.push(ledger::Entry {
                act,
                invoke: call.invoke,
                complete: call.complete,
            });
        }
        let values = numbers.len() as u32;
        Some((places, ledger::Ledger { entries, values }))
    }
}

#[cfg(test)]
mod tests;
