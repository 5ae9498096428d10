//! Every object against brute force, on random small histories: a simple second implementation of each object makes the
//! answers, and tries every order. And counterexamples, which nothing may be taken away from.
//!
//! `CHECKER_RANDOM_HISTORIES` says how many histories of each object (default 100,000; the nightly form is millions), and
//! `CHECKER_RANDOM_SEED` which. With `--nocapture` it is printed how many were illegal, and how large counterexamples are.
//!
//! Read next: [`spec`] for what a second implementation has to say, [`generate`] for how histories come about, [`brute`]
//! for the checker without any idea in it, [`agree`] and [`counterexamples`] for what is compared, [`told`] for what
//! is said beside the verdict, [`limits`] for verdicts within limits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod agree;
mod brute;
mod counterexamples;
mod generate;
mod limits;
mod sizes;
mod spec;
mod specs;
mod told;

use history::{Event, Format, History, ReadOptions, read_bytes_as};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// How many random histories of each object are compared.
fn histories() -> u64 {
    from_environment("CHECKER_RANDOM_HISTORIES", 100_000)
}

fn seed() -> u64 {
    from_environment("CHECKER_RANDOM_SEED", 20_261_126)
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// What history `number` is drawn from: each can be made again alone.
fn draw(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

/// A history of events that a test made up.
fn history(events: &[Event]) -> History {
    let mut lines = Vec::with_capacity(events.len() * 128);
    for event in events {
        serde_json::to_writer(&mut lines, event).unwrap();
        lines.push(b'\n');
    }
    let options = ReadOptions {
        format: Some(Format::JsonLines),
        ..ReadOptions::default()
    };
    read_bytes_as(&lines, options).unwrap()
}

macro_rules! objects {
    ($($name:ident: $spec:expr;)*) => {$(
        mod $name {
            #[test]
            fn the_checker_and_brute_force_agree() {
                crate::agree::compare(stringify!($name), &$spec);
            }

            #[test]
            fn weakening_keeps_a_legal_history_legal() {
                crate::agree::weaken(&$spec);
            }

            #[test]
            fn a_limit_makes_no_verdict_wrong() {
                crate::limits::never_make_a_verdict_wrong(&$spec);
            }

            #[test]
            fn nothing_can_be_taken_away_from_a_counterexample() {
                crate::counterexamples::of_short_histories(stringify!($name), &$spec);
                crate::counterexamples::of_longer_histories(stringify!($name), &$spec);
            }
        }
    )*};
}

objects! {
    cas_register: crate::specs::CasRegister { strict_fail: false };
    strict_cas_register: crate::specs::CasRegister { strict_fail: true };
    unique_register: crate::specs::UniqueRegister { strict_fail: false, repeated: 0 };
    strict_unique_register: crate::specs::UniqueRegister { strict_fail: true, repeated: 0 };
    nearly_unique_register: crate::specs::UniqueRegister { strict_fail: true, repeated: 20 };
    append_string: crate::specs::AppendString { unique: true };
    repetitive_append_string: crate::specs::AppendString { unique: false };
    multi_register: crate::specs::MultiRegister { unique: true };
    repetitive_multi_register: crate::specs::MultiRegister { unique: false };
    append_once: crate::specs::append::Append { few: false };
    append_again: crate::specs::append::Append { few: true };
    set_by_element: crate::specs::set::Set { says: true, reads: false, removes: true };
    set_that_does_not_say: crate::specs::set::Set { says: false, reads: false, removes: true };
    growing_set: crate::specs::set::Set { says: false, reads: true, removes: false };
    set_with_reads: crate::specs::set::Set { says: true, reads: true, removes: true };
    set_with_reads_that_does_not_say: crate::specs::set::Set { says: false, reads: true, removes: true };
    set_that_sometimes_says: crate::specs::set::SometimesSays;
    counter_by_one: crate::specs::counter::Counter { amounts: &[1], says: false };
    counter_that_says: crate::specs::counter::Counter { amounts: &[1], says: true };
    counter_by_some: crate::specs::counter::Counter { amounts: &[1, 2, 5], says: false };
    counter_up_and_down: crate::specs::counter::Counter { amounts: &[1, -1, 3], says: true };
    unique_ids: crate::specs::unique_ids::UniqueIds;
    queue: crate::specs::Collection { next: crate::specs::Next::Oldest, once: true };
    queue_of_repeated_elements: crate::specs::Collection { next: crate::specs::Next::Oldest, once: false };
    priority_queue: crate::specs::Collection { next: crate::specs::Next::Smallest, once: true };
    priority_queue_of_repeated_elements: crate::specs::Collection { next: crate::specs::Next::Smallest, once: false };
    stack: crate::specs::Collection { next: crate::specs::Next::Newest, once: true };
    stack_of_repeated_elements: crate::specs::Collection { next: crate::specs::Next::Newest, once: false };
    mutex: crate::specs::Semaphore { permits: 1, most: 1, strict_fail: false };
    strict_mutex: crate::specs::Semaphore { permits: 1, most: 1, strict_fail: true };
    semaphore: crate::specs::Semaphore { permits: 2, most: 1, strict_fail: false };
    strict_semaphore: crate::specs::Semaphore { permits: 2, most: 1, strict_fail: true };
    semaphore_of_several_permits: crate::specs::Semaphore { permits: 3, most: 2, strict_fail: false };
    owned_mutex: crate::specs::Lock { reentrant: false, fenced: false, by_process: true, strict_fail: false };
    owned_mutex_of_shared_owners: crate::specs::Lock { reentrant: false, fenced: false, by_process: false, strict_fail: false };
    strict_owned_mutex: crate::specs::Lock { reentrant: false, fenced: false, by_process: true, strict_fail: true };
    reentrant_mutex: crate::specs::Lock { reentrant: true, fenced: false, by_process: true, strict_fail: false };
    fenced_lock: crate::specs::Lock { reentrant: false, fenced: true, by_process: true, strict_fail: false };
    fenced_lock_of_shared_owners: crate::specs::Lock { reentrant: false, fenced: true, by_process: false, strict_fail: false };
}
