//! Where proxies listen: a socket for each directed link and port.
//!
//! A door is open while the node behind it has a process. Closed, its address stays ours, and the kernel refuses who
//! dials it, as it would if there were no proxy.

use super::super::{HostId, NetworkError};
use super::loopback::Block;
use mio::net::TcpListener;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

/// How many connections may wait to be accepted at one door.
const BACKLOG: i32 = 1024;

/// A place to listen at.
#[derive(Debug)]
pub struct Door {
    /// Who dials here.
    pub viewer: HostId,
    /// Whom they mean.
    pub host: HostId,
    /// The port of both.
    pub port: u16,
    address: Ipv4Addr,
    state: State,
}

#[derive(Debug)]
enum State {
    Closed(Socket),
    Open(TcpListener),
    /// Its address could not be had again.
    Gone,
}

/// All doors, closed; the viewers are the nodes and the client.
///
/// # Errors
/// When somebody listens on one of the ports at all addresses.
pub fn build(block: &Block, names: &[String], ports: &[u16]) -> Result<Vec<Door>, NetworkError> {
    let mut doors = Vec::new();
    for viewer in 0..names.len() {
        for host in (0..names.len() - 1).filter(|host| *host != viewer) {
            for &port in ports {
                let address = block.seen(viewer, host);
                let socket = bind(address, port).map_err(|source| NetworkError::Listen {
                    address: SocketAddrV4::new(address, port),
                    host: names[host].clone(),
                    source,
                })?;
                doors.push(Door {
                    viewer,
                    host,
                    port,
                    address,
                    state: State::Closed(socket),
                });
            }
        }
    }
    Ok(doors)
}

fn bind(address: Ipv4Addr, port: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    // Connections of an earlier life may still be waiting for their last packets.
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddrV4::new(address, port).into())?;
    Ok(socket)
}

impl Door {
    /// Lets dialers in; returns what to wait for, if it was closed.
    pub fn open(&mut self) -> io::Result<Option<&mut TcpListener>> {
        let socket = match std::mem::replace(&mut self.state, State::Gone) {
            State::Closed(socket) => socket,
            State::Gone => bind(self.address, self.port)?,
            open @ State::Open(_) => {
                self.state = open;
                return Ok(None);
            }
        };
        socket.listen(BACKLOG)?;
        self.state = State::Open(TcpListener::from_std(socket.into()));
        match &mut self.state {
            State::Open(listener) => Ok(Some(listener)),
            _ => unreachable!("it was opened just now"),
        }
    }

    /// Has dialers refused, also those who were not accepted yet.
    pub fn close(&mut self) -> io::Result<()> {
        if matches!(self.state, State::Open(_)) {
            self.state = State::Gone;
            self.state = State::Closed(bind(self.address, self.port)?);
        }
        Ok(())
    }

    /// What is listened with, while it is open.
    pub fn listener(&self) -> Option<&TcpListener> {
        match &self.state {
            State::Open(listener) => Some(listener),
            _ => None,
        }
    }
}
