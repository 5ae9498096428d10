//! The nodes' own words around a violation, with what the harness did to them in between.
//!
//! Log files hold whatever a node wrote: any bytes, any length. Each line begins with the stamp that the
//! harness gave it on arrival; the rest is made visible and cut.

use crate::coverage::Coverage;
use crate::text::{seconds, visible};
use checker::Violation;
use history::{Fault, History};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// How much before the first core operation and after the last is shown.
const MARGIN_NS: u64 = 50_000_000;
/// How many lines of a node are shown.
const LINES_MAX: usize = 60;
/// How many nodes are shown.
const NODES_MAX: usize = 3;
/// How much of a log file is looked at, at most.
const BYTES_MAX: u64 = 512 << 20;
/// Longer lines are cut.
const LINE_CHARS_MAX: usize = 220;

/// One node's log around a violation.
pub struct NodeLog {
    /// The node.
    pub node: String,
    /// Why it is shown.
    pub why: String,
    /// The file, relative to the run's folder.
    pub file: String,
    /// Its lines, in the order of time.
    pub lines: Vec<LogLine>,
    /// How many more there are in the window.
    pub hidden: usize,
}

/// One line.
pub struct LogLine {
    /// The moment, as `31.406`.
    pub at: String,
    /// The text, harmless.
    pub text: String,
    /// How it is drawn: empty, `marked`, `rule` or `client`.
    pub class: &'static str,
}

/// The logs of the nodes that a violation is about.
pub fn around(
    history: &History,
    coverage: &Coverage,
    violation: &Violation,
    directory: &Path,
) -> Vec<NodeLog> {
    let windows: Vec<(u64, u64)> = violation
        .core
        .iter()
        .map(|member| {
            let operation = &history.operations[member.operation as usize];
            let end = if operation.end_ns == u64::MAX {
                operation.start_ns
            } else {
                operation.end_ns
            };
            (operation.start_ns.saturating_sub(MARGIN_NS), end + MARGIN_NS)
        })
        .collect();
    let key = visible(&history.key_name(violation.key), 60);
    nodes(history, coverage, violation)
        .into_iter()
        .map(|(node, why)| {
            let mut timed = own_words(directory, &node, &windows, &key);
            let total = timed.len();
            // Too many lines: those about this object stay, wherever they are.
            if total > LINES_MAX {
                let mut room = LINES_MAX;
                timed.retain(|(_, line)| {
                    let stays = !line.class.is_empty() && room > 0;
                    room -= usize::from(stays);
                    stays
                });
            }
            let hidden = total - timed.len();
            timed.extend(asked(history, violation, &node));
            timed.extend(faults_of(coverage, &node, &windows));
            timed.sort_by_key(|(at, line)| (*at, line.class != "rule"));
            let file = format!("nodes/{}/stderr.log", visible(&node, 60));
            NodeLog {
                node: visible(&node, 40),
                why,
                file,
                lines: timed.into_iter().map(|(_, line)| line).collect(),
                hidden,
            }
        })
        .collect()
}

/// The nodes of the core operations first, then those with a fault between them.
fn nodes(history: &History, coverage: &Coverage, violation: &Violation) -> Vec<(String, String)> {
    let mut nodes: Vec<(String, String)> = Vec::new();
    for member in &violation.core {
        let operation = &history.operations[member.operation as usize];
        let Some(node) = history.node_name(operation) else {
            continue;
        };
        match nodes.iter_mut().find(|(known, _)| known == node) {
            Some((_, why)) => why.push_str(&format!(", {}", member.label)),
            None => nodes.push((
                node.to_owned(),
                format!("asked by client {} · {}", history.client(operation), member.label),
            )),
        }
    }
    let core = violation
        .core
        .iter()
        .map(|member| &history.operations[member.operation as usize]);
    let from = core
        .clone()
        .map(|operation| operation.start_ns)
        .min()
        .unwrap_or(0);
    let to = core.map(|operation| operation.start_ns).max().unwrap_or(0);
    for span in &coverage.faults {
        let Fault::Kill { nodes: killed } = &span.fault else {
            continue;
        };
        if span.installed_ns.is_some_and(|at| (from..to).contains(&at)) {
            for node in killed
                .iter()
                .filter(|node| !nodes.iter().any(|(known, _)| known == *node))
                .cloned()
                .collect::<Vec<_>>()
            {
                nodes.push((node, "killed in between".to_owned()));
            }
        }
    }
    nodes.truncate(NODES_MAX);
    nodes
}

