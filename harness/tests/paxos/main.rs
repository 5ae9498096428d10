//! The built-in Paxos as processes: what its nodes remember, what they say when something is wrong, how they treat
//! clients, and how much memory they take.
//!
//! Read first: [`nodes`], which starts them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod crash;
mod errors;
mod manners;
mod memory;
mod nodes;
