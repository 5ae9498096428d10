//! A stored run again: the same operations under the same faults, and how often its violation came back.

use crate::place::{Place, err, has_sandbox, out};
use crate::stored::{AGREED, TWICE};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Puts a run with a violation there that the built-in system does not have.
fn put_invalid(place: &Place, argv: &str) -> std::path::PathBuf {
    let run = place.put_run("20261123T064512Z-11", "kill", TWICE);
    let options = fs::read_to_string(run.join("options.json")).unwrap();
    let options = options.replace(r#"["test","--seed","11"]"#, argv);
    fs::write(run.join("options.json"), options).unwrap();
    fs::write(
        run.join("schedule.json"),
        r#"{"schema":"harness.schedule/v1","faults":[]}"#,
    )
    .unwrap();
    assert_eq!(place.run(&["check", "11"]).status.code(), Some(1));
    run
}

#[test]
fn a_violation_that_comes_back_is_counted_where_it_was_found() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let first = place.run(&[
        "test",
        "--nemesis",
        "kill",
        "--time-limit",
        "3",
        "--node-count",
        "3",
        "--bug",
        "ballot-without-node",
        "--fail-fast",
        "--seed",
        "7",
    ]);
    assert_eq!(first.status.code(), Some(1), "{}{}", out(&first), err(&first));
    let original = place.latest();
    assert!(
        out(&first).contains(&format!(" replay   harness replay {}", place.store().display())),
        "{}",
        out(&first)
    );
    let replayed = place.run(&["replay", "latest", "--times", "2"]);
    let text = out(&replayed);
    assert_eq!(replayed.status.code(), Some(1), "{text}{}", err(&replayed));
    let replays = &json(&original.join("results.json"))["replays"];
    assert_eq!((&replays["attempted"], &replays["error"]), (&2.into(), &0.into()));
    let invalid = replays["invalid"].as_u64().unwrap();
    let words = format!("{invalid} of 2 replays had a violation");
    assert!(invalid > 0 && text.contains(&words), "{text}");
    let page = fs::read_to_string(original.join("report.html")).unwrap();
    assert!(page.contains(&words) && page.contains(r#"<i class="hit">"#));
    assert!(
        out(&place.run(&["show", "7"])).contains(&words),
        "the seed names the run and not its replays"
    );
    // The replays are runs of their own, with the faults that were written down.
    let again = place.latest();
    assert_ne!(again, original);
    let options = json(&again.join("options.json"));
    assert_eq!(
        options["replay_of"],
        original.file_name().unwrap().to_str().unwrap()
    );
    assert_eq!(
        json(&again.join("schedule.json"))["faults"],
        json(&original.join("schedule.json"))["faults"]
    );
    // The latest is a replay now: what is replayed is what it repeats.
    let third = place.run(&["replay", "latest", "--format", "json"]);
    let document: Value = serde_json::from_slice(&third.stdout).unwrap();
    assert_eq!(
        document["run"]["id"],
        original.file_name().unwrap().to_str().unwrap()
    );
    assert_eq!(document["replays"]["attempted"], 3);
    let problems: Vec<String> = place
        .schema("results")
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn a_violation_can_be_confirmed_at_once() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let options = "test --until-invalid --confirm 2 --nemesis none --time-limit 3 --node-count 3 --fail-fast \
                   --bug ballot-without-node --progress none";
    let arguments: Vec<&str> = options.split_whitespace().collect();
    let output = place.run(&arguments);
    let text = format!("{}{}", out(&output), err(&output));
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.matches(" of 2 replays had a violation").count(), 1, "{text}");
    let runs = fs::read_dir(place.store().join("paxos")).unwrap().flatten();
    let counted: Vec<Value> = runs
        .filter(|run| run.file_name() != "latest")
        .map(|run| json(&run.path().join("results.json"))["replays"]["attempted"].clone())
        .filter(|attempted| !attempted.is_null())
        .collect();
    assert_eq!(counted, [2], "with the run that was replayed, and with no other");
}

#[test]
fn a_violation_that_does_not_come_back_is_said_not_to() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let run = put_invalid(
        &place,
        r#"["test","--nemesis","kill","--time-limit","2","--node-count","3"]"#,
    );
    // Its faults were those of a scenario.
    let scenario = r#""scenario":{"name":"q5-old-proposer","about":"Late proposals."},"system""#;
    let options = fs::read_to_string(run.join("options.json")).unwrap();
    fs::write(
        run.join("options.json"),
        options.replacen(r#""system""#, scenario, 1),
    )
    .unwrap();
    let replayed = place.run(&["replay", "11"]);
    let text = out(&replayed);
    assert_eq!(replayed.status.code(), Some(0), "{text}{}", err(&replayed));
    let page = fs::read_to_string(place.latest().join("report.html")).unwrap();
    assert!(page.contains("The faults are those of q5-old-proposer: Late proposals."));
    assert!(
        text.contains(" 0 of 1 replay had a violation (95 % interval: 0 to 79 %)."),
        "{text}"
    );
    assert_eq!(json(&run.join("results.json"))["replays"]["invalid"], 0);
    // The verdict of the run itself is what it was.
    assert_eq!(json(&run.join("results.json"))["verdict"], "invalid");
}

#[test]
fn a_part_of_a_run_again_is_another_test_and_is_not_counted_as_a_replay() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let run = put_invalid(
        &place,
        r#"["test","--nemesis","kill","--time-limit","2","--node-count","3","--seed","11"]"#,
    );
    let schedule = json(&run.join("schedule.json"));
    for (flag, words, is_same_seed) in [
        (
            "--ops-only",
            "Of 1 run with the same operations and without faults, 0 had",
            true,
        ),
        (
            "--faults-only",
            "Of 1 run with the same faults and other operations, 0 had",
            false,
        ),
    ] {
        let output = place.run(&["replay", "20261123T064512Z-11", flag]);
        let text = format!("{}{}", out(&output), err(&output));
        assert!(text.contains(words), "{text}");
        let again = place.latest();
        let options = json(&again.join("options.json"));
        assert_eq!(options["seed"] == 11, is_same_seed, "{options}");
        assert_eq!(options["replay_of"], Value::Null);
        assert_eq!(json(&again.join("schedule.json"))["faults"], schedule["faults"]);
    }
    assert!(!run.join("replays.jsonl").exists());
    assert_eq!(json(&run.join("results.json"))["replays"], Value::Null);
    let both = place.run(&["replay", "11", "--ops-only", "--faults-only"]);
    assert_eq!(both.status.code(), Some(254));
}

