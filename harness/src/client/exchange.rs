//! What went over the wire for one operation, for whoever wants to see it: `harness doctor SYSTEM`. In a run nobody does, and
//! nothing is kept.
//!
//! What came is kept as it came, escapes and all: whoever shows it makes it harmless.

use cluster::system::HttpRequest;
use std::sync::{Arc, Mutex, MutexGuard};

/// One operation on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The address that it went to, where that is known: `10.0.0.1:7000`.
    pub address: Option<String>,
    /// What was sent, or would have been if there had been a connection.
    pub sent: Vec<u8>,
    /// What came back; nothing when nothing did.
    pub received: Vec<u8>,
    /// Which rule of the descriptor's `answers` decided what that means, in words; `None` when none fits, and where there
    /// are none.
    pub rule: Option<String>,
}

/// Where the connections of one client put what they send and receive, if anybody wants it.
#[derive(Default)]
pub(super) struct Tap {
    kept: Option<Exchange>,
    /// What was read from a connection and not yet handed over.
    heard: Arc<Mutex<Vec<u8>>>,
}

/// What is told each piece that is read from a connection.
pub(super) type Listener = Box<dyn FnMut(&[u8]) + Send>;

impl Tap {
    /// One that keeps what comes, or does not.
    pub fn new(is_wanted: bool) -> Tap {
        Tap {
            kept: is_wanted.then(Exchange::default),
            heard: Arc::default(),
        }
    }

    /// Forgets the last operation.
    pub fn begin(&mut self) {
        if let Some(kept) = &mut self.kept {
            *kept = Exchange::default();
            lock(&self.heard).clear();
        }
    }

    /// The last operation, where it is kept.
    pub fn exchange(&self) -> Option<&Exchange> {
        self.kept.as_ref()
    }

    /// Keeps where it goes.
    pub fn to(&mut self, make: impl FnOnce() -> Option<String>) {
        if let Some(kept) = &mut self.kept {
            kept.address = make();
        }
    }

    /// Keeps what is sent.
    pub fn sent(&mut self, make: impl FnOnce() -> Vec<u8>) {
        if let Some(kept) = &mut self.kept {
            kept.sent = make();
        }
    }

    /// Keeps more of what was received.
    pub fn received(&mut self, make: impl FnOnce() -> Vec<u8>) {
        if let Some(kept) = &mut self.kept {
            kept.received.extend(make());
        }
    }

    /// Keeps what listeners have heard.
    pub fn received_what_was_heard(&mut self) {
        let heard = Arc::clone(&self.heard);
        self.received(|| std::mem::take(&mut *lock(&heard)));
    }

    /// Keeps which rule decided.
    pub fn decided(&mut self, make: impl FnOnce() -> Option<String>) {
        if let Some(kept) = &mut self.kept {
            kept.rule = make();
        }
    }

    /// Listens to a connection for as long as it lasts.
    pub fn listener(&self) -> Listener {
        match self.kept {
            None => Box::new(|_| {}),
            Some(_) => {
                let heard = Arc::clone(&self.heard);
                Box::new(move |piece| lock(&heard).extend_from_slice(piece))
            }
        }
    }
}

fn lock(heard: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    heard.lock().expect("nobody panics while holding this lock")
}

/// A request in the form that HTTP gives it, with its whole URL, plain line ends and without what the HTTP library adds by itself: host, accept,
/// content-length.
pub(super) fn of_request(request: &HttpRequest) -> Vec<u8> {
    let mut text = format!("{} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    if let Some(body) = &request.body {
        text.push_str(&format!("\n{body}"));
    }
    text.into_bytes()
}

/// Where a request goes.
pub(super) fn address(request: &HttpRequest) -> Option<String> {
    let url = reqwest::Url::parse(&request.url).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

/// What an answer begins with: its status and its headers, and the empty line before its body.
pub(super) fn of_head(response: &reqwest::Response) -> Vec<u8> {
    let mut bytes = format!("{:?} {}\n", response.version(), response.status()).into_bytes();
    for (name, value) in response.headers() {
        bytes.extend(name.as_str().bytes().chain(*b": "));
        bytes.extend(value.as_bytes().iter().chain(b"\n"));
    }
    bytes.push(b'\n');
    bytes
}
