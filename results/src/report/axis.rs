//! Time on paper: to scale, but for visible breaks where nothing relevant happened for long.
//!
//! A break is a stretch on a scale of its own: narrow when nothing happened in it, wide enough to show the
//! faults that came and went in it otherwise. Whoever draws marks it and says how long it is.

/// A gap is cut when it is this many times the median one, and more than this part of the whole.
const BREAK_FACTOR: u64 = 20;
const BREAK_SHARE: u64 = 3;
/// How wide a break is drawn, in pixels.
const BREAK_WIDTH: f64 = 58.0;
/// How wide breaks with something to show in them are, all together and at most one of them.
const FULL_BREAKS_WIDTH: f64 = 330.0;
const FULL_BREAK_WIDTH_MAX: f64 = 190.0;

/// A mapping from nanoseconds to pixels.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What is drawn on the common scale.
    stretches: Vec<Stretch>,
}

/// From a moment to a moment, from a pixel to a pixel.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start_ns: u64,
    end_ns: u64,
    left: f64,
    right: f64,
}

impl Axis {
    /// An axis over these moments from `left` to `right`, with breaks where they are far apart. Breaks that
    /// have one of `changes` in them are drawn wider.
    pub fn over(mut moments: Vec<u64>, changes: &[u64], left: f64, right: f64) -> Axis {
        if moments.is_empty() {
            moments = vec![0, 1];
        }
        moments.sort_unstable();
        moments.dedup();
        let (first, last) = (moments[0], moments[moments.len() - 1]);
        let mut gaps: Vec<u64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_unstable();
        let median = gaps.get(gaps.len() / 2).copied().unwrap_or(1).max(1);
        let mut starts = vec![first];
        let mut ends = Vec::new();
        for pair in moments.windows(2) {
            let gap = pair[1] - pair[0];
            if gap > median.saturating_mul(BREAK_FACTOR) && gap > (last - first) / BREAK_SHARE {
                ends.push(pair[0]);
                starts.push(pair[1]);
            }
        }
        ends.push(last);
        let breaks = starts.len() - 1;
        let has_changes = |place: usize| {
            let inside = ends[place]..starts[place + 1];
            changes.iter().any(|at| inside.contains(at))
        };
        let full = (0..breaks).filter(|place| has_changes(*place)).count();
        let wide = (FULL_BREAKS_WIDTH / full.max(1) as f64).clamp(BREAK_WIDTH, FULL_BREAK_WIDTH_MAX);
        let width_of = |place| if has_changes(place) { wide } else { BREAK_WIDTH };
        let widths: Vec<f64> = (0..breaks).map(width_of).collect();
        // Some air around what happens, so that nothing touches a break or the edge.
        let drawn: u64 = starts.iter().zip(&ends).map(|(start, end)| end - start).sum();
        let air = (drawn / 14).max(median / 2).max(1000);
        let total = drawn as f64 + 2.0 * air as f64 * starts.len() as f64;
        let per_ns = (right - left - widths.iter().sum::<f64>()) / total;
        let mut x = left;
        let mut stretches = Vec::new();
        for (place, (start, end)) in starts.iter().zip(&ends).enumerate() {
            let (start_ns, end_ns) = (start.saturating_sub(air), end.saturating_add(air));
            let width = (end_ns - start_ns) as f64 * per_ns;
            stretches.push(Stretch {
                start_ns,
                end_ns,
                left: x,
                right: x + width,
            });
            x += width + widths.get(place).copied().unwrap_or(0.0);
        }
        Axis { stretches }
    }

    /// The pixel of a moment; outside of the axis, its edge.
    pub fn x(&self, time_ns: u64) -> f64 {
        let mut before: Option<&Stretch> = None;
        for here in &self.stretches {
            if time_ns < here.start_ns {
                let Some(before) = before else { return here.left };
                let share = time_ns.saturating_sub(before.end_ns) as f64
                    / here.start_ns.saturating_sub(before.end_ns).max(1) as f64;
                return before.right + (here.left - before.right) * share;
            }
            if time_ns <= here.end_ns {
                let share = (time_ns - here.start_ns) as f64 / (here.end_ns - here.start_ns).max(1) as f64;
                return here.left + (here.right - here.left) * share;
            }
            before = Some(here);
        }
        before.map_or(0.0, |last| last.right)
    }

