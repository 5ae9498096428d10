//! Faults that cannot be: refused with their place and the way out, before anything is started.

use crate::place::Place;

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
        &["--schedule <FILE>", "--nemesis <LIST>", "cannot be used with"],
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
