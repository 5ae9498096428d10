//! A number that is added to; 0 at first.
//!
//! Where everything adds the same amount, the value is the number of additions: a line of slots
//! ([`crate::search::slots`]), decided by one scan in O(n log n), however many outcomes are unknown. Otherwise bounds come
//! first: what a call was told is at least what had certainly been added when it began, with all that can
//! have been taken away, and at most the contrary. They only say no; the rest is searched.
//!
//! `inc` and `dec` are answered with the new value, or with null. So is `add`; but where all `add` of a history are answered
//! with null or with their own argument, that is an echo and says nothing of the value.
//!
//! Read next: `blame` for the calls that show that a value cannot be, `words` for how that is told, `sums` for how many additions
//! are missing.

mod blame;
mod sums;
mod words;

use crate::census::Census;
use crate::proof::explain::{self, Telling};
use crate::proof::shrink::{Core, distinct};
use crate::proof::wording::Setting;
use crate::search;
use crate::search::slots::{Entry, Line, Role, scan};
use crate::theory::{Exchange, Part, Theory};
use crate::{Budget, CallOf, CheckError, Judgement, Object, Options, Violation};
use history::{History, Operation, Outcome, Value};
use rustc_hash::FxHashMap;
use std::time::Instant;

/// The longest core that is shrunk further; one by bounds alone is as small as it can be, and may be long.
const SHRINK_MAX: usize = 24;

/// The object.
#[derive(Debug)]
pub struct Counter<'h> {
    history: &'h History,
    functions: Vec<Function>,
    /// Whether what `add` is answered is only its argument.
    echoes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Read,
    Add,
    Inc,
    Dec,
}

/// What a counter is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// How much is it?
    Read,
    /// Add this.
    Add(i128),
}

/// What a counter answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// It is now this.
    Value(i128),
    /// It is done.
    Done,
}

impl Object for Counter<'_> {
    type Input = Asked;
    type Output = Told;
    type State = i128;

    fn initial(&self) -> i128 {
        0
    }

    fn step(&self, value: &i128, input: &Asked, output: Option<&Told>) -> Option<i128> {
        let next = match input {
            Asked::Read => *value,
            Asked::Add(amount) => value.saturating_add(*amount),
        };
        match output {
            Some(Told::Value(told)) => (*told == next).then_some(next),
            Some(Told::Done) | None => Some(next),
        }
    }

    fn is_pure(&self, input: &Asked, _: Option<&Told>) -> bool {
        matches!(input, Asked::Read | Asked::Add(0))
    }

    fn answer(&self, value: &i128, input: &Asked) -> Option<Told> {
        self.step(value, input, None).map(Told::Value)
    }

    fn search(&self, calls: &[CallOf<Self>], budget: &Budget) -> Judgement {
        if let Some(amount) = amount_of_all(calls) {
            return match one_amount(calls, amount) {
                Ok(order) => Judgement::Legal { order },
                Err((call, by)) => Judgement::Illegal {
                    suspects: blame::same_amount(calls, amount, call, by),
                },
            };
        }
        match blame::bounds(calls) {
            Some(suspects) => Judgement::Illegal { suspects },
            None => search::search(self, calls, budget),
        }
    }

    fn around(&self, core: &[&CallOf<Self>], free: Vec<CallOf<Self>>) -> Vec<CallOf<Self>> {
        let told = core.iter().filter_map(|call| match call.output {
            Some(Told::Value(value)) => Some(value.unsigned_abs()),
            _ => None,
        });
        let farthest = told.max().unwrap_or(0);
        let adds = || core.iter().copied().chain(&free).filter_map(amount);
        if adds().any(|it| it < 0) && adds().any(|it| it > 0) {
            return free;
        }
        // Where nothing leads back, more than leads to the farthest answer is never seen.
        let mut times: FxHashMap<i128, u128> = FxHashMap::default();
        let mut few = free;
        few.retain(|call| {
            let Some(amount) = amount(call) else { return false };
            let used = times.entry(amount).or_insert(0);
            *used += 1;
            *used <= farthest / amount.unsigned_abs().max(1) + 1
        });
        few
    }

    fn show_input(&self, input: &Asked) -> String {
        match input {
            Asked::Read => "read".to_owned(),
            Asked::Add(amount) => format!("add({amount})"),
        }
    }

    fn show_state(&self, sum: &i128) -> Option<String> {
        Some(sum.to_string())
    }

    fn show_output(&self, output: &Told) -> String {
        match output {
            Told::Value(value) => value.to_string(),
            Told::Done => "ok".to_owned(),
        }
    }

    fn tell(&self, name: &str, core: &[&CallOf<Self>]) -> Telling {
        self.telling(name, core)
    }

    fn why(&self, core: &[&CallOf<Self>], must_be_first: usize, then: usize) -> Option<String> {
        words::clause(core, must_be_first, then)
    }
}

