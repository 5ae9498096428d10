//! What is told: a line for each expectation as soon as it is known, and under one that does not hold everything that shows why.
//!
//! Whatever came from the system is cut and made harmless here. What the causes may be is in `cause`.

use crate::client::Exchange;
use results::text::visible;
use std::collections::BTreeSet;
use std::io::Write;

/// How many bytes of a request, an answer or a line are shown.
pub const SHOWN_BYTES_MAX: usize = 1024;
/// How many characters of a line of a log, a reason or a cause are shown.
const LINE_CHARS_MAX: usize = 400;
/// Where what is said about an expectation begins.
const INDENT: &str = "    ";
/// How wide the names of what is said are.
const LABEL_WIDTH: usize = 10;

/// What shows why an expectation does not hold.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    parts: Vec<(String, Vec<String>)>,
}

impl Evidence {
    /// Something with a name, on as many lines as it has.
    pub fn text(mut self, label: &str, text: &str) -> Evidence {
        let lines = text.lines().map(|line| visible(line, LINE_CHARS_MAX));
        self.parts.push((label.to_owned(), lines.collect()));
        self
    }

    /// The last lines of a log.
    pub fn log(mut self, label: &str, lines: &[String]) -> Evidence {
        let shown = lines.iter().map(|line| visible(line, LINE_CHARS_MAX));
        self.parts.push((label.to_owned(), shown.collect()));
        self
    }

    /// What went over the wire; `has_rules` where answers are judged by rules of the descriptor.
    pub fn exchange(mut self, exchange: &Exchange, has_rules: bool) -> Evidence {
        let mut part = |label: &str, lines| self.parts.push((label.to_owned(), lines));
        part("sent", shown(&exchange.sent));
        match exchange.received.is_empty() {
            true => part("received", vec!["nothing".to_owned()]),
            false => part("received", shown(&exchange.received)),
        }
        match &exchange.rule {
            Some(rule) => part("rule", vec![visible(rule, LINE_CHARS_MAX)]),
            None if has_rules && !exchange.received.is_empty() => {
                part("rule", vec!["none of `answers` fits, so info".to_owned()]);
            }
            None => {}
        }
        self
    }

    /// Most likely causes, and what to do about each.
    pub fn causes(mut self, causes: Vec<String>) -> Evidence {
        for cause in causes {
            self = self.text("likely", &cause);
        }
        self
    }
}

/// Bytes as lines, with everything that a terminal would obey or nobody would see as an escape, cut after
/// [`SHOWN_BYTES_MAX`].
fn shown(bytes: &[u8]) -> Vec<String> {
    let cut = &bytes[..bytes.len().min(SHOWN_BYTES_MAX)];
    let mut text = String::new();
    for chunk in cut.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    let mut lines: Vec<String> = text
        .split_terminator('\n')
        // Bytes that are no text have become four characters each.
        .map(|line| visible(line, 4 * SHOWN_BYTES_MAX))
        .collect();
    if bytes.len() > SHOWN_BYTES_MAX {
        lines.push(format!("… and {} more bytes", bytes.len() - SHOWN_BYTES_MAX));
    }
    lines
}

/// Tells expectations and counts them.
pub struct Report {
    color: bool,
    /// What was shown already, so that it is shown once.
    shown: BTreeSet<String>,
    held: usize,
    broken: usize,
}

impl Report {
    /// Nothing was told yet.
    pub fn new(color: bool) -> Report {
        Report {
            color,
            shown: BTreeSet::new(),
            held: 0,
            broken: 0,
        }
    }

    /// What comes next.
    pub fn heading(&mut self, text: &str) {
        self.print(&format!("\n{}\n", visible(text, LINE_CHARS_MAX)));
    }

    /// An expectation that holds.
    pub fn holds(&mut self, line: &str) {
        self.held += 1;
        self.line('✓', "32", line);
    }

    /// One that does not, with everything that shows it.
    pub fn broken(&mut self, line: &str, evidence: &Evidence) {
        self.broken += 1;
        self.line('✕', "31", line);
        let mut text = String::new();
        for (label, lines) in &evidence.parts {
            let first = lines.first().map_or("nothing", String::as_str);
            text.push_str(&format!("{INDENT}{label:LABEL_WIDTH$}{first}\n"));
            for line in lines.iter().skip(1) {
                text.push_str(format!("{INDENT}{:LABEL_WIDTH$}{line}", "").trim_end());
                text.push('\n');
            }
        }
        self.print(&text);
    }

    /// One more likely cause of the last that does not hold.
    pub fn cause(&mut self, cause: &str) {
        let cause = visible(cause, LINE_CHARS_MAX);
        self.print(&format!("{INDENT}{:LABEL_WIDTH$}{cause}\n", "likely"));
    }

    /// Something to know that is neither.
    pub fn note(&mut self, line: &str) {
        self.line('–', "2", line);
    }

    /// Whether this is said for the first time.
    pub fn is_first(&mut self, what: String) -> bool {
        self.shown.insert(what)
    }

    /// The last line. Whether everything holds.
    pub fn end(&mut self, system: &str) -> bool {
        let (all, broken) = (self.held + self.broken, self.broken);
        let system = visible(system, 60);
        match broken {
            0 => self.print(&format!("\n{system}: all {all} expectations hold.\n")),
            1 => self.print(&format!("\n{system}: one of {all} expectations does not hold.\n")),
            _ => self.print(&format!(
                "\n{system}: {broken} of {all} expectations do not hold.\n"
            )),
        }
        broken == 0
    }

    fn line(&self, mark: char, style: &str, line: &str) {
        let line = visible(line, LINE_CHARS_MAX);
        self.print(&match self.color {
            true => format!("\u{1b}[{style}m{mark}\u{1b}[0m {line}\n"),
            false => format!("{mark} {line}\n"),
        });
    }

    /// At once, for what is told is also how far it is. A reader that went away is no error.
    fn print(&self, text: &str) {
        let mut out = anstream::stdout().lock();
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_over_the_wire_is_harmless_and_cut() {
        assert_eq!(
            shown(b"HTTP/1.1 200 OK\n\n\x1b[2J\xff\r\n"),
            ["HTTP/1.1 200 OK", "", "\\u{1b}[2J\\xff\\u{d}"]
        );
        let lines = shown(&[b'x'; SHOWN_BYTES_MAX + 7]);
        assert_eq!(lines[1], "… and 7 more bytes");
        // A character that the cut goes through is shown as the bytes that are left of it.
        let half = [vec![b'x'; SHOWN_BYTES_MAX - 1], "é".into()].concat();
        assert!(shown(&half)[0].ends_with("x\\xc3"));
    }

    #[test]
    fn an_answer_that_fits_no_rule_says_so_where_there_are_rules() {
        let exchange = Exchange {
            received: b"x".to_vec(),
            ..Exchange::default()
        };
        let labels = |evidence: Evidence| -> Vec<String> {
            evidence.parts.into_iter().map(|(label, _)| label).collect()
        };
        let with = Evidence::default().exchange(&exchange, true);
        assert_eq!(labels(with), ["sent", "received", "rule"]);
        let without = Evidence::default().exchange(&exchange, false);
        assert_eq!(labels(without), ["sent", "received"]);
    }
}
