//! Several runs, each a process of its own: it has its own sandbox, and nothing of one run can reach the next.
//!
//! Ctrl-C once lets the run report what there is and ends the series, twice ends everything at once.

use super::super::child;
use crate::cli::{Format, TestOptions};
use crate::run::draw_seed;
use crate::series::{Rules, Tally};
use crate::stop::Stop;
use crate::{ci, exit};
use anyhow::{Context, Result};
use history::History;
use results::{Results, RunDir, Store};
use std::collections::HashSet;
use std::fmt::Write;

/// How many runs the table at the end has.
const ROWS_MAX: usize = 30;

/// Makes the runs. Returns the exit code of all together.
pub fn series(options: &TestOptions) -> Result<u8> {
    let rules = Rules {
        count: (!options.until_invalid).then_some(options.test_count),
        keep_going: options.keep_going,
    };
    child::runtime()?.block_on(async {
        let stop = Stop::listen().context("listen for signals")?;
        let mut tally = Tally::default();
        let mut runs = Vec::new();
        let mut kept = Kept::before(options);
        while rules.goes_on(&tally) && stop.asked().is_none() {
            let seed = options.seed_number().unwrap_or_else(draw_seed);
            let one_of = format!("run {}   {}", rules.place(&tally), tally.words());
            let code = run(seed, &one_of, stop.clone()).await?;
            if let Some(asked) = stop.asked()
                && code == asked
            {
                // It was stopped in the middle, and has no verdict.
                break;
            }
            tally.add(code);
            runs.push((seed, code));
            kept.look_up(seed);
        }
        kept.tell(options);
        if options.format == Format::Human {
            super::super::print(&summary(&runs, &tally));
        }
        Ok(match (tally.exit_code(), stop.asked()) {
            (exit::INVALID, _) | (_, None) => tally.exit_code(),
            (_, Some(asked)) => asked,
        })
    })
}

/// One run with this seed, in a process of its own. Returns its exit code.
async fn run(seed: u64, one_of: &str, stop: Stop) -> Result<u8> {
    let typed: Vec<_> = std::env::args_os().skip(1).collect();
    let (ours, of_nodes) = crate::replay::split(&typed);
    let mut command = child::harness()?;
    command
        .args(ours)
        .args(["--seed", &seed.to_string(), "--one-of", one_of])
        .args(child::tie())
        .args(of_nodes);
    Ok(child::run(command, false, stop).await?.code)
}

/// What is kept of the runs in the store.
struct Kept {
    store: Store,
    known: HashSet<String>,
    results: Vec<(Results, Option<String>)>,
    is_asked: bool,
}

impl Kept {
    /// Nothing so far; what is in the store is none of this series.
    fn before(options: &TestOptions) -> Kept {
        let store = Store::at(&options.store);
        Kept {
            known: store.list().into_iter().map(|row| row.id).collect(),
            results: Vec::new(),
            is_asked: ci::is_asked(options.junit.as_deref(), options.markdown.as_deref()),
            store,
        }
    }

    /// Looks up the run that has just ended, by its seed. One that left nothing has no verdict either.
    fn look_up(&mut self, seed: u64) {
        if !self.is_asked {
            return;
        }
        let rows = self.store.list().into_iter();
        let run = rows
            .filter(|row| row.seed == Some(seed))
            .find(|row| self.known.insert(row.id.clone()));
        let results = run.as_ref().and_then(|row| RunDir::at(&row.path).results());
        let mut results = results.unwrap_or_else(|| {
            let sentence = format!("The run of seed {seed} left no results.");
            Results::error(None, &History::default(), sentence, Vec::new())
        });
        // Nobody is told of the others, and a series may be long.
        results.violations.truncate(1);
        self.results
            .push((results, run.map(|row| row.path.display().to_string())));
    }

    /// Tells CI servers of all of them together.
    fn tell(&self, options: &TestOptions) {
        let all = self.results.iter();
        let all: Vec<(&Results, Option<&str>)> =
            all.map(|(results, place)| (results, place.as_deref())).collect();
        if !all.is_empty() {
            ci::tell(&all, options.junit.as_deref(), options.markdown.as_deref());
        }
    }
}

/// What all of them came to: the last thing on the screen.
fn summary(runs: &[(u64, u8)], tally: &Tally) -> String {
    let word = |code: u8| match code {
        0 => "VALID",
        exit::INVALID => "INVALID",
        exit::UNKNOWN => "UNKNOWN",
        _ => "ERROR",
    };
    let mut text = String::new();
    let hidden = runs.len().saturating_sub(ROWS_MAX);
    if hidden > 0 {
        // Writing to a string cannot fail.
        let _ = writeln!(text, " the first {hidden} are in harness list runs");
    }
    for (seed, code) in &runs[hidden..] {
        let _ = writeln!(text, " seed {seed:<20} {}", word(*code));
    }
    let runs = results::text::counted(runs.len(), "run");
    format!("{text} {runs}: {}\n{}\n", tally.words(), "─".repeat(80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_has_a_line_for_each_run_and_the_sum() {
        let mut tally = Tally::default();
        let runs = [(7, 0), (8, 255), (9, 1)];
        runs.iter().for_each(|(_, code)| tally.add(*code));
        let text = summary(&runs, &tally);
        assert!(text.contains(" seed 9                    INVALID\n"), "{text}");
        assert!(
            text.contains(" 3 runs: valid 1  invalid 1  unknown 0  error 1\n"),
            "{text}"
        );
        let many: Vec<(u64, u8)> = (0..40).map(|seed| (seed, 0)).collect();
        assert!(summary(&many, &tally).contains("the first 10 are in harness list runs"));
    }
}
