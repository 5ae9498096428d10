//! Reading a history file, of whatever format.
//!
//! What a file is, its first bytes say ([`Format`]). Each format has a reader of its own, which is given the file piece by
//! piece (`pieces`): `lines` our own JSON Lines (a long file in `stretches`), `edn` what Jepsen, Knossos and Porcupine keep in EDN, `log` the lines that
//! Jepsen logs. `build` makes operations of all their events and refuses what contradicts itself.
//!
//! A run that was killed leaves a last line that is cut off in the middle, or zeroes after a power failure:
//! that is accepted, and said in [`History::torn`]. Garbage anywhere else is refused with its line.

mod build;
mod decode;
mod edn;
mod follow;
mod format;
mod general;
mod jepsen;
mod lines;
mod log;
mod nemesis;
mod pieces;
mod scan;
mod stretches;

pub use decode::{Decoded, decode_file};
pub use follow::{Follow, follow_file};
pub use format::Format;
pub use jepsen::Independent;

use crate::History;
use pieces::Pieces;
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

/// What is known about a file that its bytes do not say, or not for certain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Its format; told by its first bytes when nothing is said.
    pub format: Option<Format>,
    /// Whether the values of a Jepsen history are `[key value]`.
    pub independent: Independent,
}

/// Reads a history file, piece by piece: in memory there is the history, never the file.
///
/// # Errors
/// See [`ReadError`].
pub fn read_file(path: &Path) -> Result<History, ReadError> {
    read_file_as(path, ReadOptions::default())
}

/// Reads a history file of which something is known.
///
/// # Errors
/// See [`ReadError`].
pub fn read_file_as(path: &Path, options: ReadOptions) -> Result<History, ReadError> {
    let mut pieces = Pieces::of(path)?;
    let size = pieces.size() as usize;
    let format = format(options, pieces.bytes())?;
    if format == Format::JsonLines
        && let Some(history) = stretches::read(path, pieces.size())?
    {
        return Ok(history);
    }
    let mut reader = of_format(format, options, pieces.bytes(), size);
    loop {
        let taken = reader.take(pieces.bytes())?;
        if pieces.is_last() {
            return reader.finish(&pieces.bytes()[taken..]);
        }
        pieces.next(taken)?;
    }
}

/// Reads a history from memory. Whatever the bytes are, the answer is a history or an error.
///
/// # Errors
/// See [`ReadError`].
pub fn read_bytes(bytes: &[u8]) -> Result<History, ReadError> {
    read_bytes_as(bytes, ReadOptions::default())
}

/// Reads a history from memory, of which something is known.
///
/// # Errors
/// See [`ReadError`].
pub fn read_bytes_as(bytes: &[u8], options: ReadOptions) -> Result<History, ReadError> {
    let format = format(options, bytes)?;
    let mut reader = of_format(format, options, bytes, bytes.len());
    let taken = reader.take(bytes)?;
    reader.finish(&bytes[taken..])
}

/// What reads one format.
trait Reader {
    /// Takes as many whole events as there are at the beginning of `bytes`, and says how many bytes they are. What is
    /// left is given again, with what follows it.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, ReadError>;

    /// Takes what is left when nothing follows.
    fn finish(self: Box<Self>, rest: &[u8]) -> Result<History, ReadError>;
}

/// The format of a file that begins with `head`.
fn format(options: ReadOptions, head: &[u8]) -> Result<Format, ReadError> {
    let detected = options.format.map_or_else(|| Format::detect(head), Ok);
    detected.map_err(|problem| ReadError::Line { line: 1, problem })
}

/// The reader for a file that begins with `head` and has about so many bytes.
fn of_format(format: Format, options: ReadOptions, head: &[u8], bytes: usize) -> Box<dyn Reader> {
    match format {
        Format::JsonLines => Box::new(lines::Lines::new(bytes)),
        Format::Edn => Box::new(edn::Forms::new(bytes, options.independent)),
        Format::JepsenLog => Box::new(log::Log::new(bytes, options.independent, head)),
    }
}

/// What is wrong with a line.
struct Problem {
    /// It does not even have the right shape, as opposed to an event that contradicts others.
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

    fn at(self, line: usize) -> ReadError {
        ReadError::Line {
            line,
            problem: self.text,
        }
    }
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
