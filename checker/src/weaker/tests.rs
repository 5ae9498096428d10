//! Weaker promises against their definitions, tried in every order on random small histories of a register; and on known
//! ones.

use super::age::widened;
use super::around::cut;
use super::*;
use crate::cell::SMALL;
use crate::objects::register::Register;
use crate::proof::shrink;
use crate::theory::{self, Theory};
use crate::{Call, Judgement, Limits, Options};
use history::{NEVER, Value};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

type OfCell = Call<Option<u8>, u8>;

/// Calls, their processes and their times.
type Small = (Vec<OfCell>, Vec<u32>, Vec<(u64, u64)>);

fn random(rng: &mut ChaCha8Rng) -> Small {
    let (mut calls, mut processes, mut times): Small = (Vec::new(), Vec::new(), Vec::new());
    let mut open: [Option<usize>; 3] = [None; 3];
    let mut retired = [false; 3];
    for event in 1..=11u32 {
        let lane = rng.random_range(0..3usize);
        let time = u64::from(event) * 10;
        match open[lane] {
            _ if retired[lane] => {}
            None if calls.len() < 6 => {
                open[lane] = Some(calls.len());
                let input = rng.random_bool(0.5).then(|| rng.random_range(1..=2));
                calls.push(OfCell {
                    input,
                    output: None,
                    invoke: event,
                    complete: NEVER,
                    number: calls.len() as u32,
                });
                processes.push(lane as u32);
                times.push((time, u64::MAX));
            }
            Some(place) if rng.random_bool(0.9) => {
                open[lane] = None;
                calls[place].complete = event;
                calls[place].output = Some(rng.random_range(0..=2));
                times[place].1 = time;
            }
            Some(_) => retired[lane] = true,
            None => {}
        }
    }
    (calls, processes, times)
}

/// Tries every order of the calls, with those of unknown outcome or without: `before` says who has to come first, and
/// a read is told one of the last `most` states.
fn some_order(calls: &[OfCell], before: &dyn Fn(usize, usize) -> bool, most: usize) -> bool {
    fn goes_on(
        calls: &[OfCell],
        before: &dyn Fn(usize, usize) -> bool,
        most: usize,
        placed: &mut Vec<usize>,
        states: &mut Vec<u8>,
    ) -> bool {
        let left: Vec<usize> = (0..calls.len()).filter(|it| !placed.contains(it)).collect();
        if left.iter().all(|it| !calls[*it].is_required()) {
            return true;
        }
        left.iter().any(|it| {
            let call = &calls[*it];
            let has_to_wait =
                |other: &usize| other != it && calls[*other].is_required() && before(*other, *it);
            if left.iter().any(has_to_wait) {
                return false;
            }
            let fits = match (call.input, call.output) {
                (None, Some(told)) => states.iter().rev().take(most).any(|state| *state == told),
                _ => true,
            };
            // Nobody may come after one that it has to come before.
            if !fits || placed.iter().any(|other| before(*it, *other)) {
                return false;
            }
            placed.push(*it);
            let depth = states.len();
            states.extend(call.input);
            let works = goes_on(calls, before, most, placed, states);
            states.truncate(depth);
            placed.pop();
            works
        })
    }
    goes_on(calls, before, most, &mut Vec::new(), &mut vec![0])
}

fn is_linearizable(calls: &[OfCell]) -> bool {
    some_order(calls, &|a, b| calls[a].precedes(&calls[b]), 1)
}

/// What each promise's definition says of calls.
#[derive(Debug)]
struct Defined {
    sequential: bool,
    ordered: bool,
    regular: bool,
    versions: Option<u32>,
    age: Option<u64>,
}

fn defined((calls, processes, times): &Small) -> Defined {
    let real = |a: usize, b: usize| calls[a].precedes(&calls[b]);
    let client = |a: usize, b: usize| a < b && processes[a] == processes[b];
    let update = |it: usize| calls[it].input.is_some();
    let mut reads = (0..calls.len()).filter(|it| !update(*it) && calls[*it].is_required());
    // Times are multiples of ten: so is the smallest.
    let fits = |age: &u64| {
        let begin = |it: usize| match update(it) || !calls[it].is_required() {
            true => i128::from(times[it].0),
            false => i128::from(times[it].0) - i128::from(*age),
        };
        let before = |a: usize, b: usize| calls[a].is_required() && i128::from(times[a].1) < begin(b);
        some_order(calls, &before, 1)
    };
    Defined {
        sequential: some_order(calls, &client, 1),
        ordered: some_order(
            calls,
            &|a, b| client(a, b) || update(a) && update(b) && real(a, b),
            1,
        ),
        regular: reads.all(|read| {
            let alone: Vec<OfCell> = (0..calls.len())
                .filter(|it| *it == read || update(*it))
                .map(|it| calls[it])
                .collect();
            is_linearizable(&alone)
        }),
        versions: (1..=6u32).find(|most| some_order(calls, &real, *most as usize)),
        age: (0..=12u64).map(|tens| tens * 10).find(fits),
    }
}

