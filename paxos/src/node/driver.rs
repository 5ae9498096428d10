//! The task that drives a node: events, alarms and the core's own messages in; records, messages and answers out.
//!
//! A node whose log or table has failed *stops as an acceptor*, until it is started again: it says nothing that it
//! would have to remember, takes no new requests but about what it has learned, and so its memory does not grow. One
//! whose disk does not keep up, or hangs, does the same until it does.
//!
//! Read next: `decrees` for what instances want done, `durable` for what is remembered before it is said,
//! `checkpoints` and `news` for what goes on beside that.

mod checkpoints;
mod decrees;
mod durable;
mod journal;
mod news;

use super::catch_up::CatchUp;
use super::timers::{Alarm, Timers};
use super::{Event, NodeOptions};
use crate::ballot::NodeId;
use crate::config::Config;
use crate::instance::{Answer, Input, Instance, Output, RequestId};
use crate::message::Message;
use crate::metrics::Metrics;
use crate::peers::Peers;
use crate::peers::frame::Frame;
use crate::storage::{Recovered, Storage, StorageError};
use checkpoints::{Pending, finished};
use decrees::{Decree, Kept};
use durable::Afterwards;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

/// How often another node is asked for what is new.
const CATCH_UP_EVERY: Duration = Duration::from_millis(500);
/// How many events are handled before what follows from them is written and sent.
const EVENTS_AT_ONCE: usize = 256;
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

/// A client that waits.
struct Client {
    decree: Arc<str>,
    reply: oneshot::Sender<Answer>,
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
