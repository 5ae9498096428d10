//! Whole files of others: every one of a folder is read, and has as many operations as a plain count of its text finds.
//!
//! The folder is the one that `HARNESS_HISTORIES` names, with a `verdicts.tsv` of file, model and verdict; without it, the
//! small corpus beside this file. What the verdicts are is the checker's test.

use history::{Outcome, read_file};
use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    match std::env::var_os("HARNESS_HISTORIES") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories"),
    }
}

/// How often an event of this kind stands in the text, in whichever notation.
fn count(text: &str, kind: &str) -> usize {
    let is_code = |line: &&str| !line.trim_start().starts_with(';') && !line.trim_start().starts_with("#_");
    let code: String = text
        .lines()
        .filter(is_code)
        .flat_map(|line| [line, "\n"])
        .collect();
    let notations = [
        format!(":type :{kind}"),
        format!("\t:{kind}\t"),
        format!("\"type\":\"{kind}\""),
        format!("\"type\": \"{kind}\""),
    ];
    notations
        .iter()
        .map(|notation| code.matches(notation).count())
        .sum()
}

#[test]
fn every_file_of_the_corpus_is_read_whole() {
    let folder = corpus();
    let table = std::fs::read_to_string(folder.join("verdicts.tsv")).unwrap();
    let (mut files, mut operations) = (0, 0);
    for row in table.lines().skip(1) {
        let file = row.split('\t').next().unwrap();
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let history = read_file(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        let of = |outcome| {
            history
                .operations
                .iter()
                .filter(|it| it.outcome == outcome)
                .count()
        };
        let (invoked, ok, failed) = (count(&text, "invoke"), count(&text, "ok"), count(&text, "fail"));
        assert_eq!(history.operations.len(), invoked, "{file}");
        assert_eq!((of(Outcome::Ok), of(Outcome::Fail)), (ok, failed), "{file}");
        assert_eq!(of(Outcome::Info), invoked - ok - failed, "{file}");
        files += 1;
        operations += invoked;
    }
    println!(
        "{files} files with {operations} operations in {}",
        folder.display()
    );
    assert!(files >= 12 && operations > 0);
}
