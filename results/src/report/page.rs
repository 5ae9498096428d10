//! The page: what it says, in which order, for each verdict. The words are here, the markup in
//! `templates/report.html`.

use super::logs::{self, NodeLog};
use super::{timeline, whole_run};
use crate::coverage::Coverage;
use crate::document::{CoreRow, Outcome, Results};
use crate::text::{count, counted, moment, seconds, stretch, visible};
use askama::Template;
use checker::{Analysis, Model, Violation};
use history::{Fault, History};
use std::collections::BTreeMap;
use std::path::Path;

/// How many violations are told in full; the rest are counted.
const VIOLATIONS_SHOWN: usize = 1;
/// How many more are named.
const VIOLATIONS_NAMED: usize = 12;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    results: &'a Results,
    verdict_class: &'static str,
    verdict_word: &'static str,
    eyebrow: &'static str,
    breadcrumb: String,
    heading: Vec<Piece>,
    detail: Vec<String>,
    command: Vec<String>,
    command_line: String,
    facts: Vec<Fact>,
    violations: Vec<ViolationView>,
    others: Vec<(String, String)>,
    others_hidden: String,
    believe: Option<Believe>,
    whole_run: whole_run::WholeRun,
    kinds: Vec<KindView>,
    numbers: Vec<(String, String)>,
    not_exercised: String,
    checks: Vec<CheckView>,
    checker_note: String,
    environment: Vec<(&'static str, String)>,
    files: Vec<(String, &'static str)>,
    footer: String,
}

/// A piece of the heading: a value in its colour, or plain words.
struct Piece {
    text: String,
    class: String,
}

struct Fact {
    name: &'static str,
    value: String,
    note: String,
    bar: Option<[f64; 3]>,
}

struct ViolationView {
    title: String,
    subtitle: String,
    timeline: String,
    circle: String,
    reasons: Vec<(String, String)>,
    orders: Vec<(String, String)>,
    claim: String,
    answers: Vec<AnswerRow>,
    key_name: String,
    between_title: String,
    between: Vec<(String, String)>,
    account: Vec<(&'static str, String)>,
    logs: Vec<NodeLog>,
}

struct AnswerRow {
    node: String,
    marks: Vec<(String, String)>,
    summary: String,
}

/// For a run without a violation: why its verdict can be believed.
struct Believe {
    title: &'static str,
    tried: Vec<(String, String)>,
    did: Vec<(&'static str, String)>,
    could: Vec<String>,
    rules: Vec<(bool, String, String)>,
    hardest: String,
    witness: String,
}

struct KindView {
    name: String,
    times: String,
    active: String,
    begun: String,
    ok: String,
    share: f64,
}

struct CheckView {
    class: &'static str,
    sign: &'static str,
    name: String,
    result: String,
    took: String,
}

pub fn render(
    results: &Results,
    history: &History,
    analysis: Option<&Analysis>,
    coverage: &Coverage,
    directory: Option<&Path>,
) -> Result<String, askama::Error> {
    let empty = Vec::new();
    let found = analysis.map_or(&empty, |analysis| &analysis.violations);
    let shown = &found[..found.len().min(VIOLATIONS_SHOWN)];
    let spans: Vec<(u64, u64)> = shown
        .iter()
        .flat_map(|violation| core_spans(history, violation))
        .collect();
    let violations = shown
        .iter()
        .zip(&results.violations)
        .map(|(violation, row)| violation_view(history, coverage, violation, row, directory))
        .collect();
    let hidden = analysis
        .map_or(0, |analysis| analysis.keys.invalid)
        .saturating_sub(shown.len());
    let (verdict_class, eyebrow) = match results.verdict {
        Outcome::Valid => ("valid", "LINEARIZABLE"),
        Outcome::Invalid => ("invalid", "NOT LINEARIZABLE"),
        Outcome::Unknown => ("unknown", "NOT DECIDED"),
        Outcome::Error => ("error", "NO VERDICT"),
    };
    let page = Page {
        results,
        verdict_class,
        verdict_word: results.verdict.word(),
        eyebrow,
        breadcrumb: breadcrumb(results),
        heading: heading(results),
        detail: results
            .reason
            .detail
            .iter()
            .map(|line| visible(line, 600))
            .collect(),
        command: results
            .run
            .iter()
            .flat_map(|run| command_lines(&run.argv))
            .collect(),
        command_line: results
            .run
            .as_ref()
            .map(|run| format!("harness {}", run.argv.join(" ")))
            .unwrap_or_default(),
        facts: facts(results, history, analysis, coverage),
        violations,
        others: results
            .violations
            .iter()
            .skip(shown.len())
            .take(VIOLATIONS_NAMED)
            .map(|row| (format!("{:.3} s", row.window_s[0]), visible(&row.sentence, 200)))
            .collect(),
        others_hidden: match hidden.saturating_sub(VIOLATIONS_NAMED) {
            0 => String::new(),
            more => format!("{} more are not named here.", counted(more, "decree")),
        },
        believe: (found.is_empty() && analysis.is_some()).then(|| believe(results, history, coverage)),
        whole_run: whole_run::draw(history, coverage, &spans),
        kinds: kinds(coverage),
        numbers: numbers(coverage),
        not_exercised: coverage.not_exercised.join(", "),
        checks: checks(results),
        checker_note: analysis.map(checker_note).unwrap_or_default(),
        environment: environment(results),
        files: files(results),
        footer: footer(results),
    };
    page.render()
}

fn span(history: &History, violation: &Violation) -> (u64, u64) {
    let core = violation
        .core
        .iter()
        .map(|member| &history.operations[member.operation as usize]);
    let start = core
        .clone()
        .map(|operation| operation.start_ns)
        .min()
        .unwrap_or(0);
    let end = core
        .filter(|operation| operation.end_ns != u64::MAX)
        .map(|operation| operation.end_ns)
        .max();
    (start, end.unwrap_or(start))
}

/// When each operation of the core was under way.
fn core_spans(history: &History, violation: &Violation) -> Vec<(u64, u64)> {
    let core = violation
        .core
        .iter()
        .map(|member| &history.operations[member.operation as usize]);
    core.map(|it| {
        (
            it.start_ns,
            if it.end_ns == u64::MAX {
                it.start_ns
            } else {
                it.end_ns
            },
        )
    })
    .collect()
}

fn breadcrumb(results: &Results) -> String {
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
fn heading(results: &Results) -> Vec<Piece> {
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
fn command_lines(argv: &[String]) -> Vec<String> {
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

fn facts(
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

fn violation_view(
    history: &History,
    coverage: &Coverage,
    violation: &Violation,
    row: &crate::document::ViolationRow,
    directory: Option<&Path>,
) -> ViolationView {
    let (from, to) = span(history, violation);
    let key_name = visible(&history.key_name(violation.key), 60);
    let values = core_values(row);
    let color = |member: &CoreRow| {
        let value = if member.kind == "ok" {
            &member.output
        } else {
            &member.input
        };
        values
            .iter()
            .position(|known| known == value)
            .map_or("value-none".to_owned(), |place| format!("value-{}", place.min(4)))
    };
    let mine: Vec<&history::Operation> = history
        .operations
        .iter()
        .filter(|operation| operation.key == violation.key)
        .collect();
    let labels: Vec<String> = row.core.iter().map(|member| member.label.clone()).collect();
    let reads = mine.iter().filter(|operation| operation.input.is_null()).count();
    let infos = mine
        .iter()
        .filter(|operation| operation.outcome == history::Outcome::Info)
        .count();
    let told = mine
        .iter()
        .filter(|operation| operation.outcome == history::Outcome::Ok && !operation.output.is_null())
        .count();
    let undecided = mine
        .iter()
        .filter(|operation| operation.outcome == history::Outcome::Ok && operation.output.is_null())
        .count();
    ViolationView {
        title: format!("The contradiction, in {}", counted(row.core.len(), "operation")),
        subtitle: format!(
            "{} – {} · decree {key_name} · lanes are nodes, rows are the clients that talk to them",
            moment(from),
            moment(to)
        ),
        timeline: timeline::draw(history, coverage, violation, row),
        circle: timeline::draw_loop(violation, row, &color),
        reasons: ('①'..)
            .zip(&row.edges)
            .map(|(number, edge)| (number.to_string(), visible(&edge.sentence, 300)))
            .collect(),
        orders: row
            .orders
            .iter()
            .map(|order| (order.order.join(", then "), visible(&order.sentence, 300)))
            .collect(),
        claim: format!(
            "Every other operation was allowed to happen at any time, or not at all; still no order works.{}",
            if row.shrink.minimal && row.core.len() > 1 {
                " Without any one of these the rest would be legal."
            } else {
                ""
            }
        ),
        answers: answers(history, &mine, &values),
        key_name,
        between_title: match labels.as_slice() {
            [one] => format!("Faults around {one}"),
            labels => format!("Faults between {} and {}", labels[0], labels[labels.len() - 1]),
        },
        between: between(history, coverage, violation),
        account: vec![
            ("Told a value", count(told)),
            ("Told “undecided”", count(undecided)),
            (
                "Outcome unknown",
                format!("{}, each tried as done and as not done", count(infos)),
            ),
            (
                "Reads, proposals",
                format!("{}, {}", count(reads), count(mine.len() - reads)),
            ),
            (
                "Shrunk",
                format!(
                    "{} → {}, {} checks, {}",
                    row.shrink.from,
                    row.shrink.to,
                    row.shrink.checks,
                    if row.shrink.verified {
                        "verified by brute force"
                    } else {
                        "not verified"
                    }
                ),
            ),
        ],
        logs: directory
            .map(|it| logs::around(history, coverage, violation, it))
            .unwrap_or_default(),
    }
}

fn core_values(row: &crate::document::ViolationRow) -> Vec<serde_json::Value> {
    let mut values: Vec<serde_json::Value> = Vec::new();
    for member in &row.core {
        let value = if member.kind == "ok" {
            &member.output
        } else {
            &member.input
        };
        if !value.is_null() && !values.contains(value) {
            values.push(value.clone());
        }
    }
    values
}

/// One mark for each answer on the object, by node: the form says which value, without colour.
fn answers(history: &History, mine: &[&history::Operation], values: &[serde_json::Value]) -> Vec<AnswerRow> {
    const MARKS_MAX: usize = 24;
    const SIGNS: [&str; 4] = ["■", "●", "▲", "◆"];
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    let place_of = |operation: &history::Operation| {
        let text = history.values.json(operation.output);
        texts.iter().position(|value| **value == *text)
    };
    let row = |(number, node): (usize, &String)| {
        let told: Vec<&&history::Operation> = mine
            .iter()
            .filter(|operation| {
                usize::from(operation.node) == number && operation.outcome == history::Outcome::Ok
            })
            .collect();
        let marks = told
            .iter()
            .take(MARKS_MAX)
            .map(|operation| match place_of(operation) {
                Some(place) => (SIGNS[place.min(3)].to_owned(), format!("value-{}", place.min(4))),
                None if operation.output.is_null() => ("□".to_owned(), "value-none".to_owned()),
                None => ("◇".to_owned(), "value-4".to_owned()),
            });
        let mut summary: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(place, value)| {
                (
                    told.iter().filter(|it| place_of(it) == Some(place)).count(),
                    value,
                )
            })
            .filter(|(times, _)| *times > 0)
            .map(|(times, value)| format!("{} × {times}", visible(&value.to_string(), 16)))
            .collect();
        let nothing = told.iter().filter(|operation| operation.output.is_null()).count();
        if nothing > 0 {
            summary.push(format!("undecided × {nothing}"));
        }
        AnswerRow {
            node: visible(node, 20),
            marks: marks.collect(),
            summary: summary.join(", "),
        }
    };
    history.nodes.iter().enumerate().map(row).collect()
}

/// What was broken and mended between the core operations, in milliseconds after the first one's end.
fn between(history: &History, coverage: &Coverage, violation: &Violation) -> Vec<(String, String)> {
    const ROWS_MAX: usize = 12;
    let first = &history.operations[violation.core[0].operation as usize];
    let last = &history.operations[violation.core[violation.core.len() - 1].operation as usize];
    let zero = if first.end_ns == u64::MAX {
        first.start_ns
    } else {
        first.end_ns
    };
    let until = if last.end_ns == u64::MAX {
        last.start_ns
    } else {
        last.end_ns
    };
    let mut rows: Vec<(u64, String)> = Vec::new();
    for span in &coverage.faults {
        let ends = span
            .active_ns(u64::MAX)
            .map(|(_, end)| end)
            .filter(|end| *end != u64::MAX);
        let (begin, end) = match &span.fault {
            Fault::Kill { nodes } => (
                format!("{} killed (SIGKILL)", crate::text::names(nodes)),
                format!("{} restarted", crate::text::names(nodes)),
            ),
            other => (
                crate::text::fault(other),
                format!("{} healed", crate::text::fault(other)),
            ),
        };
        rows.extend(span.installed_ns.map(|at| (at, begin)));
        rows.extend(ends.map(|at| (at, end)));
    }
    rows.retain(|(at, _)| (first.start_ns..=until).contains(at));
    rows.sort();
    let hidden = rows.len().saturating_sub(ROWS_MAX);
    let signed = |at: u64| match at >= zero {
        true => format!("+{} ms", count((at - zero + 500_000) / 1_000_000)),
        false => format!("−{} ms", count((zero - at + 500_000) / 1_000_000)),
    };
    let mut shown = vec![("0 ms".to_owned(), format!("{} finished", violation.core[0].label))];
    let throughout = coverage.faults.iter().filter(|span| {
        let active = span.active_ns(u64::MAX);
        active.is_some_and(|(start, end)| start < first.start_ns && end > until)
    });
    shown.extend(throughout.map(|span| ("all along".to_owned(), crate::text::fault(&span.fault))));
    // The last ones before the end say most: they are kept.
    shown.extend(
        rows.iter()
            .skip(hidden)
            .map(|(at, what)| (signed(*at), what.clone())),
    );
    if hidden > 0 {
        shown.insert(
            1,
            (
                String::new(),
                format!("{} earlier changes are in the picture of the run", count(hidden)),
            ),
        );
    }
    if violation.core.len() > 1 {
        shown.push((
            signed(last.start_ns),
            format!("{} began", violation.core[violation.core.len() - 1].label),
        ));
    }
    shown
}

fn believe(results: &Results, history: &History, coverage: &Coverage) -> Believe {
    let tried = coverage.kinds.iter().map(|kind| {
        (
            kind.kind.clone(),
            format!("{} × · {:.1} s", count(kind.installed), seconds(kind.active_ns)),
        )
    });
    let missing = coverage
        .not_exercised
        .iter()
        .map(|kind| (kind.to_string(), "not exercised".to_owned()));
    let begun: usize = coverage.kinds.iter().map(|kind| kind.begun.total()).sum();
    let ok: usize = coverage.kinds.iter().map(|kind| kind.begun.ok).sum();
    let share = if begun == 0 {
        "–".to_owned()
    } else {
        format!("{:.1} %", ok as f64 / begun as f64 * 100.0)
    };
    let mut did = vec![
        ("ok among those begun under a fault", share),
        (
            "lost quorum",
            format!(
                "{}, {:.1} s",
                counted(coverage.no_quorum.len(), "time"),
                seconds(coverage.no_quorum_ns())
            ),
        ),
    ];
    if let Some((median, worst)) = coverage.recovery() {
        did.push((
            "back after a fault's end",
            format!("{} median, {} at worst", stretch(median), stretch(worst)),
        ));
    }
    Believe {
        title: if results.verdict == Outcome::Valid {
            "Why you can believe it"
        } else {
            "What was tested, and what was missing"
        },
        tried: tried.chain(missing).collect(),
        did,
        could: vec![
            format!(
                "{} operations overlapped another on the same decree ({:.0} %)",
                count(coverage.overlapping),
                coverage.overlap_share * 100.0
            ),
            format!(
                "{} operations were in flight as a fault began or ended",
                count(coverage.in_flight_at_change)
            ),
            format!(
                "{} operations began without a quorum",
                count(coverage.no_quorum_begun.total())
            ),
        ],
        rules: results
            .coverage
            .evidence
            .iter()
            .map(|rule| (rule.ok, rule.rule.replace('-', " "), visible(&rule.value, 300)))
            .collect(),
        hardest: hardest(history),
        witness: witness(history).unwrap_or_default(),
    }
}

/// The second in which the most operations were open on one object.
fn hardest(history: &History) -> String {
    let mut best: Option<(usize, u64, u32)> = None;
    let mut open: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for operation in &history.operations {
        let ends = open.entry(operation.key).or_default();
        ends.retain(|end| *end > operation.start_ns);
        ends.push(if operation.end_ns == u64::MAX {
            operation.start_ns
        } else {
            operation.end_ns
        });
        if best.is_none_or(|(most, ..)| ends.len() > most) {
            best = Some((ends.len(), operation.start_ns, operation.key));
        }
    }
    match best {
        Some((most, at, key)) => format!(
            "{}: {most} operations at once on decree {}.",
            moment(at),
            visible(&history.key_name(key), 40)
        ),
        None => String::new(),
    }
}

/// A legal order of the object with the most operations that is short enough to be shown.
fn witness(history: &History) -> Option<String> {
    let mut sizes = vec![0usize; history.keys.len()];
    history
        .operations
        .iter()
        .for_each(|operation| sizes[operation.key as usize] += 1);
    let key = (0..sizes.len())
        .filter(|key| sizes[*key] <= 40)
        .max_by_key(|key| sizes[*key])? as u32;
    let order = checker::witness(history, Model::Decree, key).ok()??;
    let calls: Vec<String> = order
        .iter()
        .take(14)
        .map(|number| timeline::call(history, &history.operations[*number as usize]))
        .collect();
    let more = if order.len() > calls.len() { " · …" } else { "" };
    Some(format!(
        "Decree {}: {}{more}",
        visible(&history.key_name(key), 40),
        calls.join(" · ")
    ))
}

fn kinds(coverage: &Coverage) -> Vec<KindView> {
    let total = coverage.main.total().max(1) as f64;
    let mut views: Vec<KindView> = coverage
        .kinds
        .iter()
        .map(|kind| KindView {
            name: if kind.kind == "kill" {
                "kill, then restart".to_owned()
            } else {
                kind.kind.clone()
            },
            times: count(kind.installed),
            active: format!("{:.1} s", seconds(kind.active_ns)),
            begun: count(kind.begun.total()),
            ok: count(kind.begun.ok),
            share: kind.begun.total() as f64 / total * 100.0,
        })
        .collect();
    let quorum = &coverage.no_quorum_begun;
    if !coverage.kinds.is_empty() {
        views.push(KindView {
            name: "no quorum (result of the above)".to_owned(),
            times: count(coverage.no_quorum.len()),
            active: format!("{:.1} s", seconds(coverage.no_quorum_ns())),
            begun: count(quorum.total()),
            ok: count(quorum.ok),
            share: quorum.total() as f64 / total * 100.0,
        });
    }
    views.push(KindView {
        name: "no fault active".to_owned(),
        times: String::new(),
        active: String::new(),
        begun: count(coverage.calm.total()),
        ok: count(coverage.calm.ok),
        share: coverage.calm.total() as f64 / total * 100.0,
    });
    views
}

fn numbers(coverage: &Coverage) -> Vec<(String, String)> {
    let mut numbers = vec![
        (
            format!("{:.0} %", coverage.overlap_share * 100.0),
            "of operations overlapped another on the same decree".to_owned(),
        ),
        (
            format!("{:.1} %", coverage.unknown_share * 100.0),
            "have an unknown outcome; each loosens the check".to_owned(),
        ),
    ];
    if let Some((median, worst)) = coverage.recovery() {
        numbers.push((
            stretch(median),
            format!(
                "from a fault's end to the first ok, median; {} at worst",
                stretch(worst)
            ),
        ));
    }
    numbers
}

fn checks(results: &Results) -> Vec<CheckView> {
    let view = |check: &crate::document::Check| {
        let (class, sign) = match check.verdict.as_str() {
            "valid" => ("sign-valid", "✓"),
            "invalid" => ("sign-invalid", "✕"),
            _ => ("sign-unknown", "?"),
        };
        CheckView {
            class,
            sign,
            name: visible(&check.name, 60),
            result: visible(&check.result, 300),
            took: if check.took_s > 0.0 {
                format!("{:.2} s", check.took_s)
            } else {
                String::new()
            },
        }
    };
    results.checks.iter().map(view).collect()
}

fn checker_note(analysis: &Analysis) -> String {
    format!(
        "Checker: {} in parallel, the largest with {}; algorithm “{}”; every proof verified by a second, independent checker.",
        counted(analysis.keys.total, "decree"),
        counted(analysis.stats.largest_key_ops, "operation"),
        analysis.stats.algorithm
    )
}

fn environment(results: &Results) -> Vec<(&'static str, String)> {
    let Some(run) = &results.run else {
        return Vec::new();
    };
    let machine = &run.environment;
    vec![
        ("System under test", visible(&run.system, 60)),
        ("Started by", visible(&run.command.join(" "), 300)),
        (
            "Nodes",
            format!("{}, processes of their own", crate::text::names(&run.nodes)),
        ),
        (
            "Network",
            format!(
                "{}: a namespace and an address for each node, every packet through the harness",
                machine.network
            ),
        ),
        ("Harness", format!("{} · seed {}", machine.harness, run.seed)),
        (
            "Host",
            format!(
                "{} · {} · {:.0} GiB",
                visible(&machine.os, 80),
                counted(machine.cpus, "core"),
                machine.memory_bytes as f64 / (1u64 << 30) as f64
            ),
        ),
        (
            "Clock",
            "one monotonic clock from the start of set-up; log lines stamped on arrival".to_owned(),
        ),
        ("Started", visible(&run.started_at, 40)),
    ]
}

fn files(results: &Results) -> Vec<(String, &'static str)> {
    let describe = |name: &str| match name {
        "report" => "this page; needs no network",
        "history" => "every operation and fault, a line each",
        "schedule" => "the faults, as they were planned",
        "options" => "every option of the run",
        "log" => "what the harness said",
        "nodes" => "each node's output, command and data",
        "counterexample" => "the operations above; harness check takes it",
        "witness" => "a legal order for each decree",
        _ => "",
    };
    let mut files: Vec<(String, &'static str)> = results
        .files
        .iter()
        .map(|(name, file)| (file.clone(), describe(name)))
        .collect();
    files.push((
        "results.json".to_owned(),
        "verdict, counterexample, coverage, checks",
    ));
    files
}

fn footer(results: &Results) -> String {
    match &results.run {
        Some(run) => format!(
            "Written by harness {} · run {}",
            run.environment.harness,
            visible(&run.id, 60)
        ),
        None => "Written by harness".to_owned(),
    }
}
