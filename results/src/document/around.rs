//! What was around a violation: the faults that came and went meanwhile, and every answer that its object gave.
//!
//! Neither is part of the proof, which rests on the core operations alone.

use super::FaultRow;
use super::make::bounded;
use history::{History, Outcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many different answers of a node are counted apart.
const ANSWERS_MAX: usize = 24;

/// A fault that began or ended while the core operations were under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeRow {
    /// Its number in the schedule, as in `faults`.
    pub fault: u32,
    /// `begin` or `end`.
    pub event: String,
    /// How long after the first core operation began, in milliseconds.
    pub after_ms: f64,
    /// In words: `kill n3`.
    pub what: String,
}

/// How often a node gave an answer about the object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerRow {
    /// The answer; null where there was none to give. One of more than 4,096 bytes is a text with its beginning and its
    /// size.
    pub value: serde_json::Value,
    /// How often.
    pub count: usize,
}

/// Faults that began or ended within a window, in the order of time.
pub fn changes(faults: &[FaultRow], [from_s, to_s]: [f64; 2]) -> Vec<ChangeRow> {
    let ends = |fault: &FaultRow| {
        [
            ("begin", fault.started_s, fault.beginning.clone()),
            ("end", fault.ended_s, fault.ending.clone()),
        ]
    };
    let all = faults
        .iter()
        .flat_map(|fault| ends(fault).map(|end| (fault.id, end)));
    let mut changes: Vec<ChangeRow> = all
        .filter_map(|(fault, (event, at_s, what))| {
            let at_s = at_s.filter(|at_s| (from_s..to_s).contains(at_s))?;
            Some(ChangeRow {
                fault,
                event: event.to_owned(),
                after_ms: (at_s - from_s) * 1000.0,
                what,
            })
        })
        .collect();
    changes.sort_by(|a, b| a.after_ms.total_cmp(&b.after_ms));
    changes
}

/// What each node answered about an object, the most frequent first; those beyond the first two dozen are left out.
pub fn answers_by_node(history: &History, key: u32) -> BTreeMap<String, Vec<AnswerRow>> {
    let mut counts: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    let of_key = history.operations.iter().filter(|it| it.key == key);
    for operation in of_key.filter(|it| it.outcome == Outcome::Ok) {
        if let Some(node) = history.node_name(operation) {
            let answer = history.values.json(operation.output).to_string();
            *counts.entry(node).or_default().entry(answer).or_default() += 1;
        }
    }
    let rows = |counts: BTreeMap<String, usize>| {
        let mut rows: Vec<(String, usize)> = counts.into_iter().collect();
        rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let row = |(answer, count): (String, usize)| AnswerRow {
            value: bounded(&answer),
            count,
        };
        rows.into_iter().take(ANSWERS_MAX).map(row).collect()
    };
    counts
        .into_iter()
        .map(|(node, counts)| (node.to_owned(), rows(counts)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Results;

    #[test]
    fn what_was_outside_of_the_window_is_no_change() {
        let document = include_str!("../../tests/report/golden/results-first.json");
        let mut results: Results = serde_json::from_str(document).unwrap();
        results.faults.truncate(1);
        let fault = &mut results.faults[0];
        (fault.started_s, fault.ended_s) = (Some(2.0), Some(5.0));
        let told = |window| -> Vec<(String, f64)> {
            let changes = changes(&results.faults, window).into_iter();
            changes.map(|it| (it.event, it.after_ms)).collect()
        };
        assert_eq!(told([1.5, 4.0]), [("begin".to_owned(), 500.0)]);
        assert_eq!(told([3.0, 5.5]), [("end".to_owned(), 2000.0)]);
        assert!(told([2.5, 4.5]).is_empty());
    }
}
