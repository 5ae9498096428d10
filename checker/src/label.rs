//! What the operations of a counterexample are called.

use std::fmt;

/// The name of an operation in a counterexample, by its place: A, B, ... Z, AA, AB, ...
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Label(usize);

impl Label {
    /// That of the operation at this place of the core.
    pub fn of(place: usize) -> Label {
        Label(place)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Digits from A to Z, of which each but the last is one less: there is no zero.
        if let Some(before) = (self.0 / 26).checked_sub(1) {
            Label(before).fmt(to)?;
        }
        fmt::Write::write_char(to, char::from(b'A' + (self.0 % 26) as u8))
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_z_there_are_two_letters() {
        let labels = [0, 1, 25, 26, 27, 51, 52, 701, 702].map(|place| Label::of(place).to_string());
        assert_eq!(labels, ["A", "B", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"]);
    }
}
