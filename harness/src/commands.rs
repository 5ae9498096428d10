//! One file for each command; here each finds its own.

mod bench;
mod bench_checker;
mod check;
mod child;
mod completions;
mod docs;
mod doctor;
mod export;
mod gc;
mod init;
mod list;
mod man;
mod paxos_node;
mod replay;
mod schema;
mod scorecard;
mod serve;
mod show;
mod test;
mod tied;

use crate::cli::{Cli, Command, Format};
use crate::exit;
use results::{BlockOptions, Results};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Carries out what was typed.
pub fn carry_out(cli: Cli) -> ExitCode {
    cli.global.apply_color();
    if !cli.global.quiet {
        for remark in &cli.global.remarks {
            eprintln!("note: {}", results::text::visible(remark, 300));
        }
    }
    let is_quiet = cli.global.quiet;
    exit::guarded(move || match cli.command {
        Command::Test(options) => test::test(&options),
        Command::Check(options) => check::check(&options, is_quiet),
        Command::Replay(options) => replay::replay(&options),
        Command::Report(options) => show::report(&options),
        Command::List(options) => list::list(&options),
        Command::Show(options) => show::show(&options),
        Command::Serve(options) => serve::serve(&options),
        Command::Gc(options) => gc::gc(&options),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man { output } => man::man(output.as_deref()),
        Command::Doctor(options) => doctor::doctor(&options),
        Command::Scorecard(options) => scorecard::scorecard(&options),
        Command::Bench(options) => bench::bench(&options),
        Command::Export(options) => export::export(&options),
        Command::Init(options) => init::init(&options),
        Command::Schema { format } => schema::schema(format),
        Command::Docs { page } => docs::docs(page.as_deref()),
        Command::PaxosNode(options) => paxos_node::run(options),
        Command::Tied(options) => tied::tied(&options),
        Command::CheckMeasured(options) => bench_checker::measured(&options),
    })
}

/// Prints what was asked for and nothing else.
pub fn show_text(text: &str) -> ExitCode {
    print(text);
    ExitCode::SUCCESS
}

/// Whether standard output takes colours: what `--color` and the environment say, else whether it is a terminal.
fn has_color() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Says what is wrong with what was typed.
fn refuse(why: impl std::fmt::Display) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::from(exit::BAD_ARGUMENTS)
}

/// Prints to standard output; a reader that went away (`| head`) is no error.
fn print(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Prints results in the form asked for, and gives their exit code.
fn conclude(results: &Results, directory: Option<&str>, format: Format) -> u8 {
    match format {
        Format::Json => {
            print(&(serde_json::to_string_pretty(results).expect("results are plain JSON") + "\n"))
        }
        Format::Human => {
            let color = has_color();
            print(&results::final_block(results, directory, BlockOptions { color }));
        }
        // It was told when it was known; see `Events::finish`.
        Format::Ndjson => {}
    }
    results.exit_code
}

/// Says on standard error what could not be done, and leaves with the code for errors.
fn fail(error: &anyhow::Error) -> ExitCode {
    let text = words(error);
    let plain: String = text
        .chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect();
    eprintln!("error: failed to {plain}");
    ExitCode::from(exit::ERROR)
}

/// An error and its causes in one line, each thing said once: many errors repeat their cause in their own words.
fn words(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// The history file that a path names: itself, or the one in the folder of a Jepsen or Maelstrom run.
fn history_file(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return Some(path.to_owned());
    }
    let is_ours = path.join("history.jsonl").is_file();
    let inside = ["history.edn", "history.txt"].map(|name| path.join(name));
    inside.into_iter().find(|file| !is_ours && file.is_file())
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_cause_is_said_once() {
        let error = anyhow::anyhow!("permission denied")
            .context("open x: permission denied")
            .context("start");
        assert_eq!(words(&error), "start: open x: permission denied");
    }
}
