//! The nodes' own words around a violation, with what clients asked and what the harness did in between.
//!
//! Shown are lines about the object, the first lines after a restart, and a little of what stood beside them;
//! what is left out is counted where it was. Read next: `read` for how a log file, which holds whatever a
//! node wrote, becomes harmless lines.

mod read;

use super::piece::{Piece, find_words, is_called, marked, plain, value_words};
use crate::coverage::{Coverage, known_end_ns};
use crate::document::ViolationRow;
use crate::redaction::Redaction;
use crate::text::{counted, moment, names, seconds, visible};
use checker::Violation;
use history::History;
use read::{Kind, OwnLine};
use std::path::Path;

/// How much before and after each core operation is looked at.
const MARGIN_NS: u64 = 50_000_000;
/// How many lines are shown of the log of a node that an operation of the contradiction was asked of, or that was stopped.
const LINES_MAX: usize = 40;
/// How many of any other, where only what is about the object matters.
const LINES_OF_OTHERS_MAX: usize = 24;
/// How many lines before and after one that matters are shown with it.
const BESIDE: usize = 1;
/// The class of the object's own name in a line.
const KEY_CLASS: &str = "key";
/// How many nodes are shown.
const NODES_MAX: usize = 9;
/// How many of them at once; the others are a click away.
const COLUMNS: usize = 3;
/// A gap of so few lines takes no less room than the lines.
const GAP_MIN: usize = 2;

/// The logs around a violation.
#[derive(Default)]
pub struct Logs {
    /// Of the nodes that have most to say: those that were asked, those that were stopped, those that named the object.
    pub shown: Vec<NodeLog>,
    /// Of the others that have something to say.
    pub more: Vec<NodeLog>,
    /// Which nodes are not shown, and why, in sentences.
    pub note: String,
}

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
}

/// One line.
pub struct LogLine {
    /// The moment, as `31.406`.
    pub at: String,
    /// Its number in the file, from 1; none for what nobody wrote there.
    pub number: Option<usize>,
    /// The text, harmless.
    pub text: Vec<Piece>,
    /// How it is drawn: empty, `marked`, `rule`, `rule cut`, `client` or `gap`.
    pub class: &'static str,
}

/// The stretch of time that is looked at.
struct Window {
    /// Around each core operation: everything.
    around: Vec<(u64, u64)>,
    /// From the first to the last: lines that matter.
    from: u64,
    to: u64,
}

impl Window {
    fn of(history: &History, violation: &Violation) -> Window {
        let core = violation
            .core
            .iter()
            .map(|member| &history.operations[member.operation as usize]);
        let around: Vec<(u64, u64)> = core
            .map(|it| {
                let end_ns = known_end_ns(it).saturating_add(MARGIN_NS);
                (it.start_ns.saturating_sub(MARGIN_NS), end_ns)
            })
            .collect();
        Window {
            from: around.iter().map(|(from, _)| *from).min().unwrap_or(0),
            to: around.iter().map(|(_, to)| *to).max().unwrap_or(0),
            around,
        }
    }

    fn spans(&self, at: u64) -> bool {
        (self.from..=self.to).contains(&at)
    }

    fn is_near(&self, at: u64) -> bool {
        self.around.iter().any(|(from, to)| (*from..=*to).contains(&at))
    }
}

