//! `--schedule`: exactly the faults of a file, at their times, and a run's own file does it again.

use crate::place::{Place, Run, can_have};
use serde_json::{Value, json};

/// The faults as they were asked for: number, what, to whom.
fn requested(run: &Run) -> Vec<(u64, Value)> {
    let steps = run.steps().into_iter();
    let requested = steps.filter(|step| step["step"] == "requested");
    let mut faults: Vec<(u64, Value)> = requested
        .map(|mut step| (step["id"].as_u64().unwrap(), step["fault"].take()))
        .collect();
    faults.sort_by_key(|(id, _)| *id);
    faults
}

/// A fault never begins before its time, nor ends before it; how late it may be depends on the machine.
fn assert_at(run: &Run, id: u64, start_ms: u64, end_ms: u64) {
    const LATE_MS: f64 = 2_000.0;
    let fault = run.fault(id);
    let since = |key: &str| (fault[key].as_f64().unwrap() - run.main_phase_s()) * 1000.0;
    for (at_ms, planned_ms) in [(since("started_s"), start_ms), (since("ended_s"), end_ms)] {
        // Planned times count from the start of the main phase, a moment after the line that says so.
        let late_ms = at_ms - planned_ms as f64;
        assert!(
            (0.0..LATE_MS).contains(&late_ms),
            "{fault}: {late_ms} ms late\n{}",
            run.text
        );
    }
}

#[test]
fn a_schedule_by_hand_is_carried_out_exactly_and_that_of_a_run_again() {
    if !can_have("packet") {
        return;
    }
    let place = Place::new();
    let pause = json!({"kind": "pause", "nodes": ["n2"]});
    let third_accept = json!({
        "kind": "packet", "links": [["n1", "n3"]], "effect": {"does": "hold"},
        "matching": {"payload": "accept", "from": 3, "count": 1},
    });
    let cut = json!({
        "kind": "partition", "shape": "one", "sides": [["n5"], ["n1", "n2", "n3", "n4"]],
        "cut": [["n5", "n1"], ["n5", "n2"], ["n5", "n3"], ["n5", "n4"]],
    });
    // Long enough to be felt on a machine that does something else for a second.
    let faults = json!([
        {"start_ms": 500, "end_ms": 1500, "fault": pause},
        {"start_ms": 300, "end_ms": 2300, "fault": third_accept},
        {"start_ms": 1000, "end_ms": 1600, "fault": cut},
    ]);
    let run = place.run_schedule(&faults, &["--time-limit", "3", "--rate", "1000", "--seed", "6"]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    let expected = [(1, pause), (2, third_accept), (3, cut)];
    assert_eq!(requested(&run), expected);
    assert_eq!(run.faults().len(), 3, "these and no others");
    assert_at(&run, 1, 500, 1500);
    assert_at(&run, 2, 300, 2300);
    assert_at(&run, 3, 1000, 1600);
    // Whatever counted was held. It is one message, but TCP sends it again, as often as it thinks fit.
    let evidence = Run::evidence(run.fault(2));
    let words: Vec<&str> = evidence
        .strip_prefix("on 1 link; ")
        .unwrap()
        .splitn(4, ' ')
        .collect();
    assert_eq!(
        (words[0], words[3]),
        (words[2], "packets held on 1 of 1 links"),
        "{evidence}"
    );
    assert!(words[0].parse::<u32>().unwrap() >= 1, "{evidence}");
    assert_eq!(
        run.results["run"]["nemesis"],
        json!(["partition", "pause", "packet"])
    );
    assert!(
        !run.results["coverage"]["not_exercised"]
            .as_array()
            .unwrap()
            .contains(&json!("pause"))
    );

    // The run's own schedule, in another store, gives the same.
    let stored = run.directory.join("schedule.json").display().to_string();
    let elsewhere = Place::new();
    let again = elsewhere.run(&[
        "--schedule",
        &stored,
        "--time-limit",
        "3",
        "--rate",
        "1000",
        "--seed",
        "6",
    ]);
    assert_eq!(again.code, Some(0), "{}", again.text);
    assert_eq!(requested(&again), expected);
    assert_at(&again, 1, 500, 1500);
}

#[test]
fn the_example_of_the_documentation_does_what_is_said_of_it() {
    if !can_have("packet") {
        return;
    }
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/faults.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let example = docs
        .split("```json\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let place = Place::new();
    let file = place.write("example.json", example);
    let run = place.run(&[
        "--schedule",
        &file,
        "--time-limit",
        "4",
        "--rate",
        "1000",
        "--seed",
        "6",
    ]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    for id in [1, 2, 3] {
        assert_eq!(run.fault(id)["confirmed"], true, "{}", run.fault(id));
    }
    let evidence = |id: u64| Run::evidence(run.fault(id));
    assert!(evidence(2).starts_with("after a packet from n4 to n2, held until now; n4: pid "));
    assert!(evidence(3).starts_with("after n4 printed \"listening on 10.0.0.4:7000\"; 4 of 4 links cut"));
}

#[test]
fn a_drawn_schedule_fed_back_is_the_same_schedule() {
    if !can_have("partition") {
        return;
    }
    let place = Place::new();
    let drawn = place.run(&["--nemesis", "partition,pause", "--time-limit", "2", "--seed", "8"]);
    let stored = drawn.directory.join("schedule.json").display().to_string();
    let fed = place.run(&["--schedule", &stored, "--time-limit", "2", "--seed", "9"]);
    assert_ne!(drawn.directory, fed.directory);
    let schedule = |run: &Run| -> Value { serde_json::from_str(&run.read("schedule.json")).unwrap() };
    assert_eq!(schedule(&drawn), schedule(&fed));
    assert!(!drawn.faults().is_empty());
    assert_eq!(requested(&drawn), requested(&fed));
    let argv = fed.results["run"]["argv"].as_array().unwrap();
    assert!(
        argv.contains(&json!("--schedule")) && !argv.contains(&json!("--nemesis")),
        "{argv:?}"
    );
}

#[test]
fn a_slow_start_is_stopped_on_its_way_and_the_node_answers_later() {
    if !can_have("kill") {
        return;
    }
    let place = Place::new();
    let slow = |after_ms: u64| json!({"after_ms": after_ms, "stopped_ms": 400});
    let faults = json!([
        {"start_ms": 300, "end_ms": 350, "fault": {"kind": "kill", "nodes": ["n2"], "slow_start": {"stopped_ms": 400}}},
        {"start_ms": 400, "end_ms": 450, "fault": {"kind": "kill", "nodes": ["n3"], "slow_start": slow(20)}},
        {"start_ms": 500, "end_ms": 550, "fault": {"kind": "kill", "nodes": ["n4"]}},
    ]);
    let run = place.run_schedule(&faults, &["--time-limit", "3", "--rate", "500", "--seed", "6"]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    for id in [1, 2] {
        let evidence = Run::evidence(run.fault(id));
        let told = evidence.split(" stopped for ").nth(1);
        let told = told.unwrap_or_else(|| panic!("{evidence}"));
        let stopped_ms: u64 = told.split(' ').next().unwrap().parse().unwrap();
        assert!(stopped_ms >= 400 && told.ends_with("on its way"), "{evidence}");
        // It was away for longer than it was stopped.
        let fault = run.fault(id);
        let away_s = fault["ended_s"].as_f64().unwrap() - fault["started_s"].as_f64().unwrap();
        assert!(away_s >= 0.4, "{fault}");
    }
    assert!(!Run::evidence(run.fault(3)).contains("on its way"));
    assert_eq!(run.fault(1)["ending"], "start, slowly, n2");
}
