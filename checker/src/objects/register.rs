//! A register that is read, written, and compared and set; null at first.
//!
//! Where its values tell who wrote them it is decided by [`zones`], in the time that sorting takes; otherwise by [`beam`],
//! a frontier that knows what a register forgets.
//!
//! Read next: [`ledger`] for what both work on, [`words`] for how a contradiction is told, [`relevant`] for what can
//! matter to it.

pub(crate) mod beam;
pub(crate) mod ledger;
mod relevant;
mod words;
pub(crate) mod zones;

use crate::proof::explain::Telling;
use crate::proof::shrink;
use crate::proof::wording::value;
use crate::search::{self, Stuck};
use crate::theory::{Exchange, Theory};
use crate::{Budget, CallOf, CheckError, Judgement, Limit, Object, Options};
use beam::Recent;
use history::{History, Operation, Outcome, Value, Values};
use ledger::Ledger;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// So many calls are tried alone where few configurations do not get beyond an event.
const RECENT: [u32; 2] = [16, 64];

/// The object.
#[derive(Debug)]
pub struct Register<'h> {
    history: &'h History,
    /// The history's, and the elements of its arrays.
    values: Cow<'h, Values>,
    functions: Vec<Function>,
    /// The pairs of all compare-and-sets, by the value that holds them.
    pairs: FxHashMap<Value, (Value, Value)>,
    strict_fail: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Read,
    Write,
    Cas,
}

/// What a register is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// What is in it?
    Read,
    /// Put this in.
    Write(Value),
    /// If the first is in it, put the second in.
    Cas(Value, Value),
}

/// What a register answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// This is in it.
    Value(Value),
    /// It is done.
    Done,
    /// Something else was in it.
    Refused,
}

impl Object for Register<'_> {
    type Input = Asked;
    type Output = Told;
    type State = Value;

    fn initial(&self) -> Value {
        Value::NULL
    }

    fn step(&self, state: &Value, input: &Asked, output: Option<&Told>) -> Option<Value> {
        let (next, answer) = match input {
            Asked::Read => (*state, Told::Value(*state)),
            Asked::Write(value) => (*value, Told::Done),
            Asked::Cas(old, new) if old == state => (*new, Told::Done),
            Asked::Cas(..) => (*state, Told::Refused),
        };
        output.is_none_or(|told| *told == answer).then_some(next)
    }

    fn is_pure(&self, input: &Asked, output: Option<&Told>) -> bool {
        *input == Asked::Read || output == Some(&Told::Refused)
    }

    fn answer(&self, state: &Value, input: &Asked) -> Option<Told> {
        Some(match input {
            Asked::Read => Told::Value(*state),
            Asked::Cas(old, _) if old != state => Told::Refused,
            Asked::Write(_) | Asked::Cas(..) => Told::Done,
        })
    }

    fn show_input(&self, input: &Asked) -> String {
        let show = |it: &Value| value(&self.values, *it);
        match input {
            Asked::Read => "read".to_owned(),
            Asked::Write(new) => format!("write({})", show(new)),
            Asked::Cas(old, new) => format!("cas({}, {})", show(old), show(new)),
        }
    }

    fn show_state(&self, state: &Value) -> Option<String> {
        Some(match state.is_null() {
            true => "nothing".to_owned(),
            false => value(&self.values, *state),
        })
    }

    fn show_output(&self, output: &Told) -> String {
        match output {
            Told::Value(it) => value(&self.values, *it),
            Told::Done => "ok".to_owned(),
            Told::Refused => "that it compared in vain".to_owned(),
        }
    }

    fn search(&self, calls: &[CallOf<Self>], budget: &Budget) -> Judgement {
        self.judge_by(calls, budget).1
    }

    fn relevant(&self, core: &[&CallOf<Self>], free: &[&CallOf<Self>]) -> Vec<usize> {
        relevant::relevant(core, free)
    }

    fn tell(&self, name: &str, core: &[&CallOf<Self>]) -> Telling {
        words::tell(self, name, core)
    }

    fn why(&self, core: &[&CallOf<Self>], must_be_first: usize, then: usize) -> Option<String> {
        words::why(self, core, must_be_first, then)
    }
}

