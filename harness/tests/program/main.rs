//! The program as a user types it: whole runs, their verdicts, exit codes and files.
//!
//! `place` is where a test has its runs. Read next: `verdicts` for what a run ends with, `refusals` for what is not
//! even begun, `endings` for runs that are cut short, `left` for nodes that go on after theirs, `shrinking` for how small counterexamples are,
//! `fail_fast` for those that stop by themselves, `proxy` for
//! those without a sandbox, `etcd`, `redis`, `nats` and `zookeeper` for real systems that are not ours, `clients` for
//! programs that are clients, `maelstrom` for nodes on stdin and stdout, `objects` for workloads on each kind of object;
//! `conformance` for what is plugged in rightly or wrongly; `documents` for what CI servers and programs are
//! told, `exports` for other tools, `recorded` for histories that others have; `store` and `config` for what needs no run (`stored` makes some), `series` for
//! several, `replay` for one again, `serve` for a browser, `terminal` for a person; `readme` types what the README says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod clients;
mod config;
mod conformance;
mod documents;
mod endings;
mod etcd;
mod exports;
mod fail_fast;
mod init;
mod left;
mod maelstrom;
mod nats;
mod objects;
mod place;
mod proxy;
mod readme;
mod recorded;
mod redaction;
mod redis;
mod refusals;
mod replay;
mod scenarios;
mod series;
mod serve;
mod shrinking;
mod store;
mod stored;
mod streamed;
mod terminal;
mod verdicts;
mod zookeeper;
