//! How long a system may take to fail over: the `failover_ms` of a descriptor.
//!
//! It says what a run may ask of the system, and changes nothing of how it is started or broken. What is made of it:
//! `results/src/coverage/progress.rs`.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;
use std::time::Duration;

/// How long a connected majority may take after a fault until it serves again: to find out, to elect, to take over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failover(pub Duration);

/// Ten minutes. Whatever takes longer is no failover; so no slip of the keyboard waives what a run asks.
const MAX_MS: i64 = 600_000;

impl<'de> Deserialize<'de> for Failover {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // It is checked while it is being read, so that what is wrong is told with its own place.
        deserializer.deserialize_i64(Milliseconds)
    }
}

struct Milliseconds;

impl Visitor<'_> for Milliseconds {
    type Value = Failover;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of milliseconds")
    }

    fn visit_i64<E: Error>(self, ms: i64) -> Result<Failover, E> {
        match u64::try_from(ms) {
            Ok(in_range) if (1..=MAX_MS).contains(&ms) => Ok(Failover(Duration::from_millis(in_range))),
            _ => Err(E::custom(format!(
                "{ms} is not from 1 to {MAX_MS} milliseconds; leave it out for a system that goes on at once"
            ))),
        }
    }
}
