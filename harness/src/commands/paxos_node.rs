//! One node of the built-in Paxos: what `systems/paxos.toml` starts, as a process of its own.

use crate::cli::PaxosNodeOptions;
use crate::exit;
use paxos::NodeOptions;
use std::process::ExitCode;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub fn run(options: PaxosNodeOptions) -> ExitCode {
    // Lines are stamped by whoever collects them.
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .with_level(false)
        .with_ansi(false);
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("paxos", options.log);
    tracing_subscriber::registry().with(layer).with(filter).init();
    let mut node = NodeOptions::new(options.id, options.listen, options.peers, options.data);
    node.bug = options.bug;
    node.checkpoint_bytes = usize::try_from(options.checkpoint_bytes).unwrap_or(usize::MAX);
    match paxos::run(node) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed to {error}");
            ExitCode::from(exit::ERROR)
        }
    }
}
