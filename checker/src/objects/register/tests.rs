//! Histories that are too long for brute force: the register's own algorithms against the search for any object.

use super::beam;
use super::ledger::Ledger;
use super::*;
use crate::proof::verify;
use crate::{Calls, Limits};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// A history of a real register: so many clients, values and calls; now and then a client gives up, or is told a lie.
pub(super) fn random(rng: &mut ChaCha8Rng) -> Calls<Asked, Told> {
    let clients = rng.random_range(2..=7);
    let length = rng.random_range(10..=30);
    let unknown = [0.0, 0.05, 0.3][rng.random_range(0..3)];
    let lies = [0.0, 0.1][rng.random_range(0..2)];
    drawn(rng, clients, length, unknown, lies)
}

/// One of so many clients and calls, with so large a share of unknown outcomes, and of lies among the reads.
pub(super) fn drawn(
    rng: &mut ChaCha8Rng,
    clients: usize,
    length: usize,
    unknown: f64,
    lies: f64,
) -> Calls<Asked, Told> {
    let values = rng.random_range(2..=6);
    let strict = rng.random_bool(0.3);
    let mut calls = Calls::new();
    let mut open: Vec<Option<(crate::call::Invoked, Asked, Option<Told>)>> = vec![None; clients];
    let mut lingering = Vec::new();
    let mut state = Value::NULL;
    let apply = |state: &mut Value, asked: Asked| match asked {
        Asked::Read => Told::Value(*state),
        Asked::Write(new) => {
            *state = new;
            Told::Done
        }
        Asked::Cas(old, new) if *state == old => {
            *state = new;
            Told::Done
        }
        Asked::Cas(..) => Told::Refused,
    };
    let mut started = 0;
    while started < length || open.iter().any(Option::is_some) {
        if !lingering.is_empty() && rng.random_bool(0.1) {
            let late = lingering.swap_remove(rng.random_range(0..lingering.len()));
            apply(&mut state, late);
        }
        let mut value = || Value::integer(rng.random_range(1..=values)).unwrap();
        let (a, b) = (value(), value());
        let client = rng.random_range(0..clients);
        match open[client].take() {
            None if started < length => {
                started += 1;
                let asked = match rng.random_range(0..4) {
                    0 => Asked::Write(a),
                    1 => Asked::Cas(a, b),
                    _ => Asked::Read,
                };
                open[client] = Some((calls.invoke(asked), asked, None));
            }
            None => {}
            Some((_, asked, None)) if rng.random_bool(unknown) => lingering.push(asked),
            Some((call, asked, None)) => open[client] = Some((call, asked, Some(apply(&mut state, asked)))),
            Some((call, Asked::Read, Some(_))) if rng.random_bool(lies) => calls.ok(call, Told::Value(a)),
            // Without an answer it may have had an effect, which a refused one has not.
            Some((_, _, Some(Told::Refused))) if !strict => {}
            Some((call, _, Some(told))) => calls.ok(call, told),
        }
    }
    calls
}

#[test]
fn on_longer_histories_it_agrees_with_the_search_for_any_object() {
    let history = History::default();
    let register = Register::of(&history, &Options::default()).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let budget = Budget::of(&Limits::default());
    let (mut legal, mut illegal, mut recent) = (0, 0, 0);
    for number in 0..2_000 {
        let calls = random(&mut rng);
        let calls = calls.as_slice();
        let expected = crate::search::frontier::search(&register, calls, &budget).is_legal();
        let last = register.recent(calls, calls.len() as u32, &budget);
        assert!(
            last.is_none() || !expected,
            "history {number}: {calls:?} {last:?}"
        );
        recent += usize::from(last.is_some_and(|last| last.len() < calls.len()));
        let ledger = Ledger::of(calls).unwrap();
        for (name, judgement) in [
            judge(&ledger, &budget, &|_| None),
            judge(&ledger, &budget, &|begun| register.recent(calls, begun, &budget)),
            beam::judge(&ledger, &budget, &|_| None),
        ]
        .into_iter()
        .flatten()
        {
            assert_eq!(
                judgement.is_legal(),
                expected,
                "history {number}, {name}: {calls:?}"
            );
            if let Judgement::Legal { order } = judgement {
                verify::linearization(&register, calls, &order)
                    .unwrap_or_else(|problem| panic!("history {number}, {name}: {problem}"));
            }
        }
        *(if expected { &mut legal } else { &mut illegal }) += 1;
    }
    assert!(legal > 200 && illegal > 200, "{legal} legal, {illegal} illegal");
    assert!(recent > 50, "{recent}: the last few are often enough");
}

