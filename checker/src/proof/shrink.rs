//! From an illegal history to the few calls that cannot all be right: by weakening only.
//!
//! A call is *kept* as it was, or weakened: what leaves the state as it is is dropped, and every other one may
//! happen at any time or never. That can only make a history more legal. So if the kept calls have no order, the
//! history has none; and when no call more can be weakened, the core is minimal.

use crate::object::is_pure;
use crate::{Budget, Call, CallOf, Judgement, Limit, Object, ShrinkEnd};
use history::NEVER;

/// How many calls are looked at in weakened histories before a core is left as large as it is. Where values repeat
/// thousands of times, hardly any call can be weakened: any of the others could stand in for it.
const LOOKS_MAX: usize = 2_000_000;

/// The calls that cannot all be right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Core {
    /// Places in the slice of calls, in the order of their invocations.
    pub members: Vec<u32>,
    /// Whether the answer of each counts, or only that it cannot take effect before its invocation.
    pub answer_counts: Vec<bool>,
    /// How many calls were kept: all, and then each time that pieces of one size had been weakened.
    pub steps: Vec<usize>,
    /// How many weakened histories were checked.
    pub checks: usize,
    /// Whether weakening any one further makes the rest legal.
    pub minimal: bool,
    /// What ended it before that was tried of each.
    pub ended_early: Option<ShrinkEnd>,
}

/// So many of the last suspects are tried alone first, then twice as many, and so on: a search that came to an event at
/// which nothing goes on suspects everything up to there, and mostly the last few are enough.
const LAST: usize = 16;

/// Shrinks the `suspects`, which have no legal order whatever the others do, as far as the budget goes.
pub fn shrink<O: Object>(object: &O, calls: &[CallOf<O>], suspects: &[u32], budget: &Budget) -> Core {
    let mut blamed = suspects.to_vec();
    blamed.sort_unstable();
    blamed.dedup();
    let mut effort = Effort::default();
    let Some(to_shrink) = budget.to_shrink() else {
        let whole = Shrinking::of(object, calls, budget, &mut effort);
        return whole.blaming(blamed, ShrinkEnd::NotWanted);
    };
    let mut kept = Vec::new();
    let mut steps = vec![calls.len()];
    let all = (0..calls.len() as u32).collect();
    // An algorithm that says too little is no reason to say nothing.
    for mut suspects in [blamed.clone(), all] {
        match Shrinking::of(object, calls, &to_shrink, &mut effort).last_few(&mut suspects) {
            Ok(true) => {
                kept = suspects;
                break;
            }
            Ok(false) => kept = suspects,
            Err(limit) => {
                let whole = Shrinking::of(object, calls, budget, &mut effort);
                return whole.blaming(blamed, limit.into());
            }
        }
    }
    // From here on only what can matter to these is looked at.
    let few: Vec<u32> = universe(object, calls, &kept);
    let calls: Vec<CallOf<O>> = few.iter().map(|place| calls[*place as usize].clone()).collect();
    let mut kept: Vec<u32> = (0..few.len() as u32)
        .filter(|place| kept.binary_search(&few[*place as usize]).is_ok())
        .collect();
    steps.push(kept.len());
    let mut shrinking = Shrinking::of(object, &calls, &to_shrink, &mut effort);
    let few_enough = shrinking.minimise(&mut kept, &mut steps);
    let (answer_counts, weak_enough) = shrinking.forget_answers(&kept);
    let ended_early = few_enough.and(weak_enough).err();
    Core {
        members: kept.into_iter().map(|place| few[place as usize]).collect(),
        answer_counts,
        steps: distinct(steps),
        checks: effort.checks,
        minimal: ended_early.is_none(),
        ended_early,
    }
}

/// Sizes on the way to a core. A step on which nothing could be weakened is none.
pub(crate) fn distinct(mut sizes: Vec<usize>) -> Vec<usize> {
    sizes.dedup();
    sizes
}

/// The calls that are not kept, as weak as they can be: without those that change nothing, and those that began when
/// all of the kept ones were over.
pub fn free<O: Object>(object: &O, calls: &[CallOf<O>], kept: &[u32]) -> Vec<CallOf<O>> {
    let places = free_places(object, calls, kept, over(calls, kept));
    places
        .map(|place| calls[place as usize].clone().weakened())
        .collect()
}

/// The same where real time does not count for everybody: also those that began when all of the kept ones were over.
pub(crate) fn free_at_any_time<O: Object>(object: &O, calls: &[CallOf<O>], kept: &[u32]) -> Vec<CallOf<O>> {
    let places = free_places(object, calls, kept, NEVER);
    places
        .map(|place| calls[place as usize].clone().weakened())
        .collect()
}

/// When the last of the kept calls that ended did so.
fn over<I, O>(calls: &[Call<I, O>], kept: &[u32]) -> u32 {
    let ends = kept.iter().map(|place| calls[*place as usize].complete);
    ends.filter(|complete| *complete != NEVER).max().unwrap_or(0)
}

/// The kept calls and those that are free beside them, in the order of their invocations.
fn universe<O: Object>(object: &O, calls: &[CallOf<O>], kept: &[u32]) -> Vec<u32> {
    let mut all: Vec<u32> = free_places(object, calls, kept, over(calls, kept))
        .chain(kept.iter().copied())
        .collect();
    all.sort_unstable();
    all
}

