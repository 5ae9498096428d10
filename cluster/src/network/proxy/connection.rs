//! A connection between two programs that know nothing of each other's sockets: the one that dialled us, and the one
//! that we dialled for it.

use super::super::HostId;
use super::super::queue::Link;
use super::flow::Flow;
use super::loopback::Block;
use mio::net::TcpStream;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddrV4;
use std::time::Duration;

/// The side of who dialled. The other is who was dialled. A flow has the number of the side that it comes from.
pub const DIALER: usize = 0;
/// The side of who was dialled.
pub const DIALLED: usize = 1;

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The dialled host has not heard of it yet.
    Asking,
    /// It is being dialled.
    Dialling,
    /// It has accepted; the dialer has not heard of that yet.
    Answering,
    /// Bytes go both ways.
    Open,
}

/// A connection.
#[derive(Debug)]
pub struct Connection {
    /// The two hosts, by side.
    pub hosts: [HostId; 2],
    /// Their ports.
    pub ports: [u16; 2],
    /// How far it has come.
    pub stage: Stage,
    /// Whether the question for it was swallowed.
    pub was_in_vain: bool,
    /// The two directions, each by the side that it comes from.
    pub flows: [Flow; 2],
    /// The sockets, while there are any.
    pub ends: [Option<End>; 2],
}

impl Connection {
    /// The link on which a side sends.
    pub fn link(&self, side: usize) -> Link {
        Link {
            from: self.hosts[side],
            to: self.hosts[1 - side],
        }
    }

    /// The ports as a side sees them: its own, the other's.
    pub fn ports_of(&self, side: usize) -> (u16, u16) {
        (self.ports[side], self.ports[1 - side])
    }

    /// Whether both directions have come to their ends, or nobody is there any more.
    pub fn is_over(&self) -> bool {
        self.ends.iter().all(Option::is_none)
            || self
                .ends
                .iter()
                .all(|end| end.as_ref().is_none_or(|end| end.is_shut))
                && self.flows.iter().all(|flow| flow.has_ended && flow.is_quiet())
    }
}

/// A socket of ours, whose other end a program has.
#[derive(Debug)]
pub struct End {
    /// The socket.
    pub stream: TcpStream,
    /// Whether there may be something to read.
    pub is_readable: bool,
    /// Whether something can be written.
    is_writable: bool,
    /// What has arrived and does not fit into the kernel's buffer.
    unwritten: VecDeque<u8>,
    /// Whether nothing more will come.
    is_last: bool,
    /// Whether the program was told so.
    is_shut: bool,
}

impl End {
    /// One that was just connected.
    pub fn new(stream: TcpStream) -> End {
        End {
            stream,
            is_readable: true,
            is_writable: true,
            unwritten: VecDeque::new(),
            is_last: false,
            is_shut: false,
        }
    }

    /// Hands bytes to the program; returns how many the kernel has taken.
    pub fn hand_over(&mut self, mut bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        if self.unwritten.is_empty() {
            taken = self.write(bytes)?;
            bytes = &bytes[taken..];
        }
        self.unwritten.extend(bytes);
        Ok(taken)
    }

    /// Notes that nothing more will come.
    pub fn finish(&mut self) {
        self.is_last = true;
        self.shut_if_done();
    }

    /// There is room again: hands over what has waited.
    pub fn flush(&mut self) -> io::Result<usize> {
        self.is_writable = true;
        let mut taken = 0;
        while self.is_writable && !self.unwritten.is_empty() {
            let (front, _) = self.unwritten.as_slices();
            let bytes = write(&mut self.stream, &mut self.is_writable, front)?;
            self.unwritten.drain(..bytes);
            taken += bytes;
        }
        self.shut_if_done();
        Ok(taken)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        while self.is_writable && taken < bytes.len() {
            taken += write(&mut self.stream, &mut self.is_writable, &bytes[taken..])?;
        }
        Ok(taken)
    }

    fn shut_if_done(&mut self) {
        if self.is_last && !self.is_shut && self.unwritten.is_empty() {
            // It fails when the program has closed it already.
            let _ = self.stream.shutdown(std::net::Shutdown::Write);
            self.is_shut = true;
        }
    }

    /// Closes it in such a way that the program is told of a reset.
    pub fn reset(self) {
        // Without it the program sees an ordinary end, which is the least that closing does.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}

fn write(stream: &mut TcpStream, is_writable: &mut bool, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match stream.write(bytes) {
            Ok(taken) => return Ok(taken),
            Err(why) if why.kind() == ErrorKind::WouldBlock => {
                *is_writable = false;
                return Ok(0);
            }
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
}

/// Begins to dial a host in the name of another: from the address under which it would dial that one itself.
///
/// # Errors
/// When the kernel knows at once that it cannot be.
pub fn dial(block: &Block, dialer: HostId, dialled: HostId, port: u16) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    // The port is chosen when the destination is known, and so does not run out sooner.
    setsockopt(&socket, sockopt::IpBindAddressNoPort, &true)?;
    socket.bind(&SocketAddrV4::new(block.seen(dialled, dialer), 0).into())?;
    socket.set_tcp_nodelay(true)?;
    let to = SocketAddrV4::new(block.own(dialled), port);
    match socket.connect(&to.into()) {
        Err(why) if why.raw_os_error() != Some(nix::libc::EINPROGRESS) => Err(why),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}
