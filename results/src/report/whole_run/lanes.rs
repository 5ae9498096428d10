//! The faults of the whole run, a lane for each node. Read next: `legend` for what is said of them.

use super::{LANE, LEFT, RIGHT};
use crate::coverage::Coverage;
use crate::coverage::quorum::reached;
use crate::report::svg::{Svg, text_width};
use crate::text::{names, visible};
use history::{Fault, History};

/// How high the stripe of a disturbance is.
pub const STRIPE: f64 = 4.0;
/// Where the title of the lanes stands, and the legend beside it.
pub const BASELINE: f64 = 17.0;
/// The size of the words on a lane, in pixels.
const WORDS: f64 = 9.5;

/// A fault on one node's lane.
#[derive(Clone, Debug)]
pub struct LaneSpan {
    /// How it is drawn: `cut-minority` (the node reaches no majority), `cut-majority` (it does), `down`, `paused` or
    /// `disturbed`.
    pub class: &'static str,
    /// The fault's kind.
    pub kind: &'static str,
    /// Whether it came and went while it was in force.
    pub flaps: bool,
    /// When it began to be in force, in nanoseconds.
    pub start_ns: u64,
    /// When it was over.
    pub end_ns: u64,
    /// What it was, in words.
    pub title: String,
    /// What is written on it, where there is room: from whom the node is cut off.
    pub words: String,
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
                if let (Some((start_ns, end_ns)), Some((class, title, words))) =
                    (in_force, on_lane(&span.fault, node, &history.nodes))
                {
                    lane.push(LaneSpan {
                        class,
                        kind: span.fault.kind(),
                        flaps: span.fault.flap().is_some(),
                        start_ns,
                        end_ns,
                        title,
                        words,
                    });
                }
            }
        }
        lane
    };
    history.nodes.iter().map(lane).collect()
}

/// Draws the lanes of all nodes.
pub fn draw(svg: &mut Svg, history: &History, lanes: &[Vec<LaneSpan>], x: &dyn Fn(u64) -> f64, top: f64) {
    svg.text("plot-title", "start", [0.0, BASELINE], "Faults");
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
            if span.flaps {
                svg.rect("flaps", area, &span.title);
            }
            if !span.words.is_empty() && text_width(&span.words, WORDS) + 8.0 <= width {
                let class = format!("lane-words on-{}", span.class);
                svg.text(&class, "start", [left + 4.0, y + 10.0], &span.words);
            }
        }
    }
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
            Fault::Kill { .. } | Fault::Terminate { .. } | Fault::Member { .. } | Fault::Pause { .. } => {
                Layer::Stopped
            }
            Fault::Packet { .. } | Fault::Disk { .. } | Fault::Clock { .. } => Layer::Disturbed,
        }
    }
}

/// How a fault is drawn on a node's lane, what is said of it there, and what is written on it; nothing where it does not
/// touch the node.
fn on_lane(fault: &Fault, node: &str, nodes: &[String]) -> Option<(&'static str, String, String)> {
    let words = crate::text::fault(fault);
    // The one in the middle of a bridge is on a side, and cut off from nobody.
    if !fault.nodes().contains(&node) {
        return None;
    }
    match fault {
        Fault::Partition { shape, cut, .. } => {
            let reached = reached(nodes, cut, node);
            let lost = nodes.iter().filter(|it| *it != node && !reached.contains(it));
            let lost: Vec<&String> = lost.collect();
            let class = match reached.len() + 1 > nodes.len() / 2 {
                true => "cut-majority",
                false => "cut-minority",
            };
            let shape = visible(shape, 20);
            let title = format!(
                "{shape}: {words}; {} is cut from {}",
                visible(node, 20),
                names(&lost)
            );
            Some((class, title, format!("✂ {}", names(&lost))))
        }
        Fault::Kill { .. } | Fault::Terminate { .. } | Fault::Member { .. } | Fault::Pause { .. } => {
            let is_pause = matches!(fault, Fault::Pause { .. });
            let befell = crate::text::fault::what_befell(fault).unwrap_or("stopped");
            let class = if is_pause { "paused" } else { "down" };
            Some((class, format!("{} {befell}", visible(node, 20)), String::new()))
        }
        Fault::Packet { .. } | Fault::Disk { .. } | Fault::Clock { .. } => {
            Some(("disturbed", words, String::new()))
        }
    }
}
