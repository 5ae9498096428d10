//! The sandbox, the network, processes and disks, for real: namespaces, TUN devices, SIGKILL, FUSE.
//!
//! This is a test runner of its own, for the sandbox must be entered before any thread exists. It runs the tests
//! that look at the sandbox from outside, enters it, and runs the others inside. It is also, by its first argument,
//! every program that the tests need: a node ([`node`]), somebody who enters the sandbox ([`visitor`]), a user of a disk
//! ([`conformance`]), and the measurements ([`measure`]):
//!
//! ```text
//! cargo test --release -p cluster --test world -- measure
//! ```
//!
//! Where namespaces cannot be had it says why and skips; with CI=true in the environment that is a failure.

#![expect(
    clippy::unwrap_used,
    reason = "all of this is a test, though clippy cannot see it: it has its own runner"
)]

mod captures;
mod clocks;
mod conformance;
mod disk_faults;
mod disks;
mod faults;
mod logs;
mod measure;
mod network;
mod node;
mod outside;
mod pauses;
mod processes;
mod suite;
mod visitor;

use cluster::sandbox::{Side, enter};
use std::process::ExitCode;
use std::time::Duration;
use suite::Suite;

/// How nodes are connected in the tests of processes, which are those of the proxies as well.
const BACKEND: cluster::Backend = cluster::Backend::Switch;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["node", rest @ ..] => return node::main(rest),
        ["disk-work", rest @ ..] => return measure::disk::main(rest),
        ["conformance", rest @ ..] => return conformance::main(rest),
        ["visitor", rest @ ..] => return visitor::main(rest),
        _ => {}
    }
    let filter = words.iter().find(|word| !word.starts_with('-')).copied();
    let mut suite = Suite::new(filter);
    if words.contains(&"--list") {
        return suite.list(&[
            outside::TESTS,
            network::TESTS,
            faults::TESTS,
            captures::TESTS,
            processes::TESTS,
            pauses::TESTS,
            logs::TESTS,
            clocks::TESTS,
            disks::TESTS,
            disk_faults::TESTS,
        ]);
    }
    if filter != Some("measure") {
        suite.run(outside::TESTS);
    }
    match enter() {
        Err(why) => suite.skip_rest(&why),
        Ok(Side::Outside { exit_code }) => ExitCode::from(u8::try_from(exit_code).unwrap_or(255)),
        Ok(Side::Inside) if filter == Some("measure") => measure::main(),
        Ok(Side::Inside) => {
            suite.end_by(Duration::from_secs(120));
            suite.run(network::TESTS);
            suite.run(faults::TESTS);
            suite.run(captures::TESTS);
            suite.run(processes::TESTS);
            suite.run(pauses::TESTS);
            suite.run(logs::TESTS);
            suite.run(clocks::TESTS);
            match disks::unavailable() {
                None => {
                    suite.run(disks::TESTS);
                    suite.run(disk_faults::TESTS);
                }
                Some(why) => suite.skip("disks", &why),
            }
            suite.finish()
        }
    }
}
