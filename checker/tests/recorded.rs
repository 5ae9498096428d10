//! Recorded histories with known verdicts, and their counterexamples.
//!
//! Those of the project are in `history/tests/histories`. `HARNESS_HISTORIES=FOLDER cargo test -p checker --test recorded`
//! checks another folder that has a `verdicts.tsv` (file, model, verdict; a line each, after a heading).

use checker::{Model, Verdict, check, fitting};
use history::read_file;
use std::path::PathBuf;

fn folder() -> PathBuf {
    std::env::var_os("HARNESS_HISTORIES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../history/tests/histories")),
        PathBuf::from,
    )
}

#[test]
fn every_recorded_history_gets_its_known_verdict() {
    let folder = folder();
    let table = std::fs::read_to_string(folder.join("verdicts.tsv")).unwrap();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for line in table.lines().skip(1).filter(|line| !line.is_empty()) {
        let [file, model, verdict] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("verdicts.tsv: {line:?} is not file, model, verdict");
        };
        let Some(model) = Model::from_name(model) else {
            // What has no checker is said, and is no success.
            println!("no checker: {file} is about `{model}`");
            continue;
        };
        let history = read_file(&folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let analysis = check(&history, model).unwrap_or_else(|error| panic!("{file}: {error}"));
        let expected = match verdict {
            "valid" => Verdict::Valid,
            "invalid" => Verdict::Invalid,
            other => panic!("{file}: {other:?} is no verdict"),
        };
        if analysis.verdict != expected {
            wrong.push(format!("{file}: {:?}, not {expected:?}", analysis.verdict));
        }
        for violation in &analysis.violations {
            assert!(violation.shrink.verified, "{file}: {violation:#?}");
        }
        checked += 1;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(checked >= 5, "{checked} histories were checked");
}

#[test]
fn operations_tell_what_a_history_is_about() {
    let read = |lines: &str| history::read_bytes(lines.as_bytes()).unwrap();
    let event = |f: &str, value: &str| {
        format!(r#"{{"process":0,"type":"invoke","f":"{f}","value":{value},"time":0}}"#)
    };
    assert_eq!(fitting(&read(&event("propose", "1"))), [Model::Decree]);
    assert_eq!(fitting(&read(&event("cas", "[1,2]"))), [Model::CasRegister]);
    // A compare-and-set of one value is nobody's.
    assert_eq!(fitting(&read(&event("cas", "1"))), []);
    assert!(fitting(&read(&event("read", "null"))).len() > 2);
}
