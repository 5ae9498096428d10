//! Nodes whose clocks are changed while they run, as they see it themselves and as `date` sees it.

use crate::processes::{get, run, serving, spec, system};
use crate::suite::{eventually, must_not_skip, tests};
use cluster::clock::{OFFSET_MS_MAX, reach};
use cluster::{Clock, ClockFault, Cluster, ClusterError, NodeState};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

tests![
    an_offset_is_felt_by_the_node_and_by_date_and_heals,
    a_jump_counts_from_what_the_clock_shows,
    a_rate_begins_and_ends_where_the_clock_is,
    a_strobe_shows_two_times_until_it_is_healed,
    a_restart_does_not_repair_a_clock,
    a_node_that_does_not_ask_for_the_time_is_found_out,
    programs_with_timers_go_on_under_every_fault,
    nodes_that_are_killed_all_the_time_start_all_the_same,
    what_no_clock_can_do_is_refused,
    a_program_that_cannot_be_reached_is_refused_before_the_run,
    without_clocks_nothing_is_preloaded,
];

const HOUR_MS: i64 = 3_600_000;
const HOUR_NS: i128 = 3_600_000_000_000;

/// Well over what it takes to ask a node on a busy machine, well under what is tested.
const NEAR_NS: i128 = 1_000_000_000;

/// Nodes with clocks of their own, up. Where libfaketime is not installed there is nothing to test.
async fn clocked(dir: &Path, nodes: usize) -> Option<Cluster> {
    let mut spec = spec(dir, nodes, system("serve", "timeout_ms = 10000"));
    spec.clocks = true;
    match Cluster::new(spec) {
        Ok(cluster) => {
            for node in cluster.nodes() {
                cluster.start(node).await.unwrap();
            }
            Some(cluster)
        }
        Err(ClusterError::Clocks(missing)) if missing.reason.contains("not installed") => {
            assert!(!must_not_skip(), "nothing is skipped in CI: {missing}");
            println!("skipped: {missing}");
            None
        }
        Err(why) => panic!("{why}"),
    }
}

fn real_ns() -> i128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i128
}

/// How far off a node thinks it is: at least and at most.
async fn off(cluster: &Cluster, node: &str) -> (i128, i128) {
    let before = real_ns();
    let told = get(cluster, node, "/time").await.unwrap();
    let after = real_ns();
    let shown: i128 = told.split_once(' ').unwrap().0.parse().unwrap();
    (shown - after, shown - before)
}

async fn assert_off(cluster: &Cluster, node: &str, expected_ns: i128) {
    let (least, most) = off(cluster, node).await;
    let holds = least - NEAR_NS < expected_ns && expected_ns < most + NEAR_NS;
    assert!(holds, "{node} is off by {least} to {most} ns, not {expected_ns}");
}

fn clock(cluster: &Cluster) -> &Clock {
    cluster.clock("n1").unwrap()
}

fn an_offset_is_felt_by_the_node_and_by_date_and_heals() {
    run(async |dir| {
        let Some(cluster) = clocked(dir, 2).await else {
            return;
        };
        assert_off(&cluster, "n1", 0).await;
        for (by_ms, expected) in [(HOUR_MS, HOUR_NS), (-HOUR_MS, -HOUR_NS)] {
            clock(&cluster).set(ClockFault::Offset { by_ms }).unwrap();
            assert_off(&cluster, "n1", expected).await;
            assert_off(&cluster, "n2", 0).await;
            let reading = clock(&cluster).measure().await.unwrap();
            assert!(reading.as_expected() && reading.node_looked, "{reading:?}");
            assert_eq!(i128::from(reading.expected_ns), expected);
        }
        let healed = clock(&cluster).heal().unwrap();
        assert_eq!(
            (healed.before_ns, healed.after_ns, healed.jumps),
            (-HOUR_NS as i64, 0, 0)
        );
        assert_off(&cluster, "n1", 0).await;
        let reading = clock(&cluster).measure().await.unwrap();
        assert!(reading.as_expected() && reading.expected_ns == 0, "{reading:?}");
        cluster.stop_all().await;
    });
}

fn a_jump_counts_from_what_the_clock_shows() {
    run(async |dir| {
        let Some(cluster) = clocked(dir, 1).await else {
            return;
        };
        let clock = clock(&cluster);
        clock.set(ClockFault::Jump { by_ms: HOUR_MS }).unwrap();
        let change = clock.set(ClockFault::Jump { by_ms: HOUR_MS }).unwrap();
        assert_eq!(i128::from(change.before_ns), HOUR_NS);
        assert_eq!(i128::from(change.after_ns), 2 * HOUR_NS);
        assert_off(&cluster, "n1", 2 * HOUR_NS).await;
        clock.set(ClockFault::Jump { by_ms: -3 * HOUR_MS }).unwrap();
        assert_off(&cluster, "n1", -HOUR_NS).await;
        clock.heal().unwrap();
        assert_off(&cluster, "n1", 0).await;
        cluster.stop_all().await;
    });
}

