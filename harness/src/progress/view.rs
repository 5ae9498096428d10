//! What the display looks at while nodes and clients are there: the recorder's numbers, the nodes' states.

use super::PhaseNow;
use super::screen::{Now, Operations};
use crate::recorder::{Recorder, Tally};
use checker::Watch;
use cluster::{Cluster, NodeState};
use history::Fault;
use results::coverage::quorum;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// What is looked at, for as long as it is there.
pub struct View {
    /// The run's record.
    pub recorder: Weak<Recorder>,
    /// The nodes.
    pub cluster: Weak<Cluster>,
    /// The part of the run.
    pub phase: Arc<Mutex<PhaseNow>>,
    /// Which run of several this is.
    pub series: Option<String>,
    /// Whether somebody has paused the load.
    pub paused: watch::Receiver<bool>,
    /// The rate so far.
    pub rate: Rate,
    /// How far the check is.
    pub check: Arc<Watch>,
    /// Since when, and for how long so far, there has been no quorum.
    pub outage: Outage,
}

impl View {
    /// What is to be shown now.
    pub fn now(&mut self) -> Now {
        let phase = self
            .phase
            .lock()
            .expect("nobody panics while reading the phase")
            .clone();
        let mut now = Now {
            phase: phase.name,
            elapsed: phase.started.elapsed(),
            lasts: phase.lasts,
            series: self.series.clone(),
            is_paused: *self.paused.borrow(),
            check: (phase.name == "check").then(|| self.check.standing()),
            ..Now::default()
        };
        let (Some(recorder), Some(cluster)) = (self.recorder.upgrade(), self.cluster.upgrade()) else {
            return now;
        };
        let tally = recorder.tally();
        self.rate.update(&tally);
        now.operations = Some(Operations {
            begun: tally.invoked,
            per_second: self.rate.per_second,
            ok: tally.ok,
            failed: tally.failed,
            unknown: tally.unknown,
            latency: self.rate.shown,
        });
        let nodes = cluster.nodes();
        now.nodes = nodes
            .iter()
            .map(|node| (node.clone(), cluster.state(node)))
            .collect();
        now.quorum = self.quorum(&tally, &now.nodes);
        now.without_quorum = self.outage.total(now.quorum.as_ref().is_some_and(Vec::is_empty));
        let now_ns = recorder.epoch().elapsed().as_nanos() as u64;
        let fault = |(_, fault, since): &(u32, Fault, u64)| {
            let lasted = Duration::from_nanos(now_ns.saturating_sub(*since));
            (results::text::fault(fault), lasted)
        };
        now.faults = tally.faults.iter().map(fault).collect();
        now
    }

    /// The nodes that can make up a majority; none when there is no fault, empty when there is no majority.
    fn quorum(&self, tally: &Tally, states: &[(String, NodeState)]) -> Option<Vec<String>> {
        if tally.faults.is_empty() {
            return None;
        }
        let names: Vec<String> = states.iter().map(|(name, _)| name.clone()).collect();
        let not_up = states.iter().filter(|(_, state)| *state != NodeState::Up);
        // Whoever is on the way up is no more of a help than one that is down.
        let absent = Fault::Pause {
            nodes: not_up.map(|(name, _)| name.clone()).collect(),
        };
        let in_force: Vec<&Fault> = tally
            .faults
            .iter()
            .map(|(_, fault, _)| fault)
            .chain([&absent])
            .collect();
        let members = quorum::members(&names, &in_force).unwrap_or_default();
        Some(members.into_iter().cloned().collect())
    }
}

/// How long there has been no quorum.
#[derive(Debug, Default)]
pub struct Outage {
    before: Duration,
    since: Option<Instant>,
}

impl Outage {
    fn total(&mut self, is_out: bool) -> Duration {
        match (is_out, self.since) {
            (true, None) => self.since = Some(Instant::now()),
            (false, Some(since)) => {
                self.before += since.elapsed();
                self.since = None;
            }
            _ => {}
        }
        self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// Operations per second, and latencies, over the last second.
#[derive(Debug)]
pub struct Rate {
    since: Instant,
    invoked: u64,
    latencies: Vec<Duration>,
    per_second: f64,
    shown: Option<(Duration, Duration)>,
}

impl Rate {
    /// Nothing so far.
    pub fn new() -> Rate {
        Rate {
            since: Instant::now(),
            invoked: 0,
            latencies: Vec::new(),
            per_second: 0.0,
            shown: None,
        }
    }

    fn update(&mut self, tally: &Tally) {
        self.latencies.extend(&tally.latencies);
        let elapsed = self.since.elapsed();
        if elapsed < Duration::from_secs(1) {
            return;
        }
        self.per_second = (tally.invoked - self.invoked) as f64 / elapsed.as_secs_f64();
        self.invoked = tally.invoked;
        self.since = Instant::now();
        self.latencies.sort_unstable();
        let at = |share: usize| {
            self.latencies
                .get(self.latencies.len().saturating_sub(1) * share / 100)
                .copied()
        };
        self.shown = at(50).zip(at(99));
        self.latencies.clear();
    }
}