fn said(answer: bool) -> Answer {
    if answer { Answer::Holds } else { Answer::Broken }
}

#[test]
fn every_promise_is_what_its_definition_says() {
    let mut rng = ChaCha8Rng::seed_from_u64(20_261_126);
    let budget = Budget::of(&Limits::default());
    let mut counts = [0; 5];
    for number in 0..4_000 {
        let small = random(&mut rng);
        let expected = defined(&small);
        let (calls, processes, times) = small;
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

/// The calls as a history of a register, in which null stands for 0.
fn written((calls, processes, times): &Small) -> History {
    let value = |value: u8| match value {
        0 => "null".to_owned(),
        more => more.to_string(),
    };
    let mut lines: Vec<(u32, String)> = Vec::new();
    for ((call, process), (begin, end)) in calls.iter().zip(processes).zip(times) {
        let f = if call.input.is_some() { "write" } else { "read" };
        let mut line = |event, kind, value: String, time| {
            let text =
                format!(r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value},"time":{time}}}"#);
            lines.push((event, text));
        };
        line(call.invoke, "invoke", value(call.input.unwrap_or(0)), *begin);
        if let Some(told) = call.output {
            let told = call.input.unwrap_or(told);
            line(call.complete, "ok", value(told), *end);
        }
    }
    lines.sort();
    let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    history::read_bytes(lines.join("\n").as_bytes()).unwrap()
}

/// What is said of calls that have no legal order, however long it takes; nothing of others.
fn still(small: &Small) -> Option<Still> {
    let history = written(small);
    let register = Register::of(&history, &Options::default()).unwrap();
    let numbers: Vec<u32> = (0..history.operations.len() as u32).collect();
    let calls = theory::calls(&register, &history, &numbers).unwrap();
    let budget = Budget::of(&Limits::default());
    let Judgement::Illegal { suspects } = register.search(&calls, &budget) else {
        return None;
    };
    let core = shrink::shrink(&register, &calls, &suspects, &budget);
    let core = core.members.iter().map(|place| calls[*place as usize].number);
    let core: Vec<u32> = core.collect();
    Some(still_holds(&register, &history, &calls, &core, &budget))
}

#[test]
fn of_a_history_is_said_what_the_definitions_say_of_its_calls() {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let (mut kept, mut broken) = ([0; 5], [0; 5]);
    for number in 0..2_000 {
        let small = random(&mut rng);
        let Some(still) = still(&small) else {
            continue;
        };
        let expected = defined(&small);
        let promises = [
            StillHolds::Sequential(said(expected.sequential)),
            StillHolds::OrderedSequential(said(expected.ordered)),
            StillHolds::Regular(said(expected.regular)),
            StillHolds::Versions(expected.versions.map_or(Bound::None, Bound::AtMost)),
            StillHolds::Age(expected.age.map_or(Bound::None, Bound::AtMost)),
        ];
        assert_eq!(still.promises, promises, "history {number}: {small:#?}");
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

/// Some hundred calls of three clients, of which now and then one never ends, a read is told what was there a while ago, or
/// what nobody wrote.
fn long(rng: &mut ChaCha8Rng) -> Small {
    let (mut calls, mut processes, mut times): Small = (Vec::new(), Vec::new(), Vec::new());
    let mut open: [Option<(usize, u8)>; 3] = [None; 3];
    let mut states = vec![0];
    let stale = [0.003, 0.02][rng.random_range(0..2)];
    let nonsense = [0.0, 0.002][rng.random_range(0..2)];
    let length = rng.random_range(125..=200);
    let mut clients = [0, 1, 2];
    for event in 1.. {
        let time = u64::from(event) * 10;
        let lane = rng.random_range(0..3usize);
        let Some((place, told)) = open[lane].take() else {
            if calls.len() == length {
                break;
            }
            let input = rng.random_bool(0.4).then(|| rng.random_range(1..=9));
            states.extend(input);
            let last = states.len() - 1;
            let told = match rng.random_bool(stale) {
                true => states[last.saturating_sub(rng.random_range(1..=3))],
                false => states[last],
            };
            let told = if rng.random_bool(nonsense) { 10 } else { told };
            open[lane] = Some((calls.len(), told));
            calls.push(OfCell {
                input,
                output: None,
                invoke: event,
                complete: NEVER,
                number: calls.len() as u32,
            });
            processes.push(clients[lane]);
            times.push((time, u64::MAX));
            continue;
        };
        if rng.random_bool(0.01) {
            clients[lane] += 3;
            continue;
        }
        calls[place].complete = event;
        calls[place].output = Some(told);
        times[place].1 = time;
    }
    (calls, processes, times)
}

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
        let small = long(&mut rng);
        let Some(still) = still(&small) else {
            continue;
        };
        let history = written(&small);
        let register = Register::of(&history, &Options::default()).unwrap();
        let numbers: Vec<u32> = (0..history.operations.len() as u32).collect();
        let calls = theory::calls(&register, &history, &numbers).unwrap();
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
                "history {number}: {said:?} {alone:?} {small:?}"
            );
            *(if said == alone { &mut same } else { &mut learned }) += 1;
        }
    }
    assert!(same > 50, "{same} {learned}");
}

