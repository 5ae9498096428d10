//! What is said of hand-written histories.

use crate::{Analysis, Model, Verdict, check};

fn analysis(calls: &[(&str, &str)]) -> Analysis {
    let mut lines = String::new();
    for (asked, told) in calls {
        for (kind, value) in [("invoke", asked), ("ok", told)] {
            lines += &format!(
                "{{\"process\":1,\"type\":\"{kind}\",\"f\":\"txn\",\"value\":{value},\"time\":1}}\n"
            );
        }
    }
    check(
        &history::read_bytes(lines.as_bytes()).unwrap(),
        Model::MultiRegister,
    )
    .unwrap()
}

const WRITE: (&str, &str) = (
    r#"[["write","x",1],["write","y",1]]"#,
    r#"[["write","x",1],["write","y",1]]"#,
);

#[test]
fn a_transaction_happens_at_one_moment() {
    let torn = (
        r#"[["read","x",null],["read","y",null]]"#,
        r#"[["read","x",1],["read","y",null]]"#,
    );
    assert_eq!(
        analysis(&[torn]).verdict,
        Verdict::Valid,
        "that is how it was at first"
    );
    let violation = analysis(&[(torn.0, r#"[["read","x",null],["read","y",null]]"#), WRITE, torn]);
    assert_eq!(violation.verdict, Verdict::Invalid);
    assert_eq!(violation.stats.algorithm, "registers one by one");
    assert!(violation.violations[0].shrink.verified);
}

#[test]
fn it_reads_its_own_writes() {
    let own = r#"[["write","x",2],["r","x",null]]"#;
    assert_eq!(
        analysis(&[(own, r#"[["write","x",2],["r","x",2]]"#)]).verdict,
        Verdict::Valid
    );
    assert_eq!(
        analysis(&[(own, r#"[["write","x",2],["r","x",1]]"#)]).verdict,
        Verdict::Invalid
    );
}

#[test]
fn what_registers_held_at_first_is_what_was_seen_first() {
    let read = |value| (r#"[["r","x",null]]"#, value);
    let (one, two) = (read(r#"[["r","x",1]]"#), read(r#"[["r","x",2]]"#));
    assert_eq!(analysis(&[one, one, WRITE, one]).verdict, Verdict::Valid);
    assert_eq!(analysis(&[one, two]).verdict, Verdict::Invalid);
}

#[test]
fn it_may_write_what_it_has_read_or_something_else() {
    let put = |value| (r#"[["w","x",1]]"#, value);
    let first = put(r#"[["w","x",1]]"#);
    let change = (r#"[["r","x",null],["w","x",2]]"#, r#"[["r","x",1],["w","x",2]]"#);
    let same = (r#"[["r","x",null],["w","x",2]]"#, r#"[["r","x",2],["w","x",2]]"#);
    let read = |told| (r#"[["r","x",null]]"#, told);
    let (one, two) = (read(r#"[["r","x",1]]"#), read(r#"[["r","x",2]]"#));
    let verdict = |calls: &[(&str, &str)]| analysis(calls).verdict;
    assert_eq!(verdict(&[first, one, change, two, same, two]), Verdict::Valid);
    assert_eq!(verdict(&[first, change, one]), Verdict::Invalid);
    assert_eq!(verdict(&[first, same, two]), Verdict::Invalid);
}

#[test]
fn what_is_no_transaction_is_refused() {
    let lines = r#"{"process":1,"type":"invoke","f":"txn","value":[["swap","x",1]],"time":1}"#;
    let history = history::read_bytes(lines.as_bytes()).unwrap();
    let problem = check(&history, Model::MultiRegister).unwrap_err().to_string();
    assert!(problem.contains("a transaction is [["), "{problem}");
}
