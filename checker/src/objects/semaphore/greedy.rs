//! Permits one by one, just in time: nothing takes effect before something has to.
//!
//! A call takes effect when it is over, and not before, unless another needs it: an acquire for which there is no
//! room needs a release, a release for which nothing is taken an acquire; then the open one that has to be over
//! first, and one of unknown outcome when there is no other. This is exact: all acquires do the same, and so do all
//! releases, so what counts is how many of each have happened by when. What has to have happened by a moment is
//! bounded from below only (by what is over, and by the room), the least numbers that satisfy all bounds exist, and
//! waiting gives these. What has not happened yet can still happen as long as it is open.
//!
//! With one permit, that a call failed says that the lock was taken (or free) at some moment of it. Waiting does not
//! miss such a moment: as long as it does not come, nothing happens, and when the call is over one more step makes
//! it, if anything can. With more permits that is not so.

use super::{SemaphoreCall, Told};
use crate::budget::Account;
use crate::search::{Judgement, Stuck};
use crate::{Budget, Limit};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// After how many calls the budget is asked.
const STEPS_PER_LOOK: usize = 4096;

/// Whether calls about one permit each have a legal order.
pub(super) fn decide(calls: &[SemaphoreCall], budget: &Budget) -> Judgement {
    let mut account = budget.account();
    let mut sweep = Sweep::new(calls);
    let failed = match sweep.run(&mut account) {
        Ok(None) => return Judgement::Legal { order: sweep.order },
        Ok(Some(failed)) => failed,
        Err((limit, event)) => {
            return Judgement::Unknown(Stuck {
                course: account.course(),
                ..sweep.stuck(limit, event)
            });
        }
    };
    Judgement::Illegal {
        suspects: recent(calls, failed, budget),
    }
}

/// The calls since some moment that are enough to see that the one that `failed` cannot be right.
fn recent(calls: &[SemaphoreCall], failed: u32, budget: &Budget) -> Vec<u32> {
    let over = calls[failed as usize].complete;
    let begun: Vec<u32> = (0..calls.len() as u32)
        .filter(|place| calls[*place as usize].invoke < over)
        .collect();
    let mut ends: Vec<u32> = begun
        .iter()
        .copied()
        .filter(|place| calls[*place as usize].complete <= over)
        .collect();
    ends.sort_unstable_by_key(|place| calls[*place as usize].complete);
    // How many permits were taken by those that are over.
    let mut taken = 0i64;
    let mut after = vec![0i64];
    for place in &ends {
        let call = &calls[*place as usize];
        if call.output != Some(Told::Refused) {
            taken += if call.input.acquire { 1 } else { -1 };
        }
        after.push(taken);
    }
    let permits = i64::from(calls[failed as usize].input.permits);
    let mut back = 8;
    loop {
        // The latest moment at least so far back at which it is plain what was taken.
        let Some(cut) = (0..=ends.len().saturating_sub(back))
            .rev()
            .find(|cut| (0..=permits).contains(&after[*cut]))
            .filter(|cut| *cut > 0)
        else {
            return begun;
        };
        let moment = calls[ends[cut - 1] as usize].complete;
        let acquires = ends[..cut].iter().rev().copied();
        let mut kept: Vec<u32> = acquires
            .filter(|place| {
                let call = &calls[*place as usize];
                call.input.acquire && call.output.is_some() && call.output != Some(Told::Refused)
            })
            .take(after[cut] as usize)
            .collect();
        kept.extend(
            begun
                .iter()
                .filter(|place| calls[**place as usize].complete > moment),
        );
        kept.sort_unstable();
        let some: Vec<SemaphoreCall> = kept.iter().map(|place| calls[*place as usize]).collect();
        if !matches!(Sweep::new(&some).run(&mut budget.account()), Ok(None) | Err(_)) {
            return kept;
        }
        back *= 2;
    }
}

