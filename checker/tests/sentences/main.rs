//! Histories that are written down by hand: what the checker says of them, word for word.
//!
//! Read next: [`script`] for how they are written, then the object of interest.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod collection;
mod lock;
mod script;
mod semaphore;
