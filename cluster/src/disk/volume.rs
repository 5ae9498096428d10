//! A directory as a volume: files and directories by number, with everything remembered that is not synced.
//!
//! All changes are made at once to the *backing* directory, through descriptors (openat and its like, never a path,
//! never through a symbolic link), so that nothing outside of it can be reached. What is removed or replaced goes to
//! a second directory on the same file system, the *graveyard*, until its removal is synced.
//!
//! ```text
//!   numbers and names -> the backing directory     what the node sees, as it is
//!   content           -> saved bytes               each file as of its last sync
//!   journal           -> graveyard                 each directory as of its last sync
//! ```
//!
//! Descriptors: one for each directory that was ever looked at, one for each file while it is open, however often.
//!
//! Read next: `nodes` for what is known, `names` for changes of directories, `loss` for a power failure.

mod loss;
mod names;
mod nodes;

pub use names::{Kind, Owner};
use nodes::{Body, Node, OpenFile, State};

use super::journal::{Id, Journal};
use super::saved::{Bounds, Store};
use super::{DirectorySync, DiskSpec};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, FallocateFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{
    FchmodatFlags, FileStat, Mode, SFlag, UtimensatFlags, fchmodat, fstat, fstatat, utimensat,
};
use nix::sys::statvfs::{Statvfs, fstatvfs};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, Whence, fchownat, fdatasync, fsync, lseek};
use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The number of the volume's root, as FUSE wants it.
pub const ROOT: Id = 1;

/// The graveyard among the directories. No inode has this number.
const GRAVEYARD: Id = u64::MAX;

/// The number of what has the inode number that FUSE wants for the root.
const INSTEAD_OF_ROOT: Id = u64::MAX - 1;

/// A file or directory that somebody was told about.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its number.
    pub id: Id,
    /// What is known about it; `st_ino` is its number.
    pub stat: FileStat,
}

/// An entry of a listing.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its number.
    pub id: Id,
    /// Its type, in the bits of a mode.
    pub mode: u32,
    /// Its name.
    pub name: OsString,
}

/// Changes of a file's attributes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attributes {
    /// Permissions.
    pub mode: Option<u32>,
    /// User.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Time of last access.
    pub atime: Option<TimeSpec>,
    /// Time of last change.
    pub mtime: Option<TimeSpec>,
}

/// A directory whose unsynced changes can be taken back.
#[derive(Debug)]
pub struct Volume {
    state: RwLock<State>,
    store: Store,
    spec: DiskSpec,
    written_back: AtomicU64,
}

impl Volume {
    /// A volume over these two directories, which must be on one file system and one mount.
    pub fn new(
        root: Arc<OwnedFd>,
        graveyard: Arc<OwnedFd>,
        bounds: Bounds,
        spec: DiskSpec,
    ) -> Result<Volume, Errno> {
        let inode = fstat(&root)?.st_ino;
        let node = Node {
            inode,
            lookups: 1,
            body: Body::Directory(Arc::clone(&root)),
            names: Vec::new(),
        };
        let store = Store::new(Arc::clone(&graveyard), bounds);
        let state = State {
            root,
            graveyard,
            nodes: HashMap::from([(ROOT, node)]),
            ids: HashMap::from([(inode, ROOT)]),
            journal: Journal::default(),
            graves: 0,
            held: HashSet::new(),
        };
        Ok(Volume {
            state: RwLock::new(state),
            store,
            spec,
            written_back: AtomicU64::new(0),
        })
    }

    /// What is at a name. The kernel knows about it from then on, until it forgets.
    pub fn lookup(&self, parent: Id, name: &OsStr) -> Result<Entry, Errno> {
        self.write_state().lookup(parent, name)
    }

    /// The kernel forgets so many lookups of a file.
    pub fn forget(&self, id: Id, lookups: u64) {
        let mut state = self.write_state();
        if let Some(node) = state.nodes.get_mut(&id)
            && id != ROOT
        {
            node.lookups = node.lookups.saturating_sub(lookups);
            state.let_go(id, &self.store);
        }
    }

    /// What is known about a file.
    pub fn stat(&self, id: Id) -> Result<FileStat, Errno> {
        self.read_state().stat(id)
    }

