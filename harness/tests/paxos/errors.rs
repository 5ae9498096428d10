//! A disk that takes nothing more, a log that was changed, a directory that is in use: what a node makes of it.

use crate::nodes::{Cluster, Node, log_files};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A value that fills a disk soon.
fn large(number: u64) -> serde_json::Value {
    json!({ "number": number, "filling": "x".repeat(30_000) })
}

/// A node whose files do not grow beyond so many bytes: then writes fail with EFBIG.
fn start_with_a_limit(cluster: &Cluster, node: usize, bytes: u64) -> Node {
    let limit = format!("trap '' XFSZ; ulimit -f {}", bytes / 512);
    let mut node = cluster.spawn_as(node, cluster.command_after(&limit, node));
    node.wait_until_ready();
    node
}

const LOG_BYTES: u64 = 1 << 20;
const NO_CHECKPOINTS: [&str; 2] = ["--checkpoint-bytes", "1000000000"];

/// Proposes on decrees that are new, through a node, until it says that it is sick.
fn propose_until_sick(
    cluster: &Cluster,
    through: usize,
    sick: usize,
    decided: &mut BTreeMap<String, serde_json::Value>,
) {
    for number in 0.. {
        assert!(number < 1000, "n{} is never sick", sick + 1);
        let decree = format!("until-n{}-{number}", sick + 1);
        let answer = cluster.propose_json(through, &decree, &large(number));
        if answer.status == 200 {
            decided.insert(decree, answer.json()["value"].clone());
        }
        let health = cluster.get(sick, "/health");
        if health.status == 503 {
            let reason = health.json()["reason"].as_str().unwrap().to_owned();
            assert!(
                reason.starts_with("failed to write the log: ") && reason.contains("too large"),
                "{reason}"
            );
            return;
        }
    }
}

fn assert_all_there(cluster: &Cluster, decided: &BTreeMap<String, serde_json::Value>) {
    for node in 0..cluster.size() {
        let mut connection = cluster.connect(node).unwrap();
        for (decree, value) in decided {
            let answer = connection.read(decree).unwrap();
            assert_eq!(answer.status, 200, "n{}: {decree}: {answer:?}", node + 1);
            assert_eq!(&answer.json()["value"], value, "n{}: {decree}", node + 1);
        }
    }
}

#[test]
fn a_node_whose_log_cannot_grow_stops_as_an_acceptor_and_the_others_go_on() {
    let cluster = Cluster::of(3, &NO_CHECKPOINTS);
    let mut nodes = vec![cluster.start(0), cluster.start(1)];
    nodes.push(start_with_a_limit(&cluster, 2, LOG_BYTES));
    let mut decided = BTreeMap::new();
    propose_until_sick(&cluster, 0, 2, &mut decided);
    assert!(!decided.is_empty());
    assert!(
        nodes[2].stderr().contains("stopped as an acceptor"),
        "{}",
        nodes[2].stderr()
    );
    for number in 0..20 {
        let decree = format!("afterwards-{number}");
        let answer = cluster.propose_json(number % 2, &decree, &large(1));
        assert_eq!(answer.status, 200, "{answer:?}");
        decided.insert(decree, answer.json()["value"].clone());
    }
    assert_is_idle(&nodes[2]);
    // What it has learned, it tells; for the rest there are others, and it says so.
    let answer = cluster.read(2, "until-n3-0");
    assert_eq!(answer.json()["value"], decided["until-n3-0"]);
    let answer = cluster.propose(2, "never-heard-of", 17);
    assert_eq!(answer.outcome(), "failed");
    assert!(answer.body.contains("stopped as an acceptor"), "{answer:?}");
    // Its promise would make a majority. It gives none.
    nodes[1].stop();
    let answer = cluster.propose(0, "with-the-sick-one", 17);
    assert_eq!(answer.outcome(), "failed", "no accept was sent: {answer:?}");
    nodes[1] = cluster.start(1);
    assert_eq!(cluster.propose(1, "with-the-sick-one", 42).value(), Some(42));
    nodes[2].stop();
    nodes[2] = cluster.start(2);
    assert_all_there(&cluster, &decided);
}

#[test]
fn with_two_nodes_of_three_that_cannot_write_nothing_is_acknowledged_and_nothing_is_lost() {
    let cluster = Cluster::of(3, &NO_CHECKPOINTS);
    let mut nodes = vec![cluster.start(0)];
    nodes.push(start_with_a_limit(&cluster, 1, LOG_BYTES));
    nodes.push(start_with_a_limit(&cluster, 2, 2 * LOG_BYTES));
    let mut decided = BTreeMap::new();
    propose_until_sick(&cluster, 0, 1, &mut decided);
    propose_until_sick(&cluster, 0, 2, &mut decided);
    let mut failed = Vec::new();
    std::thread::scope(|scope| {
        let ask = |number: usize| {
            let decree = format!("in-vain-{number}");
            let outcome = cluster.propose(number % 3, &decree, 17).outcome();
            assert!(["failed", "unknown"].contains(&outcome.as_str()), "{outcome}");
            (outcome == "failed").then_some(decree)
        };
        let asking: Vec<_> = (0..12).map(|number| scope.spawn(move || ask(number))).collect();
        failed.extend(asking.into_iter().filter_map(|it| it.join().unwrap()));
    });
    assert!(!failed.is_empty());
    for (number, node) in nodes.iter_mut().enumerate().skip(1) {
        node.stop();
        *node = cluster.start(number);
    }
    assert_all_there(&cluster, &decided);
    for decree in failed {
        assert_eq!(
            cluster.propose(0, &decree, 42).value(),
            Some(42),
            "what has failed is never chosen"
        );
    }
}

