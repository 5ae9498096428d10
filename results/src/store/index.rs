//! Lists of runs: one row for each, newest first, and `index.jsonl`, which keeps the rows of those that have a
//! verdict, so that a list need not read thousands of `results.json`.
//!
//! The index is a memory, not a source: what runs there are is what folders there are, and the row of a run that it
//! does not know is made from the run's own files. It may be deleted at any time.

use super::{RunDir, Store, StoreError, id_of, read_bounded};
use crate::document::{Outcome, Results};
use crate::run_info::RunInfo;
use crate::text::visible;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The largest index that is read, in bytes; one that is larger is not needed for anything but speed.
const INDEX_BYTES_MAX: u64 = 256 << 20;

/// One run, for lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// Its id.
    pub id: String,
    /// The folder of the store that it is in: the system's name, or what `--name` said.
    pub name: String,
    /// Its system.
    pub system: String,
    /// The seed; none when nobody wrote it down.
    pub seed: Option<u64>,
    /// The kinds of fault that were asked for.
    pub nemesis: Vec<String>,
    /// When it started, UTC, RFC 3339.
    pub started_at: String,
    /// Its verdict; none when it did not come so far.
    pub verdict: Option<Outcome>,
    /// The sentence.
    pub sentence: String,
    /// How many operations there were.
    pub operations: usize,
    /// How long the main phase took, in seconds.
    pub duration_s: f64,
    /// Its folder; in the index, seen from the store.
    pub path: PathBuf,
}

/// What a list is narrowed to. What is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Of this system, or under this name.
    pub system: Option<String>,
    /// With this verdict.
    pub verdict: Option<Outcome>,
    /// From this seed.
    pub seed: Option<u64>,
    /// With this kind of fault; `none` is a run without any.
    pub nemesis: Option<String>,
}

impl RunFilter {
    /// Whether a run is meant.
    pub fn takes(&self, row: &RunRow) -> bool {
        let is = |wanted: &Option<String>, has: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(has);
        is(&self.system, &|system| row.system == system || row.name == system)
            && is(&self.nemesis, &|kind| match kind {
                "none" => row.nemesis.is_empty(),
                kind => row.nemesis.iter().any(|it| it == kind),
            })
            && self.verdict.is_none_or(|verdict| row.verdict == Some(verdict))
            && self.seed.is_none_or(|seed| row.seed == Some(seed))
    }
}

impl Store {
    /// All runs, newest first.
    pub fn list(&self) -> Vec<RunRow> {
        let known = self.index();
        let row = |path: PathBuf| {
            let run = RunDir::at(&path);
            let known = known
                .get(&id_of(&path))
                .filter(|_| run.file("results.json").is_file());
            match known {
                Some(row) if Some(row.name.as_str()) == folder(&path).as_deref() => {
                    RunRow { path, ..row.clone() }
                }
                _ => run.row(),
            }
        };
        self.runs().into_iter().map(row).collect()
    }

    /// Adds a run to the index. One that was judged again has another line there if its verdict is another; the
    /// last counts.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn note(&self, run: &RunDir, info: &RunInfo, results: &Results) -> Result<(), StoreError> {
        let name = folder(run.path()).unwrap_or_default();
        let row = RunRow {
            path: Path::new(&name).join(&info.id),
            name,
            ..row_of(&info.id, Some(info), Some(results), run)
        };
        if self.index().get(&row.id) == Some(&row) {
            return Ok(());
        }
        let mut line = serde_json::to_string(&row).expect("a row is plain data");
        line.push('\n');
        RunDir::at(self.root()).append("index.jsonl", line.as_bytes())
    }

    /// Takes runs out of the index, by their ids, and what it says twice.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn forget(&self, ids: &[String]) -> Result<(), StoreError> {
        let mut rows: Vec<RunRow> = self.index().into_values().collect();
        rows.retain(|row| !ids.contains(&row.id));
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        let mut text = String::new();
        for row in rows {
            text += &serde_json::to_string(&row).expect("a row is plain data");
            text.push('\n');
        }
        RunDir::at(self.root()).write("index.jsonl", text.as_bytes())
    }

    /// What the index says of each run, by id. Lines that say nothing are passed over.
    fn index(&self) -> HashMap<String, RunRow> {
        let bytes = read_bounded(&self.root().join("index.jsonl"), INDEX_BYTES_MAX).unwrap_or_default();
        let lines = bytes.split(|byte| *byte == b'\n');
        let rows = lines.filter_map(|line| serde_json::from_slice::<RunRow>(line).ok());
        rows.map(|row| (row.id.clone(), row)).collect()
    }
}

impl RunDir {
    /// The row of this run, from its own files.
    pub fn row(&self) -> RunRow {
        row_of(
            &id_of(self.path()),
            self.info().as_ref(),
            self.results().as_ref(),
            self,
        )
    }
}

fn row_of(id: &str, info: Option<&RunInfo>, results: Option<&Results>, run: &RunDir) -> RunRow {
    let name = folder(run.path()).unwrap_or_default();
    let sentence = match results {
        Some(results) => results.reason.sentence.clone(),
        None if run.is_in_progress() => "in progress".to_owned(),
        None => "no verdict yet; harness check gives it".to_owned(),
    };
    RunRow {
        id: id.to_owned(),
        system: info.map_or_else(|| name.clone(), |info| visible(&info.system, 60)),
        name,
        seed: info.map(|info| info.seed),
        nemesis: info.map_or_else(Vec::new, |info| {
            info.nemesis.iter().map(|it| visible(it, 40)).collect()
        }),
        started_at: info.map_or_else(String::new, |info| visible(&info.started_at, 40)),
        verdict: results.map(|results| results.verdict),
        sentence,
        operations: results.map_or(0, |results| results.ops.total),
        duration_s: results.map_or(0.0, |results| results.duration_s),
        path: run.path().to_owned(),
    }
}

/// The name of the folder that a run's folder is in.
fn folder(run: &Path) -> Option<String> {
    let name = run.parent()?.file_name()?;
    Some(name.to_string_lossy().into_owned())
}
