//! Nodes without a sandbox: how they see each other, and that none of them outlives the harness.

use crate::processes::{get, run, serving, spec, system};
use crate::suite::{eventually, tests};
use cluster::{Cluster, DirectorySync, DiskSpec};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use std::fs::read_to_string;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

tests![
    every_node_is_told_of_the_others_where_it_sees_them,
    who_is_down_refuses_his_peers_and_his_clients,
    a_descriptor_without_ports_is_told_what_is_missing,
    clocks_and_disks_are_refused_by_name,
    a_cluster_of_proxies_without_a_warden_is_refused,
    a_warden_that_comes_after_a_thread_is_refused,
    after_kill_9_of_the_harness_nothing_is_left_within_a_second,
    without_the_warden_the_nodes_die_with_the_harness_all_the_same,
    an_ordinary_user_gets_the_same_world,
];

fn every_node_is_told_of_the_others_where_it_sees_them() {
    run(async |dir| {
        let cluster = serving(dir, 3);
        let network = cluster.network();
        for viewer in cluster.nodes() {
            let typed = read_to_string(dir.join("nodes").join(viewer).join("command.txt")).unwrap();
            for node in cluster.nodes() {
                let seen = format!("{node}={}:7000", network.address(viewer, node));
                assert!(typed.contains(&seen), "{typed}");
            }
            assert!(typed.contains(&format!(" {}:7000 ", network.address(viewer, viewer))));
        }
        assert_eq!(cluster.ip("n1"), network.address("client", "n1"));
    });
}

fn who_is_down_refuses_his_peers_and_his_clients() {
    run(async |dir| {
        let cluster = serving(dir, 2);
        let refuses = |viewer: &str| {
            TcpStream::connect((cluster.network().address(viewer, "n1"), 7000))
                .is_err_and(|why| why.kind() == std::io::ErrorKind::ConnectionRefused)
        };
        assert!(refuses("n2") && refuses("client"), "it was never started");
        cluster.start("n1").await.unwrap();
        assert!(!refuses("n2") && !refuses("client"));
        cluster.kill("n1").await.unwrap();
        assert!(refuses("n2") && refuses("client"), "it was killed");
        cluster.start("n1").await.unwrap();
        assert_eq!(get(&cluster, "n1", "/health").await.unwrap(), "ready");
        get(&cluster, "n1", "/die").await.unwrap_err();
        eventually("it ended by itself", || refuses("n2") && refuses("client"));
    });
}

fn a_descriptor_without_ports_is_told_what_is_missing() {
    run(async |dir| {
        let text = r#"
            name = "test"
            description = ""
            node = { command = ["true"], ready = { url = "http://{ip}/" } }
        "#;
        let system = cluster::System::parse(text, "test.toml").unwrap();
        let refused = Cluster::new(spec(dir, 1, system)).unwrap_err().to_string();
        assert!(refused.contains("[node] ports = ["), "{refused}");
    });
}

fn clocks_and_disks_are_refused_by_name() {
    run(async |dir| {
        let refused = |clocks, disks, word| {
            let mut spec = spec(dir, 1, system("serve", "timeout_ms = 10000"));
            (spec.clocks, spec.disks) = (clocks, disks);
            let told = Cluster::new(spec).unwrap_err().to_string();
            assert!(told.contains(word) && told.contains("--network switch"), "{told}");
        };
        refused(true, None, "clocks");
        let disks = DiskSpec {
            seed: 1,
            sync_backing: false,
            directories: DirectorySync::Posix,
        };
        refused(false, Some(disks), "disks");
    });
}

/// What a harness of these tests does, by its first argument.
pub fn harness(arguments: &[&str]) -> ExitCode {
    match arguments {
        ["without-warden", dir] => {
            let spec = spec(dir.as_ref(), 1, system("serve", "timeout_ms = 10000"));
            println!("failed to {}", Cluster::new(spec).unwrap_err());
        }
        ["late-warden"] => {
            std::thread::spawn(std::thread::park);
            println!("failed to {}", cluster::warden::post().unwrap_err());
        }
        ["serve", dir] => {
            cluster::warden::post().unwrap();
            run_for_ever(dir.as_ref());
        }
        other => panic!("no such harness: {other:?}"),
    }
    ExitCode::SUCCESS
}

