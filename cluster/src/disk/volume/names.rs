//! Changes of directories: what is made, removed, renamed, linked; and what happens when they are durable.

use super::{Body, Entry, GRAVEYARD, Id, Node, ROOT, State, Volume, lock, plain};
use crate::disk::journal::{Buried, Change, Child, Place};
use crate::disk::saved::Store;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, RenameFlags, openat, renameat2};
use nix::sys::stat::{FchmodatFlags, Mode, SFlag, dev_t, fchmodat, fstatat, mkdirat, mknodat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, getegid, geteuid, linkat, symlinkat, unlinkat};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'a> {
    /// A file with these permissions, opened.
    File(u32),
    /// A directory with these permissions.
    Directory(u32),
    /// A symbolic link to there.
    Symlink(&'a Path),
    /// A file that is not opened, a socket or a pipe, by its mode; a device by its mode and number.
    Node(u32, u32),
}

/// Who makes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

impl Volume {
    /// Makes something new. The kernel knows about it.
    pub fn make(&self, parent: Id, name: &OsStr, kind: Kind<'_>, owner: Owner) -> Result<Entry, Errno> {
        let mut state = self.write_state();
        let dir = state.dir(parent)?;
        if state.is_buried(parent) {
            return Err(Errno::ENOENT);
        }
        let opened = make_at(&dir, plain(name)?, kind)?;
        let entry = finish(&dir, name, kind, owner).and_then(|()| state.lookup(parent, name));
        let entry = match entry {
            Ok(entry) => entry,
            Err(why) => {
                let flag = if matches!(kind, Kind::Directory(_)) {
                    UnlinkatFlags::RemoveDir
                } else {
                    UnlinkatFlags::NoRemoveDir
                };
                // It was not there before, so nothing is lost; why it is there still would not help anybody.
                let _ = unlinkat(&*dir, name, flag);
                return Err(why);
            }
        };
        if let (Some(file), Ok(body)) = (opened, state.file(entry.id)) {
            let mut open = lock(&body);
            open.file = Some(Arc::new(file));
            open.opens += 1;
        }
        let change = Change::Made {
            place: place(parent, name),
            child: state.child(entry.id),
            is_new: true,
        };
        self.note(&mut state, change);
        Ok(entry)
    }

    /// Gives a file a further name.
    pub fn link(&self, id: Id, parent: Id, name: &OsStr) -> Result<Entry, Errno> {
        let mut state = self.write_state();
        let dir = state.dir(parent)?;
        let (old_dir, old_name) = state.name_of(id)?;
        if state.is_buried(id) || state.is_buried(parent) {
            return Err(Errno::ENOENT);
        }
        linkat(&*old_dir, old_name, &*dir, plain(name)?, AtFlags::empty())?;
        let entry = state.lookup(parent, name)?;
        let change = Change::Made {
            place: place(parent, name),
            child: state.child(entry.id),
            is_new: false,
        };
        self.note(&mut state, change);
        Ok(entry)
    }

