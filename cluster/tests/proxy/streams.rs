//! What a connection through a proxy is like when nothing disturbs it.

use crate::suite::{eventually, tests};
use crate::wire::{PORT, Wire, hear, is_silent, names, say};
use cluster::network::{Network, NetworkError};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};

tests![
    words_go_both_ways_and_each_end_is_told_when_the_other_has_no_more,
    every_host_is_seen_at_the_address_at_which_it_sees,
    a_host_without_a_process_refuses_and_one_that_does_not_listen_resets,
    megabytes_arrive_as_they_were_sent,
    who_does_not_read_makes_the_other_wait,
    a_program_that_is_not_ours_notices_nothing,
    who_hangs_up_without_listening_resets_the_other_end,
    two_networks_of_one_seed_do_not_meet,
    a_network_without_ports_is_refused_with_the_field_that_is_missing,
    a_port_that_somebody_has_everywhere_is_named,
    what_a_link_carries_is_counted_in_chunks,
    a_capture_shows_the_chunks,
];

fn words_go_both_ways_and_each_end_is_told_when_the_other_has_no_more() {
    let wire = Wire::new(1);
    let (mut ours, mut theirs) = wire.connection("n1");
    say(&mut ours, "question");
    assert_eq!(hear(&mut theirs, 8), "question");
    ours.shutdown(Shutdown::Write).unwrap();
    assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
    say(&mut theirs, "late answer");
    drop(theirs);
    let mut answer = String::new();
    ours.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "late answer");
}

fn every_host_is_seen_at_the_address_at_which_it_sees() {
    let wire = Wire::new(2);
    for from in ["n1", "client"] {
        let (_ours, theirs) = wire.connection(from);
        let seen = theirs.peer_addr().unwrap().ip();
        assert_eq!(seen, wire.network.address("n2", from));
    }
    assert_ne!(
        wire.network.address("n1", "n2"),
        wire.network.address("client", "n2")
    );
    assert_ne!(wire.network.address("n2", "n2"), wire.network.address("n1", "n2"));
    assert_eq!(wire.network.ip("n2"), wire.network.address("client", "n2"));
}

fn a_host_without_a_process_refuses_and_one_that_does_not_listen_resets() {
    let wire = Wire::new(3);
    let refused = |wire: &Wire| {
        let dialled = TcpStream::connect((wire.network.address("n1", "n2"), PORT));
        dialled.is_err_and(|why| why.kind() == ErrorKind::ConnectionRefused)
    };
    let (mut before, _theirs) = wire.connection("n1");
    wire.network.close("n2");
    assert!(refused(&wire));
    say(&mut before, "goes on");
    wire.network.open("n2");
    assert!(!refused(&wire));
    let Wire { network, server } = wire;
    drop(server);
    let mut dialled = TcpStream::connect((network.address("n1", "n2"), PORT)).unwrap();
    let read = dialled.read(&mut [0]);
    assert!(
        read.as_ref()
            .is_err_and(|why| why.kind() == ErrorKind::ConnectionReset),
        "{read:?}"
    );
}

/// Bytes that are different everywhere.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let step = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(step).take(bytes).collect()
}

fn megabytes_arrive_as_they_were_sent() {
    let wire = Wire::new(4);
    let (mut ours, mut theirs) = wire.connection("n1");
    let sent = noise(8 << 20);
    let back = sent.clone();
    let echo = std::thread::spawn(move || {
        let mut received = vec![0; back.len()];
        theirs.read_exact(&mut received).unwrap();
        theirs.write_all(&received).unwrap();
        received == back
    });
    ours.write_all(&sent).unwrap();
    let mut received = vec![0; sent.len()];
    ours.read_exact(&mut received).unwrap();
    assert!(echo.join().unwrap() && received == sent);
}

fn who_does_not_read_makes_the_other_wait() {
    let wire = Wire::new(5);
    let (mut ours, mut theirs) = wire.connection("n1");
    let chunk = noise(64 << 10);
    ours.set_write_timeout(Some(std::time::Duration::from_millis(500)))
        .unwrap();
    let mut sent = 0;
    // The kernels' buffers take some megabytes, and the proxy no more than its window.
    let stuck = loop {
        match ours.write(&chunk[sent % chunk.len()..]) {
            Ok(bytes) => sent += bytes,
            Err(why) => break why,
        }
        assert!(sent < 256 << 20, "nothing makes it wait");
    };
    assert_eq!(stuck.kind(), ErrorKind::WouldBlock);
    ours.shutdown(Shutdown::Write).unwrap();
    let mut received = Vec::new();
    theirs.read_to_end(&mut received).unwrap();
    assert_eq!(received.len(), sent);
    assert!(
        received
            .chunks(chunk.len())
            .all(|part| part == &chunk[..part.len()])
    );
}

