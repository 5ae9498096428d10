//! The program as a user types it: whole runs, their verdicts, exit codes and files.
//!
//! `place` is where a test has its runs. Read next: `verdicts` for what a run ends with, `refusals` for what is not
//! even begun, `endings` for runs that are cut short, `fail_fast` for those that stop by themselves, `proxy` for
//! those without a sandbox, `etcd` for a real system that is not ours, `objects` for every workload; `documents` for what CI servers and programs are
//! told, `exports` for other tools; `store` and `config` for what needs no run (`stored` makes some), `series` for
//! several, `serve` for a browser, `terminal` for a person; `readme` types what the README says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod config;
mod documents;
mod endings;
mod etcd;
mod exports;
mod fail_fast;
mod init;
mod objects;
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
