//! The messages around a contradiction, where the run was captured: a space-time diagram, with a lane for each host and
//! an arrow for each message, and the same as a table.
//!
//! What is a message to the system is not known here: it is a TCP segment or a UDP datagram with a payload. Drawn are
//! those that name the object, the answers to them on the same connection, and, where none names it, those nearest to
//! the contradiction; the rest of the window is counted. The payload is text for people, never believed.
//!
//! `capture.json` says when the run's clock was zero, on the clock of the packets. The two were compared once, as the
//! capture began: a time of day that is set meanwhile moves the arrows.
//!
//! Read next: [`read`] for the file, [`draw`] for the picture.

mod choose;
mod draw;
mod read;
mod steps;

use crate::document::ViolationRow;
use crate::redaction::Redaction;
use crate::text::{count, counted, moment, visible};
use checker::Violation;
use choose::choose;
use history::History;
use read::{Captured, Message};
use serde::Deserialize;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What is looked at before and after the operations of the contradiction, in nanoseconds.
const AROUND_NS: u64 = 20_000_000;
/// How much of a payload is shown.
const EXCERPT_CHARS: usize = 160;

/// The section of the page.
pub struct MessagesView {
    /// Which window, and how many of its messages are shown.
    pub note: String,
    /// The diagram, as SVG.
    pub diagram: String,
    /// The messages that are drawn, in the order of their arrival.
    pub rows: Vec<MessageRow>,
}

/// A message as words.
pub struct MessageRow {
    pub at: String,
    pub way: String,
    pub bytes: String,
    /// What faults did to it; empty for nothing.
    pub deed: String,
    pub excerpt: String,
}

/// `capture.json`, which the harness writes as it begins to capture.
#[derive(Deserialize)]
struct About {
    /// The zero of the run's clock, in nanoseconds since 1970.
    zero_unix_ns: u64,
}

/// The messages around a violation; none where the run was not captured or its capture cannot be read.
pub fn messages(
    history: &History,
    violation: &Violation,
    row: &ViolationRow,
    directory: &Path,
    redaction: &Redaction,
) -> Option<MessagesView> {
    let mut text = String::new();
    let about = File::open(directory.join("capture.json")).ok()?;
    about.take(4096).read_to_string(&mut text).ok()?;
    let about: About = serde_json::from_str(&text).ok()?;
    let file = File::open(directory.join("capture.pcapng")).ok()?;
    let window = window(row);
    let key = key_word(&history.key_name(violation.key));
    let object = (key.as_str(), crate::text::noun(history));
    let mut captured = read::read(file, about.zero_unix_ns, window, object)?;
    for message in &mut captured.messages {
        message.excerpt = redaction.apply(&message.excerpt).into_owned();
    }
    let chosen = choose(&captured, row);
    if chosen.is_empty() {
        return None;
    }
    Some(MessagesView {
        note: note(&captured, &chosen, window, &key),
        diagram: draw::draw(&captured, &chosen, row, window),
        rows: chosen.iter().map(|message| words(&captured, message)).collect(),
    })
}

/// From shortly before the first operation of the core to shortly after the last, in nanoseconds.
fn window(row: &ViolationRow) -> (u64, u64) {
    let starts = row.core.iter().map(|member| member.start_ns);
    let ends = row
        .core
        .iter()
        .map(|member| member.end_ns.unwrap_or(member.start_ns));
    let (from, to) = (starts.min().unwrap_or(0), ends.max().unwrap_or(0));
    (from.saturating_sub(AROUND_NS), to.saturating_add(AROUND_NS))
}

/// How the object is named in a payload: a text without the quotes that it has in JSON.
fn key_word(json: &str) -> String {
    json.trim_matches('"').to_owned()
}

fn note(captured: &Captured, chosen: &[&Message], (from, to): (u64, u64), key: &str) -> String {
    let about = chosen.iter().filter(|message| message.is_about).count();
    let which = match about {
        0 => format!(
            "none names {}; those nearest to the contradiction",
            visible(key, 40)
        ),
        _ => format!("those that name {}, and the answers to them", visible(key, 40)),
    };
    let mut note = format!(
        "{} – {}: {} of {} ({which}); the others are in capture.pcapng.",
        moment(from),
        moment(to),
        count(chosen.len()),
        counted(captured.seen, "message"),
    );
    if captured.is_cut_short {
        note += " The file is larger than what is looked at.";
    }
    note
}

fn words(captured: &Captured, message: &Message) -> MessageRow {
    MessageRow {
        at: moment(message.at_ns),
        way: captured.way(message),
        bytes: format!("{} B", count(message.bytes)),
        deed: visible(&message.comment, 120),
        excerpt: visible(&message.excerpt, EXCERPT_CHARS),
    }
}
