//! Whether some order explains all answers when each client's operations are in the order in which it asked, and
//! real time counts less than it should.
//!
//! Depth first along the clients: what is remembered is how far each has come, and the object's state. Reads that fit are taken at once,
//! for they change nothing.

use super::Answer;
use crate::object::is_pure;
use crate::{Budget, CallOf, Object};
use history::NEVER;
use rustc_hash::{FxHashMap, FxHashSet};

/// More places than these are not tried.
const TRIED_MAX: usize = 200_000;
/// Nor more than so many bytes of them.
const BYTES_MAX: usize = 256 << 20;

/// What an order has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// The order of each client's operations.
    Clients,
    /// That, and real time between updates.
    ClientsAndUpdates,
}

/// Whether there is such an order. `processes` says who asked each call; the calls are in the order of their invocations.
pub fn in_order_of_clients<O: Object>(
    object: &O,
    calls: &[CallOf<O>],
    processes: &[u32],
    keeps: Keeps,
    budget: &Budget,
) -> Answer {
    Along::new(object, calls, processes, keeps).search(budget)
}

struct Along<'a, O: Object> {
    object: &'a O,
    calls: &'a [CallOf<O>],
    keeps: Keeps,
    /// By client, its calls.
    clients: Vec<Vec<u32>>,
}

/// How far each client has come, and the object.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place<S> {
    done: Box<[u32]>,
    state: S,
}

impl<'a, O: Object> Along<'a, O> {
    fn new(object: &'a O, calls: &'a [CallOf<O>], processes: &[u32], keeps: Keeps) -> Self {
        let mut clients: Vec<Vec<u32>> = Vec::new();
        let mut number: FxHashMap<u32, usize> = FxHashMap::default();
        for (process, place) in processes.iter().zip(0u32..) {
            let client = *number.entry(*process).or_insert(clients.len());
            match clients.get_mut(client) {
                Some(own) => own.push(place),
                None => clients.push(vec![place]),
            }
        }
        Along {
            object,
            calls,
            keeps,
            clients,
        }
    }

    fn search(&self, budget: &Budget) -> Answer {
        let mut start = Place {
            done: vec![0; self.clients.len()].into_boxed_slice(),
            state: self.object.initial(),
        };
        self.settle(&mut start);
        let bytes =
            size_of::<Place<O::State>>() + self.clients.len() * 4 + self.object.state_bytes(&start.state);
        let most = TRIED_MAX.min(BYTES_MAX / bytes);
        let mut account = budget.account();
        let mut tried = FxHashSet::from_iter([start.clone()]);
        let mut left = vec![start];
        while let Some(place) = left.pop() {
            if self.is_over(&place) {
                return Answer::Holds;
            }
            if tried.len() >= most || account.holds(tried.len() * bytes).is_err() {
                return Answer::Unknown;
            }
            let bound = self.earliest_end(&place);
            let mut next: Vec<(u32, Place<O::State>)> = Vec::new();
            for client in 0..self.clients.len() {
                let Some(number) = self.next_of(&place, client) else {
                    continue;
                };
                let call = &self.calls[number as usize];
                if is_pure(self.object, call) || call.invoke > bound {
                    continue;
                }
                let Some(state) = self.object.step(&place.state, &call.input, call.output.as_ref()) else {
                    continue;
                };
                let mut after = Place {
                    done: place.done.clone(),
                    state,
                };
                after.done[client] += 1;
                self.settle(&mut after);
                if tried.len() < most && tried.insert(after.clone()) {
                    next.push((call.complete, after));
                }
            }
            // What was answered first is tried first.
            next.sort_by_key(|(complete, _)| std::cmp::Reverse(*complete));
            left.extend(next.into_iter().map(|(_, place)| place));
        }
        Answer::Broken
    }

    fn next_of(&self, place: &Place<O::State>, client: usize) -> Option<u32> {
        self.clients[client].get(place.done[client] as usize).copied()
    }

    /// Takes every read that fits, and passes those whose answer nobody knows.
    fn settle(&self, place: &mut Place<O::State>) {
        for client in 0..self.clients.len() {
            while let Some(number) = self.next_of(place, client) {
                let call = &self.calls[number as usize];
                let fits = || {
                    let output = call.output.as_ref();
                    self.object.step(&place.state, &call.input, output).is_some()
                };
                if !is_pure(self.object, call) || !fits() {
                    break;
                }
                place.done[client] += 1;
            }
        }
    }

    fn is_over(&self, place: &Place<O::State>) -> bool {
        let rest = |client: usize| &self.clients[client][place.done[client] as usize..];
        let required = |number: &u32| self.calls[*number as usize].is_required();
        !(0..self.clients.len()).any(|client| rest(client).iter().any(required))
    }

    /// When the first update ended that is not placed yet: what began later has to wait for it.
    fn earliest_end(&self, place: &Place<O::State>) -> u32 {
        if self.keeps == Keeps::Clients {
            return NEVER;
        }
        let left = |client: usize| &self.clients[client][place.done[client] as usize..];
        let is_update = |number: &&u32| {
            let call = &self.calls[**number as usize];
            call.is_required() && !is_pure(self.object, call)
        };
        // A client's operations end in their order, so its first update is the earliest.
        let first = |client: usize| {
            left(client)
                .iter()
                .find(is_update)
                .map(|it| self.calls[*it as usize].complete)
        };
        (0..self.clients.len()).filter_map(first).min().unwrap_or(NEVER)
    }
}
