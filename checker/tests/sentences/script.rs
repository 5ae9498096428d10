//! A history as lines: process, invoke, ok, fail or info, the function, and the value as JSON (null when there is
//! none). Ten milliseconds pass from line to line.

use checker::{Analysis, Model, Options, Verdict, Violation, check_with};
use history::{History, read_bytes};

/// The history.
pub fn history(script: &str) -> History {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    let events = lines.enumerate().map(|(number, line)| {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next();
        let (process, kind, f) = (word().unwrap(), word().unwrap(), word().unwrap());
        let value = word().unwrap_or("null");
        let time = (number as u64 + 1) * 10_000_000;
        format!(r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value},"time":{time}}}"#) + "\n"
    });
    read_bytes(events.collect::<String>().as_bytes()).unwrap()
}

/// What the checker says of it.
pub fn analysis(model: Model, script: &str, strict_fail: bool) -> Analysis {
    let options = Options {
        strict_fail,
        ..Options::default()
    };
    check_with(&history(script), model, &options).unwrap()
}

/// What is wrong with it, proven and as small as it can be.
pub fn violation(model: Model, script: &str) -> Violation {
    proven(analysis(model, script, false))
}

/// The same, where what failed counts.
pub fn strict_violation(model: Model, script: &str) -> Violation {
    proven(analysis(model, script, true))
}

fn proven(mut analysis: Analysis) -> Violation {
    assert_eq!(analysis.verdict, Verdict::Invalid);
    let violation = analysis.violations.remove(0);
    assert!(
        violation.shrink.verified && violation.shrink.minimal,
        "{violation:#?}"
    );
    violation
}

/// That nothing is wrong with it.
pub fn assert_valid(model: Model, script: &str) {
    assert_eq!(analysis(model, script, false).verdict, Verdict::Valid);
}

/// Compares the kind, the sentence and the labels of the core's operations by function.
pub fn assert_told(violation: &Violation, code: &str, sentence: &str, core: usize) {
    let told = (violation.code, violation.sentence.as_str(), violation.core.len());
    assert_eq!(told, (code, sentence, core), "{violation:#?}");
    assert!(sentence.len() <= 110);
}