    /// Removes a name: of an empty directory, or of anything else.
    pub fn remove(&self, parent: Id, name: &OsStr, directory: bool) -> Result<(), Errno> {
        let mut state = self.write_state();
        let dir = state.dir(parent)?;
        let stat = fstatat(&*dir, plain(name)?, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        let is_dir = is_dir(stat.st_mode);
        match (is_dir, directory) {
            (true, false) => return Err(Errno::EISDIR),
            (false, true) => return Err(Errno::ENOTDIR),
            (true, true) => refuse_full(&dir, name)?,
            (false, false) => (),
        }
        let place = place(parent, name);
        let buried = state.bury(&place, stat.st_ino, is_dir)?;
        self.note(&mut state, Change::Removed { place, buried });
        Ok(())
    }

    /// Renames, over what is there unless the flags forbid it.
    pub fn rename(&self, from: (Id, &OsStr), to: (Id, &OsStr), flags: RenameFlags) -> Result<(), Errno> {
        let mut state = self.write_state();
        let (from_dir, to_dir) = (state.dir(from.0)?, state.dir(to.0)?);
        let (from_name, to_name) = (plain(from.1)?, plain(to.1)?);
        let (from, to) = (place(from.0, from.1), place(to.0, to.1));
        if state.is_buried(to.dir) {
            return Err(Errno::ENOENT);
        }
        if flags.intersects(RenameFlags::RENAME_WHITEOUT) {
            return Err(Errno::EINVAL);
        }
        let source = fstatat(&*from_dir, from_name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        let child = state.known(source.st_ino, is_dir(source.st_mode));
        let target = match fstatat(&*to_dir, to_name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(target) => Some(target),
            Err(Errno::ENOENT) => None,
            Err(why) => return Err(why),
        };
        if flags.contains(RenameFlags::RENAME_EXCHANGE) {
            let target = target.ok_or(Errno::ENOENT)?;
            let other = state.known(target.st_ino, is_dir(target.st_mode));
            renameat2(&*from_dir, from_name, &*to_dir, to_name, flags)?;
            let into = if from.dir == to.dir {
                Vec::new()
            } else {
                [state.path_to(from.dir), state.path_to(to.dir)].concat()
            };
            state.renamed(child.id, &from, &to);
            state.renamed(other.id, &to, &from);
            let change = Change::Exchanged {
                one: (from, other),
                other: (to, child),
                into,
            };
            self.note(&mut state, change);
            return Ok(());
        }
        let mut replaced = None;
        if let Some(target) = target {
            if flags.contains(RenameFlags::RENAME_NOREPLACE) {
                return Err(Errno::EEXIST);
            }
            if target.st_ino == source.st_ino {
                // Two names of one file: POSIX leaves both.
                return Ok(());
            }
            match (child.is_dir, is_dir(target.st_mode)) {
                (true, false) => return Err(Errno::ENOTDIR),
                (false, true) => return Err(Errno::EISDIR),
                (true, true) => refuse_full(&to_dir, to_name)?,
                (false, false) => (),
            }
            replaced = Some(state.bury(&to, target.st_ino, is_dir(target.st_mode))?);
        }
        if let Err(why) = renameat2(&*from_dir, from_name, &*to_dir, to_name, flags) {
            if let Some(buried) = replaced {
                state.unbury(buried, &to)?;
            }
            return Err(why);
        }
        state.renamed(child.id, &from, &to);
        let into = if from.dir == to.dir {
            Vec::new()
        } else {
            state.path_to(to.dir)
        };
        let change = Change::Renamed {
            from,
            to,
            child,
            replaced,
            into,
        };
        self.note(&mut state, change);
        Ok(())
    }

    fn note(&self, state: &mut State, change: Change) {
        let written_back = state.journal.note(change);
        self.written_back.fetch_add(written_back.len() as u64, Relaxed);
        state.settle(written_back, &self.store);
    }
}

impl State {
    /// These changes are durable: what they buried can be let go of.
    pub(super) fn settle(&mut self, durable: Vec<Change>, store: &Store) {
        for Buried { child, grave } in durable.iter().filter_map(Change::buried) {
            self.held.remove(&grave);
            match self.nodes.get_mut(&child.id) {
                // Its grave is its name for those who still have it open.
                Some(node) if node.names.contains(&tomb(grave)) => self.let_go(child.id, store),
                _ => self.clear_grave(grave, child.is_dir),
            }
        }
    }

    /// Forgets what nobody needs any more: what the kernel has forgotten, and what is removed for good.
    pub(super) fn let_go(&mut self, id: Id, store: &Store) {
        let Some(node) = self.nodes.get(&id) else {
            return;
        };
        let in_use = node.lookups > 0;
        let synced = match &node.body {
            Body::File(body) => lock(body).content.is_synced(),
            Body::Directory(_) | Body::Other => true,
        };
        let is_dir = matches!(node.body, Body::Directory(_));
        let is_visible = node.names.iter().any(|name| name.dir != GRAVEYARD);
        let held = |name: &Place| grave_of(name).is_some_and(|grave| self.held.contains(&grave));
        let (held, graves): (Vec<Place>, Vec<Place>) = node
            .names
            .iter()
            .filter(|name| name.dir == GRAVEYARD)
            .cloned()
            .partition(held);
        // A file with other names that are not known here must keep what can be taken back of it.
        let mut names_left = node.names.len();
        let has_unknown_names = !is_dir
            && !graves.is_empty()
            && self
                .stat_by_name(id)
                .is_ok_and(|stat| stat.st_nlink > names_left as u64);
        for tomb in graves {
            let last_resort = names_left == 1 && (in_use || (has_unknown_names && !synced));
            if !last_resort {
                self.clear_tomb(&tomb, is_dir);
                self.nodes
                    .get_mut(&id)
                    .expect("it is known")
                    .names
                    .retain(|name| *name != tomb);
                names_left -= 1;
            }
        }
        if names_left == 0 || (!in_use && is_visible && !is_dir && synced && held.is_empty()) {
            let node = self.nodes.remove(&id).expect("it is known");
            if self.ids.get(&node.inode) == Some(&id) {
                self.ids.remove(&node.inode);
            }
            if let Body::File(body) = &node.body {
                lock(body).content.forget(store);
            }
        }
    }

    /// Moves what is at a place out of sight.
    fn bury(&mut self, from: &Place, inode: u64, is_dir: bool) -> Result<Buried, Errno> {
        let child = self.known(inode, is_dir);
        self.graves += 1;
        let buried = Buried {
            child,
            grave: self.graves,
        };
        let tomb = tomb(buried.grave);
        let dir = self.dir(from.dir)?;
        renameat2(
            &*dir,
            from.name.as_os_str(),
            &*self.graveyard,
            tomb.name.as_os_str(),
            RenameFlags::empty(),
        )?;
        self.renamed(child.id, from, &tomb);
        self.held.insert(buried.grave);
        Ok(buried)
    }

    /// Moves something back to where it was.
    pub(super) fn unbury(&mut self, buried: Buried, to: &Place) -> Result<(), Errno> {
        let tomb = tomb(buried.grave);
        let dir = self.dir(to.dir)?;
        renameat2(
            &*self.graveyard,
            tomb.name.as_os_str(),
            &*dir,
            to.name.as_os_str(),
            RenameFlags::RENAME_NOREPLACE,
        )?;
        self.renamed(buried.child.id, &tomb, to);
        self.held.remove(&buried.grave);
        Ok(())
    }

    /// A node has another name. Known names come first.
    fn renamed(&mut self, id: Id, from: &Place, to: &Place) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.names.retain(|name| name != from && name != to);
            node.names.push(to.clone());
            // Graves last, so that the first name is one that is seen.
            node.names.sort_by_key(|name| name.dir == GRAVEYARD);
        }
    }

