//! How a search went until it reached a limit: a bounded number of moments of it.
//!
//! A search that is over in a few looks at its budget leaves nothing here, and one that goes on for hours as much as
//! one that goes on for a second: where there are too many moments, every second one is forgotten, and from then on they are
//! twice as far apart.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// At most so many moments are kept.
pub const MOMENTS_MAX: usize = 200;
/// How far apart they are at first.
const APART: Duration = Duration::from_micros(100);
/// A search that looked at its budget less often has nothing to tell.
const LOOKS_MIN: u32 = 4;

/// A moment of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// How long the check had taken, that of other objects included.
    pub at: Duration,
    /// How many calls were behind the search.
    pub placed: usize,
    /// How many states of affairs it had come to.
    pub states: usize,
    /// How many bytes all searches held that were under way.
    pub held_bytes: usize,
}

/// Keeps moments.
#[derive(Debug)]
pub(crate) struct Course {
    looks: u32,
    apart: Duration,
    moments: Vec<Moment>,
}

impl Default for Course {
    fn default() -> Course {
        Course {
            looks: 0,
            apart: APART,
            moments: Vec::new(),
        }
    }
}

impl Course {
    /// A search looked at its budget. The moment is kept if it is not too soon after the one before, and if it `is_last`.
    pub(crate) fn look(&mut self, moment: Moment, is_last: bool) {
        self.looks = self.looks.saturating_add(1);
        let is_soon = self
            .moments
            .last()
            .is_some_and(|last| moment.at < last.at + self.apart);
        if !is_last && (self.looks < LOOKS_MIN || is_soon) {
            return;
        }
        if self.moments.len() == MOMENTS_MAX {
            let mut place = 0;
            self.moments.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.apart *= 2;
        }
        self.moments.push(moment);
    }

    /// What was kept, the earliest first.
    pub(crate) fn moments(&mut self) -> Vec<Moment> {
        std::mem::take(&mut self.moments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Moment {
        Moment {
            at: Duration::from_micros(micros),
            states: micros as usize,
            ..Moment::default()
        }
    }

    #[test]
    fn however_long_it_takes_a_bounded_number_of_moments_is_kept_and_the_last_always() {
        for end in [50_000, 500_000, 7_000_003] {
            let mut course = Course::default();
            for micros in (0..end).step_by(10) {
                course.look(at(micros), false);
            }
            course.look(at(end), true);
            let kept = course.moments();
            assert!(
                kept.len() <= MOMENTS_MAX && kept.len() > MOMENTS_MAX / 2,
                "{}",
                kept.len()
            );
            assert!(kept.is_sorted_by_key(|it| it.at));
            assert_eq!(kept.last(), Some(&at(end)));
            // Nothing between two of them is long.
            let gaps = kept.windows(2).map(|pair| pair[1].at - pair[0].at);
            assert!(gaps.max().unwrap() <= Duration::from_micros(end / 40));
        }
    }

    #[test]
    fn a_search_that_is_soon_over_keeps_nothing() {
        let mut course = Course::default();
        for micros in 0..u64::from(LOOKS_MIN) - 1 {
            course.look(at(micros * 1000), false);
        }
        assert!(course.moments().is_empty() && course.moments.capacity() == 0);
        course.look(at(9000), true);
        assert_eq!(course.moments(), [at(9000)]);
    }
}
