//! What happened to each element: between which moments it went in, and between which it came out.
//!
//! A moment is the gap after an event, and has that event's number: a call takes effect at one of the moments from its
//! invocation to just before its completion. An element is *certainly in* from the completion of what added it
//! until the invocation of what removed it. At a moment at which nothing is certainly in, a collection can be empty,
//! and what happened before and after are two histories of their own: that is what all three monitors rest on
//! (Gibbons, Bruno and Phillips, "Black-box correctness tests for basic parallel data structures", 2002; Henzinger,
//! Sezgin and Vafeiadis, "Aspect-oriented linearizability proofs", 2013; Lee and Mathur, "Efficient linearizability
//! monitoring for sets, stacks, queues and priority queues", 2025).

use super::{Asked, CollectionCall, Told};
use history::Value;
use rangemap::RangeSet;
use rustc_hash::FxHashMap;

/// After the history: the moment at which an element comes out that never came out.
pub(crate) const AFTER: u32 = u32::MAX;
/// No call.
pub(crate) const NOBODY: u32 = u32::MAX;

/// The last moment of a call of unknown outcome.
const LAST: u32 = AFTER - 1;

/// An element that went in, and its moments, first and last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element {
    /// The call that added it.
    pub add: u32,
    /// The call that removed it, or `NOBODY`.
    pub remove: u32,
    /// When it can have been added.
    pub added: (u32, u32),
    /// When it can have been removed.
    pub removed: (u32, u32),
}

impl Element {
    /// The moments at which it is certainly in: the first, and the first at which it is not any more. None when the
    /// second is not after the first.
    pub fn certain(&self) -> (u32, u32) {
        (self.added.1 + 1, self.removed.0)
    }

    /// Whether it was never seen to come out.
    pub fn is_missing(&self, calls: &[CollectionCall]) -> bool {
        self.remove == NOBODY || calls[self.remove as usize].output.is_none()
    }

    /// Lets a call remove it that is open until the end.
    pub fn remove_by(&mut self, call: u32, invoke: u32) {
        self.remove = call;
        self.removed = (invoke.max(self.added.0), LAST);
    }
}

/// A call that found nothing, and its moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Empty {
    /// The call.
    pub call: u32,
    /// When it can have looked.
    pub looked: (u32, u32),
}

/// What intervals say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// There is a legal order.
    Legal(Vec<u32>),
    /// There is none; these calls are enough to see it.
    Illegal(Vec<u32>),
    /// They do not say.
    Open,
}

/// All elements that were added once and have to have been.
#[derive(Debug)]
pub(crate) struct Elements<'a> {
    /// The calls.
    pub calls: &'a [CollectionCall],
    /// In the order of the calls that added them.
    pub all: Vec<Element>,
    /// In the order of invocations.
    pub empties: Vec<Empty>,
    /// Calls that may have removed something, in the order of invocations.
    pub unknown: Vec<u32>,
    /// Whether there are other elements, which were added more than once.
    pub are_repeated: bool,
}

/// The calls about one value.
#[derive(Clone, Copy)]
struct Tally {
    added: u32,
    removed: u32,
    /// The last call that added it.
    add: u32,
    /// The last call that was told it.
    remove: u32,
}

