//! That what it finds is an order, and that it finds one of what has one; where it gives up, and what it says at a limit.

use super::*;
use crate::cell::SMALL;
use crate::proof::verify::linearization;
use crate::search::frontier;
use crate::{Calls, Limits};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// Reads and writes of some clients on a register, of which some never end, and of which some reads are told anything.
fn drawn(rng: &mut ChaCha8Rng) -> Calls<Option<u8>, u8> {
    let mut calls = Calls::new();
    let (clients, count) = (rng.random_range(1..5), rng.random_range(1..12));
    let honest = rng.random_bool(0.5);
    let mut open: Vec<Option<(_, Option<u8>)>> = vec![None; clients];
    let (mut begun, mut value) = (0, 0);
    while begun < count || open.iter().any(Option::is_some) {
        let client = rng.random_range(0..clients);
        match open[client].take() {
            Some((call, asked)) => {
                value = asked.unwrap_or(value);
                let told = if honest { value } else { rng.random_range(0..3) };
                if rng.random_bool(0.8) {
                    calls.ok(call, told);
                }
            }
            None if begun < count => {
                begun += 1;
                let asked = rng.random_bool(0.5).then(|| rng.random_range(0..3));
                open[client] = Some((calls.invoke(asked), asked));
            }
            None => {}
        }
    }
    calls
}

#[test]
fn it_finds_an_order_where_there_is_one() {
    let (mut legal, mut others) = (0, 0);
    for seed in 0..20_000 {
        let calls = drawn(&mut ChaCha8Rng::seed_from_u64(seed));
        let (calls, budget) = (calls.as_slice(), Budget::of(&Limits::default()));
        let expected = frontier::search(&SMALL, calls, &budget).is_legal();
        match search(&SMALL, calls, &budget) {
            Some(Judgement::Legal { order }) => {
                assert_eq!(linearization(&SMALL, calls, &order), Ok(()), "seed {seed}");
                assert!(expected, "seed {seed}");
                legal += 1;
            }
            other => {
                assert_eq!((other, expected), (None, false), "seed {seed}: {calls:?}");
                others += 1;
            }
        }
    }
    assert!(legal > 5_000 && others > 2_000, "{legal} and {others}");
}

#[test]
fn a_write_of_unknown_outcome_happens_where_it_is_needed_and_only_there() {
    let mut calls = Calls::new();
    for value in [7, 8] {
        calls.invoke(Some(value));
    }
    for told in [0, 0, 7, 7] {
        let read = calls.invoke(None);
        calls.ok(read, told);
    }
    let found = search(&SMALL, calls.as_slice(), &Budget::of(&Limits::default()));
    let order = vec![2, 3, 0, 4, 5];
    assert_eq!(found, Some(Judgement::Legal { order }));
}

/// So many writes at one time, again and again, and after each round a read of what nobody wrote.
fn hopeless(rounds: usize) -> Calls<Option<u8>, u8> {
    let mut calls = Calls::new();
    for _ in 0..rounds {
        let open: Vec<_> = (1..=12).map(|value| calls.invoke(Some(value))).collect();
        open.into_iter().for_each(|write| calls.ok(write, 0));
    }
    let read = calls.invoke(None);
    calls.ok(read, 99);
    calls
}

#[test]
fn it_gives_up_where_it_does_not_come_further() {
    let calls = hopeless(40);
    let budget = Budget::of(&Limits::default());
    assert_eq!(search(&SMALL, calls.as_slice(), &budget), None);
    // There are twelve rounds of thousands of ways; it has looked at few.
    let most = calls.as_slice().len() * PATIENCE + 2 * STEPS_PER_LOOK;
    assert!(budget.states() <= most, "{} states", budget.states());
}

#[test]
fn at_a_limit_it_says_where_or_leaves_it_to_who_knows_better() {
    let calls = hopeless(40);
    let time = Limits {
        time: Some(Duration::ZERO),
        memory_bytes: None,
    };
    let Some(Judgement::Unknown(stuck)) = search(&SMALL, calls.as_slice(), &Budget::of(&time)) else {
        panic!("there was no time")
    };
    assert_eq!((stuck.limit, stuck.of), (Limit::Time, 40 * 12 + 1));
    assert!(stuck.placed <= 40 * 12, "{stuck:?}");
    assert!(!stuck.open.is_empty() && stuck.open.len() <= OPEN_MAX);
    let memory = Limits {
        time: None,
        memory_bytes: Some(1_000),
    };
    assert_eq!(search(&SMALL, calls.as_slice(), &Budget::of(&memory)), None);
}

#[test]
fn that_thousands_are_open_at_one_time_makes_none_of_them_dearer() {
    const READS: usize = 400_000;
    let mut calls = Calls::new();
    let open: Vec<_> = (0..READS).map(|_| calls.invoke(None)).collect();
    open.into_iter().for_each(|read| calls.ok(read, 0));
    let limits = Limits {
        time: Some(Duration::from_secs(10)),
        memory_bytes: None,
    };
    let found = search(&SMALL, calls.as_slice(), &Budget::of(&limits));
    assert!(matches!(found, Some(Judgement::Legal { .. })), "{found:?}");
}
