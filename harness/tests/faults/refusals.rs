//! Faults that cannot be: refused with their place and the way out, before anything is started.

use crate::place::{HARNESS, Place, can_have};
use std::process::{Command, Output, Stdio};

/// Refused with 254, in these words; nothing was started.
fn refused(place: &Place, arguments: &[&str], words: &[&str]) {
    let output = place.output(arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(254), "{arguments:?}: {told}");
    for words in words {
        assert!(told.contains(words), "{arguments:?}: no {words:?} in: {told}");
    }
    assert!(!place.store().exists(), "{arguments:?}: nothing was started");
}

#[test]
fn a_file_that_is_no_schedule_is_refused_with_its_place() {
    let place = Place::new();
    let of = |name: &str, text: &str, words: &[&str]| {
        let file = place.write(name, text);
        let words = [&[name], words].concat();
        refused(&place, &["--schedule", &file], &words);
    };
    of("prose.json", "kill n1", &["line 1, column 1"]);
    of("torn.json", "{\"faults\": [\n", &["line 2"]);
    of(
        "field.json",
        "{\n  \"fault\": []\n}",
        &["line 2", "unknown field `fault`", "`faults`"],
    );
    of(
        "node.json",
        "{\"faults\": [\n{\"end_ms\": 9, \"fault\": {\"kind\": \"kill\", \"nodes\": [\"n9\"]}}]}",
        &["line 2: fault 1", "there is no node \"n9\"", "n1, n2, n3, n4, n5"],
    );
    of(
        "percent.json",
        "{\"faults\": [\n\n{\"end_ms\": 9, \"fault\": {\"kind\": \"packet\", \"links\": [[\"n1\", \"n2\"]], \"effect\": {\"does\": \"loss\", \"percent\": 200, \"burst\": 1}}}]}",
        &["line 3: fault 1", "percent is 200; it must be from 1 to 100"],
    );
    of(
        "trigger.json",
        "{\"faults\": [{\"end_ms\": 9, \"when\": {\"log\": {\"node\": \"n1\", \"line\": \"(\"}}, \"fault\": {\"kind\": \"pause\", \"nodes\": [\"n1\"]}}]}",
        &["line 1: fault 1", "no regular expression"],
    );
    let nowhere = place.store().join("nowhere.json").display().to_string();
    refused(
        &place,
        &["--schedule", &nowhere],
        &["--schedule", "nowhere.json", "No such file"],
    );
}

#[test]
fn a_schedule_stands_alone() {
    let place = Place::new();
    let file = place.write("none.json", "{\"faults\": []}");
    refused(
        &place,
        &["--schedule", &file, "--nemesis", "kill"],
        &[
            "--schedule <FILE|SCENARIO>",
            "--nemesis <LIST>",
            "cannot be used with",
        ],
    );
}

#[test]
fn a_form_or_a_node_that_there_is_not_is_refused() {
    let place = Place::new();
    refused(
        &place,
        &["--nemesis", "kill:n9"],
        &["kill `n9`: there is no such node", "n1, n2, n3, n4, n5"],
    );
    refused(
        &place,
        &["--nemesis", "pause:n3", "--node-count", "2"],
        &["pause `n3`: there is no such node", "n1, n2"],
    );
    refused(
        &place,
        &["--nemesis", "packet:dely"],
        &["unknown packet fault `dely`", "did you mean `delay`?"],
    );
    refused(
        &place,
        &["--nemesis", "disk:ful"],
        &["unknown disk fault `ful`", "did you mean `full`?"],
    );
    refused(
        &place,
        &["--nemesis", "clock:jmp"],
        &["unknown clock fault `jmp`", "did you mean `jump`?"],
    );
}

#[test]
fn the_primary_is_refused_where_nobody_can_be_asked_for_it() {
    let place = Place::new();
    let file = place.write(
        "primary.json",
        "{\"faults\": [{\"end_ms\": 9, \"fault\": {\"kind\": \"kill\", \"nodes\": [\"primary\"]}}]}",
    );
    let no_primary = [
        "there is no [node.primary] in its descriptor",
        "harness list nemeses",
    ];
    for (arguments, words) in [
        (
            vec!["--nemesis", "kill:one,pause:primary"],
            "pause:primary hits the primary",
        ),
        (
            vec!["--nemesis", "partition:primary"],
            "partition:primary hits the primary",
        ),
        (
            vec!["--schedule", &file],
            "fault 1 of the schedule hits the primary",
        ),
    ] {
        refused(&place, &arguments, &[&[words], &no_primary[..]].concat());
    }
    refused(
        &place,
        &["--nemesis", "kill:primaries"],
        &["unknown kill target `primaries`: did you mean `primary`?"],
    );
    refused(
        &place,
        &["etcd", "--nemesis", "kill:primary", "--nodes", "primary,n2,n3"],
        &["a node is called `primary`", "give it another name"],
    );
}

#[test]
fn a_distribution_that_there_is_not_is_refused() {
    let place = Place::new();
    refused(
        &place,
        &["--nemesis-interval", "exponentil:2s"],
        &[
            "unknown distribution `exponentil`",
            "did you mean `exponential`?",
            "uniform:100ms..2s",
        ],
    );
}

/// `harness` with these arguments, where `libfaketime` is elsewhere, or behind a /dev/fuse that is none.
fn without(what: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    command.args([&format!("{what} && exec \"$@\""), "sh", HARNESS]);
    command.args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn what_this_machine_cannot_have_is_refused_before_anything_is_started_as_the_doctor_says() {
    const NO_CLOCKS: &str = "export HARNESS_LIBFAKETIME=/no/such/library.so";
    const NO_DISKS: &str = "mount --bind /dev/null /dev/fuse";
    if !["disk", "clock"].into_iter().all(can_have) {
        return;
    }
    let place = Place::new();
    let store = place.store().display().to_string();
    for (what, kind, nemesis, words) in [
        (
            NO_CLOCKS,
            "clock",
            "kill,clock",
            "clocks go wrong: /no/such/library.so cannot be preloaded",
        ),
        (NO_DISKS, "disk", "kill,disk:slow", "disks go wrong: "),
    ] {
        let doctor = without(what, &["doctor"]);
        let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(
            told.contains(&format!("✗ {kind}: ")) && told.contains("✓ kill: "),
            "{told}"
        );
        let test = [
            "test",
            "--nemesis",
            nemesis,
            "--time-limit",
            "1",
            "--store",
            &store,
        ];
        let output = without(what, &test);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(255), "{told}");
        assert!(
            told.contains("failed to start a test in which") && told.contains(words),
            "{told}"
        );
        assert!(!place.store().exists(), "{kind}: nothing was started");
        let json = without(what, &[&test[..], &["--format", "json"]].concat());
        let document: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(
            (json.status.code(), document["exit_code"].as_i64()),
            (Some(255), Some(255))
        );
    }
}

#[test]
fn a_program_whose_clock_cannot_be_changed_is_refused_before_anything_is_started() {
    if !can_have("clock") {
        return;
    }
    // A Go program asks the kernel itself.
    let version = Command::new("etcd").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "skipped: there is no etcd");
        println!("skipped: there is no etcd");
        return;
    }
    let place = Place::new();
    let output = place.output(&["etcd", "--nemesis", "clock"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(255), "{told}");
    assert!(
        told.contains("clocks go wrong") && told.contains("etcd"),
        "{told}"
    );
    assert!(!place.store().exists(), "nothing was started");
}
