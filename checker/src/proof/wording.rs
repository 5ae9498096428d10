//! How operations, values and times are put into words.

use crate::{Label, ReasonKind};
use history::{History, Operation, Value, Values};

/// Longer values are cut, with a mark.
const VALUE_CHARS_MAX: usize = 40;

/// A value for a sentence: short, on one line, with nothing invisible in it.
pub fn value(values: &Values, value: Value) -> String {
    plain(&values.json(value))
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

/// Where the calls come from: what words need beyond them.
pub struct Setting<'a> {
    /// The history, where there is one: it knows clients, nodes and times.
    pub history: Option<&'a History>,
    /// The object's place among the keys.
    pub key: u32,
    /// The object's name, as the beginning of a sentence or after "on".
    pub name: String,
}

impl Setting<'_> {
    fn operation(&self, number: u32) -> Option<&Operation> {
        self.history.map(|history| &history.operations[number as usize])
    }

    /// One operation as a sentence.
    pub fn account(&self, label: Label, number: u32, asked: &str, told: Option<&str>) -> String {
        let (Some(history), Some(operation)) = (self.history, self.operation(number)) else {
            return match told {
                Some(told) => format!("{label}: operation {number} was {asked}, and was told {told}."),
                None => format!("{label}: operation {number} was {asked}, and was never told the outcome."),
            };
        };
        let (who, began) = (asker(history, operation), moment(operation.start_ns));
        match told {
            Some(told) => {
                let ended = moment(operation.end_ns);
                format!("{label}: {who} asked for {asked} at {began} and was told {told} at {ended}.")
            }
            None => format!("{label}: {who} asked for {asked} at {began} and was never told the outcome."),
        }
    }

    /// That one was over before the other began.
    pub fn real_time(&self, first: u32, second: u32) -> ReasonKind {
        let gap_ns = match (self.operation(first), self.operation(second)) {
            (Some(first), Some(second)) => second.start_ns.saturating_sub(first.end_ns),
            _ => 0,
        };
        ReasonKind::RealTime { gap_ns }
    }

    /// How long before, where that is known: " 386 ms".
    pub fn wait(&self, first: u32, second: u32) -> String {
        match (self.history, self.real_time(first, second)) {
            (Some(_), ReasonKind::RealTime { gap_ns }) => format!(" {}", gap(gap_ns)),
            _ => String::new(),
        }
    }
}

/// Several words as a list: "read, write and cas".
pub fn list(words: &[&str]) -> String {
    match words {
        [] => "none".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
