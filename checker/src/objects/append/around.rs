//! What is left of the appends around a core: between two lists that matter, all of them are one step.
//!
//! A list matters when a read of the core showed it, when the lists of two reads part there, or when an append
//! of the core, or of an element that is appended or shown more than once, comes just before or after it. At all others
//! the core does nothing, so whoever goes from one list that matters to the next can go at once.

use super::lists::{EMPTY, Lists};
use super::{Append, Asked, Told};
use crate::CallOf;
use history::NEVER;
use rustc_hash::{FxHashMap, FxHashSet};

type Of<'h> = CallOf<Append<'h>>;

/// The appends of elements that a read of the core shows: after another one nothing is shown any more.
pub(super) fn relevant<'h>(lists: &Lists, core: &[&Of<'h>], free: &[&Of<'h>]) -> Vec<usize> {
    let (mut known, mut shown) = (FxHashSet::default(), FxHashSet::default());
    for call in core {
        let Some(Told::List(list)) = call.output else {
            continue;
        };
        for at in lists.beginnings(list).take_while(|at| known.insert(*at)) {
            shown.extend(lists.last(at).map(|(element, _)| element));
        }
    }
    let matters = |place: &usize| matches!(&free[*place].input, Asked::Append(it) if shown.contains(it));
    (0..free.len()).filter(matters).collect()
}

/// The same, with those together that can be together.
pub(super) fn around<'h>(lists: &Lists, core: &[&Of<'h>], free: Vec<Of<'h>>) -> Vec<Of<'h>> {
    let mut appends: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
    for (place, call) in free.iter().enumerate() {
        if let Asked::Append(element) = call.input {
            appends.entry(element).or_default().push(place);
        }
    }
    let of_core = core.iter().filter_map(|call| match call.input {
        Asked::Append(element) => Some(element),
        _ => None,
    });
    let mut special: FxHashSet<u32> = of_core.collect();
    // All lists on the way to those that the core was told, and what they end with.
    let mut on_the_way = FxHashSet::from_iter([EMPTY]);
    let mut matters = FxHashSet::from_iter([EMPTY]);
    let mut ends_with: FxHashSet<u32> = FxHashSet::default();
    for call in core {
        let Some(Told::List(list)) = call.output else {
            continue;
        };
        matters.insert(list);
        for at in lists.beginnings(list) {
            if !on_the_way.insert(at) {
                matters.insert(at);
                break;
            }
            if let Some((element, _)) = lists.last(at)
                && (!ends_with.insert(element) || appends.get(&element).is_none_or(|who| who.len() > 1))
            {
                special.insert(element);
            }
        }
    }
    for at in &on_the_way {
        if let Some((element, before)) = lists.last(*at)
            && special.contains(&element)
        {
            matters.extend([*at, before]);
        }
    }
    let (mut kept, mut steps) = (FxHashSet::default(), Vec::new());
    for to in matters.iter().filter(|list| **list != EMPTY) {
        let Some((element, before)) = lists.last(*to) else {
            continue;
        };
        if matters.contains(&before) {
            kept.extend(appends.get(&element).into_iter().flatten().copied());
            continue;
        }
        let from = lists.beginnings(before).find(|at| matters.contains(at));
        steps.extend(from.map(|from| Asked::Between(from, *to)));
    }
    steps.sort_unstable_by_key(|step| match step {
        Asked::Between(from, to) => (*from, *to),
        _ => (0, 0),
    });
    let number = free.first().map_or(0, |call| call.number);
    let mut left: Vec<Of<'h>> = free
        .into_iter()
        .enumerate()
        .filter(|(place, _)| kept.contains(place))
        .map(|(_, call)| call)
        .collect();
    left.extend(steps.into_iter().map(|input| Of {
        input,
        output: None,
        invoke: 0,
        complete: NEVER,
        number,
    }));
    left
}
