//! The stack: last in, first out.
//!
//! Of elements that are added once it is decided from the outside in (after Lee and Mathur, 2025). If at some moment
//! nothing is certainly in, the stack can be empty then, and the elements before and after are stacks of their own.
//! If there is no such moment, some element lies at the bottom all the time: it can be pushed before every other call is
//! over, and popped after every other has begun. Any that can lie there may as well, for the others are legal without
//! it; and when there is none, the history is not legal.
//!
//! In the order of the moments at which their pushes are over, the elements of such a part stand side by side. So trees
//! over that order find a cut, and a bottom, in O(log n) each.

mod tree;

use super::elements::{Elements, Finding, NOBODY, moments_of_empties};
use super::words::{self, Codes, distinct, of_element};
use super::{Collection, CollectionCall, Discipline, missing};
use crate::{Budget, Limit};
use history::Value;
use tree::{CoverTree, MaxTree};

/// Last in, first out.
#[derive(Debug)]
pub(crate) struct Lifo;

impl Discipline for Lifo {
    type State = Vec<Value>;

    const NAMES: [&'static [&'static str]; 2] = [&["push"], &["pop"]];
    const FUNCTIONS: &'static [&'static str] = &["push", "pop"];
    const TITLE: &'static str = "The stack";
    const MONITOR: &'static str = "stack, intervals";
    const SEARCH: &'static str = "stack, search";
    const RULE: &'static str = "What goes onto a stack last comes off first.";
    const IS_LAST_FIRST: Option<bool> = Some(true);
    const CODES: Codes = words::codes!("stack");

    fn add(state: &mut Vec<Value>, element: Value) {
        state.push(element);
    }

    fn remove(state: &mut Vec<Value>) -> Option<Value> {
        state.pop()
    }

    fn next(state: &Vec<Value>) -> Option<Value> {
        state.last().copied()
    }

    fn len(state: &Vec<Value>) -> usize {
        state.len()
    }

    fn disorder(
        collection: &Collection<'_, Lifo>,
        core: &[&CollectionCall],
    ) -> Option<(&'static str, String)> {
        let &[a, b] = distinct(core).as_slice() else {
            return None;
        };
        let is_below = |below, above| {
            let ((below, popped), (above, later)) = (of_element(core, below), of_element(core, above));
            let first = later.is_none_or(|later| popped.is_some_and(|popped| popped.precedes(later)));
            Some(first && below?.precedes(above?) && popped.is_some())
        };
        let (below, above) = match (is_below(a, b), is_below(b, a)) {
            (Some(true), _) => (a, b),
            (_, Some(true)) => (b, a),
            _ => return None,
        };
        let [x, y] = [below, above].map(|it| collection.show(it));
        let sentence = format!("Element {x} came off the stack while {y}, pushed later, was on top of it.");
        Some((Lifo::CODES.order, sentence))
    }

    fn decide(elements: &mut Elements, budget: &Budget) -> Result<Finding, Limit> {
        let mut account = budget.account();
        account.holds(elements.all.len() * 128)?;
        missing::excuse(elements);
        let moments = match moments_of_empties(elements) {
            Ok(moments) => moments,
            Err(suspects) => return Ok(Finding::Illegal(suspects)),
        };
        Ok(match nest(elements, &moments) {
            Ok(order) => missing::find::<Lifo>(order, elements),
            Err(part) => Finding::Illegal(elements.suspects(&few(elements, part))),
        })
    }
}

/// What is left to do, last first.
enum Task {
    /// The elements with these ranks, from and until.
    Part(u32, u32),
    /// This call is next.
    Call(u32),
}

