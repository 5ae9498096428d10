//! The independent checker against the definitions that it stands for: every order of small calls, good or not, and
//! every way in which the updates around a core can happen. Nobody else ever gives it a wrong proof.

use super::*;
use crate::Call;
use history::NEVER;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stock of things. Nothing can be taken that is not there.
struct Stock;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Asked {
    Put(u32),
    Take(u32),
    Count,
}

impl Object for Stock {
    type Input = Asked;
    /// How many there are afterwards.
    type Output = u32;
    type State = u32;

    fn initial(&self) -> u32 {
        0
    }

    fn step(&self, there: &u32, input: &Asked, told: Option<&u32>) -> Option<u32> {
        let next = match input {
            Asked::Put(some) => there + some,
            Asked::Take(some) => there.checked_sub(*some)?,
            Asked::Count => *there,
        };
        told.is_none_or(|told| *told == next).then_some(next)
    }
}

type OfStock = Call<Asked, u32>;

fn asked(rng: &mut ChaCha8Rng) -> Asked {
    match rng.random_range(0..3) {
        0 => Asked::Put(rng.random_range(1..=2)),
        1 => Asked::Take(1),
        _ => Asked::Count,
    }
}

/// Calls that overlap by chance, told something by chance.
fn calls(most: u32, rng: &mut ChaCha8Rng) -> Vec<OfStock> {
    let mut events: Vec<u32> = (1..=2 * most).collect();
    let mut draw = || events.swap_remove(rng.random_range(0..events.len()));
    let mut spans: Vec<(u32, u32)> = (0..most).map(|_| (draw(), draw())).collect();
    for span in &mut spans {
        *span = (span.0.min(span.1), span.0.max(span.1));
    }
    spans.sort_unstable();
    let call = |((invoke, complete), number)| {
        let is_known = rng.random_bool(0.8);
        OfStock {
            input: asked(rng),
            output: is_known.then(|| rng.random_range(0..=3)),
            invoke,
            complete: if is_known { complete } else { NEVER },
            number,
        }
    };
    spans.into_iter().zip(0..).map(call).collect()
}

/// What an order has to be, each clause by itself.
fn is_proof(calls: &[OfStock], order: &[u32]) -> bool {
    let Some(line) = order
        .iter()
        .map(|place| calls.get(*place as usize))
        .collect::<Option<Vec<&OfStock>>>()
    else {
        return false;
    };
    let pairs = || (0..order.len()).flat_map(|then| (0..then).map(move |first| (first, then)));
    let is_once = pairs().all(|(first, then)| order[first] != order[then]);
    let keeps_time = pairs().all(|(first, then)| !line[then].precedes(line[first]));
    let all = (0u32..)
        .zip(calls)
        .all(|(place, call)| !call.is_required() || order.contains(&place));
    let told = line.iter().try_fold(0, |there, call| {
        Stock.step(&there, &call.input, call.output.as_ref())
    });
    is_once && keeps_time && all && told.is_some()
}

/// Every sequence of so many of the numbers below `below`, repetitions included.
fn sequences(length: u32, below: u32) -> impl Iterator<Item = Vec<u32>> {
    (0..below.pow(length)).map(move |number| {
        (0..length)
            .map(|digit| number / below.pow(digit) % below)
            .collect()
    })
}

#[test]
fn an_order_is_accepted_if_and_only_if_it_is_a_proof() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut proofs, mut others) = (0, 0);
    for _ in 0..400 {
        let most = rng.random_range(1..=3);
        let calls = calls(most, &mut rng);
        // One number more than there are calls, and one place more.
        for order in (0..=most + 1).flat_map(|length| sequences(length, most + 1)) {
            let verdict = linearization(&Stock, &calls, &order);
            let expected = is_proof(&calls, &order);
            assert_eq!(verdict.is_ok(), expected, "{order:?} of {calls:?}: {verdict:?}");
            *(if expected { &mut proofs } else { &mut others }) += 1;
        }
    }
    assert!(proofs > 100 && others > 100, "{proofs} proofs of {others}");
}

/// Whether the core has an order by trying everything: a call of the core, or one of the free updates, after another. It
/// only remembers where it has failed.
struct Definition<'a> {
    core: &'a [OfStock],
    free: &'a [(Asked, u32)],
    failed: FxHashSet<(Vec<bool>, Vec<u32>, u32)>,
}

impl Definition<'_> {
    fn works(&mut self, placed: &[bool], used: &[u32], there: u32) -> bool {
        let core = self.core;
        let waits = |place: usize| core[place].is_required() && !placed[place];
        if !(0..core.len()).any(waits) {
            return true;
        }
        if !self.failed.insert((placed.to_vec(), used.to_vec(), there)) {
            return false;
        }
        for (place, call) in core.iter().enumerate() {
            let too_early = (0..core.len()).any(|other| waits(other) && core[other].precedes(call));
            if placed[place] || too_early {
                continue;
            }
            if let Some(next) = Stock.step(&there, &call.input, call.output.as_ref()) {
                let mut placed = placed.to_vec();
                placed[place] = true;
                if self.works(&placed, used, next) {
                    return true;
                }
            }
        }
        for (class, (input, times)) in self.free.iter().enumerate() {
            if let Some(next) = Stock.step(&there, input, None).filter(|_| used[class] < *times) {
                let mut used = used.to_vec();
                used[class] += 1;
                if self.works(placed, &used, next) {
                    return true;
                }
            }
        }
        false
    }
}

