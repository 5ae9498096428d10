use super::*;
use crate::coverage::Coverage;
use history::{Fault, FaultNote, FaultStep, Note, Phase};
use serde_json::json;

const SECOND: u64 = 1_000_000_000;

/// Five nodes, and one client of each that asks it every 50 ms for 20 s, the main phase; who is told what is a
/// rule of the test.
struct Run {
    notes: Vec<(u64, Note)>,
    asks_every_ms: u64,
    failover_ms: Option<u64>,
}

impl Run {
    fn new() -> Run {
        let phases = [(0, Phase::Run), (20 * SECOND, Phase::Final)];
        Run {
            notes: phases
                .map(|(time_ns, phase)| (time_ns, Note::Phase(phase)))
                .to_vec(),
            asks_every_ms: 50,
            failover_ms: None,
        }
    }

    /// A fault from a moment to another, in milliseconds.
    fn fault(mut self, fault: &Fault, from_ms: u64, to_ms: u64) -> Run {
        let id = self.notes.len() as u32;
        let steps = [
            (from_ms, FaultStep::Requested),
            (from_ms, FaultStep::Installed),
            (to_ms, FaultStep::Healing),
            (to_ms, FaultStep::Healed),
        ];
        self.notes.extend(steps.map(|(ms, step)| {
            let (fault, felt, evidence) = (fault.clone(), None, None);
            let note = FaultNote {
                id,
                step,
                fault,
                felt,
                evidence,
            };
            (ms * 1_000_000, Note::Fault(note))
        }));
        self
    }

    fn kill(self, node: u64, from_ms: u64, to_ms: u64) -> Run {
        let nodes = vec![format!("n{node}")];
        self.fault(
            &Fault::Kill {
                nodes,
                power: false,
                flap: None,
                slow_start: None,
            },
            from_ms,
            to_ms,
        )
    }

    /// Of a system that may take so long to fail over.
    fn failing_over_in(failover_ms: u64) -> Run {
        Run {
            failover_ms: Some(failover_ms),
            ..Run::new()
        }
    }

    /// Judges the run in which an operation is ok if the rule says so of its moment, its node and its function.
    fn judged(&self, is_ok: impl Fn(u64, u64, &str) -> bool) -> Progress {
        self.judged_so_far(|ms, node, f| Some((if is_ok(ms, node, f) { "ok" } else { "fail" }, 1)))
    }

