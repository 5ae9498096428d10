//! By how much time reads were old: the smallest time by which every read may have begun earlier, for all to be legal.
//!
//! More time makes a history only more legal, so the smallest is found by halving, each step by the object's own
//! algorithm.

use super::{Bound, is_read};
use crate::{Budget, CallOf, Judgement, Object};

/// The smallest time, in nanoseconds, which is known to be no less than `least`. `times` are the begin and the end of each
/// call, on one clock.
pub fn age<O: Object>(
    object: &O,
    calls: &[CallOf<O>],
    times: &[(u64, u64)],
    least: u64,
    budget: &Budget,
) -> Bound<u64> {
    let begins = times.iter().map(|(begin, _)| *begin);
    let span = begins.max().unwrap_or(0);
    let is_legal = |age: u64| match object.search(&widened(object, calls, times, age), budget) {
        _ if budget.is_late() => None,
        Judgement::Legal { .. } => Some(true),
        Judgement::Illegal { .. } => Some(false),
        Judgement::Unknown(_) => None,
    };
    if least > 0 && is_legal(least) == Some(true) {
        return Bound::AtMost(least);
    }
    match is_legal(span) {
        None => return Bound::Unknown,
        Some(false) => return Bound::None,
        Some(true) => {}
    }
    // Illegal below `low`, legal at `high`.
    let (mut low, mut high) = (least, span);
    while low < high {
        let middle = low + (high - low) / 2;
        match is_legal(middle) {
            None => return Bound::Unknown,
            Some(true) => high = middle,
            Some(false) => low = middle + 1,
        }
    }
    Bound::AtMost(high)
}

/// The calls, with every read begun earlier by so much, in the order of their new invocations.
pub(super) fn widened<O: Object>(
    object: &O,
    calls: &[CallOf<O>],
    times: &[(u64, u64)],
    age: u64,
) -> Vec<CallOf<O>> {
    // An event that stays comes after one of the same time that was moved; among those that stay, their order stays.
    let mut events: Vec<(u64, u32, usize, bool)> = Vec::with_capacity(calls.len() * 2);
    for (place, (call, (begin, end))) in calls.iter().zip(times).enumerate() {
        match is_read(object, call) {
            true if age > 0 => events.push((begin.saturating_sub(age), 0, place, true)),
            _ => events.push((*begin, call.invoke, place, true)),
        }
        if call.is_required() {
            events.push((*end, call.complete, place, false));
        }
    }
    events.sort_unstable();
    let mut wide = calls.to_vec();
    for (number, (_, _, place, is_begin)) in (1u32..).zip(events) {
        match is_begin {
            true => wide[place].invoke = number,
            false => wide[place].complete = number,
        }
    }
    wide.sort_unstable_by_key(|call| call.invoke);
    wide
}
