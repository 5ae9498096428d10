//! Nodes that are paused, resumed and asked to end.

use crate::processes::{cluster, get, is_alive, run, serving, system};
use crate::suite::{eventually, tests};
use cluster::{Cluster, EndedBy, NodeState};
use std::fs::read_to_string;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

tests![
    a_paused_node_answers_nobody_and_then_goes_on_where_it_was,
    a_pause_takes_those_that_left_the_group_too,
    a_paused_node_is_killed_and_started_again,
    the_end_of_a_run_takes_paused_nodes_too,
    a_kill_in_the_middle_of_a_pause_wins,
    a_pause_that_nobody_waits_for_still_ends_well,
    a_node_ends_when_it_is_asked_to,
    a_node_that_does_not_listen_is_killed_in_the_end,
];

/// The state letter of a process, as the kernel tells it.
fn kernel_state(pid: &str) -> String {
    let status = read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("State:"));
    line.unwrap().trim()[..1].to_owned()
}

/// A connection with a request under way.
fn asked(cluster: &Cluster) -> TcpStream {
    let mut stream = TcpStream::connect((cluster.ip("n1"), 7000)).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\n\r\n").unwrap();
    stream
}

fn a_paused_node_answers_nobody_and_then_goes_on_where_it_was() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        let mut exits = cluster.exits();
        let started = cluster.start("n1").await.unwrap();
        let paused = cluster.pause("n1").await.unwrap();
        assert_eq!((paused.pid, paused.processes), (started.pid, 1));
        assert!(paused.threads >= 1);
        assert_eq!(cluster.state("n1"), NodeState::Paused);
        assert_eq!(kernel_state(&started.pid.to_string()), "T");
        let refused = cluster.pause("n1").await.unwrap_err();
        assert_eq!(refused.to_string(), "pause n1: it is paused, not up");
        let refused = cluster.terminate("n1", Duration::ZERO).await.unwrap_err();
        assert_eq!(refused.to_string(), "terminate n1: it is paused, not up");

        // The kernel accepts the connection; nobody reads what comes on it.
        let mut stream = asked(&cluster);
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let silence = stream.read(&mut [0; 64]).unwrap_err();
        assert!(matches!(
            silence.kind(),
            ErrorKind::WouldBlock | ErrorKind::TimedOut
        ));

        let resumed = cluster.resume("n1").await.unwrap();
        assert_eq!((resumed.pid, resumed.processes), (started.pid, 1));
        assert!(resumed.paused_for >= Duration::from_millis(200), "{resumed:?}");
        assert_eq!(cluster.state("n1"), NodeState::Up);
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("ready"), "{answer}");
        cluster.stop_all().await;
        assert!(exits.try_recv().is_err());
    });
}

fn a_pause_takes_those_that_left_the_group_too() {
    run(async |dir| {
        let cluster = serving(dir, 2);
        let started = cluster.start("n1").await.unwrap();
        let other = cluster.start("n2").await.unwrap();
        let child = get(&cluster, "n1", "/child").await.unwrap();
        let stray = get(&cluster, "n1", "/stray").await.unwrap();
        let group = |pid: &str| nix::unistd::getpgid(Some(nix::unistd::Pid::from_raw(pid.parse().unwrap())));
        assert_ne!(group(&stray), group(&child));
        let all = [&started.pid.to_string(), &child, &stray];
        assert_eq!(cluster.pause("n1").await.unwrap().processes, 3);
        assert_eq!(all.map(|pid| kernel_state(pid)), ["T", "T", "T"]);
        assert_ne!(kernel_state(&other.pid.to_string()), "T", "the other node runs");
        assert_eq!(cluster.resume("n1").await.unwrap().processes, 3);
        assert!(!all.map(|pid| kernel_state(pid)).contains(&"T".to_owned()));
        cluster.pause("n1").await.unwrap();
        cluster.kill("n1").await.unwrap();
        for pid in all {
            assert!(!Path::new(&format!("/proc/{pid}")).exists(), "gone, and reaped");
        }
        assert!(is_alive(&other.pid.to_string()));
        cluster.stop_all().await;
    });
}

fn a_paused_node_is_killed_and_started_again() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        let mut exits = cluster.exits();
        let first = cluster.start("n1").await.unwrap();
        cluster.pause("n1").await.unwrap();
        assert_eq!(cluster.kill("n1").await.unwrap().pid, first.pid);
        assert_eq!(cluster.state("n1"), NodeState::Down);
        let refused = cluster.resume("n1").await.unwrap_err();
        assert_eq!(refused.to_string(), "resume n1: it is down, not paused");
        cluster.start("n1").await.unwrap();
        assert_eq!(get(&cluster, "n1", "/health").await.unwrap(), "ready");
        cluster.stop_all().await;
        assert!(exits.try_recv().is_err());
    });
}

fn the_end_of_a_run_takes_paused_nodes_too() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        let started = cluster.start("n1").await.unwrap();
        cluster.pause("n1").await.unwrap();
        cluster.stop_all().await;
        assert_eq!(cluster.state("n1"), NodeState::Down);
        assert!(!is_alive(&started.pid.to_string()));
    });
}

fn a_kill_in_the_middle_of_a_pause_wins() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        let mut exits = cluster.exits();
        for _ in 0..20 {
            cluster.start("n1").await.unwrap();
            let (paused, killed) = tokio::join!(cluster.pause("n1"), cluster.kill("n1"));
            killed.unwrap();
            if let Err(why) = paused {
                let told = why.to_string();
                assert!(told.contains("ended before") || told.contains("not up"), "{told}");
            }
            assert_eq!(cluster.state("n1"), NodeState::Down);
        }
        assert!(exits.try_recv().is_err());
    });
}

fn a_pause_that_nobody_waits_for_still_ends_well() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        let pid = cluster.start("n1").await.unwrap().pid.to_string();
        let looked_once = tokio::select! {
            biased;
            _ = cluster.pause("n1") => false,
            () = std::future::ready(()) => true,
        };
        assert!(looked_once);
        eventually("it is paused all the same", || kernel_state(&pid) == "T");
        cluster.resume("n1").await.unwrap();
        assert_eq!(get(&cluster, "n1", "/health").await.unwrap(), "ready");
        cluster.stop_all().await;
    });
}

fn a_node_ends_when_it_is_asked_to() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        let mut exits = cluster.exits();
        let started = cluster.start("n1").await.unwrap();
        let ended = cluster.terminate("n1", Duration::from_secs(10)).await.unwrap();
        assert_eq!((ended.pid, ended.by), (started.pid, EndedBy::Sigterm));
        assert_eq!(ended.status, "signal 15 (SIGTERM)");
        assert_eq!(cluster.state("n1"), NodeState::Down);
        assert!(exits.try_recv().is_err(), "it was asked for");
    });
}

fn a_node_that_does_not_listen_is_killed_in_the_end() {
    run(async |dir| {
        let cluster = cluster(dir, 1, system("stubborn", "timeout_ms = 10000"));
        let mut exits = cluster.exits();
        cluster.start("n1").await.unwrap();
        let ended = cluster.terminate("n1", Duration::from_millis(50)).await.unwrap();
        assert_eq!(ended.by, EndedBy::Sigkill);
        assert_eq!(ended.status, "signal 9 (SIGKILL)");
        assert!(ended.took >= Duration::from_millis(50), "{ended:?}");
        assert!(exits.try_recv().is_err(), "it was asked for");
    });
}
