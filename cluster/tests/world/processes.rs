//! Nodes as processes: start, ready, kill, restart, ends that nobody asked for, logs.

use crate::network::names;
use crate::suite::{eventually, tests};
use cluster::{Cluster, ClusterSpec, DirectorySync, DiskSpec, KillError, NodeState, StartError, System};
use std::fs::read_to_string;
use std::path::Path;
use std::time::{Duration, Instant};

tests![
    five_nodes_are_up_well_under_a_second,
    a_node_is_killed_and_started_again,
    what_its_state_does_not_allow_is_refused,
    an_end_that_nobody_asked_for_is_told_with_its_last_words,
    a_node_that_ends_before_it_is_ready_is_quoted,
    a_node_that_never_answers_is_killed_and_its_last_try_told,
    a_program_that_does_not_exist_is_named,
    a_kill_takes_the_whole_group,
    a_node_is_given_nothing_but_its_own,
    a_node_that_is_cut_from_the_client_cannot_be_asked,
    a_start_that_nobody_waits_for_still_ends_well,
    a_program_beside_a_node_lives_and_dies_with_it,
    a_program_beside_a_node_that_does_not_exist_is_named,
    a_file_of_a_node_is_there_once_and_then_its_own,
];

pub fn system(mode: &str, ready: &str) -> System {
    let text = format!(
        r#"
name = "test"
description = "the test program itself"
[node]
command = ["{{harness}}", "node", "{mode}", "{{ip}}:7000", "{{data}}", "{{peers}}"]
env = {{ OWN = "{{index}}" }}
peers = {{ each = "{{node}}={{ip}}:7000" }}
ports = [7000]
ready = {{ url = "http://{{ip}}:7000/health", {ready} }}
"#
    );
    System::parse(&text, "test.toml").unwrap()
}

pub fn spec(dir: &Path, nodes: usize, system: System) -> ClusterSpec {
    ClusterSpec {
        system,
        nodes: names(nodes),
        dir: dir.to_owned(),
        disks: None,
        epoch: Instant::now(),
        harness: std::env::current_exe().unwrap(),
        seed: 1,
        extra_args: vec!["--extra".to_owned(), dir.to_str().unwrap().to_owned()],
        clocks: false,
        network: crate::BACKEND,
    }
}

pub fn cluster(dir: &Path, nodes: usize, system: System) -> Cluster {
    Cluster::new(spec(dir, nodes, system)).unwrap()
}

/// A cluster of nodes that answer.
pub fn serving(dir: &Path, nodes: usize) -> Cluster {
    cluster(dir, nodes, system("serve", "timeout_ms = 10000"))
}

/// The same on disks that can lose power.
pub fn serving_on_disks(dir: &Path, nodes: usize) -> Cluster {
    let disks = DiskSpec {
        seed: 1,
        sync_backing: false,
        directories: DirectorySync::Posix,
    };
    let mut spec = spec(dir, nodes, system("serve", "timeout_ms = 10000"));
    spec.disks = Some(disks);
    Cluster::new(spec).unwrap()
}

pub fn run(test: impl AsyncFnOnce(&Path)) {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test(dir.path()));
}

pub async fn get(cluster: &Cluster, node: &str, path: &str) -> reqwest::Result<String> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .retry(reqwest::retry::never())
        .build()?;
    let url = format!("http://{}:7000{path}", cluster.ip(node));
    client
        .get(url)
        .timeout(Duration::from_millis(500))
        .send()
        .await?
        .text()
        .await
}

pub fn is_alive(pid: &str) -> bool {
    let status = read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .any(|line| line.starts_with("State:") && !line.contains('Z'))
}

fn five_nodes_are_up_well_under_a_second() {
    run(async |dir| {
        let begun = Instant::now();
        let cluster = serving(dir, 5);
        let nodes = cluster.nodes().to_vec();
        let starts = nodes.iter().map(|node| cluster.start(node));
        let [a, b, c, d, e]: [_; 5] = starts.collect::<Vec<_>>().try_into().ok().unwrap();
        let (a, b, c, d, e) = tokio::join!(a, b, c, d, e);
        for start in [a, b, c, d, e] {
            assert!(start.unwrap().pid > 1);
        }
        let took = begun.elapsed();
        assert!(nodes.iter().all(|node| cluster.state(node) == NodeState::Up));
        assert!(took < Duration::from_secs(1), "{took:?}");
        cluster.stop_all().await;
        assert!(nodes.iter().all(|node| cluster.state(node) == NodeState::Down));
    });
}