struct Sweep<'a> {
    calls: &'a [SemaphoreCall],
    taken: u32,
    is_done: Vec<bool>,
    /// Open releases and acquires, the one that has to be over first on top.
    open: [BinaryHeap<Reverse<(u32, u32)>>; 2],
    /// Open calls that failed: releases, acquires.
    refused: [Vec<u32>; 2],
    order: Vec<u32>,
}

impl<'a> Sweep<'a> {
    fn new(calls: &'a [SemaphoreCall]) -> Self {
        Sweep {
            calls,
            taken: 0,
            is_done: vec![false; calls.len()],
            open: Default::default(),
            refused: Default::default(),
            order: Vec::with_capacity(calls.len()),
        }
    }

    /// The call at which no order goes on, or the limit that was reached and the event.
    fn run(&mut self, account: &mut Account<'_>) -> Result<Option<u32>, (Limit, u32)> {
        let mut ends: Vec<u32> = (0..self.calls.len() as u32)
            .filter(|place| self.calls[*place as usize].is_required())
            .collect();
        ends.sort_unstable_by_key(|place| self.calls[*place as usize].complete);
        let mut next = 0;
        for (step, ending) in ends.into_iter().enumerate() {
            let complete = self.calls[ending as usize].complete;
            if step.is_multiple_of(STEPS_PER_LOOK) {
                account.is_behind(self.order.len());
                account
                    .holds(self.calls.len() * 32)
                    .map_err(|limit| (limit, complete))?;
            }
            while let Some(call) = self.calls.get(next)
                && call.invoke < complete
            {
                self.begin(next as u32);
                next += 1;
            }
            if !self.is_done[ending as usize] && !self.finish(ending) {
                return Ok(Some(ending));
            }
        }
        Ok(None)
    }

    fn begin(&mut self, place: u32) {
        let call = &self.calls[place as usize];
        let side = usize::from(call.input.acquire);
        if call.output == Some(Told::Refused) {
            self.refused[side].push(place);
            self.refuse();
        } else {
            self.open[side].push(Reverse((call.complete, place)));
        }
    }

    /// A call is over and has not taken effect yet. Whether it can.
    fn finish(&mut self, ending: u32) -> bool {
        let call = &self.calls[ending as usize];
        let acquire = call.input.acquire;
        if call.output == Some(Told::Refused) {
            // The lock is not as it has to be, all the time: one step makes it so.
            return self.take_one(acquire);
        }
        if !self.fits(acquire) && !self.take_one(!acquire) {
            return false;
        }
        self.take_one(acquire)
    }

    fn fits(&self, acquire: bool) -> bool {
        match acquire {
            true => self.taken < self.calls.first().map_or(1, |call| call.input.permits),
            false => self.taken > 0,
        }
    }

    /// The open acquire (or release) that has to be over first takes effect, if there is one and it can.
    fn take_one(&mut self, acquire: bool) -> bool {
        if !self.fits(acquire) {
            return false;
        }
        let Some(Reverse((_, place))) = self.open[usize::from(acquire)].pop() else {
            return false;
        };
        self.is_done[place as usize] = true;
        self.order.push(place);
        match acquire {
            true => self.taken += 1,
            false => self.taken -= 1,
        }
        self.refuse();
        true
    }

    /// Those that failed, and could have failed now, did.
    fn refuse(&mut self) {
        for acquire in [false, true] {
            if !self.fits(acquire) {
                for place in self.refused[usize::from(acquire)].drain(..) {
                    self.is_done[place as usize] = true;
                    self.order.push(place);
                }
            }
        }
    }

    fn stuck(&self, limit: Limit, event: u32) -> Stuck {
        let required = self.calls.iter().filter(|call| call.is_required());
        Stuck {
            limit,
            placed: self.order.len(),
            of: required.count(),
            event,
            width: 1,
            open: Vec::new(),
            course: Vec::new(),
        }
    }
}
