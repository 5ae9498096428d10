//! The counterexample as a drawing: nodes as lanes with a row for each client, the core as solid bars, what
//! else happened on the object as outlines, faults where they were, and the two reasons that form the loop.

use super::axis::Axis;
use super::svg::{Svg, text_width};
use crate::coverage::Coverage;
use crate::document::{CoreRow, ViolationRow};
use crate::text::{moment, stretch, visible};
use checker::{ReasonKind, Violation};
use history::{Fault, History, Operation, Outcome, Value};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 108.0;
const TOP: f64 = 58.0;
const ROW: f64 = 30.0;
const BAR: f64 = 17.0;
const LANE_GAP: f64 = 10.0;
/// How many operations beside the core are drawn.
const CONTEXT_MAX: usize = 9;

/// A row of the drawing: one client of one node.
struct Row {
    client: u64,
    y: f64,
}

/// A lane: one node.
struct Lane {
    name: String,
    top: f64,
    bottom: f64,
    rows: Vec<Row>,
}

/// Draws a violation.
pub fn draw(history: &History, coverage: &Coverage, violation: &Violation, row: &ViolationRow) -> String {
    let core: Vec<u32> = violation.core.iter().map(|member| member.operation).collect();
    let context = context(history, violation, &core);
    let shown: Vec<u32> = core.iter().chain(&context).copied().collect();
    let moments = shown.iter().flat_map(|number| {
        let operation = &history.operations[*number as usize];
        let end = if operation.end_ns == u64::MAX {
            operation.start_ns
        } else {
            operation.end_ns
        };
        [operation.start_ns, end]
    });
    let axis = Axis::over(moments.collect(), LEFT + 8.0, WIDTH - 26.0);
    let lanes = lanes(history, &shown);
    let bottom = lanes.last().map_or(TOP, |lane| lane.bottom);
    let mut drawing = Drawing {
        svg: Svg::new(WIDTH, bottom + 34.0),
        history,
        axis,
        lanes,
        bottom,
        values: values(history, &core),
        labels: Vec::new(),
    };
    drawing.ground();
    drawing.faults(coverage);
    drawing.operations(violation, &context);
    drawing.reasons(violation);
    drawing
        .svg
        .finish("timeline", &row.sentence, &row.detail.join(" "))
}