fn a_node_is_killed_and_started_again() {
    run(async |dir| {
        let cluster = serving(dir, 2);
        let mut exits = cluster.exits();
        let first = cluster.start("n1").await.unwrap();
        let killed = cluster.kill("n1").await.unwrap();
        assert_eq!(killed.pid, first.pid);
        assert!(!is_alive(&first.pid.to_string()), "when kill returns it is gone");
        assert_eq!(cluster.state("n1"), NodeState::Down);
        let second = cluster.start("n1").await.unwrap();
        assert_ne!(first.pid, second.pid);
        assert_eq!(get(&cluster, "n1", "/health").await.unwrap(), "ready");
        cluster.stop_all().await;
        assert!(
            exits.try_recv().is_err(),
            "an end that was asked for is not unexpected"
        );

        let node_dir = dir.join("nodes/n1");
        let log = read_to_string(node_dir.join("stderr.log")).unwrap();
        let said: Vec<_> = log.lines().map(|line| line.split_once(' ').unwrap()).collect();
        let words: Vec<_> = said.iter().map(|(_, text)| text.to_string()).collect();
        let one_life = |pid: u32| {
            let began = format!("[harness] started, pid {pid}");
            [
                began,
                "listening".to_owned(),
                "[harness] ended: signal 9 (SIGKILL)".to_owned(),
            ]
        };
        assert_eq!(words, [one_life(first.pid), one_life(second.pid)].concat());
        let stamps: Vec<f64> = said.iter().map(|(stamp, _)| stamp.parse().unwrap()).collect();
        assert!(
            stamps.is_sorted() && stamps[0] > 0.0 && stamps[5] < 60.0,
            "{stamps:?}"
        );
        let stdout = read_to_string(node_dir.join("stdout.log")).unwrap();
        let seen = ["n1", "n2"].map(|node| format!("{node}={}:7000", cluster.network().address("n1", node)));
        assert!(stdout.contains(&seen.join(",")), "{stdout}");
        let typed = read_to_string(node_dir.join("command.txt")).unwrap();
        assert!(
            typed.contains("env -i") && typed.contains("OWN=1") && typed.contains("--extra"),
            "{typed}"
        );
    });
}

fn what_its_state_does_not_allow_is_refused() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        let refused = cluster.kill("n1").await.unwrap_err();
        assert_eq!(refused.to_string(), "kill n1: it is down, not up");
        let refused = cluster.pause("n1").await.unwrap_err();
        assert_eq!(refused.to_string(), "pause n1: it is down, not up");
        let refused = cluster.terminate("n1", Duration::ZERO).await.unwrap_err();
        assert_eq!(refused.to_string(), "terminate n1: it is down, not up");
        cluster.start("n1").await.unwrap();
        let refused = cluster.resume("n1").await.unwrap_err();
        assert_eq!(refused.to_string(), "resume n1: it is up, not paused");
        let refused = cluster.start("n1").await.unwrap_err();
        assert_eq!(refused.to_string(), "start n1: it is up, not down");
        assert!(matches!(
            cluster.start("n7").await,
            Err(StartError::Unknown { .. })
        ));
        assert!(matches!(cluster.kill("n7").await, Err(KillError::Unknown { .. })));
        cluster.stop_all().await;
    });
}

fn an_end_that_nobody_asked_for_is_told_with_its_last_words() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        let mut exits = cluster.exits();
        let started = cluster.start("n1").await.unwrap();
        assert!(get(&cluster, "n1", "/die").await.is_err());
        let exit = exits.recv().await.unwrap();
        assert_eq!(
            (exit.node.as_str(), exit.status.as_str()),
            ("n1", "exit status 101")
        );
        assert_eq!(exit.stderr, ["listening", "assertion failed: all is well"]);
        assert!(exit.at_ns > 0);
        assert_eq!(cluster.state("n1"), NodeState::Down);
        assert!(matches!(cluster.kill("n1").await, Err(KillError::NotUp { .. })));
        assert_ne!(cluster.start("n1").await.unwrap().pid, started.pid);
        cluster.stop_all().await;
    });
}

