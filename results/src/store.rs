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
//! one: judging an old run again does not make it the latest. Nothing is deleted unless somebody asks for it.
//!
//! Read next: `names` for what a run goes by, `index` for lists, `hold` for who is writing, `retention` for what may
//! be deleted.

mod hold;
mod index;
mod names;
mod retention;

pub use hold::Hold;
pub use index::{RunFilter, RunRow};
pub use retention::{Plan as DeletionPlan, Retention};

use crate::document::Results;
use crate::run_info::RunInfo;
use serde::Serialize;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

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

impl StoreError {
    /// Whether a run of this id is there already.
    pub fn is_taken(&self) -> bool {
        matches!(self, StoreError::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
    }
}

/// The largest document that is read, in bytes. A run's own are far smaller.
const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// A file, if it is no larger than this.
fn read_bounded(path: &Path, bytes_max: u64) -> Option<Vec<u8>> {
    let file = fs::File::open(path).ok()?;
    let mut bytes = Vec::new();
    let read = file.take(bytes_max + 1).read_to_end(&mut bytes);
    read.ok().filter(|read| *read as u64 <= bytes_max).map(|_| bytes)
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
        self.create_run_named(&info.system, info)
    }

    /// The same in a folder of another name than the system's: what `--name` says.
    ///
    /// # Errors
    /// When the folder cannot be made or is there already.
    pub fn create_run_named(&self, folder: &str, info: &RunInfo) -> Result<RunDir, StoreError> {
        for name in [folder, &info.id] {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || !name.chars().all(is_plain) {
                return Err(StoreError::Name(crate::text::visible(name, 60)));
            }
        }
        let group = self.root.join(folder);
        fs::create_dir_all(&group).map_err(io_error("make", &group))?;
        let path = group.join(&info.id);
        fs::create_dir(&path).map_err(io_error("make", &path))?;
        let run = RunDir { path };
        run.write_json("options.json", info)?;
        link(&self.root.join("current"), &Path::new(folder).join(&info.id))?;
        Ok(run)
    }

    /// Sets the `latest` links to a run of this store that has its results, unless they point to a newer one, and
    /// adds it to the index.
    ///
    /// # Errors
    /// When the links or the index cannot be written.
    pub fn finish(&self, run: &RunDir, info: &RunInfo, results: &Results) -> Result<(), StoreError> {
        // It may have been named by a link.
        let run = &RunDir::at(&run.path.canonicalize().unwrap_or_else(|_| run.path.clone()));
        let group = run
            .path
            .parent()
            .and_then(Path::file_name)
            .unwrap_or_default()
            .to_owned();
        // A run that lies elsewhere (a scorecard's, one that somebody was sent) is none of this store's.
        if self.root.join(&group).join(&info.id).canonicalize().ok().as_ref() != Some(&run.path) {
            return Ok(());
        }
        let of_all = self.root.join("latest");
        if is_older(&of_all, &info.id) {
            link(&of_all, &Path::new(&group).join(&info.id))?;
        }
        let of_group = self.root.join(&group).join("latest");
        if is_older(&of_group, &info.id) {
            link(&of_group, Path::new(&info.id))?;
        }
        self.note(run, info, results)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
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
        // Ids have seconds; of two runs that began in the same one, the later wrote its options later.
        runs.sort_by_cached_key(|path| {
            let id = id_of(path);
            let written = fs::metadata(path.join("options.json")).and_then(|it| it.modified());
            std::cmp::Reverse((moment_of(&id).to_owned(), written.ok(), id))
        });
        runs
    }
}

/// A run's id: the name of its folder.
fn id_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The moment in a run's id: what stands before the seed.
fn moment_of(id: &str) -> &str {
    id.split_once('-').map_or(id, |(moment, _)| moment)
}

/// Whether a link points to a run that began before this one, to this one, or nowhere.
fn is_older(link: &Path, than: &str) -> bool {
    let target = fs::read_link(link).ok().filter(|_| link.exists());
    target.is_none_or(|target| moment_of(&id_of(&target)) <= moment_of(than))
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
        serde_json::from_slice(&read_bounded(&self.file("options.json"), DOCUMENT_BYTES_MAX)?).ok()
    }

    /// The results, if it came so far.
    pub fn results(&self) -> Option<Results> {
        serde_json::from_slice(&read_bounded(&self.file("results.json"), DOCUMENT_BYTES_MAX)?).ok()
    }

    /// A file in it, if it is no larger than this.
    pub(crate) fn read(&self, name: &str, bytes_max: u64) -> Option<Vec<u8>> {
        read_bounded(&self.file(name), bytes_max)
    }

    /// Adds to a file at its end.
    ///
    /// # Errors
    /// When the file system says no.
    pub(crate) fn append(&self, name: &str, contents: &[u8]) -> Result<(), StoreError> {
        let path = self.file(name);
        let file = fs::File::options().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(contents))
            .map_err(io_error("write", &path))
    }

    /// Deletes what these nodes had on their disks, as far as it can be; their logs stay.
    pub fn clear_disks(&self, nodes: &[String]) {
        for node in nodes {
            for folder in ["data", "removed"] {
                let folder = self.path.join("nodes").join(node).join(folder);
                // What stays takes up room, and nothing else.
                let _ = fs::remove_dir_all(folder);
            }
        }
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
