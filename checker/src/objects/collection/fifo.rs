//! The queue: first in, first out.
//!
//! Of elements that are added once, a history is legal exactly when (Henzinger, Sezgin and Vafeiadis, 2013)
//!
//! 1. no element comes out that did not go in before, or comes out twice ([`super::elements`]);
//! 2. no element goes in certainly before another, and comes out certainly after it, or never;
//! 3. at some moment of each dequeue that found nothing, nothing was certainly in.
//!
//! What is missing, and dequeues of unknown outcome: of two missing elements, the one that was in for certain earlier
//! also has to be out earlier, by (2) as by (3). So the first takes the first of these dequeues, and so on; if that is not
//! legal, nothing is.
//!
//! The order is built as it was proven to exist: the elements are put in one order, again and again taking one
//! that no other has to be before, by what is left of the additions and of the removals; then everything happens as
//! early as it can in that order. A dequeue that found nothing splits the elements into those before and after it.

use super::elements::{AFTER, Element, Elements, Finding, NOBODY, moments_of_empties};
use super::sequence;
use super::words::{self, Codes, came_out, distinct, of_element};
use super::{Collection, CollectionCall, Discipline};
use crate::search::Judgement;
use crate::{Budget, Limit};
use history::Value;
use std::collections::VecDeque;

/// First in, first out.
#[derive(Debug)]
pub(crate) struct Fifo;

impl Discipline for Fifo {
    type State = VecDeque<Value>;

    const NAMES: [&'static [&'static str]; 2] = [&["enqueue"], &["dequeue"]];
    const FUNCTIONS: &'static [&'static str] = &["enqueue", "dequeue"];
    const TITLE: &'static str = "The queue";
    const MONITOR: &'static str = "queue, intervals";
    const SEARCH: &'static str = "queue, search by pairs";
    const RULE: &'static str = "What goes into a queue first comes out first.";
    const IS_LAST_FIRST: Option<bool> = Some(false);
    const CODES: Codes = words::codes!("queue");

    fn add(state: &mut VecDeque<Value>, element: Value) {
        state.push_back(element);
    }

    fn remove(state: &mut VecDeque<Value>) -> Option<Value> {
        state.pop_front()
    }

    fn next(state: &VecDeque<Value>) -> Option<Value> {
        state.front().copied()
    }

    fn len(state: &VecDeque<Value>) -> usize {
        state.len()
    }

    fn decide(elements: &mut Elements, budget: &Budget) -> Result<Finding, Limit> {
        let mut account = budget.account();
        account.holds(elements.all.len() * 96)?;
        if elements.has_missing() {
            let numbers = 0..elements.all.len() as u32;
            let is_missing = |number: &u32| elements.all[*number as usize].remove == NOBODY;
            let mut missing: Vec<u32> = numbers.filter(is_missing).collect();
            missing.sort_unstable_by_key(|number| elements.all[*number as usize].added.1);
            elements.match_unknown(missing.into_iter());
        }
        let moments = match moments_of_empties(elements) {
            Ok(moments) => moments,
            Err(suspects) => return Ok(Finding::Illegal(suspects)),
        };
        account.holds(elements.all.len() * 96)?;
        Ok(match order_of_elements(&elements.all, &moments) {
            Ok(order) => Finding::Legal(schedule(elements, &moments, &order)),
            Err((first, second)) => Finding::Illegal(elements.suspects(&[first, second])),
        })
    }

    fn disorder(
        collection: &Collection<'_, Fifo>,
        core: &[&CollectionCall],
    ) -> Option<(&'static str, String)> {
        let &[a, b] = distinct(core).as_slice() else {
            return None;
        };
        let goes_before = |first, second| {
            let ((first, _), (second, out)) = (of_element(core, first), of_element(core, second));
            first?.precedes(second?).then_some(out?)
        };
        let (first, second, out) = match (goes_before(a, b), goes_before(b, a)) {
            (Some(out), _) => (a, b, out),
            (None, Some(out)) => (b, a, out),
            (None, None) => return None,
        };
        let [x, y] = [first, second].map(|it| collection.show(it));
        Some(match came_out(collection, out.number, first) {
            true => (
                Fifo::CODES.order,
                format!("Element {x} was enqueued before {y}, and came out after it."),
            ),
            false => (
                Fifo::CODES.lost,
                format!("Element {x} was acknowledged and never came out, though {y}, enqueued later, did."),
            ),
        })
    }

    fn search(_: &Collection<'_, Fifo>, calls: &[CollectionCall], budget: &Budget) -> Judgement {
        sequence::search(calls, budget)
    }
}

/// An element with its moments, each after the number of dequeues that have found nothing by then, above the moment.
struct Placed {
    added: (u64, u64),
    removed: (u64, u64),
}

