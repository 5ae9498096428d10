//! The faults behind the operations: dark blocks where a node was down, hatches by side and a wall where the
//! network was cut, a grey band where there was no quorum. From confirmed beginning to confirmed end.

use super::room::Area;
use super::{Drawing, LANE_GAP};
use crate::coverage::Coverage;
use crate::coverage::quorum::reached;
use crate::report::svg::text_width;
use crate::text::{names, stretch, visible};
use history::Fault;
use history::timeline::FaultSpan;

/// A cut narrower than this has its words on hover only.
const CUT_LABEL_WIDTH_MIN: f64 = 40.0;

/// A fault as it is seen on the drawing.
struct Seen<'a> {
    span: &'a FaultSpan,
    fault: &'a Fault,
    left: f64,
    right: f64,
    lasted: String,
}

impl Seen<'_> {
    fn is_paused(&self) -> bool {
        matches!(self.fault, Fault::Pause { .. })
    }

    /// Whether it changes how links, disks or clocks behave, and stops nothing.
    fn is_disturbance(&self) -> bool {
        matches!(
            self.fault,
            Fault::Packet { .. } | Fault::Disk { .. } | Fault::Clock { .. }
        )
    }

    fn class(&self) -> String {
        let class = if self.is_paused() { "paused" } else { "down" };
        self.doubted(class)
    }

    /// The class of what is drawn: an outline where nothing was seen of the fault.
    fn doubted(&self, class: &str) -> String {
        match self.span.confirmed() {
            true => class.to_owned(),
            false => format!("{class} unfelt"),
        }
    }

    /// What its words end with.
    fn doubt(&self) -> &'static str {
        if self.span.confirmed() { "" } else { " ?" }
    }

    /// The words on hover.
    fn titled(&self, words: &str) -> String {
        match self.span.confirmed() {
            true => words.to_owned(),
            false => format!("{words} · nothing was seen of it"),
        }
    }

    fn befell(&self) -> &'static str {
        match self.fault {
            Fault::Kill {
                power: false,
                flap: None,
                ..
            } => "killed",
            Fault::Kill { power: false, .. } => "killed again and again",
            Fault::Terminate { .. } => "stopped",
            Fault::Member { .. } => "taken out",
            Fault::Pause { .. } => "paused",
            other => crate::text::fault::what_befell(other).unwrap_or("stopped"),
        }
    }

    fn sign(&self) -> &'static str {
        if self.is_paused() { "‖" } else { "✕" }
    }
}

