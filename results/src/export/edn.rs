//! The history as Jepsen keeps it: `history.edn`, one operation map a line, for Jepsen's own checkers, Knossos and
//! Elle.
//!
//! `{:type :invoke, :f :propose, :value [147 17], :time 31362000000, :process 0, :index 0, :node "n1"}`
//!
//! A key is told as `jepsen.independent` does: the value is the vector `[key value]`. Indices are dense from 0, as
//! `jepsen.history` wants them. It also takes two `:info`s of the nemesis in a row for the beginning and the end of
//! one act, so each fault is told as two such pairs, when it had begun and when it was over; the times between asking
//! and having are in `history.jsonl` only, as are phases and the exits of nodes. What a `:fail` or an `:info` was
//! asked for is its value again, as in Jepsen.

use super::order::{Happened, events};
use super::utf16_escapes;
use history::{EventType, Fault, FaultNote, FaultStep, History, Note};
use serde_json::Value;
use std::io::{self, Write};

/// Writes a history as EDN.
///
/// # Errors
/// When `out` takes no more.
pub fn write_edn(history: &History, out: &mut impl Write) -> io::Result<()> {
    let mut index = 0u64;
    for event in events(history) {
        match event {
            Happened::Operation(number, kind) => {
                writeln!(out, "{}", operation(history, number, kind, index))?;
                index += 1;
            }
            Happened::Note(time, Note::Fault(note)) => {
                for line in act(note, time, index).into_iter().flatten() {
                    writeln!(out, "{line}")?;
                    index += 1;
                }
            }
            Happened::Note(..) => {}
        }
    }
    Ok(())
}

fn operation(history: &History, number: usize, kind: EventType, index: u64) -> String {
    let operation = &history.operations[number];
    let (word, time, value) = match kind {
        EventType::Invoke => ("invoke", operation.start_ns, operation.input),
        EventType::Ok => ("ok", operation.end_ns, operation.output),
        EventType::Fail => ("fail", operation.end_ns, operation.input),
        EventType::Info => ("info", operation.end_ns, operation.input),
    };
    let value = of_json_text(&history.values.json(value));
    let key = history.keys[operation.key as usize];
    let value = match key.is_null() {
        true => value,
        false => format!("[{} {value}]", of_json_text(&history.values.json(key))),
    };
    let mut line = format!(
        "{{:type :{word}, :f {}, :value {value}, :time {}, :process {}, :index {index}",
        name(history.function_name(operation)),
        integer(time),
        operation.process
    );
    if let Some(node) = history.node_name(operation) {
        line += &format!(", :node {}", string(node));
    }
    let error = u32::try_from(number)
        .ok()
        .and_then(|number| history.errors.get(&number));
    if let (Some(error), EventType::Fail | EventType::Info) = (error, kind) {
        line += &format!(", :error {}", string(error));
    }
    line + "}"
}

/// A step of a fault as two operations of the nemesis: what is done, and what was seen.
fn act(note: &FaultNote, time: u64, index: u64) -> Option<[String; 2]> {
    let (begins, ends) = functions(&note.fault);
    let is_end = match note.fault.lasts_until_healed() {
        true => note.step == FaultStep::Healed,
        false => note.step == FaultStep::Healing,
    };
    let f = match note.step {
        FaultStep::Installed | FaultStep::Skipped | FaultStep::Failed => begins,
        FaultStep::Healing | FaultStep::Healed if is_end => ends,
        _ => return None,
    };
    let fault = serde_json::to_value(&note.fault).unwrap_or_default();
    let seen = note.evidence.as_deref().map_or("nil".to_owned(), string);
    let line = |index: u64, value: &str, more: &str| {
        format!(
            "{{:type :info, :f :{f}, :value {value}, :time {}, :process :nemesis, :index {index}{more}}}",
            integer(time)
        )
    };
    let trouble = match note.step {
        FaultStep::Skipped => ", :error :skipped",
        FaultStep::Failed => ", :error :failed",
        _ => "",
    };
    let asked = format!("{{:id {}, :fault {}}}", note.id, of_json(&fault));
    Some([line(index, &asked, ""), line(index + 1, &seen, trouble)])
}

/// What Jepsen's own nemeses call such a fault's beginning and end.
fn functions(fault: &Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::Partition { .. } => ("start-partition", "stop-partition"),
        Fault::Kill { .. } => ("kill", "start"),
        Fault::Terminate { .. } => ("terminate", "start"),
        Fault::Member { .. } => ("leave", "join"),
        Fault::Pause { .. } => ("pause", "resume"),
        Fault::Packet { .. } => ("start-packet", "stop-packet"),
        Fault::Disk { .. } => ("start-disk", "stop-disk"),
        Fault::Clock { .. } => ("bump-clock", "reset-clock"),
    }
}

fn of_json_text(json: &str) -> String {
    let value = serde_json::from_str(json).expect("values of a history are JSON");
    of_json(&value)
}

/// A JSON value as EDN: objects are maps with strings as keys.
fn of_json(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => match number.as_u64() {
            Some(number) => integer(number),
            None => number.to_string(),
        },
        Value::String(text) => string(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(of_json).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| format!("{} {}", string(name), of_json(value));
            let fields: Vec<String> = fields.iter().map(field).collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

/// One that needs more than 63 bits is marked as one of any size.
fn integer(number: u64) -> String {
    match i64::try_from(number) {
        Ok(number) => number.to_string(),
        Err(_) => format!("{number}N"),
    }
}

/// A name as a keyword, or as a string where it would not be one.
fn name(text: &str) -> String {
    let may_begin = |c: char| c.is_ascii_alphabetic() || "*!_?$&=<>".contains(c);
    let may_follow = |c: char| may_begin(c) || c.is_ascii_digit() || "+-.".contains(c);
    match text.starts_with(may_begin) && text.chars().all(may_follow) {
        true => format!(":{text}"),
        false => string(text),
    }
}

fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if crate::text::is_hidden(c) => quoted.push_str(&utf16_escapes(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_json_value_has_a_form() {
        let json = r#"{"a":[1,-2,1.5,true,null,"x\"\\\n\u001b\u202e"],"b":18446744073709551615}"#;
        assert_eq!(
            of_json_text(json),
            r#"{"a" [1 -2 1.5 true nil "x\"\\\n\u001b\u202e"], "b" 18446744073709551615N}"#
        );
        assert_eq!(string("\u{e0041}"), r#""\udb40\udc41""#);
    }

    #[test]
    fn a_name_that_is_no_keyword_is_a_string() {
        assert_eq!(name("propose"), ":propose");
        assert_eq!(name("cas-2"), ":cas-2");
        for odd in ["", "2nd", "a b", "a/b", "x}", ":x", "\u{1b}"] {
            assert!(name(odd).starts_with('"'), "{odd}");
        }
    }
}
