//! Of several contradictions: which are told in full, and which of the others are like them.
//!
//! Two are of one shape when they are of the same kind, their operations are called and ended alike, and the same reasons
//! lead from one to the other: whoever has understood one has understood both.

use crate::document::ViolationRow;

/// How many contradictions are told in full.
const SHOWN_MAX: usize = 4;

/// Which contradictions are told in full, as places in the list of them, and what they stand for.
pub struct Shapes {
    /// Those that are told in full, the first of all first.
    pub shown: Vec<usize>,
    /// The others.
    pub others: Vec<usize>,
    /// For each contradiction the number of its shape.
    of: Vec<usize>,
}

impl Shapes {
    /// The first of each shape, then the next ones, as long as there is room.
    pub fn of(rows: &[ViolationRow]) -> Shapes {
        let mut known: Vec<String> = Vec::new();
        let mut firsts = Vec::new();
        let mut of = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            let shape = shape(row);
            of.push(known.iter().position(|it| *it == shape).unwrap_or_else(|| {
                firsts.push(place);
                known.push(shape);
                known.len() - 1
            }));
        }
        let rest = (0..rows.len()).filter(|place| !firsts.contains(place));
        let mut shown: Vec<usize> = firsts.iter().copied().chain(rest).take(SHOWN_MAX).collect();
        shown.sort_unstable();
        Shapes {
            others: (0..rows.len()).filter(|place| !shown.contains(place)).collect(),
            shown,
            of,
        }
    }

    /// The number, from 1, of the first one that is told in full and has the same shape; none where there is none.
    pub fn like(&self, place: usize) -> Option<usize> {
        let is_like = |shown: &usize| self.of[*shown] == self.of[place];
        self.shown.iter().position(is_like).map(|number| number + 1)
    }

    /// How many others, of those that were explained, have the same shape.
    pub fn alike(&self, place: usize) -> usize {
        self.of.iter().filter(|shape| **shape == self.of[place]).count() - 1
    }
}

fn shape(row: &ViolationRow) -> String {
    let members = row
        .core
        .iter()
        .map(|it| format!("{} {} {}", it.f, it.kind, it.answer_counts));
    let reasons = row
        .edges
        .iter()
        .map(|it| format!("{} {} {}", it.from, it.to, it.kind));
    let parts: Vec<String> = members.chain(reasons).collect();
    format!("{} {}", row.code, parts.join("; "))
}
