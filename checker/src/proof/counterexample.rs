//! A violation as a small history of its own, which any checker can be asked about.

use crate::Violation;
use history::{Event, EventType, History, Operation, Outcome, Value};

/// The core as it was, and every other update of its object that can matter (`free`, by number) as one of unknown
/// outcome that began before everything else; before that, what was `said` about the object. `argument` says how an argument is written where it is not as it was.
pub(crate) fn events(
    history: &History,
    violation: &Violation,
    said: &[u32],
    free: &[u32],
    argument: impl Fn(&Operation) -> Option<serde_json::Value>,
) -> Vec<Event> {
    let invoke = |operation: &Operation, time| {
        let mut event = event(history, operation, EventType::Invoke, time, operation.input);
        if let Some(argument) = argument(operation) {
            event.value = argument;
        }
        event
    };
    let mut events = Vec::new();
    for number in said {
        let operation = &history.operations[*number as usize];
        events.push((0, invoke(operation, 0)));
        events.push((0, event(history, operation, EventType::Ok, 0, operation.output)));
    }
    // Whoever may happen at any time, or has no end, is still open at the end: it needs a process number of its own.
    let mut free_process = history
        .operations
        .iter()
        .map(|operation| u64::from(operation.process))
        .max()
        .unwrap_or(0);
    for number in free {
        let operation = &history.operations[*number as usize];
        free_process += 1;
        let mut weak = invoke(operation, 0);
        weak.process = free_process;
        events.push((0, weak));
    }
    for member in &violation.core {
        let operation = &history.operations[member.operation as usize];
        let mut invoke = invoke(operation, operation.start_ns);
        let kind = match operation.outcome {
            Outcome::Ok => EventType::Ok,
            Outcome::Fail => EventType::Fail,
            Outcome::Info => EventType::Info,
        };
        if kind == EventType::Info || !member.answer_counts {
            free_process += 1;
            invoke.process = free_process;
        } else {
            events.push((
                u64::from(operation.complete) + 1,
                event(history, operation, kind, operation.end_ns, operation.output),
            ));
        }
        events.push((u64::from(operation.invoke) + 1, invoke));
    }
    events.sort_by_key(|(order, _)| *order);
    let numbered = events.into_iter().zip(0..).map(|((_, mut event), index)| {
        event.index = index;
        event
    });
    numbered.collect()
}

fn event(history: &History, operation: &Operation, kind: EventType, time: u64, value: Value) -> Event {
    let json = |value: Value| serde_json::from_str(&history.values.json(value)).unwrap_or_default();
    Event {
        index: 0,
        time,
        process: operation.process.into(),
        kind,
        f: history.function_name(operation).to_owned(),
        key: Some(json(history.keys[operation.key as usize])),
        value: json(value),
        node: history.node_name(operation).map(str::to_owned),
        error: None,
    }
}