fn own_words(directory: &Path, node: &str, windows: &[(u64, u64)], key: &str) -> Vec<(u64, LogLine)> {
    // A node's name comes from a history file: it must not lead out of the folder.
    if node.contains(['/', '\\', '\0']) || node.starts_with('.') {
        return Vec::new();
    }
    let Ok(file) = File::open(directory.join("nodes").join(node).join("stderr.log")) else {
        return Vec::new();
    };
    let mut reader = BufReader::with_capacity(1 << 20, file.take(BYTES_MAX));
    let mut bytes = Vec::new();
    let mut lines = Vec::new();
    let latest = windows.iter().map(|(_, end)| *end).max().unwrap_or(0);
    loop {
        bytes.clear();
        match reader.read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return lines,
            Ok(_) => {}
        }
        let Some((at, text)) = stamped(&bytes) else {
            continue;
        };
        if at > latest {
            return lines;
        }
        if !windows.iter().any(|(start, end)| (*start..=*end).contains(&at)) {
            continue;
        }
        let class = if text.starts_with("[harness]") {
            "rule"
        } else if mentions(&text, key) {
            "marked"
        } else {
            ""
        };
        lines.push((
            at,
            LogLine {
                at: format!("{:.3}", seconds(at)),
                text: visible(&without_escapes(&text), LINE_CHARS_MAX),
                class,
            },
        ));
    }
}

/// A line's stamp in nanoseconds, and its text.
fn stamped(line: &[u8]) -> Option<(u64, String)> {
    let text = String::from_utf8_lossy(line.get(..line.len().min(16 * 1024))?);
    let (stamp, text) = text.trim_end_matches(['\n', '\r']).split_once(' ')?;
    let at: f64 = stamp.parse().ok()?;
    (at.is_finite() && at >= 0.0).then(|| ((at * 1e9) as u64, text.to_owned()))
}

/// Whether a text has the object's name as a word.
fn mentions(text: &str, key: &str) -> bool {
    // A dot goes on with a number: the 17 of ballot 17.n1 is not decree 17.
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    text.match_indices(key).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + key.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
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

/// What clients asked and were told, as far as the core is concerned.
fn asked(history: &History, violation: &Violation, node: &str) -> Vec<(u64, LogLine)> {
    let mut lines = Vec::new();
    for member in &violation.core {
        let operation = &history.operations[member.operation as usize];
        if history.node_name(operation) != Some(node) {
            continue;
        }
        let call = super::timeline::call(history, operation);
        let client = history.client(operation);
        let line = |at: u64, text: String| {
            (
                at,
                LogLine {
                    at: format!("{:.3}", seconds(at)),
                    text,
                    class: "client",
                },
            )
        };
        let asked = call.split(" → ").next().unwrap_or(&call).to_owned();
        lines.push(line(
            operation.start_ns,
            format!("→ client {client} asks {}: {asked}", member.label),
        ));
        if operation.end_ns != u64::MAX {
            lines.push(line(
                operation.end_ns,
                format!("← client {client} has its answer: {call}"),
            ));
        }
    }
    lines
}

/// What the nemesis did to this node.
fn faults_of(coverage: &Coverage, node: &str, windows: &[(u64, u64)]) -> Vec<(u64, LogLine)> {
    let mut lines = Vec::new();
    for span in &coverage.faults {
        let Fault::Partition { cut, .. } = &span.fault else {
            continue;
        };
        let others: Vec<&str> = cut
            .iter()
            .filter(|(from, _)| from == node)
            .map(|(_, to)| to.as_str())
            .collect();
        if others.is_empty() {
            continue;
        }
        let names = crate::text::names(&others);
        for (at, text) in [
            (span.installed_ns, format!("cut off from {names}")),
            (span.healing_ns, format!("reaches {names} again")),
        ] {
            let Some(at) = at else { continue };
            if windows.iter().any(|(start, end)| (*start..=*end).contains(&at)) {
                lines.push((
                    at,
                    LogLine {
                        at: format!("{:.3}", seconds(at)),
                        text,
                        class: "rule",
                    },
                ));
            }
        }
    }
    lines
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
    }

    #[test]
    fn a_number_is_found_as_a_word_only() {
        assert!(mentions("accepted decree=147 ballot=1.n1", "147"));
        assert!(!mentions("accepted decree=1478 ballot=1.n1", "147"));
    }
}
