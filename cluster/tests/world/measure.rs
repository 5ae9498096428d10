//! What the switch costs: a round trip and packets per second, beside plain loopback. And what logs take. What disks
//! cost is in [`disk`].

pub mod disk;

use crate::network::{at, names};
use cluster::network::Network;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const ROUND_TRIPS: usize = 20_000;
const STREAM_BYTES: usize = 256 << 20;
const FLOOD: Duration = Duration::from_secs(2);

pub fn main() -> ExitCode {
    let begun = Instant::now();
    let network = Network::start(&names(5)).unwrap();
    println!(
        "network of five nodes      {:>9.1} ms",
        begun.elapsed().as_secs_f64() * 1e3
    );
    let begun = Instant::now();
    for _ in 0..1000 {
        let rule = network.cut(&[("n1".to_owned(), "n2".to_owned())]).unwrap();
        network.heal(rule);
    }
    println!(
        "cut or heal, until in use  {:>9.1} us",
        begun.elapsed().as_secs_f64() * 1e6 / 2000.0
    );
    for (what, from, to) in [("loopback", "n2", "n2"), ("switch", "n1", "n2")] {
        let ip = network.ip("n2");
        let server = at(&network, to, || TcpListener::bind((ip, 7000)).unwrap());
        round_trips(
            what,
            &server,
            at(&network, from, || TcpStream::connect((ip, 7000)).unwrap()),
        );
        stream(
            what,
            &server,
            at(&network, from, || TcpStream::connect((ip, 7000)).unwrap()),
        );
        let receiver = at(&network, to, || UdpSocket::bind((ip, 7001)).unwrap());
        let sender = at(&network, from, || {
            UdpSocket::bind((network.ip(from), 7002)).unwrap()
        });
        flood(what, &receiver, &sender, ip);
    }
    println!("{:?}", network.strays());
    log_lines();
    disk::disks();
    ExitCode::SUCCESS
}

/// A stream of short lines into a log file, as fast as it goes.
fn log_lines() {
    const LINES: usize = 2_000_000;
    let dir = tempfile::tempdir().unwrap();
    let file = cluster::log::open(&dir.path().join("stderr.log")).unwrap();
    let (stream, mut end) = std::io::pipe().unwrap();
    let begun = Instant::now();
    let done = cluster::log::follow(stream, file, begun, "measured").unwrap();
    let block = "accepted decree=147 ballot=4.n1 value=17 by n3\n".repeat(1000);
    (0..LINES / 1000).for_each(|_| end.write_all(block.as_bytes()).unwrap());
    drop(end);
    done.blocking_recv().unwrap();
    println!(
        "log                        {:>9.0} lines/s",
        LINES as f64 / begun.elapsed().as_secs_f64()
    );
}

fn round_trips(what: &str, server: &TcpListener, mut client: TcpStream) {
    let (mut peer, _) = server.accept().unwrap();
    let echo = std::thread::spawn(move || {
        let mut byte = [0];
        while peer.read_exact(&mut byte).is_ok() {
            peer.write_all(&byte).unwrap();
        }
    });
    client.set_nodelay(true).unwrap();
    let mut times: Vec<Duration> = (0..ROUND_TRIPS)
        .map(|_| {
            let begun = Instant::now();
            client.write_all(&[1]).unwrap();
            client.read_exact(&mut [0]).unwrap();
            begun.elapsed()
        })
        .collect();
    drop(client);
    echo.join().unwrap();
    times.sort_unstable();
    let us = |rank: usize| times[rank].as_secs_f64() * 1e6;
    let (median, high) = (us(ROUND_TRIPS / 2), us(ROUND_TRIPS * 99 / 100));
    println!("{what:<9} TCP round trip   {median:>9.1} us median, {high:.1} us at 99 %");
}

fn stream(what: &str, server: &TcpListener, mut client: TcpStream) {
    let (mut peer, _) = server.accept().unwrap();
    let begun = Instant::now();
    let sender = std::thread::spawn(move || client.write_all(&vec![0; STREAM_BYTES]).unwrap());
    let received = std::io::copy(&mut peer, &mut std::io::sink()).unwrap();
    sender.join().unwrap();
    println!(
        "{what:<9} TCP stream       {:>9.0} MB/s",
        received as f64 / 1e6 / begun.elapsed().as_secs_f64()
    );
}

fn flood(what: &str, receiver: &UdpSocket, sender: &UdpSocket, ip: Ipv4Addr) {
    receiver
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let (sent, received) = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let begun = Instant::now();
            (0..)
                .take_while(|_| sender.send_to(&[0; 64], (ip, 7001)).is_ok() && begun.elapsed() < FLOOD)
                .count()
        });
        let received = std::iter::from_fn(|| receiver.recv_from(&mut [0; 64]).ok()).count();
        (sending.join().unwrap(), received)
    });
    let seconds = FLOOD.as_secs_f64();
    println!(
        "{what:<9} UDP flood        {:>9.0} packets/s arrive of {:.0} sent/s",
        received as f64 / seconds,
        sent as f64 / seconds
    );
}