/// The values of the core's answers, first to last: blue, orange, ...
fn values(history: &History, core: &[u32]) -> Vec<Value> {
    let mut values = Vec::new();
    for number in core {
        let operation = &history.operations[*number as usize];
        let value = if operation.outcome == Outcome::Ok {
            operation.output
        } else {
            operation.input
        };
        if !value.is_null() && !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The operations on the object that are nearest in time to one of the core.
fn context(history: &History, violation: &Violation, core: &[u32]) -> Vec<u32> {
    let core_operations: Vec<&Operation> = core
        .iter()
        .map(|number| &history.operations[*number as usize])
        .collect();
    let distance = |operation: &Operation| {
        let end = if operation.end_ns == u64::MAX {
            operation.start_ns
        } else {
            operation.end_ns
        };
        let to = |member: &&Operation| {
            let member_end = if member.end_ns == u64::MAX {
                member.start_ns
            } else {
                member.end_ns
            };
            operation
                .start_ns
                .saturating_sub(member_end)
                .max(member.start_ns.saturating_sub(end))
        };
        core_operations.iter().map(to).min().unwrap_or(0)
    };
    let mut others: Vec<(u64, u32)> = history
        .operations
        .iter()
        .zip(0u32..)
        .filter(|(operation, number)| operation.key == violation.key && !core.contains(number))
        .map(|(operation, number)| (distance(operation), number))
        .collect();
    others.sort_unstable();
    others.truncate(CONTEXT_MAX);
    others.into_iter().map(|(_, number)| number).collect()
}

fn lanes(history: &History, shown: &[u32]) -> Vec<Lane> {
    let mut names: Vec<String> = history.nodes.clone();
    if names.is_empty() {
        names.push("clients".to_owned());
    }
    let mut y = TOP;
    let lane = |(place, name): (usize, &String)| {
        let of_lane =
            |operation: &Operation| history.nodes.is_empty() || usize::from(operation.node) == place;
        let mut clients: Vec<u64> = shown
            .iter()
            .map(|number| &history.operations[*number as usize])
            .filter(|operation| of_lane(operation))
            .map(|operation| history.client(operation))
            .collect();
        clients.sort_unstable();
        clients.dedup();
        let top = y;
        let rows: Vec<Row> = clients
            .iter()
            .zip(0..)
            .map(|(client, n)| Row {
                client: *client,
                y: top + LANE_GAP / 2.0 + ROW * (f64::from(n) + 0.5),
            })
            .collect();
        let bottom = top + LANE_GAP + ROW * (rows.len().max(1) as f64);
        y = bottom;
        Lane {
            name: visible(name, 14),
            top,
            bottom,
            rows,
        }
    };
    names.iter().enumerate().map(lane).collect()
}

struct Drawing<'a> {
    svg: Svg,
    history: &'a History,
    axis: Axis,
    lanes: Vec<Lane>,
    bottom: f64,
    values: Vec<Value>,
    /// Where labels are already: (row, left, right).
    labels: Vec<(f64, f64, f64)>,
}

impl Drawing<'_> {
    fn ground(&mut self) {
        for (number, lane) in self.lanes.iter().enumerate() {
            let class = if number % 2 == 0 { "lane even" } else { "lane odd" };
            self.svg.rect(
                class,
                [LEFT, lane.top, WIDTH - LEFT - 8.0, lane.bottom - lane.top],
                "",
            );
            self.svg.text(
                "lane-name",
                "start",
                [10.0, (lane.top + lane.bottom) / 2.0 + 4.5],
                &lane.name,
            );
            for row in &lane.rows {
                self.svg.text(
                    "client-name",
                    "end",
                    [LEFT - 8.0, row.y + 3.5],
                    &format!("client {}", row.client),
                );
            }
        }
        let ticks = self.axis.ticks(110.0);
        let step = ticks
            .windows(2)
            .map(|pair| pair[1].abs_diff(pair[0]))
            .min()
            .unwrap_or(1_000_000);
        let digits = (0..9).find(|digits| 10u64.pow(9 - digits) <= step).unwrap_or(9) as usize;
        for tick in ticks {
            let x = self.axis.x(tick);
            self.svg.line("grid", [x, TOP, x, self.bottom]);
            self.svg.text(
                "tick",
                "middle",
                [x, self.bottom + 15.0],
                &format!("{:.digits$} s", tick as f64 / 1e9),
            );
        }
        for (left, right, left_out) in self.axis.breaks() {
            let middle = (left + right) / 2.0;
            self.svg
                .rect("break", [middle - 9.0, TOP, 18.0, self.bottom - TOP], "");
            self.svg.text(
                "break-text",
                "middle",
                [middle, self.bottom + 29.0],
                &format!("// {}", stretch(left_out)),
            );
        }
    }

    fn faults(&mut self, coverage: &Coverage) {
        let (from, to) = self.axis.range();
        for span in &coverage.faults {
            let Some((start, end)) = span.active_ns(u64::MAX) else {
                continue;
            };
            if end < from || start > to {
                continue;
            }
            let (left, right) = (self.axis.x(start.max(from)), self.axis.x(end.min(to)));
            if right - left < 1.0 {
                continue;
            }
            match &span.fault {
                Fault::Kill { nodes } => {
                    let lasted = if end == u64::MAX {
                        "and stayed down".to_owned()
                    } else {
                        format!("down {}", stretch(end - start))
                    };
                    nodes
                        .iter()
                        .for_each(|node| self.down(node, left, right, &lasted));
                }
                Fault::Partition { shape, sides, .. } => self.cut(shape, sides, left, right),
            }
        }
    }

    fn down(&mut self, node: &str, left: f64, right: f64, lasted: &str) {
        let Some(lane) = self.lane(node) else { return };
        let (name, top, bottom) = (
            self.lanes[lane].name.clone(),
            self.lanes[lane].top,
            self.lanes[lane].bottom,
        );
        let label = format!("{name} killed · {lasted}");
        let height = bottom - top - LANE_GAP;
        self.svg
            .rect("down", [left, top + LANE_GAP / 2.0, right - left, height], &label);
        if right - left > text_width(&label, 11.0) + 10.0 {
            self.svg.text(
                "down-text",
                "middle",
                [(left + right) / 2.0, (top + bottom) / 2.0 + 4.0],
                &label,
            );
        } else if right - left > 16.0 {
            self.svg.text(
                "down-text",
                "middle",
                [(left + right) / 2.0, (top + bottom) / 2.0 + 4.0],
                "✕",
            );
        }
        self.svg.line(
            "restart",
            [right, top + LANE_GAP / 2.0, right, bottom - LANE_GAP / 2.0],
        );
    }

    fn cut(&mut self, shape: &str, sides: &[Vec<String>], left: f64, right: f64) {
        let names: Vec<String> = sides.iter().map(|side| crate::text::names(side)).collect();
        let label = format!("✂ {}: {}", visible(shape, 20), names.join(" ┊ "));
        let mut first_edge = self.bottom;
        for (number, side) in sides.iter().enumerate() {
            for node in side {
                let Some(lane) = self.lane(node) else { continue };
                let (top, bottom) = (self.lanes[lane].top, self.lanes[lane].bottom);
                let class = if number % 2 == 0 {
                    "cut side-a"
                } else {
                    "cut side-b"
                };
                self.svg
                    .rect(class, [left, top + 1.0, right - left, bottom - top - 2.0], &label);
                first_edge = first_edge.min(top);
            }
        }
        // Walls between neighbouring lanes of different sides.
        let side_of = |lane: &Lane| {
            sides
                .iter()
                .position(|side| side.iter().any(|node| visible(node, 14) == lane.name))
        };
        let walls: Vec<f64> = self
            .lanes
            .windows(2)
            .filter(|pair| side_of(&pair[0]) != side_of(&pair[1]))
            .map(|pair| pair[0].bottom)
            .collect();
        for y in &walls {
            self.svg.line("wall", [left, *y, right, *y]);
        }
        let y = walls.first().copied().unwrap_or(first_edge);
        if right - left > 40.0 {
            self.svg.pill("pill-cut", [(left + right) / 2.0, y], &label);
        }
    }

    fn operations(&mut self, violation: &Violation, context: &[u32]) {
        for member in &violation.core {
            let operation = self.history.operations[member.operation as usize];
            let class = format!(
                "op core {} {}",
                outcome_class(&operation),
                self.value_class(&operation)
            );
            self.bar(
                &operation,
                &class,
                &self.label(&operation),
                &member.label.to_string(),
            );
        }
        for number in context {
            let operation = self.history.operations[*number as usize];
            let class = format!(
                "op context {} {}",
                outcome_class(&operation),
                self.value_class(&operation)
            );
            self.bar(&operation, &class, &self.label(&operation), "");
        }
    }

    /// One operation: a bar from its invocation to its completion, open to the right when nobody knows.
    fn bar(&mut self, operation: &Operation, class: &str, label: &str, letter: &str) {
        let Some(y) = self.row(operation) else { return };
        let left = self.axis.x(operation.start_ns);
        let end = if operation.end_ns == u64::MAX {
            self.axis.range().1
        } else {
            operation.end_ns
        };
        let least = if letter.is_empty() { 5.0 } else { 20.0 };
        let width = (self.axis.x(end) - left).max(least);
        let ended = if operation.end_ns == u64::MAX {
            "no answer".to_owned()
        } else {
            moment(operation.end_ns)
        };
        let title = format!("{label}, {} – {ended}", moment(operation.start_ns));
        self.svg.rect(class, [left, y - BAR / 2.0, width, BAR], &title);
        if !letter.is_empty() {
            self.svg
                .text("letter", "middle", [left + width / 2.0, y + 4.2], letter);
        }
        let size = text_width(label, 11.5);
        let strength = if letter.is_empty() {
            "op-text"
        } else {
            "op-text strong"
        };
        let text_class = format!("{strength} {}", class.replace("op ", ""));
        let to_the_right = left + width + size + 8.0 < WIDTH - 8.0;
        let from = if to_the_right {
            left + width + 6.0
        } else {
            left - 6.0 - size
        };
        // A label that would cover another one is left to the hover.
        let is_free = self
            .labels
            .iter()
            .all(|(row, a, b)| *row != y || from > *b || from + size < *a);
        if is_free || !letter.is_empty() {
            self.labels
                .push((y, from.min(left), (from + size).max(left + width)));
            let (anchor, x) = if to_the_right {
                ("start", from)
            } else {
                ("end", from + size)
            };
            self.svg.text(&text_class, anchor, [x, y + 4.0], label);
        }
    }

    /// The numbered reasons, as arrows between the bars.
    fn reasons(&mut self, violation: &Violation) {
        for (number, reason) in ('①'..).zip(&violation.reasons) {
            if reason.from == reason.to {
                continue;
            }
            let ends = [reason.from, reason.to].map(|place| {
                let operation = self.history.operations[violation.core[place].operation as usize];
                let end = if operation.end_ns == u64::MAX {
                    operation.start_ns
                } else {
                    operation.end_ns
                };
                (
                    self.axis.x(operation.start_ns),
                    self.axis.x(end).max(self.axis.x(operation.start_ns) + 20.0),
                    self.row(&operation).unwrap_or(TOP),
                )
            });
            let [(from_left, from_right, from_y), (to_left, to_right, to_y)] = ends;
            let label = format!("{number} {}", reason.short);
            match reason.kind {
                ReasonKind::RealTime { .. } => {
                    let (x1, x2) = (from_right, to_left);
                    let bend = ((x2 - x1) / 3.0).max(14.0);
                    // On one row a straight arrow would run through the labels: go below.
                    let (y1, y2) = (
                        from_y + BAR / 2.0,
                        to_y + if from_y == to_y { BAR / 2.0 } else { 0.0 },
                    );
                    let dip = if from_y == to_y { 22.0 } else { 0.0 };
                    self.svg.path(
                        "edge real",
                        &format!(
                            "M{x1:.1} {y1:.1} C{:.1} {:.1} {:.1} {:.1} {:.1} {y2:.1}",
                            x1 + bend / 2.0,
                            y2.max(y1) + dip,
                            x2 - bend,
                            y2 + dip,
                            x2 - 2.0
                        ),
                    );
                    let y = (y1 + y2) / 2.0 + dip * 0.7;
                    self.svg
                        .pill("pill-real", [(x1 + x2) / 2.0, y.max(TOP + 12.0)], &label);
                }
                ReasonKind::Value => {
                    let (x1, x2) = ((from_left + from_right) / 2.0, (to_left + to_right) / 2.0);
                    let above = if number == '①' { 40.0 } else { 20.0 };
                    let (y1, y2) = (from_y - BAR / 2.0, to_y - BAR / 2.0 - 1.0);
                    self.svg.path("edge value", &format!("M{x1:.1} {y1:.1} L{x1:.1} {above:.1} Q{x1:.1} {:.1} {:.1} {:.1} L{:.1} {:.1} Q{x2:.1} {:.1} {x2:.1} {above:.1} L{x2:.1} {y2:.1}", above - 8.0, if x2 < x1 { x1 - 8.0 } else { x1 + 8.0 }, above - 8.0, if x2 < x1 { x2 + 8.0 } else { x2 - 8.0 }, above - 8.0, above - 8.0));
                    self.svg
                        .pill("pill-value", [(x1 + x2) / 2.0, above - 8.0], &label);
                }
            }
        }
    }

    fn lane(&self, node: &str) -> Option<usize> {
        let node = visible(node, 14);
        self.lanes.iter().position(|lane| lane.name == node)
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
        let value = if operation.outcome == Outcome::Ok {
            operation.output
        } else {
            operation.input
        };
        match self.values.iter().position(|known| *known == value) {
            Some(place) => format!("value-{}", place.min(4)),
            None => "value-none".to_owned(),
        }
    }

    fn label(&self, operation: &Operation) -> String {
        call(self.history, operation)
    }
}

