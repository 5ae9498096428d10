//! How operations, values and times are put into words.

use history::{History, Operation, Value};

/// Longer values are cut, with a mark.
const VALUE_CHARS_MAX: usize = 40;

/// A value for a sentence: short, on one line, with nothing invisible in it.
pub fn value(history: &History, value: Value) -> String {
    plain(&history.values.json(value))
}

/// A text of the system under test, short and with every control and format character visible.
pub fn plain(text: &str) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == VALUE_CHARS_MAX {
            shown.push('…');
            break;
        }
        let is_hidden = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        match is_hidden {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    shown
}

/// A moment on the run's clock: `31.406 s`.
pub fn moment(time_ns: u64) -> String {
    format!("{:.3} s", time_ns as f64 / 1e9)
}

/// A stretch of time: `386 ms`, `0.21 ms`, `2.09 s`.
pub fn gap(gap_ns: u64) -> String {
    let milliseconds = gap_ns as f64 / 1e6;
    match gap_ns {
        0..1_000_000 => format!("{milliseconds:.2} ms"),
        1_000_000..1_000_000_000 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.2} s", milliseconds / 1000.0),
    }
}

/// Who asked whom: `client 3` or `client 3 through n4`.
pub fn asker(history: &History, operation: &Operation) -> String {
    let client = history.client(operation);
    match history.node_name(operation) {
        Some(node) => format!("client {client} through {}", plain(node)),
        None => format!("client {client}"),
    }
}
