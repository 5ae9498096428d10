//! Faults of the network.

use super::{Task, effect};
use cluster::network::RuleCounters;
use history::fault::{Link, PacketEffect, PacketMatch};
use history::{FaultStep, Flap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

impl Task {
    /// Cuts links, perhaps again and again, until `end`.
    pub(super) async fn partition(&mut self, cut: &[Link], flap: Option<Flap>, end: Instant) {
        let fault = self.planned.fault.clone();
        let links = cut.len();
        let cluster = Arc::clone(&self.cluster);
        let network = cluster.network();
        let rule = match network.cut(cut) {
            Ok(rule) => rule,
            Err(error) => return self.step(FaultStep::Failed, &fault, None, Some(error.to_string())),
        };
        let installed = format!("{links} of {links} links cut");
        self.step(FaultStep::Installed, &fault, None, Some(installed));
        let mut rule = Some(rule);
        let mut dropped = vec![0; links];
        let mut times = 1;
        loop {
            let change = match (flap, &rule) {
                (None, _) => end,
                (Some(flap), Some(_)) => Instant::now() + Duration::from_millis(flap.cut_ms.max(1)),
                (Some(flap), None) => Instant::now() + Duration::from_millis(flap.whole_ms.max(1)),
            };
            let is_over = self.stopped_before(change.min(end)).await || change >= end;
            if is_over {
                break;
            }
            rule = match rule.take() {
                Some(rule) => {
                    count(&mut dropped, &network.heal(rule));
                    None
                }
                None => {
                    times += 1;
                    // The links are those that could be cut before.
                    network.cut(cut).ok()
                }
            };
        }
        self.step(FaultStep::Healing, &fault, None, None);
        if let Some(rule) = rule {
            count(&mut dropped, &network.heal(rule));
        }
        let felt_links = dropped.iter().filter(|packets| **packets > 0).count();
        let packets: u64 = dropped.iter().sum();
        let often = if flap.is_some() {
            format!(", cut {times} times")
        } else {
            String::new()
        };
        let evidence = format!("{packets} packets dropped on {felt_links} of {links} links{often}");
        self.step(FaultStep::Healed, &fault, Some(packets > 0), Some(evidence));
    }

    /// Disturbs packets until `end`.
    pub(super) async fn packets(
        &mut self,
        links: &[Link],
        effect: PacketEffect,
        matching: Option<&PacketMatch>,
        end: Instant,
    ) {
        let fault = self.planned.fault.clone();
        let cluster = Arc::clone(&self.cluster);
        let network = cluster.network();
        let rule = match network.install(&effect::rule(links, effect, matching)) {
            Ok(rule) => rule,
            Err(error) => return self.step(FaultStep::Failed, &fault, None, Some(error.to_string())),
        };
        let installed = match links.len() {
            1 => "on 1 link".to_owned(),
            more => format!("on {more} links"),
        };
        self.step(FaultStep::Installed, &fault, None, Some(installed));
        self.stopped_before(end).await;
        self.step(FaultStep::Healing, &fault, None, None);
        let (felt, evidence) = effect::told(effect, &network.heal(rule));
        self.step(FaultStep::Healed, &fault, Some(felt), Some(evidence));
    }
}

/// Adds what a rule has dropped, link by link.
fn count(dropped: &mut [u64], counters: &RuleCounters) {
    for (dropped, link) in dropped.iter_mut().zip(&counters.links) {
        *dropped += link.dropped.packets;
    }
}
