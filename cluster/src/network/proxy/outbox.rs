//! Where the rules leave chunks: counted at once, and looked at when the rules are done.

use super::super::capture::Tap;
use super::super::counters::{Counters, Touch};
use super::super::pipeline::Outlet;
use super::super::queue::Link;
use std::collections::VecDeque;
use std::sync::Arc;

/// What became of a chunk.
#[derive(Debug)]
pub enum Outcome {
    /// It arrives.
    Arrives,
    /// It was swallowed.
    IsLost,
}

/// Chunks that have passed the rules, or have not.
#[derive(Debug)]
pub struct Outbox {
    /// In the order in which the rules were done with them.
    pub chunks: VecDeque<(Outcome, Link, Vec<u8>)>,
    /// What was carried.
    pub counters: Arc<Counters>,
    /// Who writes down what passes.
    pub tap: Option<Tap>,
}

impl Outbox {
    /// Nothing yet.
    pub fn new(counters: Arc<Counters>) -> Outbox {
        Outbox {
            chunks: VecDeque::new(),
            counters,
            tap: None,
        }
    }
}

impl Outlet for Outbox {
    fn deliver(&mut self, link: Link, bytes: &[u8], touches: &[Touch]) {
        if let Some(tap) = &self.tap {
            tap.delivered(link, bytes, touches);
        }
        self.counters.carried(link, bytes.len());
        self.chunks.push_back((Outcome::Arrives, link, bytes.to_vec()));
    }

    fn lose(&mut self, link: Link, bytes: &[u8], touches: &[Touch]) {
        self.counters.dropped(link);
        if let Some(tap) = &self.tap {
            tap.lost(link, bytes, touches);
        }
        self.chunks.push_back((Outcome::IsLost, link, bytes.to_vec()));
    }
}
