//! The same tables for a README.

use super::{HOW_HEADER, alarm, circumstances, headline, how_rows, note, score_rows, troubles};
use crate::scorecard::document::Scorecard;

/// The scorecard as Markdown.
pub fn markdown(scorecard: &Scorecard) -> String {
    let mut text = String::new();
    for line in alarm(scorecard).iter().filter(|line| !line.is_empty()) {
        text += &format!("**{}**\n\n", escaped(line.trim()));
    }
    text += &format!("{} {}.\n\n", headline(scorecard), circumstances(scorecard));
    text +=
        "A cell says in how many runs the bug was found, and the median and the worst time until then.\n\n";
    let names = scorecard.schedules.iter().map(|schedule| schedule.name.clone());
    let header: Vec<String> = ["question".to_owned(), "bug".to_owned()]
        .into_iter()
        .chain(names)
        .collect();
    let rows = score_rows(scorecard).into_iter().enumerate().map(|(place, row)| {
        let name = match place.checked_sub(1).and_then(|place| scorecard.bugs.get(place)) {
            Some(bug) => format!("`{}`{}", bug.name, escaped(&note(scorecard, bug, "<br>"))),
            None => row[1].clone(),
        };
        let scores = row[2..].chunks(3).map(|cells| {
            let said = cells.iter().filter(|cell| !cell.is_empty());
            said.cloned().collect::<Vec<_>>().join(" · ")
        });
        [row[0].clone(), name].into_iter().chain(scores).collect()
    });
    text += &table(&header, rows);
    let how = how_rows(scorecard);
    if !how.is_empty() {
        let header = HOW_HEADER.map(|name| name.trim().replace('\n', ", "));
        text += "\n";
        text += &table(&header, how.into_iter());
    }
    for line in troubles(scorecard) {
        text += &format!("\n- {}", escaped(&line));
    }
    text.trim_end().to_owned() + "\n"
}

fn table(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = vec!["---".to_owned(); header.len()];
    let rows: String = rows.map(|row| line(&row)).collect();
    line(header) + &line(&rule) + &rows
}

/// A node's words cannot end the table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
