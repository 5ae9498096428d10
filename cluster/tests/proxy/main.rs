//! Networks of proxies and the nodes between them, for real and without a sandbox: loopback addresses, TCP by the
//! kernel, SIGKILL.
//!
//! A test runner of its own, for the warden must be posted before any thread exists. By its first argument it is also
//! a node, or a harness that is killed. What proxies cost is measured beside the switch, in `world/measure`.

#![expect(
    clippy::unwrap_used,
    reason = "all of this is a test, though clippy cannot see it: it has its own runner"
)]

mod faults;
mod nodes;
mod streams;
mod wire;

// What nodes are like must not depend on how they are connected: the same tests.
#[path = "../world/logs.rs"]
mod logs;
#[path = "../world/node.rs"]
mod node;
#[path = "../world/pauses.rs"]
mod pauses;
#[path = "../world/processes.rs"]
#[expect(dead_code, reason = "disks need the sandbox")]
mod processes;
#[path = "../world/suite.rs"]
#[expect(dead_code, reason = "the tests in the sandbox skip what these do not")]
mod suite;
use wire as network;

/// How nodes are connected in these tests.
const BACKEND: cluster::Backend = cluster::Backend::Proxy;

use std::process::ExitCode;
use std::time::Duration;
use suite::Suite;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["node", rest @ ..] => return node::main(rest),
        ["harness", rest @ ..] => return nodes::harness(rest),
        _ => {}
    }
    let mut suite = Suite::new(words.iter().find(|word| !word.starts_with('-')).copied());
    let all = [
        streams::TESTS,
        faults::TESTS,
        nodes::TESTS,
        processes::TESTS,
        pauses::TESTS,
        logs::TESTS,
    ];
    if words.contains(&"--list") {
        return suite.list(&all);
    }
    cluster::warden::post().unwrap();
    suite.end_by(Duration::from_secs(120));
    all.iter().for_each(|tests| suite.run(tests));
    suite.finish()
}
