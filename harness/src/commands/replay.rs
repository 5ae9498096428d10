//! `harness replay`: a stored run again, several times, and how often its violation came back.
//!
//! Each replay is a run of its own in the store. What it came to is also noted with the run that was replayed, whose
//! documents and page are then written again, so that they say how often. Read next: `crate::replay` for what is
//! typed, `results::replays` for what is counted.

use super::{child, fail, print};
use crate::cli::{Format, ListFormat, ProgressKind, ReplayOptions, TestOptions, variables_set};
use crate::exit;
use crate::replay::Part;
use crate::run::judgement::{self, Terms};
use crate::series::Tally;
use crate::stop::Stop;
use crate::systems;
use anyhow::{Context, Result, bail};
use results::document::SystemRow;
use results::text::{command, counted, line, visible};
use results::{Outcome, ProgramFile, Replay, Results, RunDir, RunInfo, Store};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use tokio::process::Command;

pub fn replay(options: &ReplayOptions) -> ExitCode {
    repeat(options, Some(options.format)).map_or_else(|error| fail(&error), ExitCode::from)
}

/// Replays the run whose violation was found a moment ago, for `harness test --confirm`.
pub fn confirm(options: &TestOptions) {
    let replay = ReplayOptions {
        run: "latest:invalid".to_owned(),
        times: options.confirm,
        store: options.store.clone(),
        progress: options.progress,
        faults_only: false,
        ops_only: false,
        format: ListFormat::Human,
    };
    // Standard output may belong to a document, which was printed already.
    let printed = (options.format == Format::Human).then_some(ListFormat::Human);
    if let Err(error) = repeat(&replay, printed) {
        // The violation stands all the same.
        fail(&error);
    }
}

/// Has the replays, and tells of them in this form. Returns their exit code.
fn repeat(options: &ReplayOptions, printed: Option<ListFormat>) -> Result<u8> {
    let (run, info) = original(options)?;
    let shown = visible(&run.path().display().to_string(), 200);
    let results = run
        .results()
        .with_context(|| format!("replay {shown}: it has no verdict yet; harness check gives it"))?;
    let part = options.part();
    let mut arguments = crate::replay::arguments(&run, &info, part)?;
    let note = of_originals(&run, &mut arguments);
    let is_told = printed == Some(ListFormat::Human);
    if is_told {
        print(&format!(
            " run      {shown}\n {:8} {}\n again    harness {}\n{}\n",
            results.verdict.word(),
            line(&results.reason.sentence),
            visible(&command(&arguments), 2000),
            note.unwrap_or_default(),
        ));
    }
    let repeated = Repeated {
        run: &run,
        id: &info.id,
        arguments: &arguments,
        code: &results.reason.code,
        program: info.program_file.as_ref(),
        is_told,
        part,
    };
    let (tally, asked) = repeated.have(options)?;
    match part {
        Part::All => told(options, &run, printed)?,
        Part::Faults | Part::Operations => print(&told_of_part(&tally, part)),
    }
    Ok(match (tally.exit_code(), asked) {
        (exit::INVALID, _) | (_, None) => tally.exit_code(),
        (_, Some(asked)) => asked,
    })
}

/// The run that is meant, with what it was asked to be; of a replay the run that it repeats, if it is still there.
fn original(options: &ReplayOptions) -> Result<(RunDir, RunInfo)> {
    let store = Store::at(&options.store);
    let run = store.find(&options.run)?;
    let info = |run: &RunDir| {
        let shown = run.path().display();
        run.info()
            .with_context(|| format!("replay {shown}: there is no options.json in it that can be read"))
    };
    let of_run = info(&run)?;
    let Some(repeats) = &of_run.replay_of else {
        return Ok((run, of_run));
    };
    match store.find(repeats).map(|original| (info(&original), original)) {
        Ok((Ok(of_original), original)) => Ok((original, of_original)),
        // It was deleted: then this one stands for it.
        _ => Ok((run, of_run)),
    }
}

