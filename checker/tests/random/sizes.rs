//! How large counterexamples are.

use std::fmt;

/// The numbers of their operations, in order.
pub struct Sizes(Vec<usize>);

impl Sizes {
    /// Those of some counterexamples.
    pub fn of(mut sizes: Vec<usize>) -> Sizes {
        sizes.sort_unstable();
        Sizes(sizes)
    }

    /// How many counterexamples there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Half of them are not larger.
    pub fn median(&self) -> usize {
        self.0[self.0.len() / 2]
    }

    /// So many of a thousand are not larger.
    fn part(&self, thousandths: usize) -> usize {
        self.0[(self.0.len() - 1) * thousandths / 1000]
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.last() {
            None => write!(to, "0"),
            Some(most) => write!(
                to,
                "{}: counterexamples of {} operations in the median, {} in 99 of 100, at most {most}",
                self.count(),
                self.median(),
                self.part(990)
            ),
        }
    }
}
