//! Reads a node's log file: any bytes, of any length. Each line begins with the stamp that the harness gave
//! it on arrival; the rest is made visible and cut.

use super::Window;
use crate::redaction::Redaction;
use crate::report::piece::{find_words, is_called};
use crate::text::visible;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

/// How much of a log file is looked at, at most.
const BYTES_MAX: u64 = 512 << 20;
/// How much of a line is looked at.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// Longer lines are cut.
const LINE_CHARS_MAX: usize = 220;
/// How many lines are kept to choose from.
const KEPT_MAX: usize = 20_000;
/// How many lines after a restart matter.
const AFTER_RESTART: usize = 3;
/// How the harness's own lines in a node's log begin.
const OWN_MARK: &str = "[harness] ";

/// What a line is to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The harness wrote it: the node was started, or ended.
    Harness,
    /// It is about the object.
    About,
    /// One of the first after a restart.
    AfterRestart,
    /// Anything else near a core operation.
    Other,
}

/// A line of a node's log.
#[derive(Debug)]
pub struct OwnLine {
    /// Its number in the file, from 1.
    pub number: usize,
    /// When it came, in nanoseconds.
    pub at: u64,
    /// What it says, harmless.
    pub text: String,
    /// What it is to the reader.
    pub kind: Kind,
    /// Whether it calls the object what it is: `decree=7`, and not only `7`.
    pub is_called: bool,
    /// Whether it came while a core operation ran, or soon before or after.
    pub is_near: bool,
    /// How many lines since the one before were not kept.
    pub skipped_before: usize,
}

/// The lines of a node in a window, about an object by its name and what it is: `7`, `decree`. A log that is not there or
/// cannot be read has none.
pub fn own_words(
    directory: &Path,
    node: &str,
    window: &Window,
    object: (&str, &str),
    redaction: &Redaction,
) -> Vec<OwnLine> {
    // A node's name comes from a history file: it must not lead out of the folder.
    if node.is_empty() || node.contains(['/', '\\', '\0']) || node.starts_with('.') {
        return Vec::new();
    }
    match File::open(directory.join("nodes").join(node).join("stderr.log")) {
        Ok(file) => lines(
            BufReader::with_capacity(1 << 20, file.take(BYTES_MAX)),
            window,
            object,
            redaction,
        ),
        Err(_) => Vec::new(),
    }
}

fn lines(
    mut reader: impl BufRead,
    window: &Window,
    (key, noun): (&str, &str),
    redaction: &Redaction,
) -> Vec<OwnLine> {
    let mut bytes = Vec::new();
    let mut lines = Vec::new();
    let (mut skipped_before, mut after_restart) = (0, 0usize);
    let mut number = 0;
    while lines.len() < KEPT_MAX {
        if !read_line(&mut reader, &mut bytes) {
            break;
        }
        number += 1;
        let Some((at, text)) = stamped(&bytes) else {
            continue;
        };
        if at > window.to {
            break;
        }
        if !window.spans(at) {
            continue;
        }
        let is_called = find_words(&text, key).any(|at| is_called(&text, at, noun));
        let kind = if let Some(own) = text.strip_prefix(OWN_MARK) {
            after_restart = if own.starts_with("started") {
                AFTER_RESTART
            } else {
                0
            };
            Kind::Harness
        } else if find_words(&text, key).next().is_some() {
            Kind::About
        } else if after_restart > 0 {
            Kind::AfterRestart
        } else {
            Kind::Other
        };
        if kind != Kind::Harness {
            after_restart = after_restart.saturating_sub(1);
        }
        let is_near = window.is_near(at);
        if kind == Kind::Other && !is_near {
            skipped_before += 1;
            continue;
        }
        let text = text.strip_prefix(OWN_MARK).unwrap_or(&text);
        lines.push(OwnLine {
            number,
            at,
            text: visible(&redaction.apply(&without_escapes(text)), LINE_CHARS_MAX),
            kind,
            is_called,
            is_near,
            skipped_before: std::mem::take(&mut skipped_before),
        });
    }
    without_namesakes(lines)
}

/// Where a log calls the object what it is, a line that has its name as any other number or word is not about it.
fn without_namesakes(mut lines: Vec<OwnLine>) -> Vec<OwnLine> {
    if !lines.iter().any(|line| line.is_called) {
        return lines;
    }
    let mut left_out = 0;
    lines.retain_mut(|line| {
        if line.kind == Kind::About && !line.is_called {
            line.kind = Kind::Other;
        }
        line.skipped_before += std::mem::take(&mut left_out);
        let is_kept = line.kind != Kind::Other || line.is_near;
        if !is_kept {
            left_out = line.skipped_before + 1;
        }
        is_kept
    });
    lines
}

/// Reads a line, of which only the beginning is kept: it may be as long as the file. Says whether there was one.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> bool {
    line.clear();
    let mut was_any = false;
    loop {
        let chunk = match reader.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Ok([]) | Err(_) => return was_any,
            Ok(chunk) => chunk,
        };
        was_any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(chunk.len(), |end| end + 1);
        let room = LINE_BYTES_MAX.saturating_sub(line.len());
        line.extend(&chunk[..length.min(room)]);
        reader.consume(length);
        if end.is_some() {
            return true;
        }
    }
}

/// A line's stamp in nanoseconds, and its text.
fn stamped(line: &[u8]) -> Option<(u64, String)> {
    let text = String::from_utf8_lossy(line);
    let (stamp, text) = text.trim_end_matches(['\n', '\r']).split_once(' ')?;
    let at: f64 = stamp.parse().ok()?;
    (at.is_finite() && at >= 0.0).then(|| ((at * 1e9) as u64, text.to_owned()))
}