/// So many of each.
fn updates(of: &[(Asked, u32)]) -> Vec<OfStock> {
    let each = of
        .iter()
        .flat_map(|(input, times)| std::iter::repeat_n(*input, *times as usize));
    let weak = |(input, number)| OfStock {
        input,
        output: None,
        invoke: 0,
        complete: NEVER,
        number,
    };
    each.zip(100..).map(weak).collect()
}

#[test]
fn a_core_is_refuted_if_and_only_if_it_has_no_order_however_the_updates_around_it_happen() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    // Few and many ways to choose among the updates: the checker goes about it differently.
    for (rounds, most) in [(4000, 2), (150, 8)] {
        let (mut refuted, mut possible) = (0, 0);
        for _ in 0..rounds {
            let size = rng.random_range(1..=4);
            let mut core = calls(size, &mut rng);
            // What is told is sometimes out of reach.
            for told in core.iter_mut().filter_map(|call| call.output.as_mut()) {
                *told += rng.random_range(0..=1) * rng.random_range(0..=most * 4);
            }
            let mut free: Vec<(Asked, u32)> = Vec::new();
            for input in [Asked::Put(2), Asked::Put(3), Asked::Take(1), Asked::Take(4)] {
                let times = rng.random_range(0..=most);
                if times > 0 {
                    free.push((input, times));
                }
            }
            let mut definition = Definition {
                core: &core,
                free: &free,
                failed: FxHashSet::default(),
            };
            let works = definition.works(&vec![false; core.len()], &vec![0; free.len()], 0);
            let verdict = no_order_works(&Stock, &core, &updates(&free));
            assert_eq!(verdict, Ok(!works), "{core:?} with {free:?}");
            let before = |first: usize, then: usize| core[first].precedes(&core[then]);
            let order = some_order(&Stock, &core, &updates(&free), &before).unwrap();
            assert_eq!(order.is_some(), works);
            if let Some(order) = order {
                // What it says is an order of the whole core, in which nobody is before one that had ended.
                let all = |place: usize| order.contains(&place) || !core[place].is_required();
                assert!((0..core.len()).all(all), "{order:?} of {core:?}");
                let pairs = (0..order.len()).flat_map(|then| (0..then).map(move |first| (first, then)));
                assert!(
                    pairs
                        .into_iter()
                        .all(|(first, then)| !before(order[then], order[first]))
                );
            }
            *(if works { &mut possible } else { &mut refuted }) += 1;
        }
        assert!(
            refuted * 10 > rounds && possible * 10 > rounds,
            "{refuted}, {possible}"
        );
    }
}

fn counted(there: u32) -> OfStock {
    OfStock {
        input: Asked::Count,
        output: Some(there),
        invoke: 1,
        complete: 2,
        number: 0,
    }
}

#[test]
fn updates_of_which_there_are_many_are_counted_where_as_often_as_they_like_would_not_end() {
    let free = updates(&[(Asked::Put(1), 600)]);
    assert_eq!(no_order_works(&Stock, &[counted(600)], &free), Ok(false));
    assert_eq!(no_order_works(&Stock, &[counted(601)], &free), Ok(true));
    let never = counted(STATES_MAX as u32 + 1);
    assert_eq!(no_order_works(&Stock, &[never], &free), Ok(true));
}

#[test]
fn what_is_too_much_to_be_tried_is_said_to_be_so() {
    let core: Vec<OfStock> = (0..=CORE_MAX as u32)
        .map(|number| OfStock { number, ..counted(1) })
        .collect();
    assert_eq!(no_order_works(&Stock, &core[..CORE_MAX], &[]), Ok(true));
    assert!(no_order_works(&Stock, &core, &[]).is_err());
    // So many different updates that it is not known which of them have happened: enough to refute, not to find an order.
    let free = |many: usize| -> Vec<OfStock> {
        let each = |some| (Asked::Put(some), 1);
        updates(&(1..=many as u32).map(each).collect::<Vec<_>>())
    };
    assert!(no_order_works(&Stock, &[counted(1)], &free(CLASSES_MAX + 1)).is_err());
    // Fewer, but of so many one can choose in too many ways.
    let never = counted(STATES_MAX as u32 + 1);
    assert!(no_order_works(&Stock, &[never], &free(15)).is_err());
    let taken = OfStock {
        input: Asked::Take(1),
        ..counted(u32::MAX)
    };
    let sold = |many: u32| updates(&(1..=many).map(|some| (Asked::Take(some), 1)).collect::<Vec<_>>());
    assert_eq!(
        no_order_works(&Stock, &[taken], &sold(CLASSES_MAX as u32 + 1)),
        Ok(true)
    );
}
