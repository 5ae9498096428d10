//! Texts, values and times that nobody expects.

use crate::script::{Script, told};
use history::History;
use results::Outcome;
use serde_json::json;

pub const HOSTILE: &str =
    "</script></style><script>alert(1)</script><img src=x onerror=alert(2)>\u{0}\u{1b}[31m\u{202e}&amp;\"'";

pub fn hostile() -> History {
    let mut script = Script::new(&["kill"]);
    script.phase(0, "set-up").phase(10, "run");
    script.op(0, "propose", &json!(HOSTILE), &json!(HOSTILE), 100, 140);
    script.op(
        3,
        "propose",
        &json!("x".repeat(1_000_000)),
        &json!("x".repeat(1_000_000)),
        200,
        240,
    );
    script.kill(1, "n3", 150, 190);
    script.history()
}

#[test]
fn hostile_values_are_text_in_every_document() {
    let (results, block, page) = told(&hostile());
    assert_eq!(results.verdict, Outcome::Invalid);
    assert!(!block.contains(['\u{1b}', '\u{0}', '\u{202e}']), "{block:?}");
    assert!(block.lines().all(|line| line.chars().count() < 400));
    assert!(!page.contains("<img src=x") && !page.contains("<script>alert"));
    assert!(!page.contains(['\u{1b}', '\u{0}', '\u{202e}']));
    assert_eq!(
        page.matches("</script>").count(),
        2,
        "only the page's own two scripts end"
    );
    assert!(page.len() < 300_000, "{}", page.len());
}

#[test]
fn a_huge_value_is_told_by_its_beginning_and_its_size() {
    let (results, ..) = told(&hostile());
    let json = serde_json::to_string(&results).unwrap();
    assert!(
        json.len() < 40_000 && json.contains("(1,000,002 bytes, whole in history.jsonl)"),
        "{}",
        json.len()
    );
}

#[test]
fn times_that_no_clock_has_are_told_all_the_same() {
    let mut script = Script::new(&["kill"]);
    script.phase(0, "run");
    for (process, (from, to)) in [
        (0, (u64::MAX - 1, 5)),
        (3, (7, u64::MAX - 2)),
        (4, (9, 8)),
        (5, (8, u64::MAX - 2)),
    ] {
        let value = json!(process);
        for (kind, time) in [("invoke", from), ("ok", to)] {
            let event = json!({"process": process, "type": kind, "f": "propose", "key": 1, "value": value, "node": "n1", "time": time, "index": script.index});
            script.index += 1;
            script.lines.push(event.to_string());
        }
    }
    let file = script.lines.join("\n") + "\n";
    let (results, ..) = told(&history::read_bytes(file.as_bytes()).unwrap());
    assert_eq!(results.verdict, Outcome::Invalid);
}

#[test]
fn centuries_have_no_more_ticks_than_seconds() {
    let mut script = Script::new(&[]);
    script.phase(0, "run");
    // Two operations that take all of the time, and in it contradict each other.
    let end_ms = u64::MAX / 1_000_000 - 1;
    script.op(0, "propose", &json!(17), &json!(17), 1, end_ms - 1).op(
        3,
        "propose",
        &json!(42),
        &json!(42),
        2,
        end_ms,
    );
    let (results, _, page) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Invalid);
    let ticks = page.matches(r#"class="tick"#).count();
    assert!((4..100).contains(&ticks), "{ticks}");
    assert!(page.len() < 100_000, "{}", page.len());
}
