//! Two ends of a connection through a proxy, and words sent along it.

use cluster::network::Network;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

pub const PORT: u16 = 7001;

pub fn names(count: usize) -> Vec<String> {
    (1..=count).map(|i| format!("n{i}")).collect()
}

pub fn link(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

/// Two nodes and the client, and a program that listens in the place of the second node.
pub struct Wire {
    pub network: Network,
    pub server: TcpListener,
}

impl Wire {
    pub fn new(seed: u64) -> Wire {
        let network = Network::start_proxies(&names(2), &[PORT], seed).unwrap();
        let server = TcpListener::bind((network.address("n2", "n2"), PORT)).unwrap();
        network.open("n2");
        Wire { network, server }
    }

    /// Somebody dials the second node.
    pub fn dial(&self, from: &str) -> TcpStream {
        patient(TcpStream::connect((self.network.address(from, "n2"), PORT)).unwrap())
    }

    pub fn accept(&self) -> TcpStream {
        patient(self.server.accept().unwrap().0)
    }

    /// A connection that somebody dialled: his end, and that of the second node. A byte has gone each way: a kernel
    /// says that it is open when the proxy has accepted it, which the other end has not yet.
    pub fn connection(&self, from: &str) -> (TcpStream, TcpStream) {
        let mut ours = self.dial(from);
        let mut theirs = self.accept();
        say(&mut ours, "?");
        assert_eq!(hear(&mut theirs, 1), "?");
        say(&mut theirs, "!");
        assert_eq!(hear(&mut ours, 1), "!");
        (ours, theirs)
    }
}

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

pub fn say(stream: &mut TcpStream, words: &str) {
    stream.write_all(words.as_bytes()).unwrap();
}

pub fn hear(stream: &mut TcpStream, bytes: usize) -> String {
    let mut heard = vec![0; bytes];
    stream.read_exact(&mut heard).unwrap();
    String::from_utf8(heard).unwrap()
}

/// Whether there is nothing to read, and the connection is open.
pub fn is_silent(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false).unwrap();
    peeked.is_err_and(|why| why.kind() == std::io::ErrorKind::WouldBlock)
}
