//! The whole run on one time axis: faults by node, throughput by outcome, latency; the violation as a band.

pub mod lanes;
mod legend;

use super::svg::Svg;
use crate::coverage::{Coverage, known_end_ns};
use crate::text::count;
use history::{History, Outcome};
use lanes::LaneSpan;

const WIDTH: f64 = 1240.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 1206.0;
const LANE: f64 = 15.0;
const THROUGHPUT: f64 = 96.0;
const LATENCY: f64 = 132.0;
const GAP: f64 = 34.0;
/// How far apart letters must be to be seen; nearer together, one word stands for all.
const LETTERS_APART: f64 = 26.0;
/// Where the tags of the violation are; the script that draws over the picture knows it too.
const TAGS: f64 = 33.0;
/// How many single operations are drawn as points; the lines are made of all.
const POINTS_MAX: usize = 4000;

/// The picture, and what it leaves out.
pub struct WholeRun {
    /// The drawing.
    pub svg: String,
    /// What is not shown, in words.
    pub left_out: String,
}

struct Bins {
    start_ns: u64,
    width_ns: u64,
    counts: Vec<[usize; 3]>,
    latencies_ns: Vec<Vec<u64>>,
}

impl Bins {
    /// The beginning of a bin. Times come from a file and may be anything.
    fn moment(&self, place: usize) -> u64 {
        self.start_ns
            .saturating_add(self.width_ns.saturating_mul(place as u64))
    }
}

/// The time that is drawn: from the first operation to the last moment, in nanoseconds; never empty.
pub fn span(history: &History) -> (u64, u64) {
    let end_ns = history.end_ns().max(1);
    let first = history.operations.first();
    (
        first.map_or(0, |operation| operation.start_ns).min(end_ns - 1),
        end_ns,
    )
}

/// Draws the run; `violations` are the operations of each that the page tells, as spans in nanoseconds, `lanes` the faults
/// of each node.
pub fn draw(
    history: &History,
    coverage: &Coverage,
    lanes: &[Vec<LaneSpan>],
    violations: &[Vec<(u64, u64)>],
) -> WholeRun {
    let (start_ns, end_ns) = span(history);
    let x = |time_ns: u64| {
        let share = time_ns.saturating_sub(start_ns) as f64 / (end_ns - start_ns) as f64;
        LEFT + (RIGHT - LEFT) * share.min(1.0)
    };
    let bins = bins(history, start_ns, end_ns);
    let nodes = history.nodes.len().max(1) as f64;
    // Tags of the violation have a row of their own under the legend.
    let lanes_top = if violations.is_empty() { 26.0 } else { 48.0 };
    let throughput_top = lanes_top + nodes * LANE + GAP;
    let latency_top = throughput_top + THROUGHPUT + GAP;
    let bottom = latency_top + LATENCY;
    let mut svg = Svg::new(WIDTH, bottom + 26.0);
    for (start, end) in violations.iter().flatten() {
        let (left, right) = (x(*start), x(*end).max(x(*start) + 3.0));
        svg.rect(
            "violation-band",
            [left - 1.0, TAGS, right - left + 2.0, bottom - TAGS],
            "an operation of the contradiction",
        );
    }
    lanes::draw(&mut svg, history, lanes, &x, lanes_top);
    let main_end = coverage.main_ns.1;
    let has_main_end = main_end < end_ns && history.header.is_some();
    let extras = legend::Extras {
        no_quorum: !coverage.no_quorum.is_empty(),
        on_and_off: !coverage.quorum_on_and_off.is_empty(),
        main_end: has_main_end,
    };
    legend::draw(&mut svg, lanes, &extras);
    quorum(&mut svg, coverage, &x, throughput_top, bottom);
    let cut_off = throughput(&mut svg, &bins, coverage.main_ns, &x, throughput_top);
    let points = latency(&mut svg, history, &bins, &x, latency_top);
    axis(&mut svg, start_ns, end_ns, &x, bottom);
    if has_main_end {
        let at = x(main_end);
        svg.line("phase", [at, lanes_top, at, bottom]);
    }
    tags(&mut svg, violations, &x);
    let description = format!(
        "{} operations over {:.1} seconds, {} faults, {:.1} seconds without quorum.",
        count(history.operations.len()),
        (end_ns - start_ns) as f64 / 1e9,
        coverage.faults.len(),
        coverage.no_quorum_ns() as f64 / 1e9
    );
    let left_out = match points {
        0 | 1 => "Latency shows every operation.".to_owned(),
        every => format!(
            "Latency shows every {} operation as a point, {} of {}; the lines and bars are made of all.",
            crate::text::ordinal(every),
            count(history.operations.len().div_ceil(every)),
            count(history.operations.len())
        ),
    };
    let high = cut_off.map_or(String::new(), |per_s| {
        let per_s = count(per_s.round() as u64);
        format!(" The reads at the end are not paced: up to {per_s} a second, cut off here.")
    });
    let bin = format!(
        " Bars and lines are bins of {}.",
        crate::text::stretch(bins.width_ns)
    );
    WholeRun {
        svg: svg.finish("whole-run", "The whole run", &description),
        left_out: left_out + &bin + &high,
    }
}

