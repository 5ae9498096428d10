//! One node of the built-in Paxos: what `systems/paxos.toml` starts, as a process of its own.

use crate::cli::PaxosNodeOptions;
use crate::exit;
use paxos::NodeOptions;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

pub fn run(options: PaxosNodeOptions) -> ExitCode {
    // Lines are stamped by whoever collects them.
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("warn,paxos=info"))
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .with_level(false)
        .with_ansi(false)
        .init();
    let mut node = NodeOptions::new(options.id, options.listen, options.peers, options.data);
    node.bug = options.bug;
    match paxos::run(node) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed to {error}");
            ExitCode::from(exit::ERROR)
        }
    }
}