/// An operation as it is read: `propose(42) → 42`.
pub fn call(history: &History, operation: &Operation) -> String {
    let value = |it: Value| visible(&history.values.json(it), 24);
    let f = visible(history.function_name(operation), 20);
    let asked = if operation.input.is_null() {
        f
    } else {
        format!("{f}({})", value(operation.input))
    };
    match operation.outcome {
        Outcome::Ok if operation.output.is_null() => format!("{asked} → undecided"),
        Outcome::Ok => format!("{asked} → {}", value(operation.output)),
        Outcome::Fail => format!("{asked} failed"),
        Outcome::Info => format!("{asked} → ?"),
    }
}

fn outcome_class(operation: &Operation) -> &'static str {
    match operation.outcome {
        Outcome::Ok => "ok",
        Outcome::Fail => "failed",
        Outcome::Info => "unknown",
    }
}

/// The loop of reasons, small: the core as boxes, the reasons as arrows between them.
pub fn draw_loop(violation: &Violation, row: &ViolationRow, colors: &dyn Fn(&CoreRow) -> String) -> String {
    let boxes = row.core.len();
    let width = 360.0;
    if boxes > 3 || violation.reasons.iter().any(|reason| reason.from == reason.to) {
        return String::new();
    }
    let mut svg = Svg::new(width, 118.0);
    let box_width = (width - 24.0 * (boxes as f64 - 1.0) - 8.0) / boxes as f64;
    let left = |place: usize| 4.0 + place as f64 * (box_width + 24.0);
    let middle = |place: usize| left(place) + box_width / 2.0;
    for (place, member) in row.core.iter().enumerate() {
        svg.rect(
            &format!("loop-box {}", colors(member)),
            [left(place), 44.0, box_width, 30.0],
            "",
        );
        let label = visible(&crate::block::call(member), (box_width / 6.6) as usize - 4);
        svg.text("loop-letter", "start", [left(place) + 9.0, 63.5], &member.label);
        svg.text("loop-text", "start", [left(place) + 25.0, 63.0], &label);
    }
    for (number, reason) in ('①'..).zip(&violation.reasons) {
        let (from, to) = (middle(reason.from), middle(reason.to));
        let (class, word) = match reason.kind {
            ReasonKind::RealTime { .. } => ("edge real", "real time"),
            ReasonKind::Value => ("edge value", "value"),
        };
        let is_upper = number == '①';
        let (start, bend) = if is_upper { (43.0, 6.0) } else { (75.0, 112.0) };
        svg.path(
            class,
            &format!("M{from:.1} {start:.1} C{from:.1} {bend:.1} {to:.1} {bend:.1} {to:.1} {start:.1}"),
        );
        let y = if is_upper { 14.0 } else { 104.0 };
        let pill = if class == "edge real" {
            "pill-real"
        } else {
            "pill-value"
        };
        svg.pill(pill, [(from + to) / 2.0, y], &format!("{number} {word}"));
    }
    let words: Vec<&str> = violation
        .reasons
        .iter()
        .map(|reason| reason.sentence.as_str())
        .collect();
    svg.finish("loop", "The reasons form a loop", &words.join(" "))
}
