//! Ids that are given out twice, and their words.

use crate::Model;
use crate::objects::script::{is_legal, told};

#[test]
fn an_id_that_is_given_out_twice_is_told_with_who_got_it() {
    let (code, sentence) = told(
        Model::UniqueIds,
        &[
            (0, "invoke", "generate", "null"),
            (0, "ok", "generate", "\"a-1\""),
            (1, "invoke", "generate", "null"),
            (1, "info", "generate", "null"),
            (2, "invoke", "generate", "null"),
            (2, "ok", "generate", "\"a-1\""),
        ],
    );
    assert_eq!(code, "unique-ids.duplicate");
    assert_eq!(
        sentence,
        "Id \"a-1\" was given out twice: to client 0, and 3 ms later to client 2."
    );
}

#[test]
fn ids_need_no_order() {
    assert!(is_legal(
        Model::UniqueIds,
        &[
            (0, "invoke", "generate", "null"),
            (0, "ok", "generate", "9"),
            (0, "invoke", "generate", "null"),
            (0, "ok", "generate", "[1]"),
            (0, "invoke", "generate", "null"),
            (0, "ok", "generate", "1"),
        ]
    ));
}
