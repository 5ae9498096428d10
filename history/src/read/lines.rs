//! JSON Lines: a header perhaps, then an event a line.
//!
//! Lines of the usual layouts go through [`super::scan`], which is many times faster than a general JSON library; every
//! other line goes through serde_json ([`super::general`]) and means the same.

use super::build::Builder;
use super::scan::{Scanned, Scanner};
use super::{Problem, ReadError, Reader, general};
use crate::{Header, History, Note, TornTail, Values};

/// Takes what lines say, in their order.
pub trait Sink {
    /// The first line, where it is no event.
    fn header(&mut self, header: Header);
    /// An operation's event.
    fn event(&mut self, event: &Scanned<'_>) -> Result<(), Problem>;
    /// What is not an operation, at its time in nanoseconds; `None` for what a later version may have added.
    fn note(&mut self, time: u64, note: Option<Note>) -> Result<(), Problem>;
}

/// What is left when all lines have been taken.
pub struct End {
    /// How many lines there were.
    pub lines: usize,
    /// The texts behind the values of events.
    pub values: Values,
    /// The cut-off last line, if there was one.
    pub torn: Option<TornTail>,
}

/// Understands lines, and remembers the texts of their values.
pub struct Decoder {
    values: Values,
    scanner: Scanner,
    lines: usize,
    /// Whether the file begins here, perhaps with a header.
    is_beginning: bool,
}

impl Decoder {
    pub fn new() -> Decoder {
        Decoder {
            values: Values::default(),
            scanner: Scanner::new(),
            lines: 0,
            is_beginning: true,
        }
    }

    /// For lines that are not the first of their file.
    pub fn further_on() -> Decoder {
        Decoder {
            is_beginning: false,
            ..Decoder::new()
        }
    }

    /// Takes as many whole lines as there are at the beginning of `bytes`, and says how many bytes they are.
    #[inline]
    pub fn take(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<usize, ReadError> {
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            if let Some((event, length)) = self.scanner.event(rest, &mut self.values) {
                self.lines += 1;
                sink.event(&event).map_err(|problem| problem.at(self.lines))?;
                taken += length;
                continue;
            }
            let Some(length) = memchr::memchr(b'\n', rest) else {
                return Ok(taken);
            };
            self.any_line(&rest[..length], sink)
                .map_err(|problem| problem.at(self.lines))?;
            taken += length + 1;
        }
    }

    /// Takes what is after the last end of a line: nothing, a whole line, or a torn one, which is said.
    pub fn finish(&mut self, rest: &[u8], sink: &mut impl Sink) -> Result<Option<TornTail>, ReadError> {
        if rest.is_empty() && self.lines == 0 && self.is_beginning {
            let problem = "the file is empty; a history has an event a line".to_owned();
            return Err(ReadError::Line { line: 1, problem });
        }
        if rest.is_empty() {
            return Ok(None);
        }
        let Err(problem) = self.any_line(rest, sink) else {
            return Ok(None);
        };
        // A line can be torn only after something that shows that this is a history.
        let is_history = self.lines > 1 || !self.is_beginning || rest.starts_with(b"{\"schema\"");
        if !problem.is_syntax || !is_history {
            return Err(problem.at(self.lines));
        }
        Ok(Some(TornTail {
            line: self.lines,
            bytes: rest.len(),
        }))
    }

    pub fn end(self, torn: Option<TornTail>) -> End {
        let Decoder { values, lines, .. } = self;
        End { lines, values, torn }
    }

    fn any_line(&mut self, line: &[u8], sink: &mut impl Sink) -> Result<(), Problem> {
        self.lines += 1;
        let is_first = self.lines == 1 && self.is_beginning;
        general::line(line, is_first, &mut self.values, sink)
    }
}

/// A history as far as it has been read, by one thread.
pub struct Lines {
    decoder: Decoder,
    builder: Builder,
}

impl Lines {
    /// For a file of so many bytes.
    pub fn new(bytes: usize) -> Lines {
        Lines {
            decoder: Decoder::new(),
            builder: Builder::new(bytes),
        }
    }
}

impl Reader for Lines {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, ReadError> {
        self.decoder.take(bytes, &mut self.builder)
    }

    fn finish(mut self: Box<Self>, rest: &[u8]) -> Result<History, ReadError> {
        let torn = self.decoder.finish(rest, &mut self.builder)?;
        self.builder.end(self.decoder.end(torn));
        Ok(self.builder.finish())
    }
}
