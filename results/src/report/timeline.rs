//! The counterexample as a drawing: nodes as lanes with a row for each client, the core as solid bars, what
//! else happened on the object nearby as outlines, faults where they were, and the reasons as numbered arrows.
//!
//! A bar is exactly as long as its operation took: nothing is widened until two operations seem to overlap.
//! Read next: `faults`, `bars` and `arrows` for the layers, `room` for how words keep out of each other's way.

mod arrows;
mod bars;
mod faults;
mod room;

use super::axis::Axis;
use super::drawn::DrawnCore;
use super::svg::Svg;
use crate::coverage::{Coverage, known_end_ns};
use crate::text::{stretch, visible};
use checker::{ReasonKind, Violation};
use history::{History, Operation, Outcome, Value};
use room::{Area, Room};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 108.0;
const RIGHT: f64 = WIDTH - 8.0;
const BAR: f64 = 18.0;
const LANE_GAP: f64 = 10.0;
/// The least and the most that a row is high, and how high the lanes shall be together if they can. With all operations
/// there are many rows.
const ROW_MIN: f64 = 34.0;
const ROW_MIN_OF_ALL: f64 = 22.0;
const ROW_MAX: f64 = 56.0;
const LANES_HEIGHT: f64 = 420.0;
/// How many operations beside the core are drawn, and how far from it, in times the core's own length.
const CONTEXT_MAX: usize = 9;
const CONTEXT_REACH: u64 = 2;
/// How many are drawn where all are asked for: with more, nobody could follow one.
const ALL_MAX: usize = 60;

/// Which operations on the object are drawn beside the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A few that are near: what is far away (the reads at the end of the run) would squeeze what the picture is about.
    Nearest,
    /// All, or as many as can be drawn.
    All,
}

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

/// A drawing in the making.
struct Drawing<'a> {
    svg: Svg,
    /// Texts and pills, which are put on top of everything at the end.
    top_layer: Svg,
    history: &'a History,
    axis: Axis,
    lanes: Vec<Lane>,
    top: f64,
    bottom: f64,
    values: Vec<Value>,
    room: Room,
}

/// A drawing, as SVG.
pub struct Drawn {
    /// All of it.
    pub whole: String,
    /// The names of its lanes and rows alone, as high as it and as wide as their margin: what stays where it is while a
    /// drawing that is wider than the page moves sideways.
    pub names: String,
}

/// Draws a violation.
pub fn draw(history: &History, coverage: &Coverage, drawn: &DrawnCore<'_>, reach: Reach) -> Drawn {
    let (violation, row) = (&*drawn.violation, &*drawn.row);
    let core: Vec<u32> = violation.core.iter().map(|member| member.operation).collect();
    let context = context(history, violation, reach);
    let shown: Vec<u32> = core.iter().chain(&context).copied().collect();
    let moments = shown.iter().flat_map(|number| {
        let operation = &history.operations[*number as usize];
        [operation.start_ns, known_end_ns(operation)]
    });
    let changes: Vec<u64> = coverage
        .faults
        .iter()
        .filter_map(|span| span.active_ns(u64::MAX))
        .flat_map(|(start, end)| [start, end])
        .collect();
    let axis = Axis::over(moments.collect(), &changes, LEFT + 6.0, RIGHT - 14.0);
    let arcs = violation
        .reasons
        .iter()
        .filter(|reason| reason.kind == ReasonKind::Value && reason.from != reason.to)
        .count();
    let top = 16.0 + 22.0 * arcs as f64;
    let row_min = match reach {
        Reach::Nearest => ROW_MIN,
        Reach::All => ROW_MIN_OF_ALL,
    };
    let lanes = lanes(history, &shown, top, row_min);
    let bottom = lanes.last().map_or(top, |lane| lane.bottom);
    let height = bottom + 26.0;
    let mut drawing = Drawing {
        svg: Svg::new(WIDTH, height),
        top_layer: Svg::new(WIDTH, height),
        history,
        axis,
        lanes,
        top,
        bottom,
        values: values(history, &core),
        room: Room::new(Area::new(LEFT, 0.0, RIGHT - LEFT, bottom)),
    };
    drawing.ground();
    drawing.no_quorum(coverage);
    drawing.faults(coverage);
    drawing.bars(violation, &context);
    let pills = drawing.arrows(violation);
    // What matters most takes its place first.
    for member in &violation.core {
        let operation = &history.operations[member.operation as usize];
        drawing.label(operation, Some(member.label));
    }
    for pill in &pills {
        drawing.pill(pill.class, &pill.places, &pill.label);
    }
    drawing.fault_labels(coverage);
    for number in &context {
        drawing.label(&history.operations[*number as usize], None);
    }
    let mut names = Svg::new(LEFT, height);
    names.rect("names-ground", [0.0, top, LEFT, bottom - top], "");
    name_lanes(&mut names, &drawing.lanes);
    drawing.svg.append(drawing.top_layer);
    Drawn {
        whole: drawing
            .svg
            .finish("timeline", &row.sentence, &row.detail.join(" ")),
        names: names.finish_beside("names"),
    }
}

