//! Several runs, each a process of its own: it has its own sandbox, and nothing of one run can reach the next.
//!
//! Ctrl-C once lets the run report what there is and ends the series, twice ends everything at once.

use super::super::child;
use crate::cli::{Format, TestOptions};
use crate::exit;
use crate::run::draw_seed;
use crate::series::{Rules, Tally};
use crate::stop::Stop;
use anyhow::{Context, Result};
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
        }
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
