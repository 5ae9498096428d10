//! The second, independent, tiny checker: it verifies proofs, and knows nothing of how they were found.
//!
//! *Valid* is proven by an order: [`linearization`] walks along it once. *Invalid* is proven by a core of a
//! few operations: [`no_order_works`] tries every order of them, while every other update may happen at any
//! time, any number of times, or never. That is more freedom than the history gives, so if even then no
//! order works, the history has none.

use crate::SequentialObject;
use history::{History, NEVER, Operation, Outcome};
use std::collections::HashSet;

/// More states than these in one place of the search mean that the core is not small.
const STATES_MAX: usize = 100_000;
/// The most operations that a core can have and still be tried in every order.
pub const CORE_MAX: usize = 12;

/// Verifies that `order` is a legal order of `operations` (all of one key): every `ok` operation is in it
/// exactly once, no `fail` is, each answer is the object's own, and no operation comes before one that had
/// ended when it began.
///
/// # Errors
/// What is wrong with the order, in words.
pub fn linearization<O: SequentialObject>(
    history: &History,
    object: &O,
    operations: &[u32],
    order: &[u32],
) -> Result<(), String> {
    let mut latest_invoke = None;
    let mut state = object.initial();
    let mut ok_in_order = 0;
    for number in order {
        let operation = &history.operations[*number as usize];
        let told = match operation.outcome {
            Outcome::Ok => Some(operation.output),
            Outcome::Info => None,
            Outcome::Fail => return Err(format!("operation {number} failed, and is in the order")),
        };
        ok_in_order += usize::from(told.is_some());
        if latest_invoke.is_some_and(|invoke| operation.complete < invoke) {
            return Err(format!(
                "operation {number} had ended before one that stands before it began"
            ));
        }
        latest_invoke = latest_invoke.max(Some(operation.invoke));
        state = object
            .step(&state, operation, told)
            .ok_or_else(|| format!("operation {number} cannot have been told this at its place"))?;
    }
    // As many as there are, all of this key and no two the same: then it is all of them.
    let is_ok = |number: &&u32| history.operations[**number as usize].outcome == Outcome::Ok;
    let ok = operations.iter().filter(is_ok).count();
    if ok != ok_in_order {
        return Err(format!(
            "{ok} operations were answered, and {ok_in_order} are in the order"
        ));
    }
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("an operation is in the order twice".to_owned());
    }
    match sorted
        .iter()
        .all(|number| operations.binary_search(number).is_ok())
    {
        true => Ok(()),
        false => Err("an operation of another object is in the order".to_owned()),
    }
}

/// Whether no order of `core` works, however the updates of `free` happen.
///
/// # Errors
/// When the core is too large to be tried in every order.
pub fn no_order_works<O: SequentialObject>(
    object: &O,
    core: &[Operation],
    free: &[Operation],
) -> Result<bool, String> {
    if core.len() > CORE_MAX {
        return Err(format!(
            "a core of {} operations cannot be tried in every order",
            core.len()
        ));
    }
    let start = HashSet::from([object.initial()]);
    Ok(!some_order_works(object, core, free, 0, start)?)
}

/// Places the operations that are not in `placed` after those that are, in every way.
fn some_order_works<O: SequentialObject>(
    object: &O,
    core: &[Operation],
    free: &[Operation],
    placed: u32,
    mut states: HashSet<O::State>,
) -> Result<bool, String> {
    let is_placed = |i: usize| placed >> i & 1 == 1;
    // Only what was answered has to be placed; what is unknown may, and what failed cannot.
    let must = |i: usize| core[i].outcome == Outcome::Ok && !is_placed(i);
    if !(0..core.len()).any(must) {
        return Ok(true);
    }
    spread(object, free, &mut states)?;
    for i in (0..core.len()).filter(|i| !is_placed(*i) && core[*i].outcome != Outcome::Fail) {
        let ended_before = |j: usize| core[j].complete != NEVER && core[j].complete < core[i].invoke;
        if (0..core.len()).any(|j| must(j) && ended_before(j)) {
            continue;
        }
        let told = (core[i].outcome == Outcome::Ok).then_some(core[i].output);
        let next: HashSet<O::State> = states
            .iter()
            .filter_map(|state| object.step(state, &core[i], told))
            .collect();
        // The depth is the size of the core, which is bounded above.
        if !next.is_empty() && some_order_works(object, core, free, placed | 1 << i, next)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Adds every state that free updates can lead to.
fn spread<O: SequentialObject>(
    object: &O,
    free: &[Operation],
    states: &mut HashSet<O::State>,
) -> Result<(), String> {
    let mut fresh: Vec<O::State> = states.iter().cloned().collect();
    while let Some(state) = fresh.pop() {
        for operation in free {
            if let Some(next) = object.step(&state, operation, None)
                && states.insert(next.clone())
            {
                fresh.push(next);
            }
        }
        if states.len() > STATES_MAX {
            return Err("the updates around the core lead to too many states".to_owned());
        }
    }
    Ok(())
}
