//! The priority queue: the smallest comes out first.
//!
//! Of elements that are added once, a history is legal exactly when each comes out at some moment at which nothing
//! smaller is certainly in, and a call finds nothing at some moment at which nothing is (Gibbons, Bruno and
//! Phillips, 2002; Bouajjani, Enea and Wang, "Checking linearizability of concurrent priority queues", 2017). So the
//! elements are gone through from the smallest on; each takes the first such moment, and adds to what is certainly in.
//!
//! *Sufficient*: let each come out at its moment, at the same moment the smaller first, and go in as late as it can.
//! Say v is smaller than w, and w comes out at m while v is in. Then m is not before the last moment at which v can
//! go in, and nothing smaller than v is certainly in at m either; so v can come out at m if it can have begun to, and
//! took the first such moment, which is not after m. If it cannot, v is certainly in at m.

use super::elements::{AFTER, Elements, Finding, NOBODY, chain, moments_of_empties};
use super::words::{self, Codes, distinct, of_element, one_of};
use super::{Asked, Collection, CollectionCall, Discipline, missing};
use crate::{Budget, Limit};
use history::Value;
use rangemap::RangeSet;
use std::collections::BTreeMap;

/// The smallest first.
#[derive(Debug)]
pub(crate) struct Ranked;

/// How many elements there are of each priority.
type Counts = BTreeMap<i64, u32>;

fn priority(element: Value) -> i64 {
    element.as_integer().unwrap_or_default()
}

impl Discipline for Ranked {
    type State = Counts;

    const NAMES: [&'static [&'static str]; 2] = [&["insert", "enqueue"], &["delete-min", "dequeue"]];
    const FUNCTIONS: &'static [&'static str] = &["insert", "enqueue", "delete-min", "dequeue"];
    const TITLE: &'static str = "The priority queue";
    const MONITOR: &'static str = "priority queue, intervals";
    const SEARCH: &'static str = "priority queue, search";
    const RULE: &'static str = "The smallest element of a priority queue comes out first.";
    const IS_LAST_FIRST: Option<bool> = None;
    const CODES: Codes = words::codes!("priority-queue");

    fn problem(element: Value) -> Option<&'static str> {
        match element.as_integer() {
            Some(_) => None,
            None => Some("an element of a priority queue is an integer of at most 61 bits, its priority"),
        }
    }

    fn add(state: &mut Counts, element: Value) {
        *state.entry(priority(element)).or_default() += 1;
    }

    fn remove(state: &mut Counts) -> Option<Value> {
        let mut first = state.first_entry()?;
        let element = Value::integer(*first.key());
        *first.get_mut() -= 1;
        if *first.get() == 0 {
            first.remove();
        }
        element
    }

    fn next(state: &Counts) -> Option<Value> {
        state
            .first_key_value()
            .and_then(|(priority, _)| Value::integer(*priority))
    }

    fn len(state: &Counts) -> usize {
        state.len()
    }

    fn disorder(
        collection: &Collection<'_, Ranked>,
        core: &[&CollectionCall],
    ) -> Option<(&'static str, String)> {
        let mut elements = distinct(core);
        elements.sort_unstable_by_key(|it| priority(*it));
        let (greatest, smaller) = elements.split_last()?;
        // All the smaller ones were put in, and the greatest was given away nevertheless.
        let is_in = |it: &Value| of_element(core, *it).0.is_some();
        let given = of_element(core, *greatest).1.is_some();
        let sentence = format!(
            "Element {} came out while {} was in the queue.",
            collection.show(*greatest),
            one_of(collection, smaller)
        );
        (given && !smaller.is_empty() && smaller.iter().all(is_in)).then_some((Ranked::CODES.order, sentence))
    }

    fn decide(elements: &mut Elements, budget: &Budget) -> Result<Finding, Limit> {
        let mut account = budget.account();
        account.holds(elements.all.len() * 128)?;
        let as_it_was = elements.has_missing().then(|| elements.all.clone());
        missing::excuse(elements);
        let moments = match moments_of_empties(elements) {
            Ok(moments) => moments,
            Err(suspects) => return Ok(Finding::Illegal(suspects)),
        };
        let finding = match order(elements, &moments) {
            Ok(order) => missing::find::<Ranked>(order, elements),
            Err(suspects) => return Ok(Finding::Illegal(suspects)),
        };
        let (Finding::Open, Some(all)) = (&finding, as_it_was) else {
            return Ok(finding);
        };
        elements.all = all;
        account.holds(elements.all.len() * 192)?;
        let urgent = urgent(elements);
        elements.match_unknown(urgent.into_iter());
        Ok(
            match moments_of_empties(elements).map(|moments| order(elements, &moments)) {
                Ok(Ok(order)) => Finding::Legal(order),
                Ok(Err(_)) | Err(_) => Finding::Open,
            },
        )
    }
}

