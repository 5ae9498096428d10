//! Asking others what is new, answering them, and asking to be told.

use super::Driver;
use crate::ballot::NodeId;
use crate::instance::Input;
use crate::message::Message;
use crate::peers::frame::{Frame, NAMES_MAX};
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
                let mut known_up_to = from;
                for name in &names {
                    let is_known = match self.decrees.get(name) {
                        Some(decree) => decree.instance.chosen().is_some(),
                        None => self
                            .storage
                            .table
                            .get(name)?
                            .is_some_and(|state| state.learned.is_some()),
                    };
                    if !is_known {
                        unknown.push(Arc::clone(name));
                    } else if unknown.is_empty() {
                        known_up_to += 1;
                    }
                }
                self.catch_up.caught_up(peer, start, known_up_to);
                if !unknown.is_empty() {
                    tracing::info!(
                        "catching up with {peer}: {} decisions, from number {known_up_to}",
                        unknown.len()
                    );
                    self.peers.send(peer, Frame::Tell { names: unknown }.encode());
                }
                // There is more, and asking in turn would take long.
                if names.len() == NAMES_MAX {
                    self.peers.send(
                        peer,
                        Frame::WhatIsNew {
                            start,
                            from: from + NAMES_MAX as u64,
                        }
                        .encode(),
                    );
                }
            }
            Frame::Tell { names } => {
                let asked = |name| (name, Input::Message(peer.clone(), Message::Ask));
                self.inputs.extend(names.into_iter().map(asked));
            }
        }
        Ok(())
    }
}
