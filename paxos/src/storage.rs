//! What a node remembers: a [`log`] of what is new, and a [`table`] of the rest.
//!
//! Everything is written to the log first, and synced before anybody is told. When the log has grown, a
//! *checkpoint* moves what it holds into the table: (1) the log goes on in a new file; (2) the state of every decree
//! that changed is written to the table, all or nothing; (3) only when that is durable do the old log files go. So
//! neither the log nor what a node keeps in memory grows with the number of decrees.
//!
//! At start the log files are read over the table. A last batch of records that is not whole was never acknowledged,
//! and is dropped; anything else that is not as it was written stops the node with the file and the offset, before anything
//! on disk is changed. Nothing is reset silently. What is read at start may not be on disk yet, and is written anew
//! before anybody relies on it (`rewrite.rs`). A data directory is locked while a node uses it.

pub mod batch;
pub mod log;
pub mod record;
mod rewrite;
pub mod table;

use crate::bug::{Bug, Planted};
use crate::instance::Durable;
use log::{Log, LogFailed, Watch};
use record::Record;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use table::{Checkpoint, Table, TableWriter};

/// Why what a node remembers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The operating system says no.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The table says no.
    #[error("{action} {path}: {problem}")]
    Table {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// Another process is at it.
    #[error("use {path}: it is in use by another process; every node needs a data directory of its own")]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// A record is not as it was written.
    #[error(
        "read {path}: corrupt at offset {offset}: {problem}; restore the file from a copy, or give this node a new identity"
    )]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// Where the record begins.
        offset: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A log file is not there, though others or the table are.
    #[error(
        "read {path}: it is missing, though there is more; restore it from a copy, or give this node a new identity"
    )]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// The log has failed.
    #[error(transparent)]
    Log(#[from] LogFailed),
}

impl StorageError {
    fn io<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> StorageError + use<'a> {
        move |source| StorageError::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    fn table(action: &'static str, path: &Path, error: &dyn std::error::Error) -> StorageError {
        StorageError::Table {
            action,
            path: path.to_owned(),
            problem: error.to_string(),
        }
    }
}

/// What a node has remembered when it starts.
#[derive(Debug, Default)]
pub struct Recovered {
    /// How many times it was started, this start included.
    pub start: u64,
    /// What the log holds of each decree. What the table holds is asked for when it is needed.
    pub decrees: HashMap<Arc<str>, Durable>,
    /// The decisions in the log, in the order in which they were learned.
    pub learned: Vec<Arc<str>>,
    /// How far this node had caught up with each other.
    pub caught_up: table::CaughtUp,
    /// How many records the log held, in how many files.
    pub records: usize,
    /// How many files.
    pub files: usize,
    /// How many bytes of a last batch that was not whole were dropped.
    pub torn_bytes: usize,
}

/// The log and the table of one node.
#[derive(Debug)]
pub struct Storage {
    directory: PathBuf,
    /// The data directory itself, locked until this is closed, or the process has ended.
    _lock: File,
    /// Where records go.
    pub log: Log,
    /// What was taken out of the log.
    pub table: Table,
    planted: Planted,
}

impl Storage {
    /// Opens what is in a data directory, which is made if there is none.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn open(
        directory: &Path,
        cache_bytes: usize,
        planted: Planted,
        watch: impl Watch,
    ) -> Result<(Storage, Recovered), StorageError> {
        std::fs::create_dir_all(directory).map_err(StorageError::io("make", directory))?;
        let lock = lock(directory)?;
        // Opening the table writes to it, so it comes after all that may stop the node because of the log.
        let mut recovered = read_log(directory)?;
        rewrite_last(directory, recovered.torn_bytes)?;
        rewrite::renew_changed(directory, &directory.join(table::FILE))?;
        let table = Table::open(directory, cache_bytes)?;
        if recovered.files == 0 && !table.is_empty() {
            let path = log::path(directory, 1);
            return Err(StorageError::Missing { path });
        }
        recovered.start += 1;
        recovered.caught_up = table.caught_up()?;
        // Learned twice is possible: when the node was killed between the second and the third step of a checkpoint.
        let mut known = Vec::new();
        for name in std::mem::take(&mut recovered.learned) {
            if table.get(&name)?.is_none_or(|state| state.learned.is_none()) {
                known.push(name);
            }
        }
        recovered.learned = known;
        let next = log::files(directory)?.last().map_or(1, |last| last + 1);
        let log = Log::begin(directory, next, recovered.start, planted, watch)?;
        let storage = Storage {
            directory: directory.to_owned(),
            _lock: lock,
            log,
            table,
            planted,
        };
        Ok((storage, recovered))
    }

    /// Begins a checkpoint: from here on records go to a new log file. The rest is to be done on a thread that may
    /// wait.
    pub fn begin_checkpoint(&self) -> CheckpointWriter {
        CheckpointWriter {
            directory: self.directory.clone(),
            rotated: self.log.rotate(),
            table: self.table.writer(),
            planted: self.planted,
        }
    }
}

