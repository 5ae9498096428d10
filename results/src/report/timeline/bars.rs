//! Operations: a bar from invocation to completion, and the words beside it.

use super::room::Area;
use super::{BAR, Drawing, call, value_of};
use crate::coverage::known_end_ns;
use crate::report::svg::mono_width;
use crate::text::moment;
use checker::{Label, Violation};
use history::{Operation, Outcome};

/// A bar narrower than this has its letter in front of its words.
const LETTER_WIDTH: f64 = 16.0;

impl Drawing<'_> {
    /// Draws every bar, so that words know where none of them may be.
    pub(super) fn bars(&mut self, violation: &Violation, context: &[u32]) {
        let history = self.history;
        for number in context {
            let operation = &history.operations[*number as usize];
            self.bar(operation, "context", None);
        }
        for member in &violation.core {
            let operation = &history.operations[member.operation as usize];
            self.bar(operation, "core", Some(member.label));
        }
    }

    /// One operation: a bar from its invocation to its completion, open to the right when nobody knows.
    fn bar(&mut self, operation: &Operation, part: &str, letter: Option<Label>) {
        let Some(area) = self.bar_area(operation) else {
            return;
        };
        let (outcome, value) = (outcome_class(operation), self.value_class(operation));
        let class = format!("op {part} {outcome} {value}");
        let ended = match operation.end_ns {
            u64::MAX => "no answer".to_owned(),
            end_ns => moment(end_ns),
        };
        let title = format!(
            "client {}: {}, {} – {ended}",
            self.history.client(operation),
            call(self.history, operation),
            moment(operation.start_ns)
        );
        match operation.outcome {
            Outcome::Info => self.svg.path_titled(&class, &open_bar(&area), &title),
            Outcome::Ok | Outcome::Fail => {
                self.svg
                    .rect(&class, [area.x, area.y, area.width, area.height], &title);
            }
        }
        if let Some(letter) = letter
            && area.width >= LETTER_WIDTH
        {
            let (class, x) = match operation.outcome {
                Outcome::Info => ("letter dark", area.x + 10.0),
                Outcome::Ok | Outcome::Fail => ("letter", area.x + area.width / 2.0),
            };
            let at = [x, area.y + BAR / 2.0 + 4.2];
            self.top_layer.text(class, "middle", at, &letter.to_string());
        }
        self.room.take(area);
    }

    /// The words beside a bar: to its right, to its left, of the core also above and below; short where there
    /// is no room for all of them, on hover only where there is none at all.
    pub(super) fn label(&mut self, operation: &Operation, letter: Option<Label>) {
        let Some(bar) = self.bar_area(operation) else {
            return;
        };
        let words = call(self.history, operation);
        let answer = match words.split_once(" → ") {
            Some((_, answer)) => format!("→ {answer}"),
            None => "failed".to_owned(),
        };
        let (size, weight) = match letter {
            Some(_) => (12.5, "strong"),
            None => (11.5, "light"),
        };
        let prefix = letter
            .filter(|_| bar.width < LETTER_WIDTH)
            .map_or(String::new(), |letter| format!("{letter} "));
        let mut places = Vec::new();
        for words in [format!("{prefix}{words}"), format!("{prefix}{answer}")] {
            let width = mono_width(&words, size);
            let beside = [bar.x + bar.width + 6.0, bar.x - 6.0 - width].map(|x| (x, bar.y + 2.0));
            let over = letter.map(|_| [(bar.x, bar.y - 16.0), (bar.x, bar.y + BAR + 2.0)]);
            for (x, y) in beside.into_iter().chain(over.into_iter().flatten()) {
                places.push((Area::new(x, y, width, BAR - 4.0), words.clone()));
            }
        }
        let quiet = places.iter().find(|(area, _)| self.room.is_quiet(area));
        // The core is never without its words, even if they cover something.
        let least = || {
            let cover = |(area, _): &&(Area, String)| self.room.covered(area);
            let least = places.iter().min_by(|a, b| cover(a).total_cmp(&cover(b)));
            least.filter(|_| letter.is_some())
        };
        if let Some((area, words)) = quiet.or_else(least) {
            let class = format!(
                "op-text {weight} {} {}",
                outcome_class(operation),
                self.value_class(operation)
            );
            self.top_layer
                .text(&class, "start", [area.x, area.y + 10.5], words);
            self.room.take(*area);
        }
    }

    /// Where an operation's bar is.
    pub(super) fn bar_area(&self, operation: &Operation) -> Option<Area> {
        let y = self.row(operation)?;
        let left = self.axis.x(operation.start_ns);
        let end_ns = match operation.outcome {
            Outcome::Info => self.axis.range().1,
            Outcome::Ok | Outcome::Fail => known_end_ns(operation),
        };
        let width = (self.axis.x(end_ns) - left).max(3.0);
        Some(Area::new(left, y - BAR / 2.0, width, BAR))
    }

    fn row(&self, operation: &Operation) -> Option<f64> {
        let lane = match self.history.nodes.is_empty() {
            true => self.lanes.first()?,
            false => self.lanes.get(usize::from(operation.node))?,
        };
        let client = self.history.client(operation);
        lane.rows.iter().find(|row| row.client == client).map(|row| row.y)
    }

    fn value_class(&self, operation: &Operation) -> String {
        let value = value_of(operation);
        match self.values.iter().position(|known| *known == value) {
            Some(place) => format!("value-{}", place.min(4)),
            None => "value-none".to_owned(),
        }
    }
}

/// A bar without a right end.
fn open_bar(area: &Area) -> String {
    let (left, right) = (area.x, area.x + area.width);
    let (top, bottom) = (area.y, area.y + area.height);
    format!("M{right:.1} {top:.1} L{left:.1} {top:.1} L{left:.1} {bottom:.1} L{right:.1} {bottom:.1}")
}

fn outcome_class(operation: &Operation) -> &'static str {
    match operation.outcome {
        Outcome::Ok => "ok",
        Outcome::Fail => "failed",
        Outcome::Info => "unknown",
    }
}
