//! How a node treats its clients, the slow ones too, and how it leaves.

use crate::nodes::{Cluster, Connection, proposal};
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::io::Read;
use std::process::Output;
use std::time::{Duration, Instant};

const STOP_MAX: Duration = Duration::from_secs(2);

#[test]
fn sigterm_ends_a_node_well_and_in_time_although_connections_are_open_and_idle() {
    let cluster = Cluster::of(1, &[]);
    let mut nodes = cluster.start_all();
    let mut idle: Vec<Connection> = (0..50).map(|_| cluster.connect(0).unwrap()).collect();
    // Half of them have been of use before.
    for connection in idle.iter_mut().skip(25) {
        assert_eq!(connection.read("1").unwrap().value(), None);
    }
    nodes[0].stop();
}

#[test]
fn sigterm_tells_whoever_waits_for_a_majority_what_is_certain() {
    let cluster = Cluster::of(3, &[]);
    let mut node = cluster.start(0);
    let mut waiting: Vec<Connection> = (0..20).map(|_| cluster.connect(0).unwrap()).collect();
    for (number, connection) in waiting.iter_mut().enumerate() {
        connection
            .write(&proposal(&format!("d{number}"), &17.into()))
            .unwrap();
    }
    // They wait for 800 ms, and are told the same then.
    let began = Instant::now();
    while cluster.metric(0, "paxos_requests_waiting") < 20.0 && began.elapsed() < Duration::from_millis(600) {
    }
    node.signal(Signal::SIGTERM);
    for connection in &mut waiting {
        let answer = connection.answer().unwrap();
        assert_eq!(answer.outcome(), "failed", "no accept was sent: {answer:?}");
    }
    assert_eq!(node.wait(STOP_MAX).code(), Some(0), "{}", node.stderr());
}

#[test]
fn clients_that_stall_hold_up_nobody() {
    let cluster = Cluster::of(3, &[]);
    let mut nodes = cluster.start_all();
    let half = [
        "POST /decrees/1/propose HT",
        "GET /decrees/1 HTTP/1.1\r\nhost: n",
        "",
    ];
    let whole = proposal("1", &17.into());
    let stalled: Vec<Connection> = (0..300)
        .map(|number| {
            let mut connection = cluster.connect(0).unwrap();
            let text = half.get(number % 4).copied().unwrap_or(&whole[..whole.len() - 2]);
            connection.write(text).unwrap();
            connection
        })
        .collect();
    for number in 0..20 {
        for node in [0, 1] {
            let began = Instant::now();
            let answer = cluster.propose(node, &format!("d{node}-{number}"), 42);
            assert_eq!(answer.value(), Some(42));
            assert!(
                began.elapsed() < Duration::from_millis(500),
                "{:?}",
                began.elapsed()
            );
        }
    }
    assert_eq!(cluster.read(1, "1").value(), None, "half a request is none");
    drop(stalled);
    nodes.iter_mut().for_each(crate::nodes::Node::assert_up);
}

#[test]
fn a_client_that_stalls_is_cut_off_and_its_request_has_failed() {
    let cluster = Cluster::of(1, &[]);
    let _nodes = cluster.start_all();
    std::thread::scope(|scope| {
        // A body that trickles: it is never whole, though there is always something new.
        scope.spawn(|| {
            let mut connection = cluster.connect(0).unwrap();
            let length = "content-length: 1000";
            connection
                .write(&format!(
                    "POST /decrees/1/propose HTTP/1.1\r\nhost: n\r\n{length}\r\n\r\n{{"
                ))
                .unwrap();
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(7) && connection.write(" ").is_ok() {
                std::thread::sleep(Duration::from_millis(100));
            }
            let answer = connection.answer().unwrap();
            assert_eq!((answer.status, answer.outcome().as_str()), (408, "failed"));
            let rest = connection.answer();
            assert!(rest.is_err(), "and the connection is closed: {rest:?}");
        });
        // A header that trickles.
        scope.spawn(|| {
            let mut connection = cluster.connect(0).unwrap();
            connection.write("GET /decrees/1 HTTP/1.1\r\nx: ").unwrap();
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(8) && connection.write("x").is_ok() {
                std::thread::sleep(Duration::from_millis(100));
            }
            assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
        });
    });
    assert_eq!(cluster.read(0, "1").value(), None);
}

