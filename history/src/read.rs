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
use std::fs::File;
use std::io::{ErrorKind, Read};
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

/// How much of a file is read at a time. A longer line makes the buffer grow.
const CHUNK_BYTES: usize = 1 << 20;

/// Reads a history file, piece by piece: in memory there is the history, never the file.
///
/// # Errors
/// See [`ReadError`].
pub fn read_file(path: &Path) -> Result<History, ReadError> {
    let io_error = |source| ReadError::Io {
        path: path.display().to_string(),
        source,
    };
    let mut file = File::open(path).map_err(io_error)?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let mut reader = Reader::new(size as usize);
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            buffer.resize(buffer.len() * 2, 0);
        }
        match file.read(&mut buffer[filled..]) {
            Ok(0) => return reader.finish(&buffer[..filled]),
            Ok(length) => filled += length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(io_error(error)),
        }
        let taken = reader.whole_lines(&buffer[..filled])?;
        buffer.copy_within(taken..filled, 0);
        filled -= taken;
    }
}

/// Reads a history from memory. Whatever the bytes are, the answer is a history or an error.
///
/// # Errors
/// See [`ReadError`].
pub fn read_bytes(bytes: &[u8]) -> Result<History, ReadError> {
    let mut reader = Reader::new(bytes.len());
    let taken = reader.whole_lines(bytes)?;
    reader.finish(&bytes[taken..])
}

/// A history as far as it has been read.
struct Reader {
    builder: Builder,
    lines: usize,
}

impl Reader {
    fn new(bytes: usize) -> Reader {
        Reader {
            builder: Builder::new(bytes),
            lines: 0,
        }
    }

    /// Takes all lines that have an end, and says how many bytes they are.
    fn whole_lines(&mut self, bytes: &[u8]) -> Result<usize, ReadError> {
        let mut taken = 0;
        while let Some(length) = memchr::memchr(b'\n', &bytes[taken..]) {
            self.lines += 1;
            take_line(&mut self.builder, &bytes[taken..taken + length], self.lines).map_err(|problem| {
                ReadError::Line {
                    line: self.lines,
                    problem: problem.text,
                }
            })?;
            taken += length + 1;
        }
        Ok(taken)
    }

    /// Takes what is after the last end of a line: nothing, a whole line, or a torn one.
    fn finish(mut self, rest: &[u8]) -> Result<History, ReadError> {
        if rest.is_empty() && self.lines == 0 {
            let problem = "the file is empty; a history has an event a line".to_owned();
            return Err(ReadError::Line { line: 1, problem });
        }
        if !rest.is_empty() {
            self.lines += 1;
            if let Err(problem) = take_line(&mut self.builder, rest, self.lines) {
                // A line can be torn only after something that shows that this is a history.
                let is_history = self.lines > 1 || rest.starts_with(b"{\"schema\"");
                if !problem.is_syntax || !is_history {
                    return Err(ReadError::Line {
                        line: self.lines,
                        problem: problem.text,
                    });
                }
                self.builder.history.torn = Some(TornTail {
                    line: self.lines,
                    bytes: rest.len(),
                });
            }
        }
        Ok(self.builder.finish())
    }
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
