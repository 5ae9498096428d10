//! The lower half of the page: what was exercised, the checks, the environment, the files.

use crate::coverage::{Coverage, Tally};
use crate::document::{Check, Results, SystemRow};
use crate::run_info::{Environment, RunInfo};
use crate::text::{count, counted, seconds, stretch, visible};
use checker::Analysis;
use std::path::Path;

pub struct KindView {
    pub name: String,
    pub times: String,
    pub active: String,
    pub begun: String,
    pub ok: String,
    pub failed: String,
    pub unknown: String,
    /// How it looks in the pictures.
    pub swatch: &'static str,
    pub share: f64,
}

pub struct CheckView {
    pub class: &'static str,
    pub sign: &'static str,
    pub name: String,
    pub result: String,
    pub took: String,
}

/// How faults of a kind look in the pictures.
pub fn swatch(kind: &str) -> &'static str {
    match kind {
        "partition" => "partition",
        "kill" | "terminate" | "member" => "kill",
        "pause" => "pause",
        _ => "disturbed",
    }
}

pub fn kinds(coverage: &Coverage) -> Vec<KindView> {
    let total = coverage.main.total().max(1) as f64;
    let view = |name: String, swatch, times: String, active_ns, begun: Tally| KindView {
        name,
        times,
        active: format!("{:.1} s", seconds(active_ns)),
        begun: count(begun.total()),
        ok: count(begun.ok),
        failed: count(begun.fail),
        unknown: count(begun.info),
        swatch,
        share: begun.total() as f64 / total * 100.0,
    };
    let mut views: Vec<KindView> = coverage
        .kinds
        .iter()
        .map(|kind| {
            let name = crate::text::fault::kind(&kind.kind);
            let swatch = swatch(&kind.kind);
            view(name, swatch, count(kind.installed), kind.active_ns, kind.begun)
        })
        .collect();
    if !coverage.kinds.is_empty() {
        views.push(view(
            "no quorum (result of the above)".to_owned(),
            "no-quorum",
            count(coverage.no_quorum.len()),
            coverage.no_quorum_ns(),
            coverage.no_quorum_begun,
        ));
    }
    if !coverage.quorum_on_and_off.is_empty() {
        let spans = coverage.quorum_on_and_off.len();
        let lasted_ns = coverage.quorum_on_and_off_ns();
        let name = "quorum on and off (result of the above)".to_owned();
        let begun = coverage.on_and_off_begun;
        views.push(view(name, "on-and-off", count(spans), lasted_ns, begun));
    }
    let calm = "no fault active".to_owned();
    views.push(view(calm, "none", String::new(), coverage.calm_ns, coverage.calm));
    views
}

pub fn numbers(coverage: &Coverage) -> Vec<(String, String)> {
    let mut numbers = vec![
        (
            format!("{:.0} %", coverage.overlap_share * 100.0),
            "of operations overlapped another on the same object".to_owned(),
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
            "not-asked" => ("sign-none", "–"),
            _ => ("sign-unknown", "?"),
        };
        CheckView {
            class,
            sign,
            name: visible(&check.name, 60),
            result: match check.verdict.as_str() {
                "not-asked" => format!("not asked: {}", visible(&check.result, 300)),
                _ => visible(&check.result, 300),
            },
            took: if check.took_s > 0.0 {
                crate::text::took(check.took_s)
            } else {
                String::new()
            },
        }
    };
    results.checks.iter().map(view).collect()
}

pub fn checker_note(analysis: &Analysis) -> String {
    let searched = match analysis.stats.states {
        0 => "nothing had to be searched".to_owned(),
        states => format!(
            "{} searched, {} at most",
            counted(states, "state"),
            bytes(analysis.stats.peak_bytes as u64)
        ),
    };
    let limit = match analysis.undecided.is_empty() {
        true => "no limit was reached",
        false => "a limit was reached",
    };
    format!(
        "Checker: {} in parallel, the largest with {}; algorithm “{}”; {searched}; {limit}; every proof verified by a second, \
         independent checker.",
        counted(analysis.keys.total, analysis.model.noun()),
        counted(analysis.stats.largest_key_ops, "operation"),
        analysis.stats.algorithm
    )
}

