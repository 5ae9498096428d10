//! The bench: how many decrees a second, how long a client waits for one, and what sets the limit.
//!
//! For every measurement N real node processes are started on loopback, clients in closed loops propose for a
//! while, each on decrees of its own, and the nodes' own counters, their processor time and the disk's speed in
//! the same minute say where the limit is. Systems that are compared take turns, so that whatever else the
//! machine does meets all of them.
//!
//! Read next: [`nodes`] for the processes, [`load`] for the clients, [`disk`] and [`processor`] for what a
//! figure is compared with, [`document`] for what comes out; [`checker`] for the bench of the checker, which is another.

pub mod checker;
mod disk;
mod document;
mod load;
mod nodes;
mod processor;
mod system;
pub mod text;

pub use document::Document;

use crate::cli::{BenchOptions, BenchSystem};
use anyhow::{Context, Result, anyhow};
use document::{Comparison, Measurement, Title};
use load::Load;
use nodes::Nodes;
use processor::Reading;
use std::path::Path;
use std::time::Duration;

/// How long the disk is measured at most, each way.
const DISK_TIME_MAX: Duration = Duration::from_secs(1);

/// Says what is wrong with the arguments, before anything is started.
///
/// # Errors
/// When they do not fit together.
pub fn refuse(options: &BenchOptions) -> Result<()> {
    if options.against == Some(options.system) {
        return Err(anyhow!(
            "--against {0}: it is {0} that is measured",
            options.system.name()
        ));
    }
    Ok(())
}

/// Measures all that was asked for.
///
/// # Errors
/// When a system cannot be started, or does not do any work.
pub async fn run(options: &BenchOptions) -> Result<Document> {
    let systems: Vec<BenchSystem> = std::iter::once(options.system).chain(options.against).collect();
    for system in &systems {
        system::find(*system)?;
    }
    let place = options.store.join("bench");
    std::fs::create_dir_all(&place).with_context(|| format!("make {}", place.display()))?;
    let mut document = Document::new(options, disk::file_system(&place)?);
    if let Some(warning) = document.file_system.warning() {
        eprintln!("warning: {warning}");
    }
    for node_count in &options.node_count {
        for round in 1..=document.rounds {
            for system in &systems {
                let measurement = measure(options, *system, *node_count, round, &place).await?;
                eprintln!("{}", text::line(&measurement));
                document.measurements.push(measurement);
            }
        }
    }
    if let Some(against) = options.against {
        let compare =
            |node_count: &u8| Comparison::of(&document.measurements, *node_count, options.system, against);
        document.comparisons = options.node_count.iter().map(compare).collect();
    }
    Ok(document)
}

/// One system, one number of nodes, once.
async fn measure(
    options: &BenchOptions,
    system: BenchSystem,
    node_count: u8,
    round: u16,
    place: &Path,
) -> Result<Measurement> {
    let name = system.name();
    let mut nodes = Nodes::start(system, node_count, place).with_context(|| format!("start {name}"))?;
    nodes.ready().await?;
    let load = Load::begin(system, &nodes.clients(), options.clients);
    tokio::time::sleep(options.warm_up).await;
    let before = Reading::take(&nodes).await?;
    let load = load.count_from_now();
    tokio::time::sleep(options.time_limit).await;
    let time = load.count_no_more();
    let after = Reading::take(&nodes).await?;
    let counted = load.end(time).await?;
    nodes.check_alive()?;
    let version = nodes.version().await;
    // The disk is measured alone, where the nodes had their data, in writes of the size that they had.
    let data = nodes.stop();
    let spent = after.since(&before);
    let sync_bytes = spent.sync_bytes().unwrap_or(disk::USUAL_BYTES);
    let time = DISK_TIME_MAX.min(options.time_limit / 2);
    let disk = tokio::task::block_in_place(|| disk::measure(data.path(), sync_bytes, node_count, time))?;
    let title = Title {
        system,
        version,
        node_count,
        round,
    };
    Ok(Measurement::of(title, options.clients, counted, &spent, disk))
}