    /// The breaks: (left, right, nanoseconds on another scale).
    pub fn breaks(&self) -> Vec<(f64, f64, u64)> {
        let pairs = self.stretches.windows(2);
        pairs
            .map(|pair| {
                let length_ns = pair[1].start_ns.saturating_sub(pair[0].end_ns);
                (pair[0].right, pair[1].left, length_ns)
            })
            .collect()
    }

    /// The first and the last moment that are drawn.
    pub fn range(&self) -> (u64, u64) {
        let last = self.stretches[self.stretches.len() - 1];
        (self.stretches[0].start_ns, last.end_ns)
    }

    /// Round moments to label, about `every` pixels apart, none too near to a break's own label.
    pub fn ticks(&self, every: f64) -> Vec<u64> {
        let mut ticks = Vec::new();
        let breaks = self.breaks();
        let is_clear = |tick: &u64| {
            let x = self.x(*tick);
            breaks
                .iter()
                .all(|(left, right, _)| (x - (left + right) / 2.0).abs() > 64.0)
        };
        for here in &self.stretches {
            let wanted = ((here.right - here.left) / every).max(1.0);
            let raw = (here.end_ns - here.start_ns) as f64 / wanted;
            let magnitude = 10f64.powf(raw.max(1.0).log10().floor());
            let nice = [1.0, 2.0, 5.0, 10.0]
                .into_iter()
                .find(|step| step * magnitude >= raw)
                .unwrap_or(10.0);
            let step = ((nice * magnitude) as u64).max(1);
            let round = (here.start_ns.div_ceil(step)..=here.end_ns / step).map(|n| n * step);
            ticks.extend(round.filter(is_clear));
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_linear_where_gaps_are_alike() {
        let axis = Axis::over(vec![0, 1_000_000, 2_000_000, 3_000_000], &[], 0.0, 100.0);
        assert!(axis.breaks().is_empty());
        let step = axis.x(1_000_000) - axis.x(0);
        assert!((axis.x(3_000_000) - axis.x(2_000_000) - step).abs() < 0.01);
    }

    #[test]
    fn a_gap_much_larger_than_the_others_is_cut_and_said() {
        let moments = vec![0, 1_000_000, 2_000_000, 9_000_000_000, 9_001_000_000];
        let axis = Axis::over(moments.clone(), &[], 0.0, 800.0);
        let breaks = axis.breaks();
        assert_eq!(breaks.len(), 1);
        assert!(breaks[0].2 > 8_900_000_000);
        assert!(axis.x(2_000_000) < breaks[0].0 && axis.x(9_000_000_000) > breaks[0].1);
        let inside = axis.x(5_000_000_000);
        assert!(inside > breaks[0].0 && inside < breaks[0].1);
        let full = Axis::over(moments, &[5_000_000_000], 0.0, 800.0);
        let width = |axis: &Axis| axis.breaks()[0].1 - axis.breaks()[0].0;
        assert!(width(&full) > width(&axis), "a fault in between needs room");
    }

    #[test]
    fn time_never_runs_backwards() {
        let long = vec![5, 6, 7, 1_000_000_000, 1_000_000_001];
        for moments in [vec![], vec![7], vec![0, u64::MAX / 4], vec![u64::MAX - 1], long] {
            let axis = Axis::over(moments, &[], 0.0, 800.0);
            let (from, to) = axis.range();
            let xs: Vec<f64> = (0..=100).map(|n| axis.x(from + (to - from) / 100 * n)).collect();
            assert!(xs.windows(2).all(|pair| pair[0] <= pair[1]), "{xs:?}");
        }
    }
}
