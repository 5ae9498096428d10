//! Which files and directories are known, by which numbers and names, and how they are reached.

use super::{Entry, GRAVEYARD, INSTEAD_OF_ROOT, ROOT, lock, plain};
use crate::disk::content::Content;
use crate::disk::journal::{Child, Id, Journal, Place};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub(super) struct State {
    pub(super) root: Arc<OwnedFd>,
    pub(super) graveyard: Arc<OwnedFd>,
    pub(super) nodes: HashMap<Id, Node>,
    /// The number of each inode of the backing file system that has one and is not removed.
    pub(super) ids: HashMap<u64, Id>,
    pub(super) journal: Journal,
    /// How many graves there have been.
    pub(super) graves: u64,
    /// The graves of removals that are not synced.
    pub(super) held: HashSet<u64>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) inode: u64,
    /// How often the kernel was told about it and has not forgotten it.
    pub(super) lookups: u64,
    pub(super) body: Body,
    /// The names that are known, at least one.
    pub(super) names: Vec<Place>,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    Directory(Arc<OwnedFd>),
    File(Arc<Mutex<OpenFile>>),
    Other,
}

#[derive(Debug)]
pub(super) struct OpenFile {
    /// While it is open; all who have it open share it.
    pub(super) file: Option<Arc<File>>,
    pub(super) opens: u64,
    pub(super) content: Content,
}

impl State {
    pub(super) fn lookup(&mut self, parent: Id, name: &OsStr) -> Result<Entry, Errno> {
        let dir = self.dir(parent)?;
        let stat = fstatat(&*dir, plain(name)?, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        let place = Place {
            dir: parent,
            name: name.to_owned(),
        };
        let id = self.meet(place, &stat)?;
        self.nodes.get_mut(&id).expect("it was just met").lookups += 1;
        Ok(Entry {
            id,
            stat: self.stat(id)?,
        })
    }

    /// The number of what is at a place, which is noted down if it was not known.
    pub(super) fn meet(&mut self, place: Place, stat: &FileStat) -> Result<Id, Errno> {
        if let Some(&id) = self.ids.get(&stat.st_ino) {
            let node = self.nodes.get_mut(&id).expect("what has a number is known");
            if id != ROOT && !node.names.contains(&place) {
                node.names.push(place);
                node.names.sort_by_key(|name| name.dir == GRAVEYARD);
            }
            return Ok(id);
        }
        let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
        let body = if kind == SFlag::S_IFDIR {
            let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            // To be synced it must be open for reading, which needs a permission that O_PATH does not.
            let readable = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let dir = self.dir(place.dir)?;
            let fd = openat(&*dir, place.name.as_os_str(), readable, Mode::empty())
                .or_else(|_| openat(&*dir, place.name.as_os_str(), flags, Mode::empty()))?;
            Body::Directory(Arc::new(fd))
        } else if kind == SFlag::S_IFREG {
            let size = u64::try_from(stat.st_size).unwrap_or(0);
            Body::File(Arc::new(Mutex::new(OpenFile {
                file: None,
                opens: 0,
                content: Content::new(size),
            })))
        } else {
            Body::Other
        };
        let inode = stat.st_ino;
        // A file that is removed stays in the graveyard while it is known, so nothing else gets its inode number.
        let id = if inode == ROOT { INSTEAD_OF_ROOT } else { inode };
        self.ids.insert(inode, id);
        self.nodes.insert(
            id,
            Node {
                inode,
                lookups: 0,
                body,
                names: vec![place],
            },
        );
        Ok(id)
    }

    pub(super) fn child(&self, id: Id) -> Child {
        let is_dir = matches!(
            self.nodes.get(&id).map(|node| &node.body),
            Some(Body::Directory(_))
        );
        Child { id, is_dir }
    }

    pub(super) fn stat(&self, id: Id) -> Result<FileStat, Errno> {
        let node = self.nodes.get(&id).ok_or(Errno::ESTALE)?;
        let mut stat = match &node.body {
            Body::Directory(fd) => fstat(&**fd)?,
            Body::File(body) => match lock(body).file.clone() {
                Some(file) => fstat(&*file)?,
                None => self.stat_by_name(id)?,
            },
            Body::Other => self.stat_by_name(id)?,
        };
        let buried = node.names.iter().filter(|name| name.dir == GRAVEYARD).count() as u64;
        stat.st_nlink = match node.body {
            Body::Directory(_) if buried > 0 => 0,
            _ => stat.st_nlink.saturating_sub(buried),
        };
        stat.st_ino = id;
        Ok(stat)
    }

    pub(super) fn stat_by_name(&self, id: Id) -> Result<FileStat, Errno> {
        let (dir, name) = self.name_of(id)?;
        fstatat(dir, name, AtFlags::AT_SYMLINK_NOFOLLOW)
    }

    /// A directory and a name in it by which a node can be reached.
    pub(super) fn name_of(&self, id: Id) -> Result<(Arc<OwnedFd>, &OsStr), Errno> {
        if id == ROOT {
            return Ok((Arc::clone(&self.root), OsStr::new(".")));
        }
        let node = self.nodes.get(&id).ok_or(Errno::ESTALE)?;
        let place = node.names.first().ok_or(Errno::ESTALE)?;
        Ok((self.dir(place.dir)?, &place.name))
    }

    pub(super) fn dir(&self, id: Id) -> Result<Arc<OwnedFd>, Errno> {
        if id == GRAVEYARD {
            return Ok(Arc::clone(&self.graveyard));
        }
        match self.nodes.get(&id).map(|node| &node.body) {
            Some(Body::Directory(fd)) => Ok(Arc::clone(fd)),
            Some(_) => Err(Errno::ENOTDIR),
            None => Err(Errno::ESTALE),
        }
    }

    pub(super) fn file(&self, id: Id) -> Result<Arc<Mutex<OpenFile>>, Errno> {
        match self.nodes.get(&id).map(|node| &node.body) {
            Some(Body::File(body)) => Ok(Arc::clone(body)),
            Some(Body::Directory(_)) => Err(Errno::EISDIR),
            Some(Body::Other) => Err(Errno::EINVAL),
            None => Err(Errno::ESTALE),
        }
    }

    /// For reading and writing where that is allowed: saving old bytes reads what a program only writes.
    pub(super) fn open_backing(&self, id: Id) -> Result<File, Errno> {
        let (dir, name) = self.name_of(id)?;
        let flags = OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let open = |access| openat(dir.as_fd(), name, flags | access, Mode::empty());
        let fd = open(OFlag::O_RDWR).or_else(|_| open(OFlag::O_RDONLY))?;
        Ok(File::from(fd))
    }
}
