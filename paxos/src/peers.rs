//! The way to the other nodes: one TCP connection in each direction, JSON lines, first one that says who speaks.
//!
//! A message may be lost, and is never repeated here: the protocol asks again by itself. What cannot be sent because
//! a node is down, slow or cut off is dropped, so that it holds up nobody and takes a bounded amount of memory. A
//! connection on which nothing is acknowledged for a while is given up, so that a healed network is not met with
//! retransmissions that have become rare.
//!
//! What is on its way on an old connection when a node begins a new one is still heard, even from an earlier start of
//! that node: a network may deliver late, and the protocol asks for no more.

pub mod frame;

use crate::ballot::NodeId;
use crate::metrics::Metrics;
use crate::node::Event;
use bytes::Bytes;
use frame::{FRAME_BYTES_MAX, Frame, Hello};
use futures_util::StreamExt;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_util::codec::{FramedRead, LinesCodec};

const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);
/// After how long without an acknowledgement a connection is given up.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_millis(400);
/// The pause before another attempt to connect.
const RECONNECT_PAUSE: Duration = Duration::from_millis(20);
/// How long a node that connects has to say who it is.
const HELLO_TIMEOUT: Duration = Duration::from_secs(1);
/// How many bytes may wait for one node; what is more is lost.
const QUEUE_BYTES_MAX: usize = 8 << 20;
/// How many connections of one node are heard at a time: what is on its way on an old one is still welcome.
const HEARD_MAX: usize = 8;
/// How many connections there may be that have not said yet who they are.
const STRANGERS_MAX: usize = 64;

/// Everybody else.
#[derive(Clone, Debug)]
pub struct Peers {
    queues: Arc<HashMap<NodeId, Queue>>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct Queue {
    sender: mpsc::UnboundedSender<Bytes>,
    bytes: Arc<AtomicUsize>,
}

impl Peers {
    /// Starts to connect to everybody else. To be called inside a runtime.
    pub fn connect(id: &NodeId, peers: &[(NodeId, SocketAddr)], metrics: &Arc<Metrics>) -> Peers {
        let others = peers.iter().filter(|(peer, _)| peer != id);
        let queue = |(peer, address): &(NodeId, SocketAddr)| {
            let (sender, waiting) = mpsc::unbounded_channel();
            let bytes = Arc::new(AtomicUsize::new(0));
            let line = Line {
                hello: Hello { from: id.clone() }.encode(),
                address: *address,
                waiting,
                bytes: Arc::clone(&bytes),
                metrics: Arc::clone(metrics),
            };
            tokio::spawn(line.keep_up());
            (peer.clone(), Queue { sender, bytes })
        };
        Peers {
            queues: Arc::new(others.map(queue).collect()),
            metrics: Arc::clone(metrics),
        }
    }

    /// Says something to another node, perhaps in vain.
    pub fn send(&self, to: &NodeId, frame: Bytes) {
        let Some(queue) = self.queues.get(to) else { return };
        let length = frame.len();
        if queue.bytes.fetch_add(length, Ordering::Relaxed) > QUEUE_BYTES_MAX
            || queue.sender.send(frame).is_err()
        {
            queue.bytes.fetch_sub(length, Ordering::Relaxed);
            self.metrics.peer_frames_dropped.inc();
        }
    }

