//! Depth first: one order, call by call, taking back the last call where nothing can be next.
//!
//! Of a legal history one order is enough, and most legal histories have many. So before all states of affairs are kept, one order is
//! tried (Wing and Gong, "Testing and verifying concurrent objects", 1993), and what led nowhere once is not tried again from
//! the same state with the same calls (Lowe, "Testing for linearizability", 2017; Porcupine). To this is added:
//!
//! * What leaves the state as it is ([`Object::is_pure`]) comes next as soon as it fits. That is never taken back alone.
//! * Calls of unknown outcome come next only where nothing else can, one of those that ask the same.
//! * It gives up where it has not come further for long: the search that keeps everything does not lose itself in what was wrong
//!   long ago, and can say that there is no order.
//!
//! An order that it finds is one. What led nowhere is known by its hash alone: two that have the same could hide an order, and
//! not more.

mod left;

use super::{Judgement, Stuck};
use crate::object::is_pure;
use crate::{Budget, CallOf, Limit, Object};
use history::NEVER;
use left::Left;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::hash::BuildHasher;

/// After how many steps the budget is asked.
const STEPS_PER_LOOK: usize = 1024;
/// Without coming further it goes on for so many steps for each call, but at most for [`PATIENCE_MAX`]; in all for so many.
const PATIENCE: usize = 64;
const PATIENCE_MAX: usize = 4_000_000;
const STEPS_IN_ALL: usize = 512;
/// How many open calls are named when a limit is reached.
const OPEN_MAX: usize = 20;

/// A legal order of the calls, which are given in the order of their invocations; or that a limit of time was reached. Nothing
/// where it gave up.
pub fn search<O: Object>(object: &O, calls: &[CallOf<O>], budget: &Budget) -> Option<Judgement> {
    let mut search = Search::new(object, calls, budget);
    match search.run() {
        Ok(order) => order.map(|order| Judgement::Legal { order }),
        // Who keeps everything knows better what took the memory.
        Err(Limit::Memory) => None,
        Err(limit) => Some(Judgement::Unknown(search.stuck(limit))),
    }
}

struct Search<'a, O: Object> {
    object: &'a O,
    calls: &'a [CallOf<O>],
    account: crate::budget::Account<'a>,
    /// The required calls that are not in the order yet, in the order of their invocations.
    left: Left,
    /// The same in the order of their completions, by rank.
    ending: Left,
    /// Who ends by rank, and the rank of each.
    ends: Vec<u32>,
    ranks: Vec<u32>,
    /// The calls of unknown outcome that may change something, those that ask the same together.
    classes: Vec<Vec<u32>>,
    /// How many of each are in the order.
    used: Vec<usize>,
    state: O::State,
    order: Vec<Placed<O::State>>,
    /// What led nowhere, or is being tried: which calls are in the order, and the state.
    tried: FxHashSet<u64>,
    /// Which calls are in the order, as the sum of their hashes.
    placed: u64,
    state_bytes: usize,
    /// How many required calls are in the order, and how many there were at most.
    behind: usize,
    furthest: usize,
    /// Since the budget was asked, since it came further, and in all.
    steps: usize,
    steps_since: usize,
    steps_in_all: usize,
}

/// A call of the order.
struct Placed<S> {
    call: u32,
    /// The state before it.
    before: S,
    /// What is tried when it is taken back.
    then: Next,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// This required call, or one after it.
    Required(u32),
    /// One of this class of calls of unknown outcome, or of one after it.
    Unknown(u32),
    /// Nothing more.
    Nothing,
}

