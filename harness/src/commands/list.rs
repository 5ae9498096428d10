//! `harness list`: stored runs, and everything that can be named on the command line.

use super::print;
use crate::cli::{ListOptions, Listing};
use crate::{systems, workload};
use comfy_table::{Table, presets};
use results::Store;
use std::process::ExitCode;

pub fn list(options: &ListOptions) -> ExitCode {
    let (header, rows) = match options.what {
        Listing::Runs => runs(options),
        Listing::Systems => (vec!["system", "what it is"], built_in_systems()),
        Listing::Workloads => (vec!["workload", "what clients do"], workloads()),
        Listing::Nemeses => (vec!["nemesis", "what it does"], nemeses()),
        Listing::Checks => (vec!["check", "what it means"], pairs(CHECKS)),
        Listing::Bugs => (vec!["bug", "question", "rule", "the node …"], bugs()),
    };
    if rows.is_empty() {
        eprintln!(
            "There are no runs in {}. Make one: harness test --nemesis partition",
            options.store.display()
        );
        return ExitCode::SUCCESS;
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(header)
        .add_rows(rows);
    print(&format!("{}\n", table.trim_fmt()));
    ExitCode::SUCCESS
}

type Rows = Vec<Vec<String>>;

const CHECKS: [(&str, &str); 10] = [
    (
        "linearizable",
        "some order of the operations, compatible with real time, explains every answer",
    ),
    (
        "every operation worked",
        "each kind of operation succeeded in the main phase",
    ),
    (
        "faults took effect",
        "each kind of fault that was asked for was in force and felt",
    ),
    (
        "faults confirmed",
        "each fault that was in force was felt: packets were dropped, a process was gone",
    ),
    (
        "worked under faults",
        "each kind of operation succeeded under each kind of fault, unless there was no quorum",
    ),
    (
        "progress",
        "while a majority was up and connected under a fault, its nodes' operations succeeded now and then",
    ),
    (
        "recovered",
        "every node answered again within --recovery-time of the last fault's end",
    ),
    (
        "operations overlap",
        "at least 5 % of operations overlapped another on the same object",
    ),
    (
        "outcomes known",
        "less than 30 % of operations have an unknown outcome",
    ),
    ("no unexpected exit", "no node ended by itself"),
];

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Rows {
    pairs
        .iter()
        .map(|(name, words)| vec![(*name).to_owned(), (*words).to_owned()])
        .collect()
}

fn runs(options: &ListOptions) -> (Vec<&'static str>, Rows) {
    let rows = Store::at(&options.store).list().into_iter().map(|row| {
        let verdict = row.verdict.map_or("-", results::Outcome::word);
        vec![
            row.id,
            row.system,
            verdict.to_owned(),
            results::text::visible(&row.sentence, 90),
        ]
    });
    (vec!["run", "system", "verdict", "sentence"], rows.collect())
}

fn workloads() -> Rows {
    let row = |kind: &workload::Kind| vec![kind.name.to_owned(), kind.about.to_owned()];
    workload::ALL.iter().map(row).collect()
}

fn built_in_systems() -> Rows {
    let described = |(name, _): &(&str, &str)| {
        systems::find(name)
            .map(|system| system.description)
            .unwrap_or_default()
    };
    systems::BUILT_IN
        .iter()
        .map(|it| vec![it.0.to_owned(), described(it)])
        .collect()
}

fn nemeses() -> Rows {
    let kinds = nemesis::package::KINDS;
    let forms = kinds.iter().flat_map(|(kind, _)| {
        let forms = nemesis::Package::forms(kind).into_iter();
        forms.map(move |(form, what)| vec![format!("{kind}:{form}"), what.to_owned()])
    });
    pairs(kinds).into_iter().chain(forms).collect()
}

fn bugs() -> Rows {
    let row = |bug: paxos::Bug| {
        vec![
            bug.name().to_owned(),
            bug.question().to_owned(),
            bug.rule().to_owned(),
            bug.sentence().to_owned(),
        ]
    };
    paxos::Bug::ALL.into_iter().map(row).collect()
}
