//! The top of the page: the sentence, the command, the numbers.

use crate::coverage::Coverage;
use crate::document::Results;
use crate::text::{count, counted, seconds, times, visible};
use checker::{Analysis, Verdict};
use history::History;

pub struct Fact {
    pub name: String,
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
    let fact = |name: &str, value: String, note: String| Fact {
        name: name.to_owned(),
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
        .map(|kind| crate::text::fault::counted(&kind.kind, kind.installed, coverage.power_failures()))
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
            name: "Operations".to_owned(),
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
            &format!("{}s", crate::text::capitalized(crate::text::noun(history))),
            count(history.keys.len()),
            analysis
                .map(|it| match (it.keys.invalid, it.keys.unknown) {
                    (0, 0) => format!("all {}", it.model.praise()),
                    (0, open) => format!("{} not decided", count(open)),
                    (bad, _) => format!("{} not {}", count(bad), it.model.praise()),
                })
                .unwrap_or_default(),
        ),
        fact(
            "Clients",
            format!("{clients} on {}", counted(history.nodes.len(), "node")),
            match (clients as usize).checked_div(history.nodes.len()) {
                Some(each) if each > 0 && each * history.nodes.len() == clients as usize => {
                    format!("{each} per node")
                }
                _ => String::new(),
            },
        ),
        fact("Faults", count(coverage.confirmed().1), kinds.join(" · ")),
        fact(
            "No quorum for",
            format!("{:.1} s", seconds(coverage.no_quorum_ns())),
            match coverage.no_quorum.len() {
                0 => times(0),
                often => format!(
                    "{}, {:.0} % of the run",
                    times(often),
                    seconds(coverage.no_quorum_ns()) / results.duration_s.max(0.001) * 100.0
                ),
            } + &match coverage.quorum_on_and_off_ns() {
                0 => String::new(),
                ns => format!("; {:.1} s on and off", seconds(ns)),
            },
        ),
    ];
    if let Some(analysis) = analysis {
        facts.push(fact(
            "Checked in",
            crate::text::took(analysis.stats.took.as_secs_f64()),
            match analysis.verdict {
                Verdict::Unknown => "a limit was reached".to_owned(),
                Verdict::Valid | Verdict::Invalid => "verified independently".to_owned(),
            },
        ));
    }
    facts
}
