//! What is said of random small histories is what the definitions say.

use super::definition::{defined, is_linearizable, said};
use super::drawn::{Drawn, small, still};
use crate::Limits;
use crate::cell::SMALL;
use crate::weaker::age::widened;
use crate::weaker::around::cut;
use crate::weaker::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[test]
fn every_promise_is_what_its_definition_says() {
    let mut rng = ChaCha8Rng::seed_from_u64(20_261_126);
    let budget = Budget::of(&Limits::default());
    let mut counts = [0; 5];
    for number in 0..4_000 {
        let drawn = small(&mut rng);
        let expected = defined(&drawn);
        let Drawn {
            calls,
            processes,
            times,
        } = drawn;
        let place = format!("history {number}: {calls:#?} {processes:?}");
        let by = |keeps| in_order_of_clients(&SMALL, &calls, &processes, keeps, &budget);
        assert_eq!(by(Keeps::Clients), said(expected.sequential), "{place}");
        assert_eq!(by(Keeps::ClientsAndUpdates), said(expected.ordered), "{place}");
        assert_eq!(
            regular(&SMALL, &calls, &budget),
            said(expected.regular),
            "{place}"
        );
        assert_eq!(
            versions(&SMALL, &calls, &mut 1, &budget),
            expected.versions.map_or(Bound::Unknown, Bound::AtMost),
            "{place}"
        );
        assert_eq!(
            age(&SMALL, &calls, &times, 0, &budget),
            expected.age.map_or(Bound::None, Bound::AtMost),
            "{place}"
        );
        let linearizable = is_linearizable(&calls);
        assert_eq!(linearizable, expected.age == Some(0), "{place}");
        assert!(
            !linearizable || expected.ordered && expected.regular && expected.versions == Some(1),
            "{place}"
        );
        for (count, holds) in counts.iter_mut().zip([
            linearizable,
            expected.sequential,
            expected.ordered,
            expected.regular,
            expected.versions.is_some(),
        ]) {
            *count += usize::from(holds);
        }
    }
    assert!(
        counts.iter().all(|count| (400..3_900).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn of_a_history_is_said_what_the_definitions_say_of_its_calls() {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let (mut kept, mut broken) = ([0; 5], [0; 5]);
    for number in 0..2_000 {
        let drawn = small(&mut rng);
        let Some(still) = still(&drawn) else {
            continue;
        };
        let expected = defined(&drawn);
        let promises = [
            StillHolds::Sequential(said(expected.sequential)),
            StillHolds::OrderedSequential(said(expected.ordered)),
            StillHolds::Regular(said(expected.regular)),
            StillHolds::Versions(expected.versions.map_or(Bound::None, Bound::AtMost)),
            StillHolds::Age(expected.age.map_or(Bound::None, Bound::AtMost)),
        ];
        assert_eq!(still.promises, promises, "history {number}: {drawn:#?}");
        assert_eq!(still.of, None, "history {number}");
        let holds = [
            expected.sequential,
            expected.ordered,
            expected.regular,
            expected.versions.is_some(),
            expected.age.is_some(),
        ];
        for (place, holds) in holds.into_iter().enumerate() {
            kept[place] += usize::from(holds);
            broken[place] += usize::from(!holds);
        }
    }
    let mut counts = kept.iter().chain(&broken);
    assert!(counts.all(|count| *count > 10), "{kept:?} {broken:?}");
}

#[test]
fn widening_keeps_everything_but_the_begin_of_reads() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..200 {
        let Drawn { calls, times, .. } = small(&mut rng);
        let wide = widened(&SMALL, &calls, &times, 0);
        for (a, b) in (0..calls.len()).flat_map(|a| (0..calls.len()).map(move |b| (a, b))) {
            let at = |number: usize| wide.iter().find(|it| it.number as usize == number).unwrap();
            assert_eq!(calls[a].precedes(&calls[b]), at(a).precedes(at(b)));
        }
    }
}

#[test]
fn what_a_part_breaks_the_whole_breaks() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let budget = Budget::of(&Limits::default());
    let (mut broken, mut kept) = (0, 0);
    for number in 0..4_000 {
        let Drawn { calls, processes, .. } = small(&mut rng);
        let Some(last) = calls.iter().rfind(|call| call.is_required()) else {
            continue;
        };
        let part = cut(&SMALL, &calls, &[last.number], 2).unwrap();
        let weak = part.calls.len() - part.kept;
        let of_part: Vec<u32> = part
            .calls
            .iter()
            .zip(0..)
            .map(|(call, place)| match place < weak {
                true => 1_000 + place as u32,
                false => processes[call.number as usize],
            })
            .collect();
        let place = format!("history {number}: {calls:#?} {processes:?} {:#?}", part.calls);
        let mut compare = |part: bool, whole: bool| {
            assert!(!part || whole, "{place}");
            broken += usize::from(part);
            kept += usize::from(!part && whole);
        };
        for keeps in [Keeps::Clients, Keeps::ClientsAndUpdates] {
            let by = |calls, processes| {
                in_order_of_clients(&SMALL, calls, processes, keeps, &budget) == Answer::Broken
            };
            compare(by(&part.calls, &of_part), by(&calls, &processes));
        }
        let by = |calls| regular(&SMALL, calls, &budget) == Answer::Broken;
        compare(by(&part.calls), by(&calls));
        for most in 1..=3 {
            let by =
                |calls| !matches!(versions(&SMALL, calls, &mut 1, &budget), Bound::AtMost(it) if it <= most);
            compare(by(&part.calls), by(&calls));
        }
    }
    assert!(broken > 400 && kept > 400, "{broken} {kept}");
}
