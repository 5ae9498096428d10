//! What is not begun: bad arguments, descriptors and histories, each with its place and the way out.

use crate::place::{Place, err, has_sandbox, loners, out};
use std::path::Path;

#[test]
fn what_was_mistyped_is_refused_with_a_suggestion_and_254() {
    let place = Place::new();
    let refused = |arguments: &[&str], words: &str| {
        let output = place.run(arguments);
        assert_eq!(output.status.code(), Some(254), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
    };
    refused(
        &["test", "--nemesis", "partiton"],
        "unknown nemesis `partiton`: did you mean `partition`?",
    );
    refused(&["test", "--nemessis", "kill"], "--nemesis");
    refused(
        &["test", "--nemesis", "partition:halfs"],
        "did you mean `halves`?",
    );
    refused(&["tset"], "test");
    refused(
        &["test", "--time-limit", "soon"],
        "`soon` is not a duration; write 60, 90s, 5m or 500ms",
    );
    refused(&["test", "--node-count", "0"], "--node-count");
    refused(
        &["test", "--bug", "own-value"],
        "did you mean `own-value-always`?",
    );
    refused(
        &["test", "--nemesis", "partition:bridge", "--node-count", "2"],
        "needs at least 3 nodes",
    );
    refused(
        &["test", "--nemesis", "kill,member"],
        "member changes who is a member, and it is not said how a node of paxos is taken out and in",
    );
    refused(
        &["test", "--nemesis", "member:majority"],
        "unknown member target `majority`",
    );
    refused(&["test", "paxo"], "unknown system `paxo`: did you mean `paxos`?");
    assert!(!place.store().exists(), "nothing was started");
    assert_eq!(place.run(&["--help"]).status.code(), Some(0));
    assert_eq!(place.run(&["--version"]).status.code(), Some(0));
}

#[test]
fn a_broken_descriptor_is_refused_with_file_line_and_field() {
    let place = Place::new();
    let descriptor = place.write(
        "my.toml",
        &loners("decrees").replace("method = \"GET\"", "method = \"GRAB\""),
    );
    let output = place.run(&["test", &descriptor]);
    assert_eq!(output.status.code(), Some(254), "{}", err(&output));
    assert!(
        err(&output).contains("my.toml:") && err(&output).contains("method"),
        "{}",
        err(&output)
    );
    let output = place.run(&["test", "./no-such.toml"]);
    assert_eq!(output.status.code(), Some(254), "{}", err(&output));
    assert!(err(&output).contains("no-such.toml"), "{}", err(&output));
}

const LINES: &str = r#"{"index":0,"time":5,"process":0,"type":"invoke","f":"propose","key":1,"value":17}
{"index":1,"time":9,"process":0,"type":"ok","f":"propose","key":1,"value":17}
{"index":2,"time":12,"process":1,"type":"invoke","f":"read","key":1,"value":null}
{"index":3,"time":19,"process":1,"type":"ok","f":"read","key":1,"value":17}
"#;

#[test]
fn a_torn_last_line_is_accepted_and_said_and_garbage_is_refused_with_its_line() {
    let place = Place::new();
    let torn = place.write("torn.jsonl", &LINES[..LINES.len() - 20]);
    let output = place.run(&["check", &torn]);
    assert!(
        out(&output).contains("The last line of the history (line 4) was cut off after"),
        "{}",
        out(&output)
    );
    let garbage = place.write(
        "garbage.jsonl",
        &LINES.replacen('\n', "\n\u{1b}]0;owned\u{7}\n", 1),
    );
    let output = place.run(&["check", &garbage]);
    assert_eq!(output.status.code(), Some(255));
    assert!(
        err(&output).contains("garbage.jsonl: line 2: is not an event"),
        "{}",
        err(&output)
    );
    assert!(!err(&output).contains('\u{1b}'));
    let output = place.run(&["check", "latest"]);
    assert_eq!(output.status.code(), Some(255));
    assert!(err(&output).contains("there are no runs"), "{}", err(&output));
}

#[test]
fn a_history_of_others_is_checked_whatever_its_name_and_so_is_the_folder_of_a_jepsen_run() {
    const EDN: &str = "\
{:process 0, :type :invoke, :f :propose, :value [1 17]}
{:process 0, :type :ok, :f :propose, :value [1 17]}
{:process 1, :type :invoke, :f :read, :value [1 nil]}
{:process 1, :type :ok, :f :read, :value [1 4]}
";
    let place = Place::new();
    let edn = place.write("history.edn", EDN);
    let unnamed = place.write("unnamed", EDN);
    let folder = Path::new(&edn).parent().unwrap().to_str().unwrap();
    for what in [&*edn, &unnamed, folder] {
        let output = place.run(&["check", what, "--model", "decree"]);
        assert_eq!(output.status.code(), Some(1), "{}{}", out(&output), err(&output));
    }
    let output = place.run(&["check", &unnamed, "--independent", "no"]);
    assert!(out(&output).contains("→ [1,4]"), "{}", out(&output));
    let output = place.run(&["check", &unnamed, "--input-format", "jsonl"]);
    assert!(
        err(&output).contains("unnamed: line 1: is not an event"),
        "{}",
        err(&output)
    );
    let cut = place.write("cut.edn", &EDN[..EDN.len() - 3]);
    let output = place.run(&["check", &cut]);
    assert_eq!(output.status.code(), Some(255));
    assert!(
        err(&output).contains("line 4: the file ends inside the form"),
        "{}",
        err(&output)
    );
}

#[test]
fn doctor_says_whether_a_test_can_be_had_before_it_is_started() {
    let place = Place::new();
    let asked = |typed: &str| place.run(&["doctor", "--for", typed]);
    for (typed, words) in [
        ("test --nemesis clok", "did you mean `clock`?"),
        ("list runs", "--for takes a test"),
        ("tst", "test"),
    ] {
        let output = asked(typed);
        assert_eq!(output.status.code(), Some(254), "{typed}");
        assert!(err(&output).contains(words), "{}", err(&output));
    }
    // Loss is what a network of proxies cannot have, anywhere.
    let refused = asked("test --network proxy --nemesis packet:loss");
    assert_eq!(refused.status.code(), Some(255), "{}", out(&refused));
    assert!(
        out(&refused).starts_with("✗ harness test --network proxy"),
        "{}",
        out(&refused)
    );
    if !has_sandbox() {
        return;
    }
    let output = asked("harness test --nemesis partition,kill");
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(out(&output).starts_with("✓ harness test --nemesis partition,kill: everything"));
    assert!(!place.store().exists(), "nothing was run");
}
