//! What became of the additions to counters, where each is one: as many as a read told too few are missing, as many as it told
//! too many were counted twice. No addition has a name; counters are named instead.

use super::{Counter, Function};
use crate::census::{Census, Element};
use crate::proof::wording::plain;
use history::{Operation, Outcome};
use rustc_hash::FxHashMap;

/// The additions to one counter, and what was read of it.
#[derive(Default)]
struct Sum<'h> {
    /// When additions were acknowledged, and when any but failed ones began; the events.
    acknowledged: Vec<u32>,
    begun: Vec<u32>,
    reads: Vec<(&'h Operation, i128)>,
}

impl Counter<'_> {
    /// The count; nothing where more than one is added at a time, or anything taken away.
    pub(super) fn count(&self) -> Option<Census> {
        let mut census = Census::default();
        let mut sums: FxHashMap<u32, Sum<'_>> = FxHashMap::default();
        for operation in &self.history.operations {
            let sum = sums.entry(operation.key).or_default();
            match (self.functions[operation.f as usize], operation.outcome) {
                (Function::Dec, _) => return None,
                (Function::Read, Outcome::Ok) => sum.reads.push((operation, self.number(operation.output)?)),
                (Function::Read, _) => {}
                (Function::Add | Function::Inc, outcome) => {
                    if !operation.input.is_null() && self.number(operation.input) != Some(1) {
                        return None;
                    }
                    census.attempts += 1;
                    match outcome {
                        Outcome::Ok => {
                            census.acknowledged += 1;
                            sum.acknowledged.push(operation.complete);
                        }
                        Outcome::Info => census.unknown += 1,
                        Outcome::Fail => {
                            census.failed += 1;
                            continue;
                        }
                    }
                    sum.begun.push(operation.invoke);
                }
            }
        }
        let mut sums: Vec<(u32, Sum<'_>)> = sums.into_iter().collect();
        sums.sort_unstable_by_key(|(key, _)| *key);
        for (key, sum) in sums {
            self.weigh(key, sum, &mut census);
        }
        Some(census)
    }

    fn weigh(&self, key: u32, mut sum: Sum<'_>, census: &mut Census) {
        sum.acknowledged.sort_unstable();
        sum.begun.sort_unstable();
        let of = sum.acknowledged.len();
        let name = |named: &mut crate::census::Named, additions: i128, of: usize| {
            let additions = usize::try_from(additions).unwrap_or(0);
            if additions > 0 {
                let counter = match self.history.keys[key as usize].is_null() {
                    true => "the counter".to_owned(),
                    false => format!("counter {}", plain(&self.history.key_name(key))),
                };
                named.add_some(additions, || Element {
                    key,
                    element: format!("{counter}: {additions} of {of}"),
                    operation: None,
                });
            }
        };
        let missing = |(read, value): &(&Operation, i128)| {
            let known = sum.acknowledged.partition_point(|event| *event < read.invoke);
            known as i128 - *value
        };
        let surplus = |(read, value): &(&Operation, i128)| {
            let possible = sum.begun.partition_point(|event| *event < read.complete);
            *value - possible as i128
        };
        let Some(last) = sum.reads.iter().max_by_key(|(read, _)| read.invoke) else {
            name(&mut census.never_read, of as i128, of);
            return;
        };
        let lost = missing(last).max(0);
        let most = sum.reads.iter().map(missing).max().unwrap_or(0);
        name(&mut census.lost, lost, of);
        name(&mut census.stale, most - lost, of);
        name(
            &mut census.duplicated,
            sum.reads.iter().map(surplus).max().unwrap_or(0),
            of,
        );
        census.stable += of.saturating_sub(usize::try_from(lost).unwrap_or(0));
    }
}
