//! Descriptors of systems: what a sound one asks and understands, and what each broken one is told.
//!
//! Read next: `http` for requests and answers, `resp` for commands and replies, `objects` for those about lists, locks and
//! transactions, `programs` for clients that are programs, `primary` for who leads; `refusals` for what is told of broken ones.

#![expect(clippy::unwrap_used, reason = "all of this is a test, its helpers included")]

mod http;
mod objects;
mod primary;
mod programs;
mod refusals;
mod resp;

use cluster::System;
use cluster::system::{HttpOperation, Operations};
use std::collections::BTreeMap;

const PAXOS: &str = include_str!("../../../systems/paxos.toml");
const ETCD: &str = include_str!("../../../systems/etcd.toml");

/// A small sound descriptor, to be broken by replacing something in it.
const SOUND: &str = r#"name = "kv"
description = "A store"

[node]
command = ["kv", "--id", "{index}", "--join", "{peers}"]
env = { DATA = "{data}" }
peers = { each = "{ip}", separator = " " }
ready = { url = "http://{ip}/ready", status = [200, "3xx"] }

[workload.register.write]
method = "PUT"
url = "http://{ip}:80/keys/{key}?value={value}"
headers = { X-Key = "{key}" }
body = '{"k": {key}, "v": {value}, "by": "{node}"}'
answers = [
  { status = "2xx", where = { "/done" = true }, outcome = "ok" },
  { status = 409, outcome = "fail", error = "/why" },
]
"#;

/// A descriptor that is sound until `from` in it is replaced by `to`: then it is refused with these words after its name.
fn is_refused(sound: &str, from: &str, to: &str, words: &str) {
    assert_eq!(
        sound.matches(from).count(),
        1,
        "{from} must be in the descriptor once"
    );
    let told = System::parse(&sound.replace(from, to), "kv.toml").unwrap_err();
    assert_eq!(told.to_string(), format!("read the descriptor kv.toml:{words}"));
}

/// The requests of a workload.
fn requests(system: &System, workload: &str) -> BTreeMap<String, HttpOperation> {
    match system.operations(workload).unwrap().unwrap() {
        Operations::Http(operations) => operations,
        other => panic!("{other:?}"),
    }
}