impl Drawing<'_> {
    /// Draws blocks, hatches and walls; the words come later, when it is known where there is room.
    pub(super) fn faults(&mut self, coverage: &Coverage) {
        let seen = self.seen(coverage);
        // Kills over partitions: a dead node's links matter less.
        for seen in &seen {
            if let Fault::Partition { sides, .. } = seen.fault {
                self.cut(sides, seen);
            }
        }
        for seen in &seen {
            for node in seen.fault.stopped() {
                self.down(node, &self.seen_at(node, seen));
            }
            if seen.is_disturbance() {
                self.disturbance(seen);
            }
        }
    }

    /// Says what each fault was, where there is room for it.
    pub(super) fn fault_labels(&mut self, coverage: &Coverage) {
        for seen in self.seen(coverage) {
            match seen.fault {
                Fault::Partition {
                    shape, sides, cut, ..
                } => self.cut_label(shape, sides, cut, &seen),
                _ if seen.is_disturbance() => self.disturbance_label(&seen),
                fault => {
                    let nodes = fault.stopped().iter();
                    nodes.for_each(|node| self.down_label(node, &self.seen_at(node, &seen)));
                }
            }
        }
    }

    /// Grey, behind everything, where no connected majority was running.
    pub(super) fn no_quorum(&mut self, coverage: &Coverage) {
        let (from, to) = self.axis.range();
        let lost = coverage
            .no_quorum
            .iter()
            .map(|span| (span, "no-quorum", "no quorum"));
        let unsteady = coverage.quorum_on_and_off.iter();
        let unsteady = unsteady.map(|span| (span, "on-and-off", "a quorum on and off"));
        for ((start, end), class, title) in lost.chain(unsteady) {
            if *end > from && *start < to {
                let (left, right) = (self.axis.x((*start).max(from)), self.axis.x((*end).min(to)));
                let height = self.bottom - self.top;
                self.svg
                    .rect(class, [left, self.top, right - left, height], title);
            }
        }
    }

    fn seen<'c>(&self, coverage: &'c Coverage) -> Vec<Seen<'c>> {
        let (from, to) = self.axis.range();
        let seen = |span: &'c FaultSpan| {
            let (start, end) = span.active_ns(u64::MAX)?;
            (end >= from && start <= to).then(|| self.seen_in(span, (start, end)))
        };
        coverage.faults.iter().filter_map(seen).collect()
    }

    fn seen_in<'c>(&self, span: &'c FaultSpan, (start, end): (u64, u64)) -> Seen<'c> {
        let (from, to) = self.axis.range();
        let x = |time: u64| self.axis.x(time.clamp(from, to));
        Seen {
            span,
            fault: &span.fault,
            left: x(start),
            right: x(end).max(x(start) + 1.5),
            lasted: match (end, &span.fault) {
                (u64::MAX, Fault::Pause { .. }) => "and stayed so".to_owned(),
                (u64::MAX, _) => "and stayed down".to_owned(),
                (end, Fault::Pause { .. }) => format!("for {}", stretch(end - start)),
                (end, fault) if fault.flap().is_some() => format!("on and off for {}", stretch(end - start)),
                (end, _) => format!("down {}", stretch(end - start)),
            },
        }
    }

    /// The same of one node that it stopped, which may be back before the others are.
    fn seen_at<'c>(&self, node: &str, seen: &Seen<'c>) -> Seen<'c> {
        let stopped = seen.span.stopped_ns(self.history, node, u64::MAX);
        self.seen_in(seen.span, stopped.expect("what is seen was in force"))
    }

    fn block(&self, node: &str, seen: &Seen<'_>) -> Option<Area> {
        let lane = &self.lanes[self.lane(node)?];
        let height = lane.bottom - lane.top - LANE_GAP + 4.0;
        let top = lane.top + LANE_GAP / 2.0 - 2.0;
        Some(Area::new(seen.left, top, seen.right - seen.left, height))
    }

    fn down(&mut self, node: &str, seen: &Seen<'_>) {
        let Some(block) = self.block(node, seen) else {
            return;
        };
        let (class, befell) = (seen.class(), seen.befell());
        let title = seen.titled(&format!("{} {befell} · {}", visible(node, 20), seen.lasted));
        self.svg
            .rect(&class, [block.x, block.y, block.width, block.height], &title);
        self.room.make_busy(block);
        let right = block.x + block.width;
        self.svg
            .line("restart", [right, block.y, right, block.y + block.height]);
    }

    fn down_label(&mut self, node: &str, seen: &Seen<'_>) {
        let (Some(block), Some(lane)) = (self.block(node, seen), self.lane(node)) else {
            return;
        };
        let name = visible(node, 14);
        let (sign, befell) = (seen.sign(), seen.befell());
        let words = [
            format!("{name} {befell} · {}", seen.lasted),
            format!("{sign} {}", seen.lasted),
            format!("{sign} {name}"),
            sign.to_owned(),
        ]
        .map(|words| words + seen.doubt());
        let middle = block.x + block.width / 2.0;
        let rows = self.lanes[lane].rows.iter().map(|row| row.y);
        // An arrow's words may lie across the middle.
        let (top, bottom) = (block.y + 10.0, block.y + block.height - 10.0);
        let heights: Vec<f64> = [block.y + block.height / 2.0]
            .into_iter()
            .chain(rows)
            .chain([bottom, top])
            .collect();
        for words in words {
            let width = text_width(&words, 11.0);
            let free = heights
                .iter()
                .map(|y| Area::new(middle - width / 2.0, y - 8.0, width, 16.0))
                .find(|area| width + 6.0 < block.width && self.room.is_free(area));
            if let Some(area) = free {
                self.room.take(area);
                self.top_layer
                    .text("down-text", "middle", [middle, area.y + 12.0], &words);
                return;
            }
        }
    }

    /// A stripe at the foot of each lane that a fault of packets, disk or clock touches; all of its words are on hover.
    fn disturbance(&mut self, seen: &Seen<'_>) {
        let title = seen.titled(&crate::text::fault(seen.fault));
        let class = seen.doubted("disturbed");
        for node in seen.fault.nodes() {
            let Some(lane) = self.lane(node) else { continue };
            let bottom = self.lanes[lane].bottom;
            let stripe = [seen.left, bottom - 5.0, seen.right - seen.left, 4.0];
            self.svg.rect(&class, stripe, &title);
        }
    }

    /// What a stripe stands for, over it on each lane where there is room.
    fn disturbance_label(&mut self, seen: &Seen<'_>) {
        let words = crate::text::fault::deed(seen.fault) + seen.doubt();
        for node in seen.fault.nodes() {
            let Some(lane) = self.lane(node) else { continue };
            let (width, y) = (text_width(&words, 11.0), self.lanes[lane].bottom - 19.0);
            let places = [seen.left + 4.0, seen.right - width - 4.0, seen.right + 4.0];
            let mut areas = places.map(|x| Area::new(x, y, width, 13.0)).into_iter();
            if let Some(area) = areas.find(|area| self.room.is_quiet(area)) {
                self.room.take(area);
                self.top_layer
                    .text("reaches", "start", [area.x, area.y + 10.0], &words);
            }
        }
    }

    fn cut(&mut self, sides: &[Vec<String>], seen: &Seen<'_>) {
        let width = seen.right - seen.left;
        let title = seen.titled(&crate::text::fault(seen.fault));
        for (number, side) in sides.iter().enumerate() {
            for node in side {
                let Some(lane) = self.lane(node) else { continue };
                let (top, bottom) = (self.lanes[lane].top, self.lanes[lane].bottom);
                let class = seen.doubted(match number % 2 {
                    0 => "cut side-a",
                    _ => "cut side-b",
                });
                self.svg
                    .rect(&class, [seen.left, top + 1.0, width, bottom - top - 2.0], &title);
            }
        }
        for y in self.walls(sides) {
            self.svg.line("wall", [seen.left, y, seen.right, y]);
        }
        for x in [seen.left, seen.right] {
            self.svg.line("cut-edge", [x, self.top, x, self.bottom]);
        }
    }

    /// Where two sides touch, if each is a stack of neighbouring lanes; otherwise there is no wall.
    fn walls(&self, sides: &[Vec<String>]) -> Vec<f64> {
        let side_of = |name: &str| {
            let has = |side: &Vec<String>| side.iter().any(|node| visible(node, 14) == name);
            sides.iter().position(has)
        };
        let walls: Vec<f64> = self
            .lanes
            .windows(2)
            .filter(|pair| side_of(&pair[0].name) != side_of(&pair[1].name))
            .map(|pair| pair[0].bottom)
            .collect();
        match walls.len() == 1 && sides.len() == 2 {
            true => walls,
            false => Vec::new(),
        }
    }

    fn cut_label(&mut self, shape: &str, sides: &[Vec<String>], cut: &[(String, String)], seen: &Seen<'_>) {
        let width = seen.right - seen.left;
        if width < CUT_LABEL_WIDTH_MIN {
            return;
        }
        let flapping = match seen.fault.flap() {
            Some(_) => ", on and off",
            None => "",
        };
        let doubt = seen.doubt();
        let label = match sides.len() {
            0..3 => {
                let apart = if shape == "one-way" { " ⇥ " } else { " ┊ " };
                let sides: Vec<String> = sides.iter().map(|side| names(side)).collect();
                format!("✂ {}: {}{flapping}", visible(shape, 20), sides.join(apart)) + doubt
            }
            _ => format!("✂ {}{flapping}{doubt}", visible(shape, 20)),
        };
        let walls = self.walls(sides);
        let heights = match walls.is_empty() {
            true => self.lanes.iter().map(|lane| lane.bottom).collect(),
            false => walls,
        };
        let shares = [0.5, 0.3, 0.7, 0.1, 0.9];
        let places: Vec<(f64, f64)> = heights
            .into_iter()
            .flat_map(|y| shares.map(|share| (seen.left + width * share, y)))
            .collect();
        self.pill("pill-cut", &places, &label);
        if sides.len() > 2 {
            self.reaches(cut, seen);
        }
    }

    /// For shapes that have no two sides: whom each node reaches, in both directions.
    fn reaches(&mut self, cut: &[(String, String)], seen: &Seen<'_>) {
        let nodes = &self.history.nodes;
        for node in nodes {
            let reached = reached(nodes, cut, node);
            let words = match reached.is_empty() {
                true => "reaches nobody".to_owned(),
                false => format!("reaches {}", names(&reached)),
            };
            let Some(lane) = self.lane(node) else { continue };
            let (width, y) = (text_width(&words, 11.0), self.lanes[lane].top + 2.0);
            let places = [seen.right - width - 6.0, seen.left + 6.0];
            let free = places
                .map(|x| Area::new(x, y, width, 14.0))
                .into_iter()
                .find(|area| self.room.is_quiet(area));
            if let Some(area) = free {
                self.room.take(area);
                self.top_layer
                    .text("reaches", "start", [area.x, area.y + 10.5], &words);
            }
        }
    }
}
