//! Elements that were added and never seen again, where calls of unknown outcome may have removed them.
//!
//! Which call removed which element is not known, and may take a search to find out. But two things are quick. If the
//! history is not legal even when each missing element had such a call of its own, the one that began first, it is
//! not legal ([`excuse`]). And an order that is legal then is legal as it is, when an element is only taken away where
//! it is in the way, and there are enough such calls that have begun by then ([`find`]).

use super::elements::{Elements, Finding, NOBODY};
use super::{Asked, Discipline, Told};
use history::Value;
use rustc_hash::FxHashSet;

/// Lets every missing element come out at any time after the first call of unknown outcome began.
pub(super) fn excuse(elements: &mut Elements) {
    let Some(first) = elements.unknown.first() else {
        return;
    };
    let began = elements.calls[*first as usize].invoke;
    for element in elements.all.iter_mut().filter(|it| it.remove == NOBODY) {
        element.remove_by(NOBODY, began);
    }
}

/// The order with calls of unknown outcome in it, where they are needed to take missing elements away.
pub(super) fn find<D: Discipline>(order: Vec<u32>, elements: &Elements) -> Finding {
    let calls = elements.calls;
    let added = |place: u32| match calls[place as usize].input {
        Asked::Add(value) => Some(value),
        Asked::Remove => None,
    };
    let missing = elements.all.iter().filter(|it| it.remove == NOBODY);
    let missing: FxHashSet<Value> = missing.filter_map(|it| added(it.add)).collect();
    if elements.unknown.is_empty() || missing.is_empty() {
        return Finding::Legal(order);
    }
    let mut unknown = elements.unknown.iter().copied();
    let mut state = D::State::default();
    let mut whole = Vec::with_capacity(order.len() + elements.unknown.len());
    for place in order {
        let wanted = match (calls[place as usize].input, calls[place as usize].output) {
            (Asked::Add(value), _) => {
                D::add(&mut state, value);
                whole.push(place);
                continue;
            }
            (Asked::Remove, Some(Told::Element(value))) => Some(value),
            (Asked::Remove, _) => None,
        };
        while let Some(next) = D::next(&state).filter(|next| Some(*next) != wanted) {
            match unknown.next() {
                Some(call) if missing.contains(&next) => whole.push(call),
                _ => return Finding::Open,
            }
            D::remove(&mut state);
        }
        D::remove(&mut state);
        whole.push(place);
    }
    let mut latest = 0;
    let is_late = |place: &u32| {
        latest = latest.max(calls[*place as usize].invoke);
        calls[*place as usize].complete < latest
    };
    match whole.iter().any(is_late) {
        true => Finding::Open,
        false => Finding::Legal(whole),
    }
}
