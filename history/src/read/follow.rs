//! A history that is not kept: whoever follows it is told of every operation as it begins and as it ends.
//!
//! In memory there are the operations under way, and the names of all objects, nodes and functions. So a file may be larger than
//! memory.

use super::build::{Builder, Done};
use super::lines::{Decoder, Sink};
use super::pieces::Pieces;
use super::scan::Scanned;
use super::{Format, Problem, ReadError, ReadOptions, format};
use crate::{Header, History, Note, Operation};
use std::ops::ControlFlow;
use std::path::Path;

/// Whoever is told of operations.
pub trait Follow {
    /// An operation begins. Its outcome and its answer are not known yet. `names` is the history without its operations;
    /// its header, where it has one, is there from the first on.
    ///
    /// To break off is to be told nothing more.
    fn invoked(&mut self, names: &History, operation: &Operation) -> ControlFlow<()>;

    /// It has ended, or nobody will ever know. What has no completion at all is not told of.
    fn completed(&mut self, names: &History, operation: &Operation) -> ControlFlow<()>;
}

/// Reads a history in JSON Lines and keeps none of its operations. The history that is returned has none, and no notes; its
/// names are there, as far as it was read.
///
/// # Errors
/// See [`ReadError`]; and when the file is in another format.
pub fn follow_file(path: &Path, follower: &mut impl Follow) -> Result<History, ReadError> {
    let mut pieces = Pieces::of(path)?;
    if format(ReadOptions::default(), pieces.bytes())? != Format::JsonLines {
        let problem = "only JSON Lines can be followed line by line".to_owned();
        return Err(ReadError::Line { line: 1, problem });
    }
    let mut decoder = Decoder::new();
    let mut following = Following {
        builder: Builder::new(0),
        follower,
        is_over: false,
    };
    loop {
        let taken = decoder.take(pieces.bytes(), &mut following);
        if following.is_over {
            following.builder.end(decoder.end(None));
            return Ok(following.names());
        }
        let taken = taken?;
        if pieces.is_last() {
            let torn = decoder.finish(&pieces.bytes()[taken..], &mut following)?;
            following.builder.end(decoder.end(torn));
            return Ok(following.names());
        }
        pieces.next(taken)?;
    }
}

struct Following<'f, F> {
    builder: Builder,
    follower: &'f mut F,
    is_over: bool,
}

impl<F> Following<'_, F> {
    fn names(self) -> History {
        let mut history = self.builder.finish();
        // What is still under way has been told of.
        history.operations.clear();
        history.errors.clear();
        history
    }
}

impl<F: Follow> Sink for Following<'_, F> {
    fn header(&mut self, header: Header) {
        self.builder.header(header);
    }

    #[inline]
    fn event(&mut self, event: &Scanned<'_>) -> Result<(), Problem> {
        let done = self.builder.event(event)?;
        let history = &self.builder.history;
        let flow = match done {
            Done::Invoked(place) => self
                .follower
                .invoked(history, &history.operations[place as usize]),
            Done::Completed(place) => {
                let flow = self
                    .follower
                    .completed(history, &history.operations[place as usize]);
                self.builder.forget(place);
                flow
            }
            Done::Nothing => ControlFlow::Continue(()),
        };
        match flow {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => {
                self.is_over = true;
                Err(Problem::meaning("nobody follows any more"))
            }
        }
    }

    fn note(&mut self, _: u64, _: Option<Note>) -> Result<(), Problem> {
        self.builder.other_event()
    }
}