fn a_rate_begins_and_ends_where_the_clock_is() {
    run(async |dir| {
        let Some(cluster) = clocked(dir, 1).await else {
            return;
        };
        let clock = clock(&cluster);
        clock.set(ClockFault::Offset { by_ms: -HOUR_MS }).unwrap();
        // Every time the node and a program that was started since agree with the arithmetic.
        let agrees = async || {
            let (least, most) = off(&cluster, "n1").await;
            let told = i128::from(clock.offset_ns());
            // The clock ran on while it was asked.
            let slack = (most - least) * 5 + 1_000_000;
            assert!((told - most).abs() < slack, "{told} {least} {most}");
            let reading = clock.measure().await.unwrap();
            assert!(reading.as_expected(), "{reading:?}");
            least
        };
        for times in [4.0, 0.25] {
            let before = agrees().await;
            let change = clock.set(ClockFault::Rate { times }).unwrap();
            assert_eq!(change.before_ns, change.after_ns, "it goes on from where it is");
            eventually("the clock has run away", || {
                let gained = i128::from(clock.offset_ns() - change.after_ns);
                if times > 1.0 {
                    gained > NEAR_NS
                } else {
                    gained < -NEAR_NS / 5
                }
            });
            let during = agrees().await;
            assert!(if times > 1.0 {
                during > before + NEAR_NS / 2
            } else {
                during < before
            });
            let change = clock.set(ClockFault::Rate { times: 1.0 }).unwrap();
            assert_eq!(change.before_ns, change.after_ns, "it stays where it came to");
            agrees().await;
        }
        clock.heal().unwrap();
        assert_off(&cluster, "n1", 0).await;
        assert!(clock.measure().await.unwrap().as_expected());
        cluster.stop_all().await;
    });
}

fn a_strobe_shows_two_times_until_it_is_healed() {
    run(async |dir| {
        let Some(cluster) = clocked(dir, 1).await else {
            return;
        };
        let clock = clock(&cluster);
        let every = Duration::from_millis(2);
        clock
            .set(ClockFault::Strobe {
                between_ms: [HOUR_MS, -HOUR_MS],
                every,
            })
            .unwrap();
        let (mut ahead, mut behind) = (false, false);
        while !(ahead && behind) {
            let (least, most) = off(&cluster, "n1").await;
            assert!(least.abs() > NEAR_NS && most.abs() > NEAR_NS, "it is never right");
            ahead |= least > 0;
            behind |= most < 0;
        }
        assert!(clock.measure().await.unwrap().node_looked);
        assert!(clock.jumps() > 0);
        let healed = clock.heal().unwrap();
        assert!(healed.jumps > 0);
        assert_eq!((healed.after_ns, clock.jumps()), (0, 0));
        assert_off(&cluster, "n1", 0).await;
        cluster.stop_all().await;
    });
}

fn a_restart_does_not_repair_a_clock() {
    run(async |dir| {
        let Some(cluster) = clocked(dir, 1).await else {
            return;
        };
        clock(&cluster)
            .set(ClockFault::Offset { by_ms: HOUR_MS })
            .unwrap();
        cluster.kill("n1").await.unwrap();
        cluster.start("n1").await.unwrap();
        assert_off(&cluster, "n1", HOUR_NS).await;
        cluster.stop_all().await;
    });
}

fn a_node_that_does_not_ask_for_the_time_is_found_out() {
    run(async |dir| {
        let Some(cluster) = clocked(dir, 1).await else {
            return;
        };
        let clock = clock(&cluster);
        clock.set(ClockFault::Offset { by_ms: HOUR_MS }).unwrap();
        for _ in 0..2 {
            let reading = clock.measure().await.unwrap();
            assert!(reading.as_expected() && !reading.node_looked, "{reading:?}");
        }
        get(&cluster, "n1", "/time").await.unwrap();
        for _ in 0..2 {
            assert!(clock.measure().await.unwrap().node_looked, "once is enough");
        }
        clock.heal().unwrap();
        assert!(!clock.measure().await.unwrap().node_looked, "that was before");
        cluster.stop_all().await;
    });
}

fn programs_with_timers_go_on_under_every_fault() {
    run(async |dir| {
        let Some(cluster) = clocked(dir, 1).await else {
            return;
        };
        let faults = [
            ClockFault::Offset { by_ms: HOUR_MS },
            ClockFault::Offset { by_ms: -HOUR_MS },
            ClockFault::Rate { times: 2.0 },
            ClockFault::Rate { times: 0.5 },
            ClockFault::Strobe {
                between_ms: [-HOUR_MS, HOUR_MS],
                every: Duration::from_millis(1),
            },
            ClockFault::Offset { by_ms: 0 },
        ];
        for fault in faults {
            clock(&cluster).set(fault).unwrap();
            let monotonic = async || -> u128 {
                let told = get(&cluster, "n1", "/time").await.unwrap();
                told.split_once(' ').unwrap().1.parse().unwrap()
            };
            let before = monotonic().await;
            let waited: u128 = get(&cluster, "n1", "/tokio").await.unwrap().parse().unwrap();
            // Timers obey the rate, so that the least is half of it.
            assert!(waited >= 25_000_000, "{fault:?} {waited}");
            let gone = monotonic().await - before;
            assert!(
                (waited..60_000_000_000).contains(&gone),
                "the monotonic clock goes on: {fault:?} {gone}"
            );
        }
        cluster.stop_all().await;
    });
}