fn placed(element: &Element, moments: &[u32]) -> Placed {
    // Before a moment at which the queue is empty come those that certainly went in before, and those only.
    let part = moments.partition_point(|moment| *moment <= element.added.1);
    let from = part.checked_sub(1).map_or(0, |before| moments[before]);
    let until = moments.get(part).copied().unwrap_or(AFTER);
    let at = |moment: u32| (part as u64) << 32 | u64::from(moment);
    Placed {
        added: (at(element.added.0.max(from)), at(element.added.1)),
        removed: (at(element.removed.0.max(from)), at(element.removed.1.min(until))),
    }
}

/// The order in which the elements go through the queue.
///
/// # Errors
/// Two elements, of which the first goes in before the second, and comes out after it or never.
fn order_of_elements(elements: &[Element], moments: &[u32]) -> Result<Vec<u32>, (u32, u32)> {
    let mut sorted = moments.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let placed: Vec<Placed> = elements.iter().map(|it| placed(it, &sorted)).collect();
    let by = |key: fn(&Placed) -> u64| {
        let mut numbers: Vec<u32> = (0..placed.len() as u32).collect();
        numbers.sort_unstable_by_key(|number| key(&placed[*number as usize]));
        numbers
    };
    let (first_added, last_added) = (by(|it| it.added.0), by(|it| it.added.1));
    let (first_removed, last_removed) = (by(|it| it.removed.0), by(|it| it.removed.1));
    // Places in these lists, and of each element on how many sides nothing has to be before it.
    let [mut fa, mut la, mut fr, mut lr] = [0usize; 4];
    let mut ready = vec![0u8; placed.len()];
    let mut is_done = vec![false; placed.len()];
    let mut free: Vec<u32> = Vec::new();
    let mut order = Vec::with_capacity(placed.len());
    while order.len() < placed.len() {
        while is_done[last_added[la] as usize] {
            la += 1;
        }
        while is_done[last_removed[lr] as usize] {
            lr += 1;
        }
        let add_by = placed[last_added[la] as usize].added.1;
        let remove_by = placed[last_removed[lr] as usize].removed.1;
        let mut step = |list: &[u32], next: &mut usize, key: fn(&Placed) -> u64, limit: u64| {
            while let Some(number) = list.get(*next)
                && key(&placed[*number as usize]) <= limit
            {
                ready[*number as usize] += 1;
                if ready[*number as usize] == 2 {
                    free.push(*number);
                }
                *next += 1;
            }
        };
        step(&first_added, &mut fa, |it| it.added.0, add_by);
        step(&first_removed, &mut fr, |it| it.removed.0, remove_by);
        let Some(number) = free.pop() else {
            // Each is first on one side, and on the other side has to be after the other one.
            return Err((last_added[la], last_removed[lr]));
        };
        is_done[number as usize] = true;
        order.push(number);
    }
    Ok(order)
}

/// Everything as early as it can be: additions and removals in the order of the elements.
fn schedule(elements: &Elements, moments: &[u32], order: &[u32]) -> Vec<u32> {
    let mut empties: Vec<(u32, u32)> = moments.iter().copied().zip(0..).collect();
    empties.sort_unstable();
    let mut line = Line::default();
    let mut next = 0;
    for number in order {
        let element = &elements.all[*number as usize];
        while let Some((moment, empty)) = empties.get(next)
            && *moment <= element.added.1
        {
            line.empty(elements.empties[*empty as usize].call, *moment);
            next += 1;
        }
        line.add(element.add, element.added.0);
        if element.remove != NOBODY {
            line.remove(element.remove, element.removed.0);
        }
    }
    for (moment, empty) in &empties[next..] {
        line.empty(elements.empties[*empty as usize].call, *moment);
    }
    line.order()
}

/// Calls of a queue in the order in which it serves elements, each as early as it can be.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// How many calls have found nothing.
    part: u64,
    /// The latest moments so far of a call that found nothing, an addition, and a removal.
    empty: u32,
    added: u32,
    removed: u32,
    /// With the part and the moment, and whether it is an addition, a removal or one that found nothing.
    calls: Vec<(u64, u8, u32)>,
}

impl Line {
    /// The next element goes in, not before this moment.
    pub fn add(&mut self, call: u32, from: u32) {
        self.added = self.added.max(from).max(self.empty);
        self.calls
            .push((self.part << 32 | u64::from(self.added), 0, call));
    }

    /// The element that was added last comes out, not before this moment.
    pub fn remove(&mut self, call: u32, from: u32) {
        self.removed = self.removed.max(from).max(self.added);
        self.calls
            .push((self.part << 32 | u64::from(self.removed), 1, call));
    }

    /// Nothing is in, not before this moment.
    pub fn empty(&mut self, call: u32, from: u32) {
        self.empty = self.empty.max(from).max(self.added).max(self.removed);
        self.calls
            .push((self.part << 32 | u64::from(self.empty), 2, call));
        self.part += 1;
    }

    /// All calls in order.
    pub fn order(mut self) -> Vec<u32> {
        // Stable: of the same kind at the same moment, the first stays first.
        self.calls.sort_by_key(|(moment, kind, _)| (*moment, *kind));
        self.calls.into_iter().map(|(_, _, call)| call).collect()
    }
}
