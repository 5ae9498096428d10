//! Faults of clocks.

use super::Task;
use cluster::{Clock, ClockFault};
use history::fault::ClockEffect;
use history::{Fault, FaultStep};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

impl Task {
    /// Has the clocks of nodes be wrong until `end`. Felt is what another program sees in the node's place, and only
    /// if the node has looked at its clock meanwhile.
    pub(super) async fn clocks(&mut self, nodes: Vec<String>, effect: ClockEffect, end: Instant) {
        let fault = Fault::Clock {
            nodes: nodes.clone(),
            effect,
        };
        let cluster = Arc::clone(&self.cluster);
        let clocks: Vec<&Clock> = nodes.iter().filter_map(|node| cluster.clock(node)).collect();
        if clocks.len() < nodes.len() {
            let reason = "the nodes of this run have no clocks that could be changed".to_owned();
            return self.step(FaultStep::Failed, &fault, None, Some(reason));
        }
        for clock in &clocks {
            if let Err(error) = clock.set(of(effect)) {
                for clock in &clocks {
                    // What was set is taken back; one that was not set stays as it is.
                    let _ = clock.heal();
                }
                return self.step(FaultStep::Failed, &fault, None, Some(error.to_string()));
            }
        }
        self.step(FaultStep::Installed, &fault, None, None);
        self.stopped_before(end).await;
        let mut felt = false;
        let mut seen = Vec::new();
        for (node, clock) in nodes.iter().zip(&clocks) {
            match clock.measure().await {
                Ok(reading) => {
                    let is_strobe = matches!(effect, ClockEffect::Strobe { .. });
                    felt |= reading.node_looked && (is_strobe || reading.as_expected());
                    let looked = if reading.node_looked {
                        ""
                    } else {
                        ", and the node did not look at it"
                    };
                    let off_ms = reading.offset_ns / 1_000_000;
                    seen.push(format!("{node}: seen to be {off_ms:+} ms off{looked}"));
                }
                Err(error) => seen.push(error.to_string()),
            }
        }
        self.step(FaultStep::Healing, &fault, None, None);
        let mut step = FaultStep::Healed;
        for (node, clock) in nodes.iter().zip(&clocks) {
            match clock.heal() {
                Ok(change) if change.jumps > 0 => seen.push(format!("{node} jumped {} times", change.jumps)),
                Ok(_) => {}
                Err(error) => {
                    step = FaultStep::Failed;
                    seen.push(error.to_string());
                }
            }
        }
        self.step(step, &fault, Some(felt), Some(seen.join("; ")));
    }
}

fn of(effect: ClockEffect) -> ClockFault {
    match effect {
        ClockEffect::Offset { ms } => ClockFault::Offset { by_ms: ms },
        ClockEffect::Strobe { ms, period_ms } => ClockFault::Strobe {
            between_ms: [ms, 0],
            every: Duration::from_millis(period_ms.max(1)),
        },
        ClockEffect::Rate { per_mille } => ClockFault::Rate {
            times: per_mille as f64 / 1000.0,
        },
    }
}
