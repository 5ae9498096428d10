//! `harness list`: stored runs, and everything that can be named on the command line.

use super::{print, refuse};
use crate::cli::{ListFormat, ListOptions, Listing};
use crate::{systems, workload};
use comfy_table::{Table, presets};
use results::text::{counted, visible};
use results::{RunFilter, RunRow, Store};
use std::process::ExitCode;

pub fn list(options: &ListOptions) -> ExitCode {
    let (header, rows) = match options.what {
        Listing::Runs => return runs(options),
        _ if options.filter() != RunFilter::default() => {
            return refuse("--system, --verdict, --seed and --nemesis say which runs: harness list runs");
        }
        Listing::Systems => (vec!["system", "what it is"], built_in_systems()),
        Listing::Workloads => (vec!["workload", "functions", "what clients do"], workloads()),
        Listing::Nemeses => (vec!["nemesis", "what it does"], nemeses()),
        Listing::Checks => (vec!["check", "what it means"], pairs(CHECKS)),
        Listing::Scenarios => (vec!["scenario", "what happens", "shows"], scenarios()),
        Listing::Bugs => (vec!["bug", "question", "rule", "the node …"], bugs()),
    };
    match options.format {
        ListFormat::Human => print(&table(header, rows)),
        ListFormat::Json => {
            let object = |row: Vec<String>| -> serde_json::Map<String, serde_json::Value> {
                let pairs = header.iter().zip(row);
                pairs
                    .map(|(name, value)| ((*name).to_owned(), value.into()))
                    .collect()
            };
            print_json(&rows.into_iter().map(object).collect::<Vec<_>>());
        }
    }
    ExitCode::SUCCESS
}

fn table(header: Vec<&str>, rows: Rows) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(header)
        .add_rows(rows);
    format!("{}\n", table.trim_fmt())
}

fn print_json(value: &impl serde::Serialize) {
    print(&(serde_json::to_string_pretty(value).expect("rows are plain JSON") + "\n"));
}

type Rows = Vec<Vec<String>>;

const CHECKS: [(&str, &str); 12] = [
    (
        "linearizable",
        "some order of the operations, compatible with real time, explains every answer",
    ),
    (
        "seen in the end",
        "of eventual objects: every final read shows what was acknowledged, and nothing that nobody added",
    ),
    (
        "final reads",
        "of eventual objects: a read through every node succeeded in the end",
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

fn runs(options: &ListOptions) -> ExitCode {
    let all = Store::at(&options.store).list();
    let there_are = all.len();
    let filter = options.filter();
    let meant: Vec<RunRow> = all.into_iter().filter(|row| filter.takes(row)).collect();
    if options.format == ListFormat::Json {
        print_json(&meant);
        return ExitCode::SUCCESS;
    }
    if meant.is_empty() {
        let store = options.store.display();
        match there_are {
            0 => eprintln!("There are no runs in {store}. Make one: harness test --nemesis partition"),
            _ => eprintln!("None of the {} in {store} is such.", counted(there_are, "run")),
        }
        return ExitCode::SUCCESS;
    }
    let header = vec!["run", "system", "faults", "verdict", "sentence"];
    print(&table(header, meant.into_iter().map(cells).collect()));
    ExitCode::SUCCESS
}

fn cells(row: RunRow) -> Vec<String> {
    let system = match row.name == row.system {
        true => row.system,
        false => format!("{} ({})", row.system, visible(&row.name, 60)),
    };
    let faults = match row.nemesis.as_slice() {
        [] => "none".to_owned(),
        kinds => kinds.join(","),
    };
    let verdict = row.verdict.map_or("-", results::Outcome::word);
    vec![
        visible(&row.id, 60),
        system,
        visible(&faults, 60),
        verdict.to_owned(),
        visible(&row.sentence, 90),
    ]
}

fn workloads() -> Rows {
    let row = |kind: &workload::Kind| {
        let optional: Vec<String> = kind.optional.iter().map(|f| format!("[{f}]")).collect();
        let functions = kind.functions.iter().map(|f| (*f).to_owned()).chain(optional);
        let functions: Vec<String> = functions.collect();
        vec![kind.name.to_owned(), functions.join(" "), kind.about.to_owned()]
    };
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

fn scenarios() -> Rows {
    let row = |it: &systems::scenarios::Scenario| vec![it.name.to_owned(), it.about(), it.bugs.join(" ")];
    systems::scenarios::ALL.iter().map(row).collect()
}