/// The text without terminal colours; whatever else is invisible in it is shown later.
fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.peek() == Some(&'[') {
            chars.next();
            let is_inside = |c: &char| !('\u{40}'..='\u{7e}').contains(c);
            while chars.next_if(is_inside).is_some() {}
            chars.next();
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_node_wrote_becomes_a_harmless_line() {
        let (at, text) = stamped(b"31.406000 \x1b[31mred\x1b[0m \xff</script>\0\n").unwrap();
        assert_eq!(at, 31_406_000_000);
        assert_eq!(
            visible(&without_escapes(&text), 100),
            "red \u{fffd}</script>\\u{0}"
        );
        assert!(stamped(b"not a stamp\n").is_none());
        assert!(stamped(b"nan x\n").is_none());
        assert!(stamped(b"\xff\xfe\n").is_none());
    }

    #[test]
    fn between_the_operations_only_lines_that_matter_are_kept() {
        let log = b"1.0 prepare decree=7\n1.1 noise\n3.0 noise\n3.1 noise\n4.0 [harness] started, pid 9\n\
            4.1 recovered 0 records\n4.2 a\n4.3 b\n4.4 noise\n4.5 read decree=7\n9.0 after\n";
        let second = |s: u64| s * 1_000_000_000;
        let window = Window {
            around: vec![(0, second(2))],
            from: 0,
            to: second(5),
        };
        let kept = lines(&log[..], &window, ("7", "decree"), &Redaction::default());
        let words: Vec<&str> = kept.iter().map(|line| line.text.as_str()).collect();
        let expected = [
            "prepare decree=7",
            "noise",
            "started, pid 9",
            "recovered 0 records",
            "a",
            "b",
            "read decree=7",
        ];
        assert_eq!(words, expected);
        assert_eq!(kept[2].kind, Kind::Harness);
        assert_eq!(
            kept[2].skipped_before, 2,
            "noise between the operations is counted"
        );
        assert_eq!(kept[3].kind, Kind::AfterRestart);
        assert_eq!(kept[6].skipped_before, 1);
        let numbers: Vec<usize> = kept.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [1, 2, 5, 6, 7, 8, 10], "as they are in the file");
    }

    #[test]
    fn what_is_blacked_out_of_a_line_is_gone_before_it_is_cut() {
        let log = format!("1.0 {} password=hunter2\n", "x".repeat(LINE_CHARS_MAX - 12));
        let window = Window {
            around: vec![(0, u64::MAX)],
            from: 0,
            to: u64::MAX,
        };
        let shown = |redaction: &Redaction| {
            lines(log.as_bytes(), &window, ("7", "decree"), redaction)[0]
                .text
                .clone()
        };
        assert!(shown(&Redaction::default()).contains("password=hu"));
        let black = shown(&Redaction::of(r"password=\S+").unwrap());
        assert!(black.ends_with("x ███"), "{black}");
    }

    #[test]
    fn a_namesake_of_the_object_is_not_about_it_where_the_log_says_what_it_is() {
        let second = |s: u64| s * 1_000_000_000;
        let window = Window {
            around: vec![(0, second(2))],
            from: 0,
            to: second(9),
        };
        let kinds = |log: &[u8]| -> Vec<(Kind, usize)> {
            let kept = lines(log, &window, ("7", "decree"), &Redaction::default());
            kept.iter().map(|line| (line.kind, line.skipped_before)).collect()
        };
        assert_eq!(
            kinds(b"1.0 start 7\n1.1 prepare decree=7\n3.0 noise\n3.1 7 peers\n4.0 read decree=7\n"),
            [(Kind::Other, 0), (Kind::About, 0), (Kind::About, 2)]
        );
        // Where it never does, any line with the name may be about it.
        assert_eq!(
            kinds(b"1.0 start 7\n1.1 prepare 7\n3.1 7 peers\n"),
            [(Kind::About, 0), (Kind::About, 0), (Kind::About, 0)]
        );
    }

    #[test]
    fn of_a_line_without_an_end_only_the_beginning_is_kept() {
        let mut log = b"1.0 ".to_vec();
        log.extend(vec![b'x'; 3 * LINE_BYTES_MAX]);
        log.extend(b"\n2.0 next");
        let mut reader = BufReader::with_capacity(1000, &log[..]);
        let mut line = Vec::new();
        assert!(read_line(&mut reader, &mut line));
        assert_eq!(line.len(), LINE_BYTES_MAX);
        assert!(read_line(&mut reader, &mut line));
        assert_eq!(line, b"2.0 next");
        assert!(!read_line(&mut reader, &mut line));
    }

    #[test]
    fn a_nodes_name_does_not_lead_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("nodes/x")).unwrap();
        std::fs::write(folder.path().join("stderr.log"), "1.0 secret 7\n").unwrap();
        std::fs::write(folder.path().join("nodes/x/stderr.log"), "1.0 open 7\n").unwrap();
        let window = Window {
            around: vec![],
            from: 0,
            to: u64::MAX,
        };
        let read = |name| {
            own_words(
                folder.path(),
                name,
                &window,
                ("7", "decree"),
                &Redaction::default(),
            )
            .len()
        };
        assert_eq!(read("x"), 1);
        for name in ["../", "..", "x/../..", "../nodes/..", "", "a\0b"] {
            assert_eq!(read(name), 0, "{name:?}");
        }
    }
}
