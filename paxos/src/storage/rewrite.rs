//! What is read at start is not what is on disk.
//!
//! It is what the operating system has in its memory: also what a process that was killed had written and not synced,
//! and, after a sync that failed, what will never reach the disk, because the operating system takes it for written
//! ("fsyncgate": Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020). A later sync does
//! not help. So what a node is going to rely on, and may not be durable, is written anew, under another name that
//! then takes its place.

use super::{StorageError, sync_directory};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// In the data directory while the table is being changed.
const MARK: &str = "paxos.table.changing";

/// Has a file hold these bytes, durably, whatever of it is on disk.
///
/// # Errors
/// When they cannot be written. Then the file is as it was.
pub fn rewrite(path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    replace(path, |file| io::Write::write_all(file, bytes))
}

/// Has a file hold what it seems to hold.
fn renew(path: &Path) -> Result<(), StorageError> {
    let mut old = File::open(path).map_err(StorageError::io("open", path))?;
    replace(path, |file| io::copy(&mut old, file).map(drop))
}

fn replace(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), StorageError> {
    let new = beside(path);
    let mut file = File::create(&new).map_err(StorageError::io("make", &new))?;
    fill(&mut file).map_err(StorageError::io("write", &new))?;
    file.sync_all().map_err(StorageError::io("sync", &new))?;
    std::fs::rename(&new, path).map_err(StorageError::io("put in place", path))?;
    sync_directory(path.parent().unwrap_or(Path::new(".")))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// The table is going to be changed.
///
/// # Errors
/// When that cannot be noted durably.
pub fn mark(directory: &Path) -> Result<(), StorageError> {
    let path = directory.join(MARK);
    File::create(&path).map_err(StorageError::io("make", &path))?;
    sync_directory(directory)
}

/// The change is durable.
///
/// # Errors
/// When the note cannot be taken away.
pub fn unmark(directory: &Path) -> Result<(), StorageError> {
    let path = directory.join(MARK);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StorageError::io("remove", &path)(error))
        }
        _ => Ok(()),
    }
}

/// Writes the table anew if it was being changed when the node ended.
///
/// # Errors
/// When it cannot be.
pub fn renew_changed(directory: &Path, table: &Path) -> Result<(), StorageError> {
    let is_marked = directory.join(MARK).exists();
    if is_marked && table.exists() {
        renew(table)?;
    }
    unmark(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_rewritten_holds_the_new_bytes_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        std::fs::write(&path, "torn end").unwrap();
        rewrite(&path, b"torn").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"torn");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(rewrite(&directory.path().join("no/such/file"), b"").is_err());
    }

    #[test]
    fn a_table_is_written_anew_only_when_it_was_being_changed() {
        let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&path.metadata().unwrap());
        let directory = tempfile::tempdir().unwrap();
        let table = directory.path().join("table");
        std::fs::write(&table, "pages").unwrap();
        let first = inode(&table);
        renew_changed(directory.path(), &table).unwrap();
        assert_eq!(inode(&table), first);
        mark(directory.path()).unwrap();
        renew_changed(directory.path(), &table).unwrap();
        assert_ne!(inode(&table), first, "it is another file");
        assert_eq!(std::fs::read(&table).unwrap(), b"pages");
        let second = inode(&table);
        renew_changed(directory.path(), &table).unwrap();
        assert_eq!(inode(&table), second, "the mark is gone");
    }
}
