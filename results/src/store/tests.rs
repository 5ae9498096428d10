use super::*;
use crate::document::Outcome;
use crate::run_info::Environment;

fn info(id: &str) -> RunInfo {
    RunInfo {
        id: id.to_owned(),
        system: "paxos".into(),
        workload: "decree".into(),
        nemesis: vec!["kill".into()],
        scenario: None,
        seed: 7,
        replay_of: None,
        argv: vec!["test".into()],
        options: serde_json::Map::new(),
        started_at: "2026-11-23T06:45:12Z".into(),
        nodes: vec!["n1".into()],
        clients: 1,
        descriptor: None,
        command: vec![],
        node_args: vec![],
        program: None,
        program_file: None,
        environment: Environment {
            harness: "0.1.0".into(),
            commit: None,
            os: "Linux".into(),
            cpus: 2,
            memory_bytes: 1,
            network: "switch".into(),
            load_max: None,
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
    let several = fail("20261123");
    assert!(
        several.contains("2 runs have this name; write more of the id:\n"),
        "{several}"
    );
    for line in [
        "20261123T064512Z-11  VALID    A sentence.",
        "20261123T064612Z-12  INVALID  A sentence.",
    ] {
        assert!(several.contains(line), "{several}");
    }
    assert!(fail("nonsense").contains("no such run; the newest are\n  20261124T064512Z-13  VALID"));
    assert!(fail("").contains("no such run"));
    assert!(fail("-0").contains("-1 is the newest"));
    assert!(fail("./nowhere").contains("there is no such folder"));
    let elsewhere = folder.path().display().to_string();
    assert!(fail(&elsewhere).contains("this folder is not a run"));
    // From the store, as the links there are called.
    assert_eq!(store.find("paxos/latest").unwrap().row().id, "latest");
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
    assert!(store.create_run(&info("1")).unwrap_err().is_taken());
}

#[test]
fn a_whole_seed_comes_before_a_prefix_and_one_seed_of_two_runs_is_ambiguous() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    for id in [
        "20261123T064512Z-2026",
        "20261123T064513Z-5",
        "20261123T064514Z-5",
    ] {
        finished(&store, id, Outcome::Valid);
    }
    assert_eq!(found(&store, "2026"), "20261123T064512Z-2026");
    assert!(
        store
            .find("5")
            .unwrap_err()
            .to_string()
            .contains("2 runs have this name")
    );
}

#[test]
fn a_list_is_the_same_with_and_without_the_index_and_is_narrowed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    finished(&store, "20261123T064512Z-11", Outcome::Valid);
    finished(&store, "20261123T064612Z-12", Outcome::Invalid);
    let with = store.list();
    fs::write(folder.path().join("index.jsonl"), "rubbish\n{\"id\":1}\n").unwrap();
    assert_eq!(store.list(), with);
    fs::remove_file(folder.path().join("index.jsonl")).unwrap();
    assert_eq!(store.list(), with);
    let narrowed = |filter: RunFilter| store.list().into_iter().filter(|row| filter.takes(row)).count();
    let verdict = Some(Outcome::Invalid);
    assert_eq!(
        narrowed(RunFilter {
            verdict,
            ..RunFilter::default()
        }),
        1
    );
    let nemesis = |kind: &str| RunFilter {
        nemesis: Some(kind.into()),
        ..RunFilter::default()
    };
    assert_eq!([narrowed(nemesis("kill")), narrowed(nemesis("none"))], [2, 0]);
    assert_eq!(
        narrowed(RunFilter {
            seed: Some(8),
            ..RunFilter::default()
        }),
        0
    );
    assert_eq!(
        narrowed(RunFilter {
            system: Some("paxos".into()),
            ..RunFilter::default()
        }),
        2
    );
}

#[test]
fn an_index_that_says_what_is_no_longer_so_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    finished(&store, "20261123T064512Z-11", Outcome::Valid);
    fs::remove_file(store.find("11").unwrap().file("results.json")).unwrap();
    assert_eq!(store.list()[0].verdict, None);
}

#[test]
fn who_writes_a_run_is_known_until_he_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let run = Store::at(folder.path())
        .create_run(&info("20261123T064512Z-11"))
        .unwrap();
    assert!(!run.is_in_progress());
    let hold = run.hold().unwrap();
    assert!(run.is_in_progress());
    drop(hold);
    assert!(!run.is_in_progress());
}

fn rest(store: &Store) -> Vec<String> {
    store.list().into_iter().map(|row| row.id).collect()
}

