//! What the switch costs: round trips and packets per second, beside a kernel bridge and plain loopback, in one
//! run. And what logs take, and how soon nodes are stopped. What disks cost is in [`disk`].

mod bridge;
mod costs;
pub mod disk;
mod proxies;
mod reactions;

use crate::network::names;
use bridge::Bridge;
use cluster::network::Network;
use nix::sched::{CloneFlags, CpuSet, sched_setaffinity, setns};
use nix::unistd::Pid;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const ROUNDS: usize = 3;
const ROUND_TRIPS: usize = 10_000;
const MESSAGE_BYTES: usize = 64;
const STREAM_BYTES: usize = 256 << 20;
const FLOOD: Duration = Duration::from_secs(1);

pub fn main() -> ExitCode {
    let begun = Instant::now();
    let network = Network::start(&names(5), 1).unwrap();
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
    compare(&network);
    costs::measure(&network);
    proxies::measure(&network);
    println!("{:?}", network.strays());
    log_lines();
    drop(network);
    reactions::measure();
    disk::disks();
    ExitCode::SUCCESS
}

/// A way from one host to another, to be measured.
struct Way<'a> {
    name: &'static str,
    from: &'a dyn AsFd,
    to: &'a dyn AsFd,
    ip: Ipv4Addr,
    figures: Figures,
}

/// What was measured, once a round.
#[derive(Default)]
struct Figures {
    /// Round trips between two threads on one processor, and on two: waking a thread on another processor that sleeps
    /// takes a virtual machine longer than everything else together, so where the scheduler puts them would decide.
    tcp_us: [Vec<f64>; 2],
    udp_us: [Vec<f64>; 2],
    megabytes: Vec<f64>,
    packets: Vec<f64>,
}

/// Measures all ways in turn, several times, so that a change of the machine's mood hits all of them.
fn compare(network: &Network) {
    let [one, two] = ["n1", "n2"].map(|host| network.namespace(host));
    let ip = network.ip("n2");
    let way = |name, from, to, ip| Way {
        name,
        from,
        to,
        ip,
        figures: Figures::default(),
    };
    let mut ways = vec![way("loopback", &two, &two, ip), way("switch", &one, &two, ip)];
    let bridge = Bridge::build();
    match &bridge {
        Ok(Bridge {
            hosts: [(from, _), (to, ip)],
        }) => ways.push(way("bridge", from, to, *ip)),
        Err(why) => println!("no kernel bridge to compare with: failed to {why}"),
    }
    for _ in 0..ROUNDS {
        ways.iter_mut().for_each(measure);
    }
    for way in &mut ways {
        way.print();
    }
    if let [_, switch, bridge] = ways.as_slice() {
        let ratio = |figures: fn(&Figures) -> &Vec<f64>| {
            median(figures(&switch.figures)) / median(figures(&bridge.figures))
        };
        println!(
            "switch to bridge: round trip together TCP {:.2}, UDP {:.2}; apart TCP {:.2}, UDP {:.2}; stream {:.2}, packets {:.2}",
            ratio(|figures| &figures.tcp_us[0]),
            ratio(|figures| &figures.udp_us[0]),
            ratio(|figures| &figures.tcp_us[1]),
            ratio(|figures| &figures.udp_us[1]),
            ratio(|figures| &figures.megabytes),
            ratio(|figures| &figures.packets),
        );
    }
}

impl Way<'_> {
    fn print(&self) {
        let Figures {
            tcp_us: [tcp, tcp_apart],
            udp_us: [udp, udp_apart],
            megabytes,
            packets,
        } = &self.figures;
        println!(
            "{:<9} round trip on one processor TCP {:>5.1} us, UDP {:>5.1} us, on two TCP {:>5.1} us, UDP {:>5.1} us; \
             stream {:>5.0} MB/s; flood {:>6.0} packets/s arrive",
            self.name,
            median(tcp),
            median(udp),
            median(tcp_apart),
            median(udp_apart),
            median(megabytes),
            median(packets)
        );
    }
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn measure(way: &mut Way) {
    let (ip, figures) = (way.ip, &mut way.figures);
    let server = within(way.to, || TcpListener::bind((ip, 0)).unwrap());
    let address = server.local_addr().unwrap();
    let connect = || within(way.from, || TcpStream::connect(address).unwrap());
    for (place, figures) in figures.tcp_us.iter_mut().enumerate() {
        figures.push(tcp_round_trips(place, &server, connect()));
    }
    figures.megabytes.push(stream(&server, connect()));
    let receiver = within(way.to, || UdpSocket::bind((ip, 0)).unwrap());
    let address = receiver.local_addr().unwrap();
    let sender = within(way.from, || UdpSocket::bind("0.0.0.0:0").unwrap());
    sender.connect(address).unwrap();
    for (place, figures) in figures.udp_us.iter_mut().enumerate() {
        figures.push(udp_round_trips(place, &receiver, &sender));
    }
    figures.packets.push(flood(&receiver, &sender));
}