/// The logs of the nodes that a violation is about, and of all others that name its object.
pub fn around(
    history: &History,
    coverage: &Coverage,
    violation: &Violation,
    row: &ViolationRow,
    directory: &Path,
    redaction: &Redaction,
) -> Logs {
    let window = Window::of(history, violation);
    let key = visible(&history.key_name(violation.key), 60);
    let mut words = value_words(row);
    words.push((key.clone(), KEY_CLASS.to_owned()));
    let noun = crate::text::noun(history);
    let read = |node: &str| read::own_words(directory, node, &window, (&key, noun), redaction);
    let mut shown: Vec<(String, String, Vec<OwnLine>)> = asked_or_killed(history, coverage, violation)
        .into_iter()
        .map(|(node, why)| {
            let lines = read(&node);
            (node, why, lines)
        })
        .collect();
    // Whoever named the object meanwhile may have had a part in it; where they are many, those that said most.
    let about = |lines: &[OwnLine]| lines.iter().filter(|line| line.kind == Kind::About).count();
    let mut others: Vec<(String, String, Vec<OwnLine>)> = Vec::new();
    for node in &history.nodes {
        if shown.iter().any(|(known, ..)| known == node) {
            continue;
        }
        let lines = read(node);
        let why = format!("{} about it", counted(about(&lines), "line"));
        others.push((node.clone(), why, lines));
    }
    let asked_first = shown.len();
    let is_silent = |(.., lines): &(String, String, Vec<OwnLine>)| about(lines) == 0;
    let (silent, mut others): (Vec<_>, Vec<_>) = others.into_iter().partition(is_silent);
    others.sort_by_key(|(.., lines)| std::cmp::Reverse(about(lines)));
    let too_many = others.split_off(others.len().min(NODES_MAX.saturating_sub(asked_first)));
    let names_of = |them: &[(String, String, Vec<OwnLine>)]| {
        names(&them.iter().map(|(node, ..)| node.as_str()).collect::<Vec<_>>())
    };
    let object = format!("{noun} {key}");
    let none_from = (!silent.is_empty())
        .then(|| format!("No line about {object} in this time from {}.", names_of(&silent)));
    let not_shown = (!too_many.is_empty())
        .then(|| format!("Not shown: lines about {object} of {}.", names_of(&too_many)));
    let note: Vec<String> = none_from.into_iter().chain(not_shown).collect();
    let is_other: Vec<String> = others.iter().map(|(node, ..)| node.clone()).collect();
    shown.extend(others);
    let mut more = shown.split_off(shown.len().min(COLUMNS));
    for columns in [&mut shown, &mut more] {
        columns.sort_by_key(|(node, ..)| history.nodes.iter().position(|known| known == node));
    }
    let log = |(node, why, lines): (String, String, Vec<OwnLine>)| {
        let lines_max = match is_other.contains(&node) {
            true => LINES_OF_OTHERS_MAX,
            false => LINES_MAX,
        };
        let mut timed = chosen(lines, &words, noun, lines_max);
        timed.extend(asked(history, violation, &node));
        timed.extend(cuts(coverage, &node, &window));
        timed.sort_by_key(|(at, line)| (*at, !line.class.starts_with("rule")));
        NodeLog {
            file: format!("nodes/{}/stderr.log", visible(&node, 60)),
            node: visible(&node, 40),
            why,
            lines: timed.into_iter().map(|(_, line)| line).collect(),
        }
    };
    Logs {
        shown: shown.into_iter().map(log).collect(),
        more: more.into_iter().map(log).collect(),
        note: note.join(" "),
    }
}

/// Everything that a node wrote, with its time in nanoseconds, up to so many lines as are kept at most.
pub fn of_node(directory: &Path, node: &str, redaction: &Redaction) -> Vec<(u64, String)> {
    let whole = Window {
        around: vec![(0, u64::MAX)],
        from: 0,
        to: u64::MAX,
    };
    let lines = read::own_words(directory, node, &whole, ("", ""), redaction);
    lines.into_iter().map(|line| (line.at, line.text)).collect()
}

/// The nodes of the core operations, and those that were killed between them.
fn asked_or_killed(history: &History, coverage: &Coverage, violation: &Violation) -> Vec<(String, String)> {
    let mut nodes: Vec<(String, String)> = Vec::new();
    let core = || {
        violation
            .core
            .iter()
            .map(|member| &history.operations[member.operation as usize])
    };
    for (member, operation) in violation.core.iter().zip(core()) {
        let Some(node) = history.node_name(operation) else {
            continue;
        };
        match nodes.iter_mut().find(|(known, _)| known == node) {
            Some((_, why)) => why.push_str(&format!(" and {}", member.label)),
            None => nodes.push((node.to_owned(), format!("asked {}", member.label))),
        }
    }
    let from = core().map(|operation| operation.start_ns).min().unwrap_or(0);
    let to = core().map(|operation| operation.start_ns).max().unwrap_or(0);
    for span in &coverage.faults {
        let Some(befell) = crate::text::fault::what_befell(&span.fault) else {
            continue;
        };
        let in_between = format!("{} in between", befell.split(" (").next().unwrap_or(befell));
        if !span.installed_ns.is_some_and(|at| (from..to).contains(&at)) {
            continue;
        }
        for node in span.fault.stopped() {
            match nodes.iter_mut().find(|(known, _)| known == node) {
                Some((_, why)) if why.ends_with(&in_between) => {}
                Some((_, why)) => why.push_str(&format!(" · {in_between}")),
                None => nodes.push((node.clone(), in_between.clone())),
            }
        }
    }
    nodes.truncate(NODES_MAX);
    nodes
}

