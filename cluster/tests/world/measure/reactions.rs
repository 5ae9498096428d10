//! How soon a node is paused, resumed and killed, how soon a line of its log is acted upon, and what its clock
//! costs and is worth.

use crate::processes::{get, run, serving, spec, system};
use cluster::{ClockFault, Cluster, LinePattern};
use std::path::Path;
use std::time::{Duration, Instant};

const TIMES: usize = 100;

pub fn measure() {
    run(async |dir| {
        let cluster = serving(dir, 5);
        for node in cluster.nodes() {
            cluster.start(node).await.unwrap();
        }
        let (mut paused, mut resumed) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            paused.push(cluster.pause("n1").await.unwrap().took);
            resumed.push(cluster.resume("n1").await.unwrap().took);
        }
        told("pause, until confirmed", paused);
        told("resume, until confirmed", resumed);

        let said = LinePattern::new("^said /say$").unwrap();
        let (mut seen, mut gone) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            let watch = cluster.watch_log("n1", said.clone());
            let begun = Instant::now();
            // The node says it before it answers.
            let (answer, kill) = tokio::join!(get(&cluster, "n1", "/say"), async {
                watch.matched().await.unwrap();
                seen.push(begun.elapsed());
                let begun = Instant::now();
                cluster.kill("n1").await.unwrap();
                gone.push(begun.elapsed());
            });
            drop((answer, kill));
            cluster.start("n1").await.unwrap();
        }
        told("connect, ask, line seen", seen);
        told("kill, until all is gone", gone);
        let plain = get(&cluster, "n1", "/cost").await.unwrap();
        cluster.stop_all().await;
        drop(cluster);
        clocks(dir, &plain).await;
    });
}

/// A clock that can be changed, beside one that cannot.
async fn clocks(dir: &Path, plain_ns: &str) {
    let mut spec = spec(dir, 5, system("serve", "timeout_ms = 10000"));
    spec.clocks = true;
    let begun = Instant::now();
    let cluster = match Cluster::new(spec) {
        Ok(cluster) => cluster,
        Err(why) => return println!("clocks: {why}"),
    };
    println!(
        "cluster with clocks        {:>9.1} ms",
        begun.elapsed().as_secs_f64() * 1e3
    );
    cluster.start("n1").await.unwrap();
    let cost = get(&cluster, "n1", "/cost").await.unwrap();
    println!("a look at the time         {cost:>9} ns; without clocks {plain_ns} ns");
    let clock = cluster.clock("n1").unwrap();
    let (mut set, mut doubt, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..TIMES {
        let begun = Instant::now();
        let fault = match turn % 3 {
            0 => ClockFault::Offset { by_ms: 1_234_567 },
            1 => ClockFault::Rate { times: 1.01 },
            _ => ClockFault::Offset { by_ms: 0 },
        };
        clock.set(fault).unwrap();
        set.push(begun.elapsed());
        let reading = clock.measure().await.unwrap();
        doubt.push(Duration::from_nanos(reading.doubt_ns.unsigned_abs()));
        let off = reading.offset_ns - reading.expected_ns;
        wrong.push(Duration::from_nanos(off.unsigned_abs()));
    }
    told("set a clock", set);
    told("measured: doubt", doubt);
    told("measured: off from told", wrong);
    let every = Duration::from_millis(1);
    clock
        .set(ClockFault::Strobe {
            between_ms: [0, 100],
            every,
        })
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!(
        "strobe of 1 ms             {:>9} jumps/s",
        clock.heal().unwrap().jumps
    );
    cluster.stop_all().await;
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let us = |rank: usize| times[rank].as_secs_f64() * 1e6;
    let (median, high) = (us(times.len() / 2), us(times.len() * 99 / 100));
    println!("{what:<26} {median:>9.1} us median, {high:.1} us at 99 %");
}