#[test]
fn widening_keeps_everything_but_the_begin_of_reads() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..200 {
        let (calls, _, times) = random(&mut rng);
        let wide = widened(&SMALL, &calls, &times, 0);
        for (a, b) in (0..calls.len()).flat_map(|a| (0..calls.len()).map(move |b| (a, b))) {
            let at = |number: usize| wide.iter().find(|it| it.number as usize == number).unwrap();
            assert_eq!(calls[a].precedes(&calls[b]), at(a).precedes(at(b)));
        }
    }
}

#[test]
fn a_read_that_is_one_write_and_20_ms_old_is_said_so() {
    let lines = [
        (0, "invoke", "write", "1"),
        (0, "ok", "write", "1"),
        (0, "invoke", "write", "2"),
        (0, "ok", "write", "2"),
        (1, "invoke", "read", "null"),
        (1, "ok", "read", "1"),
    ];
    let mut text = String::new();
    for (time, (process, kind, f, value)) in lines.iter().enumerate() {
        let time = time * 10_000_000;
        text +=
            &format!(r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value},"time":{time}}}"#);
        text.push('\n');
    }
    let history = history::read_bytes(text.as_bytes()).unwrap();
    let analysis = crate::check(&history, crate::Model::CasRegister).unwrap();
    let still = &analysis.violations[0].still.promises;
    assert_eq!(
        still,
        &[
            StillHolds::Sequential(Answer::Holds),
            StillHolds::OrderedSequential(Answer::Holds),
            StillHolds::Regular(Answer::Broken),
            StillHolds::Versions(Bound::AtMost(2)),
            StillHolds::Age(Bound::AtMost(10_000_000)),
        ]
    );
    let sentences: Vec<String> = still.iter().map(StillHolds::sentence).collect();
    assert_eq!(sentences[3], "Reads were never older than 1 update.");
    assert_eq!(sentences[4], "Reads were never older than 10 ms.");
}

#[test]
fn a_value_that_nobody_wrote_is_of_no_age() {
    let text = r#"{"process":0,"type":"invoke","f":"read","value":null,"time":1}
{"process":0,"type":"ok","f":"read","value":9,"time":2}
"#;
    let history = history::read_bytes(text.as_bytes()).unwrap();
    let analysis = crate::check(&history, crate::Model::CasRegister).unwrap();
    let still = &analysis.violations[0].still.promises;
    assert_eq!(still[0], StillHolds::Sequential(Answer::Broken));
    assert_eq!(
        still[3..],
        [StillHolds::Versions(Bound::None), StillHolds::Age(Bound::None)]
    );
}

