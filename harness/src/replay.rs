//! What has to be typed to have a stored run again: its own options, its seed, and the faults that it wrote down.
//!
//! The faults are those of its `schedule.json` and not drawn again, so that they are the same in a later version of the
//! harness, which may draw others. What a run's `options.json` says is a command line from a file, perhaps somebody
//! else's: it may say how to test, and nothing about where anything is written or which process is whose.
//!
//! Starting the replays is in `commands/replay.rs`.

use crate::cli::Cli;
use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{Arg, CommandFactory};
use results::text::visible;
use results::{RunDir, RunInfo};
use std::ffi::OsStr;

/// The parts of `harness test --help` that say how to test.
const HEADINGS: [&str; 4] = ["Cluster", "Load", "Faults", "Checking"];
/// What of the other parts belongs to the test.
const OTHERS: [&str; 8] = [
    "system",
    "node_args",
    "seed",
    "name",
    "bug",
    "capture",
    "redact",
    "report_max_ops",
];
/// What the schedule takes the place of.
const FAULTS: [&str; 3] = ["--nemesis", "--nemesis-interval", "--schedule"];

/// What of a run is had again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its operations and its faults.
    All,
    /// Its faults, with other operations: the seed is drawn anew.
    Faults,
    /// Its operations, without faults.
    Operations,
}

impl Part {
    /// In words, after "runs": what they had in common with the run.
    pub fn words(self) -> &'static str {
        match self {
            Part::All => "with the same operations and faults",
            Part::Faults => "with the same faults and other operations",
            Part::Operations => "with the same operations and without faults",
        }
    }
}

/// The arguments of `harness` for the same operations under the same faults, or for one of the two.
///
/// # Errors
/// When the run has not written down which, or its command line is none of a test.
pub fn arguments(run: &RunDir, info: &RunInfo, part: Part) -> Result<Vec<String>> {
    let shown = run.path().display();
    let typed =
        understood(&info.argv).with_context(|| format!("replay {shown}: `argv` in its options.json"))?;
    let schedule = run.file("schedule.json");
    if !schedule.is_file() {
        bail!(
            "replay {shown}: there is no schedule.json in it; it ended before its faults were written down"
        );
    }
    let schedule = schedule
        .canonicalize()
        .with_context(|| format!("replay {shown}: schedule.json"))?;
    let schedule = schedule
        .to_str()
        .with_context(|| format!("replay {shown}: the name of its folder is no text"))?;
    let (ours, of_nodes) = split(typed);
    let mut arguments = without(ours, &FAULTS);
    match part {
        Part::Operations => arguments.extend(["--nemesis", "none"].map(str::to_owned)),
        Part::All | Part::Faults => arguments.extend(["--schedule", schedule].map(str::to_owned)),
    }
    if part == Part::Faults {
        arguments = without(&arguments, &["--seed"]);
    } else if !arguments.iter().any(|word| word == "--seed") {
        // A run writes its seed down there; an older one may have left it to the other field.
        arguments.extend(["--seed".to_owned(), info.seed.to_string()]);
    }
    arguments.extend_from_slice(of_nodes);
    Ok(arguments)
}

/// The system that a stored command line names, as it is typed, and the place of that word; `None` where it names none, or
/// where it cannot be told from the value of a flag.
pub fn system(arguments: &[String]) -> Option<(usize, &str)> {
    // A run writes it there.
    let place = 1;
    let word = arguments.get(place).filter(|word| !word.starts_with('-'))?;
    Some((place, word))
}

/// A command line in two: what is for the harness, and `--` with what is for nodes.
pub fn split<S: AsRef<OsStr>>(arguments: &[S]) -> (&[S], &[S]) {
    let is_end = |word: &S| word.as_ref() == "--";
    arguments.split_at(arguments.iter().position(is_end).unwrap_or(arguments.len()))
}

/// A stored command line, if it is that of a test and says nothing but how to test.
fn understood(argv: &[String]) -> Result<&[String]> {
    let base = Cli::command();
    let words = std::iter::once("harness").chain(argv.iter().map(String::as_str));
    let matches = base.clone().try_get_matches_from(words).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        anyhow::anyhow!(
            "is not understood by this version: {}",
            visible(first.strip_prefix("error: ").unwrap_or(first), 200)
        )
    })?;
    let Some(("test", test)) = matches.subcommand() else {
        bail!("is not that of a test");
    };
    let command = base.find_subcommand("test").expect("it was found a moment ago");
    let is_typed = |arg: &&Arg| test.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let says_how = |arg: &Arg| {
        // It says what is done afterwards.
        arg.get_id() != "leave_db_running"
            && (arg
                .get_help_heading()
                .is_some_and(|heading| HEADINGS.contains(&heading))
                || OTHERS.contains(&arg.get_id().as_str()))
    };
    let all = command.get_arguments().chain(base.get_arguments());
    if let Some(other) = all.filter(is_typed).find(|arg| !says_how(arg)) {
        // An argument that was not built yet cannot show itself.
        let name = other.get_long().unwrap_or(other.get_id().as_str());
        bail!("says more than how to test: --{name}; take it out of the file");
    }
    Ok(argv)
}

/// A command line without some flags. Every flag stands before its value, as runs write it.
fn without(argv: &[String], flags: &[&str]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = argv.iter();
    while let Some(word) = words.next() {
        if flags.contains(&word.as_str()) {
            words.next();
        } else {
            kept.push(word.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    fn refused(text: &str) -> String {
        format!("{:#}", understood(&words(text)).unwrap_err())
    }

    #[test]
    fn how_to_test_is_understood_and_the_faults_are_taken_out() {
        let typed = words(
            "test ./db.toml --nemesis kill --nemesis-interval 2s --rate 10 --bug x --capture --seed 7 --fail-fast",
        );
        assert_eq!(understood(&typed).unwrap(), typed);
        assert_eq!(
            without(&typed, &FAULTS),
            words("test ./db.toml --rate 10 --bug x --capture --seed 7 --fail-fast")
        );
    }

    #[test]
    fn what_is_for_nodes_is_theirs_and_stays_at_the_end() {
        let typed = words("test --maelstrom ./node --workload lin-kv --seed 7 -- --store x --nemesis all");
        assert_eq!(understood(&typed).unwrap(), typed);
        let (ours, of_nodes) = split(&typed);
        assert_eq!(ours, words("test --maelstrom ./node --workload lin-kv --seed 7"));
        assert_eq!(of_nodes, words("-- --store x --nemesis all"));
        assert!(split(&words("test --seed 7")).1.is_empty());
    }

    #[test]
    fn the_system_is_the_word_after_test() {
        assert_eq!(system(&words("test ./db.toml --rate 10")), Some((1, "./db.toml")));
        assert_eq!(system(&words("test --workload register")), None);
        assert_eq!(system(&words("test")), None);
    }

    #[test]
    fn what_says_where_to_write_is_refused() {
        for more in [
            "--junit /home/me/.profile",
            "--markdown x",
            "--store /",
            "--config x.toml",
            "--die-with 1",
            "--test-count 9",
            "--open",
            "--leave-db-running",
        ] {
            let why = refused(&format!("test --seed 7 {more}"));
            let flag = more.split(' ').next().unwrap();
            assert!(
                why.contains("says more than how to test") && why.contains(flag),
                "{why}"
            );
        }
        assert!(refused("gc --keep 1").contains("is not that of a test"));
        assert!(refused("test --no-such-flag").contains("is not understood by this version"));
    }
}
