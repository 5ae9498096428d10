//! Stored runs: how they are named, listed, shown, deleted.

use crate::place::{HARNESS, Place, err, out};
use crate::stored::TWICE;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn a_run_is_found_by_all_its_names_and_an_ambiguous_one_lists_who_has_it() {
    let place = Place::new();
    place.put_three();
    let path = place
        .store()
        .join("paxos/20261123T064512Z-11")
        .display()
        .to_string();
    let eleven = [
        "11",
        "-3",
        "20261123T064512Z",
        "latest:invalid",
        &path,
        "paxos/20261123T064512Z-11",
    ];
    for name in eleven {
        let shown = place.run(&["show", name]);
        assert_eq!(shown.status.code(), Some(0), "{name}: {}", err(&shown));
        assert!(out(&shown).contains("INVALID"), "{name}: {}", out(&shown));
    }
    let refused = |name: &str, words: &[&str]| {
        let shown = place.run(&["show", name]);
        assert_eq!(shown.status.code(), Some(255), "{name}");
        words
            .iter()
            .for_each(|it| assert!(err(&shown).contains(it), "{name}: {}", err(&shown)));
    };
    refused(
        "20261123",
        &[
            "2 runs have this name",
            "20261123T064512Z-11  INVALID",
            "20261123T064612Z-12  VALID",
        ],
    );
    refused("nobody", &["no such run; the newest are", "20261124T064512Z-13"]);
    refused("latest:unknown", &["none of the 3 runs has this verdict"]);
    refused("latest", &["it has no verdict yet; harness check gives it"]);
    // `latest` is what is newest, finished or not, and checking it gives it its verdict.
    assert_eq!(place.run(&["check"]).status.code(), Some(0));
    assert_eq!(place.run(&["show"]).status.code(), Some(0));
    assert!(place.latest().ends_with("20261124T064512Z-13"));
}

