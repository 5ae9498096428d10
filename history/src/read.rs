//! Reading a history file, of whatever format.
//!
//! What a file is, its first bytes say ([`Format`]). Each format has a reader of its own, which is given the file piece by
//! piece: `lines` our own JSON Lines, `edn` what Jepsen, Knossos and Porcupine keep in EDN, `log` the lines that
//! Jepsen logs. `build` makes operations of all their events and refuses what contradicts itself.
//!
//! A run that was killed leaves a last line that is cut off in the middle, or zeroes after a power failure:
//! that is accepted, and said in [`History::torn`]. Garbage anywhere else is refused with its line.

mod build;
mod decode;
mod edn;
mod format;
mod jepsen;
mod lines;
mod log;
mod nemesis;
mod scan;

pub use decode::{Decoded, decode_file};
pub use format::Format;
pub use jepsen::Independent;

use crate::History;
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

/// What is known about a file that its bytes do not say, or not for certain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Its format; told by its first bytes when nothing is said.
    pub format: Option<Format>,
    /// Whether the values of a Jepsen history are `[key value]`.
    pub independent: Independent,
}

/// How much of a file is read at a time. A longer line makes the buffer grow.
const CHUNK_BYTES: usize = 1 << 20;

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
    let io_error = |source| ReadError::Io {
        path: path.display().to_string(),
        source,
    };
    let mut file = File::open(path).map_err(io_error)?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let mut reader: Option<Box<dyn Reader>> = None;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            buffer.resize(buffer.len() * 2, 0);
        }
        let is_last = fill(&mut file, &mut buffer, &mut filled).map_err(io_error)?;
        let mut current = match reader.take() {
            Some(reader) => reader,
            None => of_format(options, &buffer[..filled], size as usize)?,
        };
        let taken = current.take(&buffer[..filled])?;
        if is_last {
            return current.finish(&buffer[taken..filled]);
        }
        reader = Some(current);
        buffer.copy_within(taken..filled, 0);
        filled -= taken;
    }
}

/// Reads until the buffer is full or the file ends, and says whether it has ended.
fn fill(file: &mut File, buffer: &mut [u8], filled: &mut usize) -> std::io::Result<bool> {
    while *filled < buffer.len() {
        match file.read(&mut buffer[*filled..]) {
            Ok(0) => return Ok(true),
            Ok(length) => *filled += length,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
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
    let mut reader = of_format(options, bytes, bytes.len())?;
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

/// The reader for a file that begins with `head` and has about so many bytes.
fn of_format(options: ReadOptions, head: &[u8], bytes: usize) -> Result<Box<dyn Reader>, ReadError> {
    let format = match options.format {
        Some(format) => format,
        None => Format::detect(head).map_err(|problem| ReadError::Line { line: 1, problem })?,
    };
    Ok(match format {
        Format::JsonLines => Box::new(lines::Lines::new(bytes)),
        Format::Edn => Box::new(edn::Forms::new(bytes, options.independent)),
        Format::JepsenLog => Box::new(log::Log::new(bytes, options.independent, head)),
    })
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
