//! What a person reads: a line when a case is done, and the table at the end, for a terminal or for a page.

use super::document::{Document, Row};
use crate::bench::text::lay_out;
use checker::Verdict;

const HEADER: [&str; 11] = [
    "case",
    "MB",
    "lines s",
    "decode s",
    "read s",
    "check s",
    "x decode",
    "CPU x",
    "peak MB",
    "verdict",
    "algorithm",
];

/// How wide the table is at most; the names of cases and algorithms are long.
const WIDTH: u16 = 150;

/// One case in a line.
pub fn line(row: &Row) -> String {
    let it = &row.measured;
    format!(
        "{}: {}, read {:.3} s, check {:.3} s, {:.0} MB",
        row.name,
        verdict(row),
        it.read_s,
        it.check_s,
        megabytes(it.peak_bytes)
    )
}

/// The table for a terminal.
pub fn human(document: &Document) -> String {
    let mut text = format!(" BENCH  {}\n\n", circumstances(document));
    text += &lay_out(&HEADER, WIDTH, document.cases.iter().map(cells));
    text.extend(
        document
            .failures
            .iter()
            .map(|it| format!("\n {}: {}\n", it.name, it.problem)),
    );
    text += &format!("\n {}\n", LEGEND.replace('\n', "\n "));
    text
}

/// The table for a page.
pub fn markdown(document: &Document) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = circumstances(document) + "\n\n";
    text += &line(&HEADER.map(str::to_owned));
    text += &line(&HEADER.map(|_| "---".to_owned()));
    text.extend(document.cases.iter().map(|row| line(&cells(row))));
    text += "\n";
    text.extend(
        document
            .failures
            .iter()
            .map(|it| format!("- {}: {}\n", it.name, it.problem)),
    );
    text + "\n" + LEGEND + "\n"
}

const LEGEND: &str = "\
lines: finding the ends of lines. decode: decoding every line, keeping nothing. read: operations in memory.
check: from there to the verdict, with its proof; streamed: from the file to the verdict, keeping nothing. x decode: (read + check) / decode; CPU x: the same in processor time.
peak: of the whole process.";

fn circumstances(document: &Document) -> String {
    let events = document.cases.iter().map(|row| row.measured.events).max();
    format!(
        "{} events a case, {} processors, at most {} s and {:.0} MB for each search",
        events.unwrap_or(0),
        document.processors,
        document.time_limit_s,
        megabytes(document.memory_limit_bytes as u64)
    )
}

fn cells(row: &Row) -> Vec<String> {
    let it = &row.measured;
    vec![
        row.name.clone(),
        format!("{:.0}", megabytes(it.bytes)),
        format!("{:.3}", it.newlines_s),
        format!("{:.3}", it.decode_s),
        format!("{:.3}", it.read_s),
        format!("{:.3}", it.check_s),
        format!("{:.1}", row.ratio),
        format!("{:.1}", row.processor_ratio),
        format!("{:.0}", megabytes(it.peak_bytes)),
        verdict(row),
        it.algorithm.clone(),
    ]
}

fn verdict(row: &Row) -> String {
    let name = |verdict| match verdict {
        Verdict::Valid => "valid",
        Verdict::Invalid => "invalid",
        Verdict::Unknown => "unknown",
    };
    let said = name(row.measured.verdict);
    match row.is_wrong() {
        true => format!("{said}, WRONG: it is {}", name(row.expected)),
        false => said.to_owned(),
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
