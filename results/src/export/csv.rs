//! The operations as a table: a row each, for a spreadsheet or a notebook.
//!
//! Values are JSON text. Other texts of the system under test (names, errors) that a spreadsheet would take for a
//! formula begin with an apostrophe, which makes it take them for text. Faults and phases are not in the table;
//! each operation names the phase in which it began.

use super::seen_json;
use crate::text::visible;
use history::{EventType, History, NEVER, Outcome, Phase};
use std::io::Write;

/// The first row.
pub const COLUMNS: [&str; 15] = [
    "invoke_index",
    "complete_index",
    "phase",
    "client",
    "process",
    "node",
    "key",
    "f",
    "input",
    "type",
    "output",
    "error",
    "start_ns",
    "end_ns",
    "duration_ns",
];

/// Texts that are not values are cut here.
const TEXT_CHARS_MAX: usize = 2000;

/// Writes the operations of a history as CSV (RFC 4180).
///
/// # Errors
/// When `out` takes no more.
pub fn write_csv(history: &History, out: impl Write) -> Result<(), ::csv::Error> {
    let phases = history::timeline::phases(history);
    let mut table = ::csv::Writer::from_writer(out);
    table.write_record(COLUMNS)?;
    for (number, operation) in history.operations.iter().enumerate() {
        let phase = phase_at(&phases, operation.start_ns).map_or("", Phase::name);
        let json = |value| seen_json(&history.values.json(value)).into_owned();
        let (kind, has_answer) = match operation.outcome {
            Outcome::Ok => (EventType::Ok, true),
            Outcome::Fail => (EventType::Fail, false),
            Outcome::Info => (EventType::Info, false),
        };
        let is_known = |number: u32| (number != NEVER).then(|| number.to_string());
        let ended = (operation.end_ns != u64::MAX).then_some(operation.end_ns);
        let took = ended.map(|end| end.saturating_sub(operation.start_ns));
        let error = u32::try_from(number).ok().and_then(|it| history.errors.get(&it));
        table.write_record([
            operation.invoke.to_string(),
            is_known(operation.complete).unwrap_or_default(),
            phase.to_owned(),
            history.client(operation).to_string(),
            operation.process.to_string(),
            text(history.node_name(operation).unwrap_or_default()),
            json(history.keys[operation.key as usize]),
            text(history.function_name(operation)),
            json(operation.input),
            word(kind).to_owned(),
            match has_answer {
                true => json(operation.output),
                false => String::new(),
            },
            text(error.map_or("", |error| error)),
            operation.start_ns.to_string(),
            ended.map(|ns| ns.to_string()).unwrap_or_default(),
            took.map(|ns| ns.to_string()).unwrap_or_default(),
        ])?;
    }
    table.flush()?;
    Ok(())
}

fn word(kind: EventType) -> &'static str {
    match kind {
        EventType::Invoke => "invoke",
        EventType::Ok => "ok",
        EventType::Fail => "fail",
        EventType::Info => "info",
    }
}

fn phase_at(phases: &[(Phase, u64, u64)], time_ns: u64) -> Option<Phase> {
    let begun = phases.iter().rev().find(|(_, start, _)| *start <= time_ns);
    begun.map(|(phase, ..)| *phase)
}

/// A text that is a text in a spreadsheet too.
fn text(text: &str) -> String {
    let text = visible(text, TEXT_CHARS_MAX);
    match text.trim_start().starts_with(['=', '+', '-', '@', '\'']) {
        true => format!("'{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_a_text() {
        assert_eq!(text("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(text("\t=1"), "\\u{9}=1");
        assert_eq!(text(" +1"), "' +1");
        assert_eq!(text("timed out"), "timed out");
    }
}
