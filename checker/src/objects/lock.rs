//! Locks that know their owner: a mutex, a reentrant one, and one that gives out fencing tokens. Free at first.
//!
//! The owner is the process, unless the argument of `acquire` and `release` says who it is. An owner releases what it
//! acquired; a reentrant lock it may acquire again, and releases as often. A fencing token is an integer, and
//! greater than every one before (Kleppmann, "How to do distributed locking", 2016).
//!
//! As long as each owner does one thing after another, its calls say how long it held the lock for certain, and
//! the holds are intervals: see [`holds`]. Where refusals count, or one owner does several things at a time, the general
//! search decides.
//!
//! What was acquired and released again by one owner can be left out of a legal order, both together, and all calls of
//! an owner: that is what makes counterexamples small ([`Lock::project`]). A refusal can rely on what others held, so
//! where one is part of the argument everything stays.
//!
//! Read next: [`holds`], then [`words`].

mod holds;
mod words;

use crate::proof::explain::Telling;
use crate::proof::wording::{plain, value};
use crate::search::{self, Judgement};
use crate::theory::{Exchange, Theory};
use crate::{Budget, CheckError, Object, Options};
use history::{History, Operation, Outcome, Value};
use rustc_hash::FxHashMap;

/// Who holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// A logical process.
    Process(u32),
    /// As the argument says.
    Named(Value),
}

/// What a lock is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    /// Whether it is acquired, or released.
    acquire: bool,
    owner: Owner,
}

/// What a lock answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    /// It is done.
    Done,
    /// It is acquired, with this fencing token. None is never right.
    Token(Option<i64>),
    /// It was held by another, or was not held by this one.
    Refused,
}

/// What a lock remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    owner: Option<Owner>,
    /// How often the owner has to release it.
    depth: u32,
    /// The last fencing token, or the least that it can be.
    token: i64,
}

/// A call of a lock.
type LockCall = crate::Call<Asked, Told>;

/// The object.
#[derive(Debug)]
pub(crate) struct Lock<'h, const REENTRANT: bool, const FENCED: bool> {
    history: &'h History,
    /// By function, whether it acquires.
    acquires: Vec<bool>,
    strict_fail: bool,
}

impl<const REENTRANT: bool, const FENCED: bool> Object for Lock<'_, REENTRANT, FENCED> {
    type Input = Asked;
    type Output = Told;
    type State = State;

    fn initial(&self) -> State {
        State {
            owner: None,
            depth: 0,
            token: i64::MIN,
        }
    }

    fn step(&self, state: &State, input: &Asked, output: Option<&Told>) -> Option<State> {
        let mut next = *state;
        let is_mine = state.owner == Some(input.owner);
        let can = match input.acquire {
            true => state.owner.is_none() || REENTRANT && is_mine,
            false => is_mine,
        };
        if !can {
            return output.is_none_or(|told| *told == Told::Refused).then_some(next);
        }
        if input.acquire {
            next.owner = Some(input.owner);
            next.depth += 1;
            if FENCED {
                next.token = match output {
                    Some(Told::Token(token)) => token.filter(|token| *token > state.token)?,
                    _ => state.token.checked_add(1)?,
                };
            }
        } else {
            next.depth -= 1;
            next.owner = state.owner.filter(|_| next.depth > 0);
        }
        (output != Some(&Told::Refused)).then_some(next)
    }

    fn search(&self, calls: &[LockCall], budget: &Budget) -> Judgement {
        self.judge_by(calls, budget).1
    }

    fn is_pure(&self, _: &Asked, output: Option<&Told>) -> bool {
        output == Some(&Told::Refused)
    }

    fn answer(&self, state: &State, input: &Asked) -> Option<Told> {
        if self.step(state, input, Some(&Told::Refused)).is_some() {
            return Some(Told::Refused);
        }
        (!FENCED || !input.acquire).then_some(Told::Done)
    }

    fn project(&self, core: &[&LockCall], others: &[&LockCall]) -> Vec<usize> {
        holds::project(core, others)
    }

    fn show_input(&self, input: &Asked) -> String {
        let f = if input.acquire { "acquire" } else { "release" };
        match input.owner {
            Owner::Process(_) => f.to_owned(),
            Owner::Named(name) => format!("{f}({})", value(&self.history.values, name)),
        }
    }

    fn show_state(&self, state: &State) -> Option<String> {
        let holder = match state.owner {
            None => return Some("free".to_owned()),
            Some(Owner::Process(process)) => format!("process {process}"),
            Some(Owner::Named(name)) => value(&self.history.values, name),
        };
        Some(match state.depth {
            0 | 1 => format!("held by {holder}"),
            depth => format!("held by {holder}, {depth} times"),
        })
    }

    fn show_output(&self, output: &Told) -> String {
        match output {
            Told::Done => "ok".to_owned(),
            Told::Token(Some(token)) => format!("token {token}"),
            Told::Token(None) => "no token".to_owned(),
            Told::Refused => "that it failed".to_owned(),
        }
    }

    fn tell(&self, name: &str, core: &[&LockCall]) -> Telling {
        words::tell(self, name, core)
    }

    fn why(&self, core: &[&LockCall], must_be_first: usize, then: usize) -> Option<String> {
        words::why(core[must_be_first], core[then])
    }
}

