//! A violation as a small history of its own, which any checker can be asked about.

use crate::Violation;
use history::{Event, EventType, History, Operation, Outcome, Value};

/// The core as it was, and every other update of its object as one of unknown outcome that began before everything
/// else. Those that began when the core was over are left out. Which operations are updates, `is_update` says.
pub(crate) fn events(
    history: &History,
    violation: &Violation,
    is_update: impl Fn(&Operation) -> bool,
) -> Vec<Event> {
    let json = |value: Value| serde_json::from_str(&history.values.json(value)).unwrap_or_default();
    let core: Vec<u32> = violation.core.iter().map(|member| member.operation).collect();
    let counting = violation.core.iter().filter(|member| member.answer_counts);
    let ends = counting.map(|member| history.operations[member.operation as usize].complete);
    let over = ends
        .filter(|complete| *complete != history::NEVER)
        .max()
        .unwrap_or(0);
    let event = |operation: &Operation, kind, time, value| Event {
        index: 0,
        time,
        process: operation.process.into(),
        kind,
        f: history.function_name(operation).to_owned(),
        key: Some(json(history.keys[operation.key as usize])),
        value: json(value),
        node: history.node_name(operation).map(str::to_owned),
        error: None,
    };
    let mut events = Vec::new();
    // Whoever may happen at any time is still open at the end: it needs a process number of its own.
    let mut free_process = history
        .operations
        .iter()
        .map(|operation| u64::from(operation.process))
        .max()
        .unwrap_or(0);
    for (operation, number) in history.operations.iter().zip(0u32..) {
        let may_happen =
            operation.key == violation.key && operation.outcome != Outcome::Fail && operation.invoke < over;
        if may_happen && !core.contains(&number) && is_update(operation) {
            free_process += 1;
            let mut weak = event(operation, EventType::Invoke, 0, operation.input);
            weak.process = free_process;
            events.push((0, weak));
        }
    }
    for member in &violation.core {
        let operation = &history.operations[member.operation as usize];
        let mut invoke = event(operation, EventType::Invoke, operation.start_ns, operation.input);
        if !member.answer_counts {
            // It stays open, and its process may have gone on.
            free_process += 1;
            invoke.process = free_process;
        }
        events.push((u64::from(operation.invoke) + 1, invoke));
        let kind = match operation.outcome {
            Outcome::Ok => EventType::Ok,
            Outcome::Fail => EventType::Fail,
            Outcome::Info => continue,
        };
        if member.answer_counts {
            events.push((
                u64::from(operation.complete) + 1,
                event(operation, kind, operation.end_ns, operation.output),
            ));
        }
    }
    events.sort_by_key(|(order, _)| *order);
    let numbered = events.into_iter().zip(0..).map(|((_, mut event), index)| {
        event.index = index;
        event
    });
    numbered.collect()
}
