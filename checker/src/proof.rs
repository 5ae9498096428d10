//! Proofs of both verdicts, and their words.
//!
//! Read next: [`verify`], the small checker that nobody has to believe; `shrink`, from a long illegal history to the
//! few calls that cannot all be right; [`explain`], which puts them into words.

pub mod argument;
mod classes;
pub(crate) mod counterexample;
pub mod explain;
pub(crate) mod shrink;
pub mod verify;
pub(crate) mod wording;
