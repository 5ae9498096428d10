//! What goes wrong, and when: fault vocabulary, seeded schedules, the executor, evidence.
//!
//! `cluster` is mechanism (cut this link, kill this process); this crate is policy: which faults, on whom,
//! for how long, and proof that they happened. A [`Schedule`] is drawn from the seed before the run and
//! stored with it; [`execute`] carries it out and records every step with what was seen of it.
//!
//! Read next: [`package`] for what `--nemesis` says; [`shape`], [`target`], [`packet`], [`disk`] and [`clock`] for
//! the forms of faults, [`role`] for the primary as a target; [`schedule`] and [`interval`] for how a seed becomes faults; [`executor`] for how a fault is done, confirmed
//! and undone; [`feasible`] for what cannot be done everywhere.

pub mod clock;
pub mod disk;
mod draw;
pub mod executor;
pub mod feasible;
pub mod interval;
pub mod package;
pub mod packet;
pub mod role;
pub mod schedule;
pub mod shape;
pub mod target;

pub use clock::ClockForm;
pub use disk::DiskForm;
pub use executor::{Journal, execute};
pub use feasible::Infeasible;
pub use interval::Interval;
pub use package::{Package, PackageError, parse};
pub use packet::PacketForm;
pub use schedule::{PlannedFault, Request, Schedule, ScheduleError, ScheduleFileError, Trigger};
pub use shape::Shape;
pub use target::Target;