/// The missing elements that have to be out at some moment, the first to be out first: when everything that is greater, or
/// a call that found nothing, can only have come after they were in.
fn urgent(elements: &Elements) -> Vec<u32> {
    let mut ranked: Vec<(i64, u32)> = (0..elements.all.len() as u32)
        .map(|number| (rank(elements, number), number))
        .collect();
    ranked.sort_unstable();
    // By the first moment of what needs them out, its last moment; without what begins earlier than another and does
    // not end earlier. So both ascend, and the next that begins is the next that ends.
    let mut needs: BTreeMap<u32, u32> = BTreeMap::new();
    let need = |(first, last): (u32, u32), needs: &mut BTreeMap<u32, u32>| {
        if needs.range(first..).next().is_some_and(|(_, end)| *end <= last) {
            return;
        }
        while let Some((begin, _)) = needs.range(..=first).next_back().filter(|(_, end)| **end >= last) {
            let begin = *begin;
            needs.remove(&begin);
        }
        needs.insert(first, last);
    };
    for empty in &elements.empties {
        need(empty.looked, &mut needs);
    }
    let mut urgent: Vec<(u32, u32)> = Vec::new();
    for (_, number) in ranked.iter().rev() {
        let element = &elements.all[*number as usize];
        if element.remove != NOBODY {
            need(element.removed, &mut needs);
        } else if let Some((_, end)) = needs.range(element.added.1 + 1..).next() {
            urgent.push((*end, *number));
        }
    }
    urgent.sort_unstable();
    urgent.into_iter().map(|(_, number)| number).collect()
}

fn rank(elements: &Elements, number: u32) -> i64 {
    match elements.calls[elements.all[number as usize].add as usize].input {
        Asked::Add(element) => priority(element),
        Asked::Remove => 0,
    }
}

/// Where a call stands: its moment, whether it only adds, the element's rank, and whether it removes.
type Place = (u32, bool, u32, bool);

/// The order of all calls.
///
/// # Errors
/// Calls that contradict each other.
fn order(elements: &Elements, moments: &[u32]) -> Result<Vec<u32>, Vec<u32>> {
    let mut ranked: Vec<u32> = (0..elements.all.len() as u32).collect();
    ranked.sort_unstable_by_key(|number| rank(elements, *number));
    let mut cover: RangeSet<u32> = RangeSet::new();
    let mut calls: Vec<(Place, u32)> = Vec::with_capacity(elements.calls.len());
    for (number, place) in ranked.iter().zip(0u32..) {
        let element = &elements.all[*number as usize];
        let (from, until) = element.certain();
        let moment = match element.remove {
            NOBODY => AFTER,
            remove => {
                let first = element.removed.0;
                let moment = cover.get(&first).map_or(first, |range| range.end);
                if moment > element.removed.1 {
                    let smaller: Vec<_> = ranked[..place as usize]
                        .iter()
                        .map(|it| elements.all[*it as usize])
                        .collect();
                    let chain = chain(&smaller, element.removed).into_iter();
                    let numbers: Vec<u32> = chain.map(|it| ranked[it as usize]).collect();
                    let mut suspects = elements.suspects(&numbers);
                    suspects.extend([element.add, remove]);
                    return Err(suspects);
                }
                calls.push(((moment, false, place, true), remove));
                moment
            }
        };
        match moment <= element.added.1 {
            true => calls.push(((moment, false, place, false), element.add)),
            false => calls.push(((element.added.1, true, place, false), element.add)),
        }
        if from < until {
            cover.insert(from..until);
        }
    }
    for (moment, empty) in moments.iter().zip(&elements.empties) {
        calls.push(((*moment, false, u32::MAX, true), empty.call));
    }
    calls.sort_unstable();
    Ok(calls.into_iter().map(|(_, call)| call).collect())
}