#[test]
fn a_list_is_narrowed_and_is_json_for_programs() {
    let place = Place::new();
    place.put_three();
    let lines = |arguments: &[&str]| {
        let output = place.run(&[&["list", "runs"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        out(&output)
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let [a, b, c] = [
        "20261123T064512Z-11",
        "20261123T064612Z-12",
        "20261124T064512Z-13",
    ];
    assert_eq!(lines(&[]), [c, b, a]);
    assert_eq!(lines(&["--nemesis", "kill"]), [c, a]);
    assert_eq!(lines(&["--verdict", "invalid", "--system", "paxos"]), [a]);
    assert_eq!(lines(&["--seed", "12"]), [b]);
    let none = place.run(&["list", "--seed", "99"]);
    assert!(err(&none).contains("None of the 3 runs"), "{}", err(&none));
    let json: Value = serde_json::from_slice(&place.run(&["list", "--format", "json"]).stdout).unwrap();
    assert_eq!(
        (&json[2]["id"], &json[2]["verdict"], &json[2]["seed"]),
        (&a.into(), &"invalid".into(), &11.into())
    );
    assert_eq!(json[0]["verdict"], Value::Null);
    let bugs: Value =
        serde_json::from_slice(&place.run(&["list", "bugs", "--format", "json"]).stdout).unwrap();
    assert!(bugs.as_array().unwrap().len() > 10 && bugs[0]["bug"].is_string());
    for (bad, words) in [
        (["--verdict", "invlid"], "did you mean `invalid`?"),
        (["--nemesis", "partiton"], "did you mean `partition`?"),
    ] {
        let output = place.run(&[&["list"], bad.as_slice()].concat());
        assert_eq!(output.status.code(), Some(254));
        assert!(err(&output).contains(words), "{}", err(&output));
    }
    assert_eq!(
        place.run(&["list", "bugs", "--seed", "1"]).status.code(),
        Some(254)
    );
}

#[test]
fn gc_says_what_goes_asks_and_never_deletes_a_violation() {
    let place = Place::new();
    place.put_three();
    let gc = |arguments: &[&str]| place.run(&[&["gc"], arguments].concat());
    let refused = gc(&[]);
    assert_eq!(refused.status.code(), Some(254));
    assert!(
        err(&refused).contains("--keep N") && err(&refused).contains("--older-than"),
        "{}",
        err(&refused)
    );
    assert_eq!(gc(&["--older-than", "soon"]).status.code(), Some(254));
    let dry = gc(&["--keep", "1", "--dry-run"]);
    assert_eq!(dry.status.code(), Some(0), "{}", err(&dry));
    assert!(
        out(&dry).contains("20261123T064612Z-12  VALID") && !out(&dry).contains("Z-11"),
        "{}",
        out(&dry)
    );
    assert!(out(&dry).contains("1 with a violation stay"), "{}", out(&dry));
    // There is nobody to ask: that is no yes.
    let unasked = gc(&["--keep", "1"]);
    assert_eq!(unasked.status.code(), Some(255));
    assert!(err(&unasked).contains("--yes"), "{}", err(&unasked));
    assert_eq!(out(&place.run(&["list"])).lines().count(), 4);
    // They are all from a day that has not come, or has just been.
    assert!(out(&gc(&["--older-than", "520w", "--yes"])).contains("There is nothing to delete"));
    let done = gc(&["--keep", "0", "--yes"]);
    assert!(
        out(&done).contains("2 runs deleted"),
        "{}{}",
        out(&done),
        err(&done)
    );
    assert_eq!(out(&place.run(&["list"])).lines().count(), 2);
    assert!(
        place.latest().ends_with("20261123T064512Z-11"),
        "the link points to what is left"
    );
}

#[test]
fn a_report_is_written_again_and_opened() {
    let place = Place::new();
    let run = place.put_run("20261123T064512Z-11", "kill", TWICE);
    let browser = place.write(
        "browser",
        "#!/bin/sh\nprintf %s \"$1\" > \"$(dirname \"$0\")/opened\"\n",
    );
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let output = place
        .command(&["report", "11", "--open"])
        .env("BROWSER", &browser)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let report = run.join("report.html");
    assert_eq!(out(&output).trim(), report.display().to_string());
    assert!(report.is_file());
    let opened = place.folder.path().join("opened");
    while fs::read_to_string(&opened).unwrap_or_default().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(fs::read_to_string(&opened).unwrap(), report.display().to_string());
    let none = place
        .command(&["report", "11", "--open"])
        .env("BROWSER", "/no/such/browser")
        .output()
        .unwrap();
    assert_eq!(none.status.code(), Some(0));
    assert!(err(&none).contains("set BROWSER"), "{}", err(&none));
}

#[test]
fn what_is_in_a_report_can_be_chosen_when_it_is_written_again() {
    let place = Place::new();
    let run = place.put_run("20261123T064512Z-11", "kill", TWICE);
    let page = |arguments: &[&str]| {
        let output = place.run(&[&["report", "11"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        fs::read_to_string(run.join("report.html")).unwrap()
    };
    const LEFT_OUT: &str = "Single operations are shown for 1 of 2";
    assert!(page(&["--report-max-ops", "1"]).contains(LEFT_OUT));
    assert!(!page(&[]).contains(LEFT_OUT));
    let refused = place.run(&["report", "11", "--redact", "("]);
    assert_eq!(refused.status.code(), Some(254));
    assert!(err(&refused).contains("unclosed group"), "{}", err(&refused));
}

#[test]
fn a_document_is_printed_by_its_name() {
    let place = Place::new();
    let listed = out(&place.run(&["docs"]));
    assert!(
        listed.lines().any(|line| line.starts_with("systems/etcd ")),
        "{listed}"
    );
    let printed = out(&place.run(&["docs", "docs/client-programs.md"]));
    assert!(printed.starts_with("# "), "{printed}");
    let unknown = place.run(&["docs", "client-program"]);
    assert_eq!(unknown.status.code(), Some(254));
    assert!(
        err(&unknown).contains("did you mean `client-programs`?"),
        "{}",
        err(&unknown)
    );
}

#[test]
fn a_shell_and_a_manual_learn_of_every_command() {
    let harness = |arguments: &[&str]| Command::new(HARNESS).args(arguments).output().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = harness(&["completions", shell]);
        assert_eq!(script.status.code(), Some(0));
        for word in ["scorecard", "nemesis-interval", "until-invalid"] {
            assert!(out(&script).contains(word), "{shell} does not know {word}");
        }
    }
    assert!(err(&harness(&["completions", "bahs"])).contains("bash"));
    assert!(out(&harness(&["man"])).contains(".TH"));
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    assert_eq!(
        harness(&["man", "--output", pages.to_str().unwrap()])
            .status
            .code(),
        Some(0)
    );
    let test = fs::read_to_string(pages.join("harness-test.1")).unwrap();
    assert!(
        test.contains("nemesis") && !test.contains("die\\-with"),
        "hidden flags stay hidden"
    );
    assert!(pages.join("harness.1").is_file() && !pages.join("harness-paxos-node.1").exists());
}