impl<'h> Theory<'h> for Counter<'h> {
    const ALGORITHM: &'static str = "counter, one scan";
    const FUNCTIONS: &'static [&'static str] = &["add", "inc", "dec", "read"];

    fn of(history: &'h History, _: &Options) -> Result<Self, CheckError> {
        let functions: Vec<Function> = history
            .functions
            .iter()
            .map(|f| match f.as_str() {
                "add" => Function::Add,
                "inc" => Function::Inc,
                "dec" => Function::Dec,
                _ => Function::Read,
            })
            .collect();
        let adds = history
            .operations
            .iter()
            .filter(|it| it.outcome == Outcome::Ok && functions[it.f as usize] == Function::Add);
        let mut echo = adds.map(|it| it.output.is_null() || it.output == it.input);
        Ok(Counter {
            history,
            echoes: echo.all(|it| it),
            functions,
        })
    }

    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str> {
        let f = self.functions[operation.f as usize];
        let amount = || match operation.input.is_null() {
            true => Ok(1),
            false => self
                .number(operation.input)
                .ok_or("what is added to a counter is an integer"),
        };
        let input = match f {
            Function::Read => Asked::Read,
            Function::Add | Function::Inc => Asked::Add(amount()?),
            Function::Dec => Asked::Add(-amount()?),
        };
        let told = match operation.outcome {
            Outcome::Fail => return Ok(None),
            Outcome::Info => None,
            Outcome::Ok if f != Function::Read && operation.output.is_null() => Some(Told::Done),
            Outcome::Ok if f == Function::Add && self.echoes => Some(Told::Done),
            Outcome::Ok => {
                let value = self.number(operation.output);
                Some(Told::Value(value.ok_or("a counter answers with an integer")?))
            }
        };
        Ok(Some((input, told)))
    }

    fn judge_by(&self, calls: &[CallOf<Self>], budget: &Budget) -> (&'static str, Judgement) {
        if amount_of_all(calls).is_some() {
            return ("counter, one scan", self.search(calls, budget));
        }
        match blame::bounds(calls) {
            Some(suspects) => ("counter, bounds", Judgement::Illegal { suspects }),
            None => search::judge(self, calls, budget),
        }
    }

    fn census(&self) -> Option<Census> {
        self.count()
    }

    fn explain(&self, part: &Part<'_, Self>, suspects: &[u32], budget: &Budget) -> Result<Violation, String> {
        let setting = Setting {
            history: Some(part.history),
            key: part.key,
            name: self.name(part.history, part.key),
        };
        let began = Instant::now();
        if suspects.len() > SHRINK_MAX && blame::is_proof(&part.calls, suspects) {
            let core = Core {
                members: suspects.to_vec(),
                answer_counts: vec![true; suspects.len()],
                steps: distinct(vec![part.calls.len(), suspects.len()]),
                checks: 0,
                minimal: true,
                ended_early: None,
            };
            return explain::tell(self, &setting, &part.calls, core, began);
        }
        explain::explain(self, &setting, &part.calls, suspects, budget)
    }
}

impl Counter<'_> {
    /// An integer of at most 60 bits or so, far from where sums of four thousand million of them end.
    fn number(&self, value: Value) -> Option<i128> {
        match value.as_integer() {
            Some(integer) => Some(i128::from(integer)),
            None => self
                .history
                .values
                .json(value)
                .parse::<i64>()
                .ok()
                .map(i128::from),
        }
    }
}

/// What a call adds; nothing for a read.
fn amount(call: &CallOf<Counter<'_>>) -> Option<i128> {
    match call.input {
        Asked::Read => None,
        Asked::Add(amount) => Some(amount),
    }
}

/// The amount that every update adds, where it is the same for all, and not 0.
fn amount_of_all(calls: &[CallOf<Counter<'_>>]) -> Option<i128> {
    let mut amounts = calls.iter().filter_map(amount);
    let first = amounts.next().unwrap_or(1);
    (first != 0 && amounts.all(|other| other == first)).then_some(first)
}

/// A legal order where everything adds the same amount; or who cannot be placed, and who took the counter too far.
fn one_amount(calls: &[CallOf<Counter<'_>>], amount: i128) -> Result<Vec<u32>, (u32, Option<u32>)> {
    let (mut entries, mut places) = (Vec::new(), Vec::new());
    for (call, place) in calls.iter().zip(0u32..) {
        let role = match (call.input, call.output) {
            (Asked::Read, None) => continue,
            (Asked::Add(_), None | Some(Told::Done)) => Role::Step(0),
            (input, Some(Told::Value(value))) => {
                let steps = value / amount;
                let least = i128::from(input != Asked::Read);
                if value % amount != 0 || steps < least {
                    return Err((place, None));
                }
                let steps = u32::try_from(steps).unwrap_or(u32::MAX);
                match input {
                    Asked::Read => Role::See(steps),
                    Asked::Add(_) => Role::StepTo(steps),
                }
            }
            (Asked::Read, Some(Told::Done)) => continue,
        };
        places.push(place);
        entries.push(Entry {
            role,
            invoke: call.invoke,
            complete: call.complete,
        });
    }
    match scan(&entries, Line::Same) {
        Ok(order) => Ok(order.into_iter().map(|entry| places[entry as usize]).collect()),
        Err(broken) => Err((
            places[broken.call as usize],
            broken.by.map(|by| places[by as usize]),
        )),
    }
}

#[cfg(test)]
mod tests;