#[test]
fn old_runs_are_deleted_and_never_invalid_ones_or_those_in_progress_or_other_folders() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let id = |n: u32| format!("2026112{n}T064512Z-1{n}");
    for n in 0..6 {
        let verdict = if n == 1 { Outcome::Invalid } else { Outcome::Valid };
        finished(&store, &id(n), verdict);
    }
    let busy = store.find(&id(2)).unwrap();
    let _hold = busy.hold().unwrap();
    // What only looks like a run: a link to elsewhere, a folder with another id in it, somebody's notes.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("history.jsonl"), "precious").unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("paxos/20200101T000000Z-1")).unwrap();
    let copied = folder.path().join("paxos/20200101T000000Z-2");
    fs::create_dir(&copied).unwrap();
    fs::write(copied.join("history.jsonl"), "").unwrap();
    fs::copy(busy.file("options.json"), copied.join("options.json")).unwrap();
    fs::create_dir_all(folder.path().join("paxos/notes/20200101T000000Z-3")).unwrap();
    let keep = |keep| Retention {
        keep: Some(keep),
        since: None,
    };
    let plan = store.plan_deletion(&keep(2));
    let ids: Vec<&str> = plan.delete.iter().map(|(row, _)| row.id.as_str()).collect();
    assert_eq!(ids, [id(3), id(0)], "{plan:?}");
    assert_eq!((plan.kept_invalid, plan.kept_in_progress), (1, 1));
    assert!(plan.delete.iter().all(|(_, bytes)| *bytes > 0));
    assert_eq!(rest(&store).len(), 7, "planning deletes nothing");
    assert_eq!(store.delete(&plan).unwrap(), 2);
    assert_eq!(
        rest(&store),
        [id(5), id(4), id(2), id(1), "20200101T000000Z-2".to_owned()]
    );
    assert!(elsewhere.path().join("history.jsonl").is_file());
    let index = fs::read_to_string(folder.path().join("index.jsonl")).unwrap();
    assert_eq!(index.lines().count(), 4, "{index}");
}

#[test]
fn what_is_deleted_is_older_than_asked_and_the_links_point_to_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    finished(&store, "20261123T064512Z-11", Outcome::Invalid);
    finished(&store, "20261124T064512Z-12", Outcome::Valid);
    let since = |moment: &str| Retention {
        keep: None,
        since: Some(moment.into()),
    };
    assert_eq!(store.plan_deletion(&since("20261124T064512Z")).delete, []);
    let plan = store.plan_deletion(&since("20261124T064513Z"));
    assert_eq!(store.delete(&plan).unwrap(), 1);
    for (link, target) in [
        ("latest", "paxos/20261123T064512Z-11"),
        ("paxos/latest", "20261123T064512Z-11"),
    ] {
        assert_eq!(
            fs::read_link(folder.path().join(link)).unwrap(),
            Path::new(target)
        );
    }
}

#[test]
fn a_run_that_turned_invalid_after_the_plan_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    finished(&store, "20261123T064512Z-11", Outcome::Unknown);
    let plan = store.plan_deletion(&Retention {
        keep: Some(0),
        since: None,
    });
    let run = store.find("11").unwrap();
    let mut results = run.results().unwrap();
    results.verdict = Outcome::Invalid;
    run.write_json("results.json", &results).unwrap();
    assert_eq!(store.delete(&plan).unwrap(), 0);
    assert_eq!(rest(&store).len(), 1);
}

#[test]
fn a_run_has_the_folder_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let info = info("20261123T064512Z-11");
    let run = store.create_run_named("nightly", &info).unwrap();
    let results = Results::error(
        Some(&info),
        &history::History::default(),
        "A sentence.".into(),
        vec![],
    );
    run.write_json("results.json", &results).unwrap();
    store.finish(&run, &info, &results).unwrap();
    let row = &store.list()[0];
    assert_eq!((row.name.as_str(), row.system.as_str()), ("nightly", "paxos"));
    assert!(folder.path().join("nightly/latest/results.json").is_file());
    assert!(store.create_run_named("../out", &info).is_err());
}

#[test]
fn of_two_runs_that_began_in_one_second_the_later_is_the_latest() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let (first, second) = ("20261123T064512Z-90", "20261123T064512Z-10");
    finished(&store, first, Outcome::Valid);
    finished(&store, second, Outcome::Valid);
    let written = |id: &str, seconds: u64| {
        let file = fs::File::options()
            .append(true)
            .open(store.find(id).unwrap().file("options.json"))
            .unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
            .unwrap();
    };
    written(first, 1);
    written(second, 2);
    assert_eq!(found(&store, "latest"), second);
    assert_eq!(found(&store, "-2"), first);
    let target = fs::read_link(folder.path().join("latest")).unwrap();
    assert!(target.ends_with(second), "{}", target.display());
}

#[test]
fn the_disks_of_nodes_can_be_deleted_and_their_logs_stay() {
    let place = tempfile::tempdir().unwrap();
    let run = RunDir::at(&place.path().join("run"));
    let outside = place.path().join("outside");
    std::fs::create_dir_all(run.file("nodes/n1/data/wal")).unwrap();
    std::fs::create_dir_all(&outside).unwrap();
    for file in ["nodes/n1/data/wal/1", "nodes/n1/stderr.log"] {
        std::fs::write(run.file(file), "x").unwrap();
    }
    std::fs::write(outside.join("mine"), "x").unwrap();
    std::os::unix::fs::symlink(&outside, run.file("nodes/n1/data/link")).unwrap();
    run.clear_disks(&["n1".to_owned(), "n2".to_owned()]);
    assert!(!run.file("nodes/n1/data").exists());
    assert!(run.file("nodes/n1/stderr.log").exists() && outside.join("mine").exists());
}
