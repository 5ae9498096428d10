//! Asking others what is new, answering them, and asking to be told.

use super::Driver;
use crate::ballot::NodeId;
use crate::instance::Input;
use crate::message::Message;
use crate::node::catch_up::News;
use crate::peers::frame::Frame;
use crate::storage::StorageError;
use std::sync::Arc;

impl Driver {
    pub(super) fn ask_what_is_new(&mut self) {
        if self.has_stopped() {
            return;
        }
        if let Some((node, start, from)) = self.catch_up.question() {
            self.peers.send(&node, Frame::WhatIsNew { start, from }.encode());
        }
    }

    pub(super) fn catch_up_with(&mut self, peer: &NodeId, frame: Frame) -> Result<(), StorageError> {
        match frame {
            Frame::About { .. } => unreachable!("handled by the caller"),
            Frame::WhatIsNew { start, from } => {
                let (from, names) = self.catch_up.answer(start, from, &self.storage.table)?;
                let start = self.config.start;
                self.peers.send(peer, Frame::New { start, from, names }.encode());
            }
            Frame::New { .. } if self.has_stopped() => {}
            Frame::New { start, from, names } => {
                let mut unknown = Vec::new();
                let mut known = 0;
                for name in &names {
                    if !self.has_learned(name)? {
                        unknown.push(Arc::clone(name));
                    } else if unknown.is_empty() {
                        known += 1;
                    }
                }
                let news = News {
                    start,
                    from,
                    count: names.len() as u64,
                    known,
                };
                let go_on_from = self.catch_up.answered(peer, news);
                if !unknown.is_empty() {
                    let (count, first) = (unknown.len(), from.saturating_add(known));
                    tracing::info!("catching up with {peer}: {count} decisions, from number {first}");
                    self.peers.send(peer, Frame::Tell { names: unknown }.encode());
                }
                // Behind what was just asked for: its answer tells whether that has come.
                if let Some(from) = go_on_from {
                    self.peers.send(peer, Frame::WhatIsNew { start, from }.encode());
                }
            }
            Frame::Tell { names } => {
                let asked = |name| (name, Input::Message(peer.clone(), Message::Ask));
                self.inputs.extend(names.into_iter().map(asked));
            }
        }
        Ok(())
    }

    fn has_learned(&self, name: &Arc<str>) -> Result<bool, StorageError> {
        Ok(match self.decrees.get(name) {
            Some(decree) => decree.instance.chosen().is_some(),
            None => self
                .storage
                .table
                .get(name)?
                .is_some_and(|state| state.learned.is_some()),
        })
    }
}