#[test]
fn an_update_of_unknown_outcome_may_be_what_a_read_was_told() {
    let lines = [
        (2, "invoke", "write", "2"),
        (2, "info", "write", "2"),
        (3, "invoke", "read", "null"),
        (3, "info", "read", "null"),
        (0, "invoke", "write", "1"),
        (0, "ok", "write", "1"),
        (1, "invoke", "read", "null"),
        (1, "ok", "read", "null"),
        (1, "invoke", "read", "null"),
        (1, "ok", "read", "2"),
        (1, "invoke", "read", "null"),
        (1, "ok", "read", "1"),
    ];
    let lines = lines.map(|(process, kind, f, value)| {
        format!(r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value},"time":1}}"#)
    });
    let history = history::read_bytes(lines.join("\n").as_bytes()).unwrap();
    let analysis = crate::check(&history, crate::Model::CasRegister).unwrap();
    let still = &analysis.violations[0].still.promises;
    assert_eq!(
        still[..3],
        [
            StillHolds::Sequential(Answer::Holds),
            StillHolds::OrderedSequential(Answer::Holds),
            StillHolds::Regular(Answer::Broken),
        ]
    );
}

#[test]
fn updates_of_unknown_outcome_that_ask_the_same_happen_once_each() {
    let call = |number: u32, input, told: Option<u8>| OfCell {
        input,
        output: told,
        invoke: 2 * number + 1,
        complete: told.map_or(NEVER, |_| 2 * number + 2),
        number,
    };
    // Two that write 1, and a client that was told so as often as it wrote 2 between.
    let seen = |times: u32| -> Answer {
        let mut calls = vec![call(0, Some(1), None), call(1, Some(1), None)];
        for _ in 0..times {
            let number = calls.len() as u32;
            calls.push(call(number, Some(2), Some(2)));
            calls.push(call(number + 1, None, Some(1)));
        }
        let processes: Vec<u32> = (0..calls.len() as u32).map(|number| number.min(2)).collect();
        let budget = Budget::of(&Limits::default());
        in_order_of_clients(&SMALL, &calls, &processes, Keeps::ClientsAndUpdates, &budget)
    };
    assert_eq!((seen(2), seen(3)), (Answer::Holds, Answer::Broken));
}

#[test]
fn an_order_of_clients_that_is_not_found_within_the_limits_is_not_known() {
    let call = |number: u32, input: Option<u8>, told| OfCell {
        input,
        output: Some(told),
        invoke: 2 * number + 1,
        complete: 2 * number + 2,
        number,
    };
    let by = |calls: &[OfCell], clients: u32, memory_bytes| {
        let limits = Limits {
            time: None,
            memory_bytes,
        };
        let processes: Vec<u32> = (0..calls.len() as u32).map(|place| place % clients).collect();
        in_order_of_clients(&SMALL, calls, &processes, Keeps::Clients, &Budget::of(&limits))
    };
    // The last of two clients is told what was written, or what nobody wrote.
    for (told, answer) in [(1, Answer::Holds), (9, Answer::Broken)] {
        let calls = [call(0, Some(1), 1), call(1, Some(2), 2), call(2, None, told)];
        assert_eq!(by(&calls, 2, None), answer);
        assert_eq!(by(&calls, 2, Some(1)), Answer::Unknown, "{told} in no memory");
    }
    // Six clients, whose writes may come in more orders than are tried.
    let mut calls: Vec<OfCell> = (0..48).map(|it| call(it, Some(it as u8 % 6 + 1), 0)).collect();
    calls.push(call(48, None, 9));
    assert_eq!(by(&calls, 6, None), Answer::Unknown);
}

#[test]
fn reads_between_which_the_last_update_to_begin_ends_first_are_judged_each() {
    let of = |is_over: bool| {
        let mut calls = crate::Calls::new();
        let writes = [1, 2, 3].map(|value| calls.invoke(Some(value)));
        for is_second in [false, true] {
            if is_second && is_over {
                calls.ok(writes[2], 0);
            }
            let read = calls.invoke(None);
            calls.ok(read, 0);
        }
        regular(&SMALL, calls.as_slice(), &Budget::of(&Limits::default()))
    };
    assert_eq!((of(false), of(true)), (Answer::Holds, Answer::Broken));
}

#[test]
fn refusals_of_different_questions_are_judged_each() {
    use crate::objects::register::{Asked, Told};
    let history = History::default();
    let register = Register::of(&history, &Options::default()).unwrap();
    let [null, one] = [Value::NULL, Value::integer(1).unwrap()];
    let of = |compared: [Value; 2]| {
        let mut calls = crate::Calls::new();
        for old in compared {
            let call = calls.invoke(Asked::Cas(old, one));
            calls.ok(call, Told::Refused);
        }
        regular(&register, calls.as_slice(), &Budget::of(&Limits::default()))
    };
    assert_eq!(of([one, one]), Answer::Holds);
    assert_eq!(of([one, null]), Answer::Broken, "null was there");
}

