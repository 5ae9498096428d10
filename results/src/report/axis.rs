//! Time on paper: linear, but for visible breaks where nothing relevant happened for long.

/// A gap is cut when it is this many times the median one.
const BREAK_FACTOR: u64 = 20;
/// How wide a break is drawn, in pixels.
const BREAK_WIDTH: f64 = 46.0;

/// A mapping from nanoseconds to pixels.
#[derive(Clone, Debug)]
pub struct Axis {
    /// (start, end, left, right) of each stretch that is drawn to scale.
    stretches: Vec<(u64, u64, f64, f64)>,
}

impl Axis {
    /// An axis over these moments from `left` to `right`, with breaks where they are far apart.
    pub fn over(mut moments: Vec<u64>, left: f64, right: f64) -> Axis {
        moments.sort_unstable();
        moments.dedup();
        let (Some(first), Some(last)) = (moments.first().copied(), moments.last().copied()) else {
            return Axis {
                stretches: vec![(0, 1, left, right)],
            };
        };
        let mut gaps: Vec<u64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_unstable();
        let median = gaps.get(gaps.len() / 2).copied().unwrap_or(1).max(1);
        let mut starts = vec![first];
        let mut ends = Vec::new();
        for pair in moments.windows(2) {
            if pair[1] - pair[0] > median.saturating_mul(BREAK_FACTOR) {
                ends.push(pair[0]);
                starts.push(pair[1]);
            }
        }
        ends.push(last);
        // Some air around what happens, so that nothing touches a break or the edge.
        let drawn: u64 = starts.iter().zip(&ends).map(|(start, end)| end - start).sum();
        let air = (drawn / 14).max(median / 2).max(1000);
        let breaks = (starts.len() - 1) as f64;
        let total = drawn as f64 + (2 * air) as f64 * starts.len() as f64;
        let per_ns = (right - left - breaks * BREAK_WIDTH) / total;
        let mut x = left;
        let mut stretches = Vec::new();
        for (start, end) in starts.iter().zip(&ends) {
            let (start, end) = (start.saturating_sub(air), end + air);
            let width = (end - start) as f64 * per_ns;
            stretches.push((start, end, x, x + width));
            x += width + BREAK_WIDTH;
        }
        Axis { stretches }
    }

    /// The pixel of a moment; inside a break, its middle.
    pub fn x(&self, time_ns: u64) -> f64 {
        let mut before = self.stretches[0].2;
        for (start, end, left, right) in &self.stretches {
            if time_ns < *start {
                return (before + left) / 2.0;
            }
            if time_ns <= *end {
                return left + (right - left) * (time_ns - start) as f64 / (end - start).max(1) as f64;
            }
            before = *right;
        }
        before
    }

    /// The breaks: (left, right, nanoseconds left out).
    pub fn breaks(&self) -> Vec<(f64, f64, u64)> {
        let pairs = self.stretches.windows(2);
        pairs
            .map(|pair| (pair[0].3, pair[1].2, pair[1].0 - pair[0].1))
            .collect()
    }

    /// The first and the last moment that are drawn.
    pub fn range(&self) -> (u64, u64) {
        (self.stretches[0].0, self.stretches[self.stretches.len() - 1].1)
    }

    /// Round moments to label, about `every` pixels apart.
    pub fn ticks(&self, every: f64) -> Vec<u64> {
        let mut ticks = Vec::new();
        for (start, end, left, right) in &self.stretches {
            let wanted = ((right - left) / every).max(1.0);
            let raw = (end - start) as f64 / wanted;
            let magnitude = 10f64.powf(raw.max(1.0).log10().floor());
            let nice = [1.0, 2.0, 5.0, 10.0]
                .into_iter()
                .find(|step| step * magnitude >= raw)
                .unwrap_or(10.0);
            let step = ((nice * magnitude) as u64).max(1);
            ticks.extend((start.div_ceil(step)..=end / step).map(|n| n * step));
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_linear_where_gaps_are_alike() {
        let axis = Axis::over(vec![0, 1_000_000, 2_000_000, 3_000_000], 0.0, 100.0);
        assert!(axis.breaks().is_empty());
        let step = axis.x(1_000_000) - axis.x(0);
        assert!((axis.x(3_000_000) - axis.x(2_000_000) - step).abs() < 0.01);
    }

    #[test]
    fn a_gap_much_larger_than_the_others_is_cut_and_said() {
        let axis = Axis::over(
            vec![0, 1_000_000, 2_000_000, 9_000_000_000, 9_001_000_000],
            0.0,
            500.0,
        );
        let breaks = axis.breaks();
        assert_eq!(breaks.len(), 1);
        assert!(breaks[0].2 > 8_900_000_000);
        assert!(axis.x(2_000_000) < breaks[0].0 && axis.x(9_000_000_000) > breaks[0].1);
        let inside = axis.x(5_000_000_000);
        assert!(inside > breaks[0].0 && inside < breaks[0].1);
    }
}
