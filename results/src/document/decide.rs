//! The verdict, and the one sentence that says why.

use super::{Outcome, ReasonGiven};
use crate::coverage::Coverage;
use crate::evidence::{Rule, Strictness};
use crate::text::{self, count, counted};
use checker::Analysis;
use history::History;

/// The verdict, and the sentence that says why. A violation wins over everything.
pub fn decide(
    history: &History,
    analysis: &Analysis,
    coverage: &Coverage,
    rules: &[Rule],
    strictness: Strictness,
) -> (Outcome, ReasonGiven) {
    let given = |kind: &str, code: &str, sentence: String, detail: Vec<String>| ReasonGiven {
        kind: kind.to_owned(),
        code: code.to_owned(),
        // As everybody tells it.
        sentence: text::line(&sentence),
        detail,
    };
    let praise = analysis.model.praise();
    if let Some(violation) = analysis.violations.first() {
        let mut detail = violation.detail.clone();
        detail.extend(super::violation::still(&violation.still));
        let (bad, total) = (analysis.keys.invalid, analysis.keys.total);
        detail.extend(match (bad, analysis.keys.valid) {
            (1, 0) => None,
            (1, 1) => Some(format!("The other {} is {praise}.", analysis.model.noun())),
            (1, valid) => Some(format!(
                "The other {} are {praise}.",
                counted(valid, analysis.model.noun())
            )),
            _ => Some(format!(
                "{} of {} are not {praise}; this is the clearest one.",
                count(bad),
                counted(total, analysis.model.noun())
            )),
        });
        return (
            Outcome::Invalid,
            given("violation", violation.code, violation.sentence.clone(), detail),
        );
    }
    let mut failed: Vec<&Rule> = rules
        .iter()
        .filter(|rule| !rule.ok && strictness.counts(&rule.rule))
        .collect();
    // A node that ended by itself may be why the rest is missing, and a system that did not get on too: they are
    // the news.
    failed.sort_by_key(|rule| match rule.rule.as_str() {
        "checker-finished" => 0,
        "no-unexpected-exit" => 1,
        "recovered" => 2,
        "progress" => 3,
        _ => 4,
    });
    if let Some(first) = failed.first() {
        let mut detail: Vec<String> = failed.iter().map(|rule| as_sentence(rule)).collect();
        detail.push(format!(
            "No violation was found in {}.",
            counted(coverage.operations.total(), "operation")
        ));
        let (kind, sentence) = match first.rule.as_str() {
            "checker-finished" => (
                "checker-limit",
                format!(
                    "The checker could not decide {} of {}; no violation was found.",
                    count(analysis.keys.unknown),
                    counted(analysis.keys.total, analysis.model.noun())
                ),
            ),
            "no-unexpected-exit" | "recovered" | "progress" => {
                ("evidence", format!("{}; no violation was found.", opened(first)))
            }
            _ => (
                "evidence",
                "No violation was found, but too little was tested to call this valid.".to_owned(),
            ),
        };
        return (Outcome::Unknown, given(kind, &first.rule, sentence, detail));
    }
    let without = match history
        .header
        .as_ref()
        .is_none_or(|header| header.nemesis.is_empty())
    {
        true => ", without faults",
        false => "",
    };
    let sentence = format!(
        "All {} on {} are {praise}{without}.",
        counted(coverage.operations.total(), "operation"),
        counted(analysis.keys.total, analysis.model.noun())
    );
    (
        Outcome::Valid,
        given("none", "", sentence, vec![faults_sentence(coverage)]),
    )
}

/// What a rule found, as a sentence.
fn as_sentence(rule: &Rule) -> String {
    format!("{}.", opened(rule))
}

/// What a rule found, as the beginning of a sentence: that of a node's name stays as it is.
fn opened(rule: &Rule) -> String {
    match rule.rule.as_str() {
        "no-unexpected-exit" | "recovered" => rule.value.clone(),
        _ => text::capitalized(&rule.value),
    }
}

/// `With 9 partitions and 12 kills, confirmed, and 4.8 s without quorum.`
fn faults_sentence(coverage: &Coverage) -> String {
    let kinds: Vec<String> = coverage
        .kinds
        .iter()
        .filter(|kind| kind.installed > 0)
        .map(|kind| text::fault::counted(&kind.kind, kind.installed, coverage.power_failures()))
        .collect();
    match kinds.as_slice() {
        [] => "No fault was asked for.".to_owned(),
        kinds => format!(
            "With {}, {}, and {:.1} s without quorum.",
            text::listed(kinds, "and"),
            if coverage.confirmed().0 == coverage.confirmed().1 {
                "confirmed"
            } else {
                "not all confirmed"
            },
            text::seconds(coverage.no_quorum_ns())
        ),
    }
}
