//! The decrees in memory: each is loaded when something comes for it, handles that, and leaves when its state is in
//! the table and nobody waits for it. What it wants done is done here, in its order.

use super::durable::Afterwards;
use super::{Alarm, Driver};
use crate::ballot::NodeId;
use crate::bug::Bug;
use crate::instance::{Answer, Delay, Input, Instance, Output};
use crate::message::Message;
use crate::peers::frame::Frame;
use crate::storage::StorageError;
use bytes::Bytes;
use rand::RngExt;
use std::sync::Arc;
use std::time::Duration;

/// The first pause of an overtaken proposer is at most this; it doubles with every attempt.
const BACK_OFF_FIRST: Duration = Duration::from_millis(4);
const BACK_OFF_MAX: Duration = Duration::from_millis(128);

/// A decree in memory.
pub struct Decree {
    pub instance: Instance,
    /// The latest wish to be woken.
    pub wish: u64,
    pub kept: Kept,
}

/// Where a decree's latest durable state is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In the table, or nowhere because there is none: it may leave memory.
    Table,
    /// On its way to the table, with the checkpoint that is being made.
    Checkpoint,
    /// In the log only.
    Log,
}

impl Driver {
    /// Lets instances handle what has come for them, and what they say to themselves meanwhile.
    pub(super) fn handle_inputs(&mut self) {
        while let Some((name, input)) = self.inputs.pop_front() {
            if let Err(error) = self.load(&name) {
                // Without its state nothing may be said about this decree, and nothing was said for this request.
                self.metrics.stop_as_acceptor(&error);
                if let Input::Request(request, _) = input
                    && let Some(client) = self.clients.remove(&request)
                {
                    let _ = client.reply.send(Answer::Failed);
                }
                continue;
            }
            let mut outputs = std::mem::take(&mut self.outputs);
            let decree = self.decrees.get_mut(&name).expect("it was just loaded");
            decree.instance.handle(&self.config, input, &mut outputs);
            self.carry_out(&name, &mut outputs);
            self.outputs = outputs;
            let decree = &self.decrees[&name];
            if decree.kept == Kept::Table && decree.instance.is_idle() {
                self.decrees.remove(&name);
            }
        }
        self.metrics.in_memory.set(self.decrees.len() as i64);
    }

    /// Has a decree in memory.
    pub(super) fn load(&mut self, name: &Arc<str>) -> Result<&mut Decree, StorageError> {
        if !self.decrees.contains_key(name) {
            let state = self.storage.table.get(name)?;
            let decree = Decree {
                instance: state.map(Instance::recovered).unwrap_or_default(),
                wish: 0,
                kept: Kept::Table,
            };
            self.decrees.insert(Arc::clone(name), decree);
        }
        Ok(self.decrees.get_mut(name).expect("it was just inserted"))
    }

    /// Looks at a decree without having it in memory afterwards.
    pub(super) fn peek<T>(&self, name: &str, look: impl FnOnce(&Instance) -> T) -> Result<T, StorageError> {
        Ok(match self.decrees.get(name) {
            Some(decree) => look(&decree.instance),
            None => look(
                &self
                    .storage
                    .table
                    .get(name)?
                    .map(Instance::recovered)
                    .unwrap_or_default(),
            ),
        })
    }

    /// Does what an instance wants, in its order: what comes after a state to persist waits until that is durable.
    pub(super) fn carry_out(&mut self, name: &Arc<str>, outputs: &mut Vec<Output>) {
        let mut waits = false;
        let mut written = None;
        for output in outputs.drain(..) {
            self.count_and_log(name, &output, written.as_ref());
            match output {
                Output::Persist(state) => {
                    written.clone_from(&state.acceptor.accepted);
                    self.write(name, &state);
                    waits = true;
                    let is_accepted = state.acceptor.accepted.is_some();
                    if is_accepted && self.config.planted.is(Bug::TellAcceptedAsLearned) {
                        self.catch_up.learned(name);
                    }
                }
                Output::Remember(state) => {
                    self.write(name, &state);
                    self.catch_up.learned(name);
                    self.metrics.decided.inc();
                }
                Output::Send(to, message) if to == self.config.id => self.say_to_itself(name, message, waits),
                Output::Send(to, message) => {
                    let decree = Arc::clone(name);
                    self.say(to, Frame::About { decree, message }.encode(), waits);
                }
                Output::Broadcast(message) => {
                    let decree = Arc::clone(name);
                    let frame = Frame::About {
                        decree,
                        message: message.clone(),
                    }
                    .encode();
                    for to in self.peers.clone().names() {
                        self.say(to.clone(), frame.clone(), waits);
                    }
                    self.say_to_itself(name, message, waits);
                }
                Output::Reply(request, answer) => {
                    if let Some(client) = self.clients.remove(&request) {
                        self.after(waits, Afterwards::Reply(client.reply, answer));
                    }
                }
                Output::Wake(delay) => {
                    self.wishes += 1;
                    let alarm = Alarm::Wake { wish: self.wishes };
                    if let Some(decree) = self.decrees.get_mut(name) {
                        decree.wish = self.wishes;
                    }
                    self.timers.set(self.sleep(delay), name, alarm);
                }
            }
        }
    }

    fn say_to_itself(&mut self, name: &Arc<str>, message: Message, waits: bool) {
        let input = Input::Message(self.config.id.clone(), message);
        match waits {
            true => self.afterwards.push(Afterwards::Input(Arc::clone(name), input)),
            false => self.inputs.push_back((Arc::clone(name), input)),
        }
    }

    fn say(&mut self, to: NodeId, frame: Bytes, waits: bool) {
        self.after(waits, Afterwards::Send(to, frame));
    }

    pub(super) fn sleep(&self, delay: Delay) -> Duration {
        match delay {
            Delay::Resend => self.resend_after,
            Delay::BackOff { retries } => {
                let longest = BACK_OFF_FIRST.saturating_mul(1 << retries.clamp(1, 16).saturating_sub(1));
                longest
                    .min(BACK_OFF_MAX)
                    .mul_f64(rand::rng().random_range(0.1..1.0))
            }
        }
    }
}