/// Says what of the system has changed since the run; nothing where nothing has. Where its descriptor is gone, the one that the
/// run has kept takes its place in the command line.
fn of_originals(run: &RunDir, arguments: &mut [String]) -> Option<String> {
    let kept = run.file(systems::DESCRIPTOR);
    let (place, name) = crate::replay::system(arguments)?;
    let is_gone = name.contains('/') || name.ends_with(".toml");
    let is_gone = is_gone && !Path::new(name).exists();
    if is_gone && kept.is_file() {
        let note = format!(
            " note     {} is not there any more: the run's own copy is used\n",
            visible(name, 200)
        );
        arguments[place] = kept.to_str()?.to_owned();
        return Some(note);
    }
    // What cannot be read as a descriptor is refused by the replay itself, with the reason.
    let changed = systems::changed_since(run.path(), &systems::find(name).ok()?);
    let (all, last) = (changed.len(), changed.last()?);
    let named = match all {
        1 => format!("{last} has"),
        _ => format!("{} and {last} have", changed[..all - 1].join(", ")),
    };
    Some(format!(
        " note     {} changed since the run; as it was then: harness test {}\n",
        visible(&named, 300),
        visible(&kept.display().to_string(), 200)
    ))
}

/// What is had again.
struct Repeated<'a> {
    run: &'a RunDir,
    id: &'a str,
    arguments: &'a [String],
    /// The kind of its violation.
    code: &'a str,
    /// What its nodes were, where that is known.
    program: Option<&'a ProgramFile>,
    /// Whether each replay is told when it is over.
    is_told: bool,
    /// What of it.
    part: Part,
}

impl Repeated<'_> {
    /// Has the replays. Returns how they came out, and the exit code of a wish to stop.
    fn have(&self, options: &ReplayOptions) -> Result<(Tally, Option<u8>)> {
        child::runtime()?.block_on(async {
            let stop = Stop::listen().context("listen for signals")?;
            let mut tally = Tally::default();
            while tally.total() < options.times && !tally.is_hopeless() && stop.asked().is_none() {
                let place = format!("{}/{}", tally.total() + 1, options.times);
                let one_of = format!("replay {place}   {}", tally.words());
                let process = self.process(options, &one_of)?;
                let began = Instant::now();
                let ended = child::run(process, true, stop.clone()).await?;
                if ended.code == exit::BAD_ARGUMENTS {
                    bail!("replay {}: see the error above", self.run.path().display());
                }
                if stop.asked() == Some(ended.code) {
                    // It was stopped in the middle, and has no verdict.
                    break;
                }
                let came_to: Option<Results> = serde_json::from_slice(&ended.printed).ok();
                let replay = Replay::of(came_to.as_ref());
                if self.part == Part::All {
                    self.run.add_replay(&replay)?;
                }
                tally.add(ended.code);
                if self.is_told && tally.total() == 1 {
                    let here = came_to.as_ref().and_then(|results| results.system.as_ref());
                    let told = self.program.zip(here).and_then(changed);
                    told.iter().for_each(|note| print(note));
                }
                if self.is_told {
                    let took = began.elapsed().as_secs_f64();
                    print(&row(&place, &replay, came_to.as_ref(), self.code, took));
                }
            }
            Ok((tally, stop.asked()))
        })
    }

    /// One replay as a process.
    fn process(&self, options: &ReplayOptions, one_of: &str) -> Result<Command> {
        let mut process = child::harness()?;
        // It is told everything: no file and no variable has a say.
        for variable in variables_set() {
            process.env_remove(variable);
        }
        let (ours, of_nodes) = crate::replay::split(self.arguments);
        process.args(ours);
        // With other operations, or without the faults, it is another test, and a run of its own.
        if self.part == Part::All {
            process.args(["--replay-of", self.id]);
        }
        process
            .args(["--one-of", one_of, "--format", "json", "--config", ""])
            .args(["--progress", progress(options.progress)])
            .arg("--store")
            .arg(&options.store)
            .args(child::tie())
            .args(of_nodes);
        Ok(process)
    }
}

