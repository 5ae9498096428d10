//! The section about a contradiction: the drawing, the reasons, and the three panels under them. The one about faults is in
//! `between`.

use super::between::{Between, between, between_title};
use crate::coverage::{Coverage, known_end_ns};
use crate::document::{OrderRow, ViolationRow};
use crate::redaction::Redaction;
use crate::report::drawn::DrawnCore;
use crate::report::logs::{self, Logs};
use crate::report::messages::{MessagesView, messages};
use crate::report::piece::{Piece, core_values, lettered};
use crate::report::timeline::{self, Drawn, Reach};
use crate::report::{circle, operations};
use crate::text::{self, count, counted, listed, seconds, visible};
use checker::Violation;
use history::History;
use std::path::Path;

pub struct ViolationView {
    /// Its name where one of several is chosen.
    pub tab: String,
    /// How large it is, and how many are like it.
    pub tab_note: String,
    pub title: String,
    pub subtitle: String,
    pub timeline: Drawn,
    /// What can be chosen to be drawn; empty where there is nothing but the core.
    pub reaches: Vec<(&'static str, String)>,
    /// The drawing with all operations on the object; none where the other one has them already.
    pub timeline_of_all: Option<Drawn>,
    pub circle: String,
    /// Their numbers, whether by real time or by value, and in words.
    pub reasons: Vec<(String, String, Vec<Piece>)>,
    /// Orders and where they break; or, after the order that comes furthest, what is next and why it cannot be.
    pub orders: Vec<(Vec<Piece>, Vec<Piece>)>,
    /// Which order comes furthest, where there are too many to show all; else empty.
    pub furthest: Vec<Piece>,
    /// The steps of that order: who, and what the object can be after it.
    pub steps: Vec<(Vec<Piece>, String)>,
    pub claim: String,
    pub answers: Vec<AnswerRow>,
    pub key_name: String,
    pub between_title: String,
    pub between: Between,
    pub account: Vec<(String, String)>,
    /// A link to all operations on the object in the picture of the run.
    pub in_run: String,
    pub logs: Logs,
    /// The messages around it, where the run was captured.
    pub messages: Option<MessagesView>,
}

pub struct AnswerRow {
    pub node: String,
    pub marks: Vec<(String, String)>,
    /// Each value, how often it was answered, and its class.
    pub sums: Vec<(String, usize, String)>,
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

/// The operations of the core as the picture of the run marks them: letter and number.
pub fn core_letters(drawn: &DrawnCore<'_>) -> Vec<(String, u32)> {
    let members = drawn.violation.core.iter();
    members
        .map(|member| (member.label.to_string(), member.operation))
        .collect()
}

pub fn violation_view(
    history: &History,
    coverage: &Coverage,
    (row, drawn): (&ViolationRow, &DrawnCore<'_>),
    alike: usize,
    (directory, redaction): (Option<&Path>, &Redaction),
) -> ViolationView {
    let (violation, drawn_row) = (&*drawn.violation, &*drawn.row);
    let (from, to) = span(history, violation);
    let digits = drawn_row.digits();
    let last = match drawn.hidden {
        0 => String::new(),
        _ => format!("the last {} of them to begin · ", violation.core.len()),
    };
    let noun = text::noun(history);
    let key_name = match history.keys[violation.key as usize].is_null() {
        true => format!("the {noun}"),
        false => format!("{noun} {}", visible(&history.key_name(violation.key), 60)),
    };
    let values = core_values(drawn_row);
    let mine: Vec<&history::Operation> = history
        .operations
        .iter()
        .filter(|operation| operation.key == violation.key)
        .collect();
    let labels: Vec<String> = violation.core.iter().map(|it| it.label.to_string()).collect();
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
    let nearest = timeline::context(history, violation, Reach::Nearest).len();
    let all = timeline::context(history, violation, Reach::All).len();
    let others = mine.len() - violation.core.len();
    ViolationView {
        tab: key_name.clone(),
        tab_note: match alike {
            0 => counted(row.core.len(), "operation"),
            _ => format!(
                "{}, {} more alike",
                counted(row.core.len(), "operation"),
                count(alike)
            ),
        },
        title: format!("The contradiction, in {}", counted(row.core.len(), "operation")),
        subtitle: format!(
            "{:.digits$} – {:.digits$} s · {key_name} · {last}lanes are nodes, rows are the clients that talk to them",
            seconds(from),
            seconds(to)
        ),
        timeline: timeline::draw(history, coverage, drawn, Reach::Nearest),
        reaches: reaches(violation.core.len(), nearest, (all, others), &key_name),
        timeline_of_all: (all > nearest).then(|| timeline::draw(history, coverage, drawn, Reach::All)),
        circle: circle::draw(violation, drawn_row),
        reasons: ('①'..)
            .zip(&row.edges)
            .map(|(number, edge)| {
                (
                    number.to_string(),
                    edge.kind.clone(),
                    lettered(&edge.sentence, row),
                )
            })
            .collect(),
        orders: orders(row),
        furthest: row.frontier.as_ref().map_or_else(Vec::new, |frontier| {
            let sentence = match frontier.order.as_slice() {
                [] => "None of them can come first.".to_owned(),
                order => format!("The furthest that an order comes is {}.", order.join(", then ")),
            };
            lettered(&sentence, row)
        }),
        steps: steps(row),
        claim: match row.shrink.caveat() {
            None => claim(row),
            Some(caveat) => format!("{} {caveat}", claim(row)),
        },
        answers: answers(history, &mine, &values),
        key_name,
        between_title: between_title(history, violation, &labels),
        between: between(history, coverage, violation, drawn_row),
        account: vec![
            ("Told a value".to_owned(), count(told)),
            (format!("Told {}", text::nothing(history)), count(undecided)),
            (
                "Outcome unknown".to_owned(),
                match infos {
                    0 => "none".to_owned(),
                    1 => "1, tried as done and as not done".to_owned(),
                    many => format!("{}, each tried as done and as not done", count(many)),
                },
            ),
            (
                "Kinds".to_owned(),
                format!("{}, {} other", counted(reads, "read"), count(mine.len() - reads)),
            ),
            (
                "Shrunk".to_owned(),
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
        messages: directory.and_then(|it| messages(history, violation, drawn_row, it, redaction)),
        logs: directory
            .map(|it| logs::around(history, coverage, violation, drawn_row, it, redaction))
            .unwrap_or_default(),
    }
}

/// Every order and where it breaks; where there are too many, what cannot come next after the one that comes furthest.
fn orders(row: &ViolationRow) -> Vec<(Vec<Piece>, Vec<Piece>)> {
    let told = |letters: String, order: &OrderRow| (lettered(&letters, row), lettered(&order.sentence, row));
    match &row.frontier {
        Some(frontier) => frontier
            .next
            .iter()
            .map(|order| told(order.fails_at.clone(), order))
            .collect(),
        None => row
            .orders
            .iter()
            .map(|order| told(order.order.join(", then "), order))
            .collect(),
    }
}

/// The order that comes furthest, step by step, with what the object can be after each; empty where nothing is known of that.
fn steps(row: &ViolationRow) -> Vec<(Vec<Piece>, String)> {
    let Some(frontier) = &row.frontier else {
        return Vec::new();
    };
    let steps = frontier.order.iter().zip(&frontier.states);
    steps
        .filter_map(|(label, state)| Some((lettered(label, row), visible(state.as_ref()?, 120))))
        .collect()
}

/// What can be drawn, by the class of the choice: the core alone, with what was near, with all there is.
fn reaches(
    core: usize,
    nearest: usize,
    (all, others): (usize, usize),
    key_name: &str,
) -> Vec<(&'static str, String)> {
    let alone = format!("only these {}", count(core));
    let mut reaches = match nearest {
        0 => vec![("nearest", alone)],
        _ => vec![
            ("only-core", alone),
            ("nearest", format!("{} more, nearby", count(nearest))),
        ],
    };
    if all > nearest {
        reaches.push((
            "all",
            match all < others {
                true => format!("the nearest {} of {} on {key_name}", count(all), count(others)),
                false => format!("all {} on {key_name}", count(core + others)),
            },
        ));
    }
    match reaches.len() {
        1 => Vec::new(),
        _ => reaches,
    }
}

/// What was tried, and what is proven by it.
fn claim(row: &ViolationRow) -> String {
    let labels: Vec<&str> = row.core.iter().map(|member| member.label.as_str()).collect();
    let minimal = row.shrink.minimal;
    let of = match labels.as_slice() {
        [_] => String::new(),
        many if many.len() > row.shown().len() => format!(" of these {}", counted(many.len(), "operation")),
        labels => format!(" of {}", listed(labels, "and")),
    };
    let tried = format!(
        "Every other operation was allowed to happen at any time, or not at all; still no order{of} works."
    );
    match labels.as_slice() {
        [_, _] if minimal => {
            format!("{tried} Both are needed: were either one allowed the same, there would be an order.")
        }
        [_, _, ..] if minimal => {
            format!("{tried} All are needed: were any one of them allowed the same, there would be an order.")
        }
        _ => tried,
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
        let mut sums: Vec<(String, usize, String)> = values
            .iter()
            .enumerate()
            .map(|(place, value)| {
                (
                    visible(&value.to_string(), 16),
                    told.iter().filter(|it| place_of(it) == Some(place)).count(),
                    format!("value-chip value-{}", place.min(4)),
                )
            })
            .filter(|(_, times, _)| *times > 0)
            .collect();
        let nothing = told.iter().filter(|operation| operation.output.is_null()).count();
        if nothing > 0 {
            sums.push((text::nothing(history).to_owned(), nothing, String::new()));
        }
        AnswerRow {
            node: visible(node, 20),
            marks: marks.collect(),
            sums,
        }
    };
    history.nodes.iter().enumerate().map(row).collect()
}
