//! Histories that others recorded, as their owners would have them checked: a file and a model, nothing else.

use crate::place::{Place, err, out};
use std::path::PathBuf;

/// Those of the project, or of a folder with a `verdicts.tsv` like theirs.
fn folder() -> PathBuf {
    std::env::var_os("HARNESS_HISTORIES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../history/tests/histories")),
        PathBuf::from,
    )
}

#[test]
fn what_others_recorded_has_its_known_verdict() {
    let place = Place::new();
    let table = std::fs::read_to_string(folder().join("verdicts.tsv")).unwrap();
    let mut checked = 0;
    for line in table.lines().skip(1) {
        let [file, model, verdict] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("verdicts.tsv: {line:?} is not file, model, verdict");
        };
        let code = match verdict {
            "valid" => 0,
            "invalid" => 1,
            other => panic!("{file}: {other:?} is no verdict"),
        };
        let path = folder().join(file).display().to_string();
        let output = place.run(&["check", &path, "--model", model, "--no-shrink"]);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{file}: {}{}",
            out(&output),
            err(&output)
        );
        checked += 1;
    }
    assert!(checked > 10, "{checked} histories");
}

#[test]
fn of_a_file_of_others_it_is_asked_whether_it_is_legal_and_not_how_much_it_tested() {
    let place = Place::new();
    let one_after_another = r#"{"type":"invoke","process":0,"f":"write","value":1}
{"type":"ok","process":0,"f":"write","value":1}
{"type":"invoke","process":0,"f":"read","value":null}
{"type":"ok","process":0,"f":"read","value":1}
"#;
    let file = place.write("alone.jsonl", one_after_another);
    let checked = |more: &[&str]| {
        let output = place.run(&[&["check", file.as_str(), "--model", "register"], more].concat());
        (output.status.code(), out(&output))
    };
    let (code, text) = checked(&[]);
    assert_eq!(code, Some(0), "{text}");
    let remark =
        "With --evidence off this did not count: 0 % of operations overlapped another on the same object.";
    assert!(text.contains(remark), "{text}");
    let (code, text) = checked(&["--evidence", "strict"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("✕ 0 % of operations overlapped another on the same object"),
        "{text}"
    );
}
