//! The second, independent, tiny checker: it verifies proofs, and knows nothing of how they were found.
//!
//! *Valid* is proven by an order: [`linearization`] walks along it once. *Invalid* is proven by a core of a
//! few calls: [`no_order_works`] tries every order of them, while every other update may happen at any
//! time or never. That is at least the freedom that the history gives, so if even then no order works, the history
//! has none.

use super::classes::Classes;
use crate::{CallOf, Object};
use rustc_hash::FxHashSet;

/// More states than these in one place of the search mean that the core is not small.
const STATES_MAX: usize = 20_000;
/// More states of affairs than these, and it cannot be said.
const TRIED_MAX: usize = 2_000_000;
/// With more different updates around the core, which of them have happened is too much to be kept apart.
const CLASSES_MAX: usize = 256;
/// The most calls that a core can have and still be tried in every order.
pub const CORE_MAX: usize = 12;

/// Verifies that `order` (places in `calls`) is a legal order: every call that took effect is in it exactly once,
/// each answer is the object's own, and no call comes before one that had ended when it began.
///
/// # Errors
/// What is wrong with the order, in words.
pub fn linearization<O: Object>(object: &O, calls: &[CallOf<O>], order: &[u32]) -> Result<(), String> {
    let mut placed = vec![false; calls.len()];
    let mut latest_invoke = None;
    let mut state = object.initial();
    let mut required = 0;
    for place in order {
        let Some(call) = calls.get(*place as usize) else {
            return Err("an operation of another object is in the order".to_owned());
        };
        if std::mem::replace(&mut placed[*place as usize], true) {
            return Err("an operation is in the order twice".to_owned());
        }
        required += usize::from(call.is_required());
        if latest_invoke.is_some_and(|invoke| call.complete < invoke) {
            return Err(format!(
                "operation {} had ended before one that stands before it began",
                call.number
            ));
        }
        latest_invoke = latest_invoke.max(Some(call.invoke));
        state = object
            .advance(state, &call.input, call.output.as_ref())
            .ok_or_else(|| {
                format!(
                    "operation {} cannot have been told this at its place",
                    call.number
                )
            })?;
    }
    let all = calls.iter().filter(|call| call.is_required()).count();
    match all == required {
        true => Ok(()),
        false => Err(format!(
            "{all} operations took effect, and {required} of them are in the order"
        )),
    }
}

/// Whether no order of `core` works, however the updates of `free` happen: each at any time, or never.
///
/// # Errors
/// When that is too much to be tried.
pub fn no_order_works<O: Object>(object: &O, core: &[CallOf<O>], free: &[CallOf<O>]) -> Result<bool, String> {
    let before = |first: usize, second: usize| core[first].precedes(&core[second]);
    Ok(some_order(object, core, free, &before)?.is_none())
}

/// Some order of `core` that works, as places in it, when `before` says who had ended when who began.
///
/// # Errors
/// When there are too many to be tried.
pub fn some_order<O: Object>(
    object: &O,
    core: &[CallOf<O>],
    free: &[CallOf<O>],
    before: &dyn Fn(usize, usize) -> bool,
) -> Result<Option<Vec<usize>>, String> {
    if core.len() > CORE_MAX {
        return Err(format!(
            "a core of {} operations cannot be tried in every order",
            core.len()
        ));
    }
    // With each update as often as it likes there are fewer states of affairs to keep apart, and no order with these
    // is no order without. Where that is too generous, each can happen once.
    let classes = Classes::<O>::of(free);
    // Where there are few, the second way alone is quick.
    let many = classes.all.len() > CLASSES_MAX;
    for often in [true, false].into_iter().skip(usize::from(classes.are_few())) {
        if many && !often {
            return Err("there are too many different updates around the core".to_owned());
        }
        let mut trial = Trial {
            object,
            core,
            free: &classes.all,
            before,
            seen: FxHashSet::default(),
            order: Vec::new(),
        };
        match trial.goes_on(
            0,
            vec![0; if often { 0 } else { classes.all.len() }],
            object.initial(),
        ) {
            Ok(false) => return Ok(None),
            Ok(true) if !often || free.is_empty() => return Ok(Some(trial.order)),
            Err(problem) if !often => return Err(problem),
            Ok(true) | Err(_) => {}
        }
    }
    unreachable!("the second way has an answer")
}

/// Trying every order.
struct Trial<'a, O: Object> {
    object: &'a O,
    core: &'a [CallOf<O>],
    /// What the updates around the core ask, and how many ask the same.
    free: &'a [(&'a O::Input, u32)],
    before: &'a dyn Fn(usize, usize) -> bool,
    seen: FxHashSet<(u32, Vec<u32>, O::State)>,
    order: Vec<usize>,
}

impl<O: Object> Trial<'_, O> {
    /// Whether what is not in `placed` can be placed after it; `used` says how many of each class of free updates have
    /// happened.
    fn goes_on(&mut self, placed: u32, used: Vec<u32>, state: O::State) -> Result<bool, String> {
        let is_placed = |place: usize| placed >> place & 1 == 1;
        let must = |place: usize| self.core[place].is_required() && !is_placed(place);
        if !(0..self.core.len()).any(must) {
            return Ok(true);
        }
        // Every state that the free updates can lead to from here, with what they used.
        let mut reachable = vec![(used, state)];
        let mut fresh = 0;
        let mut known: FxHashSet<(Vec<u32>, O::State)> = reachable.iter().cloned().collect();
        while fresh < reachable.len() {
            let (used, state) = reachable[fresh].clone();
            fresh += 1;
            if !self.seen.insert((placed, used.clone(), state.clone())) {
                continue;
            }
            for (class, (input, times)) in self.free.iter().enumerate() {
                if used.get(class).is_some_and(|used| used == times) {
                    continue;
                }
                let Some(next) = self.object.step(&state, input, None) else {
                    continue;
                };
                let mut used = used.clone();
                if let Some(used) = used.get_mut(class) {
                    *used += 1;
                }
                if next != state && known.insert((used.clone(), next.clone())) {
                    reachable.push((used, next));
                }
            }
            if known.len() > STATES_MAX || self.seen.len() > TRIED_MAX {
                return Err("the updates around the core lead to too many states".to_owned());
            }
            for place in (0..self.core.len()).filter(|place| !is_placed(*place)) {
                let blocked = |other: usize| must(other) && other != place && (self.before)(other, place);
                if (0..self.core.len()).any(blocked) {
                    continue;
                }
                let call = &self.core[place];
                if let Some(next) = self.object.step(&state, &call.input, call.output.as_ref()) {
                    self.order.push(place);
                    // The depth is the size of the core, which is bounded above.
                    if self.goes_on(placed | 1 << place, used.clone(), next)? {
                        return Ok(true);
                    }
                    self.order.pop();
                }
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
