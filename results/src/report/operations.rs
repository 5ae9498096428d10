//! The operations of the run as data in the page, for the part of it that is drawn by the browser.
//!
//! One block of bytes: the length of a JSON text (four bytes, little end first), the text, and then the columns that it
//! names, each a list of numbers in LEB128. All of it is deflated (RFC 1951, without a header), which browsers undo
//! themselves, and written in base64, in which nothing can be markup. Times are whole microseconds on the run's clock.
//!
//! Not here: what is drawn without JavaScript ([`super::whole_run`]). `templates/run/decode.js` reads the block again.
//!
//! Read next: `columns` for the numbers, `scene` for the JSON.

mod choice;
mod columns;
mod lines;
mod scene;
mod texts;

use super::whole_run::lanes::LaneSpan;
use crate::text::visible;
use base64::Engine;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use history::History;
use std::io::Write;

/// What the picture shows beside the operations.
pub struct Surroundings<'a> {
    /// What was in force on each node, in the order of [`History::nodes`].
    pub lanes: &'a [Vec<LaneSpan>],
    /// When no connected majority was running, in nanoseconds.
    pub no_quorum: &'a [(u64, u64)],
    /// When there was one on and off.
    pub on_and_off: &'a [(u64, u64)],
    /// The objects without a legal order that were explained, in the order of the page.
    pub violations: &'a [Contradiction],
}

/// A contradiction as the picture shows it.
pub struct Contradiction {
    /// The object, as a place in [`History::keys`].
    pub key: u32,
    /// When it is, in nanoseconds.
    pub span: (u64, u64),
    /// Its operations: letter and number.
    pub core: Vec<(String, u32)>,
}

/// The operations in the page.
pub struct Embedded {
    /// The block, in base64.
    pub base64: String,
    /// Which operations are not in it, in words; empty when all are.
    pub left_out: String,
}

/// Packs a history's operations; of a history with more than so many (a million, unless said otherwise), those around the
/// violations.
pub fn embed(history: &History, surroundings: &Surroundings<'_>, most: Option<usize>) -> Embedded {
    let chosen = choice::choose(history, surroundings, most.unwrap_or(choice::OPERATIONS_MAX));
    let lines = lines::lines(history, &chosen.numbers);
    let mut texts = texts::Texts::default();
    let columns = columns::columns(history, &chosen.numbers, &lines.of, &mut texts);
    let scene = scene::scene(history, &chosen, &lines, surroundings, texts, &columns);
    let json = scene.to_string();
    let mut block = Vec::new();
    // A scene has far fewer than 2^32 bytes: every list in it is bounded.
    block.extend((json.len() as u32).to_le_bytes());
    block.extend(json.as_bytes());
    columns.0.iter().for_each(|column| block.extend(&column.bytes));
    Embedded {
        base64: base64::engine::general_purpose::STANDARD.encode(deflated(&block)),
        left_out: chosen.left_out,
    }
}

/// What to search for to find the operations on an object; empty where its name cannot be written in a search.
pub fn search_for_key(history: &History, key: u32) -> String {
    let name = visible(&history.key_name(key), 80);
    let bare = name.trim_matches('"');
    match bare {
        "null" => String::new(),
        _ if bare.contains(['"', '\\', '…']) => String::new(),
        _ if bare.contains([' ', ',', ':']) => format!("key:\"{bare}\""),
        _ => format!("key:{bare}"),
    }
}

/// The address, within the page, of the operations on an object; empty where there is none.
pub fn link_to_key(history: &History, key: u32) -> String {
    match search_in_address(history, key) {
        query if query.is_empty() => query,
        query => format!("#{query}"),
    }
}

/// The address, within the page, of a contradiction, by its place among those of the page; the object's operations are found.
pub fn link_to_violation(history: &History, place: usize, key: u32) -> String {
    let parts = [
        format!("violation={}", place + 1),
        search_in_address(history, key),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("#{}", parts.join("&"))
}

/// The address, within the page, of a stretch of time with the operations on an object found in it.
pub fn link_to_moment(history: &History, (from, to): (u64, u64), key: u32) -> String {
    let time = format!("t={:.6},{:.6}", from as f64 / 1e9, to as f64 / 1e9);
    let parts = [time, search_in_address(history, key)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("#{}", parts.join("&"))
}

fn search_in_address(history: &History, key: u32) -> String {
    let query = search_for_key(history, key);
    let mut link = String::new();
    for byte in query.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b':' | b'-' | b'_' => link.push(byte.into()),
            _ => link += &format!("%{byte:02X}"),
        }
    }
    match link.is_empty() {
        true => link,
        false => format!("q={link}&colour=value"),
    }
}

fn deflated(block: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(block).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}
