//! Deleting old runs, on request only, and with care.
//!
//! A folder is deleted only if it is certainly a run of ours: a real folder, one below a real folder of the store,
//! with the name that we give (`20261123T064512Z-8412907`) and an `options.json` that says the same. A run in
//! progress and an invalid one are kept in any case, as is everything else that lies in the store.

use super::{RunDir, RunRow, Store, StoreError, id_of, io_error};
use crate::document::Outcome;
use std::fs;
use std::path::Path;

/// Which runs are to go: those that are not among the newest so many *and* older than so long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// How many of the newest stay.
    pub keep: Option<usize>,
    /// Runs that started at this moment or later stay, as an id begins: `20261123T064512Z`.
    pub since: Option<String>,
}

/// What would be deleted, and what would not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What goes, newest first, with its size in bytes.
    pub delete: Vec<(RunRow, u64)>,
    /// How many old ones stay because they are invalid.
    pub kept_invalid: usize,
    /// How many stay because they are in progress.
    pub kept_in_progress: usize,
}

impl Store {
    /// What would be deleted.
    pub fn plan_deletion(&self, retention: &Retention) -> Plan {
        let mut plan = Plan::default();
        for row in self.list().into_iter().skip(retention.keep.unwrap_or(0)) {
            let run = RunDir::at(&row.path);
            let is_recent = |since: &String| row.id.as_str() >= since.as_str();
            if !is_ours(&run) || retention.since.as_ref().is_some_and(is_recent) {
                continue;
            }
            if run.is_in_progress() {
                plan.kept_in_progress += 1;
            } else if row.verdict == Some(Outcome::Invalid) {
                plan.kept_invalid += 1;
            } else {
                let bytes = size(run.path());
                plan.delete.push((row, bytes));
            }
        }
        plan
    }

    /// Deletes what the plan says, unless it has become a run in progress or an invalid one meanwhile. Links that
    /// pointed to it point to the newest run that is left.
    ///
    /// # Errors
    /// When the file system says no; what was deleted until then stays deleted.
    pub fn delete(&self, plan: &Plan) -> Result<usize, StoreError> {
        let mut gone = Vec::new();
        let mut outcome = Ok(());
        for (row, _) in &plan.delete {
            let run = RunDir::at(&row.path);
            let is_invalid = run.results().is_some_and(|it| it.verdict == Outcome::Invalid);
            if !is_ours(&run) || is_invalid {
                continue;
            }
            // Held while it goes, so that nobody begins to write into it.
            let Some(_hold) = run.try_hold() else { continue };
            outcome = fs::remove_dir_all(run.path()).map_err(io_error("delete", run.path()));
            if outcome.is_err() {
                break;
            }
            gone.push(row.id.clone());
        }
        self.forget(&gone)?;
        self.mend_links()?;
        outcome.map(|()| gone.len())
    }

    /// Points the links that point to nothing to the newest run that has results, or takes them away.
    fn mend_links(&self) -> Result<(), StoreError> {
        let has_results = |row: &&RunRow| row.verdict.is_some_and(|it| it != Outcome::Error);
        let rows = self.list();
        let newest = rows.iter().find(has_results);
        let target = newest.map(|row| Path::new(&row.name).join(&row.id));
        for name in ["latest", "current"] {
            mend(&self.root().join(name), target.as_deref())?;
        }
        let folders = fs::read_dir(self.root()).into_iter().flatten().flatten();
        for entry in folders.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let newest = rows.iter().filter(|row| row.name == name).find(has_results);
            mend(&entry.path().join("latest"), newest.map(|row| Path::new(&row.id)))?;
        }
        Ok(())
    }
}

fn mend(link: &Path, target: Option<&Path>) -> Result<(), StoreError> {
    let is_broken = link.is_symlink() && !link.exists();
    match target {
        _ if !is_broken => Ok(()),
        Some(target) => super::link(link, target),
        None => fs::remove_file(link).map_err(io_error("delete", link)),
    }
}

/// Whether this is certainly a run that we made.
fn is_ours(run: &RunDir) -> bool {
    let id = id_of(run.path());
    let is_folder = fs::symlink_metadata(run.path()).is_ok_and(|it| it.is_dir());
    is_folder && is_id(&id) && run.info().is_some_and(|info| info.id == id)
}

/// Whether a name is of the form `20261123T064512Z-8412907`.
fn is_id(name: &str) -> bool {
    let Some((time, seed)) = name.split_once('-') else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let form: Vec<&str> = time.split(['T', 'Z']).collect();
    matches!(form.as_slice(), [day, clock, ""] if day.len() == 8 && clock.len() == 6 && digits(day) && digits(clock))
        && digits(seed)
}

/// How much a folder holds, in bytes. Links count as themselves.
pub(super) fn size(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(it) if it.is_dir() => waiting.push(entry.path()),
                Ok(it) => bytes += it.len(),
                // It has gone meanwhile, or is nobody's business: it counts for nothing.
                Err(_) => {}
            }
        }
    }
    bytes
}