    /// A directory and those above it, but for the root.
    fn path_to(&self, dir: Id) -> Vec<Id> {
        let above = |dir: &Id| Some(self.nodes.get(dir)?.names.first()?.dir);
        std::iter::successors(Some(dir), above)
            .take_while(|dir| *dir != ROOT && *dir != GRAVEYARD)
            .collect()
    }

    /// What has this inode, known or not.
    fn known(&self, inode: u64, is_dir: bool) -> Child {
        let id = self.ids.get(&inode).copied().unwrap_or(inode);
        Child { id, is_dir }
    }

    fn is_buried(&self, id: Id) -> bool {
        id != ROOT && self.nodes.get(&id).is_some_and(Node::is_buried)
    }

    fn clear_grave(&self, grave: u64, is_dir: bool) {
        self.clear_tomb(&tomb(grave), is_dir);
    }

    fn clear_tomb(&self, tomb: &Place, is_dir: bool) {
        let flag = if is_dir {
            UnlinkatFlags::RemoveDir
        } else {
            UnlinkatFlags::NoRemoveDir
        };
        if let Err(why) = unlinkat(&*self.graveyard, tomb.name.as_os_str(), flag) {
            tracing::warn!("a removed file of a node keeps its space until the run ends: {why}");
        }
    }
}

