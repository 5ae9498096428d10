//! What rules do to real traffic: felt by the kernels of the hosts, which are not ours, and healed.

use crate::network::{PORT, at, endpoint, is_empty, link, names, receive};
use crate::suite::{eventually, tests};
use cluster::network::link_rule::{
    Checksum, Content, Corruption, Delay, Distribution, Effect, LinkRule, Loss, Match, Order, Protocol,
    Window,
};
use cluster::network::{Network, NetworkError, RuleId, Traffic};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

tests![
    losses_are_counted_and_the_same_for_the_same_seed,
    a_delayed_packet_takes_its_time_and_an_undisturbed_one_does_not_wait_for_it,
    a_duplicate_arrives_twice,
    a_packet_that_is_held_back_is_overtaken,
    a_corrupted_packet_is_thrown_away_by_the_receiving_kernel,
    a_corruption_past_the_checksum_reaches_the_program,
    tcp_gets_over_corruption_and_loss,
    a_rate_takes_its_time_and_drops_what_does_not_fit_in_its_queue,
    a_link_that_stutters_lets_all_arrive_in_order_and_some_of_it_late,
    held_traffic_arrives_in_order_when_it_is_released,
    the_third_message_of_a_connection_is_held_and_a_waiting_task_is_told,
    both_ends_of_a_connection_that_is_reset_notice,
    both_ends_notice_though_the_reset_comes_out_of_sequence,
    a_connection_that_is_reset_in_the_asking_is_refused,
    faults_work_on_links_of_the_client,
    fragments_are_delayed_and_put_together_again,
    a_rule_that_makes_no_sense_is_refused,
];

fn rule(from: &str, to: &str, matches: Match, effect: Effect) -> LinkRule {
    let links = vec![link(from, to)];
    LinkRule {
        links,
        matches,
        effect,
    }
}

fn install(network: &Network, effect: Effect) -> RuleId {
    let rule = rule("n1", "n2", Match::default(), effect);
    network.install(&rule).unwrap()
}

fn containing(text: &str) -> Match {
    let content = Content::Bytes(text.as_bytes().to_vec());
    Match {
        content,
        ..Match::default()
    }
}

fn constant(ms: u64) -> Effect {
    let time = Distribution::Constant(Duration::from_millis(ms));
    Effect::Delay(Delay {
        time,
        order: Order::Kept,
    })
}

fn matched(network: &Network, rule: &RuleId) -> u64 {
    network.rule(rule).total(|link| link.matched).packets
}

/// Two hosts that talk UDP.
fn pair(seed: u64) -> (Network, UdpSocket, UdpSocket) {
    let network = Network::start(&names(2), seed).unwrap();
    let [one, two] = ["n1", "n2"].map(|host| endpoint(&network, host));
    one.connect((network.ip("n2"), PORT)).unwrap();
    (network, one, two)
}

/// A connection from the first host to the second: both ends.
fn connection(network: &Network, from: &str, to: &str) -> (TcpStream, TcpStream) {
    let ip = network.ip(to);
    let server = at(network, to, || TcpListener::bind((ip, 0)).unwrap());
    let address = server.local_addr().unwrap();
    let client = at(network, from, || TcpStream::connect(address).unwrap());
    let (server, _) = server.accept().unwrap();
    for end in [&client, &server] {
        end.set_nodelay(true).unwrap();
        end.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    }
    (client, server)
}

fn read(stream: &mut TcpStream, bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    stream.read_exact(&mut buffer).unwrap();
    String::from_utf8(buffer).unwrap()
}

/// A counter of a host's kernel, as `Udp InCsumErrors`.
fn kernel_counter(network: &Network, host: &str, protocol: &str, counter: &str) -> u64 {
    let text = at(network, host, || {
        std::fs::read_to_string("/proc/thread-self/net/snmp").unwrap()
    });
    let mut lines = text
        .lines()
        .filter(|line| line.starts_with(&format!("{protocol}:")));
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let mut pairs = names.split(' ').zip(values.split(' '));
    pairs
        .find(|(name, _)| *name == counter)
        .unwrap()
        .1
        .parse()
        .unwrap()
}

