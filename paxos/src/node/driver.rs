//! The task that drives a node: events, alarms and the core's own messages in; records, messages and answers out.
//!
//! A node whose log or table has failed *stops as an acceptor*, until it is started again: it says nothing that it
//! would have to remember, takes no new requests but about what it has learned, and so its memory does not grow. One
//! whose disk does not keep up, or hangs, does the same until it does.

use super::catch_up::CatchUp;
use super::timers::{Alarm, Timers};
use super::{Event, NodeOptions};
use crate::ballot::NodeId;
use crate::bug::Bug;
use crate::config::Config;
use crate::instance::{Answer, Delay, Durable, Input, Instance, Output, RequestId};
use crate::message::Message;
use crate::metrics::Metrics;
use crate::peers::Peers;
use crate::peers::frame::{Frame, NAMES_MAX};
use crate::storage::record::Record;
use crate::storage::table::Checkpoint;
use crate::storage::{Recovered, Storage, StorageError};
use bytes::Bytes;
use rand::RngExt;
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The first pause of an overtaken proposer is at most this; it doubles with every attempt.
const BACK_OFF_FIRST: Duration = Duration::from_millis(4);
const BACK_OFF_MAX: Duration = Duration::from_millis(128);
/// How often another node is asked for what is new.
const CATCH_UP_EVERY: Duration = Duration::from_millis(500);
/// How many events are handled before what follows from them is written and sent.
const EVENTS_AT_ONCE: usize = 256;
/// How long a record that nobody waits for may wait for the next sync, and how many bytes of them may.
const REMEMBER_WITHIN: Duration = Duration::from_millis(10);
const REMEMBER_BYTES_MAX: usize = 256 << 10;
/// How many bytes of records may wait here for a disk that does not keep up.
const RECORDS_BYTES_MAX: usize = 8 << 20;
/// How long the log may take to become durable when the node stops.
const STOP_MAX: Duration = Duration::from_secs(1);

/// Drives a node.
pub struct Driver {
    config: Config,
    request_timeout: Duration,
    resend_after: Duration,
    checkpoint_bytes: usize,
    storage: Storage,
    peers: Peers,
    metrics: Arc<Metrics>,
    decrees: HashMap<Arc<str>, Decree>,
    clients: HashMap<RequestId, Client>,
    requests: RequestId,
    wishes: u64,
    timers: Timers,
    catch_up: CatchUp,
    /// What instances of this node say to themselves.
    inputs: VecDeque<(Arc<str>, Input)>,
    outputs: Vec<Output>,
    /// Records that follow from the events at hand, and what may be done once they are durable.
    records: Vec<u8>,
    /// By when records that nobody waits for are written, should nobody wait for others by then.
    remember_by: Option<Instant>,
    afterwards: Vec<Afterwards>,
    /// The log has finished a batch.
    log_moved: Arc<Notify>,
    own: mpsc::UnboundedSender<(Arc<str>, Input)>,
    since_checkpoint_bytes: usize,
    checkpoint: Option<Pending>,
}

/// A decree in memory.
struct Decree {
    instance: Instance,
    /// The latest wish to be woken.
    wish: u64,
    kept: Kept,
}

/// A client that waits.
struct Client {
    decree: Arc<str>,
    reply: oneshot::Sender<Answer>,
}

/// Where a decree's latest durable state is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// In the table, or nowhere because there is none: it may leave memory.
    Table,
    /// On its way to the table, with the checkpoint that is being made.
    Checkpoint,
    /// In the log only.
    Log,
}

/// What waits for records to be durable.
enum Afterwards {
    Send(NodeId, Bytes),
    Input(Arc<str>, Input),
    Reply(oneshot::Sender<Answer>, Answer),
}

/// A checkpoint that is being made.
struct Pending {
    task: JoinHandle<Result<(), StorageError>>,
    names: Vec<Arc<str>>,
    learned: usize,
}

