//! What a proxy costs, beside the switch and plain loopback, in one run.

use super::{ROUNDS, median, stream, tcp_round_trips, within};
use cluster::network::Network;
use cluster::network::link_rule::{Content, Effect, LinkRule, Match};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

const PORT: u16 = 7001;

/// Somebody listens, and somebody dials.
struct Way<'a> {
    name: &'static str,
    server: TcpListener,
    dial: Box<dyn Fn() -> TcpStream + 'a>,
    trip_us: [Vec<f64>; 2],
    megabytes: Vec<f64>,
    connect_us: Vec<f64>,
}

impl Way<'_> {
    fn new<'a>(name: &'static str, server: TcpListener, dial: impl Fn() -> TcpStream + 'a) -> Way<'a> {
        Way {
            name,
            server,
            dial: Box::new(dial),
            trip_us: Default::default(),
            megabytes: Vec::new(),
            connect_us: Vec::new(),
        }
    }

    fn measure(&mut self) {
        for (place, trips) in self.trip_us.iter_mut().enumerate() {
            trips.push(tcp_round_trips(place, &self.server, (self.dial)()));
        }
        self.megabytes.push(stream(&self.server, (self.dial)()));
        let begun = Instant::now();
        for _ in 0..100 {
            let _dialled = (self.dial)();
            self.server.accept().unwrap();
        }
        self.connect_us.push(begun.elapsed().as_secs_f64() * 1e6 / 100.0);
    }

    fn print(&self) {
        println!(
            "{:<24} TCP round trip on one processor {:>5.1} us, on two {:>5.1} us; stream {:>5.0} MB/s; \
             dialled and accepted {:>5.0} us",
            self.name,
            median(&self.trip_us[0]),
            median(&self.trip_us[1]),
            median(&self.megabytes),
            median(&self.connect_us)
        );
    }
}

pub fn measure(switch: &Network) {
    let nodes = ["n1", "n2", "n3"].map(str::to_owned);
    let proxies = Network::start_proxies(&nodes, &[PORT], 1).unwrap();
    let content = Content::Regex("accept.*ballot=[0-9]+".to_owned());
    let matches = Match {
        content,
        ..Match::default()
    };
    // On the links of n3 only.
    let links = [("n3", "n2"), ("n2", "n3")];
    let rule = LinkRule {
        links: links.map(|(from, to)| (from.to_owned(), to.to_owned())).into(),
        matches,
        effect: Effect::Drop,
    };
    let rule = proxies.install(&rule).unwrap();
    let behind = |port| TcpListener::bind((proxies.address("n2", "n2"), port)).unwrap();
    let loopback = behind(0);
    let loopback_address = loopback.local_addr().unwrap();
    let switched = within(&switch.namespace("n2"), || {
        TcpListener::bind((switch.ip("n2"), 0)).unwrap()
    });
    let switched_address = switched.local_addr().unwrap();
    let namespace = switch.namespace("n1");
    let proxied = behind(PORT);
    proxies.open("n2");
    let through = |viewer: &str| (proxies.address(viewer, "n2"), PORT);
    let (clear, ruled) = (through("n1"), through("n3"));
    let mut ways = [
        Way::new("loopback", loopback, || {
            TcpStream::connect(loopback_address).unwrap()
        }),
        Way::new("switch", switched, || {
            within(&namespace, || TcpStream::connect(switched_address).unwrap())
        }),
        Way::new("proxy", proxied.try_clone().unwrap(), || {
            TcpStream::connect(clear).unwrap()
        }),
        Way::new("proxy, regular expression", proxied, || {
            TcpStream::connect(ruled).unwrap()
        }),
    ];
    for _ in 0..ROUNDS {
        ways.iter_mut().for_each(Way::measure);
    }
    ways.iter().for_each(Way::print);
    proxies.heal(rule);
}
