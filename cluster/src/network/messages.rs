//! Messages: nodes that have no network, but a line of stdout for each message that they send and a line of stdin for each
//! that they get ([`crate::maelstrom`]). The harness is the network.
//!
//! A message is on the link from the node that *wrote* it, whatever its `src` says, to the host that it is for: nodes may
//! forward a request under the client's name, and a cut must cut these too. Clients and services are all at the host
//! "client". On its way it is the payload of a datagram ([`datagram`]), so that rules, dice, counters and captures are
//! those of packets. What a node says to itself, and how it is told its name, is on no link.
//!
//! Bounds: [`crate::maelstrom::MESSAGE_BYTES_MAX`] for a message, [`QUEUED_MAX`] messages that are not yet looked at (then nodes wait),
//! [`mailbox::MAILBOX_BYTES_MAX`] for each node that does not read.
//!
//! Read next: [`router`] for the thread, [`mailbox`] for how a node gets its messages, [`asking`] for clients.

mod asking;
mod datagram;
mod mailbox;
mod router;

pub use asking::{Asking, NoAnswer};

use super::HostId;
use super::NetworkError;
use super::counters::Counters;
use super::orders::Worker;
use super::queue::Link;
use crate::maelstrom::{Message, is_reserved};
use crate::untrusted::printable;
use asking::Waiting;
use mailbox::Mailbox;
use std::io::PipeWriter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard};

/// How many messages wait for the router at most.
const QUEUED_MAX: usize = 4096;

/// How much of a line that is no message is shown.
const SHOWN_CHARS: usize = 120;

/// What the router is called with.
#[derive(Debug)]
enum Call {
    /// There is an order.
    Order,
    /// A message comes, the line of which this is.
    Message(Link, Vec<u8>),
}

/// The network, from the side of nodes and clients.
#[derive(Debug)]
pub struct Messages {
    names: Arc<[String]>,
    calls: SyncSender<Call>,
    mailboxes: Vec<Mutex<Option<Mailbox>>>,
    waiting: Waiting,
    counters: Arc<Counters>,
    /// Of which node it was said already that it writes what is no message.
    is_told: Vec<AtomicBool>,
}

/// A network between these hosts, the last of which is the client.
///
/// # Errors
/// When a node has the name of a client or a service, or there is no thread to be had.
pub fn start(
    names: &Arc<[String]>,
    seed: u64,
    counters: Arc<Counters>,
) -> Result<(Worker, Arc<Messages>), NetworkError> {
    let nodes = names.len() - 1;
    if let Some(name) = names[..nodes].iter().find(|name| is_reserved(name)) {
        return Err(NetworkError::Name {
            name: name.clone(),
            reason: "clients and services of Maelstrom are called like that",
        });
    }
    let (calls, called) = sync_channel(QUEUED_MAX);
    let messages = Arc::new(Messages {
        names: Arc::clone(names),
        calls: calls.clone(),
        mailboxes: (0..nodes).map(|_| Mutex::default()).collect(),
        waiting: Waiting::default(),
        counters,
        is_told: (0..nodes).map(|_| AtomicBool::new(false)).collect(),
    });
    let wake = move || {
        // It fails when the router has ended, which whoever waits for the order will notice.
        let _ = calls.send(Call::Order);
    };
    let for_router = Arc::clone(&messages);
    let worker = Worker::start("router", wake, move |orders| {
        router::serve(&called, &orders, for_router, seed);
        Ok(())
    });
    let worker = worker.map_err(|source| NetworkError::Build {
        what: "start the router",
        host: "all hosts".to_owned(),
        source,
    })?;
    Ok((worker, messages))
}

impl Messages {
    /// A node has a process, which reads its messages here. What was waiting for an earlier one is gone.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn attach(&self, node: HostId, stdin: PipeWriter) -> std::io::Result<()> {
        let mailbox = Mailbox::open(stdin, &self.names[node])?;
        *self.mailbox(node) = Some(mailbox);
        Ok(())
    }

    /// A node has none any more.
    fn detach(&self, node: HostId) {
        *self.mailbox(node) = None;
    }

    /// A node has written a line.
    pub fn written(&self, from: HostId, line: &[u8]) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let message = match Message::read(line) {
            Ok(message) => message,
            Err(why) => {
                self.counters.not_ipv4.fetch_add(1, Ordering::Relaxed);
                return self.tell(from, line, &why);
            }
        };
        if message.dest == asking::OPERATOR {
            return self.waiting.answer(message);
        }
        match self.host_of(&message.dest) {
            None => {
                self.counters.unroutable.fetch_add(1, Ordering::Relaxed);
                self.tell(from, line, "nobody has the name in its dest");
            }
            Some(to) if to == from => {
                // What it says to itself as it ends need not arrive.
                let _ = self.deliver(to, line.to_vec());
            }
            Some(to) => self.send(Link { from, to }, line.to_vec()),
        }
    }

    fn send(&self, link: Link, line: Vec<u8>) {
        // The router ends with the network; whoever still writes then writes to nobody.
        let _ = self.calls.send(Call::Message(link, line));
    }

    /// Puts a line into the mailbox of a node. Says whether it has one, with room in it.
    fn deliver(&self, node: HostId, line: Vec<u8>) -> bool {
        let is_in = self
            .mailbox(node)
            .as_ref()
            .is_some_and(|mailbox| mailbox.put(line));
        if !is_in {
            self.counters.undeliverable.fetch_add(1, Ordering::Relaxed);
        }
        is_in
    }

    /// The host at which somebody is.
    fn host_of(&self, name: &str) -> Option<HostId> {
        let client = self.names.len() - 1;
        let node = self.names[..client].iter().position(|node| node == name);
        node.or_else(|| is_reserved(name).then_some(client))
    }

    /// Says once for each node that it writes what cannot be sent.
    fn tell(&self, from: HostId, line: &[u8], why: &str) {
        if self.is_told[from].swap(true, Ordering::Relaxed) {
            return;
        }
        let line = printable(&String::from_utf8_lossy(line), SHOWN_CHARS);
        let why = printable(why, SHOWN_CHARS);
        tracing::warn!(
            "{} wrote a line to stdout that is no message: {why}: {line} (what is no message belongs on stderr; this is \
             said once for each node)",
            self.names[from]
        );
    }

    fn mailbox(&self, node: HostId) -> MutexGuard<'_, Option<Mailbox>> {
        self.mailboxes[node]
            .lock()
            .expect("nobody panics while holding this lock")
    }
}

#[cfg(test)]
mod tests;
