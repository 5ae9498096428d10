//! Where the old bytes of overwritten ranges are kept until they are synced over: in memory up to a bound, then in
//! a file of the disk's own, then not at all.
//!
//! The file is unlinked as it is made, so that nothing of it outlives the harness.

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What an entry costs beside its bytes: a node of a tree, a pointer, an allocation.
const ENTRY_BYTES: u64 = 96;

/// How much is kept for one disk. Beyond both, a file counts as written back (see [`super::content`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes in memory.
    pub memory: u64,
    /// Bytes in the file.
    pub file: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            memory: 64 << 20,
            file: 1 << 30,
        }
    }
}

/// Old bytes that are kept.
#[derive(Debug)]
pub enum Saved {
    /// Here.
    Memory(Box<[u8]>),
    /// In the file.
    File {
        /// From which byte on.
        at: u64,
        /// How many.
        len: u64,
    },
}

impl Saved {
    /// How many bytes.
    pub fn len(&self) -> u64 {
        match self {
            Saved::Memory(bytes) => bytes.len() as u64,
            Saved::File { len, .. } => *len,
        }
    }
}

/// The keeper of old bytes of one disk.
#[derive(Debug)]
pub struct Store {
    bounds: Bounds,
    in_memory: AtomicU64,
    overflow: Mutex<Overflow>,
}

#[derive(Debug)]
struct Overflow {
    dir: Arc<OwnedFd>,
    file: Option<File>,
    /// Where the next bytes go.
    end: u64,
    /// How many of the bytes before that are still asked for.
    live: u64,
}

impl Store {
    /// A keeper that makes its file in this directory, should it need one.
    pub fn new(dir: Arc<OwnedFd>, bounds: Bounds) -> Store {
        Store {
            bounds,
            in_memory: AtomicU64::new(0),
            overflow: Mutex::new(Overflow {
                dir,
                file: None,
                end: 0,
                live: 0,
            }),
        }
    }

    /// Keeps bytes; `None` when there is no room for them.
    pub fn keep(&self, bytes: Vec<u8>) -> io::Result<Option<Saved>> {
        let cost = bytes.len() as u64 + ENTRY_BYTES;
        let fits = |used: u64| (used + cost <= self.bounds.memory).then_some(used + cost);
        let (relaxed, memory) = (Ordering::Relaxed, &self.in_memory);
        if memory.fetch_update(relaxed, relaxed, fits).is_ok() {
            return Ok(Some(Saved::Memory(bytes.into_boxed_slice())));
        }
        self.overflow().keep(&bytes, self.bounds.file)
    }

    /// Reads bytes `from..from + len` of what was kept.
    pub fn read(&self, saved: &Saved, from: u64, len: u64) -> io::Result<Vec<u8>> {
        let (from_place, count) = (
            usize::try_from(from).expect("a kept piece is small"),
            usize::try_from(len).expect("a kept piece is small"),
        );
        match saved {
            Saved::Memory(bytes) => Ok(bytes[from_place..from_place + count].to_vec()),
            Saved::File { at, .. } => {
                let mut bytes = vec![0; count];
                let overflow = self.overflow();
                let file = overflow.file.as_ref().expect("something was written to it");
                file.read_exact_at(&mut bytes, at + from)?;
                Ok(bytes)
            }
        }
    }

    /// Lets go of what was kept.
    pub fn drop(&self, saved: Saved) {
        match saved {
            Saved::Memory(bytes) => {
                self.in_memory
                    .fetch_sub(bytes.len() as u64 + ENTRY_BYTES, Ordering::Relaxed);
            }
            Saved::File { len, .. } => self.overflow().release(len),
        }
    }

    fn overflow(&self) -> std::sync::MutexGuard<'_, Overflow> {
        self.overflow
            .lock()
            .expect("nobody panics while holding this lock")
    }
}

impl Overflow {
    fn keep(&mut self, bytes: &[u8], max: u64) -> io::Result<Option<Saved>> {
        let len = bytes.len() as u64;
        if self.end + len > max {
            return Ok(None);
        }
        if self.file.is_none() {
            self.file = Some(unnamed_file(&self.dir)?);
        }
        let file = self.file.as_ref().expect("it was made above");
        file.write_all_at(bytes, self.end)?;
        let at = self.end;
        self.end += len;
        self.live += len;
        Ok(Some(Saved::File { at, len }))
    }

    /// The file only grows until nothing in it is asked for any more; then it is empty again.
    fn release(&mut self, len: u64) {
        self.live -= len;
        if self.live == 0 {
            self.end = 0;
            if let Some(file) = &self.file
                && let Err(why) = file.set_len(0)
            {
                tracing::warn!("a disk's file of old bytes stays as large as it is: {why}");
            }
        }
    }
}

fn unnamed_file(dir: &OwnedFd) -> Result<File, Errno> {
    let name = "overwritten";
    let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let file = openat(dir.as_fd(), name, flags, Mode::from_bits_truncate(0o600))?;
    unlinkat(dir.as_fd(), name, UnlinkatFlags::NoRemoveDir)?;
    Ok(File::from(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(memory: u64, file: u64) -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let fd = Arc::new(OwnedFd::from(File::open(dir.path()).unwrap()));
        (dir, Store::new(fd, Bounds { memory, file }))
    }

    #[test]
    fn bytes_go_to_memory_then_to_a_file_then_nowhere() {
        let (dir, store) = store(200, 150);
        let first = store.keep(vec![1; 100]).unwrap().unwrap();
        let second = store.keep(vec![2; 100]).unwrap().unwrap();
        assert!(matches!(first, Saved::Memory(_)), "{first:?}");
        assert!(matches!(second, Saved::File { .. }), "{second:?}");
        assert!(store.keep(vec![3; 100]).unwrap().is_none());
        assert_eq!(store.read(&first, 10, 2).unwrap(), [1, 1]);
        assert_eq!(store.read(&second, 98, 2).unwrap(), [2, 2]);
        assert_eq!(
            std::fs::read_dir(dir.path()).unwrap().count(),
            0,
            "it has no name"
        );
        store.drop(second);
        assert!(matches!(
            store.keep(vec![3; 150]).unwrap(),
            Some(Saved::File { at: 0, .. })
        ));
        store.drop(first);
        assert!(matches!(
            store.keep(vec![4; 100]).unwrap(),
            Some(Saved::Memory(_))
        ));
    }
}