    /// The same where outcomes come after so many milliseconds, or have not come yet.
    fn judged_so_far(&self, outcome: impl Fn(u64, u64, &str) -> Option<(&'static str, u64)>) -> Progress {
        let mut lines = Vec::from_iter(self.failover_ms.map(|ms| {
            json!({"schema": "harness.history/v1", "run": "r", "system": "mydb", "workload": "register", "model": "cas-register", "seed": 1,
                   "nodes": ["n1", "n2", "n3", "n4", "n5"], "clients": 10, "nemesis": ["kill"], "client_timeout_ns": 1_000_000_000,
                   "started_at": "2026-11-23T06:45:12Z", "failover_ns": ms * 1_000_000})
        }));
        for ms in (0..20_000).step_by(self.asks_every_ms as usize) {
            for (node, f) in (1..=5).flat_map(|node| [(node, "propose"), (node, "read")]) {
                let process = 10 * ms + node + if f == "read" { 5 } else { 0 };
                let completion = outcome(ms, node, f).map(|(outcome, after_ms)| (outcome, ms + after_ms));
                for (kind, ms) in [("invoke", ms)].into_iter().chain(completion) {
                    lines.push(json!({"process": process, "type": kind, "f": f, "key": 1, "value": 1, "node": format!("n{node}"), "time": ms * 1_000_000}));
                }
            }
        }
        lines.sort_by_key(|line| line["time"].as_u64());
        let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let mut history = history::read_bytes((text.join("\n") + "\n").as_bytes()).unwrap();
        history.nodes.sort();
        history.notes.clone_from(&self.notes);
        Coverage::of(&history).progress
    }
}

/// n1 n2 here, n3 n4 n5 there.
fn halves() -> Fault {
    let sides = [["n1", "n2"].as_slice(), &["n3", "n4", "n5"]]
        .map(|side| side.iter().map(ToString::to_string).collect());
    let sides: Vec<Vec<String>> = sides.to_vec();
    let cut = sides[0]
        .iter()
        .flat_map(|a| sides[1].iter().map(move |b| (a.clone(), b.clone())));
    let cut = cut.flat_map(|(a, b)| [(a.clone(), b.clone()), (b, a)]).collect();
    Fault::Partition {
        shape: "halves".into(),
        sides,
        cut,
        flap: None,
    }
}

#[test]
fn a_run_that_gets_on_under_faults_is_judged_and_has_no_stall() {
    let run = Run::new().fault(&halves(), 2_000, 5_000).kill(1, 8_000, 11_000);
    let progress = run.judged(|_, _, _| true);
    assert_eq!(progress.stalls, []);
    assert_eq!(progress.judged, 4, "two functions, two faults");
    // Now and then is enough, and it may be late.
    let cut_off = |node: u64| node < 3;
    let progress = run.judged(|ms, node, _| ms % 1_000 == 950 && !cut_off(node));
    assert_eq!(progress.stalls, []);
    let progress = run.judged(|ms, _, _| !(2_000..4_900).contains(&ms));
    assert_eq!(progress.stalls, []);
}

#[test]
fn a_majority_that_gets_nowhere_is_a_stall_of_that_function() {
    let run = Run::new().fault(&halves(), 2_000, 5_100);
    let progress = run.judged(|ms, _, f| f == "read" || !(2_000..5_100).contains(&ms));
    let nodes: Vec<String> = ["n3", "n4", "n5"].map(str::to_owned).to_vec();
    let stall = Stall {
        function: "propose".into(),
        begun: 60 * 3,
        lasted_ns: 3_100_000_000,
        times: 1,
        nodes,
    };
    assert_eq!(progress.stalls, [stall]);
    // What a node on the other side says does not help.
    let progress = run.judged(|ms, node, f| f == "read" || node < 3 || !(2_000..5_100).contains(&ms));
    assert_eq!(progress.stalls.len(), 1);
}

#[test]
fn an_operation_on_its_way_may_yet_succeed() {
    let run = Run::new().fault(&halves(), 2_000, 5_100);
    let outcome = |ms, node, f: &str| match (ms, node, f) {
        (4_000, 3, "propose") => None,
        (2_000..5_100, _, "propose") => Some(("fail", 1)),
        _ => Some(("ok", 1)),
    };
    assert_eq!(run.judged_so_far(outcome).stalls, []);
    let ended = |ms, node, f: &str| Some(outcome(ms, node, f).unwrap_or(("fail", 1)));
    assert_eq!(run.judged_so_far(ended).stalls.len(), 1);
}

#[test]
fn what_succeeds_when_the_fault_is_over_is_no_progress_under_it() {
    let run = Run::new().fault(&halves(), 2_000, 5_100);
    let answered_after = |after_ms| {
        run.judged_so_far(|ms, node, f| match (ms, node, f) {
            (4_000, 3, "propose") => Some(("ok", after_ms)),
            (2_000..5_100, _, "propose") => Some(("fail", 1)),
            _ => Some(("ok", 1)),
        })
    };
    assert_eq!(answered_after(1_099).stalls, []);
    assert_eq!(answered_after(1_110).stalls.len(), 1);
}

#[test]
fn a_connected_minority_is_asked_for_nothing() {
    // n3 n4 and n1 n2 are left, cut from each other.
    let run = Run::new().fault(&halves(), 2_000, 8_000).kill(5, 2_000, 8_000);
    let progress = run.judged(|ms, _, _| !(2_000..8_000).contains(&ms));
    assert_eq!((progress.judged, progress.stalls.len()), (0, 0));
}

#[test]
fn without_faults_nothing_is_asked_and_after_the_main_phase_neither() {
    let progress = Run::new().judged(|_, _, _| false);
    assert_eq!((progress.judged, progress.stalls.len()), (0, 0));
    let after = Run::new().kill(1, 19_000, 30_000);
    let progress = after.judged(|_, _, _| false);
    assert_eq!((progress.judged, progress.stalls.len()), (0, 0));
}

#[test]
fn too_few_operations_count_for_nothing() {
    // Four nodes are up for 3 s, and each is asked every second until 1 s before the end: 12 times in all.
    let enough = Run {
        asks_every_ms: 1_000,
        ..Run::new()
    }
    .kill(1, 1_900, 5_000);
    assert_eq!(enough.judged(|_, _, _| false).stalls.len(), 2);
    let too_few = Run {
        asks_every_ms: 1_000,
        ..Run::new()
    }
    .kill(1, 1_900, 4_900);
    let progress = too_few.judged(|_, _, _| false);
    assert_eq!((progress.judged, progress.stalls.len()), (0, 0));
}

#[test]
fn short_spans_are_judged_together() {
    let mut run = Run::new();
    for second in [1, 3, 5, 7] {
        run = run.kill(1, second * 1_000, second * 1_000 + 800);
    }
    let progress = run.judged(|ms, _, _| ms % 2_000 < 1_000);
    assert_eq!(progress.judged, 2);
    let stall = |function: &str| Stall {
        function: function.into(),
        begun: 4 * 4 * 14,
        lasted_ns: 3_200_000_000,
        times: 4,
        nodes: vec![],
    };
    assert_eq!(progress.stalls, [stall("propose"), stall("read")]);
    let once = run.judged(|ms, node, _| ms % 2_000 < 1_000 || (ms == 5_750 && node == 4));
    assert_eq!((once.judged, once.stalls.len()), (2, 0));
    // A long span with enough in it says more than the short ones.
    let with_long = run.kill(1, 10_000, 13_000);
    let progress = with_long.judged(|ms, _, _| !(1_000..8_000).contains(&ms));
    assert_eq!((progress.judged, progress.stalls.len()), (2, 0));
}

#[test]
fn a_majority_is_asked_for_nothing_while_it_may_still_fail_over() {
    let run = Run::failing_over_in(4_000).fault(&halves(), 2_000, 12_000);
    let stands_still_until = |end_ms| move |ms, _: u64, _: &str| !(2_000..end_ms).contains(&ms);
    let progress = run.judged(stands_still_until(5_900));
    assert_eq!((progress.judged, progress.stalls.len()), (2, 0));
    assert_eq!(
        run.judged(stands_still_until(8_000)).stalls,
        [],
        "it is late, and there"
    );
    // Whoever stands still for longer is told, and only of what lies beyond.
    let stalls = run.judged(stands_still_until(12_000)).stalls;
    assert_eq!((stalls.len(), stalls[0].lasted_ns), (2, 6 * SECOND));
    // That all went well before does not help.
    let went_well_before = run.judged(|ms, _, _| !(6_000..12_000).contains(&ms));
    assert_eq!(went_well_before.stalls.len(), 2);
    // Whoever says nothing is asked as ever.
    let asked_at_once = Run::new().fault(&halves(), 2_000, 5_900);
    assert_eq!(asked_at_once.judged(stands_still_until(5_900)).stalls.len(), 2);
}

#[test]
fn spans_shorter_than_a_failover_are_not_asked_together_either() {
    let short = |mut run: Run, lasts_ms: u64| {
        for start in [1_000, 5_000, 9_000, 13_000, 17_000] {
            run = run.kill(1, start, start + lasts_ms);
        }
        run.judged(|ms, _, _| ms % 4_000 < 1_000)
    };
    assert_eq!(short(Run::new(), 1_900).stalls.len(), 2);
    assert_eq!(short(Run::failing_over_in(2_000), 1_900).judged, 0);
    // Of each, 400 ms are beyond; that is no span; 900 ms are one.
    assert_eq!(short(Run::failing_over_in(2_000), 2_400).judged, 0);
    let stalls = short(Run::failing_over_in(2_000), 2_900).stalls;
    assert_eq!((stalls[0].times, stalls[0].lasted_ns), (5, 4_500_000_000));
}

#[test]
fn with_every_change_a_failover_may_begin_anew() {
    // n4, which led the others, is killed when n5 has been down for long; then n4 comes back, and n5 is still down.
    let run = Run::failing_over_in(4_000)
        .kill(5, 1_000, 16_000)
        .kill(4, 6_000, 9_900);
    let progress = run.judged(|ms, _, _| ms < 6_000);
    assert_eq!(progress.judged, 2, "from 13.9 to 16 s, and not before");
    assert_eq!(progress.stalls[0].lasted_ns, 2_100_000_000);
    let progress = run.judged(|ms, _, _| !(6_000..14_000).contains(&ms));
    assert_eq!((progress.judged, progress.stalls.len()), (2, 0));
}

#[test]
fn while_a_fault_comes_and_goes_nobody_can_fail_over() {
    let mut flapping = halves();
    if let Fault::Partition { flap, .. } = &mut flapping {
        let (cut_ms, whole_ms) = (500, 500);
        *flap = Some(history::Flap { cut_ms, whole_ms });
    }
    let run = |run: Run| run.fault(&flapping, 2_000, 10_000).judged(|ms, _, _| ms < 2_000);
    assert_eq!(run(Run::new()).stalls.len(), 2);
    assert_eq!(run(Run::failing_over_in(2_000)).judged, 0);
}

#[test]
fn a_failover_of_centuries_asks_nothing_and_breaks_nothing() {
    let run = Run::failing_over_in(u64::MAX / 1_000_000).fault(&halves(), 2_000, 12_000);
    assert_eq!(run.judged(|_, _, _| false).judged, 0);
}

#[test]
fn a_moment_with_two_majorities_and_an_operation_in_both_count_once() {
    // n1 does not reach n2: two majorities of four.
    let cut = vec![("n1".to_owned(), "n2".to_owned())];
    let (shape, sides) = ("one-way".to_owned(), vec![]);
    let one_way = Fault::Partition {
        shape,
        sides,
        cut,
        flap: None,
    };
    let cuts = |lasts_ms: u64| {
        let starts = [1_000, 3_000, 5_000];
        let add = |run: Run, from_ms: u64| run.fault(&one_way, from_ms, from_ms + lasts_ms);
        starts.into_iter().fold(Run::new(), add)
    };
    assert_eq!(cuts(900).judged(|_, _, _| false).judged, 0, "2.7 s, not 5.4 s");
    let stall = &cuts(1_100).judged(|_, _, _| false).stalls[0];
    assert_eq!((stall.begun, stall.lasted_ns), (3 * 5 * 20, 3_300_000_000));
    assert_eq!(stall.times, 3);
}

#[test]
fn short_spans_are_not_enough_when_they_are_few() {
    let mut run = Run::new();
    for second in [1, 3, 5] {
        run = run.kill(1, second * 1_000, second * 1_000 + 900);
    }
    // 2.7 s; and twenty spans of 400 ms are none at all.
    assert_eq!(run.judged(|_, _, _| false).judged, 0);
    let mut run = Run::new();
    for number in 0..20 {
        run = run.kill(1, number * 900, number * 900 + 400);
    }
    assert_eq!(run.judged(|_, _, _| false).judged, 0);
}

#[test]
fn stamps_that_run_backwards_do_no_harm() {
    let stamps = [9_000, 2_000, 7_000, 1_000, 2_500, 3_000, 0, 4_000];
    let line = |(process, ms): (usize, &u64)| {
        let event = |kind: &str, ms: u64| json!({"process": process, "type": kind, "f": "read", "key": 1, "node": "n1", "time": ms * 1_000_000});
        format!("{}\n{}\n", event("invoke", *ms), event("fail", ms + 1))
    };
    let text: String = stamps.iter().enumerate().map(line).collect();
    let mut history = history::read_bytes(text.as_bytes()).unwrap();
    history.nodes = (1..=3).map(|node| format!("n{node}")).collect();
    history.notes = Run::new().kill(3, 1_000, 8_000).kill(3, 8_500, 9_500).notes;
    assert_eq!(Coverage::of(&history).progress.judged, 0);
}
