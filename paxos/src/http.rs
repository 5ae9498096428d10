//! The node as its clients see it: HTTP and JSON.
//!
//! `POST /decrees/{decree}/propose` with `{"value": …}` and `GET /decrees/{decree}` are both answered with
//! `{"value": …}` (null: undecided). What goes wrong is answered with `{"error": …, "outcome": "failed" | "unknown"}`:
//! *failed* only what certainly has no effect, ever. `GET /health` says whether the node is of use, `GET /metrics`
//! what it counts.
//!
//! Read next: [`routes`] for what is served; here is how, and for how many at once.

pub mod routes;

use crate::node::{self, NodeOptions};
use crate::storage::StorageError;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_io_timeout::TimeoutStream;

/// How many connections of clients there may be, if there are file descriptors for them; one more is closed at once.
const CONNECTIONS_MAX: u64 = 1024;
/// File descriptors for everything else: the log and the table, the other nodes, strangers on their port.
const RESERVED: u64 = 128;
/// How long a client may take to say what it wants.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take not a single byte of what it asked for: its connection is closed then, or clients that
/// do not read would take all the places of those who do.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long open requests may take when the node stops.
const STOP_MAX: Duration = Duration::from_secs(1);

/// Why a node does not run.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Its id is not among the peers.
    #[error("start node {id}: it is not among the peers")]
    NotAPeer {
        /// The id.
        id: String,
    },
    /// What it remembers cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// It cannot listen.
    #[error("listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The runtime broke.
    #[error("{action}: {reason}")]
    Broken {
        /// What was tried.
        action: &'static str,
        /// Why not.
        reason: String,
    },
}

/// Runs a node until it is told to stop (SIGTERM, SIGINT). Blocks; brings its own runtime.
///
/// # Errors
/// See [`NodeError`].
pub fn run(options: NodeOptions) -> Result<(), NodeError> {
    let broken = |action| {
        move |error: std::io::Error| NodeError::Broken {
            action,
            reason: error.to_string(),
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(broken("start the runtime"))?;
    let outcome = runtime.block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            .map_err(broken("listen for signals"))?;
        let stopped = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        serve(options, stopped).await
    });
    // A checkpoint that is being made is made again at the next start.
    runtime.shutdown_timeout(STOP_MAX);
    outcome
}

/// Runs a node on the current runtime until `stopped`. Then it takes no more requests, tells everybody who waits
/// what is certain, and makes its log durable.
///
/// # Errors
/// See [`NodeError`].
pub async fn serve(options: NodeOptions, stopped: impl Future<Output = ()> + Send) -> Result<(), NodeError> {
    let Some((_, peer_address)) = options.peers.iter().find(|(id, _)| *id == options.id).cloned() else {
        return Err(NodeError::NotAPeer { id: options.id });
    };
    if let Some(bug) = options.bug {
        tracing::warn!("planted bug {}: the node {}", bug.name(), bug.sentence());
    }
    let listen = |address: SocketAddr| async move {
        TcpListener::bind(address)
            .await
            .map_err(|source| NodeError::Listen { address, source })
    };
    let (clients, peers) = (listen(options.listen).await?, listen(peer_address).await?);
    let (handle, mut tasks) = node::start(&options, peers)?;
    tracing::info!("listening on {}", options.listen);
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::select! {
        () = accept(clients, routes::routes(handle.clone()), stopping, &mut connections) => {}
        () = stopped => {}
        // A node that only looks alive is worse than none.
        error = broken(&mut tasks) => return Err(error),
    }
    stop.send_replace(true);
    handle.stop().await;
    // Whoever does not take his answer goes without.
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOP_MAX, all).await;
    connections.abort_all();
    tasks.iter().for_each(JoinHandle::abort);
    // Whoever starts a node anew finds its address free: the task that listens there has let go of it.
    let gone = async {
        for task in tasks {
            let _ = task.await;
        }
    };
    let _ = tokio::time::timeout(STOP_MAX, gone).await;
    tracing::info!("stopped");
    Ok(())
}