/// A checkpoint that has begun.
#[derive(Debug)]
pub struct CheckpointWriter {
    directory: PathBuf,
    rotated: mpsc::Receiver<Result<u64, LogFailed>>,
    table: TableWriter,
    planted: Planted,
}

impl CheckpointWriter {
    /// Finishes the checkpoint. It holds the state of every decree that had changed when it was begun.
    ///
    /// # Errors
    /// When it could not be made durable. Then the old log files are still there.
    pub fn write(self, checkpoint: &Checkpoint) -> Result<(), StorageError> {
        let stopped = |_| LogFailed("the writer has stopped".to_owned());
        let current = self.rotated.recv().map_err(stopped)??;
        if self.planted.is(Bug::ReplaceNotAtomically) {
            remove_older(&self.directory, current)?;
            return self.table.write(checkpoint);
        }
        rewrite::mark(&self.directory)?;
        self.table.write(checkpoint)?;
        rewrite::unmark(&self.directory)?;
        remove_older(&self.directory, current)
    }
}

fn remove_older(directory: &Path, current: u64) -> Result<(), StorageError> {
    for number in log::files(directory)?
        .into_iter()
        .filter(|number| *number < current)
    {
        let path = log::path(directory, number);
        std::fs::remove_file(&path).map_err(StorageError::io("remove", &path))?;
    }
    sync_directory(directory)
}

/// No other process may use a data directory from here on.
fn lock(directory: &Path) -> Result<File, StorageError> {
    let file = File::open(directory).map_err(StorageError::io("open", directory))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StorageError::InUse {
            path: directory.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(StorageError::io("lock", directory)(source)),
    }
}

/// Reads every log file, in order. Changes nothing.
fn read_log(directory: &Path) -> Result<Recovered, StorageError> {
    let mut recovered = Recovered::default();
    let numbers = log::files(directory)?;
    for (place, number) in numbers.iter().enumerate() {
        if place > 0 && numbers[place - 1] + 1 != *number {
            let path = log::path(directory, number - 1);
            return Err(StorageError::Missing { path });
        }
        let path = log::path(directory, *number);
        let bytes = std::fs::read(&path).map_err(StorageError::io("read", &path))?;
        let is_last = place + 1 == numbers.len();
        let end = batch::read(&bytes, &path, is_last, |record| {
            recovered.records += 1;
            match record {
                Record::Start(start) => recovered.start = recovered.start.max(start),
                Record::Decree { name, state } => {
                    let name: Arc<str> = name.into();
                    let learns = state.learned.is_some();
                    let last = recovered.decrees.insert(Arc::clone(&name), state.into_owned());
                    if learns && last.is_none_or(|last| last.learned.is_none()) {
                        recovered.learned.push(name);
                    }
                }
            }
        })?;
        recovered.torn_bytes = bytes.len() - end;
    }
    recovered.files = numbers.len();
    Ok(recovered)
}

/// Writes the last log file anew, without its torn end: nobody knows how much of it is on disk. Of those before it
/// that is known, since each was whole when the next was begun.
fn rewrite_last(directory: &Path, torn_bytes: usize) -> Result<(), StorageError> {
    let Some(last) = log::files(directory)?.pop() else {
        return Ok(());
    };
    let path = log::path(directory, last);
    let bytes = std::fs::read(&path).map_err(StorageError::io("read", &path))?;
    rewrite::rewrite(&path, &bytes[..bytes.len() - torn_bytes])
}

/// A file's name must survive as well as its contents.
fn sync_directory(directory: &Path) -> Result<(), StorageError> {
    let file = File::open(directory).map_err(StorageError::io("open", directory))?;
    file.sync_all().map_err(StorageError::io("sync", directory))
}

#[cfg(test)]
mod tests;
