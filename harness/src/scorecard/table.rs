//! The scorecard for people: one row a bug, columns for each schedule, and beneath it how each was found. The
//! terminal and Markdown show the same cells.

use super::document::{BugRow, RunRow, Score, Scorecard, Spread};
use results::Outcome;
use results::text::{count, counted, visible};
use std::collections::BTreeMap;

mod markdown;
mod terminal;

pub use markdown::markdown;
pub use terminal::human;

/// The words for a kind of violation: `decree.two-decisions` is `two decisions`.
pub fn kind_in_words(code: &str) -> String {
    match code {
        "progress" => "no progress".to_owned(),
        "recovered" => "no recovery".to_owned(),
        _ => code.rsplit('.').next().unwrap_or(code).replace('-', " "),
    }
}

/// `32 ms`, `12.3 s`.
pub fn time_in_words(time_s: f64) -> String {
    match time_s {
        ..0.9995 => format!("{:.0} ms", time_s * 1000.0),
        _ => format!("{time_s:.1} s"),
    }
}

/// What comes before everything else: the correct system was caught at something.
fn alarm(scorecard: &Scorecard) -> Vec<String> {
    let failed: Vec<&RunRow> = scorecard
        .unclean()
        .filter(|run| run.verdict == Outcome::Invalid)
        .collect();
    if failed.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        format!("THE CORRECT SYSTEM FAILED in {}.", counted(failed.len(), "run")),
        "  No bug was planted: this is a defect of the harness or of its Paxos.".to_owned(),
    ];
    lines.extend(failed.into_iter().map(|run| format!("  {}", told(run))));
    lines.push(String::new());
    lines
}

/// Runs that were neither one thing nor the other, each in a line.
fn troubles(scorecard: &Scorecard) -> Vec<String> {
    let of_correct = |run: &RunRow| run.bug.is_none() && run.verdict == Outcome::Unknown;
    let needs_a_look = |run: &&RunRow| run.verdict == Outcome::Error || of_correct(run);
    scorecard.runs.iter().filter(needs_a_look).map(told).collect()
}

fn told(run: &RunRow) -> String {
    format!(
        "{} {} · {} · seed {}: {}  {}",
        run.verdict.word(),
        run.bug.as_deref().unwrap_or("correct system"),
        run.schedule,
        run.seed,
        visible(&run.sentence, 200),
        run.directory.as_deref().unwrap_or_default()
    )
    .trim_end()
    .to_owned()
}

fn headline(scorecard: &Scorecard) -> String {
    let found = scorecard
        .bugs
        .iter()
        .filter(|bug| found_anywhere(scorecard, bug))
        .count();
    let correct = scorecard.runs.iter().filter(|run| run.bug.is_none()).count();
    format!(
        "{found} of {} found; the correct system was clean in {} of {}.",
        counted(scorecard.bugs.len(), "bug"),
        correct - scorecard.unclean().count(),
        counted(correct, "run")
    )
}

fn circumstances(scorecard: &Scorecard) -> String {
    let asked = (scorecard.bugs.len() + 1) * scorecard.schedules.len() * scorecard.seeds as usize;
    let runs = match scorecard.complete {
        true => counted(asked, "run"),
        false => format!(
            "stopped after {} of {}",
            count(scorecard.runs.len()),
            counted(asked, "run")
        ),
    };
    let took = scorecard.took_s as u64;
    format!(
        "{} from {}, {} s at most; {runs} in {} min {} s",
        counted(scorecard.seeds as usize, "seed"),
        scorecard.seed,
        scorecard.time_limit_s,
        took / 60,
        took % 60
    )
}

fn found_anywhere(scorecard: &Scorecard, bug: &BugRow) -> bool {
    scorecard
        .runs
        .iter()
        .any(|run| run.found && run.bug.as_deref() == Some(&bug.name))
}

fn score_header(scorecard: &Scorecard) -> Vec<String> {
    let columns = |name: &str| {
        [
            format!("{name}\nfound"),
            "\nmedian".to_owned(),
            "\nworst".to_owned(),
        ]
    };
    let schedules = scorecard
        .schedules
        .iter()
        .flat_map(|schedule| columns(&schedule.name));
    ["\n".to_owned(), "\nbug".to_owned()]
        .into_iter()
        .chain(schedules)
        .collect()
}