#[test]
fn connections_beyond_the_limit_are_closed_and_the_others_served() {
    let cluster = Cluster::of(1, &[]);
    let _nodes = cluster.start_all();
    let mut connections: Vec<Connection> = (0..1100).map(|_| cluster.connect(0).unwrap()).collect();
    let answers = connections.iter_mut().map(|it| it.read("1"));
    let served = answers.filter(Result::is_ok).count();
    // That of the question whether the node is ready may not be closed yet.
    assert!((1000..=1024).contains(&served), "{served}");
    drop(connections);
    let deadline = Instant::now() + Duration::from_secs(5);
    while cluster.connect(0).and_then(|mut it| it.read("1")).is_err() {
        assert!(Instant::now() < deadline, "there is room again");
    }
}

#[test]
fn a_node_with_few_file_descriptors_keeps_some_for_its_log_and_its_peers() {
    let cluster = Cluster::of(3, &["--checkpoint-bytes", "4096"]);
    let mut nodes = vec![cluster.start(0), cluster.start(1)];
    let command = cluster.command_after("ulimit -n 128", 2);
    nodes.push(cluster.spawn_as(2, command));
    nodes[2].wait_until_ready();
    let stalled: Vec<Connection> = (0..200).map(|_| cluster.connect(2).unwrap()).collect();
    // The others are needed for this one, which has to take new connections of peers and to begin new log files.
    nodes[1].stop();
    for number in 0..100 {
        assert_eq!(
            cluster.propose(0, &format!("d{number}"), number).value(),
            Some(number)
        );
    }
    nodes[1] = cluster.start(1);
    nodes[0].stop();
    for number in 0..100 {
        assert_eq!(
            cluster.propose(1, &format!("e{number}"), number).value(),
            Some(number)
        );
    }
    drop(stalled);
    nodes[2].assert_up();
    assert!(!nodes[2].stderr().contains("stopped"), "{}", nodes[2].stderr());
    let deadline = Instant::now() + Duration::from_secs(10);
    while cluster.connect(2).and_then(|mut it| it.get("/health")).is_err() {
        assert!(Instant::now() < deadline, "there is room again");
    }
}

