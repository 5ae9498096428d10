//! The names that a run goes by on a command line.

use super::{RunDir, Store, StoreError, id_of};
use crate::document::Outcome;
use crate::text::{counted, visible};
use std::path::{Component, Path, PathBuf};

/// How many runs an error lists.
const LISTED_MAX: usize = 6;

impl Store {
    /// The run of a name: `latest`, `current`, `-1` (the newest), `-2`, a seed, an id or a unique prefix of one,
    /// `latest:invalid` (or another verdict), or a folder. A whole id or a whole seed comes before a prefix, and a run
    /// before its replays.
    ///
    /// # Errors
    /// When there is none, or several; the text lists those that may have been meant.
    pub fn find(&self, spec: &str) -> Result<RunDir, StoreError> {
        let fail = |problem: String| StoreError::NotFound {
            spec: visible(spec, 60),
            root: self.root().to_owned(),
            problem,
        };
        if is_path(spec) {
            return match named_folder(self.root(), spec) {
                Some(path) if is_run(&path) => Ok(RunDir::at(&path)),
                Some(_) => Err(fail(
                    "this folder is not a run: there is no history.jsonl in it".to_owned(),
                )),
                None => Err(fail("there is no such folder".to_owned())),
            };
        }
        let runs = self.runs();
        if runs.is_empty() {
            return Err(fail("there are no runs; make one with `harness test`".to_owned()));
        }
        let there_are = counted(runs.len(), "run");
        if let Some(number) = spec
            .strip_prefix('-')
            .and_then(|digits| digits.parse::<usize>().ok())
        {
            let run = number.checked_sub(1).and_then(|place| runs.get(place));
            return run
                .map(|path| RunDir::at(path))
                .ok_or_else(|| fail(format!("there are {there_are}, -1 is the newest")));
        }
        if spec == "latest" || spec == "current" {
            return Ok(RunDir::at(&runs[0]));
        }
        if let Some(wanted) = spec.strip_prefix("latest:") {
            let wanted = Outcome::from_name(wanted)
                .ok_or_else(|| fail("after latest: comes valid, invalid, unknown or error".to_owned()))?;
            let has = |path: &&PathBuf| RunDir::at(path).results().map(|it| it.verdict) == Some(wanted);
            let run = runs.iter().find(has);
            return run
                .map(|path| RunDir::at(path))
                .ok_or_else(|| fail(format!("none of the {there_are} has this verdict")));
        }
        match meant(spec, &runs).as_slice() {
            [one] => Ok(RunDir::at(one)),
            [] => Err(fail(format!(
                "no such run; the newest are\n{}",
                listed(&mut runs.iter(), runs.len())
            ))),
            several => Err(fail(format!(
                "{} runs have this name; write more of the id:\n{}",
                several.len(),
                listed(&mut several.iter().copied(), several.len())
            ))),
        }
    }
}

/// The runs with this id; else those with this seed; else those whose id begins so.
fn meant<'a>(spec: &str, runs: &'a [PathBuf]) -> Vec<&'a PathBuf> {
    let with_seed = format!("-{spec}");
    let kinds: [&dyn Fn(&str) -> bool; 3] = [&|id| id == spec, &|id| id.ends_with(&with_seed), &|id| {
        id.starts_with(spec)
    }];
    for is_meant in kinds {
        let mut found: Vec<&PathBuf> = runs.iter().filter(|path| is_meant(&id_of(path))).collect();
        if found.len() > 1 {
            // Replays have the seed of the run that they repeat, which is the one that is meant.
            let is_replay = |path: &PathBuf| RunDir::at(path).info().is_some_and(|it| it.replay_of.is_some());
            let own: Vec<&PathBuf> = found.iter().copied().filter(|path| !is_replay(path)).collect();
            found = if own.is_empty() { found } else { own };
        }
        if !found.is_empty() && !spec.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Runs as lines, one each: id, verdict, sentence.
fn listed(runs: &mut dyn Iterator<Item = &PathBuf>, count: usize) -> String {
    let line = |path: &PathBuf| {
        let row = RunDir::at(path).row();
        let verdict = row.verdict.map_or("-", Outcome::word);
        format!(
            "  {}  {verdict:7}  {}",
            visible(&row.id, 60),
            visible(&row.sentence, 70)
        )
    };
    let mut lines: Vec<String> = runs.take(LISTED_MAX).map(line).collect();
    if count > LISTED_MAX {
        lines.push(format!("  and {} more: harness list runs", count - LISTED_MAX));
    }
    lines.join("\n")
}

/// Whether this is a path rather than a name: it has several parts, or is `.` or the like.
fn is_path(spec: &str) -> bool {
    let path = Path::new(spec);
    path.components().count() > 1
        || (!spec.is_empty()
            && path
                .components()
                .all(|part| !matches!(part, Component::Normal(_))))
}

/// The folder of a path, seen from here, or else (`paxos/latest`) from the store.
fn named_folder(root: &Path, spec: &str) -> Option<PathBuf> {
    let candidates = [PathBuf::from(spec), root.join(spec)];
    candidates.into_iter().find(|path| path.is_dir())
}

fn is_run(path: &Path) -> bool {
    ["history.jsonl", "results.json", "options.json"]
        .iter()
        .any(|file| path.join(file).is_file())
}
