//! Which of the writes that may happen at any time can matter to a few calls of a register.

use super::{Asked, Register, Told};
use crate::CallOf;
use history::Value;
use rustc_hash::{FxHashMap, FxHashSet};

/// What writes have in common, for those who look.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// Nothing with any other.
    Itself(Asked),
    /// They leave a value that nobody finds or denies, whatever was there.
    AwayFromAny,
    /// The same, if this was there.
    AwayFrom(Value),
}

/// The places in `free` of those that can matter to whether `core` has a legal order.
///
/// Only values that the core finds need to be there: so whatever leaves another value is left out, but for
/// compare-and-sets out of which such values come. Whoever found that a value was not there may need any other, so one
/// that is found by nobody, and that nobody found missing either, stands for all of those. Before each call that finds something, nothing needs to
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
    let is_seen = |value: Value| found.contains(&value) || denied.contains(&value);
    let kind = |asked: Asked| match asked {
        Asked::Write(new) | Asked::Cas(_, new) if found.contains(&new) => Some(Kind::Itself(asked)),
        Asked::Write(new) if !denied.is_empty() => Some(match is_seen(new) {
            true => Kind::Itself(asked),
            false => Kind::AwayFromAny,
        }),
        Asked::Cas(old, new) if denied.contains(&old) => Some(match is_seen(new) {
            true => Kind::Itself(asked),
            false => Kind::AwayFrom(old),
        }),
        Asked::Read | Asked::Write(_) | Asked::Cas(..) => None,
    };
    let mut counts: FxHashMap<Kind, usize> = FxHashMap::default();
    let enough = |place: &usize| {
        kind(free[*place].input).is_some_and(|kind| {
            let count = counts.entry(kind).or_default();
            *count += 1;
            *count <= finders
        })
    };
    (0..free.len()).filter(enough).collect()
}
