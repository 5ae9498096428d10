//! Which calls show that a counter cannot have had a value.
//!
//! Too little: a call was told less than what had certainly been added when it began, since the start or
//! since another call was told a value. Too much: it was told more than what can have been added when it ended.

use super::{Asked, Counter, Told, amount};
use crate::CallOf;

type Of<'h> = CallOf<Counter<'h>>;

/// How many calls that were told a value are tried as the place to count from.
const ANCHORS_MAX: usize = 64;

fn told(call: &Of<'_>) -> Option<i128> {
    match call.output {
        Some(Told::Value(value)) => Some(value),
        _ => None,
    }
}

/// Where everything adds the same amount: calls that contradict `call`, which the counter had passed, or could not reach.
pub(super) fn same_amount(calls: &[Of<'_>], amount: i128, call: u32, by: Option<u32>) -> Vec<u32> {
    let it = &calls[call as usize];
    let everything = || (0..calls.len() as u32).collect::<Vec<u32>>();
    let Some(by) = by else {
        // Too few can have been added by then: as a rule that alone is impossible.
        return vec![call];
    };
    let Some(value) = told(it) else {
        return everything();
    };
    let steps = value / amount - i128::from(it.input != Asked::Read);
    let other = &calls[by as usize];
    if told(other).is_some() && (other.precedes(it) || told(other) == Some(value)) {
        let (a, b) = (call.min(by), call.max(by));
        if shows_too_much(other, it, amount) {
            return vec![a, b];
        }
    }
    // From the value that another call was told, the nearest first; from the start when none will do.
    let mut anchors: Vec<(i128, u32)> = calls
        .iter()
        .zip(0u32..)
        .filter(|(other, _)| other.precedes(it))
        .filter_map(|(other, place)| Some((told(other)? / amount, place)))
        .collect();
    anchors.sort_unstable_by_key(|(at, place)| (std::cmp::Reverse(*at), *place));
    if let Some((at, place)) = anchors.first()
        && *at > steps
    {
        return vec![*place, call];
    }
    let counting = anchors
        .into_iter()
        .take(ANCHORS_MAX)
        .map(|(at, place)| (at, Some(place)));
    for (at, anchor) in counting.chain([(0, None)]) {
        let Ok(need) = usize::try_from(steps - at + 1) else {
            continue;
        };
        let after = anchor.map_or(0, |place| calls[place as usize].complete);
        let between = calls.iter().zip(0u32..).filter(|(other, place)| {
            other.input != Asked::Read
                && *place != call
                && other.precedes(it)
                && (anchor.is_none() || after < other.invoke)
        });
        let mut found: Vec<u32> = between.map(|(_, place)| place).take(need).collect();
        if found.len() == need {
            found.extend(anchor);
            found.push(call);
            found.sort_unstable();
            return found;
        }
    }
    everything()
}

/// Whether one was told a value beyond that at which the other, which comes after it, can be placed.
fn shows_too_much(first: &Of<'_>, then: &Of<'_>, amount: i128) -> bool {
    let (Some(one), Some(other)) = (told(first), told(then)) else {
        return false;
    };
    let before = other / amount - i128::from(then.input != Asked::Read);
    match first.precedes(then) {
        true => one / amount > before,
        false => one == other && first.input != Asked::Read && then.input != Asked::Read,
    }
}

/// Any amounts: the first call that was told what no choice of updates adds up to between its bounds, with those that
/// bind it.
pub(super) fn bounds(calls: &[Of<'_>]) -> Option<Vec<u32>> {
    let mut by_end: Vec<&Of<'_>> = calls.iter().filter(|call| call.is_required()).collect();
    by_end.sort_unstable_by_key(|call| call.complete);
    // Sums over all that had ended before an event, and over all that had begun: of what adds, and of what takes away.
    let sums = |calls: &mut dyn Iterator<Item = &Of<'_>>, event: &dyn Fn(&Of<'_>) -> u32| {
        let mut sums = vec![(0, 0, 0)];
        for call in calls {
            let (_, up, down) = sums.last().copied().unwrap_or_default();
            let amount = amount(call).unwrap_or(0);
            sums.push((event(call), up + amount.max(0), down + amount.min(0)));
        }
        sums
    };
    let ended = sums(&mut by_end.into_iter(), &|call| call.complete);
    let begun = sums(&mut calls.iter(), &|call| call.invoke);
    let before = |sums: &[(u32, i128, i128)], event: u32| {
        let place = sums[1..].partition_point(|(at, ..)| *at < event);
        (sums[place].1, sums[place].2)
    };
    for (call, place) in calls.iter().zip(0u32..) {
        let Some(value) = told(call) else { continue };
        let own = amount(call).unwrap_or(0);
        let (certain_up, certain_down) = before(&ended, call.invoke);
        let (all_up, all_down) = before(&begun, call.complete);
        // The sums of what had begun count the call itself.
        let least = certain_up + all_down - own.min(0) + own;
        let most = all_up + certain_down - own.max(0) + own;
        if value < least {
            return Some(binding(calls, place, least - value, true));
        }
        if value > most {
            return Some(binding(calls, place, value - most, false));
        }
    }
    None
}

/// The fewest updates before a call that bind it: the bound is off by `excess`, so what is left out is less than that.
fn binding(calls: &[Of<'_>], call: u32, excess: i128, upwards: bool) -> Vec<u32> {
    let it = &calls[call as usize];
    let size = |place: &u32| amount(&calls[*place as usize]).unwrap_or(0).abs();
    let binds = |other: &Of<'_>| amount(other).is_some_and(|by| by != 0 && (by > 0) == upwards);
    let mut binding: Vec<u32> = (0..calls.len() as u32)
        .filter(|place| {
            *place != call && calls[*place as usize].precedes(it) && binds(&calls[*place as usize])
        })
        .collect();
    binding.sort_unstable_by_key(|place| (size(place), *place));
    let mut left_out = 0;
    let needless = binding
        .iter()
        .take_while(|place| {
            left_out += size(place);
            left_out < excess
        })
        .count();
    let mut suspects = binding.split_off(needless);
    suspects.push(call);
    suspects.sort_unstable();
    suspects
}

/// Whether the last of the calls was told less than the others alone had added before it began, and each is needed.
pub(super) fn is_proof(calls: &[Of<'_>], suspects: &[u32]) -> bool {
    let Some((last, others)) = suspects.split_last() else {
        return false;
    };
    let it = &calls[*last as usize];
    let Some(value) = told(it) else { return false };
    let others = || others.iter().map(|place| &calls[*place as usize]);
    let never_leads_back = calls.iter().filter_map(amount).all(|it| it > 0);
    let amounts = || others().filter_map(amount);
    let own = amount(it).unwrap_or(0);
    let added = amounts().sum::<i128>() + own;
    never_leads_back
        && others().all(|other| other.precedes(it) && other.input != Asked::Read)
        && added > value
        && amounts().min().is_some_and(|least| added - least <= value)
}
