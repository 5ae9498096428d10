//! The tables on a terminal.

use super::{
    HOW_HEADER, alarm, circumstances, headline, how_rows, score_header, score_rows, time_in_words, troubles,
};
use crate::scorecard::document::{BugRow, Scorecard};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use std::ops::Range;

/// Wide enough for three schedules, and for a terminal that is not maximised.
const WIDTH_MAX: u16 = 120;

/// The tables for a terminal.
pub fn human(scorecard: &Scorecard) -> String {
    let mut text = String::new();
    for line in alarm(scorecard) {
        text += &format!(" {line}\n");
    }
    text += &format!(
        " SCORECARD  {}\n   {}\n\n",
        headline(scorecard),
        circumstances(scorecard)
    );
    let header = score_header(scorecard);
    text += &lay_out(&header, &score_rows(scorecard), 2..header.len());
    let how = how_rows(scorecard);
    if !how.is_empty() {
        text += "\n How they were found\n\n";
        text += &lay_out(&HOW_HEADER.map(str::to_owned), &how, 2..4);
    }
    let kept: Vec<&BugRow> = scorecard
        .bugs
        .iter()
        .filter(|bug| bug.quickest.is_some())
        .collect();
    if !kept.is_empty() {
        text += "\n The quickest run of each bug is kept, with its report.html\n\n";
    }
    for (bug, run) in kept.iter().filter_map(|bug| Some((bug, bug.quickest.as_ref()?))) {
        let time = time_in_words(run.time_s);
        text += &format!("   {}, {time}: {}\n", bug.name, run.directory);
    }
    for line in troubles(scorecard) {
        text += &format!("\n {line}");
    }
    text.trim_end().to_owned() + "\n"
}

/// Columns for a terminal; what is in the columns `numbers` stands to the right.
fn lay_out(header: &[String], rows: &[Vec<String>], numbers: Range<usize>) -> String {
    let cell = |(column, text): (usize, &String)| {
        let cell = Cell::new(text);
        match numbers.contains(&column) {
            true => cell.set_alignment(CellAlignment::Right),
            false => cell,
        }
    };
    let cells = |row: &[String]| row.iter().enumerate().map(cell).collect::<Vec<Cell>>();
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH_MAX)
        .set_header(cells(header))
        .add_rows(rows.iter().map(|row| cells(row)));
    table
        .trim_fmt()
        .lines()
        .map(|line| format!("  {}\n", line.trim_end()))
        .collect()
}
