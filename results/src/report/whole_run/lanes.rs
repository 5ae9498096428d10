//! The faults of the whole run, a lane for each node.

use super::{LANE, LEFT, RIGHT};
use crate::coverage::Coverage;
use crate::report::svg::{Svg, text_width};
use crate::text::visible;
use history::{Fault, History};

/// How high the stripe of a disturbance is.
const STRIPE: f64 = 4.0;

/// A fault on one node's lane.
#[derive(Clone, Debug)]
pub struct LaneSpan {
    /// How it is drawn: `cut-small`, `cut-large`, `down`, `paused` or `disturbed`.
    pub class: &'static str,
    /// When it began to be in force, in nanoseconds.
    pub start_ns: u64,
    /// When it was over.
    pub end_ns: u64,
    /// What it was, in words.
    pub title: String,
}

/// What was in force on each node, in the order in which it is drawn: kills over partitions, as a dead node's links
/// matter less, and disturbances over both.
pub fn lanes(history: &History, coverage: &Coverage) -> Vec<Vec<LaneSpan>> {
    let end_ns = history.end_ns().max(1);
    let lane = |node: &String| {
        let mut lane = Vec::new();
        for layer in [Layer::Cut, Layer::Stopped, Layer::Disturbed] {
            for span in coverage
                .faults
                .iter()
                .filter(|span| Layer::of(&span.fault) == layer)
            {
                let in_force = match layer {
                    Layer::Stopped => span.stopped_ns(history, node, end_ns),
                    Layer::Cut | Layer::Disturbed => span.active_ns(end_ns),
                };
                if let (Some((start_ns, end_ns)), Some((class, title))) =
                    (in_force, on_lane(&span.fault, node))
                {
                    lane.push(LaneSpan {
                        class,
                        start_ns,
                        end_ns,
                        title,
                    });
                }
            }
        }
        lane
    };
    history.nodes.iter().map(lane).collect()
}

/// Draws the lanes of all nodes, and says what is what.
pub fn draw(svg: &mut Svg, history: &History, lanes: &[Vec<LaneSpan>], x: &dyn Fn(u64) -> f64, top: f64) {
    svg.text("plot-title", "start", [0.0, top - 9.0], "Faults");
    for (place, (node, lane)) in history.nodes.iter().zip(lanes).enumerate() {
        let y = top + place as f64 * LANE;
        svg.text("tick", "end", [LEFT - 8.0, y + 10.5], &visible(node, 8));
        svg.rect("lane even", [LEFT, y + 1.0, RIGHT - LEFT, LANE - 3.0], "");
        for span in lane {
            let left = x(span.start_ns);
            let width = x(span.end_ns).max(left + 2.0) - left;
            let area = match span.class {
                "disturbed" => [left, y + LANE - 6.0, width, STRIPE],
                _ => [left, y + 1.0, width, LANE - 3.0],
            };
            svg.rect(span.class, area, &span.title);
        }
    }
    legend(svg, top);
}

/// Faults that stop a node are drawn over those that cut it off, disturbances over both.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Cut,
    Stopped,
    Disturbed,
}

impl Layer {
    fn of(fault: &Fault) -> Layer {
        match fault {
            Fault::Partition { .. } => Layer::Cut,
            Fault::Kill { .. } | Fault::Terminate { .. } | Fault::Pause { .. } => Layer::Stopped,
            Fault::Packet { .. } | Fault::Disk { .. } | Fault::Clock { .. } => Layer::Disturbed,
        }
    }
}

/// How a fault is drawn on a node's lane, and what is said of it there; nothing where it does not touch the node.
fn on_lane(fault: &Fault, node: &str) -> Option<(&'static str, String)> {
    let words = crate::text::fault(fault);
    match fault {
        Fault::Partition { sides, shape, .. } => {
            let side = sides.iter().position(|side| side.iter().any(|it| it == node))?;
            let largest = sides.iter().map(Vec::len).max().unwrap_or(0);
            let is_small = sides[side].len() < largest || sides.len() > 2;
            let class = if is_small { "cut-small" } else { "cut-large" };
            Some((class, format!("{}: {words}", visible(shape, 20))))
        }
        _ if !fault.nodes().contains(&node) => None,
        Fault::Kill { .. } | Fault::Terminate { .. } | Fault::Pause { .. } => {
            let is_pause = matches!(fault, Fault::Pause { .. });
            let befell = crate::text::fault::what_befell(fault).unwrap_or("stopped");
            let class = if is_pause { "paused" } else { "down" };
            Some((class, format!("{} {befell}", visible(node, 20))))
        }
        Fault::Packet { .. } | Fault::Disk { .. } | Fault::Clock { .. } => Some(("disturbed", words)),
    }
}

fn legend(svg: &mut Svg, top: f64) {
    let mut legend_x = RIGHT;
    for (class, word) in [
        ("no-quorum", "no quorum"),
        ("disturbed", "packets, disk or clock"),
        ("paused", "node paused"),
        ("down", "node down"),
        ("cut-large", "larger side"),
        ("cut-small", "partition: smaller side"),
    ] {
        legend_x -= text_width(word, 11.0);
        svg.text("tick", "start", [legend_x, top - 9.0], word);
        legend_x -= 18.0;
        let (from, height) = match class {
            "disturbed" => (top - 13.0, STRIPE),
            _ => (top - 18.0, 10.0),
        };
        svg.rect(class, [legend_x, from, 12.0, height], "");
        legend_x -= 14.0;
    }
}
