//! Whether some order explains all answers when each client's operations are in the order in which it asked, and
//! real time counts less than it should.
//!
//! Depth first along the clients: what is remembered is how far each has come, and the object's state. Reads that fit are taken at once,
//! for they change nothing. Of updates of unknown outcome that ask the same it is remembered how many have happened.

use super::Answer;
use crate::object::is_pure;
use crate::{Budget, CallOf, Object};
use history::NEVER;
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap};

/// More places than these are not tried.
const TRIED_MAX: usize = 200_000;
/// Nor more than so many bytes of them.
const BYTES_MAX: usize = 32 << 20;

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
    clients: Vec<Client>,
    /// Updates of unknown outcome that are the last of their clients: those that ask the same are one class. Which of them
    /// have happened does not matter, but how many.
    classes: Vec<Class>,
}

/// A client's calls, without its last where that is in a class.
#[derive(Default)]
struct Client {
    calls: Vec<u32>,
    /// By how far it has come, when the first update ends that it has yet to make.
    ends: Vec<u32>,
    /// How far it has to come.
    required: usize,
}

/// Calls that ask the same, each with the client that has to come to it, where that has anything else to do.
struct Class {
    members: Vec<(Option<usize>, u32)>,
}

/// How far each client has come, how many of each class have happened, and the object.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place<S> {
    done: Box<[u32]>,
    state: S,
}

impl<'a, O: Object> Along<'a, O> {
    fn new(object: &'a O, calls: &'a [CallOf<O>], processes: &[u32], keeps: Keeps) -> Self {
        let mut clients: Vec<Client> = Vec::new();
        let mut number: FxHashMap<u32, usize> = FxHashMap::default();
        for (process, place) in processes.iter().zip(0u32..) {
            let client = *number.entry(*process).or_insert(clients.len());
            if client == clients.len() {
                clients.push(Client::default());
            }
            clients[client].calls.push(place);
        }
        let mut classes: Vec<Class> = Vec::new();
        let mut class_of: FxHashMap<&O::Input, usize> = FxHashMap::default();
        let lasts = clients.iter_mut().map(|client| {
            let is_perhaps = |place: &mut u32| !calls[*place as usize].is_required();
            let last = client.calls.pop_if(is_perhaps);
            (!client.calls.is_empty(), last)
        });
        let lasts: Vec<(bool, Option<u32>)> = lasts.collect();
        clients.retain(|client| !client.calls.is_empty());
        let mut number = 0;
        for (has_more, last) in lasts {
            if let Some(last) = last {
                let class = *class_of
                    .entry(&calls[last as usize].input)
                    .or_insert(classes.len());
                if class == classes.len() {
                    classes.push(Class { members: Vec::new() });
                }
                classes[class].members.push((has_more.then_some(number), last));
            }
            number += usize::from(has_more);
        }
        for client in &mut clients {
            let is_required = |place: &u32| calls[*place as usize].is_required();
            client.required = client.calls.iter().rposition(is_required).map_or(0, |at| at + 1);
            let mut end = NEVER;
            client.ends = vec![NEVER; client.calls.len() + 1];
            for (at, place) in client.calls.iter().enumerate().rev() {
                let call = &calls[*place as usize];
                // A client's operations end in their order, so its first update is the earliest.
                if !is_pure(object, call) && call.is_required() {
                    end = call.complete;
                }
                client.ends[at] = end;
            }
        }
        Along {
            object,
            calls,
            keeps,
            clients,
            classes,
        }
    }

    fn search(&self, budget: &Budget) -> Answer {
        let slots = self.clients.len() + self.classes.len();
        let mut start = Place {
            done: vec![0; slots].into_boxed_slice(),
            state: self.object.initial(),
        };
        self.settle(&mut start);
        let bytes = size_of::<Place<O::State>>() + slots * 4 + self.object.state_bytes(&start.state);
        let most = TRIED_MAX.min(BYTES_MAX / bytes);
        let mut account = budget.account();
        let mut tried: IndexSet<Place<O::State>, FxBuildHasher> = IndexSet::default();
        tried.insert(start);
        let mut left = vec![0];
        while let Some(at) = left.pop() {
            let place = &tried[at];
            if self.is_over(place) {
                return Answer::Holds;
            }
            if tried.len() >= most || account.holds(tried.len() * bytes).is_err() {
                return Answer::Unknown;
            }
            let mut next: Vec<(u32, usize)> = Vec::new();
            for (complete, mut after) in self.moves(place) {
                self.settle(&mut after);
                if tried.len() < most
                    && let (place, true) = tried.insert_full(after)
                {
                    next.push((complete, place));
                }
            }
            // What was answered first is tried first.
            next.sort_by_key(|(complete, _)| std::cmp::Reverse(*complete));
            left.extend(next.into_iter().map(|(_, place)| place));
        }
        Answer::Broken
    }

    /// The places one update further, each with the end of that update.
    fn moves(&self, from: &Place<O::State>) -> Vec<(u32, Place<O::State>)> {
        let bound = self.earliest_end(from);
        let mut next = Vec::new();
        let mut go = |number: u32, slot: usize, state: O::State| {
            let mut done = from.done.clone();
            done[slot] += 1;
            next.push((self.calls[number as usize].complete, Place { done, state }));
        };
        for client in 0..self.clients.len() {
            let Some(number) = self.next_of(from, client) else {
                continue;
            };
            let call = &self.calls[number as usize];
            if !is_pure(self.object, call)
                && call.invoke <= bound
                && let Some(state) = self.object.step(&from.state, &call.input, call.output.as_ref())
            {
                go(number, client, state);
            }
        }
        for (class, slot) in self.classes.iter().zip(self.clients.len()..) {
            // Whoever could have been asked already can still be: it only counts how many there are.
            let is_there = |client: usize| from.done[client] as usize == self.clients[client].calls.len();
            let is_asked = |(client, number): &&(Option<usize>, u32)| {
                client.is_none_or(is_there) && self.calls[*number as usize].invoke <= bound
            };
            let mut asked = class.members.iter().filter(is_asked);
            if let Some((_, number)) = asked.nth(from.done[slot] as usize)
                && let Some(state) = self
                    .object
                    .step(&from.state, &self.calls[*number as usize].input, None)
                && state != from.state
            {
                go(*number, slot, state);
            }
        }
        next
    }

    fn next_of(&self, place: &Place<O::State>, client: usize) -> Option<u32> {
        self.clients[client]
            .calls
            .get(place.done[client] as usize)
            .copied()
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
        let mut clients = self.clients.iter().zip(&place.done);
        clients.all(|(client, done)| *done as usize >= client.required)
    }

    /// When the first update ended that is not placed yet: what began later has to wait for it.
    fn earliest_end(&self, place: &Place<O::State>) -> u32 {
        if self.keeps == Keeps::Clients {
            return NEVER;
        }
        let ends = self.clients.iter().zip(&place.done);
        let ends = ends.map(|(client, done)| client.ends[*done as usize]);
        ends.min().unwrap_or(NEVER)
    }
}
