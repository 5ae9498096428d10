//! The loop of reasons, small: the core as boxes, the reasons as arrows between them.

use super::piece::class_of;
use super::svg::Svg;
use crate::document::ViolationRow;
use crate::text::visible;
use checker::{ReasonKind, Violation};

const WIDTH: f64 = 360.0;
const GAP: f64 = 24.0;

/// Draws the loop; nothing when it has too many members to be read, or is one operation against itself.
pub fn draw(violation: &Violation, row: &ViolationRow) -> String {
    let boxes = row.core.len();
    if boxes > 3 || violation.reasons.iter().any(|reason| reason.from == reason.to) {
        return String::new();
    }
    let mut svg = Svg::new(WIDTH, 118.0);
    let box_width = (WIDTH - GAP * (boxes as f64 - 1.0) - 8.0) / boxes as f64;
    let left = |place: usize| 4.0 + place as f64 * (box_width + GAP);
    let middle = |place: usize| left(place) + box_width / 2.0;
    for (place, member) in row.core.iter().enumerate() {
        let (color, left) = (class_of(row, member), left(place));
        svg.rect(&format!("loop-box {color}"), [left, 44.0, box_width, 30.0], "");
        svg.rect(&format!("loop-chip {color}"), [left + 6.0, 50.0, 18.0, 18.0], "");
        svg.text("letter", "middle", [left + 15.0, 63.3], &member.label);
        let label = visible(&crate::block::call(member, &row.nothing), 26);
        svg.text_within(
            "loop-text",
            [left + 30.0, 63.0],
            &label,
            (box_width - 36.0, 11.0, 8.0),
        );
    }
    for (number, reason) in ('①'..).zip(&violation.reasons) {
        let (from, to) = (middle(reason.from), middle(reason.to));
        let (class, pill, word) = match reason.kind {
            ReasonKind::RealTime { .. } => ("edge real", "pill-real", "real time"),
            ReasonKind::Value => ("edge value", "pill-value", "value"),
        };
        let (start, bend, y) = match number {
            '①' => (43.0, 6.0, 14.0),
            _ => (75.0, 112.0, 104.0),
        };
        svg.path(
            class,
            &format!("M{from:.1} {start:.1} C{from:.1} {bend:.1} {to:.1} {bend:.1} {to:.1} {start:.1}"),
        );
        svg.pill(pill, [(from + to) / 2.0, y], &format!("{number} {word}"));
    }
    let words: Vec<&str> = violation
        .reasons
        .iter()
        .map(|reason| reason.sentence.as_str())
        .collect();
    svg.finish("loop", "The reasons form a loop", &words.join(" "))
}
