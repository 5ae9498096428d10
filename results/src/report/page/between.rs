//! The panel of faults: what was broken and mended while the operations of a contradiction were under way.

use super::tables::swatch;
use super::violation::span;
use crate::coverage::Coverage;
use crate::document::ViolationRow;
use crate::report::piece::{Piece, lettered, plain};
use crate::text::{count, listed, stretch};
use checker::Violation;
use history::History;

/// How many operations the panel names each of.
const MEMBERS_MAX: usize = 6;

/// What the faults of the panel were in force for, as its title.
pub fn between_title(history: &History, violation: &Violation, labels: &[String]) -> String {
    let at = |place: usize| &history.operations[violation.core[place].operation as usize];
    match labels {
        [one] => format!("Faults in force while {one} was on its way"),
        [first, .., last] if at(0).end_ns <= at(labels.len() - 1).start_ns => {
            format!("Faults in force from {first} to {last}")
        }
        labels => format!(
            "Faults in force while {} were on their way",
            listed(labels, "and")
        ),
    }
}

/// What the panel of faults says.
pub struct Between {
    /// What happened, in the order of time.
    pub rows: Vec<BetweenRow>,
    /// What that does and does not show.
    pub note: &'static str,
}

/// Something that happened.
pub struct BetweenRow {
    /// When.
    pub at: String,
    /// How the fault looks in the pictures; empty for what is none.
    pub swatch: &'static str,
    pub what: Vec<Piece>,
}

/// The core operations, and what was broken and mended meanwhile, in the order of time; in milliseconds after the first
/// of them began.
pub fn between(history: &History, coverage: &Coverage, violation: &Violation, row: &ViolationRow) -> Between {
    const ROWS_MAX: usize = 12;
    let (from, until) = span(history, violation);
    let mut changes: Vec<(u64, String, &'static str)> = Vec::new();
    for span in &coverage.faults {
        let ends = span
            .active_ns(u64::MAX)
            .map(|(_, end)| end)
            .filter(|end| *end != u64::MAX);
        let (begin, end) = crate::text::fault::turns(&span.fault);
        let swatch = swatch(span.fault.kind());
        changes.extend(span.installed_ns.map(|at| (at, begin, swatch)));
        changes.extend(ends.map(|at| (at, end, swatch)));
    }
    changes.retain(|(at, ..)| (from..=until).contains(at));
    changes.sort();
    let hidden = changes.len().saturating_sub(ROWS_MAX);
    // The last ones before the end say most: they are kept.
    let mut rows: Vec<(u64, String, &'static str)> = Vec::new();
    let ends = [0, violation.core.len() - 1];
    for (place, member) in violation.core.iter().enumerate() {
        // Of a large contradiction the first and the last are enough to go by.
        if violation.core.len() > MEMBERS_MAX && !ends.contains(&place) {
            continue;
        }
        let operation = &history.operations[member.operation as usize];
        rows.push((operation.start_ns, format!("{} began", member.label), ""));
        if operation.end_ns != u64::MAX {
            rows.push((operation.end_ns, format!("{} finished", member.label), ""));
        }
    }
    let members = rows.len();
    rows.extend(changes.into_iter().skip(hidden));
    rows.sort_by_key(|(at, ..)| *at);
    let throughout = coverage.faults.iter().filter(|span| {
        let active = span.active_ns(u64::MAX);
        active.is_some_and(|(start, end)| start < from && end > until)
    });
    let all_along = throughout.map(|span| BetweenRow {
        at: "all along".to_owned(),
        swatch: swatch(span.fault.kind()),
        what: plain(crate::text::fault(&span.fault)),
    });
    let left_out = (hidden > 0).then(|| BetweenRow {
        at: String::new(),
        swatch: "",
        what: plain(format!(
            "{} earlier changes are in the picture of the run",
            count(hidden)
        )),
    });
    let told = rows.into_iter().map(|(at, what, swatch)| BetweenRow {
        at: since(at.saturating_sub(from)),
        swatch,
        // A node may be called as an operation is.
        what: match swatch {
            "" => lettered(&what, row),
            _ => plain(what),
        },
    });
    let rows: Vec<BetweenRow> = all_along.chain(left_out).chain(told).collect();
    Between {
        note: match rows.len() > members {
            true => "That a fault was in force does not show that it caused it.",
            false => "No fault was in force.",
        },
        rows,
    }
}

/// How long after the first operation began: `0 ms`, `+0.21 ms`, `+386 ms`.
fn since(after_ns: u64) -> String {
    match after_ns {
        0 => "0 ms".to_owned(),
        1..1_000_000 => format!("+{}", stretch(after_ns)),
        _ => format!("+{} ms", count(after_ns.saturating_add(500_000) / 1_000_000)),
    }
}
