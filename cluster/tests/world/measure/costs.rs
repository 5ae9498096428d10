//! What rules and a capture cost the packets that they leave alone, and how exactly packets are late.

use super::{ROUND_TRIPS, ROUNDS, median, udp_round_trips, within};
use cluster::network::Network;
use cluster::network::link_rule::{Content, Delay, Distribution, Effect, LinkRule, Match, Order};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

const TIME: Duration = Duration::from_millis(5);

pub fn measure(network: &Network) {
    let trip = || {
        let (receiver, sender) = (socket(network, "n2"), socket(network, "n1"));
        sender.connect(receiver.local_addr().unwrap()).unwrap();
        udp_round_trips(0, &receiver, &sender)
    };
    let text = || Content::Regex("accept.*ballot=[0-9]+".to_owned());
    let mut figures = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        let [plain, searched, captured] = &mut figures;
        plain.push(trip());
        let rule = network.install(&rule(text(), Effect::Drop)).unwrap();
        searched.push(trip());
        network.heal(rule);
        let dir = tempfile::tempdir().unwrap();
        let capture = network.capture(&dir.path().join("run.pcapng")).unwrap();
        captured.push(trip());
        let summary = network.stop_capture(capture).unwrap();
        assert!(summary.packets + summary.left_out >= 2 * ROUND_TRIPS as u64);
    }
    let [plain, searched, captured] = figures.map(|figures| median(&figures));
    println!(
        "UDP round trip on one processor {plain:.1} us; past a regular expression that does not match \
         {searched:.1} us; captured {captured:.1} us"
    );
    lateness(network);
}

/// By how much a delay of five milliseconds is exceeded, as the receiver sees it, beside a plain sleep of a thread.
fn lateness(network: &Network) {
    let delay = Delay {
        time: Distribution::Constant(TIME),
        order: Order::Kept,
    };
    let rule = network
        .install(&rule(Content::Any, Effect::Delay(delay)))
        .unwrap();
    let (receiver, sender) = (socket(network, "n2"), socket(network, "n1"));
    sender.connect(receiver.local_addr().unwrap()).unwrap();
    exceeded("delay", || {
        sender.send(b"x").unwrap();
        receiver.recv(&mut [0]).unwrap();
    });
    network.heal(rule);
    exceeded("sleep", || std::thread::sleep(TIME));
}

fn exceeded(what: &str, mut wait: impl FnMut()) {
    let mut late: Vec<f64> = (0..1000)
        .map(|_| {
            let begun = Instant::now();
            wait();
            (begun.elapsed() - TIME).as_secs_f64() * 1e6
        })
        .collect();
    late.sort_by(f64::total_cmp);
    let (middle, high) = (median(&late), late[late.len() * 99 / 100]);
    println!("a {what} of 5 ms is exceeded by {middle:.1} us median, {high:.1} us at 99 %");
}

fn rule(content: Content, effect: Effect) -> LinkRule {
    let links = [("n1", "n2"), ("n2", "n1")].map(|(from, to)| (from.to_owned(), to.to_owned()));
    let matches = Match {
        content,
        ..Match::default()
    };
    LinkRule {
        links: links.to_vec(),
        matches,
        effect,
    }
}

fn socket(network: &Network, host: &str) -> UdpSocket {
    let ip = network.ip(host);
    within(&network.namespace(host), || UdpSocket::bind((ip, 0)).unwrap())
}
