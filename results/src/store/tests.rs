use super::*;
use crate::run_info::Environment;

fn info(id: &str) -> RunInfo {
    RunInfo {
        id: id.to_owned(),
        system: "paxos".into(),
        workload: "decree".into(),
        nemesis: vec!["kill".into()],
        seed: 7,
        argv: vec!["test".into()],
        options: serde_json::Map::new(),
        started_at: "2026-11-23T06:45:12Z".into(),
        nodes: vec!["n1".into()],
        clients: 1,
        command: vec![],
        environment: Environment {
            harness: "0.1.0".into(),
            os: "Linux".into(),
            cpus: 2,
            memory_bytes: 1,
            network: "switch".into(),
        },
    }
}

fn finished(store: &Store, id: &str, verdict: Outcome) {
    let run = store.create_run(&info(id)).unwrap();
    fs::write(run.file("history.jsonl"), "").unwrap();
    let mut results = Results::error(
        Some(&info(id)),
        &history::History::default(),
        "A sentence.".into(),
        vec![],
    );
    results.verdict = verdict;
    run.write_json("results.json", &results).unwrap();
    store.finish(&run, &info(id), &results).unwrap();
}

fn found(store: &Store, spec: &str) -> String {
    let run = store.find(spec).unwrap();
    run.path().file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn runs_are_found_by_every_name_that_they_have() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(&folder.path().join("store"));
    let ids = [
        "20261123T064512Z-11",
        "20261123T064612Z-12",
        "20261124T064512Z-13",
    ];
    finished(&store, ids[0], Outcome::Valid);
    finished(&store, ids[1], Outcome::Invalid);
    finished(&store, ids[2], Outcome::Valid);
    let names = [
        ("latest", 2),
        ("-1", 2),
        ("-2", 1),
        ("12", 1),
        ("20261124", 2),
        ("latest:invalid", 1),
    ];
    for (spec, expected) in names {
        assert_eq!(found(&store, spec), ids[expected], "{spec}");
    }
    let path = store.find("11").unwrap().path().display().to_string();
    assert_eq!(found(&store, &path), ids[0]);
    let fail = |spec: &str| store.find(spec).unwrap_err().to_string();
    assert!(fail("20261123").contains("2 runs have this name: "));
    assert!(fail("nonsense").contains("no such run; the newest are 20261124T064512Z-13"));
    assert!(fail("-9").contains("there are 3 runs"));
    assert!(fail("latest:bad").contains("after latest: comes valid, invalid"));
    assert!(fail("latest:unknown").contains("none of the 3 runs has this verdict"));
    assert_eq!(
        store
            .list()
            .iter()
            .filter(|row| row.verdict == Some(Outcome::Invalid))
            .count(),
        1
    );
}

#[test]
fn links_point_to_what_they_say_and_a_killed_run_is_the_latest() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    finished(&store, "20261123T064512Z-11", Outcome::Valid);
    assert!(folder.path().join("latest/results.json").is_file());
    assert!(folder.path().join("paxos/latest/results.json").is_file());
    // This one was killed: it has a history and no results.
    let run = store.create_run(&info("20261123T070000Z-12")).unwrap();
    fs::write(run.file("history.jsonl"), "").unwrap();
    assert_eq!(found(&store, "latest"), "20261123T070000Z-12");
    assert_eq!(store.list()[0].verdict, None);
    let current = fs::read_link(folder.path().join("current")).unwrap();
    assert_eq!(current, Path::new("paxos/20261123T070000Z-12"));
}

#[test]
fn judging_an_old_run_again_does_not_make_it_the_latest() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let (old, new) = ("20261123T064512Z-11", "20261123T064612Z-12");
    finished(&store, old, Outcome::Valid);
    finished(&store, new, Outcome::Valid);
    let run = store.find("11").unwrap();
    let mut results = run.results().unwrap();
    store.finish(&run, &info(old), &results).unwrap();
    for link in ["latest", "paxos/latest"] {
        let target = fs::read_link(folder.path().join(link)).unwrap();
        assert!(target.ends_with(new), "{link} -> {}", target.display());
    }
    let lines = || {
        let index = fs::read_to_string(folder.path().join("index.jsonl")).unwrap();
        index.lines().count()
    };
    assert_eq!(lines(), 2, "nothing new was found out");
    results.verdict = Outcome::Invalid;
    store.finish(&run, &info(old), &results).unwrap();
    assert_eq!(lines(), 3, "another verdict is news");
}

#[test]
fn a_name_that_would_lead_out_of_the_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    for bad in ["", "..", "a/b", "a\0b", "../x"] {
        let error = store
            .create_run(&RunInfo {
                system: bad.into(),
                ..info("1")
            })
            .unwrap_err();
        assert!(matches!(error, StoreError::Name(_)), "{error}");
    }
}

#[test]
fn a_run_is_never_made_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    store.create_run(&info("1")).unwrap();
    assert!(store.create_run(&info("1")).is_err());
}
