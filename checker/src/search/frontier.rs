//! Breadth first by event: all states of affairs that are possible so far, and nothing else.
//!
//! The calls are gone through in the order of their events. Where a call completes, every state of affairs in
//! which it has not taken effect yet is led on, by letting open calls take effect in every order that ends with it
//! (just-in-time linearization: Lowe, "Testing for linearizability", 2017; Knossos' `linear`). What is remembered
//! does not grow with the history, only with how much is open at one time, and an illegal history ends the search at the
//! event that makes it illegal. To this are added:
//!
//! * What leaves the state as it is ([`Object::is_pure`]) takes effect as soon as it fits. It never branches.
//! * Calls of unknown outcome that ask the same are one class with a count.
//! * Each state of affairs knows how it was reached, so a legal history comes with its order.

use super::configuration::Configuration;
use super::trail::{START, Trail};
use super::{Judgement, Stuck};
use crate::call::CallOf;
use crate::object::{Object, is_pure};
use crate::{Budget, Limit};
use rustc_hash::{FxBuildHasher, FxHashSet};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// After how many steps the budget is asked.
const STEPS_PER_LOOK: usize = 1024;
/// Going through so many slots takes about as long as a step.
const SLOTS_PER_STEP: usize = 8;
/// How many open calls are named when a limit is reached.
const OPEN_MAX: usize = 20;

/// Whether the calls, given in the order of their invocations, have a legal order.
pub fn search<O: Object>(object: &O, calls: &[CallOf<O>], budget: &Budget) -> Judgement {
    let mut search = Search::new(object, calls, budget);
    match search.run() {
        Ok(judgement) => judgement,
        Err(limit) => Judgement::Unknown(search.stuck(limit)),
    }
}

struct Search<'a, O: Object> {
    object: &'a O,
    calls: &'a [CallOf<O>],
    account: crate::budget::Account<'a>,
    /// Places of required calls, in the order of completion.
    ends: Vec<u32>,
    /// By slot, the open required call in it.
    open: Vec<Option<u32>>,
    /// The slots with none, the lowest first.
    vacant: BinaryHeap<Reverse<u32>>,
    /// The slot of an open call, by its place.
    slots: HashMap<u32, u32, FxBuildHasher>,
    /// The invoked calls of unknown outcome, those that ask the same together.
    classes: Vec<Vec<u32>>,
    class_of: HashMap<O::Input, u32, FxBuildHasher>,
    frontier: Vec<Reached<O::State>>,
    trail: Trail,
    steps: usize,
    event: u32,
    behind: usize,
}

/// A state of affairs, and how it was reached.
struct Reached<S> {
    at: Configuration<S>,
    by: u32,
}

impl<'a, O: Object> Search<'a, O> {
    fn new(object: &'a O, calls: &'a [CallOf<O>], budget: &'a Budget) -> Self {
        let mut ends: Vec<u32> = (0..calls.len() as u32)
            .filter(|place| calls[*place as usize].is_required())
            .collect();
        ends.sort_unstable_by_key(|place| calls[*place as usize].complete);
        let at = Configuration {
            state: object.initial(),
            done: Default::default(),
            used: Default::default(),
        };
        Search {
            object,
            calls,
            account: budget.account(),
            ends,
            open: Vec::new(),
            vacant: BinaryHeap::new(),
            slots: HashMap::default(),
            classes: Vec::new(),
            class_of: HashMap::default(),
            frontier: vec![Reached { at, by: START }],
            trail: Trail::default(),
            steps: 0,
            event: 0,
            behind: 0,
        }
    }

    fn run(&mut self) -> Result<Judgement, Limit> {
        let mut next_invoke = 0;
        for end in 0..self.ends.len() {
            let ending = self.ends[end];
            let complete = self.calls[ending as usize].complete;
            while let Some(call) = self.calls.get(next_invoke)
                && call.invoke < complete
            {
                self.begin(next_invoke as u32)?;
                next_invoke += 1;
            }
            self.event = complete;
            self.finish(ending)?;
            if self.frontier.is_empty() {
                let begun = self.calls.partition_point(|call| call.invoke < complete) as u32;
                return Ok(Judgement::Illegal {
                    suspects: (0..begun).collect(),
                });
            }
            self.behind += 1;
            self.account.is_behind(self.behind);
        }
        let order = self.trail.calls(self.frontier[0].by);
        Ok(Judgement::Legal { order })
    }

    /// A call begins: it may take effect from now on.
    fn begin(&mut self, place: u32) -> Result<(), Limit> {
        let call = &self.calls[place as usize];
        self.event = call.invoke;
        if !call.is_required() {
            // What changes nothing, and was told nothing, need not take effect.
            if !is_pure(self.object, call) {
                let next = self.classes.len() as u32;
                let class = *self.class_of.entry(call.input.clone()).or_insert(next);
                if class == next {
                    self.classes.push(Vec::new());
                }
                self.classes[class as usize].push(place);
            }
            return Ok(());
        }
        let slot = match self.vacant.pop() {
            Some(Reverse(slot)) => slot,
            None => {
                self.open.push(None);
                self.open.len() as u32 - 1
            }
        };
        self.open[slot as usize] = Some(place);
        self.slots.insert(place, slot);
        if is_pure(self.object, call) {
            for reached in &mut self.frontier {
                self.steps += 1;
                if let Some(state) = self
                    .object
                    .step(&reached.at.state, &call.input, call.output.as_ref())
                {
                    reached.at.state = state;
                    reached.at.done.add(slot);
                    let by = self.trail.then(reached.by, place);
                    self.trail.release(reached.by);
                    reached.by = by;
                }
            }
        }
        self.look()
    }