    /// Changes attributes. Those but the size are not lost in a power failure. Returns whether the file had to count
    /// as written back.
    pub fn set(&self, id: Id, change: &Attributes) -> Result<FileStat, Errno> {
        if let Some(size) = change.size {
            let (file, body) = self.borrow(id)?;
            let mut open = lock(&body);
            let written_back = open.content.truncate(&file, &self.store, size).map_err(errno)?;
            self.count_written_back(written_back);
        }
        let state = self.read_state();
        let (dir, name) = state.name_of(id)?;
        if change.uid.is_some() || change.gid.is_some() {
            let (uid, gid) = (change.uid.map(Uid::from_raw), change.gid.map(Gid::from_raw));
            fchownat(&dir, name, uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        }
        if let Some(mode) = change.mode {
            // Linux has no permissions of symbolic links, and no call to change them.
            if SFlag::from_bits_truncate(state.stat(id)?.st_mode) & SFlag::S_IFMT == SFlag::S_IFLNK {
                return Err(Errno::EOPNOTSUPP);
            }
            fchmodat(
                &dir,
                name,
                Mode::from_bits_truncate(mode),
                FchmodatFlags::FollowSymlink,
            )?;
        }
        if change.atime.is_some() || change.mtime.is_some() {
            let (atime, mtime) = (
                change.atime.unwrap_or(TimeSpec::UTIME_OMIT),
                change.mtime.unwrap_or(TimeSpec::UTIME_OMIT),
            );
            utimensat(&dir, name, &atime, &mtime, UtimensatFlags::NoFollowSymlink)?;
        }
        state.stat(id)
    }

    /// Clears what makes a program run as somebody else: it was changed by somebody who may not set that.
    pub fn drop_privileges(&self, id: Id) -> Result<(), Errno> {
        let mode = self.stat(id)?.st_mode & 0o7777;
        let without = mode & !(Mode::S_ISUID | Mode::S_ISGID).bits();
        if without != mode {
            let change = Attributes {
                mode: Some(without),
                ..Attributes::default()
            };
            self.set(id, &change)?;
        }
        Ok(())
    }

    /// Where a symbolic link points, uninterpreted.
    pub fn target(&self, id: Id) -> Result<OsString, Errno> {
        let state = self.read_state();
        let (dir, name) = state.name_of(id)?;
        readlinkat(dir, name)
    }

    /// What is in a directory, without `.` and `..`.
    pub fn list(&self, id: Id) -> Result<Vec<Listed>, Errno> {
        let state = self.read_state();
        let dir = state.dir(id)?;
        let fd = openat(
            &*dir,
            ".",
            OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
            Mode::empty(),
        )?;
        let mut list = Vec::new();
        for entry in Dir::from_fd(fd)?.iter() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                let kind = match entry.file_type() {
                    Some(kind) => mode_of(kind),
                    None => {
                        SFlag::from_bits_truncate(fstatat(&*dir, name, AtFlags::AT_SYMLINK_NOFOLLOW)?.st_mode)
                    }
                };
                list.push(Listed {
                    id: state.ids.get(&entry.ino()).copied().unwrap_or(entry.ino()),
                    mode: (kind & SFlag::S_IFMT).bits(),
                    name: name.to_owned(),
                });
            }
        }
        Ok(list)
    }

    /// Opens a file.
    pub fn open(&self, id: Id) -> Result<(), Errno> {
        let state = self.read_state();
        let body = state.file(id)?;
        let mut open = lock(&body);
        if open.file.is_none() {
            open.file = Some(Arc::new(state.open_backing(id)?));
        }
        open.opens += 1;
        Ok(())
    }

    /// One of those who had it open is done with it.
    pub fn release(&self, id: Id) {
        let Ok(body) = self.read_state().file(id) else {
            return;
        };
        let mut open = lock(&body);
        open.opens = open.opens.saturating_sub(1);
        if open.opens == 0 {
            open.file = None;
        }
    }

    /// Reads into the buffer; how many bytes there were.
    pub fn read(&self, id: Id, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let (file, _) = self.borrow(id)?;
        let mut count = 0;
        while count < buffer.len() {
            match file
                .read_at(&mut buffer[count..], offset + count as u64)
                .map_err(errno)?
            {
                0 => break,
                more => count += more,
            }
        }
        Ok(count)
    }

    /// Writes; how many bytes were written.
    pub fn write(&self, id: Id, offset: u64, data: &[u8]) -> Result<usize, Errno> {
        let (file, body) = self.borrow(id)?;
        let mut open = lock(&body);
        let (written, written_back) = open
            .content
            .write(&file, &self.store, offset, data)
            .map_err(errno)?;
        self.count_written_back(written_back);
        Ok(written)
    }

    /// How large a file is.
    pub fn size(&self, id: Id) -> Result<u64, Errno> {
        let body = self.read_state().file(id)?;
        Ok(lock(&body).content.size())
    }

    /// Makes a file durable, as far as it was written when this begins.
    pub fn sync(&self, id: Id, data_only: bool) -> Result<(), Errno> {
        let (file, body) = self.borrow(id)?;
        lock(&body).content.sync(&self.store);
        if self.spec.directories == DirectorySync::Journaled {
            let mut state = self.write_state();
            let durable = state.journal.sync_all();
            state.settle(durable, &self.store);
        }
        match (self.spec.sync_backing, data_only) {
            (false, _) => Ok(()),
            (true, true) => fdatasync(&*file),
            (true, false) => fsync(&*file),
        }
    }

    /// A sync of a file fails and what it was to make durable never will be.
    pub fn condemn(&self, id: Id) -> Result<(), Errno> {
        let body = self.read_state().file(id)?;
        lock(&body).content.condemn();
        Ok(())
    }

    /// Makes the changes of a directory durable.
    pub fn sync_dir(&self, id: Id) -> Result<(), Errno> {
        let dir = {
            let mut state = self.write_state();
            let dir = state.dir(id)?;
            let durable = match self.spec.directories {
                DirectorySync::Posix => state.journal.sync(id),
                DirectorySync::Journaled => state.journal.sync_all(),
            };
            state.settle(durable, &self.store);
            dir
        };
        if self.spec.sync_backing {
            fsync(&*dir)
        } else {
            Ok(())
        }
    }

    /// Allocates or clears a range of a file.
    pub fn allocate(&self, id: Id, mode: FallocateFlags, offset: u64, len: u64) -> Result<(), Errno> {
        let end = offset.checked_add(len).ok_or(Errno::EFBIG)?;
        let (file, body) = self.borrow(id)?;
        let mut open = lock(&body);
        let written_back = open
            .content
            .allocate(&file, &self.store, mode, offset..end)
            .map_err(errno)?;
        self.count_written_back(written_back);
        Ok(())
    }

    /// The next data or hole from an offset on.
    pub fn seek(&self, id: Id, offset: i64, whence: Whence) -> Result<i64, Errno> {
        let (file, body) = self.borrow(id)?;
        // The position of the descriptor is also moved when old bytes are saved.
        let _open = lock(&body);
        lseek(&*file, offset, whence)
    }

    /// The file system that it is on.
    pub fn statfs(&self) -> Result<Statvfs, Errno> {
        fstatvfs(&*self.read_state().root)
    }

    /// How many files and changes of directories counted as written back because there was no room to remember more.
    pub fn written_back(&self) -> u64 {
        self.written_back.load(Relaxed)
    }

    /// All files that the kernel may have bytes of.
    pub fn files(&self) -> Vec<Id> {
        let state = self.read_state();
        let files = state.nodes.iter();
        files
            .filter_map(|(id, node)| matches!(node.body, Body::File(_)).then_some(*id))
            .collect()
    }

    /// The backing file, opened if it is not.
    fn borrow(&self, id: Id) -> Result<(Arc<File>, Arc<Mutex<OpenFile>>), Errno> {
        let state = self.read_state();
        let body = state.file(id)?;
        let file = lock(&body).file.clone();
        let file = match file {
            Some(file) => file,
            None => Arc::new(state.open_backing(id)?),
        };
        Ok((file, body))
    }

    fn count_written_back(&self, written_back: bool) {
        self.written_back.fetch_add(u64::from(written_back), Relaxed);
    }

    fn read_state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_state(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock(body: &Mutex<OpenFile>) -> MutexGuard<'_, OpenFile> {
    body.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The kernel sends names, never paths; whatever else came would reach out of its directory.
fn plain(name: &OsStr) -> Result<&OsStr, Errno> {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.contains(&b'/') || bytes == b"." || bytes == b".." {
        return Err(Errno::EINVAL);
    }
    Ok(name)
}

fn mode_of(kind: nix::dir::Type) -> SFlag {
    use nix::dir::Type;
    match kind {
        Type::Directory => SFlag::S_IFDIR,
        Type::Symlink => SFlag::S_IFLNK,
        Type::File => SFlag::S_IFREG,
        Type::Fifo => SFlag::S_IFIFO,
        Type::Socket => SFlag::S_IFSOCK,
        Type::CharacterDevice => SFlag::S_IFCHR,
        Type::BlockDevice => SFlag::S_IFBLK,
    }
}

fn errno(why: std::io::Error) -> Errno {
    why.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}
