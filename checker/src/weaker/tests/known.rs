//! What is said of histories that somebody has thought about.

use super::drawn::{OfCell, all_calls};
use crate::cell::SMALL;
use crate::objects::register::{Asked, Register, Told};
use crate::theory::Theory;
use crate::weaker::*;
use crate::{Limits, Options};
use history::{NEVER, Value};

/// The call that comes after so many others, when all of them are over. One that is told nothing never ends.
fn next_call(number: u32, input: Option<u8>, told: Option<u8>) -> OfCell {
    OfCell {
        input,
        output: told,
        invoke: 2 * number + 1,
        complete: told.map_or(NEVER, |_| 2 * number + 2),
        number,
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
    // Two that write 1, and a client that was told so as often as it wrote 2 between.
    let seen = |times: u32| -> Answer {
        let mut calls = vec![next_call(0, Some(1), None), next_call(1, Some(1), None)];
        for _ in 0..times {
            let number = calls.len() as u32;
            calls.push(next_call(number, Some(2), Some(2)));
            calls.push(next_call(number + 1, None, Some(1)));
        }
        let processes: Vec<u32> = (0..calls.len() as u32).map(|number| number.min(2)).collect();
        let budget = Budget::of(&Limits::default());
        in_order_of_clients(&SMALL, &calls, &processes, Keeps::ClientsAndUpdates, &budget)
    };
    assert_eq!((seen(2), seen(3)), (Answer::Holds, Answer::Broken));
}

#[test]
fn an_order_of_clients_that_is_not_found_within_the_limits_is_not_known() {
    let call = |number, input, told| next_call(number, input, Some(told));
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
        let call = |number, input, told| next_call(number, input, Some(told));
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
    let calls = all_calls(&register, &history);
    let core: Vec<u32> = violation.core.iter().map(|member| member.operation).collect();
    let endless = Budget::of(&Limits::default());
    assert_eq!(
        still_holds(&register, &history, &calls, &core, &endless),
        expected
    );
}
