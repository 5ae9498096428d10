//! Several runs, one after the other: when there is another, and what they come to together.
//!
//! What starts them is `commands/test.rs`; here are only the rules.

use crate::exit;

/// How often, and until what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many at most; none for as many as it takes.
    pub count: Option<u32>,
    /// Whether it goes on after a violation or an error.
    pub keep_going: bool,
}

/// How the runs came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Exit code 0.
    pub valid: u32,
    /// Exit code 1.
    pub invalid: u32,
    /// Exit code 2.
    pub unknown: u32,
    /// Any other.
    pub error: u32,
    /// The last so many were errors.
    errors_in_a_row: u32,
}

/// After so many errors in a row nothing else is to be expected.
const ERRORS_MAX: u32 = 3;

impl Tally {
    /// Counts a run, by its exit code.
    pub fn add(&mut self, code: u8) {
        match code {
            0 => self.valid += 1,
            1 => self.invalid += 1,
            2 => self.unknown += 1,
            _ => self.error += 1,
        }
        self.errors_in_a_row = if code > 2 { self.errors_in_a_row + 1 } else { 0 };
    }

    /// Whether the last runs were errors, so many of them that nothing else is to be expected.
    pub fn is_hopeless(&self) -> bool {
        self.errors_in_a_row >= ERRORS_MAX
    }

    /// How many there were.
    pub fn total(&self) -> u32 {
        self.valid + self.invalid + self.unknown + self.error
    }

    /// The exit code of all together: 1 before 255 before 2 before 0, so that a violation is never hidden.
    pub fn exit_code(&self) -> u8 {
        match self {
            Tally { invalid: 1.., .. } => 1,
            Tally { error: 1.., .. } => exit::ERROR,
            Tally { unknown: 1.., .. } => 2,
            _ => 0,
        }
    }

    /// `valid 6  invalid 0  unknown 0`, and errors when there are any.
    pub fn words(&self) -> String {
        let mut words = format!(
            "valid {}  invalid {}  unknown {}",
            self.valid, self.invalid, self.unknown
        );
        if self.error > 0 {
            words += &format!("  error {}", self.error);
        }
        words
    }
}

impl Rules {
    /// Whether there is another run after these.
    pub fn goes_on(&self, tally: &Tally) -> bool {
        let is_enough = self.count.is_some_and(|count| tally.total() >= count);
        let has_ended = match self.keep_going {
            true => false,
            // Until there is a violation, one error is no reason to end, and many are.
            false if self.count.is_none() => tally.invalid > 0 || tally.is_hopeless(),
            false => tally.invalid > 0 || tally.error > 0,
        };
        !is_enough && !has_ended
    }

    /// The number of the next run, of how many: `7/50`.
    pub fn place(&self, tally: &Tally) -> String {
        let number = tally.total() + 1;
        match self.count {
            Some(count) => format!("{number}/{count}"),
            None => number.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(codes: &[u8]) -> Tally {
        let mut tally = Tally::default();
        codes.iter().for_each(|code| tally.add(*code));
        tally
    }

    #[test]
    fn a_violation_is_never_hidden_by_anything_else() {
        assert_eq!(after(&[1, 2, 255, 0]).exit_code(), 1);
        assert_eq!(after(&[0, 255, 2]).exit_code(), 255);
        assert_eq!(after(&[0, 2, 0]).exit_code(), 2);
        assert_eq!(after(&[0, 0]).exit_code(), 0);
        assert_eq!(after(&[143]).exit_code(), 255);
    }

    #[test]
    fn a_series_ends_at_its_number_or_at_the_first_violation_or_error() {
        let count = |count, keep_going| Rules {
            count: Some(count),
            keep_going,
        };
        assert!(count(3, false).goes_on(&after(&[0, 2])));
        assert!(!count(3, false).goes_on(&after(&[0, 2, 0])));
        assert!(!count(3, false).goes_on(&after(&[1])));
        assert!(!count(3, false).goes_on(&after(&[255])));
        assert!(count(3, true).goes_on(&after(&[1, 255])));
        assert!(!count(2, true).goes_on(&after(&[1, 255])));
    }

    #[test]
    fn until_there_is_a_violation_some_errors_are_borne_and_three_in_a_row_are_not() {
        let rules = Rules {
            count: None,
            keep_going: false,
        };
        assert!(rules.goes_on(&after(&[0, 255, 255, 0, 255, 255])));
        assert!(!rules.goes_on(&after(&[0, 255, 255, 255])));
        assert!(!rules.goes_on(&after(&[0, 2, 1])));
        assert_eq!(rules.place(&after(&[0, 2])), "3");
    }
}
