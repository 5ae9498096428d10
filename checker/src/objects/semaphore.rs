//! A semaphore, and a mutex whose owner is not recorded: permits that are taken and given back, all free at first.
//!
//! Who gives a permit back does not matter, so a mutex is a semaphore of one permit. How many a semaphore has, the
//! history says: an operation `permits` with the number, for each key; it is not an operation on the semaphore.
//! `acquire` and `release` are about one permit, or about as many as their argument says.
//!
//! Calls about one permit each are decided just in time ([`greedy`]), also when thousands are of unknown outcome.
//! Where calls are about several permits, or refusals count and there is more than one permit, the general search
//! decides.
//!
//! A counterexample would be the whole history if everything else could happen at any time: a release of long ago could
//! explain any acquire. So what was long over is left out ([`Semaphore::project`]). Say that at some moment the calls that
//! are over, apart from at most as many acquires of the core as there are permits, are as many acquires as releases.
//! Without them a legal order stays legal: what else had happened by then was open at that moment, and can happen
//! there, after those acquires; an acquire whenever there is room, otherwise a release. This leads to the state that
//! there was.
//!
//! Read next: [`greedy`], then [`words`].

mod greedy;
mod words;

use crate::proof::explain::Telling;
use crate::search::{self, Judgement};
use crate::theory::{Exchange, Theory};
use crate::{Budget, CheckError, Object, Options};
use history::{History, Operation, Outcome};
use rustc_hash::FxHashMap;

/// What a semaphore is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    /// Whether permits are taken, or given back.
    acquire: bool,
    /// How many.
    count: u32,
    /// How many there are in all.
    permits: u32,
}

/// What a semaphore answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    /// It is done.
    Done,
    /// There were not enough permits to take, or to give back.
    Refused,
}

/// A call of a semaphore.
type SemaphoreCall = crate::Call<Asked, Told>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Acquire,
    Release,
    Permits,
}

/// The object. A mutex has one permit, and no operation that says so.
#[derive(Debug)]
pub(crate) struct Semaphore<'h, const MUTEX: bool> {
    history: &'h History,
    functions: Vec<Function>,
    /// By key.
    permits: FxHashMap<u32, u32>,
    strict_fail: bool,
}

impl<const MUTEX: bool> Object for Semaphore<'_, MUTEX> {
    type Input = Asked;
    type Output = Told;
    /// How many permits are taken.
    type State = u32;

    fn initial(&self) -> u32 {
        0
    }

    fn step(&self, taken: &u32, input: &Asked, output: Option<&Told>) -> Option<u32> {
        let next = match input.acquire {
            true => taken.checked_add(input.count).filter(|it| *it <= input.permits),
            false => taken.checked_sub(input.count),
        };
        let answer = next.map_or(Told::Refused, |_| Told::Done);
        output
            .is_none_or(|told| *told == answer)
            .then_some(next.unwrap_or(*taken))
    }

    fn search(&self, calls: &[SemaphoreCall], budget: &Budget) -> Judgement {
        self.judge_by(calls, budget).1
    }

    fn is_pure(&self, _: &Asked, output: Option<&Told>) -> bool {
        output == Some(&Told::Refused)
    }

    fn answer(&self, taken: &u32, input: &Asked) -> Option<Told> {
        self.step(taken, input, Some(&Told::Done))
            .map_or(Some(Told::Refused), |_| Some(Told::Done))
    }

    /// What was over before the latest moment at which it cancelled itself out.
    fn project(&self, core: &[&SemaphoreCall], others: &[&SemaphoreCall]) -> Vec<usize> {
        let over = cancelled_until(core, others);
        (0..others.len())
            .filter(|place| others[*place].complete > over)
            .collect()
    }

    /// Between two calls of the core, no more of them than there are permits can matter.
    fn relevant(&self, core: &[&SemaphoreCall], free: &[&SemaphoreCall]) -> Vec<usize> {
        let mut left: FxHashMap<Asked, usize> = FxHashMap::default();
        let mut is_useful = |call: &SemaphoreCall| {
            let most = core.len().saturating_mul(call.input.permits as usize);
            let left = left.entry(call.input).or_insert(most);
            let is_useful = *left > 0;
            *left = left.saturating_sub(1);
            is_useful
        };
        (0..free.len()).filter(|place| is_useful(free[*place])).collect()
    }

    fn show_input(&self, input: &Asked) -> String {
        let f = if input.acquire { "acquire" } else { "release" };
        match input.count {
            1 => f.to_owned(),
            count => format!("{f}({count})"),
        }
    }

    fn show_state(&self, taken: &u32) -> Option<String> {
        Some(format!("{taken} taken"))
    }

    fn show_output(&self, output: &Told) -> String {
        match output {
            Told::Done => "ok".to_owned(),
            Told::Refused => "that it failed".to_owned(),
        }
    }

    fn tell(&self, name: &str, core: &[&SemaphoreCall]) -> Telling {
        words::tell(self, name, core)
    }

    fn why(&self, core: &[&SemaphoreCall], must_be_first: usize, then: usize) -> Option<String> {
        words::why::<MUTEX>(core[must_be_first], core[then])
    }
}