/// The lines that matter, with some beside them; the rest is counted where it was.
fn chosen(
    lines: Vec<OwnLine>,
    words: &[(String, String)],
    noun: &str,
    lines_max: usize,
) -> Vec<(u64, LogLine)> {
    let is_named = lines.iter().any(|line| line.is_called);
    // Of decree=5 value=5 the first is not the value, and the second not the decree.
    let is_mark = |text: &str, at: usize, class: &str| match class {
        KEY_CLASS => !is_named || is_called(text, at, noun),
        _ => !is_called(text, at, noun),
    };
    let matters: Vec<bool> = lines.iter().map(|line| line.kind != Kind::Other).collect();
    let has_neighbour = |place: usize| {
        let last = (place + BESIDE).min(matters.len() - 1);
        matters[place.saturating_sub(BESIDE)..=last].contains(&true)
    };
    // Where the object was busy for long there are too many lines about it: the rare ones, those that name a value of the
    // contradiction, and those near the core operations, say most.
    let names_value = |line: &OwnLine| {
        let mut values = words.iter().filter(|(_, class)| class != KEY_CLASS);
        values.any(|(value, class)| find_words(&line.text, value).any(|at| is_mark(&line.text, at, class)))
    };
    let rank = |place: &usize| match lines[*place].kind {
        Kind::Harness | Kind::AfterRestart => 0,
        Kind::About if names_value(&lines[*place]) => 1,
        Kind::About if lines[*place].is_near => 2,
        Kind::About => 3,
        Kind::Other => 4,
    };
    let mut places: Vec<usize> = (0..lines.len()).filter(|place| has_neighbour(*place)).collect();
    places.sort_by_key(rank);
    let mut keep = vec![false; lines.len()];
    places
        .iter()
        .take(lines_max)
        .for_each(|place| keep[*place] = true);
    close_small_gaps(&mut keep, &lines);
    let mut shown = Vec::new();
    let (mut left_out, mut latest) = (0, 0);
    for (line, keep) in lines.into_iter().zip(keep) {
        left_out += line.skipped_before;
        latest = line.at;
        if !keep {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            shown.push((line.at, gap(std::mem::take(&mut left_out))));
        }
        let class = match line.kind {
            Kind::Harness => "rule",
            Kind::About => "marked",
            Kind::AfterRestart | Kind::Other => "",
        };
        let text = match line.kind {
            Kind::Harness => plain(line.text),
            _ => marked(&line.text, words, is_mark),
        };
        let at = format!("{:.3}", seconds(line.at));
        let number = Some(line.number);
        shown.push((
            line.at,
            LogLine {
                at,
                number,
                text,
                class,
            },
        ));
    }
    if left_out > 0 {
        shown.push((latest, gap(left_out)));
    }
    shown
}

/// Keeps what would be left out between two lines that are kept, where that is hardly anything.
fn close_small_gaps(keep: &mut [bool], lines: &[OwnLine]) {
    let mut before = None;
    for place in 0..keep.len() {
        if !keep[place] {
            continue;
        }
        let left_out = before.map_or(place, |before| place - before - 1);
        let is_whole = lines[place - left_out..=place]
            .iter()
            .all(|it| it.skipped_before == 0);
        if left_out < GAP_MIN && is_whole {
            keep[place - left_out..place].fill(true);
        }
        before = Some(place);
    }
}

fn gap(lines: usize) -> LogLine {
    LogLine {
        at: String::new(),
        number: None,
        text: plain(format!("{} not shown", counted(lines, "line"))),
        class: "gap",
    }
}

/// What clients asked this node and were told, as far as the core is concerned.
fn asked(history: &History, violation: &Violation, node: &str) -> Vec<(u64, LogLine)> {
    let mut lines = Vec::new();
    let mut line = |at: u64, text: String| {
        let client = LogLine {
            at: format!("{:.3}", seconds(at)),
            number: None,
            text: plain(text),
            class: "client",
        };
        lines.push((at, client));
    };
    for member in &violation.core {
        let operation = &history.operations[member.operation as usize];
        if history.node_name(operation) != Some(node) {
            continue;
        }
        let call = super::timeline::call(history, operation);
        let (client, letter) = (history.client(operation), member.label);
        let (asked, told) = call.split_once(" → ").unwrap_or((&call, "that it failed"));
        line(
            operation.start_ns,
            format!("→ client {client} asks {letter}: {asked}"),
        );
        if operation.end_ns != u64::MAX {
            line(operation.end_ns, format!("← client {client} is told {told}"));
        }
    }
    lines
}

/// When this node was cut off, and from whom.
fn cuts(coverage: &Coverage, node: &str, window: &Window) -> Vec<(u64, LogLine)> {
    let mut lines = Vec::new();
    for span in &coverage.faults {
        let cut = span.fault.cut();
        let mut others: Vec<&str> = Vec::new();
        for (from, to) in cut {
            let other = match (from == node, to == node) {
                (true, _) => to,
                (_, true) => from,
                _ => continue,
            };
            if !others.contains(&other.as_str()) {
                others.push(other);
            }
        }
        if others.is_empty() {
            continue;
        }
        others.sort_unstable();
        let until = match span.healing_ns {
            Some(healing) if !window.spans(healing) => format!(", until {}", moment(healing)),
            _ => String::new(),
        };
        let begin = format!("cut off from {}{until}", names(&others));
        let end = format!("connected with {} again", names(&others));
        for (at, text) in [(span.installed_ns, begin), (span.healing_ns, end)] {
            if let Some(at) = at.filter(|at| window.spans(*at)) {
                let line = LogLine {
                    at: format!("{:.3}", seconds(at)),
                    number: None,
                    text: plain(text),
                    class: "rule cut",
                };
                lines.push((at, line));
            }
        }
    }
    lines
}