/// Names the violation's operations by their letters, or several violations by their numbers; one word for all where that
/// would not be seen.
fn tags(svg: &mut Svg, violations: &[Vec<(u64, u64)>], x: &dyn Fn(u64) -> f64) {
    let middle = |spans: &[(u64, u64)]| {
        let (from, to) = spans.iter().fold((RIGHT, LEFT), |(low, high), (start, end)| {
            (low.min(x(*start)), high.max(x(*end)))
        });
        (from + to) / 2.0
    };
    let (word, mut tags): (&str, Vec<(f64, String)>) = match violations {
        [] => return,
        [one] => (
            "violation",
            one.iter()
                .zip('A'..)
                .map(|(span, letter)| (middle(&[*span]), letter.to_string()))
                .collect(),
        ),
        several => (
            "violations",
            several
                .iter()
                .zip(1..)
                .map(|(spans, number)| (middle(spans), number.to_string()))
                .collect(),
        ),
    };
    tags.sort_by(|a, b| a.0.total_cmp(&b.0));
    let is_crowded = tags.windows(2).any(|pair| pair[1].0 - pair[0].0 < LETTERS_APART);
    match (is_crowded || tags.len() == 1, tags.as_slice()) {
        (true, [(first, _), .., (last, _)]) => {
            svg.pill(
                "pill-violation",
                [((first + last) / 2.0).max(LEFT + 34.0), TAGS],
                word,
            );
        }
        (true, [(only, _)]) => {
            svg.pill("pill-violation", [only.max(LEFT + 34.0), TAGS], word);
        }
        _ => tags.iter().for_each(|(x, tag)| {
            svg.pill("pill-violation", [*x, TAGS], tag);
        }),
    }
}

fn bins(history: &History, start_ns: u64, end_ns: u64) -> Bins {
    // Half a second, or a 120th of the run, whichever is less; never more than 600 of them.
    let span = end_ns - start_ns;
    let width_ns = (span / 120).min(500_000_000).max(span / 600).max(1);
    let length = (span / width_ns + 1) as usize;
    let mut bins = Bins {
        start_ns,
        width_ns,
        counts: vec![[0; 3]; length],
        latencies_ns: vec![Vec::new(); length],
    };
    for operation in &history.operations {
        let end = known_end_ns(operation);
        let bin = ((end.saturating_sub(start_ns) / width_ns) as usize).min(length - 1);
        bins.counts[bin][operation.outcome as usize] += 1;
        if operation.outcome == Outcome::Ok {
            bins.latencies_ns[bin].push(end.saturating_sub(operation.start_ns));
        }
    }
    bins.latencies_ns
        .iter_mut()
        .for_each(|latencies| latencies.sort_unstable());
    bins
}

fn quorum(svg: &mut Svg, coverage: &Coverage, x: &dyn Fn(u64) -> f64, top: f64, bottom: f64) {
    let lost = coverage.no_quorum.iter();
    let lost = lost.map(|span| (span, "no-quorum", "no connected majority of running nodes"));
    let unsteady = coverage.quorum_on_and_off.iter();
    let unsteady = unsteady.map(|span| (span, "on-and-off", "a connected majority on and off"));
    for ((start, end), class, title) in lost.chain(unsteady) {
        let width = (x(*end) - x(*start)).max(1.0);
        svg.rect(class, [x(*start), top, width, bottom - top], title);
    }
}

/// Draws the throughput to the scale of the main phase; returns what was higher, per second, and cut off.
fn throughput(
    svg: &mut Svg,
    bins: &Bins,
    main_ns: (u64, u64),
    x: &dyn Fn(u64) -> f64,
    top: f64,
) -> Option<f64> {
    svg.text("plot-title", "start", [0.0, top - 10.0], "Throughput");
    svg.text(
        "tick",
        "start",
        [94.0, top - 10.0],
        "completed operations per second, stacked: ok, failed, unknown",
    );
    let totals = || bins.counts.iter().map(|counts| counts.iter().sum::<usize>());
    let is_main = |place: usize| {
        let start = bins.moment(place);
        start >= main_ns.0 && bins.moment(place + 1) <= main_ns.1
    };
    let highest = totals().max().unwrap_or(0).max(1);
    let most = totals()
        .enumerate()
        .filter(|(place, _)| is_main(*place))
        .map(|(_, total)| total)
        .max();
    let most = most.filter(|most| *most > 0).unwrap_or(highest);
    let per_s = |number: usize| number as f64 * 1e9 / bins.width_ns as f64;
    let scale = |number: usize| (THROUGHPUT * number as f64 / most as f64).min(THROUGHPUT + 6.0);
    for (label, y) in [(0, top + THROUGHPUT), (most, top)] {
        svg.line("grid", [LEFT, y, RIGHT, y]);
        svg.text(
            "tick",
            "end",
            [LEFT - 8.0, y + 4.0],
            &count(per_s(label).round() as u64),
        );
    }
    for (place, counts) in bins.counts.iter().enumerate() {
        let left = x(bins.moment(place));
        let right = x(bins.moment(place + 1));
        let mut y = top + THROUGHPUT;
        for (class, number) in ["bar-ok", "bar-failed", "bar-unknown"].into_iter().zip(counts) {
            let height = scale(*number).min(y - top + 6.0);
            if height > 0.0 {
                y -= height;
                svg.rect(class, [left, y, (right - left + 0.2).max(0.6), height], "");
            }
        }
    }
    (highest > most).then(|| per_s(highest))
}

