//! From an illegal history to the few calls that cannot all be right: by weakening only.
//!
//! A call is *kept* as it was, or weakened: what leaves the state as it is is dropped, and every other one may
//! happen at any time or never. That can only make a history more legal. So if the kept calls have no order, the
//! history has none; and when no call more can be weakened, the core is minimal.

use crate::object::is_pure;
use crate::search::Judgement;
use crate::{Budget, CallOf, Limit, Object};
use history::NEVER;

/// The calls that cannot all be right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Core {
    /// Places in the slice of calls, in the order of their invocations.
    pub members: Vec<u32>,
    /// Whether the answer of each counts, or only that it cannot take effect before its invocation.
    pub answer_counts: Vec<bool>,
    /// How many weakened histories were checked.
    pub checks: usize,
    /// Whether weakening any one further makes the rest legal.
    pub minimal: bool,
}

/// Shrinks the `suspects`, which have no legal order whatever the others do.
///
/// # Errors
/// A limit was reached before even one smaller core was known.
pub fn shrink<O: Object>(
    object: &O,
    calls: &[CallOf<O>],
    suspects: &[u32],
    budget: &Budget,
) -> Result<Core, Limit> {
    let mut shrinking = Shrinking {
        object,
        calls,
        budget,
        checks: 0,
    };
    let mut kept = suspects.to_vec();
    kept.sort_unstable();
    kept.dedup();
    if !shrinking.is_illegal(&kept)? {
        // An algorithm that says too little is no reason to say nothing.
        kept = (0..calls.len() as u32).collect();
    }
    let minimal = shrinking.minimise(&mut kept);
    let answer_counts = shrinking.forget_answers(&kept);
    Ok(Core {
        members: kept,
        answer_counts,
        checks: shrinking.checks,
        minimal,
    })
}

/// The calls that are not kept, as weak as they can be: without those that change nothing, and those that began when
/// all of the kept ones were over.
pub fn free<O: Object>(object: &O, calls: &[CallOf<O>], kept: &[u32]) -> Vec<CallOf<O>> {
    let mut core: Vec<&CallOf<O>> = Vec::new();
    let ends = kept.iter().map(|place| calls[*place as usize].complete);
    let over = ends.filter(|complete| *complete != NEVER).max().unwrap_or(0);
    let mut others: Vec<&CallOf<O>> = Vec::new();
    let mut next = 0;
    for (place, call) in calls.iter().enumerate() {
        if kept.get(next).is_some_and(|it| *it as usize == place) {
            core.push(call);
            next += 1;
        } else if call.invoke < over && !is_pure(object, call) && !object.is_pure(&call.input, None) {
            others.push(call);
        }
    }
    let others: Vec<CallOf<O>> = object
        .project(&core, &others)
        .into_iter()
        .map(|place| others[place].clone().weakened())
        .collect();
    let views: Vec<&CallOf<O>> = others.iter().collect();
    let relevant = object.relevant(&core, &views);
    relevant.into_iter().map(|place| others[place].clone()).collect()
}

struct Shrinking<'a, O: Object> {
    object: &'a O,
    calls: &'a [CallOf<O>],
    budget: &'a Budget,
    checks: usize,
}

impl<O: Object> Shrinking<'_, O> {
    fn is_illegal(&mut self, kept: &[u32]) -> Result<bool, Limit> {
        let core = kept.iter().map(|place| self.calls[*place as usize].clone());
        let core = core.collect();
        self.is_illegal_with(core, kept)
    }

    fn is_illegal_with(&mut self, core: Vec<CallOf<O>>, kept: &[u32]) -> Result<bool, Limit> {
        self.checks += 1;
        let mut weakened = free(self.object, self.calls, kept);
        weakened.extend(core);
        weakened.sort_by_key(|call| call.invoke);
        match self.object.search(&weakened, self.budget) {
            Judgement::Illegal { .. } => Ok(true),
            Judgement::Legal { .. } => Ok(false),
            Judgement::Unknown(stuck) => Err(stuck.limit),
        }
    }

    /// Weakens pieces, half of it first, then ever smaller ones, until no single call can be weakened any more. Says
    /// whether it came to that end.
    fn minimise(&mut self, kept: &mut Vec<u32>) -> bool {
        let mut piece = kept.len().div_ceil(2);
        loop {
            let mut from = 0;
            let mut changed = false;
            while from < kept.len() && kept.len() > 1 {
                let mut rest = kept.clone();
                rest.drain(from..(from + piece).min(kept.len()));
                match self.is_illegal(&rest) {
                    Ok(true) => {
                        *kept = rest;
                        changed = true;
                    }
                    Ok(false) => from += piece,
                    Err(_) => return false,
                }
            }
            match piece {
                0 | 1 if !changed => return true,
                0 | 1 => {}
                _ => piece = piece.div_ceil(2).min(kept.len().div_ceil(2)).max(1),
            }
        }
    }

    /// Of which of the kept calls the answer counts. Of the others it is enough that they had not begun before.
    fn forget_answers(&mut self, kept: &[u32]) -> Vec<bool> {
        let mut core: Vec<CallOf<O>> = kept
            .iter()
            .map(|place| self.calls[*place as usize].clone())
            .collect();
        let mut counts = vec![true; kept.len()];
        for place in 0..core.len() {
            let strong = core[place].clone();
            core[place].output = None;
            core[place].complete = NEVER;
            match self.is_illegal_with(core.clone(), kept) {
                Ok(true) => counts[place] = false,
                Ok(false) | Err(_) => core[place] = strong,
            }
        }
        counts
    }
}
