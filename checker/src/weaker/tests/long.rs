//! What is learned of parts of histories of some hundred calls is what the whole alone gives.

use super::definition::said;
use super::drawn::{all_calls, long, still, written};
use crate::objects::register::Register;
use crate::theory::Theory;
use crate::weaker::*;
use crate::{Limits, Options};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Whether what is said of a whole history is what the whole alone gives, or, where that is not known, that a part breaks it.
fn is_of_the_whole(said: &StillHolds, alone: &StillHolds) -> bool {
    use StillHolds::*;
    said == alone
        || matches!(
            (said, alone),
            (Sequential(Answer::Broken), Sequential(Answer::Unknown))
                | (
                    OrderedSequential(Answer::Broken),
                    OrderedSequential(Answer::Unknown)
                )
                | (Regular(Answer::Broken), Regular(Answer::Unknown))
                | (Versions(Bound::None), Versions(Bound::Unknown))
                | (Age(Bound::None), Age(Bound::Unknown))
        )
}

/// Whether each read is linearizable alone with all updates, none of them left out.
fn each_alone(register: &Register<'_>, calls: &[CallOf<Register<'_>>], budget: &Budget) -> Answer {
    let reads = calls.iter().filter(|call| is_read(register, call));
    let is_legal = |read: &CallOf<Register<'_>>| {
        let is_in = |call: &&CallOf<Register<'_>>| call.number == read.number || !is_read(register, call);
        let alone: Vec<_> = calls.iter().filter(is_in).copied().collect();
        register.search(&alone, budget).is_legal()
    };
    said(reads.into_iter().all(is_legal))
}

#[test]
fn what_is_learned_of_parts_is_what_the_whole_alone_gives() {
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let budget = Budget::of(&Limits::default());
    let (mut same, mut learned) = (0, 0);
    for number in 0..30 {
        let drawn = long(&mut rng);
        let Some(still) = still(&drawn) else {
            continue;
        };
        let history = written(&drawn);
        let register = Register::of(&history, &Options::default()).unwrap();
        let calls = all_calls(&register, &history);
        let operations = || calls.iter().map(|call| &history.operations[call.number as usize]);
        let processes: Vec<u32> = operations().map(|it| it.process).collect();
        let times: Vec<(u64, u64)> = operations().map(|it| (it.start_ns, it.end_ns)).collect();
        let by = |keeps| in_order_of_clients(&register, &calls, &processes, keeps, &budget);
        let ordered = by(Keeps::ClientsAndUpdates);
        let age = age(&register, &calls, &times, 0, &budget);
        let alone = [
            StillHolds::Sequential(match ordered {
                Answer::Holds => Answer::Holds,
                Answer::Broken | Answer::Unknown => by(Keeps::Clients),
            }),
            StillHolds::OrderedSequential(ordered),
            StillHolds::Regular(each_alone(&register, &calls, &budget)),
            StillHolds::Versions(match age {
                Bound::None => Bound::None,
                _ => versions(&register, &calls, &mut 1, &budget),
            }),
            StillHolds::Age(age),
        ];
        let said = &still.promises;
        assert_eq!(said.len(), alone.len(), "history {number}");
        for (said, alone) in said.iter().zip(&alone) {
            assert!(
                is_of_the_whole(said, alone),
                "history {number}: {said:?} {alone:?} {drawn:?}"
            );
            *(if said == alone { &mut same } else { &mut learned }) += 1;
        }
    }
    assert!(same > 50, "{same} {learned}");
}
