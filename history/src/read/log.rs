//! Histories as Jepsen prints them: process, type, function and value with tabs between, and perhaps an error.
//!
//! ```text
//! INFO  jepsen.util - 3  :invoke  :cas  [3 0]
//! 2026-01-02 03:04:05,678{GMT}  INFO  [jepsen worker 3] jepsen.util: 3  :ok  :cas  [3 0]
//! 3  :info  :write  4  :timed-out
//! ```
//!
//! The last is a line of `history.txt`, where every line is an event. The others are lines of a log, in which only what the
//! logger `jepsen.util` (or `jepsen.print`) says can be one; everything else in the log is passed over. There are no times.

use super::edn;
use super::jepsen::{Event, Independent, Operations};
use super::{Problem, ReadError, Reader};
use crate::{EventType, History};
use serde_json::Value as Json;
use std::borrow::Cow;

/// The loggers of operations, with what stands between them and the operation.
const LOGGERS: [&str; 4] = [
    "jepsen.util - ",
    "jepsen.util: ",
    "jepsen.print - ",
    "jepsen.print: ",
];

/// Whether a file that begins so is one of these.
pub fn looks_like_one(head: &[u8]) -> bool {
    has_logger(head)
        || head
            .split(|byte| *byte == b'\n')
            .find(|line| !line.is_empty())
            .is_some_and(is_event)
}

fn has_logger(head: &[u8]) -> bool {
    LOGGERS
        .iter()
        .any(|logger| memchr::memmem::find(head, logger.as_bytes()).is_some())
}

/// Whether it begins as `3  :invoke` or `:nemesis  :info` does.
fn is_event(text: &[u8]) -> bool {
    let mut fields = text.splitn(3, |byte| *byte == b'\t');
    let process = fields.next().unwrap_or_default();
    let is_process =
        process.starts_with(b":") || !process.is_empty() && process.iter().all(u8::is_ascii_digit);
    is_process && fields.next().is_some_and(|kind| kind.starts_with(b":"))
}

/// A history as far as it has been read.
pub struct Log {
    operations: Operations,
    lines: usize,
    /// Whether events stand behind a logger's name, among other things.
    is_log: bool,
}

impl Log {
    /// For a file of so many bytes that begins with `head`.
    pub fn new(bytes: usize, independent: Independent, head: &[u8]) -> Log {
        Log {
            operations: Operations::new(bytes, independent),
            lines: 0,
            is_log: has_logger(head),
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), ReadError> {
        self.lines += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let said = match self.is_log {
            true => behind_logger(line).filter(|said| is_event(said)),
            false => Some(line).filter(|line| !line.iter().all(u8::is_ascii_whitespace)),
        };
        let Some(said) = said else { return Ok(()) };
        let number = self.lines;
        let event = event(said).map_err(|problem| problem.at(number))?;
        self.operations
            .event(event, number)
            .map_err(|problem| problem.at(number))
    }
}

impl Reader for Log {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, ReadError> {
        let mut taken = 0;
        while let Some(length) = memchr::memchr(b'\n', &bytes[taken..]) {
            self.line(&bytes[taken..taken + length])?;
            taken += length + 1;
        }
        Ok(taken)
    }

    fn finish(mut self: Box<Self>, rest: &[u8]) -> Result<History, ReadError> {
        if !rest.is_empty() {
            self.line(rest)?;
        }
        Ok(self.operations.finish())
    }
}

fn behind_logger(line: &[u8]) -> Option<&[u8]> {
    let behind = |logger: &&str| {
        let at = memchr::memmem::find(line, logger.as_bytes())?;
        Some(&line[at + logger.len()..])
    };
    LOGGERS.iter().find_map(behind)
}

fn event(said: &[u8]) -> Result<Event<'_>, Problem> {
    let syntax = |what: &str| {
        let example =
            "an event is process, type, function and value with tabs between, such as 0 :invoke :read nil";
        Problem::syntax(said, format!("{what}; {example}"))
    };
    let text = std::str::from_utf8(said).map_err(|_| syntax("is not UTF-8"))?;
    let mut fields = text.splitn(5, '\t');
    let process = fields.next().unwrap_or_default();
    let process = match process.strip_prefix(':') {
        Some(name) => Err(Cow::Borrowed(name)),
        None => Ok(process.parse().map_err(|_| syntax("has no process number"))?),
    };
    let kind = fields
        .next()
        .and_then(|kind| edn::kind_named(kind.strip_prefix(':')?));
    let kind = kind.ok_or_else(|| syntax("has a type that is none of :invoke, :ok, :fail, :info"))?;
    let f = fields.next().ok_or_else(|| syntax("has no function"))?;
    let value = edn::alone(fields.next().ok_or_else(|| syntax("has no value"))?)?;
    // Where an operation failed, its value may have made way for the reason.
    let is_failure = matches!(kind, EventType::Fail | EventType::Info);
    let error = match (fields.next(), &value) {
        (Some(error), _) => Some(Cow::Borrowed(error)),
        (None, Json::String(reason)) if is_failure => Some(Cow::Owned(reason.clone())),
        _ => None,
    };
    Ok(Event {
        process,
        kind,
        f: Cow::Borrowed(f.strip_prefix(':').unwrap_or(f)),
        key: None,
        value,
        error,
        time: 0,
    })
}
