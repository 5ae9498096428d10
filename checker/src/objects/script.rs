//! Histories for tests, written down as lines.

use crate::{Model, Verdict, Violation, check};
use history::{History, read_bytes};

/// An event: its process, type, function and JSON value. Each is a millisecond after the one before.
pub(crate) type Line<'a> = (u64, &'a str, &'a str, &'a str);

/// A history on the key `x`.
pub(crate) fn history(script: &[Line]) -> History {
    let mut text = String::new();
    for (time, (process, kind, f, value)) in script.iter().enumerate() {
        let time = time * 1_000_000;
        text += &format!(
            r#"{{"process":{process},"type":"{kind}","f":"{f}","key":"x","value":{value},"time":{time}}}"#
        );
        text.push('\n');
    }
    read_bytes(text.as_bytes()).unwrap()
}

/// Whether the checker calls it legal; a verdict is expected.
pub(crate) fn is_legal(model: Model, script: &[Line]) -> bool {
    match check(&history(script), model).unwrap().verdict {
        Verdict::Valid => true,
        Verdict::Invalid => false,
        Verdict::Unknown => panic!("no verdict without limits"),
    }
}

/// The violation of an illegal history, of which the counterexample is verified and minimal.
pub(crate) fn violation(model: Model, script: &[Line]) -> Violation {
    let mut analysis = check(&history(script), model).unwrap();
    assert_eq!(analysis.verdict, Verdict::Invalid);
    let violation = analysis.violations.remove(0);
    assert!(
        violation.shrink.verified && violation.shrink.minimal,
        "{violation:#?}"
    );
    assert!(
        crate::proof::argument::is_loop(&violation.reasons),
        "{violation:#?}"
    );
    violation
}

/// Compares the kind of a violation and its sentence.
pub(crate) fn assert_told(model: Model, script: &[Line], code: &str, sentence: &str) {
    let (kind, said) = told(model, script);
    assert_eq!((kind, said.as_str()), (code, sentence));
}

/// The kind of a violation and its sentence.
pub(crate) fn told(model: Model, script: &[Line]) -> (&'static str, String) {
    let violation = violation(model, script);
    (violation.code, violation.sentence)
}