    /// A call completes: in whatever goes on, it has taken effect.
    fn finish(&mut self, ending: u32) -> Result<(), Limit> {
        let slot = self
            .slots
            .remove(&ending)
            .unwrap_or_else(|| unreachable!("it has begun"));
        let frontier = std::mem::take(&mut self.frontier);
        let (mut through, mut waiting): (Vec<_>, Vec<_>) = frontier
            .into_iter()
            .partition(|reached| reached.at.done.has(slot));
        // Most of the time everything has gone through already, by a pure step.
        if !waiting.is_empty() {
            let mut seen: FxHashSet<Configuration<O::State>> =
                waiting.iter().chain(&through).map(|it| it.at.clone()).collect();
            while let Some(reached) = waiting.pop() {
                for next in self.lead_on(&reached, ending, slot) {
                    self.account.comes_to(1);
                    match seen.insert(next.at.clone()) {
                        false => self.trail.release(next.by),
                        true if next.at.done.has(slot) => through.push(next),
                        true => waiting.push(next),
                    }
                }
                self.trail.release(reached.by);
                if self.steps >= STEPS_PER_LOOK {
                    self.steps = 0;
                    self.frontier = through;
                    let held = self.bytes(seen.len() + waiting.len());
                    self.account.holds(held)?;
                    through = std::mem::take(&mut self.frontier);
                }
            }
        }
        self.open[slot as usize] = None;
        self.vacant.push(Reverse(slot));
        for reached in &mut through {
            reached.at.done.remove(slot);
        }
        self.frontier = through;
        self.look()
    }

    /// Asks the budget, now and then.
    fn look(&mut self) -> Result<(), Limit> {
        if self.steps < STEPS_PER_LOOK {
            return Ok(());
        }
        self.steps = 0;
        let held = self.bytes(0);
        self.account.holds(held)
    }

    /// All states of affairs one effect further: that of the call that is `ending`, of another open call, or of
    /// one of unknown outcome.
    fn lead_on(&mut self, from: &Reached<O::State>, ending: u32, slot: u32) -> Vec<Reached<O::State>> {
        let mut next = Vec::new();
        let calls = self.calls;
        self.steps += self.open.len() / SLOTS_PER_STEP;
        let others = (0..self.open.len() as u32).filter_map(|slot| Some((slot, self.open[slot as usize]?)));
        let others: Vec<(u32, u32)> = others
            .filter(|(_, place)| *place != ending && !is_pure(self.object, &calls[*place as usize]))
            .collect();
        for (slot, place) in others.into_iter().chain([(slot, ending)]) {
            if from.at.done.has(slot) {
                continue;
            }
            let call = &calls[place as usize];
            self.steps += 1;
            if let Some(state) = self
                .object
                .step(&from.at.state, &call.input, call.output.as_ref())
            {
                let mut at = from.at.clone();
                at.state = state;
                at.done.add(slot);
                let by = self.trail.then(from.by, place);
                next.push(self.settled(at, by));
            }
        }
        for class in 0..self.classes.len() {
            let members = &self.classes[class];
            let used = from.at.used_of(class as u32) as usize;
            let Some(place) = members.get(used).copied() else {
                continue;
            };
            self.steps += 1;
            let call = &calls[place as usize];
            if let Some(state) = self.object.step(&from.at.state, &call.input, None)
                && state != from.at.state
            {
                let mut at = from.at.clone();
                at.state = state;
                at.use_one(class as u32);
                let by = self.trail.then(from.by, place);
                next.push(self.settled(at, by));
            }
        }
        next
    }

    /// The same after everything open has taken effect that fits and leaves the state as it is.
    fn settled(&mut self, mut at: Configuration<O::State>, mut by: u32) -> Reached<O::State> {
        self.steps += self.open.len() / SLOTS_PER_STEP;
        for slot in 0..self.open.len() as u32 {
            let Some(place) = self.open[slot as usize] else {
                continue;
            };
            let call = &self.calls[place as usize];
            if at.done.has(slot) || !is_pure(self.object, call) {
                continue;
            }
            self.steps += 1;
            if let Some(state) = self.object.step(&at.state, &call.input, call.output.as_ref()) {
                at.state = state;
                at.done.add(slot);
                let then = self.trail.then(by, place);
                self.trail.release(by);
                by = then;
            }
        }
        Reached { at, by }
    }

    /// About how many bytes are held, with so many configurations beside the frontier.
    fn bytes(&self, others: usize) -> usize {
        let one = self.frontier.first().map_or(64, |reached| {
            reached.at.heap_bytes() + self.object.state_bytes(&reached.at.state)
        });
        let each = size_of::<Reached<O::State>>() + one;
        (self.frontier.len() + others * 2) * each + self.trail.bytes()
    }

    fn stuck(&mut self, limit: Limit) -> Stuck {
        let unknown = self.classes.iter().flatten().copied();
        let open = unknown.chain(self.open.iter().copied().flatten());
        Stuck {
            limit,
            placed: self.behind,
            of: self.ends.len(),
            event: self.event,
            width: self.frontier.len(),
            open: open.take(OPEN_MAX).collect(),
            course: self.account.course(),
        }
    }
}

#[cfg(test)]
mod tests;
