//! The checker and brute force give the same verdicts, and each verdict its proof.

use crate::sizes::Sizes;
use crate::spec::Spec;
use crate::{brute, draw, generate, histories, history, seed};
use checker::proof::argument::is_loop;
use checker::{Options, Verdict, check, check_with, counterexample_events, witness};
use rand::RngExt;
use rayon::prelude::*;

/// How a spec's histories are checked.
pub fn options(spec: &dyn Spec) -> Options {
    Options {
        strict_fail: spec.strict_fail(),
        ..Options::default()
    }
}

/// Compares the checker with brute force on random histories of one object.
pub fn compare(name: &str, spec: &dyn Spec) {
    let seed = seed();
    let compare = |number| {
        compare_one(
            &format!("{name}, seed {seed}, history {number}"),
            spec,
            seed,
            number,
        )
    };
    let illegal: Vec<usize> = (0..histories()).into_par_iter().filter_map(compare).collect();
    let sizes = Sizes::of(illegal);
    println!("{name}: {} histories, of which illegal {sizes}", histories());
    let enough = histories() / 20;
    let illegal = sizes.count() as u64;
    assert!(
        illegal > enough && histories() - illegal > enough,
        "{illegal} illegal"
    );
}

/// Compares one history, and says how large its counterexample is; `None` when it is legal.
fn compare_one(place: &str, spec: &dyn Spec, seed: u64, number: u64) -> Option<usize> {
    let events = generate::random(spec, &mut draw(seed, number));
    let (history, options) = (history(&events), options(spec));
    let analysis = check_with(&history, spec.model(), &options)
        .unwrap_or_else(|error| panic!("{place}: {error}\n{}", generate::show(&events)));
    let verdict = match brute::is_legal(spec, &history) {
        true => Verdict::Valid,
        false => Verdict::Invalid,
    };
    assert_eq!(analysis.verdict, verdict, "{place}:\n{}", generate::show(&events));
    let violation = analysis.violations.first()?;
    let shown = || format!("{place}: {violation:#?}\n{}", generate::show(&events));
    assert!(violation.shrink.verified, "not verified: {}", shown());
    assert!(violation.shrink.minimal, "not minimal: {}", shown());
    assert!(is_loop(&violation.reasons), "no loop: {}", shown());
    let few = counterexample_events(&history, spec.model(), &options, violation).unwrap();
    assert!(
        !brute::is_legal(spec, &crate::history(&few)),
        "the counterexample is legal: {}",
        shown()
    );
    Some(violation.core.len())
}

/// Weakening a legal history keeps it legal: what is unknown may happen at any time, or never.
pub fn weaken(spec: &dyn Spec) {
    const SEED: u64 = 7;
    (0..histories() / 5).into_par_iter().for_each(|number| {
        let mut rng = draw(SEED, number);
        let mut events = generate::random(spec, &mut rng);
        if check(&history(&events), spec.model()).unwrap().verdict != Verdict::Valid {
            return;
        }
        while generate::weaken(&mut events, &mut rng) && rng.random_bool(0.8) {
            let weaker = history(&events);
            let verdict = check(&weaker, spec.model()).unwrap().verdict;
            assert_eq!(
                verdict,
                Verdict::Valid,
                "seed {SEED}, history {number}:\n{}",
                generate::show(&events)
            );
            assert!(witness(&weaker, spec.model(), 0).unwrap().is_some() || weaker.keys.is_empty());
        }
    });
}