impl Driver {
    /// A node as it was when it stopped.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn new(
        config: Config,
        options: &NodeOptions,
        storage: Storage,
        recovered: Recovered,
        peers: Peers,
        metrics: Arc<Metrics>,
    ) -> Result<Driver, StorageError> {
        let mut places: std::collections::BTreeMap<_, _> =
            peers.names().map(|node| (node.clone(), (0, 0))).collect();
        for (node, place) in recovered.caught_up {
            places.entry(NodeId::new(&node)).and_modify(|it| *it = place);
        }
        let in_table = storage.table.learned_count()?;
        let catch_up = CatchUp::new(config.start, in_table, recovered.learned, places);
        metrics.decided.set(catch_up.learned_count() as i64);
        let decree = |state| Decree {
            instance: Instance::recovered(state),
            wish: 0,
            kept: Kept::Log,
        };
        // Replaced when the driver begins.
        let (own, _) = mpsc::unbounded_channel();
        Ok(Driver {
            request_timeout: options.request_timeout,
            resend_after: options.resend_after,
            checkpoint_bytes: options.checkpoint_bytes,
            config,
            storage,
            peers,
            metrics,
            decrees: recovered
                .decrees
                .into_iter()
                .map(|(name, state)| (name, decree(state)))
                .collect(),
            clients: HashMap::new(),
            requests: 0,
            wishes: 0,
            timers: Timers::default(),
            catch_up,
            inputs: VecDeque::new(),
            outputs: Vec::new(),
            records: Vec::new(),
            remember_by: None,
            afterwards: Vec::new(),
            log_moved: Arc::default(),
            own,
            // What earlier starts have left is moved soon.
            since_checkpoint_bytes: if recovered.files > 4 {
                options.checkpoint_bytes
            } else {
                0
            },
            checkpoint: None,
        })
    }

    /// Drives the node until it is told to stop, or nobody can tell it anything any more.
    pub async fn drive(mut self, mut events: mpsc::Receiver<Event>) {
        let (own, mut own_inputs) = mpsc::unbounded_channel();
        self.own = own;
        let mut catch_up = tokio::time::interval(CATCH_UP_EVERY);
        let (mut some_events, mut some_inputs) = (Vec::new(), Vec::new());
        loop {
            let to_write = self.remember_by.filter(|_| self.storage.log.has_room());
            let alarm = self.timers.next().into_iter().chain(to_write).min();
            let alarm = alarm.unwrap_or_else(|| Instant::now() + CATCH_UP_EVERY);
            tokio::select! {
                _ = own_inputs.recv_many(&mut some_inputs, EVENTS_AT_ONCE) => self.inputs.extend(some_inputs.drain(..)),
                count = events.recv_many(&mut some_events, EVENTS_AT_ONCE) => {
                    if count == 0 {
                        return;
                    }
                    for event in some_events.drain(..) {
                        match event {
                            Event::Stop(done) => return self.stop(done).await,
                            event => self.event(event),
                        }
                    }
                }
                () = tokio::time::sleep_until(alarm) => self.alarms(),
                // What waits for the disk goes on.
                () = self.log_moved.notified(), if !self.records.is_empty() => {}
                _ = catch_up.tick() => self.ask_what_is_new(),
                outcome = finished(&mut self.checkpoint) => self.end_checkpoint(outcome),
            }
            self.handle_inputs();
            self.flush();
            self.begin_checkpoint();
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Client {
                decree,
                request,
                reply,
            } => {
                if self.takes_nothing() {
                    let answer = self.answer_of_learned(&decree);
                    // Whoever asked may be gone.
                    return drop(reply.send(answer));
                }
                self.requests += 1;
                let alarm = Alarm::Expire {
                    request: self.requests,
                };
                self.timers.set(self.request_timeout, &decree, alarm);
                let client = Client {
                    decree: Arc::clone(&decree),
                    reply,
                };
                self.clients.insert(self.requests, client);
                self.inputs
                    .push_back((decree, Input::Request(self.requests, request)));
            }
            Event::Peer(_, Frame::About { decree, message })
                if self.takes_nothing()
                    && (matches!(message, Message::Prepare { .. } | Message::Accept { .. })
                        || !self.decrees.contains_key(&decree)) => {}
            Event::Peer(from, Frame::About { decree, message }) => {
                self.inputs.push_back((decree, Input::Message(from, message)));
            }
            Event::Peer(from, frame) => {
                if let Err(error) = self.catch_up_with(&from, frame) {
                    self.metrics.stop_as_acceptor(&error);
                }
            }
            Event::Stop(_) => unreachable!("handled by the caller"),
        }
        self.handle_inputs();
    }

    /// Whether this node has stopped as an acceptor.
    fn has_stopped(&self) -> bool {
        self.metrics.failure().is_some()
    }

    /// Whether this node takes up nothing that it would have to remember.
    fn takes_nothing(&self) -> bool {
        self.has_stopped() || self.records.len() > RECORDS_BYTES_MAX
    }

    /// What a client is told who asks a node that takes up nothing. A learned value is final; about the rest it is
    /// to ask another node.
    fn answer_of_learned(&self, name: &str) -> Answer {
        match self.peek(name, |instance| instance.chosen().cloned()) {
            Ok(Some(value)) => Answer::Decided(value),
            Ok(None) | Err(_) => Answer::Failed,
        }
    }

    fn alarms(&mut self) {
        let now = Instant::now();
        while let Some((decree, alarm)) = self.timers.due(now) {
            match alarm {
                Alarm::Wake { wish } => {
                    if self
                        .decrees
                        .get(&decree)
                        .is_some_and(|decree| decree.wish == wish)
                    {
                        self.inputs.push_back((decree, Input::Wake));
                    }
                }
                Alarm::Expire { request } => {
                    if self.clients.contains_key(&request) {
                        self.inputs.push_back((decree, Input::Expire(request)));
                    }
                }
            }
        }
    }

    /// Lets instances handle what has come for them, and what they say to themselves meanwhile.
    fn handle_inputs(&mut self) {
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
    fn load(&mut self, name: &Arc<str>) -> Result<&mut Decree, StorageError> {
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

    /// Does what an instance wants, in its order: what comes after a state to persist waits until that is durable.
    fn carry_out(&mut self, name: &Arc<str>, outputs: &mut Vec<Output>) {
        let mut waits = false;
        for output in outputs.drain(..) {
            self.count_and_log(name, &output);
            match output {
                Output::Persist(state) => {
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

    fn after(&mut self, waits: bool, what: Afterwards) {
        match waits {
            true => self.afterwards.push(what),
            false => what.carry_out(&self.peers, &self.own),
        }
    }

    fn write(&mut self, name: &Arc<str>, state: &Durable) {
        let record = Record::Decree {
            name: Cow::Borrowed(name),
            state: Cow::Borrowed(state),
        };
        record.encode(&mut self.records);
        if let Some(decree) = self.decrees.get_mut(name) {
            decree.kept = Kept::Log;
        }
    }

    fn sleep(&self, delay: Delay) -> Duration {
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

    /// Hands what is to be durable to the log, unless that has enough to do. What nobody waits for goes along with the
    /// next record that somebody does wait for, so that it costs no sync of its own, which others would wait for.
    fn flush(&mut self) {
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
    fn is_time_to_write(&mut self) -> bool {
        if self.records.is_empty() {
            return false;
        }
        let now = Instant::now();
        let by = *self.remember_by.get_or_insert(now + REMEMBER_WITHIN);
        !self.afterwards.is_empty() || now >= by || self.records.len() >= REMEMBER_BYTES_MAX
    }

    /// Hands what is to be durable to the log, with what may be done then.
    fn append(&mut self) {
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

    fn count_and_log(&self, name: &Arc<str>, output: &Output) {
        match output {
            Output::Broadcast(Message::Prepare { ballot }) => {
                self.metrics.attempts.inc();
                tracing::info!("prepare decree={name} ballot={ballot}");
            }
            Output::Broadcast(Message::Accept { proposal }) => {
                tracing::info!(
                    "propose decree={name} ballot={} value={}",
                    proposal.ballot,
                    proposal.value
                );
            }
            Output::Send(to, Message::Promised { ballot, .. }) => {
                self.metrics.promises.inc();
                tracing::info!("promised decree={name} ballot={ballot} to={to}");
            }
            Output::Send(to, Message::Accepted { ballot }) => {
                self.metrics.acceptances.inc();
                tracing::info!("accepted decree={name} ballot={ballot} from={to}");
            }
            Output::Send(_, Message::Refused { ballot, promised }) => {
                self.metrics.refusals.inc();
                tracing::info!("refused decree={name} ballot={ballot} promised={promised}");
            }
            Output::Remember(Durable {
                learned: Some(value), ..
            }) => {
                tracing::info!("learned decree={name} value={value}")
            }
            Output::Wake(Delay::BackOff { .. }) => {
                self.metrics.overtaken.inc();
            }
            _ => {}
        }
    }

    // Catching up --------------------------------------------------------------------------------------------

    fn ask_what_is_new(&mut self) {
        if self.has_stopped() {
            return;
        }
        if let Some((node, start, from)) = self.catch_up.question() {
            self.peers.send(&node, Frame::WhatIsNew { start, from }.encode());
        }
    }

    fn catch_up_with(&mut self, peer: &NodeId, frame: Frame) -> Result<(), StorageError> {
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

    /// Looks at a decree without having it in memory afterwards.
    fn peek<T>(&self, name: &str, look: impl FnOnce(&Instance) -> T) -> Result<T, StorageError> {
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

    // Checkpoints --------------------------------------------------------------------------------------------

    fn begin_checkpoint(&mut self) {
        if self.since_checkpoint_bytes < self.checkpoint_bytes
            || self.checkpoint.is_some()
            || self.has_stopped()
            // What waits here belongs into the old file.
            || !self.records.is_empty()
        {
            return;
        }
        self.since_checkpoint_bytes = 0;
        let mut decrees = Vec::new();
        for (name, decree) in self
            .decrees
            .iter_mut()
            .filter(|(_, decree)| decree.kept == Kept::Log)
        {
            decree.kept = Kept::Checkpoint;
            decrees.push((Arc::clone(name), decree.instance.durable(self.config.planted)));
        }
        let content = Checkpoint {
            decrees,
            learned: self.catch_up.recent(),
            caught_up: self.catch_up.places(),
        };
        let names = content.decrees.iter().map(|(name, _)| Arc::clone(name)).collect();
        let learned = content.learned.1.len();
        let writer = self.storage.begin_checkpoint();
        let task = tokio::task::spawn_blocking(move || writer.write(&content));
        self.checkpoint = Some(Pending { task, names, learned });
    }

    fn end_checkpoint(&mut self, outcome: Result<(), StorageError>) {
        let Some(pending) = self.checkpoint.take() else {
            return;
        };
        let outcome = outcome.and_then(|()| self.storage.table.refresh());
        let is_done = outcome.is_ok();
        if let Err(error) = outcome {
            // The old log files are still there: nothing is lost. But the table takes nothing more before it is
            // opened again, and a log for which there are no checkpoints grows for ever.
            self.metrics.stop_as_acceptor(&error);
        } else {
            self.metrics.checkpoints.inc();
            self.catch_up.moved(pending.learned);
        }
        for name in pending.names {
            let Some(decree) = self
                .decrees
                .get_mut(&name)
                .filter(|it| it.kept == Kept::Checkpoint)
            else {
                continue;
            };
            decree.kept = if is_done { Kept::Table } else { Kept::Log };
            if is_done && decree.instance.is_idle() {
                self.decrees.remove(&name);
            }
        }
        tracing::info!("checkpoint: {} decrees are left in memory", self.decrees.len());
    }

    // The end ------------------------------------------------------------------------------------------------

    /// Tells everybody who waits what is certain, and waits for the log, but not for ever.
    async fn stop(mut self, done: oneshot::Sender<()>) {
        tracing::info!(
            "stopping: {} requests are told what is certain",
            self.clients.len()
        );
        let waiting = self.clients.iter();
        let expire =
            |(request, client): (&RequestId, &Client)| (Arc::clone(&client.decree), Input::Expire(*request));
        self.inputs.extend(waiting.map(expire));
        self.handle_inputs();
        if !self.has_stopped() {
            self.append();
        }
        let (tell, durable) = oneshot::channel();
        self.storage.log.append(Vec::new(), |_| {
            // Nobody waits any more when it takes too long.
            let _ = tell.send(());
        });
        let _ = tokio::time::timeout(STOP_MAX, durable).await;
        // The node may be gone already.
        let _ = done.send(());
    }
}

impl Afterwards {
    fn carry_out(self, peers: &Peers, own: &mpsc::UnboundedSender<(Arc<str>, Input)>) {
        // Whoever is to be told may be gone; nothing depends on it.
        match self {
            Afterwards::Send(to, frame) => peers.send(&to, frame),
            Afterwards::Input(name, input) => drop(own.send((name, input))),
            Afterwards::Reply(client, answer) => drop(client.send(answer)),
        }
    }
}

/// Waits for the checkpoint that is being made, if there is one.
async fn finished(checkpoint: &mut Option<Pending>) -> Result<(), StorageError> {
    match checkpoint {
        None => std::future::pending().await,
        Some(pending) => (&mut pending.task)
            .await
            .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())),
    }
}
