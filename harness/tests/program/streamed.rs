//! `harness check --stream`: decided while it is read.

use crate::place::{Place, err, out};
use crate::stored::{AGREED, TWICE};

#[test]
fn decrees_are_decided_while_their_history_is_read_and_a_violation_has_its_proof_all_the_same() {
    let place = Place::new();
    let file = place.write("agreed.jsonl", AGREED);
    let valid = place.run(&["check", &file, "--stream"]);
    assert_eq!(valid.status.code(), Some(0), "{}", err(&valid));
    let said = out(&valid);
    assert!(
        said.contains("VALID  All 2 operations on 1 decree are linearizable."),
        "{said}"
    );
    assert!(
        said.contains("2 ok, 0 failed, 0 unknown; 4 events followed"),
        "{said}"
    );
    let file = place.write("twice.jsonl", TWICE);
    let invalid = place.run(&["check", &file, "--stream"]);
    assert_eq!(invalid.status.code(), Some(1), "{}", err(&invalid));
    assert!(
        err(&invalid).contains("decree 1 is not linearizable any more at event 3"),
        "{}",
        err(&invalid)
    );
    assert!(out(&invalid).contains("was decided twice"), "{}", out(&invalid));
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let place = Place::new();
    let file = place.write(
        "write.jsonl",
        "{\"process\":0,\"type\":\"invoke\",\"f\":\"write\",\"value\":1}\n",
    );
    for (arguments, code, words) in [
        (vec!["--stream", "--model", "register"], 254, "decides decrees"),
        (
            vec!["--stream", "--format", "json"],
            254,
            "leave out --stream or --format",
        ),
        (vec!["--stream", "--key", "1"], 254, "cannot be used with"),
        (vec!["--stream"], 255, "it has no operation `write`"),
    ] {
        let refused = place.run(&[vec!["check", &file], arguments.clone()].concat());
        assert_eq!(
            refused.status.code(),
            Some(code),
            "{arguments:?}: {}",
            err(&refused)
        );
        assert!(err(&refused).contains(words), "{arguments:?}: {}", err(&refused));
    }
}
