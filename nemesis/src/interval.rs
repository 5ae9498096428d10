//! The time between two changes of one kind of fault: a fault begins, a fault ends.
//!
//! Usually it is only a mean, and a schedule makes of it what finds bugs: storms, sieges, handovers. A named distribution is
//! meant as it is said: each time between two changes is drawn from it, and nothing else happens. See [`crate::schedule`].

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::fmt;
use std::time::Duration;

/// The time between two changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// So much in the mean: `500ms`.
    Mean(Duration),
    /// Always so much: `fixed:2s`.
    Fixed(Duration),
    /// So much in the mean, and never mind when the last change was (a Poisson process): `exponential:500ms`.
    Exponential(Duration),
    /// Anything between two, equally likely: `uniform:100ms..2s`.
    Uniform(Duration, Duration),
}

/// The distributions by name, each with an example.
pub const DISTRIBUTIONS: [(&str, &str); 3] = [
    ("fixed", "fixed:2s"),
    ("exponential", "exponential:500ms"),
    ("uniform", "uniform:100ms..2s"),
];

impl Interval {
    /// The mean.
    pub fn mean(self) -> Duration {
        match self {
            Interval::Mean(mean) | Interval::Fixed(mean) | Interval::Exponential(mean) => mean,
            Interval::Uniform(least, most) => (least + most) / 2,
        }
    }

    /// Whether each time is drawn as it is said, and nothing is made of it.
    pub fn is_plain(self) -> bool {
        !matches!(self, Interval::Mean(_))
    }

    /// A time in milliseconds, from 1, of a named distribution; `None` of a mean.
    pub(crate) fn draw_ms(self, rng: &mut ChaCha8Rng) -> Option<u64> {
        let seconds = match self {
            Interval::Mean(_) => return None,
            Interval::Fixed(always) => always.as_secs_f64(),
            // The inverse of its distribution function; 1 - x is never 0.
            Interval::Exponential(mean) => -(1.0 - rng.random_range(0.0..1.0_f64)).ln() * mean.as_secs_f64(),
            Interval::Uniform(least, most) => rng.random_range(least.as_secs_f64()..=most.as_secs_f64()),
        };
        Some(((seconds * 1000.0).round() as u64).max(1))
    }
}

impl From<Duration> for Interval {
    fn from(mean: Duration) -> Interval {
        Interval::Mean(mean)
    }
}

impl fmt::Display for Interval {
    /// As it would be typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |duration: &Duration| format!("{}s", duration.as_secs_f64());
        match self {
            Interval::Mean(mean) => f.write_str(&seconds(mean)),
            Interval::Fixed(always) => write!(f, "fixed:{}", seconds(always)),
            Interval::Exponential(mean) => write!(f, "exponential:{}", seconds(mean)),
            Interval::Uniform(least, most) => write!(f, "uniform:{}..{}", seconds(least), seconds(most)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::stream;

    fn times(interval: Interval) -> Vec<u64> {
        let mut rng = stream(7, 1);
        (0..10_000).filter_map(|_| interval.draw_ms(&mut rng)).collect()
    }

    #[test]
    fn each_distribution_has_its_mean_and_its_spread() {
        let ms = Duration::from_millis;
        let mean = |times: &[u64]| times.iter().sum::<u64>() as f64 / times.len() as f64;
        assert!(
            times(Interval::Mean(ms(500))).is_empty(),
            "what that is made of is said elsewhere"
        );
        assert!(times(Interval::Fixed(ms(700))).iter().all(|time| *time == 700));
        let uniform = times(Interval::Uniform(ms(100), ms(2_000)));
        assert!(uniform.iter().all(|time| (100..=2_000).contains(time)));
        assert!((mean(&uniform) - 1_050.0).abs() < 20.0);
        let exponential = times(Interval::Exponential(ms(500)));
        assert!((mean(&exponential) - 500.0).abs() < 15.0);
        // Of an exponential distribution, 1/e is longer than the mean, and 1/e² than twice the mean.
        let beyond = |bound: u64| exponential.iter().filter(|time| **time > bound).count() as f64 / 10_000.0;
        assert!((beyond(500) - 0.368).abs() < 0.02 && (beyond(1_000) - 0.135).abs() < 0.02);
        assert!(times(Interval::Exponential(ms(1))).iter().all(|time| *time >= 1));
    }
}