pub fn environment(results: &Results) -> Vec<(&'static str, String)> {
    let Some(run) = &results.run else {
        return Vec::new();
    };
    let machine = &run.environment;
    let mut rows = vec![
        ("System under test", system(run, results.system.as_ref())),
        ("Started by", visible(&run.command.join(" "), 300)),
        (
            "Nodes",
            format!("{}, processes of their own", crate::text::names(&run.nodes)),
        ),
        ("Network", network(&machine.network)),
        ("Harness", harness(machine, run.seed)),
        (
            "Host",
            format!(
                "{} · {} · {:.0} GiB{}",
                visible(&machine.os, 80),
                counted(machine.cpus, "core"),
                machine.memory_bytes as f64 / (1u64 << 30) as f64,
                machine
                    .load_max
                    .map_or_else(String::new, |load| format!(" · load {load:.1} at most"))
            ),
        ),
        (
            "Clock",
            "one monotonic clock from the start of set-up; log lines stamped on arrival".to_owned(),
        ),
        ("Started", visible(&run.started_at, 40)),
    ];
    let replayed = run.replay_of.as_ref();
    rows.extend(replayed.map(|id| ("Replay of", visible(id, 60))));
    rows
}

/// The system, and which version of it: `paxos · harness 0.1.0 · SHA-256 9f41c07e1122…`.
fn system(run: &RunInfo, known: Option<&SystemRow>) -> String {
    let version = known.and_then(|it| it.version.as_ref());
    let digest = known.and_then(|it| it.sha256.as_ref());
    let version = version.map(|version| visible(version, 60));
    let digest = digest.map(|digest| format!("SHA-256 {}", visible(digest, 12)));
    let parts: Vec<String> = [Some(visible(&run.system, 60)), version, digest]
        .into_iter()
        .flatten()
        .collect();
    parts.join(" · ")
}

/// The harness, what it was built from, and the seed: `0.4.0 (a41c9e2) · seed 7`.
fn harness(machine: &Environment, seed: u64) -> String {
    let commit = machine.commit.as_ref();
    let commit = commit.map_or_else(String::new, |commit| format!(" ({})", visible(commit, 20)));
    format!("{}{commit} · seed {seed}", machine.harness)
}

/// How nodes were connected, and what that means for the counts in the evidence.
fn network(backend: &str) -> String {
    match backend {
        "messages" => "messages on the nodes' stdin and stdout, each led past the rules of its link; none is duplicated \
                       or corrupted, disks and clocks are the machine's"
            .to_owned(),
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
pub fn files(results: &Results, directory: Option<&Path>) -> Vec<(String, String)> {
    let describe = |name: &str| match name {
        "report" => "this page; needs no network",
        "history" => "every operation and fault, a line each",
        "schedule" => "the faults, as they were planned",
        "options" => "every option of the run",
        "nodes" => "each node's output, command and data",
        "descriptor" => "the system's descriptor as it was; beside it, the small files that it names",
        "junit" => "the checks as JUnit, for a CI server",
        "summary" => "this page in Markdown, short",
        "drawing" => "the drawing above, standing alone",
        "counterexample" => "the operations above; harness check takes it",
        "witness" => "a legal order for each object",
        _ => "",
    };
    let size = |file: &str| {
        let known = directory.and_then(|directory| directory.join(file).metadata().ok());
        known
            .filter(|it| it.is_file())
            .map_or(String::new(), |it| format!(", {}", bytes(it.len())))
    };
    let mut files: Vec<(String, String)> = results
        .files
        .iter()
        .filter(|(name, file)| {
            *name == "report" || directory.is_none_or(|directory| directory.join(file).exists())
        })
        .map(|(name, file)| {
            // This file is being written: what is there is what was there before.
            let size = if name == "report" {
                String::new()
            } else {
                size(file)
            };
            (file.clone(), format!("{}{size}", describe(name)))
        })
        .collect();
    // What not every run has.
    for (file, what) in [
        ("capture.pcapng", "every packet; Wireshark opens it"),
        ("capture.json", "where the packets are on the run's clock"),
        ("replays.jsonl", "what each replay came to, a line each"),
    ] {
        if directory.is_some_and(|directory| directory.join(file).is_file()) {
            files.push((file.to_owned(), format!("{what}{}", size(file))));
        }
    }
    files.push((
        "results.json".to_owned(),
        "verdict, counterexample, coverage, checks".to_owned(),
    ));
    files
}

/// The run's folder within the store, as far as it is known.
pub fn folder(results: &Results) -> String {
    let run = results.run.as_ref();
    run.map_or(String::new(), |run| {
        visible(&format!("{}/{}/", run.system, run.id), 100)
    })
}

fn bytes(size: u64) -> String {
    match size {
        0..1_000 => counted(size as usize, "byte"),
        1_000..1_000_000 => format!("{:.1} kB", size as f64 / 1e3),
        _ => format!("{:.1} MB", size as f64 / 1e6),
    }
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
