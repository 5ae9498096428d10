//! What each promise means, tried in every order.

use super::drawn::{Drawn, OfCell};
use crate::weaker::Answer;

/// Tries every order of the calls, with those of unknown outcome or without: `before` says who has to come first, and
/// a read is told one of the last `most` states.
fn some_order(calls: &[OfCell], before: &dyn Fn(usize, usize) -> bool, most: usize) -> bool {
    fn goes_on(
        calls: &[OfCell],
        before: &dyn Fn(usize, usize) -> bool,
        most: usize,
        placed: &mut Vec<usize>,
        states: &mut Vec<u8>,
    ) -> bool {
        let left: Vec<usize> = (0..calls.len()).filter(|it| !placed.contains(it)).collect();
        if left.iter().all(|it| !calls[*it].is_required()) {
            return true;
        }
        left.iter().any(|it| {
            let call = &calls[*it];
            let has_to_wait =
                |other: &usize| other != it && calls[*other].is_required() && before(*other, *it);
            if left.iter().any(has_to_wait) {
                return false;
            }
            let fits = match (call.input, call.output) {
                (None, Some(told)) => states.iter().rev().take(most).any(|state| *state == told),
                _ => true,
            };
            // Nobody may come after one that it has to come before.
            if !fits || placed.iter().any(|other| before(*it, *other)) {
                return false;
            }
            placed.push(*it);
            let depth = states.len();
            states.extend(call.input);
            let works = goes_on(calls, before, most, placed, states);
            states.truncate(depth);
            placed.pop();
            works
        })
    }
    goes_on(calls, before, most, &mut Vec::new(), &mut vec![0])
}

/// Whether some order keeps real time.
pub fn is_linearizable(calls: &[OfCell]) -> bool {
    some_order(calls, &|a, b| calls[a].precedes(&calls[b]), 1)
}

/// What each promise's definition says of calls.
#[derive(Debug)]
pub struct Defined {
    pub sequential: bool,
    pub ordered: bool,
    pub regular: bool,
    pub versions: Option<u32>,
    pub age: Option<u64>,
}

/// What they say of these calls.
pub fn defined(drawn: &Drawn) -> Defined {
    let Drawn {
        calls,
        processes,
        times,
    } = drawn;
    let real = |a: usize, b: usize| calls[a].precedes(&calls[b]);
    let client = |a: usize, b: usize| a < b && processes[a] == processes[b];
    let update = |it: usize| calls[it].input.is_some();
    let mut reads = (0..calls.len()).filter(|it| !update(*it) && calls[*it].is_required());
    // Times are multiples of ten: so is the smallest.
    let fits = |age: &u64| {
        let begin = |it: usize| match update(it) || !calls[it].is_required() {
            true => i128::from(times[it].0),
            false => i128::from(times[it].0) - i128::from(*age),
        };
        let before = |a: usize, b: usize| calls[a].is_required() && i128::from(times[a].1) < begin(b);
        some_order(calls, &before, 1)
    };
    Defined {
        sequential: some_order(calls, &client, 1),
        ordered: some_order(
            calls,
            &|a, b| client(a, b) || update(a) && update(b) && real(a, b),
            1,
        ),
        regular: reads.all(|read| {
            let alone: Vec<OfCell> = (0..calls.len())
                .filter(|it| *it == read || update(*it))
                .map(|it| calls[it])
                .collect();
            is_linearizable(&alone)
        }),
        versions: (1..=6u32).find(|most| some_order(calls, &real, *most as usize)),
        age: (0..=12u64).map(|tens| tens * 10).find(fits),
    }
}

/// A definition's answer as the checker gives it.
pub fn said(answer: bool) -> Answer {
    if answer { Answer::Holds } else { Answer::Broken }
}
