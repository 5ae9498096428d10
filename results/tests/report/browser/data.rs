//! What was put into the page comes out of it: values, times, clients, in the panel and in the table.

use super::chrome::{Chrome, chrome};
use super::runs::{busy, page};
use crate::script::{Script, told};
use history::{History, Outcome};
use serde_json::json;

/// What the panel says of an operation, as (name, value).
fn panel(chrome: &mut Chrome, event: u32) -> Vec<(String, String)> {
    chrome.evaluate(&format!("location.hash = '#op={event}'"));
    chrome.settle();
    let pairs = chrome.evaluate("[...document.querySelectorAll('#pinned dl div')].map((pair) => [...pair.children].map((it) => it.textContent))");
    serde_json::from_value(pairs).unwrap()
}

/// What it has to say.
fn told_of(history: &History, number: u32) -> Vec<(String, String)> {
    let operation = &history.operations[number as usize];
    let value = |value: history::Value| match value.is_null() {
        true => "undecided".to_owned(),
        false => results::text::visible(&history.values.json(value), 160),
    };
    let argument = if operation.input.is_null() {
        String::new()
    } else {
        format!("({})", value(operation.input))
    };
    let (answer, outcome) = match operation.outcome {
        Outcome::Ok => (format!(" → {}", value(operation.output)), "ok"),
        Outcome::Fail => (" failed".to_owned(), "failed"),
        Outcome::Info => (" → ?".to_owned(), "unknown"),
    };
    let mut told = vec![
        (
            "Began",
            format!("{:.6} s", (operation.start_ns / 1000) as f64 / 1e6),
        ),
        ("Client", history.client(operation).to_string()),
        ("Node", history.node_name(operation).unwrap_or("").to_owned()),
        ("Key", history.key_name(operation.key)),
        (
            "Operation",
            format!("{}{argument}{answer}", history.function_name(operation)),
        ),
        ("Outcome", outcome.to_owned()),
        (
            "Error",
            history
                .errors
                .get(&number)
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        ("Process", operation.process.to_string()),
        ("Event", operation.invoke.to_string()),
    ];
    told.retain(|(_, value)| !value.is_empty() && value != "null");
    told.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn is_told(chrome: &mut Chrome, history: &History) {
    let step = history.operations.len().div_ceil(25);
    for number in (0..history.operations.len()).step_by(step) {
        let mut said = panel(chrome, history.operations[number].invoke);
        let took = said.iter().position(|(name, _)| name == "Took").unwrap();
        let took = said.remove(took).1;
        assert_eq!(said, told_of(history, number as u32));
        assert_eq!(
            took == "never answered",
            history.operations[number].end_ns == u64::MAX,
            "{took}"
        );
    }
}

#[test]
fn every_operation_is_told_as_it_was() {
    let Some(mut chrome) = chrome() else { return };
    let history = busy(5_000);
    chrome.open(&page(&history), "");
    assert_eq!(chrome.text("#found"), "5,000 operations");
    is_told(&mut chrome, &history);
}

#[test]
fn values_of_every_kind_are_told_as_they_were() {
    let Some(mut chrome) = chrome() else { return };
    let mut script = Script::new(&[]);
    script.phase(0, "run");
    let values = [
        json!(-5),
        json!(0),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(0.5),
        json!("a \"b\" c"),
        json!({"a": [1, null]}),
        json!(true),
    ];
    for (number, value) in (0..).zip(&values) {
        script.op(number, "propose", value, value, 10 + number, 20 + number);
    }
    // One that was never answered, one at no node, one of a client that came back as another process.
    script.line(
        40,
        json!({"process": 3, "type": "invoke", "f": "propose", "key": 1, "value": 1, "node": "n4"}),
    );
    script.line(
        41,
        json!({"process": 4, "type": "invoke", "f": "read", "key": "k", "value": null}),
    );
    script.line(42, json!({"process": 4, "type": "info", "f": "read", "key": "k", "value": null, "error": "no <b>answer</b>"}));
    script.line(
        43,
        json!({"process": 14, "type": "invoke", "f": "read", "key": "k", "value": null, "node": "n5"}),
    );
    script.line(
        44,
        json!({"process": 14, "type": "ok", "f": "read", "key": "k", "value": -7, "node": "n5"}),
    );
    let history = script.history();
    let (_, _, page) = told(&history);
    chrome.open(&page, "#q=");
    is_told(&mut chrome, &history);
}

#[test]
fn the_table_lists_a_thousand_and_counts_the_rest() {
    let Some(mut chrome) = chrome() else { return };
    let history = busy(3_000);
    chrome.open(&page(&history), "");
    chrome.evaluate("document.querySelector('#as-table').click()");
    let rows = "document.querySelectorAll('#table tbody tr').length";
    assert_eq!(chrome.evaluate(rows), 1000);
    assert!(
        chrome
            .text("#table caption")
            .ends_with("; 2,000 more are in view and not listed.")
    );
    chrome.evaluate("location.hash = '#q=type:failed'");
    chrome.settle();
    let failed = history
        .operations
        .iter()
        .filter(|it| it.outcome == Outcome::Fail)
        .count();
    assert_eq!(chrome.evaluate(rows), failed);
    let first: Vec<String> = serde_json::from_value(
        chrome
            .evaluate("[...document.querySelector('#table tbody tr').children].map((it) => it.textContent)"),
    )
    .unwrap();
    assert_eq!(first[6..], ["failed", "no quorum"]);
}