fn nodes_that_are_killed_all_the_time_start_all_the_same() {
    run(async |dir| {
        let Some(cluster) = clocked(dir, 1).await else {
            return;
        };
        clock(&cluster).set(ClockFault::Rate { times: 2.0 }).unwrap();
        cluster.stop_all().await;
        let mut in_the_middle = 0;
        for _ in 0..20 {
            // In the middle of a start too, where libfaketime may hold its lock.
            let (started, ()) = tokio::join!(cluster.start("n1"), async {
                while cluster.state("n1") == NodeState::Down {
                    tokio::task::yield_now().await;
                }
                cluster.stop_all().await;
            });
            // On a busy machine a node may be faster than who stops it; mostly it is not.
            in_the_middle += usize::from(started.is_err());
            cluster.start("n1").await.unwrap();
            let (least, _) = off(&cluster, "n1").await;
            assert!(least > 0, "it is the same clock");
            cluster.kill("n1").await.unwrap();
        }
        assert!(in_the_middle > 5, "{in_the_middle} starts of 20 were cut short");
    });
}

fn what_no_clock_can_do_is_refused() {
    run(async |dir| {
        let Some(cluster) = clocked(dir, 1).await else {
            return;
        };
        let refused = |fault| clock(&cluster).set(fault).unwrap_err().to_string();
        let told = refused(ClockFault::Offset {
            by_ms: OFFSET_MS_MAX + 1,
        });
        assert!(
            told.starts_with("set the clock of n1: it cannot be off by 315360000001 ms; at most"),
            "{told}"
        );
        refused(ClockFault::Offset { by_ms: i64::MIN });
        refused(ClockFault::Strobe {
            between_ms: [0, i64::MAX],
            every: Duration::from_secs(1),
        });
        let told = refused(ClockFault::Strobe {
            between_ms: [0, 1],
            every: Duration::ZERO,
        });
        assert!(told.contains("at least 1ms"), "{told}");
        for times in [0.0, -1.0, f64::NAN, f64::INFINITY, 4.1] {
            assert!(refused(ClockFault::Rate { times }).contains("from 0.25 to 4"));
        }
        clock(&cluster)
            .set(ClockFault::Offset { by_ms: OFFSET_MS_MAX })
            .unwrap();
        let told = refused(ClockFault::Jump { by_ms: 1 });
        assert!(told.contains("it cannot be off by 315360000001 ms"), "{told}");
        assert_off(&cluster, "n1", i128::from(OFFSET_MS_MAX) * 1_000_000).await;
        clock(&cluster)
            .set(ClockFault::Offset {
                by_ms: -OFFSET_MS_MAX,
            })
            .unwrap();
        assert_off(&cluster, "n1", -i128::from(OFFSET_MS_MAX) * 1_000_000).await;
        cluster.stop_all().await;
    });
}

fn a_program_that_cannot_be_reached_is_refused_before_the_run() {
    run(async |dir| {
        if clocked(dir, 1).await.is_none() {
            return;
        }
        let text = r#"
            name = "test"
            description = ""
            node = { command = ["no-such-program"], ready = { url = "http://{ip}/" } }
        "#;
        let mut spec = spec(dir, 1, cluster::System::parse(text, "test.toml").unwrap());
        spec.clocks = true;
        let told = Cluster::new(spec).unwrap_err().to_string();
        let expected = "give the nodes clocks that can be changed: there is no program no-such-program";
        assert!(told.starts_with(expected), "{told}");
        // A real Go program, where there is one.
        if std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|dir| dir.join("etcd").is_file()) {
            let told = reach(&["etcd".to_owned()]).unwrap_err();
            assert!(
                told.reason
                    .ends_with("etcd is a Go program, which does not ask the C library for the time"),
                "{told}"
            );
        }
        assert_eq!(reach(&["date".to_owned(), "+%s".to_owned()]), Ok(()));
    });
}

fn without_clocks_nothing_is_preloaded() {
    run(async |dir| {
        let cluster = serving(dir, 1);
        assert!(cluster.clock("n1").is_none());
        cluster.start("n1").await.unwrap();
        let told = get(&cluster, "n1", "/surroundings").await.unwrap();
        assert!(
            !told.contains("LD_PRELOAD") && !told.contains("FAKETIME"),
            "{told}"
        );
        cluster.stop_all().await;
    });
}
