//! Shrinking against its definition, on random small histories of a register: the core has no order, nothing of it can be
//! weakened where that is said, and every limit is kept, wherever it is reached.

use super::*;
use crate::cell::SMALL;
use crate::proof::verify::no_order_works;
use crate::search::{Stuck, frontier};
use crate::{Call, Limits, ShrinkBudget};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A register that counts how often it is searched, and how many calls for.
struct Searched {
    searches: AtomicUsize,
    looks: AtomicUsize,
    /// So many searches have a verdict.
    searches_max: usize,
}

impl Searched {
    fn of(searches_max: usize) -> Searched {
        Searched {
            searches: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
            searches_max,
        }
    }
}

impl Object for Searched {
    type Input = Option<u8>;
    type Output = u8;
    type State = u8;

    fn initial(&self) -> u8 {
        SMALL.initial()
    }

    fn step(&self, state: &u8, input: &Option<u8>, output: Option<&u8>) -> Option<u8> {
        SMALL.step(state, input, output)
    }

    fn is_pure(&self, input: &Option<u8>, output: Option<&u8>) -> bool {
        SMALL.is_pure(input, output)
    }

    fn search(&self, calls: &[CallOf<Self>], budget: &Budget) -> Judgement {
        self.looks.fetch_add(calls.len(), Relaxed);
        match self.searches.fetch_add(1, Relaxed) < self.searches_max {
            true => frontier::search(self, calls, budget),
            false => Judgement::Unknown(Stuck::at_start(Limit::Memory, calls)),
        }
    }
}

type OfCell = Call<Option<u8>, u8>;

fn call(number: u32, input: Option<u8>, output: u8, invoke: u32, complete: u32) -> OfCell {
    OfCell {
        input,
        output: (complete != NEVER).then_some(output),
        invoke,
        complete,
        number,
    }
}

/// Calls that overlap by chance, told something by chance.
fn random(rng: &mut ChaCha8Rng) -> Vec<OfCell> {
    let size = rng.random_range(1..=7u32);
    // A call begins where it likes and lasts for a few others.
    let mut begins: Vec<u32> = (0..size).map(|_| rng.random_range(0..40)).collect();
    begins.sort_unstable();
    let ended = |number: u32, rng: &mut ChaCha8Rng| {
        let wait = rng.random_range(1..=16);
        match rng.random_bool(0.85) {
            true => begins[number as usize] + wait,
            false => NEVER,
        }
    };
    let mut calls: Vec<OfCell> = Vec::new();
    for number in 0..size {
        let input = rng.random_bool(0.5).then(|| rng.random_range(1..=2));
        // No two events have one number.
        let complete = match ended(number, rng) {
            NEVER => NEVER,
            at => (at * 10 + number) * 2 + 1,
        };
        let invoke = (begins[number as usize] * 10 + number) * 2 + 2;
        calls.push(call(number, input, rng.random_range(0..=2), invoke, complete));
    }
    calls
}

/// Whether the members have no order, as they are or with the answers of some forgotten, however all others happen that
/// began before the last of them was over.
fn is_illegal(calls: &[OfCell], members: &[u32], counts: &[bool]) -> bool {
    let of = |place: &u32| calls[*place as usize];
    let core: Vec<OfCell> = members
        .iter()
        .zip(counts)
        .map(|(place, counts)| match counts {
            true => of(place),
            false => OfCell {
                invoke: of(place).invoke,
                ..of(place).weakened()
            },
        })
        .collect();
    let ends = members.iter().map(|place| of(place).complete);
    let over = ends.filter(|end| *end != NEVER).max().unwrap_or(0);
    let others = (0..calls.len() as u32).filter(|place| !members.contains(place));
    let free = others
        .map(|place| of(&place))
        .filter(|call| call.input.is_some() && call.invoke < over);
    let free: Vec<OfCell> = free.map(Call::weakened).collect();
    no_order_works(&Searched::of(0), &core, &free).unwrap()
}

fn endless() -> Budget {
    Budget::of(&Limits::default())
}

fn without_shrinking() -> Budget {
    endless().shrinking(ShrinkBudget::Nothing.begin())
}

