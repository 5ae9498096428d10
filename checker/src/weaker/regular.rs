//! Whether each read, alone with all updates, is linearizable.
//!
//! Reads that can be told from their answer and place alone need not be searched one by one: the updates are judged with one
//! read at a time, and of reads that were told the same the one that ended first after the same updates stands for all
//! that began with it.

use super::{Answer, is_read};
use crate::{Budget, CallOf, Judgement, Object};

/// More reads than these are judged with all updates each only as long as that is no more than so many calls in all.
const CALLS_MAX: usize = 20_000_000;

/// Whether each read, alone with all updates, is linearizable.
pub fn regular<O: Object>(object: &O, calls: &[CallOf<O>], budget: &Budget) -> Answer {
    let (reads, updates): (Vec<&CallOf<O>>, Vec<&CallOf<O>>) =
        calls.iter().partition(|call| is_read(object, call));
    let reads = hardest::<O>(&reads, &updates);
    if reads.len().saturating_mul(updates.len() + 1) > CALLS_MAX {
        return Answer::Unknown;
    }
    let updates: Vec<CallOf<O>> = updates.into_iter().cloned().collect();
    let mut undecided = false;
    for read in reads {
        let mut all = updates.clone();
        let place = all.partition_point(|call| call.invoke < read.invoke);
        all.insert(place, read.clone());
        match object.search(&all, budget) {
            Judgement::Legal { .. } => {}
            Judgement::Illegal { .. } => return Answer::Broken,
            Judgement::Unknown(_) => undecided = true,
        }
        if budget.is_late() {
            return Answer::Unknown;
        }
    }
    match undecided {
        true => Answer::Unknown,
        false => Answer::Holds,
    }
}

/// The reads without those that another one stands for: between the same updates, asked and told the same.
fn hardest<'a, O: Object>(reads: &[&'a CallOf<O>], updates: &[&CallOf<O>]) -> Vec<&'a CallOf<O>> {
    let mut ends: Vec<u32> = updates.iter().map(|call| call.complete).collect();
    ends.sort_unstable();
    // How many updates had ended when a read began, and how many had begun when it ended, is all that counts.
    let place = |read: &CallOf<O>| {
        let ended = ends.partition_point(|end| *end < read.invoke);
        let begun = updates.partition_point(|update| update.invoke < read.complete);
        (ended, begun)
    };
    let mut kept: Vec<((usize, usize), &CallOf<O>)> = Vec::new();
    let mut sorted: Vec<((usize, usize), &CallOf<O>)> =
        reads.iter().map(|read| (place(read), *read)).collect();
    sorted.sort_by_key(|(place, _)| *place);
    for (place, read) in sorted {
        let same = kept.iter().rev().take_while(|(other, _)| *other == place);
        if !same
            .into_iter()
            .any(|(_, other)| other.input == read.input && other.output == read.output)
        {
            kept.push((place, read));
        }
    }
    kept.into_iter().map(|(_, read)| read).collect()
}