impl<'a> Elements<'a> {
    /// Finds out which call removed what.
    ///
    /// # Errors
    /// Calls that were told an element which cannot have been in, whatever the order.
    pub fn of(calls: &'a [CollectionCall]) -> Result<Elements<'a>, Vec<u32>> {
        let mut numbers: FxHashMap<Value, u32> =
            FxHashMap::with_capacity_and_hasher(calls.len() / 2, Default::default());
        let mut tallies: Vec<Tally> = Vec::with_capacity(calls.len() / 2);
        let (mut empties, mut unknown) = (Vec::new(), Vec::new());
        for (call, place) in calls.iter().zip(0u32..) {
            let value = match (call.input, call.output) {
                (Asked::Remove, Some(Told::Empty)) => {
                    let looked = (call.invoke, call.complete - 1);
                    empties.push(Empty { call: place, looked });
                    continue;
                }
                (Asked::Remove, None) => {
                    unknown.push(place);
                    continue;
                }
                (Asked::Remove, Some(Told::Done)) => return Err(vec![place]),
                (Asked::Add(value), _) | (Asked::Remove, Some(Told::Element(value))) => value,
            };
            let next = tallies.len() as u32;
            let number = *numbers.entry(value).or_insert(next);
            if number == next {
                tallies.push(Tally {
                    added: 0,
                    removed: 0,
                    add: NOBODY,
                    remove: NOBODY,
                });
            }
            let tally = &mut tallies[number as usize];
            match call.input {
                Asked::Add(_) => (tally.added, tally.add) = (tally.added + 1, place),
                Asked::Remove => (tally.removed, tally.remove) = (tally.removed + 1, place),
            }
        }
        let mut elements = Elements {
            calls,
            all: Vec::with_capacity(tallies.len()),
            empties,
            unknown,
            are_repeated: false,
        };
        for tally in tallies {
            if tally.removed > tally.added {
                return Err(elements.told(tally.remove));
            }
            if tally.added > 1 {
                elements.are_repeated = true;
                continue;
            }
            elements.push(tally)?;
        }
        elements.all.sort_unstable_by_key(|it| it.added.0);
        Ok(elements)
    }

    /// One more element that was added once.
    fn push(&mut self, tally: Tally) -> Result<(), Vec<u32>> {
        let add = &self.calls[tally.add as usize];
        if tally.removed == 0 {
            if add.is_required() {
                self.all.push(Element {
                    add: tally.add,
                    remove: NOBODY,
                    added: (add.invoke, add.complete - 1),
                    removed: (AFTER, AFTER),
                });
            }
            return Ok(());
        }
        let remove = &self.calls[tally.remove as usize];
        let removed = (remove.invoke.max(add.invoke), remove.complete - 1);
        if removed.1 < add.invoke {
            return Err(vec![tally.add, tally.remove]);
        }
        self.all.push(Element {
            add: tally.add,
            remove: tally.remove,
            added: (add.invoke, (add.complete - 1).min(removed.1)),
            removed,
        });
        Ok(())
    }

    /// All calls that were told the same element as this one.
    fn told(&self, remove: u32) -> Vec<u32> {
        let output = self.calls[remove as usize].output;
        let same = |place: &u32| self.calls[*place as usize].output == output;
        (0..self.calls.len() as u32).filter(same).collect()
    }

    /// Whether some element may have been removed by a call of unknown outcome.
    pub fn has_missing(&self) -> bool {
        !self.unknown.is_empty() && self.all.iter().any(|it| it.remove == NOBODY)
    }

    /// Lets calls of unknown outcome remove what is missing: of the elements in `wanted`, the first by the first
    /// call, and so on.
    pub fn match_unknown(&mut self, wanted: impl Iterator<Item = u32>) {
        for (element, call) in wanted.zip(self.unknown.iter().copied()) {
            self.all[element as usize].remove_by(call, self.calls[call as usize].invoke);
        }
    }

    /// The calls about some elements. Where one is missing, the calls of unknown outcome are an excuse for as many
    /// as there are of them: then all that went missing no later are part of the argument.
    pub fn suspects(&self, elements: &[u32]) -> Vec<u32> {
        let mut suspects = Vec::new();
        let missing = |element: &&Element| element.is_missing(self.calls);
        let mut latest = None;
        for element in elements.iter().map(|element| &self.all[*element as usize]) {
            suspects.push(element.add);
            match element.is_missing(self.calls) {
                true => latest = latest.max(Some(element.added.1)),
                false => suspects.push(element.remove),
            }
        }
        if let Some(latest) = latest.filter(|_| !self.unknown.is_empty()) {
            let others = self.all.iter().filter(missing);
            suspects.extend(others.filter(|it| it.added.1 <= latest).map(|it| it.add));
            suspects.extend(&self.unknown);
        }
        suspects.sort_unstable();
        suspects.dedup();
        suspects
    }
}

/// For each call that found nothing, the first moment at which it can have; or why one of them cannot.
///
/// # Errors
/// Calls that contradict each other.
pub(crate) fn moments_of_empties(elements: &Elements) -> Result<Vec<u32>, Vec<u32>> {
    if elements.empties.is_empty() {
        return Ok(Vec::new());
    }
    let certain = elements.all.iter().map(Element::certain);
    let cover: RangeSet<u32> = certain
        .filter(|(from, until)| from < until)
        .map(|(from, until)| from..until)
        .collect();
    let mut moments = Vec::with_capacity(elements.empties.len());
    for empty in &elements.empties {
        let first = empty.looked.0;
        let moment = cover.get(&first).map_or(first, |range| range.end);
        if moment > empty.looked.1 {
            let mut suspects = elements.suspects(&chain(&elements.all, empty.looked));
            suspects.push(empty.call);
            return Err(suspects);
        }
        moments.push(moment);
    }
    Ok(moments)
}

/// As few elements as can be of which one is certainly in at each of these moments.
pub(crate) fn chain(elements: &[Element], (first, last): (u32, u32)) -> Vec<u32> {
    let mut each: Vec<(u32, u32, u32)> = elements
        .iter()
        .zip(0u32..)
        .map(|(element, number)| (element.certain().0, element.certain().1, number))
        .filter(|(from, until, _)| from < until && *until > first && *from <= last)
        .collect();
    each.sort_unstable();
    let (mut chain, mut covered, mut next) = (Vec::new(), first, 0);
    while covered <= last {
        let mut best = None;
        while let Some((from, until, number)) = each.get(next)
            && *from <= covered
        {
            best = best.max(Some((*until, *number)));
            next += 1;
        }
        let Some((until, number)) = best.filter(|(until, _)| *until > covered) else {
            break;
        };
        chain.push(number);
        covered = until;
    }
    chain
}