#[test]
fn of_two_events_at_one_time_the_order_counts_as_long_as_nothing_is_moved() {
    let write = |number: u32, invoke: u32| OfCell {
        input: Some(1),
        output: Some(0),
        invoke,
        complete: invoke + 1,
        number,
    };
    let read = OfCell {
        input: None,
        output: Some(0),
        ..write(1, 3)
    };
    let calls = [write(0, 1), read];
    let budget = Budget::of(&Limits::default());
    assert_eq!(
        age(&SMALL, &calls, &[(5, 10), (10, 12)], 0, &budget),
        Bound::AtMost(1),
        "the write had ended, at that very moment"
    );
}

#[test]
fn more_states_than_are_looked_for_are_not_known() {
    let of = |writes: u32| -> Bound<u32> {
        let call = |number: u32, input, told| OfCell {
            input,
            output: Some(told),
            invoke: 2 * number + 1,
            complete: 2 * number + 2,
            number,
        };
        let mut calls: Vec<OfCell> = (0..writes).map(|it| call(it, Some(it as u8 + 1), 0)).collect();
        calls.push(call(writes, None, 1));
        versions(&SMALL, &calls, &mut 1, &Budget::of(&Limits::default()))
    };
    assert_eq!(
        (of(1), of(VERSIONS_MAX), of(VERSIONS_MAX + 1)),
        (Bound::AtMost(1), Bound::AtMost(VERSIONS_MAX), Bound::Unknown)
    );
}

#[test]
fn reads_that_ask_different_things_are_judged_each() {
    let lines = [
        ("invoke", "add", "1"),
        ("ok", "add", "1"),
        ("invoke", "contains", "1"),
        ("ok", "contains", "[1,true]"),
        ("invoke", "contains", "2"),
        ("ok", "contains", "[2,true]"),
    ];
    let lines = lines.map(|(kind, f, value)| {
        format!(r#"{{"process":0,"type":"{kind}","f":"{f}","value":{value},"time":1}}"#)
    });
    let history = history::read_bytes(lines.join("\n").as_bytes()).unwrap();
    let analysis = crate::check(&history, crate::Model::Set).unwrap();
    let still = &analysis.violations[0].still.promises;
    assert_eq!(still[2], StillHolds::Regular(Answer::Broken));
}

#[test]
fn what_a_part_breaks_the_whole_breaks() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let budget = Budget::of(&Limits::default());
    let (mut broken, mut kept) = (0, 0);
    for number in 0..4_000 {
        let (calls, processes, _) = random(&mut rng);
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

#[test]
fn of_a_long_history_the_part_around_the_contradiction_is_asked() {
    let mut text = String::new();
    let mut time = 0u64;
    let mut call = |process: u32, f: &str, asked: &str, told: usize| {
        for (kind, value) in [("invoke", asked.to_owned()), ("ok", told.to_string())] {
            time += 10_000_000;
            text += &format!(
                r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value},"time":{time}}}"#
            );
            text.push('\n');
        }
    };
    let last = WHOLE_MAX / 2 + 1;
    for value in 1..=last {
        call(0, "write", &value.to_string(), value);
        call(1, "read", "null", if value == last { last - 1 } else { value });
    }
    let history = history::read_bytes(text.as_bytes()).unwrap();
    let analysis = crate::check(&history, crate::Model::CasRegister).unwrap();
    let violation = &analysis.violations[0];
    let expected = Still {
        promises: vec![
            StillHolds::Sequential(Answer::Holds),
            StillHolds::OrderedSequential(Answer::Holds),
            StillHolds::Regular(Answer::Broken),
            StillHolds::Versions(Bound::AtMost(2)),
            StillHolds::Age(Bound::AtMost(10_000_000)),
        ],
        of: Some(AROUND),
    };
    assert_eq!(violation.still.of, expected.of);
    // Without its limit on time, which depends on what else the machine does.
    let register = Register::of(&history, &Options::default()).unwrap();
    let numbers: Vec<u32> = (0..history.operations.len() as u32).collect();
    let calls = theory::calls(&register, &history, &numbers).unwrap();
    let core: Vec<u32> = violation.core.iter().map(|member| member.operation).collect();
    let endless = Budget::of(&Limits::default());
    assert_eq!(
        still_holds(&register, &history, &calls, &core, &endless),
        expected
    );
}