    /// Everybody else's name.
    pub fn names(&self) -> impl Iterator<Item = &NodeId> {
        self.queues.keys()
    }
}

/// The outgoing connection to one node.
struct Line {
    hello: Bytes,
    address: SocketAddr,
    waiting: mpsc::UnboundedReceiver<Bytes>,
    bytes: Arc<AtomicUsize>,
    metrics: Arc<Metrics>,
}

impl Line {
    /// Connects, again and again, until nobody has anything to say any more.
    async fn keep_up(mut self) {
        while !self.waiting.is_closed() {
            if let Ok(Ok(stream)) = timeout(CONNECT_TIMEOUT, TcpStream::connect(self.address)).await {
                self.metrics.peers_connected.inc();
                // It ends when the other node or the network does; the protocol goes on with whoever is left.
                let _ = self.speak(stream).await;
                self.metrics.peers_connected.dec();
            }
            // What has waited through a failure is old.
            while let Ok(frame) = self.waiting.try_recv() {
                self.bytes.fetch_sub(frame.len(), Ordering::Relaxed);
                self.metrics.peer_frames_dropped.inc();
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }

    async fn speak(&mut self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX))?;
        stream.write_all(&self.hello).await?;
        let (mut read, mut write) = stream.split();
        let (mut frames, mut buffer, mut nothing) = (Vec::new(), Vec::new(), [0; 1]);
        loop {
            tokio::select! {
                count = self.waiting.recv_many(&mut frames, 256) => {
                    if count == 0 {
                        return Ok(());
                    }
                    buffer.clear();
                    for frame in frames.drain(..) {
                        self.bytes.fetch_sub(frame.len(), Ordering::Relaxed);
                        buffer.extend_from_slice(&frame);
                    }
                    timeout(UNACKNOWLEDGED_MAX, write.write_all(&buffer)).await??;
                }
                // Nothing is ever said on this connection in return: it has ended.
                _ = read.read(&mut nothing) => return Ok(()),
            }
        }
    }
}

/// Hears everybody else until the task is aborted.
pub async fn listen(listener: TcpListener, id: NodeId, peers: Vec<NodeId>, events: mpsc::Sender<Event>) {
    let known: Arc<[NodeId]> = peers.into_iter().filter(|peer| *peer != id).collect();
    let heard: Arc<Mutex<HashMap<NodeId, VecDeque<AbortHandle>>>> = Arc::default();
    let strangers = Arc::new(tokio::sync::Semaphore::new(STRANGERS_MAX));
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            // No file descriptor is left, perhaps: others will be closed.
            tokio::time::sleep(RECONNECT_PAUSE).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&strangers).try_acquire_owned() else {
            tracing::warn!(
                "connection from {from} refused: {STRANGERS_MAX} others have not said yet who they are"
            );
            continue;
        };
        let (known, heard, events) = (Arc::clone(&known), Arc::clone(&heard), events.clone());
        tokio::spawn(async move {
            let mut lines = FramedRead::new(stream, LinesCodec::new_with_max_length(FRAME_BYTES_MAX));
            let hello = match timeout(HELLO_TIMEOUT, lines.next()).await {
                Ok(Some(Ok(line))) => serde_json::from_str::<Hello>(&line).ok(),
                _ => None,
            };
            let Some(peer) = hello.map(|hello| hello.from).filter(|peer| known.contains(peer)) else {
                tracing::warn!("connection from {from} refused: it is none of the peers");
                return;
            };
            drop(permit);
            let task = tokio::spawn(hear(peer.clone(), lines, events));
            let mut heard = heard.lock().expect("nobody panics while holding this lock");
            let of_peer = heard.entry(peer).or_default();
            of_peer.retain(|task| !task.is_finished());
            of_peer.push_back(task.abort_handle());
            if of_peer.len() > HEARD_MAX {
                of_peer.pop_front().iter().for_each(AbortHandle::abort);
            }
        });
    }
}

async fn hear(peer: NodeId, mut lines: FramedRead<TcpStream, LinesCodec>, events: mpsc::Sender<Event>) {
    while let Some(Ok(line)) = lines.next().await {
        let frame = match serde_json::from_str::<Frame>(&line) {
            Ok(frame) if frame.is_within_bounds() => frame,
            Ok(_) => {
                tracing::warn!("connection from {peer} ended: a name or a value is out of bounds");
                return;
            }
            Err(error) => {
                tracing::warn!("connection from {peer} ended: not understood: {error}");
                return;
            }
        };
        if events.send(Event::Peer(peer.clone(), frame)).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    /// A listening node `n1`, what it hears, and a way to connect to it as `n2`.
    async fn listening() -> (SocketAddr, mpsc::Receiver<Event>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, events) = mpsc::channel(16);
        let names = ["n1", "n2"].map(NodeId::new).to_vec();
        tokio::spawn(listen(listener, NodeId::new("n1"), names, sender));
        (address, events)
    }

    async fn connect(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let from = NodeId::new("n2");
        stream.write_all(&Hello { from }.encode()).await.unwrap();
        stream
    }

    async fn ask(stream: &mut TcpStream, decree: &str) -> std::io::Result<()> {
        let (decree, message) = (decree.into(), Message::Ask);
        stream.write_all(&Frame::About { decree, message }.encode()).await
    }

    async fn heard(events: &mut mpsc::Receiver<Event>) -> String {
        match events.recv().await {
            Some(Event::Peer(_, Frame::About { decree, .. })) => decree.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn what_comes_late_on_an_old_connection_is_heard() {
        let (address, mut events) = listening().await;
        let mut old = connect(address).await;
        ask(&mut old, "first").await.unwrap();
        assert_eq!(heard(&mut events).await, "first");
        let mut new = connect(address).await;
        ask(&mut new, "second").await.unwrap();
        assert_eq!(heard(&mut events).await, "second");
        ask(&mut old, "late").await.unwrap();
        assert_eq!(heard(&mut events).await, "late");
    }

    #[tokio::test]
    async fn of_many_connections_the_oldest_is_given_up() {
        let (address, mut events) = listening().await;
        let mut streams = Vec::new();
        for number in 0..=HEARD_MAX {
            let mut stream = connect(address).await;
            ask(&mut stream, &number.to_string()).await.unwrap();
            assert_eq!(heard(&mut events).await, number.to_string());
            streams.push(stream);
        }
        let ended = streams[0].read(&mut [0; 1]).await;
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
        ask(&mut streams[1], "of-the-second").await.unwrap();
        assert_eq!(heard(&mut events).await, "of-the-second");
    }
}
