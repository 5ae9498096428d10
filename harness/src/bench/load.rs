//! The clients: each in a closed loop, over one connection of its own, proposing on decrees of its own.
//!
//! They share the machine with the nodes, so they do as little as can be: one HTTP connection without a pool, and
//! no look at an answer beyond its status and, where it can be known, its body.

use super::system;
use crate::cli::BenchSystem;
use anyhow::{Context, Result, anyhow, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The pause after an error, so that a system that refuses everything is not merely hammered.
const AFTER_ERROR: Duration = Duration::from_millis(10);
/// How long the last answers are waited for.
const LAST_ANSWERS_MAX: Duration = Duration::from_secs(10);

/// Clients at work. They end when this is dropped.
pub struct Load {
    clients: JoinSet<Counted>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    counts: AtomicBool,
    ends: AtomicBool,
}

/// What clients have seen while it counted.
#[derive(Debug, Default)]
pub struct Counted {
    /// How long each decided proposal took, in order of length once all are together.
    pub latencies: Vec<Duration>,
    /// Proposals that were not decided.
    pub errors: u64,
    /// What went wrong first.
    pub first_error: Option<String>,
    /// How long it counted.
    pub time: Duration,
}

impl Load {
    /// Starts the clients, each with the next of the nodes.
    pub fn begin(system: BenchSystem, nodes: &[SocketAddr], clients: u16) -> Load {
        let state = Arc::<State>::default();
        let mut set = JoinSet::new();
        for client in 0..usize::from(clients) {
            set.spawn(work(
                system,
                nodes[client % nodes.len()],
                client,
                Arc::clone(&state),
            ));
        }
        Load { clients: set, state }
    }

    /// What is answered from now on counts.
    pub fn count_from_now(self) -> Counting {
        self.state.counts.store(true, Ordering::Relaxed);
        Counting {
            load: self,
            since: Instant::now(),
        }
    }
}

/// Clients at work, while it counts.
pub struct Counting {
    load: Load,
    since: Instant,
}

impl Counting {
    /// What is answered from now on does not count any more. Returns how long it counted.
    pub fn count_no_more(&self) -> Duration {
        self.load.state.counts.store(false, Ordering::Relaxed);
        self.since.elapsed()
    }

    /// Lets the clients end, and puts together what they have seen while it counted, which was for `time`.
    ///
    /// # Errors
    /// When not one proposal was decided.
    pub async fn end(self, time: Duration) -> Result<Counted> {
        let Load { mut clients, state } = self.load;
        state.ends.store(true, Ordering::Relaxed);
        let mut all = Counted {
            time,
            ..Counted::default()
        };
        let gather = async {
            while let Some(counted) = clients.join_next().await {
                let counted = counted.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
                all.latencies.extend(counted.latencies);
                all.errors += counted.errors;
                all.first_error = all.first_error.take().or(counted.first_error);
            }
        };
        tokio::time::timeout(LAST_ANSWERS_MAX, gather)
            .await
            .context("wait for the last answers")?;
        if all.latencies.is_empty() {
            let why = all
                .first_error
                .as_deref()
                .unwrap_or("nothing was answered in time");
            bail!("have a single proposal decided: {why}");
        }
        all.latencies.sort_unstable();
        Ok(all)
    }
}

/// One client's life.
async fn work(system: BenchSystem, node: SocketAddr, client: usize, state: Arc<State>) -> Counted {
    let mut counted = Counted::default();
    let mut connection = None;
    let mut number = 0;
    while !state.ends.load(Ordering::Relaxed) {
        number += 1;
        let began = Instant::now();
        let outcome = propose(system, node, client, number, &mut connection).await;
        let took = began.elapsed();
        let counts = state.counts.load(Ordering::Relaxed);
        match outcome {
            Ok(()) if counts => counted.latencies.push(took),
            Ok(()) => {}
            Err(error) => {
                connection = None;
                // Also that of the warm-up is worth telling, should nothing else be told.
                counted.first_error.get_or_insert_with(|| format!("{error:#}"));
                counted.errors += u64::from(counts);
                tokio::time::sleep(AFTER_ERROR).await;
            }
        }
    }
    counted
}

async fn propose(
    system: BenchSystem,
    node: SocketAddr,
    client: usize,
    number: u64,
    connection: &mut Option<Connection>,
) -> Result<()> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(Connection::open(node).await?),
    };
    let proposal = system::proposal(system, client, number);
    let (status, body) = connection.post(&proposal.path, proposal.body).await?;
    match proposal.answer {
        _ if status != 200 => Err(anyhow!("status {status}: {}", body.trim())),
        Some(expected) if body != expected => {
            Err(anyhow!("{expected} was proposed alone, and {body} decided"))
        }
        _ => Ok(()),
    }
}

/// One HTTP connection, for one request at a time.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).await.context("connect")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.context("connect")?;
        // How it ends is seen by whoever waits for an answer.
        tokio::spawn(connection);
        Ok(Connection {
            sender,
            host: address.to_string(),
        })
    }

    /// Gets a page: its status and its text.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&mut self, path: &str) -> Result<(u16, String)> {
        self.exchange(Method::GET, path, String::new()).await
    }

    async fn post(&mut self, path: &str, body: String) -> Result<(u16, String)> {
        self.exchange(Method::POST, path, body).await
    }

    async fn exchange(&mut self, method: Method, path: &str, body: String) -> Result<(u16, String)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .context("make a request")?;
        let response = self
            .sender
            .send_request(request)
            .await
            .context("send a request")?;
        let status = response.status().as_u16();
        let body = response
            .into_body()
            .collect()
            .await
            .context("receive an answer")?
            .to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}
