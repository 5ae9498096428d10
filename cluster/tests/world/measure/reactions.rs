//! How soon a node is paused, resumed and killed, and how soon a line of its log is acted upon.

use crate::processes::{get, run, serving};
use cluster::LinePattern;
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
        cluster.stop_all().await;
    });
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let us = |rank: usize| times[rank].as_secs_f64() * 1e6;
    let (median, high) = (us(times.len() / 2), us(times.len() * 99 / 100));
    println!("{what:<26} {median:>9.1} us median, {high:.1} us at 99 %");
}
