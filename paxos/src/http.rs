//! The node on the network: HTTP and JSON, between nodes and for clients.
//!
//! Clients: `POST /decrees/{decree}/propose` with `{"value": …}` and `GET /decrees/{decree}`, both answered with
//! `{"value": …}` (null: undecided); `GET /health`. What goes wrong is answered with
//! `{"error": …, "outcome": "failed" | "unknown"}`: *failed* only what certainly has no effect, ever.
//!
//! Read next: [`peers`] for the way to the other nodes, [`server`] for what is served.

pub mod peers;
pub mod server;

use crate::node::{Node, NodeOptions};
use crate::storage::StorageError;
use peers::Peers;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Why a node does not run.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Its id is not among the peers.
    #[error("start node {id}: it is not among the peers")]
    NotAPeer {
        /// The id.
        id: String,
    },
    /// Its log cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// It cannot listen.
    #[error("listen on {address}: {source}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The runtime, the HTTP client or the server broke.
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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| NodeError::Broken {
            action: "start the runtime",
            reason: error.to_string(),
        })?;
    runtime.block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            .map_err(|error| NodeError::Broken {
                action: "listen for signals",
                reason: error.to_string(),
            })?;
        let stopped = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        serve(options, stopped).await
    })
}

/// Runs a node on the current runtime until `stopped`.
///
/// # Errors
/// See [`NodeError`].
pub async fn serve(
    options: NodeOptions,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Result<(), NodeError> {
    if !options.peers.iter().any(|(id, _)| *id == options.id) {
        return Err(NodeError::NotAPeer { id: options.id });
    }
    let address = options.listen;
    if let Some(bug) = options.bug {
        tracing::warn!("planted bug {}: {}", bug.name(), bug.sentence());
    }
    let peers = Peers::new(&options.peers).map_err(|error| NodeError::Broken {
        action: "set up the HTTP client",
        reason: error.to_string(),
    })?;
    let node = Arc::new(Node::recover(options, peers)?);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| NodeError::Listen { address, source })?;
    tracing::info!("listening on {address}");
    axum::serve(listener, server::routes(node))
        .with_graceful_shutdown(stopped)
        .await
        .map_err(|error| NodeError::Broken {
            action: "serve",
            reason: error.to_string(),
        })
}
