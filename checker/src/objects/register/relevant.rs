//! Which of the writes that may happen at any time can matter to a few calls of a register.

use super::{Asked, Register, Told};
use crate::CallOf;
use history::Value;
use rustc_hash::{FxHashMap, FxHashSet};

/// The places in `free` of those that can matter to whether `core` has a legal order.
///
/// Only values that the core finds need to be there: so whatever leaves another value is left out, but for
/// compare-and-sets out of which such values come. Whoever found that a value was not there may need any other, so one
/// that is found by nobody stands for all of those. Before each call that finds something, nothing needs to
/// happen twice: so as many of a kind are enough as the core has of those.
pub fn relevant(core: &[&CallOf<Register>], free: &[&CallOf<Register>]) -> Vec<usize> {
    let mut found: FxHashSet<Value> = FxHashSet::default();
    let mut denied: FxHashSet<Value> = FxHashSet::default();
    let mut finders = 0;
    for call in core {
        match (call.input, call.output) {
            (_, None) if !matches!(call.input, Asked::Cas(..)) => continue,
            (Asked::Read, Some(Told::Value(value))) => found.insert(value),
            (Asked::Cas(old, _), Some(Told::Refused)) => denied.insert(old),
            (Asked::Cas(old, _), _) => found.insert(old),
            _ => continue,
        };
        finders += 1;
    }
    let mut into: FxHashMap<Value, Vec<Value>> = FxHashMap::default();
    for call in free {
        if let Asked::Cas(old, new) = call.input {
            into.entry(new).or_default().push(old);
        }
    }
    let mut fresh: Vec<Value> = found.iter().copied().collect();
    while let Some(value) = fresh.pop() {
        for old in into.remove(&value).unwrap_or_default() {
            if found.insert(old) {
                fresh.push(old);
            }
        }
    }
    // What leads away from a denied value, to where nobody looks: all of a kind count as one.
    let kind = |asked: Asked| match asked {
        Asked::Write(new) | Asked::Cas(_, new) if found.contains(&new) => Some((asked, finders)),
        Asked::Write(_) if !denied.is_empty() => Some((Asked::Read, finders)),
        Asked::Cas(old, _) if denied.contains(&old) => Some((Asked::Cas(old, old), finders)),
        Asked::Read | Asked::Write(_) | Asked::Cas(..) => None,
    };
    let mut counts: FxHashMap<Asked, usize> = FxHashMap::default();
    let enough = |place: &usize| {
        kind(free[*place].input).is_some_and(|(kind, most)| {
            let count = counts.entry(kind).or_default();
            *count += 1;
            *count <= most
        })
    };
    (0..free.len()).filter(enough).collect()
}
