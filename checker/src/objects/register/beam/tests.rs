//! Each attempt alone, however few configurations it keeps: what it says is so, or that it does not know.

use super::walk::Beam;
use super::{Attempt, Effort, Often};
use crate::objects::register::Register;
use crate::objects::register::ledger::Ledger;
use crate::objects::register::tests::{drawn, random};
use crate::objects::register::{Asked, Told};
use crate::proof::verify;
use crate::search::frontier;
use crate::theory::Theory;
use crate::{Budget, Calls, Limits, Options};
use history::{History, Value};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Few configurations, so that some are left out of short histories, and all.
const WIDTHS: [usize; 4] = [1, 2, 5, usize::MAX];

/// Every way to try.
fn efforts() -> impl Iterator<Item = Effort> {
    let often = [Often::Nothing, Often::Unknown, Often::Everything];
    let flags = [false, true];
    WIDTHS.into_iter().flat_map(move |width| {
        often.into_iter().flat_map(move |often| {
            flags.into_iter().flat_map(move |retreats| {
                flags.into_iter().map(move |thrifty| Effort {
                    width,
                    retreats,
                    often,
                    thrifty,
                })
            })
        })
    })
}

#[test]
fn what_an_attempt_says_is_so_and_one_that_leaves_nothing_out_knows() {
    let history = History::default();
    let register = Register::of(&history, &Options::default()).unwrap();
    let budget = Budget::of(&Limits::default());
    let mut rng = ChaCha8Rng::seed_from_u64(14);
    // Orders, certain and uncertain ends, and attempts that go on where calls may happen often.
    let mut counts = [0; 4];
    for number in 0..1_000 {
        // Some are so long that it is gone back to where calls are open; nobody lies in them.
        let is_long = number % 5 == 0;
        let calls = match is_long {
            true => drawn(&mut rng, 5, 80, [0.0, 0.03][number % 2], 0.0),
            false => random(&mut rng),
        };
        let calls = calls.as_slice();
        let is_legal = is_long || frontier::search(&register, calls, &budget).is_legal();
        let ledger = Ledger::of(calls).unwrap();
        for effort in efforts().filter(|effort| !is_long || effort.width < usize::MAX) {
            let place = || format!("history {number}, {effort:?}: {calls:?}");
            let is_whole = effort.width == usize::MAX && !effort.thrifty;
            let attempt = Beam::new(&ledger, effort, &budget).run(|_| None);
            let kind = match attempt {
                Attempt::Legal(order) => {
                    if let Err(problem) = verify::linearization(&register, calls, &order) {
                        panic!("{problem}, {}", place());
                    }
                    0
                }
                Attempt::Dead { certain: true, .. } => {
                    assert!(!is_legal, "{}", place());
                    1
                }
                Attempt::Dead { certain: false, .. } => {
                    assert!(!is_whole, "{}", place());
                    2
                }
                Attempt::Survived => {
                    assert!(effort.often != Often::Nothing, "{}", place());
                    3
                }
                Attempt::Illegal(_) | Attempt::TooManyOpen | Attempt::Unknown(_) => {
                    panic!("{attempt:?}, {}", place())
                }
            };
            counts[kind] += 1;
        }
    }
    assert!(counts.iter().all(|count| *count > 1_000), "{counts:?}");
}

/// Whether calls have an order, by the attempt that leaves nothing out.
fn is_legal(calls: &Calls<Asked, Told>) -> bool {
    let whole = Effort {
        width: usize::MAX,
        retreats: false,
        often: Often::Nothing,
        thrifty: false,
    };
    let budget = Budget::of(&Limits::default());
    let ledger = Ledger::of(calls.as_slice()).unwrap();
    match Beam::new(&ledger, whole, &budget).run(|_| None) {
        Attempt::Legal(_) => true,
        Attempt::Dead { certain: true, .. } => false,
        other => panic!("{other:?}"),
    }
}

fn value(number: i64) -> Value {
    Value::integer(number).unwrap()
}

/// A read that is over at once.
fn read(calls: &mut Calls<Asked, Told>, told: Value) {
    let read = calls.invoke(Asked::Read);
    calls.ok(read, Told::Value(told));
}

#[test]
fn an_open_write_may_be_hidden_by_one_of_unknown_outcome() {
    for has_unknown in [true, false] {
        let mut calls = Calls::new();
        let hidden = calls.invoke(Asked::Write(value(1)));
        if has_unknown {
            calls.invoke(Asked::Write(value(2)));
        } else {
            calls.invoke(Asked::Cas(Value::NULL, value(2)));
        }
        read(&mut calls, value(2));
        calls.ok(hidden, Told::Done);
        read(&mut calls, value(2));
        assert_eq!(is_legal(&calls), has_unknown, "a swap of null hides nothing");
    }
}

#[test]
fn an_open_write_may_be_hidden_by_one_of_the_value_that_a_swap_finds() {
    for again in [1, 7] {
        let mut calls = Calls::new();
        let first = calls.invoke(Asked::Write(value(1)));
        calls.ok(first, Told::Done);
        let hidden = calls.invoke(Asked::Write(value(9)));
        let same = calls.invoke(Asked::Write(value(again)));
        let swap = calls.invoke(Asked::Cas(value(1), value(2)));
        calls.ok(swap, Told::Done);
        calls.ok(hidden, Told::Done);
        calls.ok(same, Told::Done);
        read(&mut calls, value(2));
        assert_eq!(is_legal(&calls), again == 1, "{again}");
    }
}

#[test]
fn what_answered_more_readers_does_not_stand_for_what_used_less() {
    for count in [1, 2] {
        let mut calls = Calls::new();
        let early = [calls.invoke(Asked::Read), calls.invoke(Asked::Read)];
        let write = calls.invoke(Asked::Write(value(2)));
        calls.invoke(Asked::Write(value(1)));
        read(&mut calls, value(2));
        calls.ok(write, Told::Done);
        for _ in 0..count {
            // The early ones are told the same, and the only write of it comes now.
            read(&mut calls, value(1));
            if count == 2 {
                read(&mut calls, value(2));
            }
        }
        for early in early {
            calls.ok(early, Told::Value(value(1)));
        }
        assert_eq!(is_legal(&calls), count == 1, "{count}");
    }
}
