//! The store: a folder for every run, and links to the current and the latest one.
//!
//! ```text
//! store/
//!   index.jsonl                     one line per finished run
//!   current -> paxos/<id>           set when a run starts
//!   latest  -> paxos/<id>           set when it has its results, atomically
//!   paxos/latest -> <id>
//!   paxos/<id>/                     UTC time, then seed
//! ```
//!
//! A run that was killed half-way has a history and no `results.json`. It is `current`; and since `latest` on a
//! command line means the newest run that has anything to show, finished or not, `harness check latest` gives
//! it its verdict. The *link* `latest` only ever points to a run with results, and never goes back to an older
//! one: judging an old run again does not make it the latest. Nothing is deleted.

use crate::document::{Outcome, Results};
use crate::run_info::RunInfo;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

/// A folder of runs.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

/// One run, for lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// Its id.
    pub id: String,
    /// Its system.
    pub system: String,
    /// Its verdict; none when it did not come so far.
    pub verdict: Option<Outcome>,
    /// The sentence.
    pub sentence: String,
    /// Its folder.
    pub path: PathBuf,
}

/// Why a run was not found or kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system says no.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No run has this name.
    #[error("find the run `{spec}` in {root}: {problem}")]
    NotFound {
        /// What was asked for.
        spec: String,
        /// Where.
        root: PathBuf,
        /// What there is instead.
        problem: String,
    },
    /// A name that cannot be a folder.
    #[error("use `{0}` as the name of a folder: letters, digits, - and _ only")]
    Name(String),
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { action, path, source }
}

impl Store {
    /// The store in this folder, which is made with the first run.
    pub fn at(root: &Path) -> Store {
        Store {
            root: root.to_owned(),
        }
    }

    /// Makes the folder of a new run, with its `options.json`, and sets `current`.
    ///
    /// # Errors
    /// When the folder cannot be made or is there already.
    pub fn create_run(&self, info: &RunInfo) -> Result<RunDir, StoreError> {
        for name in [&info.system, &info.id] {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || !name.chars().all(is_plain) {
                return Err(StoreError::Name(crate::text::visible(name, 60)));
            }
        }
        let system = self.root.join(&info.system);
        fs::create_dir_all(&system).map_err(io_error("make", &system))?;
        let path = system.join(&info.id);
        fs::create_dir(&path).map_err(io_error("make", &path))?;
        let run = RunDir { path };
        run.write_json("options.json", info)?;
        link(
            &self.root.join("current"),
            &Path::new(&info.system).join(&info.id),
        )?;
        Ok(run)
    }

    /// Sets the `latest` links to a run that has its results, unless they point to a newer one, and adds it to
    /// the index. A run that was judged again has another line there if its verdict is another; the last counts.
    ///
    /// # Errors
    /// When the links or the index cannot be written.
    pub fn finish(&self, run: &RunDir, info: &RunInfo, results: &Results) -> Result<(), StoreError> {
        let of_all = self.root.join("latest");
        if is_older(&of_all, &info.id) {
            link(&of_all, &Path::new(&info.system).join(&info.id))?;
        }
        let of_system = self.root.join(&info.system).join("latest");
        if is_older(&of_system, &info.id) {
            link(&of_system, Path::new(&info.id))?;
        }
        let row = RunRow {
            id: info.id.clone(),
            system: info.system.clone(),
            verdict: Some(results.verdict),
            sentence: results.reason.sentence.clone(),
            path: run.path.clone(),
        };
        let path = self.root.join("index.jsonl");
        let mut line = serde_json::to_string(&row).expect("a row is plain data");
        let known = fs::read_to_string(&path).unwrap_or_default();
        let of_run = |line: &&str| serde_json::from_str::<RunRow>(line).is_ok_and(|it| it.id == row.id);
        if known.lines().rev().find(of_run) == Some(line.as_str()) {
            return Ok(());
        }
        line.push('\n');
        let file = fs::File::options().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .map_err(io_error("write", &path))
    }

    /// All runs, newest first.
    pub fn list(&self) -> Vec<RunRow> {
        self.runs().into_iter().map(row).collect()
    }

    /// The folders of all runs that have anything to show, newest first.
    fn runs(&self) -> Vec<PathBuf> {
        let folders = |path: &Path| -> Vec<PathBuf> {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            // Links are names of runs, not runs.
            let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
            entries.filter(is_folder).map(|entry| entry.path()).collect()
        };
        let mut runs: Vec<PathBuf> = folders(&self.root)
            .into_iter()
            .flat_map(|system| folders(&system))
            .filter(|path| path.join("history.jsonl").exists() || path.join("results.json").exists())
            .collect();
        runs.sort_by_key(|path| std::cmp::Reverse(id(path)));
        runs
    }