fn score_rows(scorecard: &Scorecard) -> Vec<Vec<String>> {
    let correct = std::iter::once(None).chain(scorecard.bugs.iter().map(Some));
    correct
        .map(|bug| {
            let (question, name) = match bug {
                None => (String::new(), "(correct system)".to_owned()),
                Some(bug) => (
                    bug.question.clone(),
                    format!("{}{}", bug.name, note(scorecard, bug, "\n  ")),
                ),
            };
            let scores = scorecard.schedules.iter().flat_map(|schedule| {
                let score = scorecard.score(bug.map(|bug| bug.name.as_str()), &schedule.name);
                score.map_or([const { String::new() }; 3], cells)
            });
            [question, name].into_iter().chain(scores).collect()
        })
        .collect()
}

/// Found in how many runs, and how soon.
fn cells(score: &Score) -> [String; 3] {
    let found = match (&score.bug, score.runs) {
        (_, 0) => "–".to_owned(),
        (None, runs) if score.valid == runs => "clean".to_owned(),
        (None, _) if score.found > 0 => "FAILED".to_owned(),
        (None, _) if score.error > 0 => "error".to_owned(),
        (None, _) => "unknown".to_owned(),
        (Some(_), runs) => format!("{}/{runs}", score.found),
    };
    // Of the correct system it is told above the table.
    let spread = score.time_s.filter(|_| score.bug.is_some());
    let time = |pick: fn(Spread) -> f64| spread.map_or(String::new(), |it| time_in_words(pick(it)));
    [found, time(|it| it.median), time(|it| it.worst)]
}

/// What a row says beneath the bug's name, if anything.
fn note(scorecard: &Scorecard, bug: &BugRow, before: &str) -> String {
    let of_bug = || {
        scorecard
            .runs
            .iter()
            .filter(|run| run.bug.as_deref() == Some(&bug.name))
    };
    let mut notes = Vec::new();
    if !found_anywhere(scorecard, bug) && of_bug().next().is_some() {
        notes.push(match &bug.needs {
            Some(needs) => format!("not found: needs {needs}"),
            None => "not found".to_owned(),
        });
    }
    let other = |verdict| {
        of_bug()
            .filter(|run| !run.found && run.verdict == verdict)
            .count()
    };
    for (number, word) in [
        (other(Outcome::Unknown), "unknown"),
        (other(Outcome::Error), "error"),
    ] {
        if number > 0 {
            notes.push(format!("{word} in {}", counted(number, "run")));
        }
    }
    notes.iter().map(|note| format!("{before}{note}")).collect()
}

const HOW_HEADER: [&str; 6] = [
    "bug",
    "schedule",
    "operations\nmedian",
    "\nworst",
    "\nfound by",
    "\nunder",
];

fn how_rows(scorecard: &Scorecard) -> Vec<Vec<String>> {
    let found = scorecard
        .scores
        .iter()
        .filter(|score| score.bug.is_some() && score.found > 0);
    let number = |spread: Option<Spread>, pick: fn(Spread) -> f64| {
        spread.map_or(String::new(), |it| count(pick(it).round() as u64))
    };
    found
        .map(|score| {
            vec![
                score.bug.clone().unwrap_or_default(),
                score.schedule.clone(),
                number(score.operations, |it| it.median),
                number(score.operations, |it| it.worst),
                listed(&score.kinds, kind_in_words),
                listed(&score.faults, str::to_owned),
            ]
        })
        .collect()
}

/// `two decisions 2, undone 1`, the most frequent first; without numbers where there is only one.
fn listed(counts: &BTreeMap<String, usize>, words: impl Fn(&str) -> String) -> String {
    let mut pairs: Vec<(&String, &usize)> = counts.iter().collect();
    pairs.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    match pairs.as_slice() {
        [(name, _)] => words(name),
        _ => {
            let each = pairs
                .iter()
                .map(|(name, count)| format!("{} {count}", words(name)));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests;