fn a_node_that_ends_before_it_is_ready_is_quoted() {
    run(async |dir| {
        let cluster = cluster(dir, 1, system("refuse", "timeout_ms = 10000"));
        let mut exits = cluster.exits();
        let failed = cluster.start("n1").await.unwrap_err();
        let StartError::Exited { status, stderr, .. } = &failed else {
            panic!("{failed}")
        };
        assert_eq!(status, "exit status 3");
        assert_eq!(stderr[1], "\\u{1b}[31mfatal:\\u{1b}[0m the disk is not mine");
        let told = failed.to_string();
        assert!(
            told.contains("before it was ready\nthe last that it wrote to stderr:\n  | reading"),
            "{told}"
        );
        assert_eq!(cluster.state("n1"), NodeState::Down);
        assert!(
            exits.try_recv().is_err(),
            "it is told once, to whoever started it"
        );
    });
}

fn a_node_that_never_answers_is_killed_and_its_last_try_told() {
    run(async |dir| {
        let cluster = cluster(dir, 1, system("hang", "timeout_ms = 200"));
        let told = cluster.start("n1").await.unwrap_err().to_string();
        // A proxy has accepted already when it finds that nobody listens.
        let answer = match crate::BACKEND {
            cluster::Backend::Proxy => "Connection reset by peer (os error 104)",
            _ => "Connection refused (os error 111)",
        };
        let expected = format!(
            "start n1: not ready after 200 ms; the last GET http://{}:7000/health: {answer}\n\
             the last that it wrote to stderr:\n  | waiting for somebody who never comes",
            cluster.ip("n1")
        );
        assert_eq!(told, expected);
        assert_eq!(cluster.state("n1"), NodeState::Down);
    });
}

fn a_program_that_does_not_exist_is_named() {
    run(async |dir| {
        let text = r#"
            name = "test"
            description = ""
            node = { command = ["no-such-program"], ports = [7000], ready = { url = "http://{ip}/" } }
        "#;
        let cluster = cluster(dir, 1, System::parse(text, "test.toml").unwrap());
        let told = cluster.start("n1").await.unwrap_err().to_string();
        assert!(
            told.starts_with("start n1: run no-such-program: No such file or directory"),
            "{told}"
        );
        assert_eq!(cluster.state("n1"), NodeState::Down);
    });
}

fn a_kill_takes_the_whole_group() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        cluster.start("n1").await.unwrap();
        let child = get(&cluster, "n1", "/child").await.unwrap();
        assert!(is_alive(&child));
        cluster.kill("n1").await.unwrap();
        assert!(
            !Path::new(&format!("/proc/{child}")).exists(),
            "its child is gone, and reaped"
        );
    });
}

fn a_node_is_given_nothing_but_its_own() {
    run(async |dir| {
        // A descriptor that whoever started the harness left open, and that does not close on exec.
        let leaked = nix::unistd::dup(std::fs::File::open("/proc/self/status").unwrap()).unwrap();
        let cluster = serving(dir, 1);
        cluster.start("n1").await.unwrap();
        let told = get(&cluster, "n1", "/surroundings").await.unwrap();
        drop(leaked);
        cluster.stop_all().await;
        let foreign: Vec<_> = told
            .lines()
            .filter_map(|line| line.strip_prefix("fd "))
            .filter(|fd| {
                !["0 /dev/null", "1 pipe:", "2 pipe:"]
                    .iter()
                    .any(|own| fd.starts_with(own))
            })
            // Its own: the listener, the connection twice, and the directory that it lists.
            .filter(|fd| !fd.contains("socket:") && !fd.ends_with("/fd"))
            .collect();
        assert!(foreign.is_empty(), "{told}");
        assert!(
            told.contains("env OWN") && told.contains("env PATH") && !told.contains("env CARGO"),
            "{told}"
        );
        assert!(told.contains("leads its session true"), "{told}");
        assert!(
            told.contains(&format!("cwd {}", dir.join("nodes/n1").display())),
            "{told}"
        );
    });
}

fn a_node_that_is_cut_from_the_client_cannot_be_asked() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        cluster.start("n1").await.unwrap();
        let rule = cluster
            .network()
            .cut(&[("client".to_owned(), "n1".to_owned())])
            .unwrap();
        assert!(get(&cluster, "n1", "/health").await.unwrap_err().is_timeout());
        assert!(cluster.network().heal(rule).links[0].dropped.packets > 0);
        assert_eq!(get(&cluster, "n1", "/health").await.unwrap(), "ready");
        cluster.stop_all().await;
    });
}