impl Node {
    fn is_buried(&self) -> bool {
        self.names.iter().all(|name| name.dir == GRAVEYARD)
    }
}

fn place(dir: Id, name: &OsStr) -> Place {
    let name = name.to_owned();
    Place { dir, name }
}

/// Where something is in the graveyard.
pub(super) fn tomb(grave: u64) -> Place {
    Place {
        dir: GRAVEYARD,
        name: OsString::from(grave.to_string()),
    }
}

/// The reverse of [`tomb`].
fn grave_of(tomb: &Place) -> Option<u64> {
    tomb.name.to_str()?.parse().ok()
}

fn is_dir(mode: u32) -> bool {
    SFlag::from_bits_truncate(mode) & SFlag::S_IFMT == SFlag::S_IFDIR
}

fn make_at(dir: &OwnedFd, name: &OsStr, kind: Kind<'_>) -> Result<Option<File>, Errno> {
    let permissions = |mode: u32| Mode::from_bits_truncate(mode & 0o7777);
    match kind {
        Kind::File(mode) => {
            let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            return openat(dir.as_fd(), name, flags, permissions(mode)).map(|fd| Some(File::from(fd)));
        }
        Kind::Directory(mode) => mkdirat(dir, name, permissions(mode))?,
        Kind::Symlink(target) => symlinkat(target, dir, name)?,
        Kind::Node(mode, device) => {
            let kind = SFlag::from_bits_truncate(mode) & SFlag::S_IFMT;
            mknodat(dir, name, kind, permissions(mode), dev_t::from(device))?;
        }
    }
    Ok(None)
}

/// Gives what was made to who made it, with the permissions that the caller's umask left and not ours.
fn finish(dir: &OwnedFd, name: &OsStr, kind: Kind<'_>, owner: Owner) -> Result<(), Errno> {
    let uid = (owner.uid != geteuid().as_raw()).then(|| Uid::from_raw(owner.uid));
    let gid = (owner.gid != getegid().as_raw()).then(|| Gid::from_raw(owner.gid));
    if uid.is_some() || gid.is_some() {
        // A directory with the set-group-id bit gives its own group.
        let inherits = fstatat(dir, ".", AtFlags::empty())?.st_mode & Mode::S_ISGID.bits() != 0;
        fchownat(
            dir,
            name,
            uid,
            gid.filter(|_| !inherits),
            AtFlags::AT_SYMLINK_NOFOLLOW,
        )?;
    }
    let mode = match kind {
        Kind::File(mode) | Kind::Directory(mode) | Kind::Node(mode, _) => mode & 0o7777,
        Kind::Symlink(_) => return Ok(()),
    };
    let made = fstatat(dir, name, AtFlags::AT_SYMLINK_NOFOLLOW)?.st_mode & 0o7777;
    if made & 0o777 != mode & 0o777 {
        let mode = Mode::from_bits_truncate(mode | made & Mode::S_ISGID.bits());
        fchmodat(dir, name, mode, FchmodatFlags::FollowSymlink)?;
    }
    Ok(())
}

/// A directory that is to be moved to the graveyard must be empty, which only its removal would ask.
fn refuse_full(dir: &OwnedFd, name: &OsStr) -> Result<(), Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let fd = openat(dir.as_fd(), name, flags, Mode::empty())?;
    for entry in Dir::from_fd(fd)?.iter() {
        let entry = entry?;
        if ![&b"."[..], b".."].contains(&entry.file_name().to_bytes()) {
            return Err(Errno::ENOTEMPTY);
        }
    }
    Ok(())
}
