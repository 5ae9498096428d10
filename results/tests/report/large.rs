//! A counterexample that nobody made smaller: the end of it is told and drawn, and that there is more.

use crate::script::{Script, told_with};
use checker::{Model, Options, ShrinkBudget};
use history::History;
use serde_json::{Value, json};

/// A register of three values, each written again and again and read each time; the last of so many reads is told what was
/// replaced.
fn stale_in_the_end(rounds: u64) -> History {
    let mut script = Script::new(&[]);
    script
        .header("model", json!("register"))
        .header("workload", json!("register"))
        .phase(0, "run");
    for round in 0..rounds {
        let (at_ms, value) = (10 + round * 20, json!(round % 3));
        let told = match round + 1 == rounds {
            true => json!((round + 2) % 3),
            false => value.clone(),
        };
        script.op(0, "write", &value, &Value::Null, at_ms, at_ms + 10).op(
            1,
            "read",
            &Value::Null,
            &told,
            at_ms + 12,
            at_ms + 18,
        );
    }
    script.history()
}

#[test]
fn of_a_counterexample_that_nobody_made_smaller_the_end_is_told_and_drawn() {
    let options = Options {
        shrink: ShrinkBudget::Nothing,
        ..Options::default()
    };
    let (results, block, page) = told_with(&stale_in_the_end(400), Model::CasRegister, &options);
    let violation = &results.violations[0];
    assert_eq!(violation.core.len(), 800);
    let labels = [0, 25, 26, 799].map(|place| violation.core[place].label.as_str());
    assert_eq!(labels, ["A", "Z", "AA", "ADT"]);
    assert_eq!(
        violation.edges[0].sentence,
        "No order gives all of A to ADT the answers that they got."
    );
    assert_eq!(violation.detail[0], "The last 12 of them:");
    assert_eq!(violation.detail.len(), 13);
    let hidden = "774 operations that began before these are in results.json.";
    let markdown = results::markdown(&results, None);
    for text in [&block, &markdown] {
        assert!(text.contains(hidden), "{text}");
        assert!(text.contains("ADT") && text.contains("ACU"), "{text}");
        assert!(!text.contains("ACT "), "{text}");
    }
    assert!(block.lines().count() < 60, "{block}");
    assert!(page.contains("the last 26 of them to begin"));
    // Alone, and once more with what was near.
    assert_eq!(page.matches("class=\"op core ").count(), 2 * 26);
}