impl<'h, const REENTRANT: bool, const FENCED: bool> Theory<'h> for Lock<'h, REENTRANT, FENCED> {
    const ALGORITHM: &'static str = "lock, intervals";
    const FUNCTIONS: &'static [&'static str] = &["acquire", "release"];

    fn of(history: &'h History, options: &Options) -> Result<Self, CheckError> {
        Ok(Lock {
            history,
            acquires: history.functions.iter().map(|f| f == "acquire").collect(),
            strict_fail: options.strict_fail,
        })
    }

    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str> {
        let acquire = self.acquires[operation.f as usize];
        let owner = match operation.input {
            Value::NULL => Owner::Process(operation.process),
            name => Owner::Named(name),
        };
        let input = Asked { acquire, owner };
        Ok(match operation.outcome {
            Outcome::Ok if FENCED && acquire => {
                Some((input, Some(Told::Token(operation.output.as_integer()))))
            }
            Outcome::Ok => Some((input, Some(Told::Done))),
            Outcome::Info => Some((input, None)),
            Outcome::Fail if self.strict_fail => Some((input, Some(Told::Refused))),
            Outcome::Fail => None,
        })
    }

    fn judge_by(&self, calls: &[LockCall], budget: &Budget) -> (&'static str, Judgement) {
        let mut account = budget.account();
        if let Err(limit) = account.holds(size_of_val(calls)) {
            return (Self::ALGORITHM, Judgement::not_begun(limit, calls));
        }
        match holds::decide(calls, REENTRANT) {
            Some(judgement) => (Self::ALGORITHM, judgement),
            None => search::judge(self, calls, budget),
        }
    }

    fn argument(&self, operation: &Operation) -> Option<serde_json::Value> {
        let is_process = operation.input.is_null();
        is_process.then(|| format!("process {}", operation.process).into())
    }

    fn name(&self, history: &History, key: u32) -> String {
        match history.keys[key as usize].is_null() {
            true => "The lock".to_owned(),
            false => format!("Lock {}", plain(&history.key_name(key))),
        }
    }
}

/// The calls of each owner, in the order of their invocations.
fn by_owner<'a>(calls: impl Iterator<Item = &'a LockCall>) -> FxHashMap<Owner, Vec<u32>> {
    let mut owners: FxHashMap<Owner, Vec<u32>> = FxHashMap::default();
    for (call, place) in calls.zip(0u32..) {
        owners.entry(call.input.owner).or_default().push(place);
    }
    owners
}