/// Waits until one of the tasks has ended that a node consists of. None does by itself.
async fn broken(tasks: &mut [JoinHandle<()>]) -> NodeError {
    let (outcome, _, _) = futures_util::future::select_all(tasks).await;
    NodeError::Broken {
        action: "go on",
        reason: match outcome {
            Err(error) => error.to_string(),
            Ok(()) => "a task has ended".to_owned(),
        },
    }
}

/// How many connections of clients there may be, so that they never take the file descriptors that the log needs for
/// its next file, or the other nodes for their connections. The soft limit is raised as far as that takes.
fn connections_max() -> usize {
    let wanted = CONNECTIONS_MAX + RESERVED;
    let there = match getrlimit(Resource::RLIMIT_NOFILE) {
        Err(_) => wanted,
        Ok((soft, _)) if soft >= wanted => soft,
        Ok((soft, hard)) => {
            let more = wanted.min(hard);
            // Then it stays as it was.
            setrlimit(Resource::RLIMIT_NOFILE, more, hard).map_or(soft, |()| more)
        }
    };
    let for_clients = there.saturating_sub(RESERVED).max(there / 4);
    usize::try_from(for_clients.min(CONNECTIONS_MAX)).expect("it is at most 1024")
}

/// Serves clients, each on a task of its own: a slow one holds up nobody.
async fn accept(
    listener: TcpListener,
    router: axum::Router,
    stopping: watch::Receiver<bool>,
    connections: &mut JoinSet<()>,
) {
    let places = Arc::new(Semaphore::new(connections_max()));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            // No file descriptor is left, perhaps: others will be closed.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Without a place, the connection is closed by being dropped.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let (router, stopping) = (router.clone(), stopping.clone());
        connections.spawn(async move {
            let _place = place;
            // Small answers are not to wait for each other.
            let _ = stream.set_nodelay(true);
            speak(stream, router, stopping).await;
        });
    }
}

/// Serves one connection, until its client has gone, takes too long, or the node stops.
async fn speak(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    router: axum::Router,
    mut stopping: watch::Receiver<bool>,
) {
    let mut stream = Box::pin(TimeoutStream::new(stream));
    stream.as_mut().set_write_timeout_pinned(Some(WRITE_TIMEOUT));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // What goes wrong on a connection is its client's affair.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Instant, sleep};

    const ANSWER_BYTES: usize = 1 << 20;

    /// A client that has asked for much, over a connection that holds little.
    async fn asked() -> (DuplexStream, JoinHandle<()>, watch::Sender<bool>) {
        let answer = || async { vec![b'x'; ANSWER_BYTES] };
        let router = axum::Router::new().route("/", axum::routing::get(answer));
        let (stop, stopping) = watch::channel(false);
        let (mut client, server) = duplex(64 << 10);
        let served = tokio::spawn(speak(server, router, stopping));
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: n1\r\n\r\n")
            .await
            .unwrap();
        (client, served, stop)
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_read_his_answer_loses_his_connection() {
        let (_client, served, _stop) = asked().await;
        let began = Instant::now();
        served.await.unwrap();
        assert_eq!(began.elapsed().as_secs(), WRITE_TIMEOUT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_reads_slowly_gets_all_of_his_answer() {
        let (mut client, served, _stop) = asked().await;
        let (mut buffer, mut bytes) = (vec![0; 64 << 10], 0);
        while bytes < ANSWER_BYTES {
            sleep(WRITE_TIMEOUT * 9 / 10).await;
            bytes += client.read(&mut buffer).await.unwrap();
        }
        drop(client);
        served.await.unwrap();
    }

    #[tokio::test]
    async fn a_node_of_which_a_part_has_panicked_ends_and_says_so() {
        let mut tasks = [
            tokio::spawn(std::future::pending()),
            tokio::spawn(async { panic!("a decree is lost") }),
        ];
        let error = broken(&mut tasks).await.to_string();
        assert!(
            error.starts_with("go on: ") && error.contains("a decree is lost"),
            "{error}"
        );
    }
}
