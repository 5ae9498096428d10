//! What a counterexample says beside its operations is true: what was weakened, its reasons of real time, and where each
//! order of it breaks, for which brute force is asked.

use crate::spec::Spec;
use crate::{brute, history};
use checker::{Label, Options, ReasonKind, Violation, counterexample_events};
use history::{Event, History, Operation, Outcome};

/// Of cores with so many operations, and no more, all orders are shown.
const EVERY_ORDER: usize = 3;
/// Longer histories are too much for brute force.
const FOR_BRUTE_FORCE: usize = 12;

/// Everything that a violation says agrees with the history; `shown` is the history for a reader.
pub fn agrees(
    spec: &dyn Spec,
    history: &History,
    options: &Options,
    violation: &Violation,
    shown: &dyn Fn() -> String,
) {
    let core: Vec<&Operation> = violation
        .core
        .iter()
        .map(|member| &history.operations[member.operation as usize])
        .collect();
    let (size, shrink, weakened) = (core.len(), &violation.shrink, &violation.weakened);
    let mut members = violation.core.iter().enumerate();
    assert!(
        members.all(|(place, member)| member.label == Label::of(place)),
        "{}",
        shown()
    );
    assert!(core.is_sorted_by(|a, b| a.invoke < b.invoke), "{}", shown());
    assert_eq!(shrink.to, size, "{}", shown());
    let all = weakened.dropped_reads + weakened.optional_updates + size;
    assert_eq!(shrink.from, all, "{}", shown());
    let (first, last) = (shrink.steps.first(), shrink.steps.last());
    assert_eq!((first, last), (Some(&all), Some(&size)), "{}", shown());
    assert!(shrink.steps.is_sorted_by(|a, b| a > b), "{}", shown());
    // What an operation was told is said where its answer breaks an order, and only there.
    for order in &violation.orders {
        let words = [&order.must, &order.was].into_iter().flatten();
        let says = |word: &String| order.sentence.contains(word.as_str()) || word == "null";
        assert!(words.into_iter().all(says), "{order:?} {}", shown());
        let by_answer = order.sentence.contains("told");
        assert_eq!(order.was.is_some(), by_answer, "{order:?} {}", shown());
    }
    for reason in &violation.reasons {
        if let ReasonKind::RealTime { gap_ns } = reason.kind {
            let (first, then) = (core[reason.from], core[reason.to]);
            assert!(violation.core[reason.from].answer_counts, "{}", shown());
            assert!(first.complete < then.invoke, "{}", shown());
            assert_eq!(gap_ns, then.start_ns - first.end_ns, "{}", shown());
        }
    }
    orders(spec, history, options, violation, &core, shown);
}

fn orders(
    spec: &dyn Spec,
    history: &History,
    options: &Options,
    violation: &Violation,
    core: &[&Operation],
    shown: &dyn Fn() -> String,
) {
    let size = core.len();
    let ended = |place: usize| match violation.core[place].answer_counts {
        true => core[place].complete,
        false => history::NEVER,
    };
    let mut known: Vec<&Vec<usize>> = violation.orders.iter().map(|it| &it.order).collect();
    known.sort_unstable();
    known.dedup();
    assert_eq!(known.len(), violation.orders.len(), "{}", shown());
    let is_short = history.operations.len() <= FOR_BRUTE_FORCE;
    // Around a core in a long history there can be too much for an order to be shown.
    if is_short && size <= EVERY_ORDER {
        assert_eq!(known.len(), (1..=size).product::<usize>(), "{}", shown());
    }
    // Where something of an operation does not count, or it never ended, it cannot be put at a place of an order by events.
    let is_whole = violation
        .core
        .iter()
        .all(|member| member.answer_counts && core_outcome(history, member.operation) != Outcome::Info);
    let few = (is_short && is_whole)
        .then(|| counterexample_events(history, spec.model(), options, violation).unwrap());
    for broken in &violation.orders {
        let mut sorted = broken.order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..size).collect::<Vec<usize>>(), "{}", shown());
        let place = broken.order.iter().position(|it| *it == broken.fails_at).unwrap();
        let (before, after) = (&broken.order[..place], &broken.order[place + 1..]);
        let too_late = after
            .iter()
            .any(|later| ended(*later) < core[broken.fails_at].invoke);
        if broken.sentence.ends_with(" began.") {
            assert!(too_late, "{broken:?}\n{}", shown());
            continue;
        }
        if size > EVERY_ORDER {
            let early = |(at, it): (usize, &usize)| {
                broken.order[at + 1..]
                    .iter()
                    .any(|later| ended(*later) < core[*it].invoke)
            };
            assert!(
                !broken.order.iter().enumerate().any(early),
                "{broken:?}\n{}",
                shown()
            );
        }
        if let Some(few) = &few {
            let is_legal =
                |order: &[usize]| order.is_empty() || brute::is_legal(spec, &one_by_one(few, core, order));
            assert!(is_legal(before), "it breaks earlier: {broken:?}\n{}", shown());
            assert!(
                !is_legal(&broken.order[..=place]),
                "it does not break: {broken:?}\n{}",
                shown()
            );
        }
    }
}

fn core_outcome(history: &History, operation: u32) -> Outcome {
    history.operations[operation as usize].outcome
}

/// Operations of the core one after another, beside what is around it.
fn one_by_one(few: &[Event], core: &[&Operation], order: &[usize]) -> History {
    // Those of the core come last, for all others have begun before.
    let (around, own) = few.split_at(few.len() - 2 * core.len());
    let mut events = around.to_vec();
    for place in order {
        let it = core[*place];
        let of = |time: u64| {
            let is_its = |event: &&Event| event.process == u64::from(it.process) && event.time == time;
            own.iter().find(is_its).unwrap().clone()
        };
        events.extend([of(it.start_ns), of(it.end_ns)]);
    }
    for (event, number) in events.iter_mut().zip(0..) {
        (event.index, event.time) = (number, number * 1_000_000);
    }
    history(&events)
}
