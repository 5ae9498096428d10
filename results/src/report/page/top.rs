//! The top of the page: the sentence, the command, the numbers.

use crate::coverage::Coverage;
use crate::document::Results;
use crate::text::{count, counted, seconds, visible};
use checker::Analysis;
use history::History;

/// A piece of the heading: a value in its colour, or plain words.
pub struct Piece {
    pub text: String,
    pub class: String,
}

pub struct Fact {
    pub name: &'static str,
    pub value: String,
    pub note: String,
    pub bar: Option<[f64; 3]>,
}

pub fn breadcrumb(results: &Results) -> String {
    match &results.run {
        Some(run) => {
            let nemesis = if run.nemesis.is_empty() {
                "no faults".to_owned()
            } else {
                run.nemesis.join(",")
            };
            format!("{} / {} / {nemesis}", run.system, run.workload)
        }
        None => "history file".to_owned(),
    }
}

/// The sentence, with the core's values as chips in their colours. The text stays the same to the letter.
pub fn heading(results: &Results) -> Vec<Piece> {
    let sentence = visible(&results.reason.sentence, 400);
    let mut values: Vec<String> = Vec::new();
    if let Some(violation) = results.violations.first() {
        for member in &violation.core {
            let value = if member.kind == "ok" {
                &member.output
            } else {
                &member.input
            };
            let text = visible(&value.to_string(), 40);
            if !value.is_null() && !values.contains(&text) {
                values.push(text);
            }
        }
    }
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = sentence.as_str();
    // The object's own name may look like a value: chips begin after the first verb.
    let from = rest.find(" was ").map_or(0, |at| at + 5);
    plain.push_str(&rest[..from]);
    rest = &rest[from..];
    'words: while !rest.is_empty() {
        for (place, value) in values.iter().enumerate() {
            let stands_alone = plain.ends_with([' ', '('])
                && rest[value.len().min(rest.len())..].starts_with([' ', '.', ',', ')', ':']);
            if rest.starts_with(value.as_str()) && stands_alone {
                pieces.push(Piece {
                    text: std::mem::take(&mut plain),
                    class: String::new(),
                });
                pieces.push(Piece {
                    text: value.clone(),
                    class: format!("chip value-{}", place.min(4)),
                });
                rest = &rest[value.len()..];
                continue 'words;
            }
        }
        let Some(c) = rest.chars().next() else { break };
        plain.push(c);
        rest = &rest[c.len_utf8()..];
    }
    pieces.push(Piece {
        text: plain,
        class: String::new(),
    });
    pieces
}

/// The command, a flag and its value a line.
pub fn command_lines(argv: &[String]) -> Vec<String> {
    let mut lines = vec!["harness".to_owned()];
    for word in argv {
        let last = lines.last_mut().expect("there is a first line");
        if word.starts_with("--") || last.starts_with("  ") && last.trim().contains(' ') {
            lines.push(format!("  {word}"));
        } else {
            last.push(' ');
            last.push_str(word);
        }
    }
    lines.iter().map(|line| visible(line, 120)).collect()
}

pub fn facts(
    results: &Results,
    history: &History,
    analysis: Option<&Analysis>,
    coverage: &Coverage,
) -> Vec<Fact> {
    let fact = |name, value: String, note: String| Fact {
        name,
        value,
        note,
        bar: None,
    };
    let ops = &results.ops;
    let total = ops.total.max(1) as f64;
    let set_up = results.phases.iter().find(|phase| phase.name == "set up");
    let kinds: Vec<String> = coverage
        .kinds
        .iter()
        .map(|kind| counted(kind.installed, &kind.kind))
        .collect();
    let clients = history.header.as_ref().map_or(0, |header| header.clients);
    let mut facts = vec![
        fact(
            "Ran for",
            format!("{:.1} s", results.duration_s),
            set_up
                .map(|phase| format!("+ {:.1} s set up", phase.end_s - phase.start_s))
                .unwrap_or_default(),
        ),
        Fact {
            name: "Operations",
            value: count(ops.total),
            note: format!(
                "{} ok · {} failed · {} unknown",
                count(ops.ok),
                count(ops.fail),
                count(ops.info)
            ),
            bar: Some([
                ops.ok as f64 / total * 100.0,
                ops.fail as f64 / total * 100.0,
                ops.info as f64 / total * 100.0,
            ]),
        },
        fact(
            "Decrees",
            count(history.keys.len()),
            analysis
                .map(|it| match it.keys.invalid {
                    0 => "all linearizable".to_owned(),
                    bad => format!("{} not linearizable", count(bad)),
                })
                .unwrap_or_default(),
        ),
        fact(
            "Clients",
            format!("{clients} on {} nodes", history.nodes.len()),
            String::new(),
        ),
        fact("Faults", count(coverage.confirmed().1), kinds.join(" · ")),
        fact(
            "No quorum for",
            format!("{:.1} s", seconds(coverage.no_quorum_ns())),
            counted(coverage.no_quorum.len(), "time"),
        ),
    ];
    if let Some(analysis) = analysis {
        facts.push(fact(
            "Checked in",
            format!("{:.2} s", analysis.stats.took.as_secs_f64()),
            "both verdicts verified".to_owned(),
        ));
    }
    facts
}