#[test]
fn what_is_too_large_or_makes_no_sense_has_failed() {
    let cluster = Cluster::of(1, &[]);
    let _nodes = cluster.start_all();
    let requests = [
        proposal("1", &"x".repeat(100_000).into()),
        proposal("1", &"x".repeat(200_000).into()),
        "POST /decrees/1/propose HTTP/1.1\r\nhost: n\r\ncontent-length: 100000000000\r\n\r\n".to_owned(),
        "POST /decrees/1/propose HTTP/1.1\r\nhost: n\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"val\r\n0\r\n\r\n".to_owned(),
        proposal("%FF", &1.into()),
        proposal("..%2F1", &1.into()),
        proposal(&"x".repeat(129), &1.into()),
        "POST /decrees/1/propose HTTP/1.1\r\nhost: n\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "PUT /decrees/1 HTTP/1.1\r\nhost: n\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "GET /decrees HTTP/1.1\r\nhost: n\r\n\r\n".to_owned(),
    ];
    for request in requests {
        let mut connection = cluster.connect(0).unwrap();
        // It need not take all of it.
        let _ = connection.write(&request);
        let shown = &request[..request.len().min(120)];
        let answer = connection
            .answer()
            .unwrap_or_else(|error| panic!("{error}: {shown}"));
        assert!((400..500).contains(&answer.status), "{answer:?}: {shown}");
        assert_eq!(answer.outcome(), "failed", "{shown}");
    }
    assert_eq!(cluster.read(0, "1").value(), None, "and nothing was changed");
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_unknown_bug_is_refused_with_the_nearest_and_a_known_one_is_said_at_start() {
    let cluster = Cluster::of(1, &[]);
    let mut command = cluster.command(0);
    let output = command.args(["--bug", "decide-on-minorty"]).output().unwrap();
    assert_eq!(output.status.code(), Some(254));
    assert!(
        said(&output).contains("did you mean `decide-on-minority`?"),
        "{}",
        said(&output)
    );
    let output = cluster.command(0).args(["--bug", "nonsense"]).output().unwrap();
    assert_eq!(output.status.code(), Some(254));
    assert!(
        said(&output).contains("unknown bug `nonsense`"),
        "{}",
        said(&output)
    );
    assert!(!cluster.data(0).exists(), "nothing was begun");
    let cluster = Cluster::of(1, &["--bug", "read-local-state"]);
    let mut nodes = cluster.start_all();
    let text = nodes[0].stderr();
    assert!(
        text.starts_with("planted bug read-local-state: the node answers a read"),
        "{text}"
    );
    nodes[0].stop();
}

#[test]
fn no_bug_comes_from_the_environment() {
    let cluster = Cluster::of(1, &["--log", "info"]);
    let mut command = cluster.command(0);
    for name in [
        "BUG",
        "HARNESS_BUG",
        "PAXOS_BUG",
        "PAXOS_NODE_BUG",
        "HARNESS_PAXOS_NODE_BUG",
    ] {
        command.env(name, "read-local-state");
    }
    let mut node = cluster.spawn_as(0, command);
    node.wait_until_ready();
    let text = node.stderr();
    assert!(
        text.contains("listening on") && !text.contains("planted"),
        "{text}"
    );
    node.stop();
}

/// Every sample of Prometheus' text format by its name with its labels. Panics on any line that is not of that format.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte))
    };
    let is_label = |label: &str| {
        label.split_once('=').is_some_and(|(name, value)| {
            is_name(name) && value.len() > 1 && value.starts_with('"') && value.ends_with('"')
        })
    };
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let kind = comment.split(' ').next().unwrap();
            assert!(["HELP", "TYPE", "UNIT", "EOF"].contains(&kind), "{line}");
            continue;
        }
        let (key, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let (name, labels) = match key.strip_suffix('}').and_then(|key| key.split_once('{')) {
            Some((name, labels)) => (name, labels.split(',').collect()),
            None => (key, Vec::new()),
        };
        assert!(is_name(name) && labels.into_iter().all(is_label), "{line}");
        let value: f64 = value.parse().unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(samples.insert(key.to_owned(), value).is_none(), "twice: {line}");
    }
    samples
}

#[test]
fn metrics_are_what_prometheus_reads_and_its_counters_grow() {
    let cluster = Cluster::of(1, &[]);
    let _nodes = cluster.start_all();
    let before = samples(&cluster.get(0, "/metrics").body);
    for number in 0..10 {
        assert_eq!(
            cluster.propose(0, &format!("d{number}"), number).value(),
            Some(number)
        );
    }
    let after = samples(&cluster.get(0, "/metrics").body);
    for (name, value) in before.iter().filter(|(name, _)| name.contains("_total")) {
        assert!(after[name] >= *value, "{name} fell");
    }
    assert_eq!(
        after[r#"paxos_requests_total{f="propose",answer="decided"}"#],
        10.0
    );
    for name in [
        "attempts_total",
        "promises_total",
        "acceptances_total",
        "log_syncs_total",
    ] {
        let name = format!("paxos_{name}");
        assert!(after[&name] >= before[&name] + 10.0, "{name}: {}", after[&name]);
    }
    assert_eq!(after["paxos_decrees_decided"], 10.0);
    let mut stream = std::net::TcpStream::connect(cluster.address(0)).unwrap();
    std::io::Write::write_all(
        &mut stream,
        b"GET /metrics HTTP/1.1\r\nhost: n\r\nconnection: close\r\n\r\n",
    )
    .unwrap();
    let mut whole = String::new();
    stream.read_to_string(&mut whole).unwrap();
    assert!(
        whole.contains("content-type: application/openmetrics-text"),
        "{whole}"
    );
}
