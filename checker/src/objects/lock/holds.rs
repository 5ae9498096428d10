//! From when until when each owner held a lock.
//!
//! An owner that does one thing after another acquires and releases in turn; so each acquire has its release, and the lock is
//! held for certain from the completion of the one until the invocation of the other. Two holds have an order exactly
//! when these do not overlap: then the one that is acquired first comes first. Holds that do not overlap
//! in pairs can be put one after another: each release has begun when the next acquire is over. So a history is legal
//! exactly when no two overlap, and the fencing tokens grow along them.
//!
//! A release of unknown outcome can happen as soon as it helps. An acquire of unknown outcome that its owner does not come
//! back to is left out: the lock would be held for ever.

use super::{Asked, LockCall, Told, by_owner};
use crate::Judgement;
use history::NEVER;

/// A time for which an owner held the lock.
struct Hold {
    /// Its calls; the last releases it, unless it was never released.
    calls: Vec<u32>,
    /// The completion of the acquire, and the invocation of the release.
    certain: (u32, u32),
    token: Option<i64>,
}

/// Whether there is a legal order, where holds say that.
pub(super) fn decide(calls: &[LockCall], reentrant: bool) -> Option<Judgement> {
    if calls.iter().any(|call| call.output == Some(Told::Refused)) {
        return None;
    }
    let no_token = |call: &LockCall| call.output == Some(Told::Token(None));
    if let Some(place) = calls.iter().position(no_token) {
        return Some(Judgement::Illegal {
            suspects: vec![place as u32],
        });
    }
    let mut holds = Vec::with_capacity(calls.len() / 2);
    for (_, places) in by_owner(calls.iter()) {
        match holds_of(calls, &places, reentrant, &mut holds)? {
            Ok(()) => {}
            Err(suspects) => return Some(Judgement::Illegal { suspects }),
        }
    }
    holds.sort_unstable_by_key(|hold| hold.certain.0);
    let contradiction = |first: &Hold, second: &Hold| {
        Some(Judgement::Illegal {
            suspects: first.calls.iter().chain(&second.calls).copied().collect(),
        })
    };
    let (mut longest, mut latest): (Option<&Hold>, Option<&Hold>) = (None, None);
    for hold in &holds {
        if let Some(before) = longest.filter(|before| before.certain.1 > hold.certain.0) {
            return contradiction(before, hold);
        }
        if let Some(before) = latest.filter(|before| before.token >= hold.token && hold.token.is_some()) {
            return contradiction(before, hold);
        }
        longest = Some(hold);
        latest = Some(hold).filter(|hold| hold.token.is_some()).or(latest);
    }
    let order = holds.into_iter().flat_map(|hold| hold.calls).collect();
    Some(Judgement::Legal { order })
}

/// Adds the holds of one owner. `None` when its calls do not come one after another; an error is calls of it that
/// contradict each other.
fn holds_of(
    calls: &[LockCall],
    places: &[u32],
    reentrant: bool,
    holds: &mut Vec<Hold>,
) -> Option<Result<(), Vec<u32>>> {
    let mut now: Option<Hold> = None;
    let mut depth = 0;
    for (number, place) in places.iter().enumerate() {
        let call = &calls[*place as usize];
        let is_last = number + 1 == places.len();
        if !is_last && calls[places[number + 1] as usize].invoke < call.complete {
            return None;
        }
        if call.input.acquire && call.complete == NEVER {
            continue;
        }
        match (call.input.acquire, &mut now) {
            (true, None) => {
                now = Some(Hold {
                    calls: vec![*place],
                    certain: (call.complete, NEVER),
                    token: match call.output {
                        Some(Told::Token(token)) => token,
                        _ => None,
                    },
                });
                depth = 1;
            }
            (true, Some(hold)) if reentrant => {
                hold.calls.push(*place);
                depth += 1;
            }
            (false, Some(hold)) => {
                hold.calls.push(*place);
                depth -= 1;
                if depth == 0 {
                    hold.certain.1 = call.invoke;
                    holds.extend(now.take());
                }
            }
            // A release of unknown outcome of what is not held does nothing.
            (false, None) if call.complete == NEVER => {}
            (true, Some(hold)) => {
                hold.calls.push(*place);
                return Some(Err(hold.calls.clone()));
            }
            (false, None) => return Some(Err(vec![*place])),
        }
    }
    holds.extend(now);
    Some(Ok(()))
}

/// Of the other calls, those that do not go together: all of owners that the core knows, without pairs of acquire and
/// release that follow each other.
pub(super) fn project(core: &[&LockCall], others: &[&LockCall]) -> Vec<usize> {
    if core.iter().any(|call| call.output == Some(Told::Refused)) {
        return (0..others.len()).collect();
    }
    let mut calls: Vec<(&LockCall, Option<usize>)> = core.iter().map(|call| (*call, None)).collect();
    calls.extend(others.iter().zip(0..).map(|(call, place)| (*call, Some(place))));
    calls.sort_unstable_by_key(|(call, _)| (call.invoke, call.number));
    let mut stay = Vec::new();
    for (_, places) in by_owner(calls.iter().map(|(call, _)| *call)) {
        let of = |place: &u32| calls[*place as usize];
        if places.iter().all(|place| of(place).1.is_some()) {
            continue;
        }
        let follows = |pair: &[u32]| of(&pair[0]).0.complete < of(&pair[1]).0.invoke;
        if !places.windows(2).all(follows) {
            stay.extend(places.iter().filter_map(|place| of(place).1));
            continue;
        }
        // Acquires that may still find their release, since the last call of the core.
        let mut open: Vec<(Asked, usize)> = Vec::new();
        for place in places {
            match of(&place) {
                (_, None) => stay.extend(open.drain(..).map(|(_, place)| place)),
                (call, Some(place)) if call.input.acquire => open.push((call.input, place)),
                (_, Some(place)) if open.pop().is_none() => stay.push(place),
                (_, Some(_)) => {}
            }
        }
        // What is left was not released before the core was over; nothing of the core can rely on it.
    }
    stay.sort_unstable();
    stay
}
