//! Every counterexample is minimal: when one more of its operations is weakened, or one more answer is forgotten, the rest
//! is legal. For short histories it is brute force that says so; for longer ones it is the checker, whose legal orders are
//! verified. So the search that shrinks is not believed.

use crate::agree;
use crate::sizes::Sizes;
use crate::spec::Spec;
use crate::{brute, draw, generate, histories, history, told};
use checker::{Options, Verdict, Violation, check_with, counterexample_events};
use history::{Event, History};
use rayon::prelude::*;

/// As many illegal histories of each object, when all 100,000 are drawn.
const ILLEGAL: u64 = 1_000;
/// A counterexample that a reader can check on paper has no more operations.
const ON_PAPER: usize = 8;
/// So many operations have the longer histories, of which so many are under way at one time.
const LONGER: (u64, usize) = (40, 5);
/// There are fewer of the longer ones: one for so many short ones.
const SHORT_FOR_LONGER: u64 = 50;
const SEED: u64 = 11;

/// How the histories are checked: nobody here asks for weaker promises, so little memory ends the search for them.
fn options(spec: &dyn Spec) -> Options {
    const MEMORY_BYTES: usize = 4 << 20;
    let mut options = agree::options(spec);
    options.limits.memory_bytes = Some(MEMORY_BYTES);
    options
}

/// What says whether a history is legal; `None` where that cannot be said.
type Judge<'a> = &'a (dyn Fn(&History) -> Option<bool> + Sync);

/// Counterexamples of histories that brute force can decide: each is minimal.
pub fn of_short_histories(name: &str, spec: &dyn Spec) {
    let draw = |number| generate::random(spec, &mut draw(SEED, number));
    let is_legal = |history: &History| Some(brute::is_legal(spec, history));
    let wanted = histories() * ILLEGAL / 100_000;
    let (sizes, unproven) = counterexamples(spec, wanted, &draw, &is_legal);
    println!("{name}: short illegal histories: {sizes}");
    assert_eq!(unproven, 0, "so many are not verified and minimal: {unproven}");
    assert!(sizes.median() <= ON_PAPER, "{sizes}");
}

/// Counterexamples of histories that are too long for brute force: those that are said to be verified and minimal
/// are. The others reached a limit, on memory or on what the independent checker tries.
pub fn of_longer_histories(name: &str, spec: &dyn Spec) {
    let (operations, lanes) = LONGER;
    let draw = |number| generate::random_of(spec, lanes, operations, &mut draw(SEED, number));
    let is_legal = |history: &History| {
        // Without a client who says how large a semaphore is, say, there is no verdict.
        let verdict = check_with(history, spec.model(), &options(spec)).ok()?.verdict;
        (verdict != Verdict::Unknown).then_some(verdict == Verdict::Valid)
    };
    let wanted = histories() * ILLEGAL / 100_000 / SHORT_FOR_LONGER;
    let (sizes, unproven) = counterexamples(spec, wanted, &draw, &is_legal);
    println!(
        "{name}: illegal histories of {operations} operations: {sizes}; not verified and minimal: {unproven}"
    );
}

/// The sizes of the counterexamples of the first so many illegal histories, and how many of them are not verified
/// and minimal.
fn counterexamples(
    spec: &dyn Spec,
    wanted: u64,
    draw: &(dyn Fn(u64) -> Vec<Event> + Sync),
    is_legal: Judge<'_>,
) -> (Sizes, usize) {
    const AT_ONCE: u64 = 128;
    let mut found = Vec::new();
    for from in (0..ILLEGAL * 100).step_by(AT_ONCE as usize) {
        let illegal = (from..from + AT_ONCE).into_par_iter().filter_map(|number| {
            let events = draw(number);
            counterexample(spec, number, &events, is_legal)
        });
        found.extend(illegal.collect::<Vec<(usize, bool)>>());
        if found.len() as u64 >= wanted.max(1) {
            let larger = found.iter().filter(|(_, minimal)| !minimal).count();
            return (
                Sizes::of(found.into_iter().map(|(size, _)| size).collect()),
                larger,
            );
        }
    }
    panic!("only {} illegal histories were drawn", found.len());
}

/// Looks at the counterexample of one history, if it is illegal, and says how large it is, and whether it is
/// verified and minimal.
fn counterexample(
    spec: &dyn Spec,
    number: u64,
    events: &[Event],
    is_legal: Judge<'_>,
) -> Option<(usize, bool)> {
    let (history, options) = (history(events), options(spec));
    let shown = |what: &str, of: &dyn std::fmt::Debug| {
        let events = generate::show(events);
        format!(
            "{}, seed {SEED}, history {number}: {what}: {of:#?}\n{events}",
            spec.model().name()
        )
    };
    let analysis = check_with(&history, spec.model(), &options)
        .unwrap_or_else(|error| panic!("{}", shown("no verdict", &error)));
    let violation = analysis.violations.first()?;
    let size = violation.core.len();
    let place = || shown("told wrongly", violation);
    told::agrees(spec, &history, &options, violation, &place);
    if !violation.shrink.verified || !violation.shrink.minimal {
        return Some((size, false));
    }
    let is_legal = |violation: &Violation| {
        let few = counterexample_events(&history, spec.model(), &options, violation).unwrap();
        if few.is_empty() {
            Some(true)
        } else {
            is_legal(&crate::history(&few))
        }
    };
    assert_ne!(is_legal(violation), Some(true), "{}", shown("legal", violation));
    for place in 0..size {
        let mut weaker = violation.clone();
        weaker.core.remove(place);
        let too_many = || shown("an operation too many", &(place, violation));
        assert_ne!(is_legal(&weaker), Some(false), "{}", too_many());
        if violation.core[place].answer_counts {
            weaker = violation.clone();
            weaker.core[place].answer_counts = false;
            let too_many = || shown("an answer too many", &(place, violation));
            assert_ne!(is_legal(&weaker), Some(false), "{}", too_many());
        }
    }
    Some((size, true))
}
