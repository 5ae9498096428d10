//! What the search says of itself where it reaches a limit, and what it remembers where it does not. Its verdicts are
//! compared with brute force in `tests/random`.

use super::*;
use crate::cell::Cell;
use crate::{Calls, Limits};
use std::time::Duration;

/// A bag of numbered things, of which each can be put in.
struct Bag;

impl Object for Bag {
    type Input = u32;
    type Output = ();
    type State = u64;

    fn initial(&self) -> u64 {
        0
    }

    fn step(&self, bag: &u64, thing: &u32, _: Option<&()>) -> Option<u64> {
        Some(bag | 1 << thing)
    }
}

/// Three things are put in one after another, then so many of which nobody knows, then fourteen at one time; and the
/// event at which the first of those was in.
fn fourteen_at_one_time(unknown: u32) -> (Calls<u32, ()>, u32) {
    let mut calls = Calls::new();
    for thing in 0..3 {
        let put = calls.invoke(thing);
        calls.ok(put, ());
    }
    for thing in 0..unknown {
        calls.invoke(3 + thing);
    }
    let open: Vec<_> = (0..14).map(|thing| calls.invoke(40 + thing)).collect();
    for put in open {
        calls.ok(put, ());
    }
    let first = calls.as_slice()[(3 + unknown) as usize].complete;
    (calls, first)
}

#[test]
fn a_search_that_reaches_a_limit_says_where() {
    for (unknown, named) in [(0, 14), (2, 16), (22, 20)] {
        let (calls, event) = fourteen_at_one_time(unknown);
        let memory = Limits {
            time: None,
            memory_bytes: Some(100_000),
        };
        let time = Limits {
            time: Some(Duration::ZERO),
            memory_bytes: None,
        };
        for (limit, limits) in [(Limit::Memory, memory), (Limit::Time, time)] {
            let Judgement::Unknown(stuck) = search(&Bag, calls.as_slice(), &Budget::of(&limits)) else {
                panic!("{limits:?} is not enough for thousands of ways");
            };
            assert_eq!((stuck.limit, stuck.placed, stuck.of), (limit, 3, 17), "{stuck:?}");
            assert_eq!(stuck.event, event);
            assert!(stuck.width > 0);
            // What began after the first three, without outcome first.
            assert_eq!(stuck.open, (3..3 + named).collect::<Vec<u32>>());
        }
    }
}

#[test]
fn a_limit_is_far_above_what_a_search_needs_or_far_below() {
    let (calls, _) = fourteen_at_one_time(0);
    let budget = Budget::of(&Limits::default());
    assert!(search(&Bag, calls.as_slice(), &budget).is_legal());
    // Every set of the fourteen, in so many bytes each.
    let (sets, each) = (1 << 14, budget.peak_bytes() >> 14);
    assert!(
        (64..=1024).contains(&each),
        "{each} bytes for each of {sets} sets"
    );
    // And comes to each of them, by each of its ways at most.
    let states = budget.states();
    assert!((sets - 1..=sets * 14).contains(&states), "{states} states");
}

#[test]
fn what_led_nowhere_is_forgotten() {
    const ROUNDS: usize = 300;
    let mut calls = Calls::new();
    for round in 0..ROUNDS as u32 {
        let writes: Vec<_> = (0..6).map(|number| calls.invoke(Some(number))).collect();
        for write in writes {
            calls.ok(write, 0);
        }
        let read = calls.invoke(None);
        calls.ok(read, round % 6);
    }
    let budget = Budget::of(&Limits::default());
    let judgement = search(&Cell::<u32>::default(), calls.as_slice(), &budget);
    let Judgement::Legal { order } = judgement else {
        panic!("it is legal");
    };
    assert_eq!(order.len(), calls.as_slice().len());
    // There are some two hundred ways within a round, of which one goes on, of seven calls.
    let each = budget.peak_bytes() / ROUNDS;
    assert!(each < 7 * 100, "{each} bytes a round");
}

#[test]
fn what_one_call_after_another_was_told_is_legal_or_it_is_not() {
    let judged = |told: u32| {
        let mut calls = Calls::new();
        for (asked, told) in [(Some(1), 0), (None, told)] {
            let call = calls.invoke(asked);
            calls.ok(call, told);
        }
        let judgement = search(
            &Cell::<u32>::default(),
            calls.as_slice(),
            &Budget::of(&Limits::default()),
        );
        (judgement.is_legal(), judgement.is_illegal())
    };
    assert_eq!((judged(1), judged(2)), ((true, false), (false, true)));
}

#[test]
fn that_thousands_are_open_at_one_time_makes_none_of_them_dearer() {
    const READS: usize = 400_000;
    let mut calls = Calls::new();
    let open: Vec<_> = (0..READS).map(|_| calls.invoke(None)).collect();
    for read in open {
        calls.ok(read, 0);
    }
    let limits = Limits {
        time: Some(Duration::from_secs(10)),
        memory_bytes: None,
    };
    let judgement = search(&Cell::<u32>::default(), calls.as_slice(), &Budget::of(&limits));
    assert!(judgement.is_legal(), "{judgement:?}");
}