#[test]
fn going_back_where_few_configurations_die_finds_an_order_of_long_histories_and_none_where_there_is_none() {
    let history = History::default();
    let register = Register::of(&history, &Options::default()).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let budget = Budget::of(&Limits::default());
    for number in 0..60 {
        let unknown = [0.0, 0.01, 0.05][number % 3];
        let mut calls = drawn(&mut rng, 10, 1_000, unknown, 0.0);
        let ledger = Ledger::of(calls.as_slice()).unwrap();
        let (name, judgement) = beam::judge(&ledger, &budget, &|_| None).unwrap();
        let Judgement::Legal { order } = judgement else {
            panic!("history {number}, {name}: {judgement:?}");
        };
        assert_eq!(name, "narrow frontier", "history {number}: one was enough");
        verify::linearization(&register, calls.as_slice(), &order)
            .unwrap_or_else(|problem| panic!("history {number}: {problem}"));
        // One after the other, and the last read is told what was overwritten, which nobody else writes.
        let [old, new] = [101, 102].map(|value| Value::integer(value).unwrap());
        for (asked, told) in [
            (Asked::Write(old), Told::Done),
            (Asked::Write(new), Told::Done),
            (Asked::Read, Told::Value(old)),
        ] {
            let call = calls.invoke(asked);
            calls.ok(call, told);
        }
        let ledger = Ledger::of(calls.as_slice()).unwrap();
        let (_, judgement) = beam::judge(&ledger, &budget, &|_| None).unwrap();
        assert!(judgement.is_illegal(), "history {number}: {judgement:?}");
    }
}

#[test]
fn more_calls_than_can_be_open_at_one_time_are_left_to_the_search_for_any_object() {
    let history = History::default();
    let register = Register::of(&history, &Options::default()).unwrap();
    let budget = Budget::of(&Limits::default());
    for (count, has_room) in [(127, true), (128, true), (129, false)] {
        for told in [Value::NULL, Value::integer(9).unwrap()] {
            let mut calls = Calls::new();
            let reads: Vec<_> = (0..count).map(|_| calls.invoke(Asked::Read)).collect();
            for (place, read) in reads.into_iter().enumerate() {
                let is_last = place + 1 == count;
                calls.ok(read, Told::Value(if is_last { told } else { Value::NULL }));
            }
            let ledger = Ledger::of(calls.as_slice()).unwrap();
            let judged = beam::judge(&ledger, &budget, &|_| None);
            assert_eq!(judged.is_some(), has_room, "{count}");
            assert!(
                judged.is_none_or(|(_, it)| it.is_legal() == told.is_null()),
                "{count}"
            );
            let judgement = register.search(calls.as_slice(), &budget);
            assert_eq!(judgement.is_legal(), told.is_null(), "{count}: {judgement:?}");
        }
    }
}

#[test]
fn limits_are_held_by_every_algorithm() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut calls = Calls::new();
    for _ in 0..20_000 {
        let value = Value::integer(rng.random_range(1..=3)).unwrap();
        let (a, b) = (calls.invoke(Asked::Write(value)), calls.invoke(Asked::Read));
        calls.ok(a, Told::Done);
        calls.ok(b, Told::Value(value));
    }
    let ledger = Ledger::of(calls.as_slice()).unwrap();
    // Where nothing is to be tried it is looked at limits all the same.
    let mut reads = Calls::new();
    for _ in 0..2_000 {
        let read = reads.invoke(Asked::Read);
        reads.ok(read, Told::Value(Value::NULL));
    }
    let reads = Ledger::of(reads.as_slice()).unwrap();
    for (limits, limit) in [
        (
            Limits {
                time: Some(std::time::Duration::ZERO),
                memory_bytes: None,
            },
            Limit::Time,
        ),
        (
            Limits {
                time: None,
                memory_bytes: Some(1000),
            },
            Limit::Memory,
        ),
    ] {
        let budget = Budget::of(&limits);
        for (name, judgement) in [
            judge(&ledger, &budget, &|_| None),
            beam::judge(&ledger, &budget, &|_| None),
            beam::judge(&reads, &budget, &|_| None),
        ]
        .into_iter()
        .flatten()
        {
            let Judgement::Unknown(stuck) = judgement else {
                panic!("{name} went on beyond its limit");
            };
            assert_eq!(stuck.limit, limit, "{name}");
        }
    }
}