fn progress(kind: ProgressKind) -> &'static str {
    match kind {
        ProgressKind::Auto => "auto",
        ProgressKind::Bar => "bar",
        ProgressKind::Lines => "lines",
        ProgressKind::None => "none",
    }
}

/// Says that the nodes are not the program any more that they were in the run; nothing where they are.
fn changed((then, now): (&ProgramFile, &SystemRow)) -> Option<String> {
    let named = |version: Option<&String>, sha256: &str| {
        let version = version.map_or(String::new(), |it| format!("{}, ", visible(it, 60)));
        format!("{version}SHA-256 {sha256:.12}…")
    };
    let sha256 = now.sha256.as_ref()?;
    (then.sha256 != *sha256).then(|| {
        format!(
            " note     the program of the nodes has changed since the run: {} then, {} now\n\n",
            named(then.version.as_ref(), &then.sha256),
            named(now.version.as_ref(), sha256)
        )
    })
}

/// A replay in a line or two: `3/10  INVALID  Decree 9 was decided twice: first as 3, then as 4.`
fn row(place: &str, replay: &Replay, results: Option<&Results>, code: &str, took_s: f64) -> String {
    let sentence = results.map_or_else(
        || "It left no results.".to_owned(),
        |results| line(&results.reason.sentence),
    );
    let other = match replay.verdict {
        Outcome::Invalid if replay.code != code && !code.is_empty() => "   (another kind)",
        _ => "",
    };
    format!(
        " {place:>7}  {:8} {sentence}{other}\n {:7}  {:8} {took_s:.1} s   {}\n",
        replay.verdict.word(),
        "",
        "",
        visible(&replay.run, 60)
    )
}

/// How many of the runs that had only a part of the run in common with it had a violation.
fn told_of_part(tally: &Tally, part: Part) -> String {
    let rule = "─".repeat(80);
    let all = counted(tally.total() as usize, "run");
    format!(
        "{rule}\n Of {all} {}, {} had a violation.\n   {}\n{rule}\n",
        part.words(),
        tally.invalid,
        tally.words()
    )
}

/// Writes the run's documents and page again, with its replays, and says how often in all.
fn told(options: &ReplayOptions, run: &RunDir, printed: Option<ListFormat>) -> Result<()> {
    let judgement = judgement::of_run(run, Terms::of_run(run))?;
    judgement.keep(&Store::at(&options.store), run)?;
    match printed {
        None => {}
        Some(ListFormat::Json) => {
            let json = serde_json::to_string_pretty(&judgement.results).expect("results are plain JSON");
            print(&(json + "\n"));
        }
        Some(ListFormat::Human) => {
            let sentence = judgement
                .results
                .replays
                .as_ref()
                .map_or_else(|| "There was no replay.".to_owned(), results::Replays::sentence);
            let rule = "─".repeat(80);
            print(&format!(
                "{rule}\n {sentence}\n\n report   {}/report.html\n{rule}\n",
                visible(&run.path().display().to_string(), 200)
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_another_one_now_is_told_by_version_and_bytes() {
        let old = ProgramFile {
            path: "/usr/bin/mydb".to_owned(),
            bytes: 3,
            sha256: "a".repeat(64),
            version: Some("mydb 3.1".to_owned()),
        };
        let now = |sha256: Option<String>| SystemRow {
            name: "mydb".to_owned(),
            version: None,
            program: None,
            bytes: None,
            sha256,
            command: Vec::new(),
        };
        assert_eq!(changed((&old, &now(Some("a".repeat(64))))), None);
        assert_eq!(changed((&old, &now(None))), None, "it is not known");
        assert_eq!(
            changed((&old, &now(Some("b".repeat(64))))).unwrap(),
            " note     the program of the nodes has changed since the run: mydb 3.1, SHA-256 aaaaaaaaaaaa… then, SHA-256 \
             bbbbbbbbbbbb… now\n\n"
        );
    }
}
