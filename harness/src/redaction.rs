//! What this process shows nobody of what nodes and clients said: `--redact`, for all that is said while a run goes on.
//!
//! The documents of a run are made without it in `results`; here is the rest: lines on the screen, `harness.log`, events.
//! A process makes one run, so there is one expression.

use results::Redaction;
use std::borrow::Cow;
use std::sync::OnceLock;

static ASKED: OnceLock<Redaction> = OnceLock::new();

/// Blacks out what this expression finds, from now on.
pub fn ask(expression: Option<&str>) {
    if let Some(expression) = expression {
        // It was read when the command line was; of what nobody can read everything is black.
        let redaction = Redaction::of(expression).unwrap_or_else(|_| Redaction::everything());
        // A process has one command line.
        let _ = ASKED.set(redaction);
    }
}

/// A text as it may be seen.
pub fn seen(text: &str) -> Cow<'_, str> {
    match ASKED.get() {
        Some(redaction) => redaction.apply(text),
        None => Cow::Borrowed(text),
    }
}
