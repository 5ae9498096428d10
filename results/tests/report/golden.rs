//! Documents that earlier versions wrote: today's schema accepts them, and today's reader reads them.

use results::{BlockOptions, Outcome, Results, final_block, junit_xml, markdown, schema};
use serde_json::Value;

/// `results.json` of a run by the first version of the format, before faults had words and power failures.
const FIRST: &str = include_str!("golden/results-first.json");

fn problems(document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    validator
        .iter_errors(document)
        .map(|error| error.to_string())
        .collect()
}

#[test]
fn the_first_version_of_the_format_is_still_valid_and_still_read() {
    let document: Value = serde_json::from_str(FIRST).unwrap();
    assert_eq!(problems(&document), Vec::<String>::new());
    let results: Results = serde_json::from_str(FIRST).unwrap();
    assert_eq!(results.verdict, Outcome::Invalid);
    // It did not tell which rules it had occasion to ask.
    assert!(results.coverage.evidence.iter().all(|rule| rule.asked));
    let sentence = "Decree 9 was decided twice: first as 150, then as 143.";
    let block = final_block(&results, None, BlockOptions { color: false });
    for text in [
        block,
        markdown(&results, None),
        junit_xml(&results, None).unwrap(),
    ] {
        assert!(text.contains(sentence), "{text}");
    }
}

#[test]
fn fields_of_later_versions_are_no_error() {
    let mut document: Value = serde_json::from_str(FIRST).unwrap();
    document["of_a_later_version"] = serde_json::json!({"a": [1]});
    document["reason"]["of_a_later_version"] = 1.into();
    assert_eq!(problems(&document), Vec::<String>::new());
    serde_json::from_value::<Results>(document).unwrap();
}

#[test]
fn a_document_that_lacks_its_verdict_is_refused_by_both() {
    let mut document: Value = serde_json::from_str(FIRST).unwrap();
    document.as_object_mut().unwrap().remove("verdict");
    assert!(!problems(&document).is_empty());
    assert!(serde_json::from_value::<Results>(document).is_err());
}
