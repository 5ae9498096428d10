//! Faults of disks.

use super::Task;
use crate::DiskForm;
use cluster::disk::Request;
use cluster::{Disk, DiskFault, DiskFaultCounters, DiskFaultId};
use futures_util::future::join_all;
use history::fault::DiskEffect;
use history::{Fault, FaultStep};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

impl Task {
    /// Has the disks of nodes misbehave until `end`. Who met an error is started anew then: it may have stopped for
    /// good, as it should.
    pub(super) async fn disks(&mut self, nodes: Vec<String>, effect: DiskEffect, end: Instant) {
        let fault = Fault::Disk {
            nodes: nodes.clone(),
            effect,
        };
        let cluster = Arc::clone(&self.cluster);
        let disks: Vec<&Disk> = nodes.iter().filter_map(|node| cluster.disk(node)).collect();
        if disks.len() < nodes.len() {
            let reason = "the nodes of this run have no disks of their own".to_owned();
            return self.step(FaultStep::Failed, &fault, None, Some(reason));
        }
        self.affairs.ails(&nodes);
        let installed: Vec<DiskFaultId> = disks.iter().map(|disk| disk.install(of(effect))).collect();
        self.step(FaultStep::Installed, &fault, None, None);
        self.stopped_before(end).await;
        self.step(FaultStep::Healing, &fault, None, None);
        let mut seen = Vec::new();
        let mut hurt = Vec::new();
        for ((node, disk), id) in nodes.iter().zip(disks).zip(installed) {
            // The fault is ours, and healed once.
            let counters = disk.heal(id).unwrap_or_default();
            seen.push(format!("{node}: {}", told(effect, &counters)));
            if counters.felt > 0 {
                hurt.push(node.clone());
            }
        }
        self.affairs.is_well(&nodes);
        let felt = !hurt.is_empty();
        let mut step = FaultStep::Healed;
        if DiskForm::needs_restart(effect) {
            match self.start_anew(&hurt).await {
                Ok(evidence) => seen.extend(evidence),
                Err(reason) => {
                    step = FaultStep::Failed;
                    seen.push(reason);
                }
            }
        }
        self.step(step, &fault, Some(felt), Some(seen.join("; ")));
    }

    /// Kills those that still run, and starts them all. Whom another fault has taken down, or kills again and again,
    /// comes when that is over.
    async fn start_anew(&self, nodes: &[String]) -> Result<Option<String>, String> {
        join_all(nodes.iter().map(|node| async move {
            self.affairs.take_in_turn(node).await;
            // What cannot be killed has ended, and then it is to be started too.
            let _ = self.cluster.kill(node).await;
        }))
        .await;
        let started = match nodes.is_empty() {
            true => Ok(None),
            false => self.affairs.start(&self.cluster, nodes, None).await.map(Some),
        };
        nodes.iter().for_each(|node| self.affairs.give_back(node));
        started
    }
}

fn of(effect: DiskEffect) -> DiskFault {
    use Request::{Read, Sync, Write};
    let fail = |request: Request, percent: u8| DiskFault::Fail {
        requests: vec![request],
        after: 0,
        probability: f64::from(percent.min(100)) / 100.0,
        // As most file systems of Linux have it.
        drop_unsynced: true,
    };
    let share = |per_mille: u16| f64::from(per_mille.min(1000)) / 1000.0;
    match effect {
        DiskEffect::Slow { mean_ms } => DiskFault::Slow {
            requests: vec![Read, Write, Sync],
            min: Duration::ZERO,
            max: Duration::from_millis(2 * mean_ms),
            bytes_per_second: None,
        },
        DiskEffect::Full => DiskFault::Full { quota: 0 },
        DiskEffect::SyncError { percent } => fail(Sync, percent),
        DiskEffect::WriteError { percent } => fail(Write, percent),
        DiskEffect::ReadError { percent } => fail(Read, percent),
        DiskEffect::FlipBits { per_mille } => DiskFault::Rot {
            probability: share(per_mille),
        },
        DiskEffect::StaleBlocks { per_mille } => DiskFault::Stale {
            probability: share(per_mille),
        },
    }
}

fn told(effect: DiskEffect, counters: &DiskFaultCounters) -> String {
    let DiskFaultCounters { seen, felt, .. } = counters;
    match effect {
        DiskEffect::Slow { .. } => format!(
            "{felt} of {seen} requests took {} ms longer in all",
            counters.delayed.as_millis()
        ),
        DiskEffect::Full => format!("{felt} of {seen} requests found no room"),
        DiskEffect::SyncError { .. } | DiskEffect::WriteError { .. } | DiskEffect::ReadError { .. } => {
            format!("{felt} of {seen} requests failed")
        }
        DiskEffect::FlipBits { .. } => format!("{felt} of {seen} reads had a wrong bit"),
        DiskEffect::StaleBlocks { .. } => format!("{felt} of {seen} reads were of old blocks"),
    }
}