#[test]
fn a_violation_that_there_is_no_time_to_shrink_is_told_whole() {
    let history = History::default();
    let register = Register::of(&history, &Options::default()).unwrap();
    let mut calls = Calls::new();
    let reader = calls.invoke(Asked::Read);
    for _ in 0..2_000 {
        let write = calls.invoke(Asked::Write(Value::NULL));
        calls.ok(write, Told::Done);
    }
    calls.ok(reader, Told::Value(Value::integer(9).unwrap()));
    let no_time = Budget::of(&Limits {
        time: Some(Duration::ZERO),
        memory_bytes: None,
    });
    let suspects: Vec<u32> = (0..2_001).collect();
    let core = crate::proof::shrink::shrink(&register, calls.as_slice(), &suspects, &no_time);
    assert!(!core.minimal);
    assert_eq!(core.members, suspects);
    assert_eq!(core.steps, [2_001]);
    // With no time for this alone, what the algorithm gave is looked at once.
    let budget = Budget::of(&Limits::default()).shrinking(crate::ShrinkBudget::Time(Duration::ZERO).begin());
    let core = crate::proof::shrink::shrink(&register, calls.as_slice(), &suspects[..1], &budget);
    assert_eq!(
        (core.members, core.ended_early),
        (vec![0], Some(crate::ShrinkEnd::Time))
    );
}

#[test]
fn an_order_of_many_steps_at_once_is_not_missed_where_few_are_tried() {
    let value = |number| match number {
        0 => Value::NULL,
        more => Value::integer(more).unwrap(),
    };
    for steps in 1..=40 {
        // All swaps are open when the last value is read.
        let mut calls = Calls::new();
        let swaps: Vec<_> = (0..steps)
            .map(|it| calls.invoke(Asked::Cas(value(it), value(it + 1))))
            .collect();
        let read = calls.invoke(Asked::Read);
        calls.ok(read, Told::Value(value(steps)));
        swaps.into_iter().for_each(|swap| calls.ok(swap, Told::Done));
        let ledger = Ledger::of(calls.as_slice()).unwrap();
        let (name, judgement) = beam::judge(&ledger, &Budget::of(&Limits::default()), &|_| None).unwrap();
        assert!(judgement.is_legal(), "{steps}, {name}: {judgement:?}");
    }
}

#[test]
fn an_open_write_of_the_same_value_does_not_stand_in_for_an_unknown_swap() {
    let value = |number| Value::integer(number).unwrap();
    let mut calls = Calls::new();
    calls.invoke(Asked::Cas(Value::NULL, value(1)));
    let swap = calls.invoke(Asked::Cas(value(1), value(2)));
    let write = calls.invoke(Asked::Write(value(1)));
    let early = calls.invoke(Asked::Read);
    calls.ok(early, Told::Value(value(2)));
    calls.ok(swap, Told::Done);
    let late = calls.invoke(Asked::Read);
    calls.ok(write, Told::Done);
    calls.ok(late, Told::Value(value(1)));
    // The unknown swap, the other, the early read, and only then the write.
    let ledger = Ledger::of(calls.as_slice()).unwrap();
    let (_, judgement) = beam::judge(&ledger, &Budget::of(&Limits::default()), &|_| None).unwrap();
    assert!(judgement.is_legal(), "{judgement:?}");
}

mod words {
    use crate::{Analysis, Model, Options, Verdict, check_with};

