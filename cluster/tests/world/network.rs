//! Packets through the switch: who reaches whom, what a cut stops, what is counted.

use crate::suite::{eventually, tests};
use cluster::network::{CLIENT, Network, NetworkError};
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, sendto, socket,
};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

tests![
    every_host_reaches_every_other,
    a_cut_link_drops_its_own_direction_only_and_counts,
    once_cut_has_returned_not_one_packet_passes,
    rules_stack,
    a_cut_of_what_does_not_exist_is_refused,
    a_forged_source_is_dropped_and_counted,
    an_address_that_nobody_has_is_counted,
    a_network_can_be_built_again_after_it_was_dropped,
];

pub const PORT: u16 = 7001;

pub fn names(count: usize) -> Vec<String> {
    (1..=count).map(|i| format!("n{i}")).collect()
}

/// Does something in the network namespace of a host.
pub fn at<T: Send>(network: &Network, host: &str, act: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let there = scope.spawn(|| {
            setns(network.namespace(host), CloneFlags::CLONE_NEWNET).unwrap();
            act()
        });
        there.join().unwrap()
    })
}

/// A socket of a host that waits for a datagram no longer than it should ever take.
pub fn endpoint(network: &Network, host: &str) -> UdpSocket {
    let ip = network.ip(host);
    let socket = at(network, host, || UdpSocket::bind((ip, PORT)).unwrap());
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

pub fn receive(socket: &UdpSocket) -> (Ipv4Addr, String) {
    let mut buffer = [0; 64];
    let (bytes, from) = socket.recv_from(&mut buffer).unwrap();
    let std::net::IpAddr::V4(ip) = from.ip() else {
        panic!("not IPv4: {from}")
    };
    (ip, String::from_utf8_lossy(&buffer[..bytes]).into_owned())
}

pub fn is_empty(socket: &UdpSocket) -> bool {
    socket.set_nonblocking(true).unwrap();
    let nothing = socket
        .recv_from(&mut [0; 64])
        .is_err_and(|why| why.kind() == ErrorKind::WouldBlock);
    socket.set_nonblocking(false).unwrap();
    nothing
}

pub fn link(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

fn every_host_reaches_every_other() {
    let network = Network::start(&names(4), 1).unwrap();
    let hosts = network.hosts().to_vec();
    assert_eq!(hosts.last().unwrap(), CLIENT);
    let sockets: Vec<_> = hosts.iter().map(|host| endpoint(&network, host)).collect();
    for (i, from) in hosts.iter().enumerate() {
        for (j, to) in hosts.iter().enumerate().filter(|(j, _)| *j != i) {
            let message = format!("{from} to {to}");
            sockets[i]
                .send_to(message.as_bytes(), (network.ip(to), PORT))
                .unwrap();
            assert_eq!(receive(&sockets[j]), (network.ip(from), message));
        }
    }
    assert_eq!(network.links().len(), 5 * 4);
    // A packet is counted when it was handed over, so its receiver may be a little ahead of the count.
    eventually("every link has carried one packet", || {
        let links = network.links();
        links
            .iter()
            .all(|link| link.packets == 1 && link.dropped == 0 && link.bytes > 28)
    });
}

fn a_cut_link_drops_its_own_direction_only_and_counts() {
    let network = Network::start(&names(3), 1).unwrap();
    let [one, two, three] = ["n1", "n2", "n3"].map(|host| endpoint(&network, host));
    let rule = network.cut(&[link("n1", "n2")]).unwrap();
    one.send_to(b"lost", (network.ip("n2"), PORT)).unwrap();
    eventually("the drop is counted", || {
        network.rule(&rule).links[0].dropped.packets == 1
    });
    assert!(is_empty(&two));
    two.send_to(b"back", (network.ip("n1"), PORT)).unwrap();
    assert_eq!(receive(&one).1, "back");
    one.send_to(b"beside", (network.ip("n3"), PORT)).unwrap();
    assert_eq!(receive(&three).1, "beside");
    let last = network.heal(rule);
    assert_eq!(
        (
            last.links.len(),
            last.links[0].dropped.packets,
            last.links[0].dropped.bytes
        ),
        (1, 1, 20 + 8 + 4)
    );
    assert_eq!(
        (last.links[0].from.as_str(), last.links[0].to.as_str()),
        ("n1", "n2")
    );
    one.send_to(b"found", (network.ip("n2"), PORT)).unwrap();
    assert_eq!(receive(&two).1, "found");
    eventually("the link has carried one packet and lost one", || {
        let links = network.links();
        let link = links
            .iter()
            .find(|link| link.from == "n1" && link.to == "n2")
            .unwrap();
        (link.packets, link.dropped) == (1, 1)
    });
}

fn once_cut_has_returned_not_one_packet_passes() {
    let network = Network::start(&names(2), 1).unwrap();
    let [one, two] = ["n1", "n2"].map(|host| endpoint(&network, host));
    for round in 0..500 {
        let rule = network.cut(&[link("n1", "n2")]).unwrap();
        one.send_to(b"lost", (network.ip("n2"), PORT)).unwrap();
        eventually("the drop is counted", || {
            network.rule(&rule).links[0].dropped.packets == 1
        });
        network.heal(rule);
        let number = round.to_string();
        one.send_to(number.as_bytes(), (network.ip("n2"), PORT)).unwrap();
        assert_eq!(
            receive(&two).1,
            number,
            "after healing the first to arrive is the first sent"
        );
    }
}

fn rules_stack() {
    let network = Network::start(&names(2), 1).unwrap();
    let [one, two] = ["n1", "n2"].map(|host| endpoint(&network, host));
    let first = network.cut(&[link("n1", "n2"), link("n2", "n1")]).unwrap();
    let second = network.cut(&[link("n1", "n2")]).unwrap();
    assert_eq!(network.heal(first).links.len(), 2);
    one.send_to(b"lost", (network.ip("n2"), PORT)).unwrap();
    eventually("the second still drops", || {
        network.rule(&second).links[0].dropped.packets == 1
    });
    two.send_to(b"back", (network.ip("n1"), PORT)).unwrap();
    assert_eq!(receive(&one).1, "back");
    assert_eq!(network.heal(second).links[0].dropped.packets, 1);
}

fn a_cut_of_what_does_not_exist_is_refused() {
    let network = Network::start(&names(2), 1).unwrap();
    let refused = network.cut(&[link("n1", "n2"), link("n1", "n9")]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "disturb a link of \"n9\"; the hosts are n1, n2, client"
    );
    assert!(matches!(
        network.cut(&[link("n1", "n1")]),
        Err(NetworkError::OwnLink { .. })
    ));
    let [one, two] = ["n1", "n2"].map(|host| endpoint(&network, host));
    one.send_to(b"whole", (network.ip("n2"), PORT)).unwrap();
    assert_eq!(receive(&two).1, "whole", "a refused cut cuts nothing");
}

fn a_forged_source_is_dropped_and_counted() {
    let network = Network::start(&names(3), 1).unwrap();
    let two = endpoint(&network, "n2");
    let (forged, target) = (network.ip("n3"), network.ip("n2"));
    let mut packet = vec![0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0];
    packet.extend(forged.octets());
    packet.extend(target.octets());
    packet.extend([0x1b, 0x59, 0x1b, 0x59, 0, 8, 0, 0]);
    at(&network, "n1", || {
        let raw = socket(
            AddressFamily::Inet,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::Raw,
        )
        .unwrap();
        let to = SockaddrIn::from(SocketAddrV4::new(target, 0));
        sendto(raw.as_raw_fd(), &packet, &to, MsgFlags::empty()).unwrap();
    });
    eventually("the forgery is counted", || network.strays().spoofed == 1);
    assert!(is_empty(&two));
    assert!(network.links().iter().all(|link| link.packets == 0));
}

fn an_address_that_nobody_has_is_counted() {
    let network = Network::start(&names(2), 1).unwrap();
    let one = endpoint(&network, "n1");
    one.send_to(b"?", ("10.0.0.77", PORT)).unwrap();
    eventually("the packet is counted", || network.strays().unroutable == 1);
}

fn a_network_can_be_built_again_after_it_was_dropped() {
    for _ in 0..3 {
        let network = Network::start(&names(5), 1).unwrap();
        let [one, five] = ["n1", "n5"].map(|host| endpoint(&network, host));
        one.send_to(b"again", (network.ip("n5"), PORT)).unwrap();
        assert_eq!(receive(&five).1, "again");
    }
}
