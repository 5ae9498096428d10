//! The section about a contradiction: the drawing, the reasons, and the three panels under them.

use crate::coverage::{Coverage, known_end_ns};
use crate::document::ViolationRow;
use crate::report::logs::{self, NodeLog};
use crate::report::messages::{MessagesView, messages};
use crate::report::piece::{Piece, class_of, core_values, lettered};
use crate::report::{circle, operations, timeline};
use crate::text::{self, count, counted, seconds, stretch, visible};
use checker::Violation;
use history::History;
use std::path::Path;

pub struct ViolationView {
    pub title: String,
    pub subtitle: String,
    pub timeline: String,
    pub circle: String,
    pub reasons: Vec<(String, Vec<Piece>)>,
    pub orders: Vec<(Vec<Piece>, Vec<Piece>)>,
    pub claim: String,
    pub answers: Vec<AnswerRow>,
    pub key_name: String,
    pub between_title: String,
    pub between: Vec<(String, String)>,
    pub account: Vec<(&'static str, String)>,
    /// A link to all operations on the object in the picture of the run.
    pub in_run: String,
    pub logs: Vec<NodeLog>,
    /// The messages around it, where the run was captured.
    pub messages: Option<MessagesView>,
}

pub struct AnswerRow {
    pub node: String,
    pub marks: Vec<(String, String)>,
    pub summary: String,
}

pub fn span(history: &History, violation: &Violation) -> (u64, u64) {
    let core = violation
        .core
        .iter()
        .map(|member| &history.operations[member.operation as usize]);
    let start = core
        .clone()
        .map(|operation| operation.start_ns)
        .min()
        .unwrap_or(0);
    let end = core
        .filter(|operation| operation.end_ns != u64::MAX)
        .map(|operation| operation.end_ns)
        .max();
    (start, end.unwrap_or(start))
}

/// When each operation of the core was under way.
pub fn core_spans(history: &History, violation: &Violation) -> Vec<(u64, u64)> {
    let core = violation
        .core
        .iter()
        .map(|member| &history.operations[member.operation as usize]);
    core.map(|it| (it.start_ns, known_end_ns(it))).collect()
}

/// The operations of the core as the picture of the run marks them: letter, number, class of the colour.
pub fn core_letters(violation: &Violation, row: &ViolationRow) -> Vec<(String, u32, String)> {
    let members = violation.core.iter().zip(&row.core);
    members
        .map(|(member, told)| (told.label.clone(), member.operation, class_of(row, told)))
        .collect()
}

pub fn violation_view(
    history: &History,
    coverage: &Coverage,
    violation: &Violation,
    row: &ViolationRow,
    directory: Option<&Path>,
) -> ViolationView {
    let (from, to) = span(history, violation);
    let digits = row.digits();
    let key = visible(&history.key_name(violation.key), 60);
    let key_name = format!("{} {key}", text::noun(history));
    let values = core_values(row);
    let mine: Vec<&history::Operation> = history
        .operations
        .iter()
        .filter(|operation| operation.key == violation.key)
        .collect();
    let labels: Vec<String> = row.core.iter().map(|member| member.label.clone()).collect();
    let reads = mine.iter().filter(|operation| operation.input.is_null()).count();
    let infos = mine
        .iter()
        .filter(|operation| operation.outcome == history::Outcome::Info)
        .count();
    let told = mine
        .iter()
        .filter(|operation| operation.outcome == history::Outcome::Ok && !operation.output.is_null())
        .count();
    let undecided = mine
        .iter()
        .filter(|operation| operation.outcome == history::Outcome::Ok && operation.output.is_null())
        .count();
    ViolationView {
        title: format!("The contradiction, in {}", counted(row.core.len(), "operation")),
        subtitle: format!(
            "{:.digits$} – {:.digits$} s · {key_name} · lanes are nodes, rows are the clients that talk to them",
            seconds(from),
            seconds(to)
        ),
        timeline: timeline::draw(history, coverage, violation, row),
        circle: circle::draw(violation, row),
        reasons: ('①'..)
            .zip(&row.edges)
            .map(|(number, edge)| (number.to_string(), lettered(&edge.sentence, row)))
            .collect(),
        orders: row
            .orders
            .iter()
            .map(|order| {
                let letters = order.order.join(", then ");
                (lettered(&letters, row), lettered(&order.sentence, row))
            })
            .collect(),
        claim: format!(
            "Every other operation was allowed to happen at any time, or not at all; still no order works.{}",
            if row.shrink.minimal && row.core.len() > 1 {
                " Without any one of these the rest would be legal."
            } else {
                ""
            }
        ),
        answers: answers(history, &mine, &values),
        key_name,
        between_title: match labels.as_slice() {
            [one] => format!("Faults around {one}"),
            labels => format!("Faults between {} and {}", labels[0], labels[labels.len() - 1]),
        },
        between: between(history, coverage, violation),
        account: vec![
            ("Told a value", count(told)),
            ("Told null", count(undecided)),
            (
                "Outcome unknown",
                match infos {
                    0 => "none".to_owned(),
                    1 => "1, tried as done and as not done".to_owned(),
                    many => format!("{}, each tried as done and as not done", count(many)),
                },
            ),
            (
                "Reads, other operations",
                format!("{}, {}", count(reads), count(mine.len() - reads)),
            ),
            (
                "Shrunk",
                format!(
                    "{} → {}, {} checks, {}",
                    row.shrink.from,
                    row.shrink.to,
                    row.shrink.checks,
                    if row.shrink.verified {
                        "verified by brute force"
                    } else {
                        "not verified"
                    }
                ),
            ),
        ],
        in_run: operations::link_to_key(history, violation.key),
        messages: directory.and_then(|it| messages(history, violation, row, it)),
        logs: directory
            .map(|it| logs::around(history, coverage, violation, row, it))
            .unwrap_or_default(),
    }
}

/// One mark for each answer on the object, by node: the form says which value, without colour.
pub fn answers(
    history: &History,
    mine: &[&history::Operation],
    values: &[&serde_json::Value],
) -> Vec<AnswerRow> {
    const MARKS_MAX: usize = 24;
    const SIGNS: [&str; 4] = ["■", "●", "▲", "◆"];
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    let place_of = |operation: &history::Operation| {
        let text = history.values.json(operation.output);
        texts.iter().position(|value| **value == *text)
    };
    let row = |(number, node): (usize, &String)| {
        let told: Vec<&&history::Operation> = mine
            .iter()
            .filter(|operation| {
                usize::from(operation.node) == number && operation.outcome == history::Outcome::Ok
            })
            .collect();
        let marks = told
            .iter()
            .take(MARKS_MAX)
            .map(|operation| match place_of(operation) {
                Some(place) => (SIGNS[place.min(3)].to_owned(), format!("value-{}", place.min(4))),
                None if operation.output.is_null() => ("□".to_owned(), "value-none".to_owned()),
                None => ("◇".to_owned(), "value-4".to_owned()),
            });
        let mut summary: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(place, value)| {
                (
                    told.iter().filter(|it| place_of(it) == Some(place)).count(),
                    value,
                )
            })
            .filter(|(times, _)| *times > 0)
            .map(|(times, value)| format!("{} × {times}", visible(&value.to_string(), 16)))
            .collect();
        let nothing = told.iter().filter(|operation| operation.output.is_null()).count();
        if nothing > 0 {
            summary.push(format!("{} × {nothing}", text::nothing(history)));
        }
        AnswerRow {
            node: visible(node, 20),
            marks: marks.collect(),
            summary: summary.join(", "),
        }
    };
    history.nodes.iter().enumerate().map(row).collect()
}

