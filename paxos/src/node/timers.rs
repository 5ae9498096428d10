//! What is to happen later, in the order in which it will.

use crate::instance::RequestId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What is to happen to a decree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// Wake its instance, if this is still the latest wish to be woken.
    Wake {
        /// The wish's number.
        wish: u64,
    },
    /// A client's time is over.
    Expire {
        /// Its request.
        request: RequestId,
    },
}

/// All alarms.
#[derive(Debug, Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Alarm, Arc<str>)>>,
}

impl Timers {
    /// Sets an alarm.
    pub fn set(&mut self, after: Duration, decree: &Arc<str>, alarm: Alarm) {
        self.heap
            .push(Reverse((Instant::now() + after, alarm, Arc::clone(decree))));
    }

    /// When the next alarm goes off.
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _, _))| *at)
    }

    /// An alarm whose time has come.
    pub fn due(&mut self, now: Instant) -> Option<(Arc<str>, Alarm)> {
        if self.next()? > now {
            return None;
        }
        let Reverse((_, alarm, decree)) = self.heap.pop()?;
        Some((decree, alarm))
    }
}