/// Does something in a network namespace.
pub fn within<T: Send>(namespace: &dyn AsFd, act: impl FnOnce() -> T + Send) -> T {
    let namespace = namespace.as_fd();
    std::thread::scope(|scope| {
        let there = scope.spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            act()
        });
        there.join().unwrap()
    })
}

/// A stream of short lines into a log file, as fast as it goes.
fn log_lines() {
    const LINES: usize = 2_000_000;
    let dir = tempfile::tempdir().unwrap();
    let file = cluster::log::open(&dir.path().join("stderr.log")).unwrap();
    let (stream, mut end) = std::io::pipe().unwrap();
    let begun = Instant::now();
    let done = cluster::log::follow(
        stream,
        file,
        begun,
        "measured",
        cluster::log::LINE_BYTES_MAX,
        |_, _| (),
    )
    .unwrap();
    let block = "accepted decree=147 ballot=4.n1 value=17 by n3\n".repeat(1000);
    (0..LINES / 1000).for_each(|_| end.write_all(block.as_bytes()).unwrap());
    drop(end);
    done.blocking_recv().unwrap();
    println!(
        "log                        {:>9.0} lines/s",
        LINES as f64 / begun.elapsed().as_secs_f64()
    );
}

/// Keeps the calling thread on one processor.
fn stay_on(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor).unwrap();
    if let Err(why) = sched_setaffinity(Pid::from_raw(0), &set) {
        println!("no processor {processor}: {why}; the scheduler has its way");
    }
}

fn tcp_round_trips(place: usize, server: &TcpListener, mut client: TcpStream) -> f64 {
    let (mut peer, _) = server.accept().unwrap();
    peer.set_nodelay(true).unwrap();
    client.set_nodelay(true).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            stay_on(place);
            let mut message = [0; MESSAGE_BYTES];
            while peer.read_exact(&mut message).is_ok() {
                peer.write_all(&message).unwrap();
            }
        });
        let client = scope.spawn(move || {
            stay_on(0);
            median_us(|| {
                let mut message = [1; MESSAGE_BYTES];
                client.write_all(&message).unwrap();
                client.read_exact(&mut message).unwrap();
            })
        });
        client.join().unwrap()
    })
}

/// The round trip of a datagram between two threads, in microseconds; on one processor when the place is 0.
fn udp_round_trips(place: usize, receiver: &UdpSocket, sender: &UdpSocket) -> f64 {
    sender.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            stay_on(place);
            let mut message = [0; MESSAGE_BYTES];
            while let Ok((bytes @ 1.., from)) = receiver.recv_from(&mut message) {
                receiver.send_to(&message[..bytes], from).unwrap();
            }
        });
        let client = scope.spawn(move || {
            stay_on(0);
            let us = median_us(|| {
                let mut message = [1; MESSAGE_BYTES];
                sender.send(&message).unwrap();
                sender.recv(&mut message).unwrap();
            });
            sender.send(&[]).unwrap();
            us
        });
        client.join().unwrap()
    })
}

fn median_us(mut round_trip: impl FnMut()) -> f64 {
    let times: Vec<f64> = (0..ROUND_TRIPS)
        .map(|_| {
            let begun = Instant::now();
            round_trip();
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    median(&times)
}

/// Megabytes per second that arrive of a stream.
fn stream(server: &TcpListener, mut client: TcpStream) -> f64 {
    let (mut peer, _) = server.accept().unwrap();
    let begun = Instant::now();
    let sender = std::thread::spawn(move || client.write_all(&vec![0; STREAM_BYTES]).unwrap());
    let received = std::io::copy(&mut peer, &mut std::io::sink()).unwrap();
    sender.join().unwrap();
    received as f64 / 1e6 / begun.elapsed().as_secs_f64()
}

/// Packets per second that arrive of as many as can be sent.
fn flood(receiver: &UdpSocket, sender: &UdpSocket) -> f64 {
    receiver
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let begun = Instant::now();
            while sender.send(&[0; MESSAGE_BYTES]).is_ok() && begun.elapsed() < FLOOD {}
        });
        let received = std::iter::from_fn(|| receiver.recv_from(&mut [0; MESSAGE_BYTES]).ok()).count();
        received as f64 / FLOOD.as_secs_f64()
    })
}
