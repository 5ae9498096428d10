//! What is left of the updates around a core: elements that the core treats alike are put in and taken out together.
//!
//! An element that no single call of the core is about matters only at the core's reads of the whole. Two of them that the
//! same reads show, and that can be put in and taken out as often, can do so together: elements do not hinder each other.

use super::{Asked, Set, Told};
use crate::CallOf;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

type Of<'h> = CallOf<Set<'h>>;

/// The element that a call is about.
pub(super) fn element(call: &Of<'_>) -> Option<u32> {
    match &call.input {
        Asked::Add(element) | Asked::Remove(element) | Asked::Contains(element) => Some(*element),
        Asked::Read | Asked::AddAll(_) | Asked::RemoveAll(_) => None,
    }
}

fn wholes(core: &[&Of<'_>]) -> Vec<u32> {
    let told = core.iter().filter_map(|call| match call.output {
        Some(Told::Whole(whole)) => Some(whole),
        _ => None,
    });
    told.collect()
}

/// The updates of elements that a call of the core is about, or that a read of it shows.
pub(super) fn relevant(set: &Set<'_>, core: &[&Of<'_>], free: &[&Of<'_>]) -> Vec<usize> {
    let mut matters: FxHashSet<u32> = core.iter().filter_map(|call| element(call)).collect();
    for whole in FxHashSet::from_iter(wholes(core)) {
        matters.extend(set.set(whole).elements.iter());
    }
    let matter = |place: &usize| element(free[*place]).is_some_and(|it| matters.contains(&it));
    (0..free.len()).filter(matter).collect()
}

/// The same, with those together that can be together.
pub(super) fn around<'h>(set: &Set<'h>, core: &[&Of<'h>], free: Vec<Of<'h>>) -> Vec<Of<'h>> {
    let own: FxHashSet<u32> = core.iter().filter_map(|call| element(call)).collect();
    // By element: which of the reads show it, and how often it can be put in and taken out.
    let mut seen: FxHashMap<u32, (Vec<bool>, u32, u32)> = FxHashMap::default();
    let reads = wholes(core);
    for (number, whole) in reads.iter().enumerate() {
        for element in &set.set(*whole).elements {
            let nothing = || (vec![false; reads.len()], 0, 0);
            seen.entry(*element).or_insert_with(nothing).0[number] = true;
        }
    }
    for call in &free {
        let Some(it) = element(call).and_then(|element| seen.get_mut(&element)) else {
            continue;
        };
        match call.input {
            Asked::Add(_) => it.1 += 1,
            Asked::Remove(_) => it.2 += 1,
            _ => {}
        }
    }
    let mut together: BTreeMap<(Vec<bool>, u32, u32), Vec<u32>> = BTreeMap::new();
    for (element, alike) in seen {
        if !own.contains(&element) {
            together.entry(alike).or_default().push(element);
        }
    }
    let mut left: Vec<Of<'h>> = Vec::new();
    if let Some(one) = free.first().cloned() {
        for ((_, adds, removes), mut elements) in together {
            elements.sort_unstable();
            let all = std::sync::Arc::from(elements);
            let asked = std::iter::repeat_n(Asked::AddAll(std::sync::Arc::clone(&all)), adds as usize)
                .chain(std::iter::repeat_n(Asked::RemoveAll(all), removes as usize));
            left.extend(asked.map(|input| Of { input, ..one.clone() }));
        }
    }
    left.extend(
        free.into_iter()
            .filter(|call| element(call).is_some_and(|element| own.contains(&element))),
    );
    left
}