    /// The run of a name: `latest`, `current`, `-1` (the newest), `-2`, a seed, a unique prefix of an id,
    /// `latest:invalid` (or another verdict), or a folder.
    ///
    /// # Errors
    /// When there is none, or several; the text says what there is.
    pub fn find(&self, spec: &str) -> Result<RunDir, StoreError> {
        let as_path = Path::new(spec);
        if (as_path.components().count() > 1
            || as_path
                .components()
                .all(|part| !matches!(part, Component::Normal(_))))
            && as_path.is_dir()
        {
            return Ok(RunDir {
                path: as_path.to_owned(),
            });
        }
        let runs = self.runs();
        let fail = |problem: String| StoreError::NotFound {
            spec: crate::text::visible(spec, 60),
            root: self.root.clone(),
            problem,
        };
        if runs.is_empty() {
            return Err(fail("there are no runs; make one with `harness test`".to_owned()));
        }
        if let Some(number) = spec
            .strip_prefix('-')
            .and_then(|digits| digits.parse::<usize>().ok())
        {
            let run = runs.get(number.saturating_sub(1));
            let there_are = || fail(format!("there are {}", crate::text::counted(runs.len(), "run")));
            return run.map(|path| RunDir::at(path)).ok_or_else(there_are);
        }
        let matching: Vec<&PathBuf> = match spec.split_once(':') {
            None if spec == "latest" || spec == "current" => runs.iter().take(1).collect(),
            Some(("latest", wanted)) => {
                let wanted = Outcome::from_name(wanted)
                    .ok_or_else(|| fail("after latest: comes valid, invalid, unknown or error".to_owned()))?;
                let has = |path: &&PathBuf| RunDir::at(path).results().map(|it| it.verdict) == Some(wanted);
                let run = runs.iter().find(has);
                return run.map(|path| RunDir::at(path)).ok_or_else(|| {
                    let there_are = crate::text::counted(runs.len(), "run");
                    fail(format!("none of the {there_are} has this verdict"))
                });
            }
            _ => {
                let seed = format!("-{spec}");
                let is_meant = |path: &&PathBuf| id(path).starts_with(spec) || id(path).ends_with(&seed);
                runs.iter().filter(is_meant).collect()
            }
        };
        let ids = |paths: &mut dyn Iterator<Item = &PathBuf>, count: usize| {
            let ids: Vec<String> = paths.take(count).map(|path| id(path)).collect();
            ids.join(", ")
        };
        match matching.as_slice() {
            [one] => Ok(RunDir::at(one)),
            [] => Err(fail(format!(
                "no such run; the newest are {}",
                ids(&mut runs.iter(), 3)
            ))),
            several => Err(fail(format!(
                "{} runs have this name: {}",
                several.len(),
                ids(&mut several.iter().copied(), 5)
            ))),
        }
    }
}

/// A run's id: the name of its folder.
fn id(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Whether a link points to a run that began before this one, to this one, or nowhere.
fn is_older(link: &Path, than: &str) -> bool {
    let target = fs::read_link(link).ok().filter(|_| link.exists());
    target.is_none_or(|target| id(&target).as_str() <= than)
}

impl RunDir {
    /// The folder that somebody named.
    pub fn at(path: &Path) -> RunDir {
        RunDir {
            path: path.to_owned(),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What was known before the run started; none when there is no readable `options.json`.
    pub fn info(&self) -> Option<RunInfo> {
        serde_json::from_slice(&fs::read(self.file("options.json")).ok()?).ok()
    }

    /// The results, if it came so far.
    pub fn results(&self) -> Option<Results> {
        serde_json::from_slice(&fs::read(self.file("results.json")).ok()?).ok()
    }

    /// Writes a file whole or not at all.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn write(&self, name: &str, contents: &[u8]) -> Result<(), StoreError> {
        let path = self.file(name);
        let temporary = self.file(&format!(".{name}.new"));
        let written = fs::write(&temporary, contents).and_then(|()| fs::rename(&temporary, &path));
        written.map_err(|source| {
            // A half that could not be completed is of no use to anybody.
            let _ = fs::remove_file(&temporary);
            StoreError::Io {
                action: "write",
                path,
                source,
            }
        })
    }

    /// Writes a value as indented JSON.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), StoreError> {
        let mut json = serde_json::to_vec_pretty(value).map_err(|error| StoreError::Io {
            action: "write",
            path: self.file(name),
            source: error.into(),
        })?;
        json.push(b'\n');
        self.write(name, &json)
    }
}

fn row(path: PathBuf) -> RunRow {
    let run = RunDir { path: path.clone() };
    let id = id(&path);
    let system = path
        .parent()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    let (verdict, sentence) = match run.results() {
        Some(results) => (Some(results.verdict), results.reason.sentence),
        None => (None, "no verdict yet; harness check gives it".to_owned()),
    };
    RunRow {
        id,
        system: system.unwrap_or_default(),
        verdict,
        sentence,
        path,
    }
}

/// Points a link to a target, in one step.
fn link(link: &Path, target: &Path) -> Result<(), StoreError> {
    let name = link
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let temporary = link.with_file_name(format!(".{name}.new"));
    // One may be left from a run that was killed in this very step.
    let _ = fs::remove_file(&temporary);
    std::os::unix::fs::symlink(target, &temporary)
        .and_then(|()| fs::rename(&temporary, link))
        .map_err(io_error("link", link))
}

#[cfg(test)]
mod tests;