#[test]
fn a_core_is_illegal_and_minimal_if_it_says_so_wherever_a_limit_ends_the_search() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (mut illegal, mut forgotten, mut ended_early, mut too_little) = (0, 0, 0, 0);
    for round in 0..1500 {
        let calls = random(&mut rng);
        if !frontier::search(&Searched::of(0), &calls, &endless()).is_illegal() {
            continue;
        }
        illegal += 1;
        // Sometimes an algorithm says too little, twice, or in no order.
        let mut suspects: Vec<u32> = (0..calls.len() as u32).collect();
        if round % 3 == 0 {
            suspects.retain(|_| rng.random_bool(0.6));
            suspects.extend(suspects.clone());
            suspects.reverse();
        }
        let mut blamed = suspects.clone();
        blamed.sort_unstable();
        blamed.dedup();
        let as_they_are = shrink(&Searched::of(usize::MAX), &calls, &suspects, &without_shrinking());
        let told = format!("{as_they_are:?} of {calls:#?}, {suspects:?}");
        let whole: Vec<u32> = (0..calls.len() as u32).collect();
        let all_count = vec![true; calls.len()];
        let is_enough = is_illegal(&calls, &blamed, &all_count[..blamed.len()]);
        let expected = if is_enough { &blamed } else { &whole };
        assert_eq!(&as_they_are.members, expected, "{told}");
        assert_eq!(as_they_are.ended_early, Some(ShrinkEnd::NotWanted), "{told}");
        too_little += usize::from(!is_enough);
        for searches_max in (0..).take(60) {
            let cell = Searched::of(searches_max);
            let core = shrink(&cell, &calls, &suspects, &endless());
            let told = format!("{core:?} of {calls:#?}, {suspects:?}");
            let (members, counts) = (&core.members, &core.answer_counts);
            assert_eq!(core.checks, cell.searches.into_inner(), "{told}");
            if searches_max == 0 {
                assert_eq!((members.len(), core.minimal), (calls.len(), false), "{told}");
            }
            assert!(members.is_sorted() && members.len() == counts.len(), "{told}");
            // Also where what was to blame was too little.
            assert!(is_illegal(&calls, members, counts), "{told}");
            assert_eq!(
                core.ended_early,
                (!core.minimal).then_some(ShrinkEnd::Memory),
                "{told}"
            );
            if core.minimal {
                for place in 0..members.len() {
                    let (mut fewer, mut rest) = (members.clone(), counts.clone());
                    fewer.remove(place);
                    rest.remove(place);
                    assert!(fewer.is_empty() || !is_illegal(&calls, &fewer, &rest), "{told}");
                    let mut weaker = counts.clone();
                    if std::mem::replace(&mut weaker[place], false) {
                        assert!(!is_illegal(&calls, members, &weaker), "{told}");
                    } else {
                        forgotten += 1;
                    }
                }
            } else {
                ended_early += 1;
            }
            if core.checks <= searches_max {
                assert!(core.minimal, "nothing ended it: {told}");
                break;
            }
        }
    }
    assert!(
        illegal > 500 && forgotten > 10 && ended_early > 500 && too_little > 10,
        "{illegal} illegal, {forgotten} answers forgotten, {ended_early} ended early, {too_little} times too little to blame"
    );
}

/// One call after another.
fn one_by_one(asked: impl Iterator<Item = (Option<u8>, u8)>) -> Vec<OfCell> {
    let calls = asked.zip(0u32..);
    calls
        .map(|((input, output), number)| call(number, input, output, 2 * number + 1, 2 * number + 2))
        .collect()
}

#[test]
fn of_many_suspects_the_last_few_are_tried_first() {
    // Everything is suspected, and it is the last read that is wrong.
    let writes = (0..4000).map(|_| (Some(1), 0));
    let calls = one_by_one(writes.chain([(None, 2)]));
    let all: Vec<u32> = (0..calls.len() as u32).collect();
    let cell = Searched::of(usize::MAX);
    let core = shrink(&cell, &calls, &all, &endless());
    assert_eq!((core.members, core.minimal), (vec![4000], true));
    assert!(core.checks < 20, "{}", core.checks);
    // A read that was wrong long ago is found as well.
    let asked = (0..200).map(|number| if number == 3 { (None, 2) } else { (None, 0) });
    let calls = one_by_one(asked);
    let core = shrink(&cell, &calls, &all[..200], &endless());
    assert_eq!((core.members, core.minimal), (vec![3], true));
}

/// A sum that grows by one.
struct Sum(AtomicUsize);

impl Object for Sum {
    type Input = bool;
    type Output = u32;
    type State = u32;

    fn initial(&self) -> u32 {
        0
    }

    fn step(&self, sum: &u32, adds: &bool, told: Option<&u32>) -> Option<u32> {
        match adds {
            true => Some(sum + 1),
            false => told.is_none_or(|told| told == sum).then_some(*sum),
        }
    }

    fn is_pure(&self, adds: &bool, _: Option<&u32>) -> bool {
        !adds
    }

    /// One read, after all additions: it is told too little where more are certain.
    fn search(&self, calls: &[CallOf<Self>], _: &Budget) -> Judgement {
        self.0.fetch_add(calls.len(), Relaxed);
        let certain = calls.iter().filter(|call| call.input && call.is_required());
        let told = calls.iter().find(|call| !call.input).and_then(|read| read.output);
        match told.is_some_and(|told| told < certain.count() as u32) {
            true => Judgement::Illegal { suspects: Vec::new() },
            false => Judgement::Legal { order: Vec::new() },
        }
    }
}

#[test]
fn where_hardly_any_call_can_be_weakened_shrinking_comes_to_an_end_and_says_so() {
    const ADDS: u32 = 1500;
    // A sum that is one too small: whichever call could be weakened, it would explain that.
    let calls: Vec<Call<bool, u32>> = (0..=ADDS)
        .map(|number| Call {
            input: number < ADDS,
            output: Some(ADDS - 1),
            invoke: 2 * number + 1,
            complete: 2 * number + 2,
            number,
        })
        .collect();
    let sum = Sum(AtomicUsize::new(0));
    let all: Vec<u32> = (0..=ADDS).collect();
    let core = shrink(&sum, &calls, &all, &endless());
    assert_eq!((core.members, core.minimal), (all, false));
    assert_eq!(core.ended_early, Some(ShrinkEnd::Steps));
    assert!(core.answer_counts.iter().all(|counts| *counts));
    let looks = sum.0.into_inner();
    let most = LOOKS_MAX + 2 * calls.len();
    assert!((LOOKS_MAX / 2..=most).contains(&looks), "{looks}");
}
