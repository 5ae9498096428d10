//! A limit can make a verdict unknown, and never wrong; and what is said of a search that reached it is so.

use crate::spec::Spec;
use crate::{agree, draw, generate, histories, history};
use checker::{Limit, Verdict, check_with};
use history::{History, NEVER};
use rand::RngExt;
use rayon::prelude::*;
use std::time::Duration;

/// Long enough for searches to look at their limits: so many operations, of which so many are under way at one time.
const LONG: (u64, usize) = (40, 5);
/// One of these for so many short ones.
const SHORT_FOR_LONG: u64 = 4_000;
/// The verdict that counts is found in so much memory, or there is none.
const MEMORY_BYTES: usize = 4 << 20;
const SEED: u64 = 13;

/// Checks histories within little memory and without time, and compares the verdicts.
pub fn never_make_a_verdict_wrong(spec: &dyn Spec) {
    let (operations, lanes) = LONG;
    (0..(histories() / SHORT_FOR_LONG).max(2))
        .into_par_iter()
        .for_each(|number| {
            let mut rng = draw(SEED, number);
            let events = generate::random_of(spec, lanes, operations, &mut rng);
            let history = history(&events);
            let mut options = agree::options(spec);
            options.limits.memory_bytes = Some(MEMORY_BYTES);
            // Without a client who says how large a semaphore is, say, there is no verdict.
            let Ok(known) = check_with(&history, spec.model(), &options) else {
                return;
            };
            let little = 1 << rng.random_range(0..20);
            for (memory_bytes, time) in [(little, None), (0, None), (MEMORY_BYTES, Some(Duration::ZERO))] {
                options.limits.memory_bytes = Some(memory_bytes);
                options.limits.time = time;
                let limited = check_with(&history, spec.model(), &options).unwrap();
                let place = format!(
                    "history {number}, {memory_bytes} bytes: {limited:#?}\n{}",
                    generate::show(&events)
                );
                if limited.verdict != Verdict::Unknown {
                    assert!(
                        [limited.verdict, Verdict::Unknown].contains(&known.verdict),
                        "{place}"
                    );
                    continue;
                }
                let undecided = &limited.undecided[0];
                let limit = if time.is_some() {
                    Limit::Time
                } else {
                    Limit::Memory
                };
                assert_eq!(undecided.limit, limit, "{place}");
                assert_eq!(limited.keys.unknown, 1, "{place}");
                assert!(
                    undecided.placed <= undecided.of && undecided.of <= required(&history),
                    "{place}"
                );
                // What made it wide was open then.
                let is_open = |number: &u32| history.operations[*number as usize].invoke <= undecided.event;
                assert!(undecided.suspects.iter().all(is_open), "{place}");
            }
        });
}

/// How many operations certainly took effect, or failed.
fn required(history: &History) -> usize {
    let ended = history
        .operations
        .iter()
        .filter(|operation| operation.complete != NEVER);
    ended.count()
}