/// The order of all calls.
///
/// # Errors
/// The elements of a part that can neither be cut nor has a bottom.
fn nest(elements: &Elements, moments: &[u32]) -> Result<Vec<u32>, Vec<u32>> {
    let mut ranked: Vec<u32> = (0..elements.all.len() as u32).collect();
    ranked.sort_unstable_by_key(|number| elements.all[*number as usize].added.1);
    let at = |rank: u32| &elements.all[ranked[rank as usize] as usize];
    let size = ranked.len() as u32;
    let until = |moment: u32| ranked.partition_point(|it| elements.all[*it as usize].added.1 < moment) as u32;
    let mut cover = CoverTree::new(size as usize);
    for rank in 0..size {
        cover.add(rank + 1, until(at(rank).removed.0), 1);
    }
    let mut latest_begin = MaxTree::of((0..size).map(|rank| Some(at(rank).removed.0)));
    let mut earliest_push = MaxTree::of((0..size).map(|rank| Some(!at(rank).added.0)));
    let mut latest_pop = MaxTree::of((0..size).map(|_| None));
    let mut alive = MaxTree::of((0..size).map(|rank| Some(!rank)));
    let mut last_alive = MaxTree::of((0..size).map(Some));
    let mut tasks = first_tasks(elements, moments, size, &until);
    let mut order = Vec::with_capacity(elements.calls.len());
    while let Some(task) = tasks.pop() {
        let (from, to) = match task {
            Task::Call(call) => {
                order.push(call);
                continue;
            }
            Task::Part(from, to) => (from, to),
        };
        let (Some((_, first)), Some((_, last))) = (alive.max(from, to), last_alive.max(from, to)) else {
            continue;
        };
        if let Some(cut) = cover.first_zero(first + 1, last + 1) {
            tasks.push(Task::Part(cut, to));
            tasks.push(Task::Part(from, cut));
            continue;
        }
        // Whoever can be pushed before the first push is over can be so in every smaller part, too.
        let push_by = at(first).added.1;
        while let Some((push, rank)) = earliest_push.max(from, to)
            && !push <= push_by
        {
            earliest_push.set(rank, None);
            latest_pop.set(rank, Some(at(rank).removed.1));
        }
        let bottom = latest_pop.max(from, to);
        let begun = latest_begin.max(from, to).map_or(0, |(begin, _)| begin);
        let Some((_, rank)) = bottom.filter(|(pop, _)| *pop >= begun) else {
            let left = (from..to).filter(|rank| alive.max(*rank, rank + 1).is_some());
            let left: Vec<u32> = left.map(|rank| ranked[rank as usize]).collect();
            return Err(left);
        };
        for tree in [
            &mut latest_begin,
            &mut earliest_push,
            &mut latest_pop,
            &mut alive,
            &mut last_alive,
        ] {
            tree.set(rank, None);
        }
        cover.add(rank + 1, until(at(rank).removed.0), -1);
        let element = at(rank);
        if element.remove != NOBODY {
            tasks.push(Task::Call(element.remove));
        }
        tasks.push(Task::Part(from, to));
        tasks.push(Task::Call(element.add));
    }
    Ok(order)
}

/// The parts between the moments at which the stack is seen to be empty, and who sees it, last first.
fn first_tasks(elements: &Elements, moments: &[u32], size: u32, until: &dyn Fn(u32) -> u32) -> Vec<Task> {
    let mut empties: Vec<(u32, u32)> = moments
        .iter()
        .copied()
        .zip(elements.empties.iter().map(|it| it.call))
        .collect();
    empties.sort_unstable();
    let mut tasks = Vec::new();
    let mut end = size;
    for (moment, call) in empties.into_iter().rev() {
        let start = until(moment);
        tasks.push(Task::Part(start, end));
        tasks.push(Task::Call(call));
        end = start;
    }
    tasks.push(Task::Part(0, end));
    tasks
}

/// Of elements of which one is always in, as few as the check for a cut and a bottom still refuses: by leaving out half
/// of them, a quarter, and so on.
fn few(elements: &Elements, mut left: Vec<u32>) -> Vec<u32> {
    let refuses = |some: &[u32]| {
        let part = Elements {
            calls: elements.calls,
            all: some.iter().map(|number| elements.all[*number as usize]).collect(),
            empties: Vec::new(),
            unknown: Vec::new(),
            are_repeated: false,
        };
        nest(&part, &[]).is_err()
    };
    let mut piece = left.len().div_ceil(2);
    while piece > 0 && left.len() > 2 {
        let mut from = 0;
        while from < left.len() {
            let mut rest = left.clone();
            rest.drain(from..(from + piece).min(left.len()));
            match refuses(&rest) {
                true => left = rest,
                false => from += piece,
            }
        }
        piece /= 2;
    }
    left
}
