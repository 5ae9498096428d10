//! The program as a user types it: whole runs, their verdicts, exit codes and files.
//!
//! `place` is where a test has its runs. Read next: `verdicts` for what a run ends with, `refusals` for what is not
//! even begun, `endings` for runs that are cut short, `fail_fast` for those that stop by themselves, `proxy` for
//! those without a sandbox; `store` and `config` for what needs no run (`stored` makes some), `series` for several,
//! `serve` for a browser, `terminal` for a person; `readme` types what the README says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod config;
mod endings;
mod fail_fast;
mod place;
mod proxy;
mod readme;
mod refusals;
mod series;
mod serve;
mod store;
mod stored;
mod terminal;
mod verdicts;