impl<'a, O: Object> Search<'a, O> {
    fn new(object: &'a O, calls: &'a [CallOf<O>], budget: &'a Budget) -> Self {
        let mut classes: Vec<Vec<u32>> = Vec::new();
        let mut class_of: FxHashMap<&O::Input, usize> = FxHashMap::default();
        for (call, place) in calls.iter().zip(0u32..) {
            // What changes nothing, and was told nothing, need not take effect.
            if !call.is_required() && !is_pure(object, call) {
                let class = *class_of.entry(&call.input).or_insert(classes.len());
                if class == classes.len() {
                    classes.push(Vec::new());
                }
                classes[class].push(place);
            }
        }
        let mut ends: Vec<u32> = (0..calls.len() as u32).collect();
        ends.retain(|place| calls[*place as usize].is_required());
        ends.sort_unstable_by_key(|place| calls[*place as usize].complete);
        let mut ranks = vec![0; calls.len()];
        for (place, rank) in ends.iter().zip(0u32..) {
            ranks[*place as usize] = rank;
        }
        Search {
            object,
            calls,
            account: budget.account(),
            ending: Left::of(ends.iter().map(|_| true)),
            ends,
            ranks,
            left: Left::of(calls.iter().map(|call| call.is_required())),
            used: vec![0; classes.len()],
            classes,
            state: object.initial(),
            order: Vec::new(),
            tried: FxHashSet::default(),
            placed: 0,
            state_bytes: 0,
            behind: 0,
            furthest: 0,
            steps: 0,
            steps_since: 0,
            steps_in_all: 0,
        }
    }

    fn run(&mut self) -> Result<Option<Vec<u32>>, Limit> {
        let patience = (self.calls.len() * PATIENCE).min(PATIENCE_MAX);
        let mut next = self.arrive();
        while !self.left.is_empty() {
            let found = self.find(next);
            match found {
                Some((call, state, then)) => {
                    self.place(call, state, then);
                    next = self.arrive();
                }
                None => match self.take_back() {
                    Some(then) => next = then,
                    None => return Ok(None),
                },
            }
            if self.steps >= STEPS_PER_LOOK {
                self.steps_since += self.steps;
                self.steps_in_all += self.steps;
                self.steps = 0;
                let held = self.bytes();
                self.account.holds(held)?;
                if self.steps_since > patience || self.steps_in_all > self.calls.len() * STEPS_IN_ALL {
                    return Ok(None);
                }
            }
        }
        Ok(Some(self.order.iter().map(|placed| placed.call).collect()))
    }

    /// About how many bytes are held.
    fn bytes(&self) -> usize {
        let order = self.order.capacity() * size_of::<Placed<O::State>>() + self.state_bytes;
        // The table has a byte beside each hash, and is never quite full.
        let tried = self.tried.capacity() * 8 / 7 * (size_of::<u64>() + 1);
        // What is left: two links of two places, who ends by rank, and the rank of each.
        order + tried + self.calls.len() * 6 * size_of::<u32>()
    }

    /// What to try first in a new state.
    fn arrive(&mut self) -> Next {
        if self.behind > self.furthest {
            self.furthest = self.behind;
            self.steps_since = 0;
            self.account.is_behind(self.behind);
        }
        Next::Required(self.left.first())
    }

    /// The next call that fits, the state after it, and what to try after that.
    fn find(&mut self, from: Next) -> Option<(u32, O::State, Next)> {
        let deadline = self.deadline();
        if from == Next::Required(self.left.first())
            && let Some((call, state)) = self.pure(deadline)
        {
            return Some((call, state, Next::Nothing));
        }
        let mut next = from;
        loop {
            match next {
                Next::Required(place) if !self.is_open(place, deadline) => next = Next::Unknown(0),
                Next::Required(place) => {
                    next = Next::Required(self.left.after(place));
                    let call = &self.calls[place as usize];
                    self.steps += 1;
                    // What is pure was asked before.
                    if !is_pure(self.object, call)
                        && let Some(state) = self.object.step(&self.state, &call.input, call.output.as_ref())
                        && self.is_new(place, &state)
                    {
                        return Some((place, state, next));
                    }
                }
                Next::Unknown(class) => {
                    let members = self.classes.get(class as usize)?;
                    next = Next::Unknown(class + 1);
                    self.steps += 1;
                    let Some(place) = members.get(self.used[class as usize]).copied() else {
                        continue;
                    };
                    let call = &self.calls[place as usize];
                    if call.invoke < deadline
                        && let Some(state) = self.object.step(&self.state, &call.input, None)
                        && state != self.state
                        && self.is_new(place, &state)
                    {
                        return Some((place, state, next));
                    }
                }
                Next::Nothing => return None,
            }
        }
    }

