//! A history in the formats of other tools: Jepsen's EDN, a table for a spreadsheet, a trace for Perfetto.
//!
//! An export is for looking and for other checkers; our own file is `history.jsonl`. What a format cannot say is left
//! out, and each file here says what that is. Values of the system under test are written so that the reading tool
//! takes them for values, and so that they do nothing to a terminal.
//!
//! Read next: [`edn`], [`csv`], [`perfetto`]; `order` for how events come back from operations.

pub mod csv;
pub mod edn;
mod order;
pub mod perfetto;

pub use csv::write_csv;
pub use edn::write_edn;
pub use perfetto::{Run, write_perfetto};

/// JSON text with every character that is not seen escaped. Such characters are inside of strings only, so the text
/// means what it meant before.
fn seen_json(json: &str) -> std::borrow::Cow<'_, str> {
    if !json.contains(crate::text::is_hidden) {
        return json.into();
    }
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match crate::text::is_hidden(c) {
            true => text.push_str(&utf16_escapes(c)),
            false => text.push(c),
        }
    }
    text.into()
}

/// A character as JSON and EDN escape it: `\u202e`, in two halves where it needs them.
fn utf16_escapes(c: char) -> String {
    let mut units = [0; 2];
    let units = c.encode_utf16(&mut units).iter();
    units.map(|unit| format!("\\u{unit:04x}")).collect()
}
