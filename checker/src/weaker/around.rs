//! Of a long history, the part around its contradiction: what weaker promises are asked of.
//!
//! All that is not in the part is weakened, as it is around a counterexample: what leaves the object as it is is dropped, and every
//! other call may happen at any time or never. So a promise that the part breaks is broken by the whole, and one that
//! it keeps, it alone keeps.

use crate::proof::shrink;
use crate::{CallOf, Object};

/// Histories of no more calls are asked about as a whole.
pub const WHOLE_MAX: usize = 4_000;
/// Of longer ones, so many calls up to the end of the contradiction.
pub const AROUND: usize = 1_000;

/// Some calls around a contradiction, in the order of their invocations.
pub struct Around<O: Object> {
    /// As they were, and those that are weakened.
    pub calls: Vec<CallOf<O>>,
    /// How many are as they were.
    pub kept: usize,
}

/// The part of the calls around those of `core`, which are named by their numbers. Nothing where the whole is short.
pub fn around<O: Object>(object: &O, calls: &[CallOf<O>], core: &[u32]) -> Option<Around<O>> {
    match calls.len() <= WHOLE_MAX {
        true => None,
        false => cut(object, calls, core, AROUND),
    }
}

/// The calls of `core`, and so many up to their end.
pub(super) fn cut<O: Object>(
    object: &O,
    calls: &[CallOf<O>],
    core: &[u32],
    most: usize,
) -> Option<Around<O>> {
    let mut kept: Vec<u32> = (0..calls.len() as u32)
        .filter(|place| core.contains(&calls[*place as usize].number))
        .collect();
    let last = |place: &u32| {
        let call = &calls[*place as usize];
        if call.is_required() {
            call.complete
        } else {
            call.invoke
        }
    };
    let over = kept.iter().map(last).max()?;
    let begun = calls.partition_point(|call| call.invoke < over) as u32;
    kept.extend(begun.saturating_sub(most as u32)..begun);
    kept.sort_unstable();
    kept.dedup();
    let whole = kept.iter().map(|place| calls[*place as usize].clone());
    // The weakened begin before all others.
    let mut all = shrink::free_at_any_time(object, calls, &kept);
    all.extend(whole);
    Some(Around {
        calls: all,
        kept: kept.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::SMALL;
    use crate::{Call, Calls};

    type OfCell = Call<Option<u8>, u8>;

    /// One write after the other, and after each a read of what was written. Values come again and again.
    fn one_after_another(count: usize) -> Vec<OfCell> {
        let mut calls = Calls::new();
        for number in 0..count {
            let value = (number / 2 % 7) as u8;
            let is_write = number % 2 == 0;
            let call = calls.invoke(is_write.then_some(value));
            calls.ok(call, if is_write { 0 } else { value });
        }
        calls.as_slice().to_vec()
    }

    #[test]
    fn what_is_short_is_not_cut() {
        let calls = one_after_another(WHOLE_MAX);
        assert!(around(&SMALL, &calls, &[3]).is_none());
    }

    #[test]
    fn the_last_calls_are_kept_with_the_core_and_the_others_are_weak() {
        let calls = one_after_another(WHOLE_MAX + 2);
        let end = WHOLE_MAX - 100;
        let part = around(&SMALL, &calls, &[2, end as u32]).unwrap();
        assert_eq!(
            part.kept,
            AROUND + 1,
            "the early one, and the last up to the other"
        );
        let (weak, whole) = part.calls.split_at(part.calls.len() - part.kept);
        assert!(weak.iter().all(|call| !call.is_required() && call.invoke == 0));
        assert!(weak.iter().all(|call| call.input.is_some()), "reads are dropped");
        assert_eq!(whole[0], calls[2]);
        assert_eq!(whole[1..], calls[end + 1 - AROUND..=end]);
    }
}
