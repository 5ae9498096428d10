//! A line of any layout, through a general JSON library: what the fast path leaves.

use super::lines::Sink;
use super::scan::Scanned;
use super::{Problem, plain};
use crate::{EventType, FaultNote, Header, Note, Phase, SCHEMA, StopReason, Values};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    time: u64,
    process: serde_json::Value,
    #[serde(rename = "type")]
    kind: EventType,
    f: String,
    #[serde(default)]
    key: serde_json::Value,
    #[serde(default)]
    value: serde_json::Value,
    #[serde(default)]
    node: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

/// Takes one line; the first may be a header.
pub fn line(line: &[u8], is_first: bool, values: &mut Values, sink: &mut impl Sink) -> Result<(), Problem> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let text = std::str::from_utf8(line).map_err(|_| Problem::syntax(line, "is not UTF-8"))?;
    if is_first && let Some(schema) = schema_of(text) {
        if schema != SCHEMA {
            let text = format!(
                "schema `{}` is not understood; this version reads {SCHEMA}",
                plain(&schema)
            );
            return Err(Problem::meaning(text));
        }
        let header: Header =
            serde_json::from_str(text).map_err(|error| Problem::syntax(line, describe(&error)))?;
        sink.header(header);
        return Ok(());
    }
    let parsed: Line = serde_json::from_str(text).map_err(|error| Problem::syntax(line, describe(&error)))?;
    if let Some(who) = parsed.process.as_str() {
        return sink.note(parsed.time, note(who, &parsed)?);
    }
    let Some(process) = parsed.process.as_u64() else {
        return Err(Problem::meaning(
            "process is neither a number nor one of nemesis, harness, cluster",
        ));
    };
    sink.event(&Scanned {
        time: parsed.time,
        process,
        kind: parsed.kind,
        f: parsed.f.as_bytes(),
        key: values.of(&parsed.key),
        value: values.of(&parsed.value),
        node: parsed.node.as_deref().map(str::as_bytes),
        error: parsed.error.as_deref(),
    })
}

/// The `schema` of a header line, if this is one.
fn schema_of(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Probe {
        schema: String,
    }
    serde_json::from_str::<Probe>(text).ok().map(|probe| probe.schema)
}

/// serde_json's words without its own line number, which is always 1 here.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let words = text.split(" at line ").next().unwrap_or(&text);
    format!("is not an event: {words} (column {})", error.column())
}

/// The note of a line whose process is a word; `None` for one that a later version may have added.
fn note(who: &str, line: &Line) -> Result<Option<Note>, Problem> {
    #[derive(Deserialize)]
    struct Exit {
        node: String,
        status: String,
    }
    let wrong = |error: serde_json::Error| {
        Problem::meaning(format!("a note of the {} is not understood: {error}", plain(who)))
    };
    match (who, line.f.as_str()) {
        ("harness", "phase") => {
            let phase: Phase = Phase::deserialize(&line.value).map_err(wrong)?;
            Ok(Some(Note::Phase(phase)))
        }
        // A later version may know more reasons.
        ("harness", "stop") => Ok(StopReason::deserialize(&line.value).ok().map(Note::Stop)),
        ("cluster", "exit") => {
            let exit = Exit::deserialize(&line.value).map_err(wrong)?;
            Ok(Some(Note::Exit {
                node: exit.node,
                status: exit.status,
            }))
        }
        ("nemesis", _) => Ok(Some(Note::Fault(
            FaultNote::deserialize(&line.value).map_err(wrong)?,
        ))),
        ("harness" | "cluster", _) => Ok(None),
        _ => Err(Problem::meaning(format!(
            "process `{}` is neither a number nor one of nemesis, harness, cluster",
            plain(who)
        ))),
    }
}