fn losses_are_counted_and_the_same_for_the_same_seed() {
    let arrived = |seed| -> BTreeSet<String> {
        let (network, one, two) = pair(seed);
        let rule = install(&network, Effect::Loss(Loss::Independent { probability: 0.3 }));
        for number in 0..200 {
            one.send(number.to_string().as_bytes()).unwrap();
        }
        eventually("all were seen", || matched(&network, &rule) == 200);
        let lost = network.heal(rule).links[0].dropped.packets;
        let arrived: BTreeSet<_> = (0..200 - lost).map(|_| receive(&two).1).collect();
        assert!(is_empty(&two));
        assert!((20..=120).contains(&lost), "{lost}");
        one.send(b"healed").unwrap();
        assert_eq!(receive(&two).1, "healed");
        arrived
    };
    let first = arrived(5);
    assert_eq!(first, arrived(5));
    assert_ne!(first, arrived(6));
}

fn a_delayed_packet_takes_its_time_and_an_undisturbed_one_does_not_wait_for_it() {
    let (network, one, two) = pair(1);
    let slow = rule("n1", "n2", containing("slow"), constant(300));
    let slow = network.install(&slow).unwrap();
    let begun = Instant::now();
    one.send(b"slow").unwrap();
    one.send(b"fast").unwrap();
    assert_eq!(receive(&two).1, "fast");
    assert_eq!(receive(&two).1, "slow");
    assert!(begun.elapsed() >= Duration::from_millis(300));
    let begun = Instant::now();
    one.send(b"slow and under way").unwrap();
    eventually("it is under way", || matched(&network, &slow) == 2);
    assert_eq!(network.heal(slow).links[0].delayed.packets, 2);
    one.send(b"slow no more").unwrap();
    assert_eq!(receive(&two).1, "slow no more");
    assert_eq!(receive(&two).1, "slow and under way");
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

fn a_duplicate_arrives_twice() {
    let (network, one, two) = pair(1);
    let rule = install(&network, Effect::Duplicate { probability: 1.0 });
    one.send(b"twice").unwrap();
    assert_eq!([receive(&two).1, receive(&two).1], ["twice", "twice"]);
    let bytes = 20 + 8 + 5;
    assert_eq!(
        network.heal(rule).links[0].duplicated,
        Traffic { packets: 1, bytes }
    );
    one.send(b"once").unwrap();
    assert_eq!(receive(&two).1, "once");
    assert!(is_empty(&two));
}

fn a_packet_that_is_held_back_is_overtaken() {
    let (network, one, two) = pair(3);
    let effect = Effect::Reorder {
        probability: 0.2,
        gap_packets: NonZeroU32::new(3).unwrap(),
        wait_max: Duration::from_secs(1),
    };
    let rule = install(&network, effect);
    let sent: Vec<_> = (100..150).map(|number| number.to_string()).collect();
    for number in &sent {
        one.send(number.as_bytes()).unwrap();
    }
    let mut arrived: Vec<_> = sent.iter().map(|_| receive(&two).1).collect();
    assert_ne!(arrived, sent);
    assert!(network.heal(rule).links[0].reordered.packets > 0);
    arrived.sort();
    assert_eq!(arrived, sent);
}

fn corruption(checksum: Checksum) -> Effect {
    Effect::Corrupt(Corruption {
        probability: 1.0,
        bits: NonZeroU32::MIN,
        checksum,
    })
}

fn a_corrupted_packet_is_thrown_away_by_the_receiving_kernel() {
    let (network, one, two) = pair(1);
    let rule = install(&network, corruption(Checksum::Catches));
    for _ in 0..50 {
        one.send(b"some datagram").unwrap();
    }
    eventually("the kernel has found 50 wrong checksums", || {
        kernel_counter(&network, "n2", "Udp", "InCsumErrors") == 50
    });
    assert!(is_empty(&two));
    assert_eq!(network.heal(rule).links[0].corrupted.packets, 50);
    one.send(b"sound").unwrap();
    assert_eq!(receive(&two).1, "sound");
}

fn a_corruption_past_the_checksum_reaches_the_program() {
    let (network, one, two) = pair(1);
    let rule = install(&network, corruption(Checksum::Agrees));
    let sent = b"some datagram";
    one.send(sent).unwrap();
    let mut buffer = [0; 64];
    let bytes = two.recv(&mut buffer).unwrap();
    let flipped: u32 = buffer[..bytes]
        .iter()
        .zip(sent)
        .map(|(is, was)| (is ^ was).count_ones())
        .sum();
    assert_eq!((bytes, flipped), (sent.len(), 1));
    assert_eq!(kernel_counter(&network, "n2", "Udp", "InCsumErrors"), 0);
    network.heal(rule);
    let (mut client, mut server) = connection(&network, "n1", "n2");
    let rule = network.install(&rule_past_the_checksum()).unwrap();
    client.write_all(sent).unwrap();
    server.read_exact(&mut buffer[..sent.len()]).unwrap();
    assert_ne!(&buffer[..sent.len()], sent, "TCP does not save from it either");
    assert!(network.heal(rule).links[0].corrupted.packets >= 1);
}

fn rule_past_the_checksum() -> LinkRule {
    rule("n1", "n2", containing("datagram"), corruption(Checksum::Agrees))
}

fn tcp_gets_over_corruption_and_loss() {
    let network = Network::start(&names(2), 9).unwrap();
    let (mut client, mut server) = connection(&network, "n1", "n2");
    let corrupt = Corruption {
        probability: 0.05,
        bits: NonZeroU32::MIN,
        checksum: Checksum::Catches,
    };
    let corrupt = install(&network, Effect::Corrupt(corrupt));
    let loss = Loss::Bursty {
        probability: 0.05,
        mean_burst_packets: 2.0,
    };
    let loss = install(&network, Effect::Loss(loss));
    let text: Vec<u8> = (0..300_000_u32).flat_map(u32::to_be_bytes).collect();
    let expected = text.clone();
    let sender = std::thread::spawn(move || {
        client.write_all(&text).unwrap();
        client
    });
    let mut arrived = vec![0; expected.len()];
    server.read_exact(&mut arrived).unwrap();
    assert!(arrived == expected, "what arrives is what was sent");
    drop(sender.join().unwrap());
    let corrupted = network.heal(corrupt).links[0].corrupted.packets;
    let lost = network.heal(loss).links[0].dropped.packets;
    assert!(corrupted > 0 && lost > 0, "{corrupted} corrupted, {lost} lost");
    assert!(kernel_counter(&network, "n1", "Tcp", "RetransSegs") > 0);
    assert!(kernel_counter(&network, "n2", "Tcp", "InCsumErrors") > 0);
}

fn a_rate_takes_its_time_and_drops_what_does_not_fit_in_its_queue() {
    let (network, one, two) = pair(1);
    let effect = Effect::Rate {
        bytes_per_second: 2_000,
        burst_bytes: 0,
        queue_bytes: 300,
    };
    let rule = install(&network, effect);
    let begun = Instant::now();
    for _ in 0..50 {
        one.send(&[b'x'; 72]).unwrap();
    }
    eventually("all were seen", || matched(&network, &rule) == 50);
    let counters = network.rule(&rule);
    let (late, dropped) = (counters.links[0].delayed, counters.links[0].dropped);
    assert_eq!(late.packets + dropped.packets, 50);
    assert!(dropped.packets > 0, "5000 bytes do not fit into 300");
    for _ in 0..late.packets {
        receive(&two);
    }
    assert!(begun.elapsed() >= Duration::from_secs_f64(late.bytes as f64 / 2_000.0));
    network.heal(rule);
    one.send(b"free").unwrap();
    assert_eq!(receive(&two).1, "free");
}

fn a_link_that_stutters_lets_all_arrive_in_order_and_some_of_it_late() {
    let (network, one, two) = pair(1);
    let ms = Duration::from_millis;
    let (stalled, flowing) = (ms(20), ms(20));
    let rule = install(&network, Effect::Stutter { stalled, flowing });
    for number in 0..100 {
        one.send(number.to_string().as_bytes()).unwrap();
        std::thread::sleep(ms(2));
    }
    for number in 0..100 {
        assert_eq!(receive(&two).1, number.to_string());
    }
    let counters = network.heal(rule);
    let (seen, late) = (
        counters.links[0].matched.packets,
        counters.links[0].delayed.packets,
    );
    assert_eq!(seen, 100);
    assert!(late > 0 && late < 100, "{late} of {seen} were late");
    one.send(b"free").unwrap();
    assert_eq!(receive(&two).1, "free");
}

fn held_traffic_arrives_in_order_when_it_is_released() {
    let (network, one, two) = pair(1);
    let rule = install(&network, Effect::Hold);
    for number in 0..10 {
        one.send(number.to_string().as_bytes()).unwrap();
    }
    eventually("all are held", || network.rule(&rule).links[0].held.packets == 10);
    assert!(is_empty(&two));
    two.send_to(b"back", (network.ip("n1"), PORT)).unwrap();
    assert_eq!(receive(&one).1, "back");
    assert_eq!(network.release(&rule).links[0].released.packets, 10);
    for number in 0..10 {
        assert_eq!(receive(&two).1, number.to_string());
    }
    one.send(b"last").unwrap();
    eventually("it is held as well", || {
        network.rule(&rule).links[0].held.packets == 11
    });
    assert!(is_empty(&two));
    assert_eq!(network.heal(rule).links[0].released.packets, 11);
    assert_eq!(receive(&two).1, "last");
}

fn the_third_message_of_a_connection_is_held_and_a_waiting_task_is_told() {
    let network = Network::start(&names(2), 1).unwrap();
    let (mut client, mut server) = connection(&network, "n1", "n2");
    let window = Window {
        first: 3,
        at_most: Some(1),
        ..Window::default()
    };
    let content = Content::Regex("acc[a-z]+t".to_owned());
    let matches = Match {
        protocol: Some(Protocol::Tcp),
        content,
        window,
        ..Match::default()
    };
    let rule = network.install(&rule("n1", "n2", matches, Effect::Hold)).unwrap();
    let mut matches = network.matched(&rule);
    for message in ["accept 1", "accept 2"] {
        client.write_all(message.as_bytes()).unwrap();
        assert_eq!(read(&mut server, 8), message);
    }
    assert_eq!(*matches.borrow_and_update(), 0);
    client.write_all(b"accept 3").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let told = matches.wait_for(|packets| *packets >= 1);
        tokio::time::timeout(Duration::from_secs(10), told)
            .await
            .unwrap()
            .unwrap();
    });
    // TCP sends it again and again, and it is held again and again.
    eventually("a retransmission is held too", || {
        network.rule(&rule).links[0].held.packets >= 2
    });
    server.set_nonblocking(true).unwrap();
    assert_eq!(
        server.read(&mut [0; 8]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    server.set_nonblocking(false).unwrap();
    server.write_all(b"are you there?").unwrap();
    assert_eq!(read(&mut client, 14), "are you there?");
    network.heal(rule);
    assert_eq!(read(&mut server, 8), "accept 3");
    assert!(
        runtime
            .block_on(matches.wait_for(|packets| *packets > 1_000_000))
            .is_err()
    );
}

fn both_ends_of_a_connection_that_is_reset_notice() {
    let network = Network::start(&names(2), 1).unwrap();
    let (mut client, mut server) = connection(&network, "n1", "n2");
    let (mut other_client, mut other_server) = connection(&network, "n1", "n2");
    let rule = network
        .install(&rule(
            "n1",
            "n2",
            containing("bye"),
            Effect::Reset { probability: 1.0 },
        ))
        .unwrap();
    client.write_all(b"bye").unwrap();
    for end in [&mut client, &mut server] {
        assert_eq!(
            end.read(&mut [0; 8]).unwrap_err().kind(),
            ErrorKind::ConnectionReset
        );
    }
    assert_eq!(network.rule(&rule).links[0].reset.packets, 1);
    other_client.write_all(b"hello").unwrap();
    assert_eq!(read(&mut other_server, 5), "hello", "the other connection lives");
    network.heal(rule);
    other_client.write_all(b"bye").unwrap();
    assert_eq!(read(&mut other_server, 3), "bye");
}

fn both_ends_notice_though_the_reset_comes_out_of_sequence() {
    let network = Network::start(&names(2), 1).unwrap();
    let (mut client, mut server) = connection(&network, "n1", "n2");
    let drop = network
        .install(&rule("n1", "n2", containing("lost"), Effect::Drop))
        .unwrap();
    client.write_all(b"lost").unwrap();
    eventually("it is lost", || network.rule(&drop).links[0].dropped.packets > 0);
    let reset = network
        .install(&rule(
            "n1",
            "n2",
            containing("bye"),
            Effect::Reset { probability: 1.0 },
        ))
        .unwrap();
    client.write_all(b"bye").unwrap();
    for end in [&mut client, &mut server] {
        assert_eq!(
            end.read(&mut [0; 8]).unwrap_err().kind(),
            ErrorKind::ConnectionReset
        );
    }
    network.heal(drop);
    network.heal(reset);
}

fn a_connection_that_is_reset_in_the_asking_is_refused() {
    let network = Network::start(&names(2), 1).unwrap();
    let ip = network.ip("n2");
    let _server = at(&network, "n2", || TcpListener::bind((ip, PORT)).unwrap());
    let rule = install(&network, Effect::Reset { probability: 1.0 });
    let refused = at(&network, "n1", || TcpStream::connect((ip, PORT)).unwrap_err());
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    network.heal(rule);
    at(&network, "n1", || TcpStream::connect((ip, PORT)).unwrap());
}

fn faults_work_on_links_of_the_client() {
    let network = Network::start(&names(1), 1).unwrap();
    let (mut client, mut server) = connection(&network, "client", "n1");
    let hold = rule("n1", "client", containing("answer"), Effect::Hold);
    let hold = network.install(&hold).unwrap();
    client.write_all(b"question").unwrap();
    assert_eq!(read(&mut server, 8), "question");
    server.write_all(b"answer").unwrap();
    eventually("the answer is held", || {
        network.rule(&hold).links[0].held.packets > 0
    });
    network.heal(hold);
    assert_eq!(read(&mut client, 6), "answer");
}

fn fragments_are_delayed_and_put_together_again() {
    let (network, one, two) = pair(1);
    let delay = install(&network, constant(5));
    let twice = install(&network, Effect::Duplicate { probability: 0.5 });
    let sent: Vec<u8> = (0..5000_u32).map(|number| number as u8).collect();
    one.send(&sent).unwrap();
    let mut buffer = vec![0; 6000];
    let bytes = two.recv(&mut buffer).unwrap();
    assert!(buffer[..bytes] == sent);
    assert_eq!(network.heal(delay).links[0].delayed.packets, 4);
    network.heal(twice);
}

fn a_rule_that_makes_no_sense_is_refused() {
    let (network, one, two) = pair(1);
    let refused = |matches, effect| {
        let refused = network.install(&rule("n1", "n2", matches, effect)).unwrap_err();
        assert!(matches!(refused, NetworkError::Rule(_)));
        refused.to_string()
    };
    assert_eq!(
        refused(Match::default(), Effect::Duplicate { probability: 2.0 }),
        "install a rule: probability is 2; choose one from 0 to 1"
    );
    let content = Content::Regex("(".to_owned());
    let regex = Match {
        content,
        ..Match::default()
    };
    assert!(refused(regex, Effect::Drop).starts_with("install a rule: the regular expression is none: "));
    one.send(b"whole").unwrap();
    assert_eq!(receive(&two).1, "whole");
}
