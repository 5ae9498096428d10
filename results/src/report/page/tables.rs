//! The lower half of the page: what was exercised, the checks, the environment, the files.

use crate::coverage::Coverage;
use crate::document::{Check, Results};
use crate::text::{count, counted, seconds, stretch, visible};
use checker::Analysis;
use std::path::Path;

pub struct KindView {
    pub name: String,
    pub times: String,
    pub active: String,
    pub begun: String,
    pub ok: String,
    pub share: f64,
}

pub struct CheckView {
    pub class: &'static str,
    pub sign: &'static str,
    pub name: String,
    pub result: String,
    pub took: String,
}

pub fn kinds(coverage: &Coverage) -> Vec<KindView> {
    let total = coverage.main.total().max(1) as f64;
    let mut views: Vec<KindView> = coverage
        .kinds
        .iter()
        .map(|kind| KindView {
            name: crate::text::fault::kind(&kind.kind),
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

pub fn numbers(coverage: &Coverage) -> Vec<(String, String)> {
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

pub fn checks(results: &Results) -> Vec<CheckView> {
    let view = |check: &Check| {
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

pub fn checker_note(analysis: &Analysis) -> String {
    format!(
        "Checker: {} in parallel, the largest with {}; algorithm “{}”; every proof verified by a second, independent checker.",
        counted(analysis.keys.total, "decree"),
        counted(analysis.stats.largest_key_ops, "operation"),
        analysis.stats.algorithm
    )
}

pub fn environment(results: &Results) -> Vec<(&'static str, String)> {
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
        ("Network", network(&machine.network)),
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

/// How nodes were connected, and what that means for the counts in the evidence.
fn network(backend: &str) -> String {
    match backend {
        "proxy" => {
            "proxy: a TCP proxy for each directed link on loopback; no loss, duplication or reordering, \
                    packets are counted as chunks of streams"
                .to_owned()
        }
        switch => format!(
            "{}: a namespace and an address for each node, every packet through the harness",
            visible(switch, 20)
        ),
    }
}

/// The files beside the page: those that are there, where that can be seen.
pub fn files(results: &Results, directory: Option<&Path>) -> Vec<(String, &'static str)> {
    let describe = |name: &str| match name {
        "report" => "this page; needs no network",
        "history" => "every operation and fault, a line each",
        "schedule" => "the faults, as they were planned",
        "options" => "every option of the run",
        "nodes" => "each node's output, command and data",
        "junit" => "the checks as JUnit, for a CI server",
        "summary" => "this page in Markdown, short",
        "drawing" => "the drawing above, standing alone",
        "counterexample" => "the operations above; harness check takes it",
        "witness" => "a legal order for each decree",
        _ => "",
    };
    let mut files: Vec<(String, &'static str)> = results
        .files
        .iter()
        .filter(|(name, file)| {
            *name == "report" || directory.is_none_or(|directory| directory.join(file).exists())
        })
        .map(|(name, file)| (file.clone(), describe(name)))
        .collect();
    files.push((
        "results.json".to_owned(),
        "verdict, counterexample, coverage, checks",
    ));
    files
}

pub fn footer(results: &Results) -> String {
    match &results.run {
        Some(run) => format!(
            "Written by harness {} · run {}",
            run.environment.harness,
            visible(&run.id, 60)
        ),
        None => "Written by harness".to_owned(),
    }
}
