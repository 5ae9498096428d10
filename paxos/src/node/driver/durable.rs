//! What is to be remembered: records on their way to the log, and what may be said once they are there.

use super::decrees::Kept;
use super::{Driver, Instant};
use crate::ballot::NodeId;
use crate::instance::{Answer, Durable, Input};
use crate::peers::Peers;
use crate::storage::record::Record;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long a record that nobody waits for may wait for the next sync, and how many bytes of them may.
const REMEMBER_WITHIN: Duration = Duration::from_millis(10);
const REMEMBER_BYTES_MAX: usize = 256 << 10;

/// What waits for records to be durable.
pub enum Afterwards {
    Send(NodeId, Bytes),
    Input(Arc<str>, Input),
    Reply(oneshot::Sender<Answer>, Answer),
}

impl Driver {
    pub(super) fn after(&mut self, waits: bool, what: Afterwards) {
        match waits {
            true => self.afterwards.push(what),
            false => what.carry_out(&self.peers, &self.own),
        }
    }

    pub(super) fn write(&mut self, name: &Arc<str>, state: &Durable) {
        let record = Record::Decree {
            name: Cow::Borrowed(name),
            state: Cow::Borrowed(state),
        };
        record.encode(&mut self.records);
        if let Some(decree) = self.decrees.get_mut(name) {
            decree.kept = Kept::Log;
        }
    }

    /// Hands what is to be durable to the log, unless that has enough to do. What nobody waits for goes along with the
    /// next record that somebody does wait for, so that it costs no sync of its own, which others would wait for.
    pub(super) fn flush(&mut self) {
        if self.has_stopped() {
            // Also when the log would still take it.
            self.remember_by = None;
            self.records.clear();
            self.afterwards.clear();
        } else if self.is_time_to_write() && self.storage.log.has_room() {
            self.append();
        }
    }

    /// Whether somebody waits for a record, or the others have waited long enough.
    pub(super) fn is_time_to_write(&mut self) -> bool {
        if self.records.is_empty() {
            return false;
        }
        let now = Instant::now();
        let by = *self.remember_by.get_or_insert(now + REMEMBER_WITHIN);
        !self.afterwards.is_empty() || now >= by || self.records.len() >= REMEMBER_BYTES_MAX
    }

    /// Hands what is to be durable to the log, with what may be done then.
    pub(super) fn append(&mut self) {
        self.remember_by = None;
        self.since_checkpoint_bytes += self.records.len();
        let records = std::mem::take(&mut self.records);
        let afterwards = std::mem::take(&mut self.afterwards);
        let (peers, own) = (self.peers.clone(), self.own.clone());
        let log_moved = Arc::clone(&self.log_moved);
        self.storage.log.append(records, move |outcome| {
            // What is not durable is not said. Why is in the log and on /health.
            if outcome.is_ok() {
                afterwards
                    .into_iter()
                    .for_each(|what| what.carry_out(&peers, &own));
            }
            log_moved.notify_one();
        });
    }
}

impl Afterwards {
    /// Does it.
    pub fn carry_out(self, peers: &Peers, own: &mpsc::UnboundedSender<(Arc<str>, Input)>) {
        // Whoever is to be told may be gone; nothing depends on it.
        match self {
            Afterwards::Send(to, frame) => peers.send(&to, frame),
            Afterwards::Input(name, input) => drop(own.send((name, input))),
            Afterwards::Reply(client, answer) => drop(client.send(answer)),
        }
    }
}
