//! Somebody waits for a line of a node's log, and acts the moment that it comes.

use crate::processes::{get, run, serving};
use crate::suite::tests;
use cluster::{LinePattern, LogStream, NodeState};

tests![
    a_line_of_either_stream_is_told_when_it_comes,
    a_node_is_killed_at_the_line_that_was_waited_for,
    a_wait_lasts_over_a_restart_and_ends_with_the_cluster,
];

fn pattern(text: &str) -> LinePattern {
    LinePattern::new(text).unwrap()
}

fn a_line_of_either_stream_is_told_when_it_comes() {
    run(async |dir| {
        let cluster = serving(dir, 2);
        // A node can be ready before its first line has been read.
        let ready = cluster.watch_log("n1", pattern("^listening$"));
        cluster.start("n1").await.unwrap();
        cluster.start("n2").await.unwrap();
        ready.matched().await.unwrap();
        let said = cluster.watch_log("n1", pattern("^said"));
        let complained = cluster.watch_log("n1", pattern("^complained"));
        let other = cluster.watch_log("n2", pattern("^said"));
        let before = cluster.watch_log("n1", pattern("^listening$"));
        get(&cluster, "n1", "/say").await.unwrap();
        let said = said.matched().await.unwrap();
        assert_eq!(
            (said.stream, said.line.as_str()),
            (LogStream::Stdout, "said /say")
        );
        let complained = complained.matched().await.unwrap();
        assert_eq!(complained.stream, LogStream::Stderr);
        cluster.stop_all().await;
        drop(cluster);
        assert_eq!(other.matched().await, None, "the other node did not say it");
        assert_eq!(before.matched().await, None, "it was said before anybody waited");
    });
}

fn a_node_is_killed_at_the_line_that_was_waited_for() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        let mut exits = cluster.exits();
        cluster.start("n1").await.unwrap();
        let watch = cluster.watch_log("n1", pattern("^said /say$"));
        let ((), _) = tokio::join!(
            async {
                watch.matched().await.unwrap();
                cluster.kill("n1").await.unwrap();
            },
            get(&cluster, "n1", "/say"),
        );
        assert_eq!(cluster.state("n1"), NodeState::Down);
        assert!(exits.try_recv().is_err());
    });
}

fn a_wait_lasts_over_a_restart_and_ends_with_the_cluster() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        let before_any_life = cluster.watch_log("n1", pattern("listening"));
        cluster.start("n1").await.unwrap();
        before_any_life.matched().await.unwrap();
        let next_life = cluster.watch_log("n1", pattern("listening"));
        let never = cluster.watch_log("n1", pattern("never said"));
        cluster.kill("n1").await.unwrap();
        cluster.start("n1").await.unwrap();
        next_life.matched().await.unwrap();
        cluster.stop_all().await;
        drop(cluster);
        assert_eq!(never.matched().await, None);
    });
}