fn a_start_that_nobody_waits_for_still_ends_well() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        let impatient = tokio::time::timeout(Duration::ZERO, cluster.start("n1")).await;
        assert!(impatient.is_err());
        eventually("it is up all the same", || cluster.state("n1") == NodeState::Up);
        cluster.kill("n1").await.unwrap();
    });
}

/// A node that answers, with a program beside it.
fn accompanied(command: &str) -> System {
    let text = format!(
        r#"
name = "test"
description = "the test program itself, and another"
[node]
command = ["{{harness}}", "node", "serve", "{{ip}}:7000", "{{data}}", "{{node}}={{ip}}"]
ports = [7000]
[[node.also]]
name = "guard"
command = {command}
[[node.file]]
path = "{{data}}/conf/node.conf"
text = "{{node}} follows {{first}}"
nodes = "others"
[node.ready]
url = "http://{{ip}}:7000/health"
timeout_ms = 10000
"#
    );
    System::parse(&text, "test.toml").unwrap()
}

/// The process of the program beside the node in its life with this number, from 0.
fn guard(dir: &Path, life: usize) -> String {
    let log = dir.join("nodes/n1/guard.stderr.log");
    eventually("the program beside the node has started", || {
        started(&log, life).is_some()
    });
    started(&log, life).unwrap()
}

fn started(log: &Path, life: usize) -> Option<String> {
    let text = read_to_string(log).unwrap_or_default();
    let pids = text.lines().filter_map(|line| line.split_once("started, pid "));
    pids.map(|(_, pid)| pid.to_owned()).nth(life)
}

fn a_program_beside_a_node_lives_and_dies_with_it() {
    run(async |dir| {
        let cluster = cluster(dir, 1, accompanied(r#"["sleep", "1000"]"#));
        let mut exits = cluster.exits();
        cluster.start("n1").await.unwrap();
        let first = guard(dir, 0);
        assert!(is_alive(&first));
        cluster.kill("n1").await.unwrap();
        assert!(
            !is_alive(&first),
            "the node is gone, and so is what was beside it"
        );
        cluster.start("n1").await.unwrap();
        let second = guard(dir, 1);
        assert!(is_alive(&second) && second != first);
        assert!(
            exits.try_recv().is_err(),
            "an end that was asked for is not unexpected"
        );
        // Its own end is that of the node, and told as what it was.
        let pid = nix::unistd::Pid::from_raw(second.parse().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        let exit = exits.recv().await.unwrap();
        assert_eq!(exit.status, "guard ended: signal 15 (SIGTERM)");
        assert_eq!(cluster.state("n1"), NodeState::Down);
        cluster.start("n1").await.unwrap();
        let third = guard(dir, 2);
        cluster.stop_all().await;
        assert!(!is_alive(&third));
    });
}

fn a_program_beside_a_node_that_does_not_exist_is_named() {
    run(async |dir| {
        let cluster = cluster(dir, 1, accompanied(r#"["no-such-program"]"#));
        let told = cluster.start("n1").await.unwrap_err().to_string();
        assert!(
            told.starts_with("start n1: run no-such-program: No such file or directory"),
            "{told}"
        );
        assert_eq!(cluster.state("n1"), NodeState::Down);
    });
}

fn a_file_of_a_node_is_there_once_and_then_its_own() {
    run(async |dir| {
        let cluster = cluster(dir, 2, accompanied(r#"["sleep", "1000"]"#));
        let file = |node: &str| dir.join(format!("nodes/{node}/data/conf/node.conf"));
        assert!(!file("n1").exists(), "it is for the others");
        let first = cluster.network().address("n2", "n1");
        assert_eq!(read_to_string(file("n2")).unwrap(), format!("n2 follows {first}"));
        cluster.start("n2").await.unwrap();
        std::fs::write(file("n2"), "mine").unwrap();
        cluster.kill("n2").await.unwrap();
        cluster.start("n2").await.unwrap();
        assert_eq!(read_to_string(file("n2")).unwrap(), "mine");
        cluster.stop_all().await;
    });
}
