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
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

/// How many connections of clients there may be, if there are file descriptors for them; one more is closed at once.
const CONNECTIONS_MAX: u64 = 1024;
/// File descriptors for everything else: the log and the table, the other nodes, strangers on their port.
const RESERVED: u64 = 128;
/// How long a client may take to say what it wants.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
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
        let (router, mut stopping) = (router.clone(), stopping.clone());
        connections.spawn(async move {
            let _place = place;
            // Small answers are not to wait for each other.
            let _ = stream.set_nodelay(true);
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
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
