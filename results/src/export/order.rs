//! The events of a history in the order in which they happened, back from its operations and notes.
//!
//! An operation knows the number of its invocation and of its completion, except for one: the completion of an
//! operation whose outcome nobody knows has no place in the order that a checker works on. Together with the notes
//! those are the numbers that are left, in the order of their times.

use history::{EventType, History, NEVER, Note, Outcome};

/// One event.
#[derive(Clone, Copy, Debug)]
pub enum Happened<'a> {
    /// Of an operation, by its number.
    Operation(usize, EventType),
    /// A fault, a phase, an exit; with its time in nanoseconds.
    Note(u64, &'a Note),
}

/// All events, first to last.
pub fn events(history: &History) -> Vec<Happened<'_>> {
    let mut numbered: Vec<(u32, bool, Happened<'_>)> = Vec::with_capacity(history.events);
    let mut unnumbered: Vec<(u64, Happened<'_>)> = Vec::new();
    for (number, operation) in history.operations.iter().enumerate() {
        let event = |kind| Happened::Operation(number, kind);
        numbered.push((operation.invoke, false, event(EventType::Invoke)));
        match operation.outcome {
            Outcome::Ok if operation.complete != NEVER => {
                numbered.push((operation.complete, false, event(EventType::Ok)));
            }
            Outcome::Fail if operation.complete != NEVER => {
                numbered.push((operation.complete, false, event(EventType::Fail)));
            }
            Outcome::Info if operation.end_ns != u64::MAX => {
                unnumbered.push((operation.end_ns, event(EventType::Info)));
            }
            _ => {}
        }
    }
    let notes = history.notes.iter();
    unnumbered.extend(notes.map(|(time, note)| (*time, Happened::Note(*time, note))));
    unnumbered.sort_by_key(|(time, _)| *time);
    let free = free_numbers(&numbered);
    for ((_, event), free) in unnumbered.into_iter().zip(free) {
        numbered.push(match event {
            // In a file whose times run backwards it may not stand before its own invocation.
            Happened::Operation(number, _) if history.operations[number].invoke > free => {
                (history.operations[number].invoke, true, event)
            }
            _ => (free, false, event),
        });
    }
    numbered.sort_by_key(|(at, is_after, _)| (*at, *is_after));
    numbered.into_iter().map(|(.., event)| event).collect()
}

/// The numbers that no event has, in order, without an end.
fn free_numbers(numbered: &[(u32, bool, Happened<'_>)]) -> impl Iterator<Item = u32> + use<> {
    let mut taken: Vec<u32> = numbered.iter().map(|(at, ..)| *at).collect();
    taken.sort_unstable();
    let mut taken = taken.into_iter().peekable();
    (0..=u32::MAX).filter(move |number| {
        while taken.next_if(|at| at < number).is_some() {}
        taken.peek() != Some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"index":0,"time":1,"process":"harness","type":"info","f":"phase","value":"run"}
{"index":1,"time":2,"process":0,"type":"invoke","f":"propose","key":1,"value":17}
{"index":2,"time":3,"process":1,"type":"invoke","f":"read","key":1,"value":null}
{"index":3,"time":4,"process":0,"type":"info","f":"propose","key":1,"value":null}
{"index":4,"time":5,"process":1,"type":"ok","f":"read","key":1,"value":17}
{"index":5,"time":6,"process":"cluster","type":"info","f":"exit","value":{"node":"n2","status":"signal 6"}}
{"index":6,"time":7,"process":1,"type":"invoke","f":"read","key":1,"value":null}
"#;

    fn told(file: &str) -> Vec<String> {
        let history = history::read_bytes(file.as_bytes()).unwrap();
        let tell = |event| match event {
            Happened::Operation(number, kind) => format!("{number} {kind:?}"),
            Happened::Note(time, _) => format!("note {time}"),
        };
        events(&history).into_iter().map(tell).collect()
    }

    #[test]
    fn events_come_back_in_the_order_of_the_file() {
        let expected = [
            "note 1", "0 Invoke", "1 Invoke", "0 Info", "1 Ok", "note 6", "2 Invoke",
        ];
        assert_eq!(told(FILE), expected);
    }

    #[test]
    fn an_operation_never_ends_before_it_began_whatever_its_times_say() {
        let backwards = FILE.replace("\"time\":4", "\"time\":0");
        let told = told(&backwards);
        let place = |event: &str| told.iter().position(|it| it == event).unwrap();
        assert!(place("0 Invoke") < place("0 Info"), "{told:?}");
        assert_eq!(told.len(), 7);
    }
}