#[test]
fn a_node_whose_table_cannot_grow_stops_as_an_acceptor_and_says_why() {
    let cluster = Cluster::of(3, &["--checkpoint-bytes", "65536"]);
    let mut nodes = vec![cluster.start(0), cluster.start(1)];
    nodes.push(start_with_a_limit(&cluster, 2, LOG_BYTES));
    let mut decided = BTreeMap::new();
    for number in 0.. {
        assert!(number < 1000, "it never fails");
        let decree = format!("d{number}");
        let answer = cluster.propose_json(0, &decree, &large(number));
        assert_eq!(answer.status, 200, "{answer:?}");
        decided.insert(decree, answer.json()["value"].clone());
        let health = cluster.get(2, "/health");
        if health.status == 503 {
            let reason = health.json()["reason"].as_str().unwrap().to_owned();
            assert!(
                reason.contains("paxos.table") && reason.contains("too large"),
                "{reason}"
            );
            break;
        }
        wait_for_a_short_log(&cluster, 2);
    }
    // It takes no more: neither its log nor its memory grows.
    let files = log_files(&cluster.data(2));
    for number in 0..100 {
        let decree = format!("afterwards-{number}");
        let answer = cluster.propose_json(0, &decree, &large(number));
        assert_eq!(answer.status, 200, "{answer:?}");
        decided.insert(decree, answer.json()["value"].clone());
    }
    assert_eq!(log_files(&cluster.data(2)), files);
    assert!(cluster.metric(2, "paxos_decrees_in_memory") < 100.0);
    let said = nodes[2].stderr();
    assert_eq!(said.lines().count(), 1, "it says so once: {said}");
    assert!(said.contains("stopped as an acceptor"), "{said}");
    assert_is_idle(&nodes[2]);
    nodes[2].stop();
    nodes[2] = cluster.start(2);
    assert_all_there(&cluster, &decided);
}

/// Waits until a checkpoint has begun a new log file: on a busy machine checkpoints fall behind, and the log would be the
/// file that cannot grow. Or until the node is sick, which it may be by now.
fn wait_for_a_short_log(cluster: &Cluster, node: usize) {
    let data = cluster.data(node);
    for _ in 0..1000 {
        let newest = *log_files(&data).last().unwrap();
        let length = fs::metadata(data.join(format!("paxos-{newest:08}.log")));
        if length.is_ok_and(|it| it.len() < LOG_BYTES / 4) || cluster.get(node, "/health").status == 503 {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the log of n{} stays long", node + 1);
}

/// A node that nobody asks anything takes no time of the processor worth mentioning.
fn assert_is_idle(node: &Node) {
    let path = format!("/proc/{}/stat", node.pid());
    let ticks = || -> u64 {
        let stat = fs::read_to_string(&path).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let times = fields.split_whitespace().skip(11).take(2);
        times.map(|it| it.parse::<u64>().unwrap()).sum()
    };
    let before = ticks();
    std::thread::sleep(Duration::from_secs(1));
    // A tick is ten milliseconds.
    let took = ticks() - before;
    assert!(took < 20, "{took} ticks in one second");
}

/// Every file of a directory.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_log_with_a_flipped_byte_is_refused_by_file_and_offset_and_left_as_it_is() {
    let cluster = Cluster::of(3, &[]);
    let mut nodes = cluster.start_all();
    for number in 0..50 {
        assert_eq!(
            cluster.propose(0, &format!("d{number}"), number).value(),
            Some(number)
        );
    }
    nodes[0].stop();
    let file = format!("paxos-{:08}.log", log_files(&cluster.data(0)).last().unwrap());
    let path = cluster.data(0).join(&file);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&path, bytes).unwrap();
    let before = contents(&cluster.data(0));
    for _ in 0..2 {
        let mut node = cluster.spawn(0);
        assert_eq!(node.wait(Duration::from_secs(10)).code(), Some(255));
        let said = node.stderr();
        assert_eq!(said.lines().count(), 1, "{said}");
        let offset = said.split_once(&format!("{file}: corrupt at offset "));
        let offset = offset.and_then(|(_, rest)| rest.split(':').next()?.parse::<usize>().ok());
        let offset = offset.unwrap_or_else(|| panic!("{said}"));
        assert!(
            offset <= middle && middle < offset + 300,
            "{offset}, not {middle}"
        );
        assert!(
            contents(&cluster.data(0)) == before,
            "something was changed on disk"
        );
        fs::write(cluster.stderr(0), "").unwrap();
    }
    assert_eq!(cluster.read(1, "d7").value(), Some(7), "the others go on");
}

#[test]
fn a_data_directory_that_is_in_use_is_refused() {
    let cluster = Cluster::of(3, &[]);
    let mut node = cluster.start(0);
    let other = Cluster::of(1, &[]);
    let output = other.command_on(0, &cluster.data(0)).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(255), "{said}");
    assert!(
        said.starts_with("failed to use ") && said.contains("in use by another process"),
        "{said}"
    );
    assert!(said.contains(&cluster.data(0).display().to_string()), "{said}");
    node.assert_up();
    node.stop();
}