/// Whether all calls can be decided just in time.
fn is_greedy(calls: &[SemaphoreCall]) -> bool {
    let fits = |call: &SemaphoreCall| {
        call.input.count == 1 && (call.input.permits == 1 || call.output != Some(Told::Refused))
    };
    calls.iter().all(fits)
}

/// The last completion up to which the other calls can be left out; 0 when none can.
fn cancelled_until(core: &[&SemaphoreCall], others: &[&SemaphoreCall]) -> u32 {
    let calls = || core.iter().chain(others);
    if calls().any(|call| call.input.count != 1) {
        return 0;
    }
    // A refusal can rely on what happened around its beginning.
    let refused = core.iter().filter(|call| call.output == Some(Told::Refused));
    let until = refused.map(|call| call.invoke).min().unwrap_or(u32::MAX);
    let mut ends: Vec<(u32, bool, &SemaphoreCall)> = core.iter().map(|it| (it.complete, true, *it)).collect();
    ends.extend(others.iter().map(|it| (it.complete, false, *it)));
    ends.retain(|(complete, ..)| *complete < until);
    ends.sort_unstable_by_key(|(complete, ..)| *complete);
    let (mut over, mut taken, mut kept) = (0, 0i64, 0);
    for (complete, is_core, call) in ends {
        match (is_core, call.input.acquire) {
            (true, true) if kept < call.input.permits => kept += 1,
            (true, _) => break,
            (false, true) => taken += 1,
            (false, false) => taken -= 1,
        }
        if taken == 0 {
            over = complete;
        }
    }
    over
}

impl<'h, const MUTEX: bool> Theory<'h> for Semaphore<'h, MUTEX> {
    const ALGORITHM: &'static str = match MUTEX {
        true => "mutex, just in time",
        false => "semaphore, just in time",
    };
    const FUNCTIONS: &'static [&'static str] = match MUTEX {
        true => &["acquire", "release"],
        false => &["acquire", "release", "permits"],
    };

    fn of(history: &'h History, options: &Options) -> Result<Self, CheckError> {
        let functions = history.functions.iter().map(|f| match f.as_str() {
            "acquire" => Function::Acquire,
            "release" => Function::Release,
            _ => Function::Permits,
        });
        let functions: Vec<Function> = functions.collect();
        let mut permits = FxHashMap::default();
        for operation in &history.operations {
            if functions[operation.f as usize] != Function::Permits {
                continue;
            }
            let number = operation.input.as_integer().or(operation.output.as_integer());
            let number = number.and_then(|it| u32::try_from(it).ok()).filter(|it| *it > 0);
            let malformed = |problem| CheckError::Malformed {
                event: operation.invoke,
                problem,
            };
            let number = number
                .ok_or_else(|| malformed("the argument of `permits` is how many there are, 1 or more"))?;
            if *permits.entry(operation.key).or_insert(number) != number {
                return Err(malformed(
                    "the number of permits changes; a semaphore has the same all the time",
                ));
            }
        }
        Ok(Semaphore {
            history,
            functions,
            permits,
            strict_fail: options.strict_fail,
        })
    }

    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str> {
        let acquire = match self.functions[operation.f as usize] {
            Function::Permits => return Ok(None),
            f => f == Function::Acquire,
        };
        let permits = match (MUTEX, self.permits.get(&operation.key)) {
            (true, _) => 1,
            (false, Some(permits)) => *permits,
            (false, None) => {
                return Err(
                    "nothing says how many permits there are; an operation `permits` with their number does",
                );
            }
        };
        let count = match operation.input.as_integer() {
            Some(count) if !MUTEX => u32::try_from(count)
                .ok()
                .filter(|count| *count > 0)
                .ok_or("the number of permits to acquire or release is 1 or more")?,
            _ => 1,
        };
        let input = Asked {
            acquire,
            count,
            permits,
        };
        Ok(match operation.outcome {
            Outcome::Ok => Some((input, Some(Told::Done))),
            Outcome::Info => Some((input, None)),
            Outcome::Fail if self.strict_fail => Some((input, Some(Told::Refused))),
            Outcome::Fail => None,
        })
    }

    fn judge_by(&self, calls: &[SemaphoreCall], budget: &Budget) -> (&'static str, Judgement) {
        match is_greedy(calls) {
            true => (Self::ALGORITHM, greedy::decide(calls, budget)),
            false => search::judge(self, calls, budget),
        }
    }

    fn name(&self, history: &History, key: u32) -> String {
        let what = if MUTEX { "lock" } else { "semaphore" };
        match history.keys[key as usize].is_null() {
            true => format!("The {what}"),
            false => format!(
                "{}{} {}",
                what[..1].to_uppercase(),
                &what[1..],
                crate::proof::wording::value(&history.values, history.keys[key as usize])
            ),
        }
    }
}
