//! Somebody who enters the sandbox, does one thing, and is watched from outside.

use crate::suite::eventually;
use crate::{disk_faults, processes};
use cluster::disk::Request;
use cluster::probe::Capability;
use cluster::sandbox::{Side, enter};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

pub fn main(arguments: &[&str]) -> ExitCode {
    match arguments {
        ["probe"] => return probe(cluster::probe::capabilities().unwrap()),
        ["clocks"] => return probe(vec![cluster::probe::clocks().unwrap()]),
        _ => {}
    }
    if arguments == ["threads"] {
        std::thread::spawn(std::thread::park);
    }
    match enter() {
        Err(why) => {
            println!("failed to {why}");
            ExitCode::from(255)
        }
        Ok(Side::Outside { exit_code }) => ExitCode::from(u8::try_from(exit_code).unwrap_or(255)),
        Ok(Side::Inside) => inside(arguments),
    }
}

fn inside(arguments: &[&str]) -> ExitCode {
    match arguments {
        ["exit", code] => ExitCode::from(code.parse::<u8>().unwrap()),
        ["whoami"] => {
            let map = std::fs::read_to_string("/proc/self/uid_map").unwrap();
            println!(
                "pid {} uid {} map {}",
                std::process::id(),
                nix::unistd::getuid(),
                map.trim()
            );
            ExitCode::SUCCESS
        }
        ["wait"] => {
            say("here");
            std::thread::sleep(Duration::from_secs(60));
            ExitCode::FAILURE
        }
        ["wait-for-terminate"] => runtime().block_on(async {
            let mut signal =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
            say("here");
            signal.recv().await;
            ExitCode::from(7)
        }),
        ["cluster", dir] => runtime().block_on(async {
            let cluster = processes::serving(dir.as_ref(), 3);
            for node in cluster.nodes() {
                cluster.start(node).await.unwrap();
            }
            say("here");
            tokio::time::sleep(Duration::from_secs(60)).await;
            ExitCode::FAILURE
        }),
        // Three nodes that write and sync all the time, one of them on a disk that hangs.
        ["disks", dir] => runtime().block_on(async {
            let cluster = processes::serving_on_disks(dir.as_ref(), 3);
            for node in cluster.nodes() {
                cluster.start(node).await.unwrap();
                processes::get(&cluster, node, "/busy").await.unwrap();
            }
            let disk = cluster.disk("n1").unwrap();
            let fault = disk.install(disk_faults::hanging(&[Request::Sync]));
            eventually("it hangs", || disk.counters(fault).unwrap().felt > 0);
            say("here");
            tokio::time::sleep(Duration::from_secs(60)).await;
            ExitCode::FAILURE
        }),
        other => panic!("no such visitor: {other:?}"),
    }
}

fn probe(capabilities: Vec<Capability>) -> ExitCode {
    for capability in capabilities {
        match capability.ok {
            Ok(detail) => println!("yes {}: {detail}", capability.name),
            Err(missing) => println!("no {}: {missing}", capability.name),
        }
    }
    ExitCode::SUCCESS
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Tells whoever started us how far we are.
fn say(word: &str) {
    println!("{word}");
    std::io::stdout().flush().unwrap();
}
