//! JSON Lines: a header perhaps, then an event a line.
//!
//! Lines of the usual layouts go through [`super::scan`], which is many times faster than a general JSON library; every
//! other line goes through serde_json and means the same.

use super::build::{self, Builder};
use super::scan::Scanner;
use super::{Problem, ReadError, Reader, plain};
use crate::{History, SCHEMA, TornTail};

/// A history as far as it has been read.
pub struct Lines {
    builder: Builder,
    scanner: Scanner,
    lines: usize,
}

impl Lines {
    /// For a file of so many bytes.
    pub fn new(bytes: usize) -> Lines {
        Lines {
            builder: Builder::new(bytes),
            scanner: Scanner::new(),
            lines: 0,
        }
    }
}

impl Reader for Lines {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, ReadError> {
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            if let Some((event, length)) = self.scanner.event(rest, &mut self.builder.history.values) {
                self.lines += 1;
                self.builder
                    .event(&event)
                    .map_err(|problem| problem.at(self.lines))?;
                taken += length;
                continue;
            }
            let Some(length) = memchr::memchr(b'\n', rest) else {
                return Ok(taken);
            };
            self.lines += 1;
            any_line(&mut self.builder, &rest[..length], self.lines)
                .map_err(|problem| problem.at(self.lines))?;
            taken += length + 1;
        }
    }

    /// What is after the last end of a line is nothing, a whole line, or a torn one.
    fn finish(mut self: Box<Self>, rest: &[u8]) -> Result<History, ReadError> {
        if rest.is_empty() && self.lines == 0 {
            let problem = "the file is empty; a history has an event a line".to_owned();
            return Err(ReadError::Line { line: 1, problem });
        }
        if !rest.is_empty() {
            self.lines += 1;
            if let Err(problem) = any_line(&mut self.builder, rest, self.lines) {
                // A line can be torn only after something that shows that this is a history.
                let is_history = self.lines > 1 || rest.starts_with(b"{\"schema\"");
                if !problem.is_syntax || !is_history {
                    return Err(problem.at(self.lines));
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

/// Takes a line of any layout.
fn any_line(builder: &mut Builder, line: &[u8], number: usize) -> Result<(), Problem> {
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