/// The places of those that began before `over`.
fn free_places<O: Object>(
    object: &O,
    calls: &[CallOf<O>],
    kept: &[u32],
    over: u32,
) -> impl Iterator<Item = u32> {
    let mut core: Vec<&CallOf<O>> = Vec::new();
    let mut others: Vec<u32> = Vec::new();
    let mut next = 0;
    for (place, call) in calls.iter().enumerate() {
        if kept.get(next).is_some_and(|it| *it as usize == place) {
            core.push(call);
            next += 1;
        } else if call.invoke < over && !is_pure(object, call) && !object.is_pure(&call.input, None) {
            others.push(place as u32);
        }
    }
    let whole: Vec<&CallOf<O>> = others.iter().map(|place| &calls[*place as usize]).collect();
    let others: Vec<u32> = object
        .project(&core, &whole)
        .into_iter()
        .map(|it| others[it])
        .collect();
    let weak: Vec<CallOf<O>> = others
        .iter()
        .map(|place| calls[*place as usize].clone().weakened())
        .collect();
    let views: Vec<&CallOf<O>> = weak.iter().collect();
    let relevant = object.relevant(&core, &views);
    relevant.into_iter().map(move |place| others[place])
}

struct Shrinking<'a, O: Object> {
    object: &'a O,
    calls: &'a [CallOf<O>],
    budget: &'a Budget,
    effort: &'a mut Effort,
}

/// What shrinking has cost.
#[derive(Debug, Default)]
struct Effort {
    /// Weakened histories.
    checks: usize,
    /// Calls in them.
    looks: usize,
}

impl<'a, O: Object> Shrinking<'a, O> {
    fn of(object: &'a O, calls: &'a [CallOf<O>], budget: &'a Budget, effort: &'a mut Effort) -> Self {
        Shrinking {
            object,
            calls,
            budget,
            effort,
        }
    }

    /// What is blamed, as it is. Where the others can explain it, or that cannot be told, everything: the whole has no legal
    /// order in any case, for that is the verdict.
    fn blaming(mut self, blamed: Vec<u32>, ended_by: ShrinkEnd) -> Core {
        let all = self.calls.len();
        let members = match self.is_illegal(&blamed) {
            Ok(true) => blamed,
            Ok(false) | Err(_) => (0..all as u32).collect(),
        };
        Core {
            answer_counts: vec![true; members.len()],
            steps: distinct(vec![all, members.len()]),
            members,
            checks: self.effort.checks,
            minimal: false,
            ended_early: Some(ended_by),
        }
    }

    /// Keeps as few of the last as have no legal order; `false` when even all of them have one.
    fn last_few(&mut self, kept: &mut Vec<u32>) -> Result<bool, Limit> {
        let mut few = LAST;
        loop {
            let rest = kept.len().saturating_sub(few);
            if self.is_illegal(&kept[rest..])? {
                kept.drain(..rest);
                return Ok(true);
            }
            if rest == 0 {
                return Ok(false);
            }
            few *= 2;
        }
    }

    fn is_illegal(&mut self, kept: &[u32]) -> Result<bool, Limit> {
        let core = kept.iter().map(|place| self.calls[*place as usize].clone());
        let core = core.collect();
        self.is_illegal_with(core, kept)
    }

    fn is_illegal_with(&mut self, core: Vec<CallOf<O>>, kept: &[u32]) -> Result<bool, Limit> {
        let mut weakened = free(self.object, self.calls, kept);
        weakened.extend(core);
        self.effort.checks += 1;
        self.effort.looks += weakened.len();
        weakened.sort_by_key(|call| call.invoke);
        match self.object.search(&weakened, self.budget) {
            Judgement::Illegal { .. } => Ok(true),
            Judgement::Legal { .. } => Ok(false),
            Judgement::Unknown(stuck) => Err(stuck.limit),
        }
    }

    /// Weakens pieces, half of it first, then ever smaller ones, until no single call can be weakened any more. Notes
    /// in `steps` how many are kept after each size of pieces.
    ///
    /// # Errors
    /// What ended it before it came to that end.
    fn minimise(&mut self, kept: &mut Vec<u32>, steps: &mut Vec<usize>) -> Result<(), ShrinkEnd> {
        let mut piece = kept.len().div_ceil(2);
        loop {
            let mut from = 0;
            let mut changed = false;
            while from < kept.len() && kept.len() > 1 {
                let mut rest = kept.clone();
                rest.drain(from..(from + piece).min(kept.len()));
                if self.effort.looks > LOOKS_MAX {
                    steps.push(kept.len());
                    return Err(ShrinkEnd::Steps);
                }
                match self.is_illegal(&rest) {
                    Ok(true) => {
                        *kept = rest;
                        changed = true;
                    }
                    Ok(false) => from += piece,
                    Err(limit) => {
                        steps.push(kept.len());
                        return Err(limit.into());
                    }
                }
            }
            steps.push(kept.len());
            match piece {
                0 | 1 if !changed => return Ok(()),
                0 | 1 => {}
                _ => piece = piece.div_ceil(2).min(kept.len().div_ceil(2)).max(1),
            }
        }
    }

    /// Of which of the kept calls the answer counts, and what ended it before that was tried of each. Of the others it is
    /// enough that they had not begun before.
    fn forget_answers(&mut self, kept: &[u32]) -> (Vec<bool>, Result<(), ShrinkEnd>) {
        let mut core: Vec<CallOf<O>> = kept
            .iter()
            .map(|place| self.calls[*place as usize].clone())
            .collect();
        let mut counts = vec![true; kept.len()];
        for place in 0..core.len() {
            if self.effort.looks > LOOKS_MAX {
                return (counts, Err(ShrinkEnd::Steps));
            }
            let strong = core[place].clone();
            core[place].output = None;
            core[place].complete = NEVER;
            match self.is_illegal_with(core.clone(), kept) {
                Ok(true) => counts[place] = false,
                Ok(false) => core[place] = strong,
                Err(limit) => return (counts, Err(limit.into())),
            }
        }
        (counts, Ok(()))
    }
}

#[cfg(test)]
mod tests;
