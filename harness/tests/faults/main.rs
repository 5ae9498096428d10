//! Faults through the program itself: that each kind is felt and heals, that a schedule is carried out as it is
//! written, that triggers trigger, that power failures lose what was not synced, and that what cannot be is refused.
//!
//! Runs of this file do not overlap: several at once on a small machine would each be another test than they seem.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kinds;
mod page;
mod place;
mod power;
mod primary;
mod refusals;
mod schedules;
mod triggers;