fn a_program_that_is_not_ours_notices_nothing() {
    let wire = Wire::new(6);
    let url = format!("http://{}:{PORT}/health", wire.network.ip("n2"));
    let curl = Command::new("curl")
        .args(["--silent", "--noproxy", "*", &url])
        .stdout(Stdio::piped())
        .spawn();
    let Ok(curl) = curl else {
        return println!("skipped: there is no curl");
    };
    let mut theirs = wire.accept();
    let mut request = [0; 1024];
    let bytes = theirs.read(&mut request).unwrap();
    assert!(request[..bytes].starts_with(b"GET /health HTTP/1.1\r\n"));
    say(&mut theirs, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nready");
    assert_eq!(curl.wait_with_output().unwrap().stdout, b"ready");
}

fn who_hangs_up_without_listening_resets_the_other_end() {
    let wire = Wire::new(7);
    let (mut ours, theirs) = wire.connection("n1");
    say(&mut ours, "never read");
    eventually("it is there", || !is_silent(&theirs));
    // A kernel that still has something for a program which closes says so with a reset.
    drop(theirs);
    let read = ours.read(&mut [0]);
    assert!(
        read.as_ref()
            .is_err_and(|why| why.kind() == ErrorKind::ConnectionReset),
        "{read:?}"
    );
}

fn two_networks_of_one_seed_do_not_meet() {
    let (one, two) = (Wire::new(8), Wire::new(8));
    let _dialled = one.dial("n1");
    let theirs = one.accept();
    assert_eq!(theirs.local_addr().unwrap().ip(), one.network.address("n2", "n2"));
    assert_ne!(one.network.ip("n2"), two.network.ip("n2"));
}

fn a_network_without_ports_is_refused_with_the_field_that_is_missing() {
    let refused = Network::start_proxies(&names(2), &[], 1).unwrap_err().to_string();
    assert!(refused.contains("[node] ports = [7000, 7001]"), "{refused}");
    let many = Network::start_proxies(&names(100), &[PORT], 1)
        .unwrap_err()
        .to_string();
    assert!(many.contains("at most 99"), "{many}");
}

fn a_port_that_somebody_has_everywhere_is_named() {
    let everywhere = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = everywhere.local_addr().unwrap().port();
    let refused = Network::start_proxies(&names(2), &[port], 1).unwrap_err();
    assert!(matches!(refused, NetworkError::Listen { .. }), "{refused}");
    assert!(
        refused.to_string().contains(&format!(":{port}, for n2")),
        "{refused}"
    );
}

fn what_a_link_carries_is_counted_in_chunks() {
    let wire = Wire::new(9);
    let mut ours = wire.dial("n1");
    let mut theirs = wire.accept();
    let carried = |from: &str, to: &str| {
        let links = wire.network.links();
        let link = links
            .iter()
            .find(|link| link.from == from && link.to == to)
            .unwrap();
        (link.packets, link.bytes)
    };
    eventually("it was asked for and granted, each with its headers", || {
        (carried("n1", "n2"), carried("n2", "n1")) == ((1, 40), (1, 40))
    });
    say(&mut ours, "ten bytes!");
    assert_eq!(hear(&mut theirs, 10), "ten bytes!");
    assert_eq!((carried("n1", "n2"), carried("n2", "n1")), ((2, 90), (1, 40)));
    assert_eq!(carried("client", "n2"), (0, 0));
}

fn a_capture_shows_the_chunks() {
    let wire = Wire::new(10);
    let dir = tempfile::tempdir().unwrap();
    let capture = wire.network.capture(&dir.path().join("chunks.pcapng")).unwrap();
    let mut ours = wire.dial("n1");
    let mut theirs = wire.accept();
    say(&mut ours, "captured");
    assert_eq!(hear(&mut theirs, 8), "captured");
    let summary = wire.network.stop_capture(capture).unwrap();
    assert_eq!((summary.packets, summary.left_out), (3, 0));
    let bytes = std::fs::read(summary.path).unwrap();
    assert!(bytes.windows(8).any(|window| window == b"captured"));
}