fn name_lanes(svg: &mut Svg, lanes: &[Lane]) {
    for lane in lanes {
        let middle = (lane.top + lane.bottom) / 2.0;
        svg.text("lane-name", "start", [10.0, middle + 4.5], &lane.name);
        for row in &lane.rows {
            let name = format!("client {}", row.client);
            svg.text("client-name", "end", [LEFT - 8.0, row.y + 3.5], &name);
        }
    }
}

/// The values of the core's answers, first to last: blue, orange, ...
fn values(history: &History, core: &[u32]) -> Vec<Value> {
    let mut values = Vec::new();
    for number in core {
        let value = value_of(&history.operations[*number as usize]);
        if !value.is_null() && !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The value that an operation is about: its answer, or what it asked for.
fn value_of(operation: &Operation) -> Value {
    match operation.outcome {
        Outcome::Ok => operation.output,
        Outcome::Fail | Outcome::Info => operation.input,
    }
}

/// The operations on the object that are drawn beside the core, those nearest in time to one of it first.
pub fn context(history: &History, violation: &Violation, reach: Reach) -> Vec<u32> {
    let core: Vec<u32> = violation.core.iter().map(|member| member.operation).collect();
    let core_operations: Vec<&Operation> = core
        .iter()
        .map(|number| &history.operations[*number as usize])
        .collect();
    let distance = |operation: &Operation| {
        let to = |member: &&Operation| {
            let before = operation.start_ns.saturating_sub(known_end_ns(member));
            before.max(member.start_ns.saturating_sub(known_end_ns(operation)))
        };
        core_operations.iter().map(to).min().unwrap_or(0)
    };
    let lasted = |operation: &&Operation| known_end_ns(operation).saturating_sub(operation.start_ns);
    let busy_ns = core_operations.iter().map(lasted).fold(0, u64::saturating_add);
    let mut others: Vec<(u64, u32)> = history
        .operations
        .iter()
        .zip(0u32..)
        .filter(|(operation, number)| operation.key == violation.key && !core.contains(number))
        .map(|(operation, number)| (distance(operation), number))
        .filter(|(distance, _)| reach == Reach::All || *distance <= busy_ns.saturating_mul(CONTEXT_REACH))
        .collect();
    others.sort_unstable();
    others.truncate(match reach {
        Reach::Nearest => CONTEXT_MAX,
        Reach::All => ALL_MAX,
    });
    others.into_iter().map(|(_, number)| number).collect()
}

fn lanes(history: &History, shown: &[u32], top: f64, row_min: f64) -> Vec<Lane> {
    let mut names: Vec<String> = history.nodes.clone();
    if names.is_empty() {
        names.push("clients".to_owned());
    }
    let clients_of = |place: usize| {
        let of_lane =
            |operation: &&Operation| history.nodes.is_empty() || usize::from(operation.node) == place;
        let mut clients: Vec<u64> = shown
            .iter()
            .map(|number| &history.operations[*number as usize])
            .filter(of_lane)
            .map(|operation| history.client(operation))
            .collect();
        clients.sort_unstable();
        clients.dedup();
        clients
    };
    let clients: Vec<Vec<u64>> = (0..names.len()).map(clients_of).collect();
    let rows: usize = clients.iter().map(|clients| clients.len().max(1)).sum();
    let row_height = ((LANES_HEIGHT - names.len() as f64 * LANE_GAP) / rows as f64).clamp(row_min, ROW_MAX);
    let mut y = top;
    let lane = |(name, clients): (&String, &Vec<u64>)| {
        let top = y;
        let row = |(client, place): (&u64, i32)| Row {
            client: *client,
            y: top + LANE_GAP / 2.0 + row_height * (f64::from(place) + 0.5),
        };
        let rows: Vec<Row> = clients.iter().zip(0..).map(row).collect();
        let bottom = top + LANE_GAP + row_height * (rows.len().max(1) as f64);
        y = bottom;
        Lane {
            name: visible(name, 14),
            top,
            bottom,
            rows,
        }
    };
    names.iter().zip(&clients).map(lane).collect()
}

impl Drawing<'_> {
    fn ground(&mut self) {
        for (number, lane) in self.lanes.iter().enumerate() {
            let class = if number % 2 == 0 { "lane even" } else { "lane odd" };
            let height = lane.bottom - lane.top;
            self.svg.rect(class, [LEFT, lane.top, RIGHT - LEFT, height], "");
        }
        name_lanes(&mut self.svg, &self.lanes);
        let ticks = self.axis.ticks(110.0);
        let step = ticks
            .windows(2)
            .map(|pair| pair[1].abs_diff(pair[0]))
            .min()
            .unwrap_or(1_000_000);
        let digits = (1..9).find(|digits| 10u64.pow(9 - digits) <= step).unwrap_or(9) as usize;
        for tick in ticks {
            let x = self.axis.x(tick);
            self.svg.line("grid", [x, self.top, x, self.bottom]);
            let text = format!("{:.digits$} s", tick as f64 / 1e9);
            self.svg.text("tick", "middle", [x, self.bottom + 17.0], &text);
        }
        for (left, right, left_out) in self.axis.breaks() {
            let height = self.bottom - self.top;
            self.svg
                .rect("break", [left, self.top, right - left, height], "another scale");
            for x in [left, right] {
                self.svg.path("break-edge", &zigzag(x, self.top, self.bottom));
            }
            let at = [(left + right) / 2.0, self.bottom + 17.0];
            self.svg
                .text("break-text", "middle", at, &format!("// {}", stretch(left_out)));
        }
    }

    fn lane(&self, node: &str) -> Option<usize> {
        let node = visible(node, 14);
        self.lanes.iter().position(|lane| lane.name == node)
    }
}

/// The torn edge of a break.
fn zigzag(x: f64, top: f64, bottom: f64) -> String {
    let mut d = format!("M{x:.1} {top:.1}");
    let steps = ((bottom - top) / 7.0) as u32;
    for step in 1..=steps {
        let side = if step % 2 == 0 { 0.0 } else { 3.5 };
        d += &format!(" L{:.1} {:.1}", x + side, top + f64::from(step) * 7.0);
    }
    d
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
        Outcome::Ok if operation.output.is_null() => format!("{asked} → {}", crate::text::nothing(history)),
        Outcome::Ok => format!("{asked} → {}", value(operation.output)),
        Outcome::Fail => format!("{asked} failed"),
        Outcome::Info => format!("{asked} → ?"),
    }
}
