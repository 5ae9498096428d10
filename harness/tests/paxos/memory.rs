//! A node's memory does not grow with the number of decided decrees: what is decided leaves it for the table.
//!
//! `PAXOS_DECREES=1000000 cargo test -p harness --test paxos measured -- --nocapture` measures a node with the usual
//! settings; docs/paxos.md has the figures.

use crate::nodes::{Cluster, Connection, Node, proposal};
use std::time::Instant;

const THREADS: u64 = 4;
/// Requests that are under way at the same time, for each thread.
const CONNECTIONS: u64 = 64;

/// Has so many new decrees decided, from a number on.
fn decide(cluster: &Cluster, from: u64, count: u64) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let mut connections: Vec<Connection> =
                    (0..CONNECTIONS).map(|_| cluster.connect(0).unwrap()).collect();
                let mut numbers = (from + thread..from + count).step_by(THREADS as usize).peekable();
                while numbers.peek().is_some() {
                    let batch: Vec<u64> = numbers.by_ref().take(connections.len()).collect();
                    for (number, connection) in batch.iter().zip(&mut connections) {
                        connection
                            .write(&proposal(&name(*number), &(*number).into()))
                            .unwrap();
                    }
                    for (number, connection) in batch.iter().zip(&mut connections) {
                        let mut answer = connection.answer().unwrap();
                        // The disk may have been busy for longer than a request waits.
                        while answer.status == 503 {
                            answer = connection.propose(&name(*number), *number).unwrap();
                        }
                        assert_eq!(answer.value(), Some(*number));
                    }
                }
            });
        }
    });
}

fn name(number: u64) -> String {
    format!("d{number}")
}

/// How much memory a process takes, in KiB: all that is resident, and the most that ever was.
fn memory(node: &Node) -> (u64, u64) {
    let text = std::fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.unwrap_or_else(|| panic!("no {name} in {text}"))
    };
    (field("VmRSS:"), field("VmHWM:"))
}

/// By how much a node grows from its first 20,000 decrees to three times as many, in KiB, and how many of these are
/// in its memory then.
fn growth(checkpoint_bytes: u64) -> (u64, f64) {
    let cluster = Cluster::of(1, &["--checkpoint-bytes", &checkpoint_bytes.to_string()]);
    let mut nodes = cluster.start_all();
    decide(&cluster, 0, 20_000);
    let (before, _) = memory(&nodes[0]);
    decide(&cluster, 20_000, 40_000);
    let (after, _) = memory(&nodes[0]);
    let in_memory = cluster.metric(0, "paxos_decrees_in_memory");
    println!(
        "checkpoints every {checkpoint_bytes} bytes: {before} KiB, then {after} KiB, {in_memory} in memory"
    );
    for number in (0..60_000).step_by(997) {
        assert_eq!(cluster.read(0, &name(number)).value(), Some(number));
    }
    nodes[0].stop();
    (after.saturating_sub(before), in_memory)
}

#[test]
fn memory_does_not_grow_with_the_number_of_decrees_and_without_checkpoints_it_would() {
    let (with, in_memory) = growth(1 << 20);
    assert!(with < 20_000, "{with} KiB");
    assert!(in_memory < 20_000.0, "{in_memory}");
    let (without, in_memory) = growth(1 << 40);
    assert!(without > 30_000, "{without} KiB: this test would not notice");
    assert_eq!(in_memory, 60_000.0);
}

#[test]
fn memory_is_measured_for_as_many_decrees_as_one_wants() {
    let Some(all) = std::env::var_os("PAXOS_DECREES") else {
        return;
    };
    let all: u64 = all.to_str().unwrap().parse().unwrap();
    let cluster = Cluster::of(1, &[]);
    let mut nodes = cluster.start_all();
    let began = Instant::now();
    let say = |node: &Node, what: &str| {
        let ((resident, most), took) = (memory(node), began.elapsed().as_secs_f64());
        println!("{what:>22}: {resident:>7} KiB resident, {most:>7} KiB at most, {took:>4.0} s");
    };
    say(&nodes[0], "started");
    let mut from = 0;
    for tenth in 1..=10 {
        let to = all * tenth / 10;
        decide(&cluster, from, to - from);
        say(&nodes[0], &format!("{to} decided"));
        from = to;
    }
    nodes[0].stop();
    nodes[0] = cluster.start(0);
    say(&nodes[0], "started again");
    for number in (0..all).step_by(97) {
        assert_eq!(cluster.read(0, &name(number)).value(), Some(number));
    }
    say(&nodes[0], "every 97th read");
}
