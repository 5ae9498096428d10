//! Clients: they send a request to a node and wait for the answer to it. What is answered too late, or twice, or to nobody,
//! is heard by nobody.

use super::super::HostId;
use super::super::queue::Link;
use super::Messages;
use crate::maelstrom::Message;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::oneshot;

/// Who tells nodes their names: the client with the number 0, whom no fault concerns.
pub const OPERATOR: &str = "c0";

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {} ms", .0.as_millis())]
pub struct NoAnswer(Duration);

/// A client of the network. Each has a name of its own.
#[derive(Debug)]
pub struct Asking {
    messages: Arc<Messages>,
    name: String,
}

impl Asking {
    /// The client with this number, from 1: `c1`.
    pub(in crate::network) fn new(messages: Arc<Messages>, number: u64) -> Asking {
        Asking {
            messages,
            name: format!("c{number}"),
        }
    }

    /// Asks a node, past the rules of the network, and waits for its answer.
    ///
    /// # Errors
    /// When there is none in time. Then nobody knows whether the node was reached.
    ///
    /// # Panics
    /// When there is no node of this name.
    pub async fn ask(
        &self,
        node: &str,
        body: Map<String, Value>,
        patience: Duration,
    ) -> Result<Map<String, Value>, NoAnswer> {
        let to = self
            .messages
            .host_of(node)
            .unwrap_or_else(|| panic!("no node {node:?}"));
        let from = self.messages.names.len() - 1;
        let (messages, link) = (Arc::clone(&self.messages), Link { from, to });
        self.exchange(node, body, patience, move |line| messages.send(link, line))
            .await
    }

    /// The same on no link, at once: how nodes are told their names.
    pub(crate) async fn tell(
        &self,
        node: HostId,
        body: Map<String, Value>,
        patience: Duration,
    ) -> Result<Map<String, Value>, NoAnswer> {
        let messages = Arc::clone(&self.messages);
        let name = self.messages.names[node].clone();
        self.exchange(&name, body, patience, move |line| {
            // Without a mailbox there is no answer, which is soon noticed.
            let _ = messages.deliver(node, line);
        })
        .await
    }

    async fn exchange(
        &self,
        node: &str,
        mut body: Map<String, Value>,
        patience: Duration,
        send: impl FnOnce(Vec<u8>),
    ) -> Result<Map<String, Value>, NoAnswer> {
        let number = self.messages.waiting.next.fetch_add(1, Ordering::Relaxed) + 1;
        body.insert("msg_id".to_owned(), number.into());
        let (answer, told) = oneshot::channel();
        let place = (self.name.clone(), number);
        self.messages.waiting.lock().insert(place.clone(), answer);
        let request = Message {
            src: self.name.clone(),
            dest: node.to_owned(),
            body,
        };
        // Forgotten however the waiting ends.
        let _forget = Forget(&self.messages.waiting, place);
        send(request.write());
        match tokio::time::timeout(patience, told).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(_)) | Err(_) => Err(NoAnswer(patience)),
        }
    }
}

type Place = (String, u64);

/// Who waits for an answer: the client, and the number of its request, which no other request of the network has.
#[derive(Debug, Default)]
pub struct Waiting {
    next: AtomicU64,
    by_place: Mutex<HashMap<Place, oneshot::Sender<Map<String, Value>>>>,
}

impl Waiting {
    /// An answer has come.
    pub fn answer(&self, message: Message) {
        let Some(number) = message.in_reply_to() else {
            return;
        };
        if let Some(waiting) = self.lock().remove(&(message.dest, number)) {
            // Whoever waited may have given up a moment ago.
            let _ = waiting.send(message.body);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, oneshot::Sender<Map<String, Value>>>> {
        self.by_place
            .lock()
            .expect("nobody panics while holding this lock")
    }
}

/// Nobody waits any longer.
struct Forget<'a>(&'a Waiting, Place);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}