    /// The analysis of events "process type function value", a millisecond apart, on the key x.
    fn analysis(events: &str, strict_fail: bool) -> Analysis {
        let mut lines = String::new();
        for (event, time) in events.split(';').zip(1u64..) {
            let [process, kind, f, value] = event.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("four words: {event}");
            };
            lines += &format!(
                "{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",\"key\":\"x\",\"value\":{value},\"time\":{}}}\n",
                time * 1_000_000
            );
        }
        let history = history::read_bytes(lines.as_bytes()).unwrap();
        let options = Options {
            strict_fail,
            ..Options::default()
        };
        check_with(&history, Model::CasRegister, &options).unwrap()
    }

    fn told(events: &str) -> (&'static str, String) {
        let analysis = analysis(events, true);
        assert_eq!(analysis.verdict, Verdict::Invalid);
        let violation = &analysis.violations[0];
        assert!(
            violation.shrink.verified && violation.shrink.minimal,
            "{violation:#?}"
        );
        (violation.code, violation.sentence.clone())
    }

    #[test]
    fn a_value_that_nobody_wrote() {
        assert_eq!(
            told("7 invoke read null; 7 ok read 9"),
            (
                "register.read-from-nowhere",
                "Client 7 read 9 from x, and nobody had written 9.".to_owned()
            )
        );
        let (code, sentence) = told("7 invoke cas [9,1]; 7 ok cas [9,1]");
        assert_eq!(code, "register.read-from-nowhere");
        assert_eq!(sentence, "Client 7 replaced 9 in x, and nobody had written 9.");
    }

    #[test]
    fn a_value_that_was_written_too_late() {
        let (code, sentence) = told("7 invoke read null; 7 ok read 9; 1 invoke write 9; 1 ok write 9");
        assert_eq!(code, "register.read-from-nowhere");
        assert_eq!(
            sentence,
            "Client 7 read 9 from x, and nobody began to write 9 until 1 ms later."
        );
    }

    #[test]
    fn a_write_that_was_reported_as_failed() {
        let (code, sentence) =
            told("1 invoke write 638; 1 fail write 638; 2 invoke read null; 2 ok read 638");
        assert_eq!(code, "register.aborted-effect");
        assert_eq!(
            sentence,
            "A write that was reported as failed (638) was read by client 2."
        );
    }

    #[test]
    fn a_stale_read() {
        let (code, sentence) = told(
            "1 invoke write 2; 1 ok write 2; 1 invoke write 4; 1 ok write 4; 7 invoke read null;
             3 invoke read null; 7 ok read 2; 3 ok read 4",
        );
        assert_eq!(code, "register.stale-read");
        assert_eq!(
            sentence,
            "Client 7 read 2 from x 1 ms after the write of 4 had finished."
        );
    }

    #[test]
    fn a_lost_write() {
        let (code, sentence) = told("1 invoke write 4; 1 ok write 4; 7 invoke read null; 7 ok read null");
        assert_eq!(code, "register.lost-write");
        assert_eq!(
            sentence,
            "The write of 4 to x was acknowledged, and no later read saw it."
        );
    }

    #[test]
    fn nothing_is_called_lost_that_was_not_looked_for_in_the_end() {
        let stale = "1 invoke write 4; 1 ok write 4; 7 invoke read null; 7 ok read null";
        let (code, sentence) = told(&format!("\"harness\" info phase \"run\"; {stale}"));
        assert_eq!(code, "register.stale-read");
        assert_eq!(
            sentence,
            "Client 7 read null from x 1 ms after the write of 4 had finished."
        );
        let looked = format!(
            "\"harness\" info phase \"run\"; {stale}; \"harness\" info phase \"final\"; 2 invoke read null; 2 ok read null"
        );
        assert_eq!(told(&looked).0, "register.lost-write");
    }

    #[test]
    fn a_value_that_comes_back() {
        let (code, sentence) = told(
            "1 invoke write 2; 1 ok write 2; 2 invoke write 4; 3 invoke read null; 3 ok read 4; 3 invoke read null;
             3 ok read 2",
        );
        assert_eq!(code, "register.going-back");
        assert_eq!(
            sentence,
            "x was read as 4, then as 2 again, with no write of 2 in between."
        );
        let (_, sentence) =
            told("1 invoke write 4; 3 invoke read null; 3 ok read 4; 3 invoke read null; 3 ok read null");
        assert_eq!(sentence, "x was read as 4, and then as null again.");
    }

    #[test]
    fn two_winners() {
        let (code, sentence) = told(
            "1 invoke write 3; 1 ok write 3; 1 invoke cas [3,4]; 2 invoke cas [3,5]; 1 ok cas [3,4]; 2 ok cas [3,5]",
        );
        assert_eq!(code, "register.two-winners");
        assert_eq!(sentence, "Two compare-and-sets both replaced 3 in x.");
    }

    #[test]
    fn a_compare_and_set_that_was_refused_wrongly() {
        let events = "1 invoke write 3; 1 ok write 3; 2 invoke cas [3,4]; 2 fail cas null; 1 invoke read null; 1 ok read 3";
        let (code, sentence) = told(events);
        assert_eq!(code, "register.refused-wrongly");
        assert_eq!(
            sentence,
            "Client 2 compared x with 3 in vain, though it was there all the while."
        );
        assert_eq!(
            analysis(events, false).verdict,
            Verdict::Valid,
            "failed calls may be left out"
        );
    }

    #[test]
    fn the_loop_says_why() {
        let analysis = analysis(
            "1 invoke write 2; 1 ok write 2; 1 invoke write 4; 1 ok write 4; 7 invoke read null; 7 ok read 2",
            false,
        );
        let sentences: Vec<&str> = analysis.violations[0]
            .reasons
            .iter()
            .map(|reason| reason.sentence.as_str())
            .collect();
        assert!(
            sentences.contains(
                &"B must come before A: C was told 2, which A put there; what B put there was gone."
            ),
            "{sentences:?}"
        );
    }

    #[test]
    fn thousands_of_unknown_writes_do_not_hurt() {
        let mut events = String::new();
        for process in 0..4_000 {
            events += &format!("{process} invoke write {};", process % 7);
        }
        events += "9000 invoke read null; 9000 ok read 3; 9000 invoke read null; 9000 ok read 5; 9000 invoke read null; 9000 ok read 9";
        let (code, _) = told(&events);
        assert_eq!(code, "register.read-from-nowhere");
    }
}
