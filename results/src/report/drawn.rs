//! What of a counterexample is drawn: all of it, or of one that is very large the end.

use crate::document::ViolationRow;
use checker::Violation;
use std::borrow::Cow;

/// A violation with the operations that are drawn, written in and out of the document.
pub struct DrawnCore<'a> {
    /// As the checker tells it.
    pub violation: Cow<'a, Violation>,
    /// As it is in `results.json`.
    pub row: Cow<'a, ViolationRow>,
    /// How many operations are not drawn; they began before the others.
    pub hidden: usize,
}

impl<'a> DrawnCore<'a> {
    /// A search dies at the end of what it has not been able to make smaller: that is drawn.
    pub fn of(violation: &'a Violation, row: &'a ViolationRow) -> DrawnCore<'a> {
        let hidden = row.core.len() - row.shown().len();
        let (mut violation, mut row) = (Cow::Borrowed(violation), Cow::Borrowed(row));
        if hidden > 0 {
            violation.to_mut().core.drain(..hidden);
            row.to_mut().core.drain(..hidden);
            // So many have no loop between two of them, but one reason for all.
            violation.to_mut().reasons.clear();
        }
        DrawnCore {
            violation,
            row,
            hidden,
        }
    }
}