impl<'h> Theory<'h> for Register<'h> {
    const FUNCTIONS: &'static [&'static str] = &["read", "write", "cas"];

    fn of(history: &'h History, options: &Options) -> Result<Self, CheckError> {
        let functions = history.functions.iter().map(|f| match f.as_str() {
            "write" => Function::Write,
            "cas" => Function::Cas,
            _ => Function::Read,
        });
        let mut register = Register {
            history,
            values: Cow::Borrowed(&history.values),
            functions: functions.collect(),
            pairs: FxHashMap::default(),
            strict_fail: options.strict_fail,
        };
        for operation in &history.operations {
            if register.functions[operation.f as usize] == Function::Cas
                && !register.pairs.contains_key(&operation.input)
            {
                let elements = register.values.to_mut().elements(operation.input);
                let Some([old, new]) = elements.as_deref() else {
                    return Err(CheckError::Malformed {
                        event: operation.invoke,
                        problem: "the argument of a cas is [old, new]",
                    });
                };
                register.pairs.insert(operation.input, (*old, *new));
            }
        }
        Ok(register)
    }

    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str> {
        let f = self.functions[operation.f as usize];
        let input = self
            .asked(operation)
            .ok_or("the argument of a cas is [old, new]")?;
        Ok(match (operation.outcome, f) {
            (Outcome::Ok, Function::Read) => Some((input, Some(Told::Value(operation.output)))),
            (Outcome::Ok, _) => Some((input, Some(Told::Done))),
            (Outcome::Fail, Function::Cas) if self.strict_fail => Some((input, Some(Told::Refused))),
            (Outcome::Fail, _) => None,
            (Outcome::Info, _) => Some((input, None)),
        })
    }

    fn judge_by(&self, calls: &[CallOf<Self>], budget: &Budget) -> (&'static str, Judgement) {
        let Some(ledger) = Ledger::of(calls) else {
            return search::judge(self, calls, budget);
        };
        let recent = |begun| self.recent(calls, begun, budget);
        judge(&ledger, budget, &recent).unwrap_or_else(|| search::judge(self, calls, budget))
    }
}

impl Register<'_> {
    /// The last few of the first `begun` calls, if these have no order while all others may happen at any time or
    /// never.
    fn recent(&self, calls: &[CallOf<Self>], begun: u32, budget: &Budget) -> Option<Vec<u32>> {
        RECENT.into_iter().find_map(|few| {
            let kept: Vec<u32> = (begun.saturating_sub(few)..begun).collect();
            let mut weakened = shrink::free(self, calls, &kept);
            weakened.extend(kept.iter().map(|place| calls[*place as usize]));
            let ledger = Ledger::of(&weakened)?;
            let (_, judgement) = beam::judge(&ledger, budget, &|_| None)?;
            judgement.is_illegal().then_some(kept)
        })
    }

    /// What an operation asked; `None` where its argument makes no sense.
    fn asked(&self, operation: &Operation) -> Option<Asked> {
        Some(match self.functions[operation.f as usize] {
            Function::Read => Asked::Read,
            Function::Write => Asked::Write(operation.input),
            Function::Cas => {
                let (old, new) = *self.pairs.get(&operation.input)?;
                Asked::Cas(old, new)
            }
        })
    }
}

/// Judges a register by the best algorithm for its calls, and names it. `None` when that is the search for any object.
/// What `recent` is for, [`beam::judge`] says.
pub(crate) fn judge(
    ledger: &Ledger,
    budget: &Budget,
    recent: Recent<'_>,
) -> Option<(&'static str, Judgement)> {
    match zones::judge(ledger, &mut budget.account()) {
        Ok(Some(judgement)) => Some(("zones", judgement)),
        Ok(None) => beam::judge(ledger, budget, recent),
        Err(limit) => Some(("zones", Judgement::Unknown(stuck(ledger, limit)))),
    }
}

/// What can be said when a limit is reached before any call is placed.
fn stuck(ledger: &Ledger, limit: Limit) -> Stuck {
    Stuck {
        limit,
        placed: 0,
        of: ledger.entries.iter().filter(|entry| entry.is_required()).count(),
        event: 0,
        width: 0,
        open: Vec::new(),
        course: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
