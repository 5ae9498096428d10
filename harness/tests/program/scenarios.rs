//! The scenarios of the built-in Paxos: each is right about the correct system, and says no to what it is there to show.

use crate::place::{Place, err, has_disks, has_sandbox, out};
use serde_json::Value;

/// The name of each scenario, and the bugs that it is to show.
fn listed(place: &Place) -> Vec<(String, Vec<String>)> {
    let listing = out(&place.run(&["list", "scenarios", "--format", "json"]));
    let rows: Vec<Value> = serde_json::from_str(&listing).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let bugs = |row: &Value| text(&row["shows"]).split(' ').map(str::to_owned).collect();
    rows.iter()
        .map(|row| (text(&row["scenario"]), bugs(row)))
        .collect()
}

/// Whether this machine has what a scenario needs beside the sandbox.
fn can_have(scenario: &str) -> bool {
    !scenario.contains("power") || has_disks()
}

/// How many of the bugs of each scenario are looked for. All of them with `SCENARIO_BUGS=9`.
fn bugs_looked_for() -> usize {
    std::env::var("SCENARIO_BUGS").map_or(1, |count| count.parse().unwrap())
}

#[test]
fn the_correct_system_passes_every_scenario_and_feels_its_faults() {
    if !has_sandbox() {
        return;
    }
    for (name, _) in listed(&Place::new())
        .into_iter()
        .filter(|(name, _)| can_have(name))
    {
        let place = Place::new();
        // One of them takes five seconds to be done once.
        let time_limit = if name.starts_with("q10") { "6" } else { "2" };
        let output = place.run(&[
            "test",
            "--schedule",
            &name,
            "--time-limit",
            time_limit,
            "--evidence",
            "relaxed",
        ]);
        let told = format!("{name}: {}{}", out(&output), err(&output));
        assert_eq!(output.status.code(), Some(0), "{told}");
        let results = place.results();
        assert_eq!(results["run"]["scenario"]["name"], name.as_str(), "{told}");
        assert!(
            told.contains(&format!("The faults are those of {name}: ")),
            "{told}"
        );
        let faults = results["faults"].as_array().unwrap();
        let confirmed = faults.iter().filter(|fault| fault["confirmed"] == true).count();
        assert!(confirmed * 2 >= faults.len(), "{told}");
        assert_eq!(faults.is_empty(), name == "q2-contended", "{told}");
    }
}

#[test]
fn every_scenario_shows_what_it_is_there_for() {
    if !has_sandbox() {
        return;
    }
    for (name, bugs) in listed(&Place::new())
        .into_iter()
        .filter(|(name, _)| can_have(name))
    {
        for bug in bugs.iter().take(bugs_looked_for()) {
            let place = Place::new();
            let arguments = [
                "test",
                "--schedule",
                &name,
                "--bug",
                bug,
                "--fail-fast",
                "--time-limit",
                "60",
            ];
            let output = place.run(&arguments);
            let told = format!("{name}, {bug}: {}{}", out(&output), err(&output));
            match bug.as_str() {
                // Safe, and stands still: that is for the evidence to say.
                "need-all-acceptors" => {
                    assert_eq!(output.status.code(), Some(2), "{told}");
                    assert!(told.contains("up and connected"), "{told}");
                }
                _ => assert_eq!(output.status.code(), Some(1), "{told}"),
            }
        }
    }
}

#[test]
fn a_scenario_is_of_the_built_in_paxos_and_has_to_exist() {
    let place = Place::new();
    for (arguments, complaint) in [
        (
            &["test", "--schedule", "q6-pausd-proposer"][..],
            "--schedule q6-pausd-proposer: there is no such file; unknown scenario `q6-pausd-proposer`: did you mean `q6-paused-proposer`?",
        ),
        (
            &["test", "etcd", "--schedule", "q2-contended"],
            "there is no such file, and etcd has no scenarios",
        ),
        (
            &["test", "--schedule", "q7-newer-ballots", "--node-count", "3"],
            "there is no node \"n4\"; there are n1, n2, n3",
        ),
    ] {
        let output = place.run(arguments);
        assert!(!output.status.success());
        assert!(err(&output).contains(complaint), "{}", err(&output));
    }
}
