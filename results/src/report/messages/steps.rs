//! Where moments stand on the diagram's axis: every message has a place of its own, however many there were at one time.
//!
//! Messages come in bursts of microseconds, with milliseconds of nothing in between. On an axis to scale a burst is one
//! line. Here each moment is at least a step after the one before; a stretch in which nothing happened is a few steps,
//! whatever it lasted, and says how long that was.

/// How many steps a stretch of nothing is wide.
const NOTHING_STEPS: f64 = 6.0;
/// A stretch is one of nothing when it is so many times as long as the usual one,
const TIMES_USUAL: u64 = 8;
/// and not less than such a part of the whole.
const PART_OF_ALL: u64 = 25;

/// Moments with their places, in pixels.
pub struct Steps {
    /// In the order of time.
    places: Vec<(u64, f64)>,
    /// Stretches of nothing: from where to where, and how long.
    nothing: Vec<(f64, f64, u64)>,
}

impl Steps {
    /// The places of these moments between two edges. Each is a step, also where several are one moment.
    pub fn over(mut moments: Vec<u64>, left: f64, right: f64) -> Steps {
        moments.sort_unstable();
        let gaps: Vec<u64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mut sorted = gaps.clone();
        sorted.sort_unstable();
        let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(0).max(1);
        let all = moments
            .last()
            .zip(moments.first())
            .map_or(0, |(last, first)| last - first);
        let is_nothing = |gap: u64| gap >= usual.saturating_mul(TIMES_USUAL) && gap >= all / PART_OF_ALL;
        let width = |gap: u64| match is_nothing(gap) {
            true => NOTHING_STEPS,
            // Longer ones are a little wider.
            false => 1.0 + (gap as f64 / usual as f64).min(2.0) / 2.0,
        };
        let steps: f64 = gaps.iter().map(|gap| width(*gap)).sum();
        let scale = (right - left) / steps.max(1.0);
        let mut at = left;
        let mut places: Vec<(u64, f64)> = moments.first().map(|first| (*first, left)).into_iter().collect();
        let mut nothing = Vec::new();
        for (gap, moment) in gaps.iter().zip(moments.iter().skip(1)) {
            let next = at + width(*gap) * scale;
            if is_nothing(*gap) {
                nothing.push((at, next, *gap));
            }
            places.push((*moment, next));
            at = next;
        }
        Steps { places, nothing }
    }

    /// Where a moment is; between two that are known in proportion.
    pub fn x(&self, moment: u64) -> f64 {
        let after = self.places.partition_point(|(known, _)| *known < moment);
        match (
            after.checked_sub(1).map(|before| self.places[before]),
            self.places.get(after),
        ) {
            (_, Some((known, x))) if *known == moment => *x,
            (Some((t1, x1)), Some((t2, x2))) => {
                x1 + (x2 - x1) * (moment - t1) as f64 / (t2 - t1).max(1) as f64
            }
            (Some((_, x)), None) => x,
            (None, Some((_, x))) => *x,
            (None, None) => 0.0,
        }
    }

    /// The places of messages that ended their ways at these moments, in the order of time: of several at one moment, one
    /// after the other.
    pub fn each(&self, moments: impl IntoIterator<Item = u64>) -> Vec<f64> {
        let mut next = 0;
        let place = |moment: u64| {
            let known = self.places[next.min(self.places.len())..].iter();
            let ahead = known.take_while(|(known, _)| *known < moment).count();
            next += ahead;
            let x = self.places.get(next).filter(|(known, _)| *known == moment);
            let x = x.map_or_else(|| self.x(moment), |(_, x)| *x);
            next += 1;
            x
        };
        moments.into_iter().map(place).collect()
    }

    /// Moments to be named, at least so many pixels apart.
    pub fn ticks(&self, apart: f64) -> Vec<(u64, f64)> {
        let mut ticks: Vec<(u64, f64)> = Vec::new();
        for (moment, x) in &self.places {
            let is_far = |last: &(u64, f64)| x - last.1 >= apart && *moment > last.0;
            if ticks.last().is_none_or(is_far) {
                ticks.push((*moment, *x));
            }
        }
        ticks
    }

    /// Stretches of nothing: from where to where, and how long.
    pub fn nothing(&self) -> &[(f64, f64, u64)] {
        &self.nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_spread_and_a_stretch_of_nothing_is_short_and_told() {
        let burst = |from: u64| (0..20).map(move |number| from + number * 10);
        let moments: Vec<u64> = burst(0).chain(burst(50_000)).collect();
        let steps = Steps::over(moments.clone(), 0.0, 1000.0);
        let xs = steps.each(moments);
        assert!(xs.windows(2).all(|pair| pair[1] - pair[0] > 15.0), "{xs:?}");
        let &[(left, right, lasted)] = steps.nothing() else {
            panic!("{:?}", steps.nothing());
        };
        assert_eq!((left, right, lasted), (xs[19], xs[20], 50_000 - 190));
        assert!(right - left < 120.0 && steps.x(25_000) > left && steps.x(25_000) < right);
    }

    #[test]
    fn messages_of_one_moment_stand_side_by_side() {
        let steps = Steps::over(vec![5, 5, 5, 9], 10.0, 110.0);
        let xs = steps.each([5, 5, 5, 9]);
        assert!(xs.is_sorted() && xs[0] == 10.0 && xs[3] == 110.0, "{xs:?}");
        assert!(xs.windows(2).all(|pair| pair[1] > pair[0] + 5.0), "{xs:?}");
    }

    #[test]
    fn few_moments_and_none_are_no_trouble() {
        assert_eq!(Steps::over(vec![7], 10.0, 110.0).each([7]), [10.0]);
        let empty = Steps::over(Vec::new(), 10.0, 110.0);
        assert!(empty.ticks(1.0).is_empty() && empty.x(3) == 0.0);
    }
}
