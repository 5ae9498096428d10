//! The numbered reasons, as arrows between the bars, from what comes first to what comes later: solid for real time,
//! dashed for what was told.

use super::room::Area;
use super::{BAR, Drawing, LEFT, RIGHT};
use crate::report::svg::text_width;
use checker::{Reason, ReasonKind, Violation};

const PILL: f64 = 18.0;
/// Operations nearer to each other than this have no room for an arrow along a row.
const NEAR: f64 = 34.0;
/// How far apart arrows between the same two bars are, at least and at most.
const APART: (f64, f64) = (34.0, 90.0);

/// The words of an arrow, and where they may be.
pub struct Pill {
    pub class: &'static str,
    pub places: Vec<(f64, f64)>,
    pub label: String,
}

impl Drawing<'_> {
    /// Draws every reason between two operations, without its words; one that an operation gives against
    /// itself is in the text.
    pub(super) fn arrows(&mut self, violation: &Violation) -> Vec<Pill> {
        let mut pills = Vec::new();
        let mut arcs = 0;
        let mut risers = Vec::new();
        for (number, reason) in ('①'..).zip(&violation.reasons) {
            if reason.from == reason.to {
                continue;
            }
            let bar = |place: usize| {
                let operation = &self.history.operations[violation.core[place].operation as usize];
                self.bar_area(operation)
            };
            let (Some(from), Some(to)) = (bar(reason.from), bar(reason.to)) else {
                continue;
            };
            let label = format!("{number} {}", reason.short);
            let width = text_width(&label, 11.0) + 16.0;
            let (class, places) = match reason.kind {
                ReasonKind::RealTime { .. } => ("pill-real", self.real_time(&from, &to, &label)),
                ReasonKind::Value => {
                    let top = 10.0 + 22.0 * f64::from(arcs);
                    arcs += 1;
                    let places = if meet(&from, &to) {
                        let (place, of) = among_its_like(violation, reason);
                        let (x, on_line) = self.straight_between(&from, &to, place, of);
                        // The words have no room among the bars: the number is on the arrow, the words above.
                        pills.push(Pill {
                            class: "pill-value",
                            places: on_line,
                            label: number.to_string(),
                        });
                        vec![(x, top)]
                    } else {
                        let shift = 12.0 * f64::from(arcs - 1);
                        self.value(&from, &to, (top, shift, width), &mut risers)
                    };
                    ("pill-value", places)
                }
            };
            pills.push(Pill { class, places, label });
        }
        pills
    }

    /// Straight from one bar to another on a row above or below it, during both of them; returns where it is, and where
    /// on it a number may be. Several between the same bars stand apart.
    fn straight_between(
        &mut self,
        from: &Area,
        to: &Area,
        place: usize,
        of: usize,
    ) -> (f64, Vec<(f64, f64)>) {
        let (left, right) = shared_stretch(from, to);
        let middle = (left + right) / 2.0;
        let apart = ((right - left) / (of as f64 + 1.0)).clamp(APART.0, APART.1);
        let x = middle + (place as f64 - (of as f64 - 1.0) / 2.0) * apart;
        let x = x.clamp(LEFT + 12.0, RIGHT - 12.0);
        let down = if to.y > from.y { 1.0 } else { -1.0 };
        let (start, end) = match to.y > from.y {
            true => (from.y + BAR, to.y - 2.0),
            false => (from.y, to.y + BAR + 2.0),
        };
        // Where a bar is shorter than the arrows are apart, they lean.
        let on = |bar: &Area| x.max(bar.x + 2.0).min(bar.x + (bar.width - 2.0).max(2.0));
        let lean = down * ((end - start).abs() / 3.0).min(12.0);
        self.svg.path(
            "edge value",
            &format!(
                "M{:.1} {start:.1} L{x:.1} {:.1} L{x:.1} {:.1} L{:.1} {end:.1}",
                on(from),
                start + lean,
                end - lean,
                on(to)
            ),
        );
        self.busy_line([x, start, x, end]);
        let shares = [0.5, 0.35, 0.65, 0.2, 0.8];
        (x, shares.map(|share| (x, start + (end - start) * share)).to_vec())
    }

    /// From the end of a bar to the beginning of another; returns where its words may be.
    fn real_time(&mut self, from: &Area, to: &Area, label: &str) -> Vec<(f64, f64)> {
        let (x1, x2) = (from.x + from.width, to.x);
        let middle = |area: &Area| area.y + area.height / 2.0;
        let (y1, y2) = (middle(from), middle(to));
        if (y1 - y2).abs() < 1.0 {
            self.below([x1, x2], from.y + BAR)
        } else if x2 - x1 > NEAR {
            self.along([x1, y1], [x2, y2])
        } else {
            let x2 = (x2 + 4.0).min(x2 + to.width / 2.0);
            self.straight_down([x1 - 2.0, y1], [x2, y2], text_width(label, 11.0) + 16.0)
        }
    }

    /// On one row the arrow runs below, where the words of the bars are not.
    fn below(&mut self, [x1, x2]: [f64; 2], bottom: f64) -> Vec<(f64, f64)> {
        let dip = bottom + 17.0;
        let bend = ((x2 - x1) / 4.0).clamp(6.0, 40.0);
        let (x1, x2) = (x1 - 3.0, x2 + 3.0);
        self.svg.path(
            "edge real",
            &format!(
                "M{x1:.1} {bottom:.1} C{x1:.1} {dip:.1} {x1:.1} {dip:.1} {:.1} {dip:.1} L{:.1} {dip:.1} C{x2:.1} {dip:.1} {x2:.1} {dip:.1} {x2:.1} {:.1}",
                x1 + bend,
                x2 - bend,
                bottom + 2.0
            ),
        );
        self.busy_line([x1, dip, x2, dip]);
        let shifts = [0.0, 18.0, -120.0, 120.0];
        shifts.map(|shift| ((x1 + x2) / 2.0 + shift, dip)).to_vec()
    }

    /// Down (or up) from the end, then along to the beginning.
    fn along(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) -> Vec<(f64, f64)> {
        let down = if y2 > y1 { 1.0 } else { -1.0 };
        let start = y1 + down * BAR / 2.0;
        let (x1, turn) = (x1 - 2.0, y2 - down * 14.0);
        self.svg.path(
            "edge real",
            &format!(
                "M{x1:.1} {start:.1} L{x1:.1} {turn:.1} Q{x1:.1} {y2:.1} {:.1} {y2:.1} L{:.1} {y2:.1}",
                x1 + 14.0,
                x2 - 2.0
            ),
        );
        self.busy_line([x1, y2, x2, y2]);
        self.busy_line([x1, y1, x1, y2]);
        let along = [0.5, 0.35, 0.65, 0.2, 0.8].map(|share| (x1 + (x2 - x1) * share, y2));
        let beside = [0.5, 0.3, 0.7].map(|share| (x1, y1 + (y2 - y1) * share));
        along.into_iter().chain(beside).collect()
    }

    /// One right after the other: straight down, with words of this width on it or beside it.
    fn straight_down(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], width: f64) -> Vec<(f64, f64)> {
        let down = if y2 > y1 { 1.0 } else { -1.0 };
        let (start, end) = (y1 + down * BAR / 2.0, y2 - down * (BAR / 2.0 + 2.0));
        let turn = (start + end) / 2.0;
        self.svg.path(
            "edge real",
            &format!("M{x1:.1} {start:.1} C{x1:.1} {turn:.1} {x2:.1} {turn:.1} {x2:.1} {end:.1}"),
        );
        self.busy_line([x2, start, x2, end]);
        let heights = [0.5, 0.35, 0.65, 0.2, 0.8].map(|share| start + (end - start) * share);
        let on = heights.map(|y| (x2, y));
        let right = heights.map(|y| (x2 + width / 2.0 + 8.0, y));
        on.into_iter().chain(right).collect()
    }

    /// From above a bar, over everything at some height, to above another; returns where its words may be, which are so
    /// wide. `risers` are where arrows that run higher pass.
    fn value(
        &mut self,
        from: &Area,
        to: &Area,
        (top, shift, width): (f64, f64, f64),
        risers: &mut Vec<f64>,
    ) -> Vec<(f64, f64)> {
        let anchor = |area: &Area| {
            let middle = (area.width / 2.0).min(60.0);
            area.x + middle + shift.min((area.width - middle - 4.0).max(0.0))
        };
        let (x1, x2) = (anchor(from), anchor(to));
        let radius = ((x2 - x1).abs() / 2.0).min(10.0);
        let turn = if x2 < x1 { -radius } else { radius };
        let corner = top + radius;
        self.svg.path(
            "edge value",
            &format!(
                "M{x1:.1} {:.1} L{x1:.1} {corner:.1} Q{x1:.1} {top:.1} {:.1} {top:.1} L{:.1} {top:.1} Q{x2:.1} {top:.1} {x2:.1} {corner:.1} L{x2:.1} {:.1}",
                from.y,
                x1 + turn,
                x2 - turn,
                to.y - 2.0
            ),
        );
        self.busy_line([x1, top, x1, from.y]);
        self.busy_line([x2, top, x2, to.y]);
        let (left, right) = (x1.min(x2), x1.max(x2));
        let middle = (left + right) / 2.0;
        // On the line where it is as long as they are, else beside an end of it, if they have room there.
        let beside = width / 2.0 + 6.0;
        let is_long = right - left >= width;
        let has_room = |x: &f64| x - width / 2.0 >= LEFT && x + width / 2.0 <= RIGHT;
        let is_clear = |x: &f64| risers.iter().all(|riser| (riser - x).abs() > width / 2.0 + 3.0);
        let mut places: Vec<f64> = [right + beside, left - beside]
            .into_iter()
            .filter(has_room)
            .collect();
        places.insert(if is_long { 0 } else { places.len() }, middle);
        places.sort_by_key(|x| !is_clear(x));
        risers.extend([x1, x2]);
        places.into_iter().map(|x| (x, top)).collect()
    }

    fn busy_line(&mut self, [x1, y1, x2, y2]: [f64; 4]) {
        let (width, height) = ((x1 - x2).abs() + 4.0, (y1 - y2).abs() + 4.0);
        self.room
            .make_busy(Area::new(x1.min(x2) - 2.0, y1.min(y2) - 2.0, width, height));
    }

    /// Puts words on the first of some places where they cover least, and keeps others off them.
    pub(super) fn pill(&mut self, class: &str, places: &[(f64, f64)], label: &str) {
        let width = text_width(label, 11.0) + 16.0;
        let area = |(x, y): &(f64, f64)| {
            let x = (x - width / 2.0).clamp(LEFT, (RIGHT - width).max(LEFT));
            Area::new(x, y - PILL / 2.0, width, PILL)
        };
        if let Some(place) = self.room.best(places.iter().map(area)) {
            self.room.take(place);
            let middle = [place.x + width / 2.0, place.y + PILL / 2.0];
            self.top_layer.pill(class, middle, label);
        }
    }
}

/// The stretch in which both bars are drawn; its end is before its beginning where there is none.
fn shared_stretch(one: &Area, other: &Area) -> (f64, f64) {
    let right = |area: &Area| area.x + area.width;
    (one.x.max(other.x), right(one).min(right(other)))
}

/// Whether two bars are on different rows and side by side in time: then an arrow over the top would end at the lower
/// one after it crossed the upper one, and look as if it ended there.
fn meet(one: &Area, other: &Area) -> bool {
    let (left, right) = shared_stretch(one, other);
    (one.y - other.y).abs() > BAR && right >= left
}

/// Which of the reasons by value between the same two operations one is, and how many there are.
fn among_its_like(violation: &Violation, reason: &Reason) -> (usize, usize) {
    let ends = |it: &Reason| (it.from.min(it.to), it.from.max(it.to));
    let like: Vec<&Reason> = violation
        .reasons
        .iter()
        .filter(|it| it.kind == ReasonKind::Value && it.from != it.to && ends(it) == ends(reason))
        .collect();
    let place = like.iter().position(|it| std::ptr::eq(*it, reason));
    (place.unwrap_or(0), like.len())
}
