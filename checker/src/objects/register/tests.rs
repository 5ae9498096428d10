//! Histories that are too long for brute force: the register's own algorithms against the search for any object.

use super::beam;
use super::ledger::Ledger;
use super::*;
use crate::proof::verify;
use crate::{Calls, Limits};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A history of a real register: so many clients, values and calls; now and then a client gives up, or is told a lie.
fn random(rng: &mut ChaCha8Rng) -> Calls<Asked, Told> {
    let clients = rng.random_range(2..=7);
    let values = rng.random_range(2..=6);
    let length = rng.random_range(10..=30);
    let unknown = [0.0, 0.05, 0.3][rng.random_range(0..3)];
    let lies = [0.0, 0.1][rng.random_range(0..2)];
    let strict = rng.random_bool(0.3);
    let mut calls = Calls::new();
    let mut open: Vec<Option<(crate::call::Invoked, Asked, Option<Told>)>> = vec![None; clients];
    let mut lingering = Vec::new();
    let mut state = Value::NULL;
    let apply = |state: &mut Value, asked: Asked| match asked {
        Asked::Read => Told::Value(*state),
        Asked::Write(new) => {
            *state = new;
            Told::Done
        }
        Asked::Cas(old, new) if *state == old => {
            *state = new;
            Told::Done
        }
        Asked::Cas(..) => Told::Refused,
    };
    let mut started = 0;
    while started < length || open.iter().any(Option::is_some) {
        if !lingering.is_empty() && rng.random_bool(0.1) {
            let late = lingering.swap_remove(rng.random_range(0..lingering.len()));
            apply(&mut state, late);
        }
        let mut value = || Value::integer(rng.random_range(1..=values)).unwrap();
        let (a, b) = (value(), value());
        let client = rng.random_range(0..clients);
        match open[client].take() {
            None if started < length => {
                started += 1;
                let asked = match rng.random_range(0..4) {
                    0 => Asked::Write(a),
                    1 => Asked::Cas(a, b),
                    _ => Asked::Read,
                };
                open[client] = Some((calls.invoke(asked), asked, None));
            }
            None => {}
            Some((_, asked, None)) if rng.random_bool(unknown) => lingering.push(asked),
            Some((call, asked, None)) => open[client] = Some((call, asked, Some(apply(&mut state, asked)))),
            Some((call, Asked::Read, Some(_))) if rng.random_bool(lies) => calls.ok(call, Told::Value(a)),
            // Without an answer it may have had an effect, which a refused one has not.
            Some((_, _, Some(Told::Refused))) if !strict => {}
            Some((call, _, Some(told))) => calls.ok(call, told),
        }
    }
    calls
}

#[test]
fn on_longer_histories_it_agrees_with_the_search_for_any_object() {
    let history = History::default();
    let register = Register::of(&history, &Options::default()).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let budget = Budget::of(&Limits::default());
    let (mut legal, mut illegal) = (0, 0);
    for number in 0..2_000 {
        let calls = random(&mut rng);
        let calls = calls.as_slice();
        let expected = frontier::search(&register, calls, &budget).is_legal();
        let ledger = Ledger::of(calls).unwrap();
        for (name, judgement) in [judge(&ledger, &budget), beam::judge(&ledger, &budget)].into_iter().flatten() {
            assert_eq!(judgement.is_legal(), expected, "history {number}, {name}: {calls:?}");
            if let Judgement::Legal { order } = judgement {
                verify::linearization(&register, calls, &order)
                    .unwrap_or_else(|problem| panic!("history {number}, {name}: {problem}"));
            }
        }
        *(if expected { &mut legal } else { &mut illegal }) += 1;
    }
    assert!(legal > 200 && illegal > 200, "{legal} legal, {illegal} illegal");
}
