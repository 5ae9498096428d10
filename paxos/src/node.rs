//! A node: every decree's [`crate::instance`], driven by what comes in, around one log and a way to the others.
//!
//! The rules are in the pure core. Here is what it needs of the world: what it wants durable is, before anybody is
//! told; timers go off; clients are told in time what is certain. One task drives everything, so nothing is locked;
//! it never waits for a disk, a peer or a client.
//!
//! Read next: `driver` for that task, `catch_up` for how a node hears of decisions that it missed.

mod catch_up;
mod driver;
mod timers;

use crate::ballot::NodeId;
use crate::bug::Bug;
use crate::config::Config;
use crate::instance::{Answer, Request};
use crate::metrics::{Answered, LogWatch, Metrics};
use crate::peers::frame::Frame;
use crate::peers::{self, Peers};
use crate::storage::{Storage, StorageError};
use driver::Driver;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

/// How a node is started.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Its id, one of the peers'.
    pub id: String,
    /// Where it listens for clients.
    pub listen: SocketAddr,
    /// Every node, and where it listens for the others; itself included.
    pub peers: Vec<(String, SocketAddr)>,
    /// Where its log and its table are.
    pub data: PathBuf,
    /// The rule that it breaks, if any.
    pub bug: Option<Bug>,
    /// After how long a client is told that the outcome is unknown.
    pub request_timeout: Duration,
    /// After how long without a result the others are asked again.
    pub resend_after: Duration,
    /// How often, before an attempt is given up for one with a higher ballot.
    pub resends_max: u32,
    /// How far the log may grow before a checkpoint moves it to the table.
    pub checkpoint_bytes: usize,
    /// How much of the table is kept in memory.
    pub cache_bytes: usize,
}

impl NodeOptions {
    /// A node with the usual times and sizes.
    pub fn new(
        id: String,
        listen: SocketAddr,
        peers: Vec<(String, SocketAddr)>,
        data: PathBuf,
    ) -> NodeOptions {
        NodeOptions {
            id,
            listen,
            peers,
            data,
            bug: None,
            request_timeout: Duration::from_millis(600),
            resend_after: Duration::from_millis(50),
            resends_max: 20,
            checkpoint_bytes: 8 << 20,
            cache_bytes: 16 << 20,
        }
    }
}

/// How many requests may be under way; more are refused at once.
const REQUESTS_MAX: usize = 4096;
/// How many events may wait for the driver; whoever brings another waits.
const EVENTS_MAX: usize = 4096;

/// What the driver hears of.
#[derive(Debug)]
pub enum Event {
    /// A client asks.
    Client {
        /// About which decree.
        decree: Arc<str>,
        /// What.
        request: Request,
        /// Where the answer goes.
        reply: oneshot::Sender<Answer>,
    },
    /// Another node says something.
    Peer(NodeId, Frame),
    /// Everybody who waits is to be told what is certain, and the log finished.
    Stop(oneshot::Sender<()>),
}

/// A running node, as its servers see it.
#[derive(Clone, Debug)]
pub struct Handle {
    /// Its id.
    pub id: NodeId,
    events: mpsc::Sender<Event>,
    places: Arc<Semaphore>,
    /// What it counts.
    pub metrics: Arc<Metrics>,
}

/// There are too many requests under way, or the node is stopping: the request was not even begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too many.
    #[error("{REQUESTS_MAX} requests are under way, and no more are taken")]
    Busy,
    /// Stopping.
    #[error("the node is stopping")]
    Stopping,
}

impl Handle {
    /// Asks the node. There is an answer within the request timeout.
    ///
    /// # Errors
    /// [`Refused`]; then the request has no effect and never will.
    pub async fn ask(&self, decree: &str, request: Request) -> Result<Answer, Refused> {
        let _place = self.places.try_acquire().map_err(|_| Refused::Busy)?;
        let f = match request {
            Request::Propose(_) => "propose",
            Request::Read => "read",
        };
        let (reply, answered) = oneshot::channel();
        let decree = decree.into();
        let event = Event::Client {
            decree,
            request,
            reply,
        };
        self.events.send(event).await.map_err(|_| Refused::Stopping)?;
        let waiting = Waiting::one_more(&self.metrics);
        // The driver answers everybody, also when it stops; if it has broken, nobody knows what it did.
        let answer = answered.await.unwrap_or(Answer::Unknown);
        drop(waiting);
        let answer_name = match answer {
            Answer::Decided(_) => "decided",
            Answer::Undecided => "undecided",
            Answer::Failed => "failed",
            Answer::Unknown => "unknown",
        };
        self.metrics
            .requests
            .get_or_create(&Answered {
                f,
                answer: answer_name,
            })
            .inc();
        Ok(answer)
    }

    /// Lets the node tell everybody who waits what is certain, and finish its log.
    pub async fn stop(&self) {
        let (tell, done) = oneshot::channel();
        if self.events.send(Event::Stop(tell)).await.is_ok() {
            // It has stopped either way.
            let _ = done.await;
        }
    }
}

/// One request more is under way, until this is dropped: also when its client hangs up.
struct Waiting<'a>(&'a Metrics);

impl Waiting<'_> {
    fn one_more(metrics: &Metrics) -> Waiting<'_> {
        metrics.waiting.inc();
        Waiting(metrics)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.dec();
    }
}

/// Recovers a node and starts to drive it, and to hear the others at `listener`. To be called inside a runtime.
///
/// # Errors
/// When what it remembers cannot be used.
pub fn start(
    options: &NodeOptions,
    listener: TcpListener,
) -> Result<(Handle, Vec<JoinHandle<()>>), StorageError> {
    let metrics = Metrics::new();
    let planted = options.bug.into();
    let watch = LogWatch(Arc::clone(&metrics));
    let (storage, recovered) = Storage::open(&options.data, options.cache_bytes, planted, watch)?;
    tracing::info!(
        "start {}: recovered {} records of {} decrees from {} log files, {} torn bytes dropped",
        recovered.start,
        recovered.records,
        recovered.decrees.len(),
        recovered.files,
        recovered.torn_bytes
    );
    let id = NodeId::new(&options.id);
    let peers: Vec<_> = options
        .peers
        .iter()
        .map(|(peer, address)| (NodeId::new(peer), *address))
        .collect();
    let names: Vec<NodeId> = peers.iter().map(|(peer, _)| peer.clone()).collect();
    let config = Config {
        id: id.clone(),
        acceptors: names.clone().into(),
        start: recovered.start,
        resends_max: options.resends_max,
        planted,
    };
    let (sender, events) = mpsc::channel(EVENTS_MAX);
    let connections = Peers::connect(&id, &peers, &metrics);
    let driver = Driver::new(
        config,
        options,
        storage,
        recovered,
        connections,
        Arc::clone(&metrics),
    )?;
    let tasks = vec![
        tokio::spawn(peers::listen(listener, id.clone(), names, sender.clone())),
        tokio::spawn(driver.drive(events)),
    ];
    let handle = Handle {
        id,
        events: sender,
        places: Arc::new(Semaphore::new(REQUESTS_MAX)),
        metrics,
    };
    Ok((handle, tasks))
}

#[cfg(test)]
mod tests;