/// What was broken and mended between the core operations, in milliseconds after the first one's end.
pub fn between(history: &History, coverage: &Coverage, violation: &Violation) -> Vec<(String, String)> {
    const ROWS_MAX: usize = 12;
    let first = &history.operations[violation.core[0].operation as usize];
    let last = &history.operations[violation.core[violation.core.len() - 1].operation as usize];
    let zero = if first.end_ns == u64::MAX {
        first.start_ns
    } else {
        first.end_ns
    };
    let until = if last.end_ns == u64::MAX {
        last.start_ns
    } else {
        last.end_ns
    };
    let mut rows: Vec<(u64, String)> = Vec::new();
    for span in &coverage.faults {
        let ends = span
            .active_ns(u64::MAX)
            .map(|(_, end)| end)
            .filter(|end| *end != u64::MAX);
        let (begin, end) = crate::text::fault::turns(&span.fault);
        rows.extend(span.installed_ns.map(|at| (at, begin)));
        rows.extend(ends.map(|at| (at, end)));
    }
    rows.retain(|(at, _)| (first.start_ns..=until).contains(at));
    rows.sort();
    let hidden = rows.len().saturating_sub(ROWS_MAX);
    let distance = |between_ns: u64| match between_ns {
        1..1_000_000 => stretch(between_ns),
        _ => format!("{} ms", count(between_ns.saturating_add(500_000) / 1_000_000)),
    };
    let signed = |at: u64| match at >= zero {
        true => format!("+{}", distance(at - zero)),
        false => format!("−{}", distance(zero - at)),
    };
    let mut shown = vec![("0 ms".to_owned(), format!("{} finished", violation.core[0].label))];
    let throughout = coverage.faults.iter().filter(|span| {
        let active = span.active_ns(u64::MAX);
        active.is_some_and(|(start, end)| start < first.start_ns && end > until)
    });
    shown.extend(throughout.map(|span| ("all along".to_owned(), crate::text::fault(&span.fault))));
    // The last ones before the end say most: they are kept.
    shown.extend(
        rows.iter()
            .skip(hidden)
            .map(|(at, what)| (signed(*at), what.clone())),
    );
    if hidden > 0 {
        shown.insert(
            1,
            (
                String::new(),
                format!("{} earlier changes are in the picture of the run", count(hidden)),
            ),
        );
    }
    if violation.core.len() > 1 {
        shown.push((
            signed(last.start_ns),
            format!("{} began", violation.core[violation.core.len() - 1].label),
        ));
    }
    shown
}