    /// The event before which one of what is left has to happen.
    fn deadline(&self) -> u32 {
        let first = self.ends.get(self.ending.first() as usize);
        first.map_or(NEVER, |place| self.calls[*place as usize].complete)
    }

    fn is_open(&self, place: u32, deadline: u32) -> bool {
        self.calls
            .get(place as usize)
            .is_some_and(|call| call.invoke < deadline)
    }

    /// An open call that fits and leaves the state as it is.
    fn pure(&mut self, deadline: u32) -> Option<(u32, O::State)> {
        let mut place = self.left.first();
        while self.is_open(place, deadline) {
            let call = &self.calls[place as usize];
            self.steps += 1;
            if is_pure(self.object, call) {
                let state = self.object.step(&self.state, &call.input, call.output.as_ref());
                if let Some(state) = state {
                    return Some((place, state));
                }
            }
            place = self.left.after(place);
        }
        None
    }

    /// Whether this state with these calls has not been tried; now it is.
    fn is_new(&mut self, call: u32, state: &O::State) -> bool {
        let calls = self.placed.wrapping_add(hash_of(call));
        let is_new = self.tried.insert(FxBuildHasher.hash_one((calls, state)));
        self.account.comes_to(usize::from(is_new));
        is_new
    }

    fn place(&mut self, call: u32, state: O::State, then: Next) {
        match self.calls[call as usize].is_required() {
            true => {
                self.left.take_out(call);
                self.ending.take_out(self.ranks[call as usize]);
                self.behind += 1;
            }
            false => {
                let class = self.class_of(call, then);
                self.used[class] += 1;
            }
        }
        self.placed = self.placed.wrapping_add(hash_of(call));
        self.state_bytes += self.object.state_bytes(&self.state);
        let before = std::mem::replace(&mut self.state, state);
        self.order.push(Placed { call, before, then });
    }

    /// Takes back the last call that was not the only one that could be next.
    fn take_back(&mut self) -> Option<Next> {
        loop {
            let Placed { call, before, then } = self.order.pop()?;
            self.steps += 1;
            match self.calls[call as usize].is_required() {
                true => {
                    self.left.put_back(call);
                    self.ending.put_back(self.ranks[call as usize]);
                    self.behind -= 1;
                }
                false => {
                    let class = self.class_of(call, then);
                    self.used[class] -= 1;
                }
            }
            self.placed = self.placed.wrapping_sub(hash_of(call));
            self.state = before;
            self.state_bytes -= self.object.state_bytes(&self.state);
            if then != Next::Nothing {
                return Some(then);
            }
        }
    }

    /// The class of a call of unknown outcome, after which those are tried that come `then`.
    fn class_of(&self, call: u32, then: Next) -> usize {
        match then {
            Next::Unknown(after) => after as usize - 1,
            _ => unreachable!("call {call} has no outcome, so other classes come after its own"),
        }
    }

    fn stuck(&mut self, limit: Limit) -> Stuck {
        let deadline = self.deadline();
        let unknown = self.classes.iter().zip(&self.used);
        let unknown = unknown.flat_map(|(members, used)| &members[*used..]).copied();
        let mut open: Vec<u32> = unknown
            .filter(|place| self.is_open(*place, deadline))
            .take(OPEN_MAX)
            .collect();
        let mut place = self.left.first();
        while self.is_open(place, deadline) && open.len() < OPEN_MAX {
            open.push(place);
            place = self.left.after(place);
        }
        Stuck {
            limit,
            placed: self.furthest,
            of: self.calls.iter().filter(|call| call.is_required()).count(),
            event: deadline,
            width: 1,
            open,
            course: self.account.course(),
        }
    }
}

/// What stands for a call in the hash of many: sums of these are not the same by chance.
fn hash_of(call: u32) -> u64 {
    let mixed = (u64::from(call) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests;
