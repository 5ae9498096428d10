//! What a node counts, for `GET /metrics` (Prometheus' text format) and for `GET /health`.

use crate::storage::log::{LogFailed, Watch};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A node's counters.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Clients' requests by what they were told.
    pub requests: Family<Answered, Counter>,
    /// Requests that are under way.
    pub waiting: Gauge,
    /// Attempts that were begun (rule 1a).
    pub attempts: Counter,
    /// Attempts that a higher ballot overtook.
    pub overtaken: Counter,
    /// Promises that were given (rule 1b).
    pub promises: Counter,
    /// Proposals that were accepted (rule 2b).
    pub acceptances: Counter,
    /// Questions that were refused.
    pub refusals: Counter,
    /// Decrees that this node has learned to be decided.
    pub decided: Gauge,
    /// Decrees that are in memory.
    pub in_memory: Gauge,
    /// Syncs of the log.
    pub syncs: Counter,
    /// Bytes written to the log.
    pub log_bytes: Counter,
    /// How long a write with its sync takes.
    pub sync_seconds: Histogram,
    /// Checkpoints.
    pub checkpoints: Counter,
    /// Outgoing connections to other nodes.
    pub peers_connected: Gauge,
    /// Messages to other nodes that were dropped because nobody took them.
    pub peer_frames_dropped: Counter,
    /// Why this node is no acceptor any more.
    failure: OnceLock<String>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answered {
    /// `propose` or `read`.
    pub f: &'static str,
    /// `decided`, `undecided`, `failed`, `unknown`.
    pub answer: &'static str,
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Arc<Metrics> {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("paxos"),
            requests: Family::default(),
            waiting: Gauge::default(),
            attempts: Counter::default(),
            overtaken: Counter::default(),
            promises: Counter::default(),
            acceptances: Counter::default(),
            refusals: Counter::default(),
            decided: Gauge::default(),
            in_memory: Gauge::default(),
            syncs: Counter::default(),
            log_bytes: Counter::default(),
            sync_seconds: Histogram::new(exponential_buckets(50e-6, 2.0, 14)),
            checkpoints: Counter::default(),
            peers_connected: Gauge::default(),
            peer_frames_dropped: Counter::default(),
            failure: OnceLock::new(),
        };
        let registry = &mut metrics.registry;
        registry.register(
            "requests",
            "Clients' requests by what they were told",
            metrics.requests.clone(),
        );
        registry.register(
            "requests_waiting",
            "Requests that are under way",
            metrics.waiting.clone(),
        );
        registry.register(
            "attempts",
            "Attempts that were begun (rule 1a)",
            metrics.attempts.clone(),
        );
        registry.register(
            "attempts_overtaken",
            "Attempts that a higher ballot overtook",
            metrics.overtaken.clone(),
        );
        registry.register(
            "promises",
            "Promises that were given (rule 1b)",
            metrics.promises.clone(),
        );
        registry.register(
            "acceptances",
            "Proposals that were accepted (rule 2b)",
            metrics.acceptances.clone(),
        );
        registry.register(
            "refusals",
            "Questions that were refused",
            metrics.refusals.clone(),
        );
        registry.register(
            "decrees_decided",
            "Decrees learned to be decided",
            metrics.decided.clone(),
        );
        registry.register(
            "decrees_in_memory",
            "Decrees that are in memory",
            metrics.in_memory.clone(),
        );
        registry.register("log_syncs", "Syncs of the log", metrics.syncs.clone());
        registry.register(
            "log_written_bytes",
            "Bytes written to the log",
            metrics.log_bytes.clone(),
        );
        registry.register("checkpoints", "Checkpoints", metrics.checkpoints.clone());
        registry.register(
            "peers_connected",
            "Outgoing connections to other nodes",
            metrics.peers_connected.clone(),
        );
        registry.register(
            "peer_frames_dropped",
            "Messages to nodes that took none",
            metrics.peer_frames_dropped.clone(),
        );
        let sync_seconds = metrics.sync_seconds.clone();
        registry.register_with_unit(
            "log_sync",
            "How long a write with its sync takes",
            Unit::Seconds,
            sync_seconds,
        );
        Arc::new(metrics)
    }

    /// The text for Prometheus.
    pub fn text(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)
            .expect("a string takes what is written");
        text
    }

    /// Why this node is no acceptor any more, if it is not: what it failed to do.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// It is no acceptor from here on: it cannot remember what it would promise, or does not know what it has
    /// promised. The first reason stays.
    pub fn stop_as_acceptor(&self, error: &impl std::fmt::Display) {
        if self.failure.set(error.to_string()).is_ok() {
            tracing::error!("stopped as an acceptor: failed to {error}");
        }
    }
}

/// The log's view of the counters.
pub struct LogWatch(pub Arc<Metrics>);

impl Watch for LogWatch {
    fn synced(&self, _: usize, bytes: usize, took: Duration) {
        self.0.syncs.inc();
        self.0.log_bytes.inc_by(bytes as u64);
        self.0.sync_seconds.observe(took.as_secs_f64());
    }

    fn failed(&self, error: &LogFailed) {
        self.0.stop_as_acceptor(error);
    }
}