fn run_for_ever(dir: &Path) {
    run(async |_| {
        let cluster = serving(dir, 3);
        for node in cluster.nodes() {
            cluster.start(node).await.unwrap();
        }
        let child = get(&cluster, "n1", "/child").await.unwrap();
        let stray = get(&cluster, "n2", "/stray").await.unwrap();
        println!("here {child} {stray}");
        std::io::stdout().flush().unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
}

fn another(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("harness").args(arguments).stdout(Stdio::piped());
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn a_cluster_of_proxies_without_a_warden_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let told = text(
        &another(&["without-warden", dir.path().to_str().unwrap()])
            .output()
            .unwrap(),
    );
    assert!(
        told.contains("without a warden; call warden::post first"),
        "{told}"
    );
}

fn a_warden_that_comes_after_a_thread_is_refused() {
    let told = text(&another(&["late-warden"]).output().unwrap());
    assert!(told.contains("2 threads running"), "{told}");
}

/// A harness with three nodes, a child of one and a stray of another: with their process ids, the warden's first.
fn under_way(dir: &Path) -> (Child, Vec<i32>) {
    let mut child = another(&["serve", dir.to_str().unwrap()]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let offspring = line.strip_prefix("here ").unwrap_or_else(|| panic!("{line}"));
    let offspring = offspring.split_whitespace().map(|pid| pid.parse().unwrap());
    let children = read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap_or_default();
    let all = children.split_whitespace().map(|pid| pid.parse().unwrap());
    let is_warden = |pid: &i32| read_to_string(format!("/proc/{pid}/comm")).unwrap() == "harness-warden\n";
    let warden = all.clone().find(is_warden);
    // Nodes are children of another thread.
    let nodes = (1..=3).map(|i| {
        let log = read_to_string(dir.join(format!("nodes/n{i}/stderr.log"))).unwrap();
        let pid = log.split("started, pid ").nth(1).unwrap();
        pid.lines().next().unwrap().parse().unwrap()
    });
    let pids: Vec<i32> = warden.into_iter().chain(nodes).chain(offspring).collect();
    assert_eq!(pids.len(), 6, "{pids:?}");
    assert!(pids.iter().all(|pid| lives(*pid)));
    (child, pids)
}

fn lives(pid: i32) -> bool {
    let status = read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .any(|line| line.starts_with("State:") && !line.contains('Z'))
}

fn after_kill_9_of_the_harness_nothing_is_left_within_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, pids) = under_way(dir.path());
    child.kill().unwrap();
    let killed = Instant::now();
    eventually("neither warden, nodes, child nor stray is left", || {
        !pids.iter().any(|pid| lives(*pid))
    });
    assert!(
        killed.elapsed() < Duration::from_secs(1),
        "{:?}",
        killed.elapsed()
    );
    assert_eq!(child.wait().unwrap().signal(), Some(9));
}

fn without_the_warden_the_nodes_die_with_the_harness_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, pids) = under_way(dir.path());
    let (warden, nodes, offspring) = (pids[0], &pids[1..4], &pids[4..]);
    kill(Pid::from_raw(warden), Signal::SIGKILL).unwrap();
    eventually("the warden is gone", || !lives(warden));
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the nodes are gone", || !nodes.iter().any(|pid| lives(*pid)));
    // They have nobody any more who would do it.
    for pid in offspring {
        let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
    }
}

fn an_ordinary_user_gets_the_same_world() {
    if !geteuid().is_root() {
        return println!("skipped: only root can become somebody else");
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let program = dir.path().join("proxy");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let output = Command::new(program)
        .current_dir(dir.path())
        .env("TMPDIR", dir.path())
        // That of root may lead to places which others may not look into.
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .gid(65534)
        .uid(65534)
        .output()
        .unwrap();
    let told = text(&output);
    assert!(
        output.status.success() && told.contains("test result: ok. "),
        "{told}"
    );
}
