//! Random small histories: a real object answers, at random moments; then, often, one answer is changed.

use crate::spec::{Answer, Spec};
use history::{Event, EventType};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// An operation on its way.
struct Open {
    process: u64,
    f: &'static str,
    argument: Value,
    /// The answer, once it has taken effect.
    answer: Option<Answer>,
}

fn event(events: &[Event], process: u64, kind: EventType, f: &str, value: Value) -> Event {
    Event {
        index: events.len() as u64,
        time: events.len() as u64 * 1_000_000,
        process,
        kind,
        f: f.to_owned(),
        key: None,
        value,
        node: Some("n1".to_owned()),
        error: None,
    }
}

/// A history of two to seven operations.
pub fn random(spec: &dyn Spec, rng: &mut ChaCha8Rng) -> Vec<Event> {
    let lanes = rng.random_range(2..=4usize);
    let operations = rng.random_range(2..=7);
    random_of(spec, lanes, operations, rng)
}

/// A history of so many operations, of which `lanes` are under way at one time.
pub fn random_of(spec: &dyn Spec, lanes: usize, operations: u64, rng: &mut ChaCha8Rng) -> Vec<Event> {
    let mut open: Vec<Option<Open>> = (0..lanes).map(|_| None).collect();
    let mut process: Vec<u64> = (0..lanes as u64).collect();
    let mut lingering: Vec<Open> = Vec::new();
    let mut state = spec.begin();
    let mut events = Vec::new();
    let mut started = 0;
    while started < operations || open.iter().any(Option::is_some) {
        // What was given up may take effect later.
        if !lingering.is_empty() && rng.random_bool(0.2) {
            let late = lingering.remove(rng.random_range(0..lingering.len()));
            spec.apply(&mut state, late.f, &late.argument);
        }
        let lane = rng.random_range(0..lanes);
        let Some(it) = &mut open[lane] else {
            if started < operations {
                let (f, argument) = spec.random(started, rng);
                let argument = spec.argument(argument, process[lane]);
                started += 1;
                let invoke = event(&events, process[lane], EventType::Invoke, f, argument.clone());
                events.push(invoke);
                open[lane] = Some(Open {
                    process: process[lane],
                    f,
                    argument,
                    answer: None,
                });
            }
            continue;
        };
        if it.answer.is_none() && rng.random_bool(0.15) {
            let given_up = open[lane].take().unwrap();
            if rng.random_bool(0.5) {
                let info = event(
                    &events,
                    given_up.process,
                    EventType::Info,
                    given_up.f,
                    json!(null),
                );
                events.push(info);
            }
            process[lane] += lanes as u64;
            lingering.push(given_up);
        } else if let Some(answer) = it.answer.take() {
            let (kind, value) = match answer {
                Answer::Ok(value) => (EventType::Ok, value),
                Answer::Fail => (EventType::Fail, json!(null)),
            };
            // Sometimes the answer gets lost.
            let kind = if rng.random_bool(0.1) {
                EventType::Info
            } else {
                kind
            };
            let value = if kind == EventType::Info {
                json!(null)
            } else {
                value
            };
            let end = event(&events, it.process, kind, it.f, value);
            events.push(end);
            if kind == EventType::Info {
                process[lane] += lanes as u64;
            }
            open[lane] = None;
        } else {
            it.answer = Some(spec.apply(&mut state, it.f, &it.argument));
        }
    }
    if rng.random_bool(0.6) {
        lie(spec, &mut events, rng);
    }
    events
}

/// Changes an answer.
fn lie(spec: &dyn Spec, events: &mut [Event], rng: &mut ChaCha8Rng) {
    let can_lie = |event: &Event| match event.kind {
        EventType::Ok => true,
        EventType::Fail => spec.lies_about_success(),
        EventType::Invoke | EventType::Info => false,
    };
    let answers: Vec<usize> = (0..events.len())
        .filter(|place| can_lie(&events[*place]))
        .collect();
    if answers.is_empty() {
        return;
    }
    let place = answers[rng.random_range(0..answers.len())];
    let it = events[place].clone();
    let invoke = |other: &&Event| other.process == it.process && other.kind == EventType::Invoke;
    let argument = events[..place].iter().rev().find(invoke).unwrap().value.clone();
    if spec.lies_about_success() && it.f != "permits" {
        events[place].kind = match it.kind {
            EventType::Fail => EventType::Ok,
            _ if spec.strict_fail() && rng.random_bool(0.3) => EventType::Fail,
            kind => kind,
        };
    }
    events[place].value = spec.lie(&it.f, &argument, rng);
}

/// Makes one operation unknown, or one more open from the beginning; `false` when nothing is left to weaken.
pub fn weaken(events: &mut [Event], rng: &mut ChaCha8Rng) -> bool {
    let answers: Vec<usize> = (0..events.len())
        .filter(|place| events[*place].kind == EventType::Ok)
        .collect();
    // A process ends with what is unknown: only the last operation of each can become so.
    let last = |place: &&usize| {
        !events[**place + 1..]
            .iter()
            .any(|it| it.process == events[**place].process)
    };
    let last: Vec<usize> = answers.iter().filter(last).copied().collect();
    if last.is_empty() {
        return false;
    }
    let place = last[rng.random_range(0..last.len())];
    events[place].kind = EventType::Info;
    events[place].value = json!(null);
    true
}

/// A history for a reader.
pub fn show(events: &[Event]) -> String {
    let line = |event: &Event| format!("{} {:?} {} {}\n", event.process, event.kind, event.f, event.value);
    events.iter().map(line).collect()
}
