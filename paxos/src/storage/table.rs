//! The table: what was taken out of the log, on disk, whatever its size. An embedded B-tree with checksums, which
//! replaces its pages by copies and so survives a crash at any moment.

use super::StorageError;
use crate::instance::Durable;
use redb::{
    Database, Durability, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition, TableError,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The table's name in the data directory.
pub const FILE: &str = "paxos.table";

/// Decrees by name, each as JSON.
const DECREES: TableDefinition<&str, &[u8]> = TableDefinition::new("decrees");
/// The names of decided decrees, in the order in which this node learned of them.
const LEARNED: TableDefinition<u64, &str> = TableDefinition::new("learned");
/// How far this node has caught up with each other: its start, and how many of its decisions are known.
const CAUGHT_UP: TableDefinition<&str, (u64, u64)> = TableDefinition::new("caught up");

/// How far a node has caught up with each other: in which of its starts, and how many of its decisions are known.
pub type CaughtUp = Vec<(String, (u64, u64))>;

/// The table.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    database: Arc<Database>,
    /// What the last checkpoint left. There are no changes between checkpoints.
    decrees: Option<ReadOnlyTable<&'static str, &'static [u8]>>,
    learned: Option<ReadOnlyTable<u64, &'static str>>,
}

/// What a checkpoint moves from the log to the table.
#[derive(Debug, Default)]
pub struct Checkpoint {
    /// Decrees, as they are now.
    pub decrees: Vec<(Arc<str>, Durable)>,
    /// Decisions in the order in which they were learned, and the number of the first.
    pub learned: (u64, Vec<Arc<str>>),
    /// How far this node has caught up with each other.
    pub caught_up: CaughtUp,
}

impl Table {
    /// Opens the table of a data directory, which is made if there is none. It keeps at most so many bytes of the
    /// file in memory.
    ///
    /// # Errors
    /// When it cannot be opened, or is not as it was written.
    pub fn open(directory: &Path, cache_bytes: usize) -> Result<Table, StorageError> {
        let path = directory.join(FILE);
        let database = Database::builder().set_cache_size(cache_bytes).create(&path);
        let mut table = Table {
            database: Arc::new(database.map_err(|error| StorageError::table("open", &path, &error))?),
            path,
            decrees: None,
            learned: None,
        };
        table.refresh()?;
        Ok(table)
    }

    /// Another handle on the same table, for the thread that makes a checkpoint.
    pub fn writer(&self) -> TableWriter {
        TableWriter {
            path: self.path.clone(),
            database: Arc::clone(&self.database),
        }
    }

    /// Sees what the last checkpoint has written.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn refresh(&mut self) -> Result<(), StorageError> {
        let view = self.reading(|| Ok(self.database.begin_read()?))?;
        self.decrees = self.reading(|| there(view.open_table(DECREES)))?;
        self.learned = self.reading(|| there(view.open_table(LEARNED)))?;
        Ok(())
    }

    /// Whether there was never a checkpoint.
    pub fn is_empty(&self) -> bool {
        self.decrees.is_none()
    }

    /// What is remembered of a decree.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn get(&self, decree: &str) -> Result<Option<Durable>, StorageError> {
        let Some(decrees) = &self.decrees else {
            return Ok(None);
        };
        let Some(json) = self.reading(|| Ok(decrees.get(decree)?))? else {
            return Ok(None);
        };
        let state = serde_json::from_slice(json.value());
        state
            .map(Some)
            .map_err(|error| StorageError::table("understand", &self.path, &error))
    }

    /// How many decisions there are.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn learned_count(&self) -> Result<u64, StorageError> {
        let Some(learned) = &self.learned else {
            return Ok(0);
        };
        let last = self.reading(|| Ok(learned.last()?))?;
        Ok(last.map_or(0, |(number, _)| number.value() + 1))
    }

    /// Up to `count` names of decided decrees, from a number on.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn learned_from(&self, number: u64, count: usize) -> Result<Vec<String>, StorageError> {
        let Some(learned) = &self.learned else {
            return Ok(Vec::new());
        };
        self.reading(|| {
            let range = learned.range(number..)?.take(count);
            range.map(|entry| Ok(entry?.1.value().to_owned())).collect()
        })
    }

    /// How far this node has caught up with each other.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn caught_up(&self) -> Result<CaughtUp, StorageError> {
        self.reading(|| {
            let Some(table) = there(self.database.begin_read()?.open_table(CAUGHT_UP))? else {
                return Ok(Vec::new());
            };
            let mut all = Vec::new();
            for entry in table.iter()? {
                let (node, place) = entry?;
                all.push((node.value().to_owned(), place.value()));
            }
            Ok(all)
        })
    }

    fn reading<T>(&self, read: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, StorageError> {
        read().map_err(|error| StorageError::table("read", &self.path, &error))
    }
}

/// The end of the table that checkpoints are written to.
#[derive(Debug)]
pub struct TableWriter {
    /// For errors.
    pub(super) path: PathBuf,
    pub(super) database: Arc<Database>,
}

impl TableWriter {
    /// Writes a checkpoint, all of it or nothing; it is durable when this returns.
    ///
    /// # Errors
    /// When the operating system says no.
    pub fn write(&self, checkpoint: &Checkpoint) -> Result<(), StorageError> {
        self.write_all(checkpoint)
            .map_err(|error| StorageError::table("write", &self.path, &error))
    }

    fn write_all(&self, checkpoint: &Checkpoint) -> Result<(), redb::Error> {
        let mut change = self.database.begin_write()?;
        change.set_durability(Durability::Immediate)?;
        // A table that was in use when the node was killed is opened without a walk through all of it.
        change.set_quick_repair(true);
        {
            let mut decrees = change.open_table(DECREES)?;
            // In the order of the tree, neighbours find their page in the cache, and changed already.
            let mut changed: Vec<_> = checkpoint.decrees.iter().collect();
            changed.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            for (name, state) in changed {
                let json = serde_json::to_vec(state).expect("a state is plain data");
                decrees.insert(&**name, json.as_slice())?;
            }
            let mut learned = change.open_table(LEARNED)?;
            for (number, name) in (checkpoint.learned.0..).zip(&checkpoint.learned.1) {
                learned.insert(number, &**name)?;
            }
            let mut caught_up = change.open_table(CAUGHT_UP)?;
            for (node, place) in &checkpoint.caught_up {
                caught_up.insert(node.as_str(), *place)?;
            }
        }
        Ok(change.commit()?)
    }
}

/// A table that nobody has written to yet is not there.
fn there<T>(table: Result<T, TableError>) -> Result<Option<T>, redb::Error> {
    match table {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
