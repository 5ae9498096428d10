//! The proxies: one thread that accepts what hosts dial, dials for them, and leads what they say past the rules of
//! its link.
//!
//! A directed link is one direction of all connections between two hosts, whoever dialled. Programs' kernels speak
//! TCP with us and not with each other, so what is between is made here: asking for a connection and granting it,
//! bytes, their end, and resets go as *chunks* along links, each written as the TCP segment that could have carried
//! it ([`segment`]). The rules act on these as on packets. What a cut swallows is sent again until it arrives, as a
//! kernel does ([`flow`]).
//!
//! On a link that no rule is about, bytes go from socket to socket, in chunks of at most 64 KiB.
//!
//! Bounds: [`flow::WINDOW_BYTES`] for each direction of a connection, [`KEPT_BYTES_MAX`] for all together, and
//! [`CONNECTIONS_MAX`] connections.
//!
//! Read next: [`loopback`] for addresses, [`doors`] for where is listened, [`connection`] for the sockets, [`serve`] for the
//! thread.

mod chunks;
mod connection;
mod doors;
mod flow;
pub mod loopback;
mod outbox;
mod segment;
mod serve;
mod sides;

use super::NetworkError;
use super::counters::Counters;
use super::orders::Worker;
use super::pipeline::Pipeline;
use connection::Connection;
use doors::Door;
use loopback::Block;
use mio::{Events, Poll, Token, Waker};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use outbox::Outbox;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

/// How many connections there may be; where fewer files may be open, fewer.
pub const CONNECTIONS_MAX: usize = 4096;

/// How many bytes are kept for all connections together; when there are more, nobody is read from.
pub const KEPT_BYTES_MAX: u64 = 64 << 20;

/// How many bytes a chunk has at most on a link that no rule is about.
const CHUNK_BYTES_MAX: usize = 64 << 10;

/// Open files for everything but the proxies.
const OTHER_FILES: u64 = 256;

/// Proxies for these hosts (the last is the client), on these ports.
///
/// # Errors
/// When an address is taken, or the kernel refuses a step.
pub fn start(
    block: Arc<Block>,
    names: &[String],
    ports: &[u16],
    counters: Arc<Counters>,
) -> Result<Worker, NetworkError> {
    let count = names.len().saturating_sub(1).pow(2) * ports.len();
    let connections_max = make_room(count)?;
    let doors = doors::build(&block, names, ports)?;
    let failed = |source| NetworkError::Build {
        what: "start the proxies",
        host: "all hosts".to_owned(),
        source,
    };
    let poll = Poll::new().map_err(failed)?;
    let waker = Waker::new(poll.registry(), Token(serve::CALLED)).map_err(failed)?;
    let wake = move || {
        if let Err(why) = waker.wake() {
            tracing::error!("the proxies cannot be called: {why}");
        }
    };
    let hosts = names.len();
    Worker::start("proxies", wake, move |orders| {
        let proxies = Proxies {
            poll,
            block,
            pipeline: Pipeline::new(hosts),
            outbox: Outbox::new(counters),
            orders,
            doors,
            connections: HashMap::new(),
            by_ends: HashMap::new(),
            retries: BTreeSet::new(),
            again: BTreeSet::new(),
            doors_again: BTreeSet::new(),
            kept: 0,
            next_id: 0,
            connections_max,
            buffer: vec![0; CHUNK_BYTES_MAX],
        };
        proxies.serve(Events::with_capacity(1024))
    })
    .map_err(failed)
}

/// Sees to it that enough files can be open for so many doors; returns how many connections there is room for.
fn make_room(doors: usize) -> Result<usize, NetworkError> {
    let limit = |source: nix::Error| NetworkError::Build {
        what: "look at the limit on open files",
        host: "all hosts".to_owned(),
        source: source.into(),
    };
    let (mut soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(limit)?;
    let taken = doors as u64 + OTHER_FILES;
    // Nodes inherit it: it is left alone where it will do.
    if soft < taken + 1024 {
        soft = hard.min(taken + 2 * CONNECTIONS_MAX as u64).max(soft);
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard).map_err(limit)?;
    }
    match soft.saturating_sub(taken) / 2 {
        0..64 => Err(NetworkError::OpenFiles {
            needed: taken + 128,
            limit: soft,
        }),
        room => Ok(usize::try_from(room).map_or(CONNECTIONS_MAX, |room| room.min(CONNECTIONS_MAX))),
    }
}

/// What tells connections apart: dialer, dialled, and their ports.
type Ends = ([usize; 2], [u16; 2]);

/// What the thread works with.
struct Proxies {
    poll: Poll,
    block: Arc<Block>,
    pipeline: Pipeline,
    outbox: Outbox,
    orders: super::orders::Orders,
    doors: Vec<Door>,
    connections: HashMap<u64, Connection>,
    by_ends: HashMap<Ends, u64>,
    /// When to send again what was swallowed: of which connection, from which side.
    retries: BTreeSet<(Instant, u64, usize)>,
    /// Sides that may have more to say and were interrupted, or may go on.
    again: BTreeSet<(u64, usize)>,
    /// Doors at which somebody could not be accepted.
    doors_again: BTreeSet<usize>,
    /// Bytes that are kept for all connections.
    kept: u64,
    next_id: u64,
    connections_max: usize,
    buffer: Vec<u8>,
}
