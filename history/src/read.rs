//! Reading a history file.
//!
//! Lines that a run wrote have a fixed layout and go through `scan`, which is many times faster than a
//! general JSON library; every other line goes through serde_json and means the same. `build` makes
//! operations of events and refuses what contradicts itself.
//!
//! A run that was killed leaves a last line that is cut off in the middle, or zeroes after a power failure:
//! that is accepted, and said in [`History::torn`]. Garbage anywhere else is refused with its line.

mod build;
mod scan;

use crate::{History, SCHEMA, TornTail};
use build::Builder;
use std::path::Path;

/// Why a history could not be read. The text names the line and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file itself could not be read.
    #[error("read {path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not an event, or contradicts the lines before it.
    #[error("line {line}: {problem}")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads a history file.
///
/// # Errors
/// See [`ReadError`].
pub fn read_file(path: &Path) -> Result<History, ReadError> {
    let bytes = std::fs::read(path).map_err(|source| ReadError::Io {
        path: path.display().to_string(),
        source,
    })?;
    read_bytes(&bytes)
}

/// Reads a history from memory. Whatever the bytes are, the answer is a history or an error.
///
/// # Errors
/// See [`ReadError`].
pub fn read_bytes(bytes: &[u8]) -> Result<History, ReadError> {
    let mut builder = Builder::new(bytes.len());
    let mut rest = bytes;
    let mut line_number = 0;
    while !rest.is_empty() {
        line_number += 1;
        let (line, whole) = match memchr::memchr(b'\n', rest) {
            Some(end) => {
                let line = &rest[..end];
                rest = &rest[end + 1..];
                (line, true)
            }
            None => (std::mem::take(&mut rest), false),
        };
        let problem = match take_line(&mut builder, line, line_number) {
            Ok(()) => continue,
            Err(problem) => problem,
        };
        // Only a last line can be torn, and only after something that shows that this is a history.
        if !whole && problem.is_syntax && (line_number > 1 || line.starts_with(b"{\"schema\"")) {
            builder.history.torn = Some(TornTail {
                line: line_number,
                bytes: line.len(),
            });
            break;
        }
        return Err(ReadError::Line {
            line: line_number,
            problem: problem.text,
        });
    }
    if line_number == 0 {
        return Err(ReadError::Line {
            line: 1,
            problem: "the file is empty; a history has an event a line".into(),
        });
    }
    Ok(builder.finish())
}

/// What is wrong with a line.
struct Problem {
    /// It is not even JSON of the right shape, as opposed to an event that contradicts others.
    is_syntax: bool,
    text: String,
}

impl Problem {
    fn syntax(line: &[u8], text: impl std::fmt::Display) -> Problem {
        Problem {
            is_syntax: true,
            text: format!("{text}; the line is {}", excerpt(line)),
        }
    }

    fn meaning(text: impl Into<String>) -> Problem {
        Problem {
            is_syntax: false,
            text: text.into(),
        }
    }
}

fn take_line(builder: &mut Builder, line: &[u8], number: usize) -> Result<(), Problem> {
    if let Some(event) = scan::event(line, &mut builder.history.values) {
        return builder.event(&event);
    }
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let text = std::str::from_utf8(line).map_err(|_| Problem::syntax(line, "is not UTF-8"))?;
    if number == 1
        && builder.history.events == 0
        && let Some(schema) = schema_of(text)
    {
        if schema != SCHEMA {
            let text = format!(
                "schema `{}` is not understood; this version reads {SCHEMA}",
                plain(&schema)
            );
            return Err(Problem::meaning(text));
        }
        let header = serde_json::from_str(text).map_err(|error| Problem::syntax(line, describe(&error)))?;
        builder.header(header);
        return Ok(());
    }
    let parsed: build::Line =
        serde_json::from_str(text).map_err(|error| Problem::syntax(line, describe(&error)))?;
    builder.line(parsed)
}

/// The `schema` of a header line, if this is one.
fn schema_of(text: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
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

/// The beginning of a line, harmless on a terminal.
fn excerpt(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(&line[..line.len().min(120)]);
    let short: String = text.chars().take(60).collect();
    let more = if line.len() > short.len() { "…" } else { "" };
    format!("`{}{more}`", plain(&short))
}

fn plain(text: &str) -> String {
    text.chars()
        .take(200)
        .collect::<String>()
        .escape_debug()
        .to_string()
}

#[cfg(test)]
mod tests;