#[test]
fn a_descriptor_that_has_changed_since_the_run_is_told_and_one_that_is_gone_is_replaced_by_its_copy() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let paxos = fs::read_to_string(Path::new(crate::place::ROOT).join("systems/paxos.toml")).unwrap();
    let descriptor = place.write("mydb.toml", &paxos);
    let argv = format!(r#"["test","{descriptor}","--time-limit","1","--node-count","1","--rate","50"]"#);
    let run = put_invalid(&place, &argv);
    fs::create_dir(run.join("system")).unwrap();
    fs::write(run.join("system/descriptor.toml"), &paxos).unwrap();
    let replayed = || {
        let output = place.run(&["replay", "20261123T064512Z-11"]);
        let text = format!("{}{}", out(&output), err(&output));
        assert!(text.contains(" had a violation (95 % interval"), "{text}");
        text
    };
    let text = replayed();
    assert!(!text.contains(" note "), "{text}");
    fs::write(&descriptor, format!("{paxos}\n# changed\n")).unwrap();
    let text = replayed();
    let words = " note     the descriptor has changed since the run; as it was then: harness test ";
    assert!(text.contains(words), "{text}");
    fs::remove_file(&descriptor).unwrap();
    let text = replayed();
    let words = format!(" note     {descriptor} is not there any more: the run's own copy is used\n");
    assert!(
        text.contains(&words) && text.contains("system/descriptor.toml --time-limit 1"),
        "{text}"
    );
}

#[test]
fn the_seed_of_the_newest_run_can_be_named() {
    let place = Place::new();
    let refused = place.run(&["test", "--seed", "last"]);
    assert_eq!(refused.status.code(), Some(254));
    assert!(
        err(&refused).contains("--seed last") && err(&refused).contains("there are no runs"),
        "{}",
        err(&refused)
    );
    let mistyped = place.run(&["test", "--seed", "lst"]);
    assert_eq!(mistyped.status.code(), Some(254));
    assert!(
        err(&mistyped).contains("or last for that of the newest run"),
        "{}",
        err(&mistyped)
    );
    if !has_sandbox() {
        return;
    }
    place.put_run("20261123T064612Z-12", "kill", AGREED);
    let options = "test --seed last --nemesis none --time-limit 1 --node-count 1 --rate 50";
    let arguments: Vec<&str> = options.split_whitespace().collect();
    place.tested(&arguments);
    assert_eq!(place.results()["run"]["seed"], 12);
}

#[test]
fn what_cannot_be_replayed_is_refused_with_what_is_missing() {
    let place = Place::new();
    let refused = |spec: &str, words: &str| {
        let output = place.run(&["replay", spec]);
        assert_eq!(
            output.status.code(),
            Some(255),
            "{}{}",
            out(&output),
            err(&output)
        );
        assert!(err(&output).contains(words), "{}", err(&output));
    };
    refused("latest", "there are no runs; make one with `harness test`");
    place.put_run("20261123T064612Z-12", "kill", AGREED);
    refused("12", "it has no verdict yet; harness check gives it");
    assert_eq!(place.run(&["check", "12"]).status.code(), Some(0));
    refused("12", "there is no schedule.json in it");
    let target = place.folder.path().join("written");
    let argv = format!(r#"["test","--junit","{}"]"#, target.display());
    put_invalid(&place, &argv);
    refused("11", "says more than how to test: --junit");
    assert!(!target.exists());
    put_invalid(&place, r#"["test","--no-such-flag"]"#);
    refused("11", "is not understood by this version");
    assert_eq!(
        place.run(&["replay", "11", "--times", "0"]).status.code(),
        Some(254)
    );
}