/// How far apart the names of two lines stand at least.
const NAMES_APART: f64 = 11.0;

/// Draws the latencies, and says that every so-many-th operation is a point.
fn latency(svg: &mut Svg, history: &History, bins: &Bins, x: &dyn Fn(u64) -> f64, top: f64) -> usize {
    svg.text("plot-title", "start", [0.0, top - 10.0], "Latency");
    svg.text(
        "tick",
        "start",
        [94.0, top - 10.0],
        "ok operations, log scale; thick line: median, thin line: 99th percentile; top: unknown outcomes",
    );
    let longest = bins
        .latencies_ns
        .iter()
        .filter_map(|latencies| latencies.last())
        .max()
        .copied()
        .unwrap_or(1);
    let timeout = history
        .header
        .as_ref()
        .map_or(0, |header| header.client_timeout_ns);
    let (low, high) = (5.0, (longest.max(timeout).max(1_000_000) as f64).log10() + 0.1);
    let y = |time_ns: f64| {
        let share = (time_ns.max(1.0).log10().max(low) - low) / (high - low);
        top + LATENCY - (LATENCY - 14.0) * share.min(1.0)
    };
    for (time_ns, label) in [
        (1e5_f64, "0.1 ms"),
        (1e6, "1 ms"),
        (1e7, "10 ms"),
        (1e8, "0.1 s"),
        (1e9, "1 s"),
        (1e10, "10 s"),
    ] {
        if time_ns.log10() <= high {
            svg.line("grid", [LEFT, y(time_ns), RIGHT, y(time_ns)]);
            svg.text("tick", "end", [LEFT - 8.0, y(time_ns) + 4.0], label);
        }
    }
    let every = history.operations.len().div_ceil(POINTS_MAX).max(1);
    for operation in history.operations.iter().step_by(every) {
        match operation.outcome {
            Outcome::Ok => svg.circle(
                "point",
                [
                    x(operation.end_ns),
                    y(operation.end_ns.saturating_sub(operation.start_ns) as f64),
                    0.9,
                ],
            ),
            Outcome::Info => svg.circle("point-unknown", [x(operation.start_ns), top + 4.0, 1.5]),
            Outcome::Fail => {}
        }
    }
    let mut ends = Vec::new();
    for (class, share) in [("line-p99", 0.99), ("line-p50", 0.5)] {
        let mut d = String::new();
        let mut pen_down = false;
        let mut last_y = None;
        for (place, latencies) in bins.latencies_ns.iter().enumerate() {
            let Some(last) = latencies.len().checked_sub(1) else {
                pen_down = false;
                continue;
            };
            let value = latencies[(last as f64 * share).round() as usize];
            let middle = x(bins.moment(place).saturating_add(bins.width_ns / 2));
            d += &format!(
                "{}{middle:.1} {:.1}",
                if pen_down { "L" } else { "M" },
                y(value as f64)
            );
            pen_down = true;
            last_y = Some(y(value as f64));
        }
        svg.path(class, &d);
        ends.push(last_y);
    }
    // Where the lines end together their names stand one above the other.
    if let [Some(p99), Some(p50)] = ends[..] {
        let p99 = p99.min(p50 - NAMES_APART);
        for (word, y) in [("p99", p99), ("p50", p50)] {
            svg.text("tick", "start", [RIGHT + 4.0, y + 4.0], word);
        }
    }
    every
}

fn axis(svg: &mut Svg, start_ns: u64, end_ns: u64, x: &dyn Fn(u64) -> f64, bottom: f64) {
    let span_s = (end_ns - start_ns) as f64 / 1e9;
    let step = [
        0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 3600.0,
    ];
    let step = step
        .into_iter()
        .find(|step| span_s / step <= 14.0)
        .unwrap_or((span_s / 14.0).ceil());
    let digits = usize::from(step < 1.0);
    let mut tick = (start_ns as f64 / 1e9 / step).ceil();
    while tick * step <= end_ns as f64 / 1e9 {
        let at = (tick * step * 1e9) as u64;
        svg.line("tick-mark", [x(at), bottom, x(at), bottom + 4.0]);
        svg.text(
            "tick",
            "middle",
            [x(at), bottom + 17.0],
            &format!("{:.digits$} s", tick * step),
        );
        tick += 1.0;
    }
}
