//! Where the nodes' own words around a violation are: the lines of their logs that the page shows.

use super::{Results, ViolationRow};
use crate::coverage::Coverage;
use crate::redaction::Redaction;
use crate::report::logs;
use checker::{Analysis, Violation};
use history::History;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Of how many violations it is told: for each, the logs of all nodes are read.
const VIOLATIONS_MAX: usize = 5;

/// The excerpt of a log around a violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogRow {
    /// The node.
    pub node: String,
    /// The file, beside this one.
    pub file: String,
    /// The first line of it that the page shows, from 1.
    pub from_line: usize,
    /// The last one. What is between them and matters less is left out on the page.
    pub to_line: usize,
}

impl Results {
    /// Notes for the first violations where the lines around them are in the logs of a run's folder.
    pub fn look_up_logs(
        &mut self,
        history: &History,
        analysis: &Analysis,
        coverage: &Coverage,
        directory: &Path,
    ) {
        let rows = self.violations.iter_mut().zip(&analysis.violations);
        for (row, violation) in rows.take(VIOLATIONS_MAX) {
            row.logs = excerpts(history, coverage, violation, row, directory);
        }
    }
}

fn excerpts(
    history: &History,
    coverage: &Coverage,
    violation: &Violation,
    row: &ViolationRow,
    directory: &Path,
) -> Vec<LogRow> {
    let shown = logs::around(
        history,
        coverage,
        violation,
        row,
        directory,
        &Redaction::default(),
    );
    let excerpt = |log: logs::NodeLog| {
        let numbers = || log.lines.iter().filter_map(|line| line.number);
        Some(LogRow {
            from_line: numbers().min()?,
            to_line: numbers().max()?,
            node: log.node,
            file: log.file,
        })
    };
    let all = shown.shown.into_iter().chain(shown.more);
    all.filter_map(excerpt).collect()
}
