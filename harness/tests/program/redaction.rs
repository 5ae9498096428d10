//! `--redact`: what is not to be seen is in nothing that a run writes or prints for readers, and in its record all the same.

use crate::place::{Place, err, has_sandbox, loners, out};
use std::fs;
use std::path::Path;

const SECRET: &str = "s3cret";

/// A descriptor whose nodes say the secret, which is not in it, before they go on as `then` says.
fn whispering(place: &Place, then: &str) -> String {
    let said = place.write("said", &format!("login token={SECRET} decree=1\n"));
    let shell = format!(r#"command = ["/bin/sh", "-c", "cat {said} >&2; {then}", "sh", "{{harness}}", "#);
    let text = loners("decrees")
        .replace(r#"command = ["{harness}", "#, &shell)
        .replace("http://10.0.0.1:", "http://{ip}:");
    place.write("whispering.toml", &text)
}

/// The files of a folder, with those in its folders, that have the secret in them.
fn keepers(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(&inside).unwrap().map(Result::unwrap) {
            let path = entry.path();
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(path),
                false if String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).contains(SECRET) => {
                    found.push(path.strip_prefix(folder).unwrap().display().to_string());
                }
                false => {}
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_run_whose_nodes_do_not_start_quotes_them_without_what_is_not_to_be_seen() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let descriptor = whispering(&place, "exit 1");
    let test = |redact: &[&str]| {
        let junit = place.folder.path().join("copy.xml");
        let summary = place.folder.path().join("copy.md");
        let files = [
            "--junit",
            junit.to_str().unwrap(),
            "--markdown",
            summary.to_str().unwrap(),
        ];
        let output = place
            .command(
                &[
                    &["test", &descriptor, "--nemesis", "none", "--time-limit", "2"],
                    redact,
                    &files,
                ]
                .concat(),
            )
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", place.folder.path().join("step.md"))
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(255),
            "{}{}",
            out(&output),
            err(&output)
        );
        let copies = [junit, summary].map(|file| fs::read_to_string(file).unwrap());
        format!("{}{}{}", out(&output), err(&output), copies.concat())
    };
    // Who does not ask for it sees it.
    assert!(test(&[]).contains(SECRET));
    fs::remove_dir_all(place.store()).unwrap();
    fs::remove_file(place.folder.path().join("step.md")).unwrap();
    let printed = test(&["--redact", r"token=\S+"]);
    assert!(
        !printed.contains(SECRET) && printed.contains("login ███"),
        "{printed}"
    );
    for other in ["show", "list", "report"] {
        let output = place.run(&[other]);
        assert!(
            !out(&output).contains(SECRET) && !err(&output).contains(SECRET),
            "{other}"
        );
    }
    assert!(
        !fs::read_to_string(place.folder.path().join("step.md"))
            .unwrap()
            .contains(SECRET)
    );
    let run = fs::canonicalize(place.store().join("current")).unwrap();
    assert!(
        fs::read_to_string(run.join("report.html"))
            .unwrap()
            .contains("login ███")
    );
    let kept = keepers(&run);
    assert!(kept.contains(&"nodes/n1/stderr.log".to_owned()), "{kept:?}");
    // The record is what the nodes wrote, and nothing else has it.
    let told: Vec<&String> = kept.iter().filter(|file| !file.starts_with("nodes/")).collect();
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_violation_is_told_without_what_is_not_to_be_seen() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    // Every node decides alone, and its word for a decree is among what is not to be seen.
    let descriptor = whispering(&place, r#"exec \"$@\""#);
    let run = |redact: &[&str]| {
        let output = place.run(
            &[
                &["test", &descriptor, "--nemesis", "none", "--time-limit", "2"],
                redact,
            ]
            .concat(),
        );
        assert_eq!(output.status.code(), Some(1), "{}{}", out(&output), err(&output));
        out(&output)
    };
    let printed = run(&["--redact", r"(?i)token=\S+|decree"]);
    assert!(printed.contains("███"), "{printed}");
    let run = place.latest();
    for file in [
        "report.html",
        "results.json",
        "summary.md",
        "junit.xml",
        "counterexample.svg",
        "harness.log",
    ] {
        let text = fs::read_to_string(run.join(file)).unwrap();
        assert!(!text.contains(SECRET), "{file}");
    }
    let results = place.results();
    let sentence = results["reason"]["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("███") && !sentence.contains("ecree"),
        "{sentence}"
    );
    assert!(printed.contains(sentence), "it is the same everywhere");
    let problems: Vec<String> = place
        .schema("results")
        .iter_errors(&results)
        .map(|it| it.to_string())
        .collect();
    assert!(problems.is_empty(), "{problems:?}");
    // The record has it, and says the same.
    assert!(
        fs::read_to_string(run.join("nodes/n1/stderr.log"))
            .unwrap()
            .contains(SECRET)
    );
    let counterexample = run.join("counterexample.jsonl");
    assert_eq!(
        place
            .run(&["check", counterexample.to_str().unwrap()])
            .status
            .code(),
        Some(1)
    );
}
