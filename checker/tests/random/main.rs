//! Every object against brute force, on random small histories: a simple second implementation of each object makes the
//! answers, and tries every order.
//!
//! `CHECKER_RANDOM_HISTORIES` says how many histories of each object (default 20,000; the nightly form is millions), and
//! `CHECKER_RANDOM_SEED` which.
//!
//! Read next: [`spec`] for what a second implementation has to say, [`generate`] for how histories come about, [`brute`]
//! for the checker without any idea in it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod brute;
mod generate;
mod spec;
mod specs;

use checker::proof::argument::is_loop;
use checker::{Options, Verdict, check, check_with, counterexample_events, witness};
use history::{Header, History, Writer, read_bytes};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spec::Spec;

/// How many random histories of each object are compared.
fn histories() -> usize {
    from_environment("CHECKER_RANDOM_HISTORIES", 20_000) as usize
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// A history of events that a test made up.
fn history(events: &[history::Event]) -> History {
    let header = Header {
        schema: history::SCHEMA.into(),
        run: "test".into(),
        system: "test".into(),
        workload: "test".into(),
        model: "test".into(),
        seed: 0,
        nodes: vec!["n1".into()],
        clients: 4,
        nemesis: vec![],
        client_timeout_ns: 1,
        started_at: "2026-11-23T06:45:12Z".into(),
    };
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &header).unwrap();
    for event in events {
        writer.event(&mut event.clone()).unwrap();
    }
    read_bytes(&bytes).unwrap()
}

/// Compares the checker with brute force on random histories of one object.
fn compare(spec: &dyn Spec, seed: u64) {
    let options = Options {
        strict_fail: spec.strict_fail(),
        ..Options::default()
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut legal, mut illegal) = (0, 0);
    for number in 0..histories() {
        let events = generate::random(spec, &mut rng);
        let history = history(&events);
        let place = format!("{}, seed {seed}, history {number}", spec.model().name());
        let analysis = check_with(&history, spec.model(), &options)
            .unwrap_or_else(|error| panic!("{place}: {error}\n{}", generate::show(&events)));
        let expected = brute::is_legal(spec, &history);
        let verdict = if expected {
            Verdict::Valid
        } else {
            Verdict::Invalid
        };
        assert_eq!(analysis.verdict, verdict, "{place}:\n{}", generate::show(&events));
        let Some(violation) = analysis.violations.first() else {
            legal += 1;
            continue;
        };
        illegal += 1;
        assert!(
            violation.shrink.verified,
            "{place}: {violation:#?}\n{}",
            generate::show(&events)
        );
        assert!(
            violation.shrink.minimal,
            "{place}: {violation:#?}\n{}",
            generate::show(&events)
        );
        assert!(
            is_loop(&violation.reasons),
            "{place}: {violation:#?}\n{}",
            generate::show(&events)
        );
        let few = counterexample_events(&history, spec.model(), &options, violation).unwrap();
        assert!(
            !brute::is_legal(spec, &self::history(&few)),
            "{place}: the counterexample is legal: {violation:#?}\n{}",
            generate::show(&events)
        );
    }
    let enough = histories() / 20;
    assert!(
        legal > enough && illegal > enough,
        "{legal} legal, {illegal} illegal"
    );
}

/// Weakening a legal history keeps it legal: what is unknown may happen at any time, or never.
fn weaken(spec: &dyn Spec, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tried = 0;
    while tried < histories() / 10 {
        let mut events = generate::random(spec, &mut rng);
        if check(&history(&events), spec.model()).unwrap().verdict != Verdict::Valid {
            continue;
        }
        tried += 1;
        while generate::weaken(&mut events, &mut rng) && rng.random_bool(0.8) {
            let weaker = history(&events);
            let verdict = check(&weaker, spec.model()).unwrap().verdict;
            assert_eq!(
                verdict,
                Verdict::Valid,
                "seed {seed}:\n{}",
                generate::show(&events)
            );
            assert!(witness(&weaker, spec.model(), 0).unwrap().is_some() || weaker.keys.is_empty());
        }
    }
}

macro_rules! objects {
    ($($name:ident: $spec:expr;)*) => {$(
        mod $name {
            #[test]
            fn the_checker_and_brute_force_agree() {
                crate::compare(&$spec, crate::from_environment("CHECKER_RANDOM_SEED", 20_261_126));
            }

            #[test]
            fn weakening_keeps_a_legal_history_legal() {
                crate::weaken(&$spec, 7);
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
