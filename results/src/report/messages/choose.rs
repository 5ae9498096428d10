//! Which messages are drawn: those about the object, else those nearest to the contradiction; never too many.

use super::read::{Captured, Message};
use crate::document::ViolationRow;

/// How many are drawn: with more, nobody could follow one.
const SHOWN_MAX: usize = 120;

/// The messages to be drawn, in the order of their arrival.
pub fn choose<'a>(captured: &'a Captured, row: &ViolationRow) -> Vec<&'a Message> {
    let about = captured.messages.iter().filter(|message| message.is_about);
    let mut chosen: Vec<&Message> = about.collect();
    if chosen.is_empty() {
        chosen = captured.messages.iter().collect();
    }
    // Those under way while an operation of the core was come first, then the nearest.
    chosen.sort_by_key(|message| (distance(row, message.at_ns), message.at_ns));
    chosen.truncate(SHOWN_MAX);
    chosen.sort_by_key(|message| message.at_ns);
    chosen
}

/// How far a moment is from the nearest operation of the core, in nanoseconds.
fn distance(row: &ViolationRow, at_ns: u64) -> u64 {
    let from = |start: u64, end: u64| start.saturating_sub(at_ns).max(at_ns.saturating_sub(end));
    let members = row.core.iter();
    let distances = members.map(|it| from(it.start_ns, it.end_ns.unwrap_or(it.start_ns)));
    distances.min().unwrap_or(0)
}
