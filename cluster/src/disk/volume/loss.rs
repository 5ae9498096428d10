//! A power failure of a volume, and what is tidied up after it.

use super::names::tomb;
use super::{Body, Id, State, Volume, errno, lock};
use crate::disk::journal::{Change, Place};
use crate::disk::power::{Draw, Lost};
use crate::disk::saved::Store;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, RenameFlags, openat, renameat2};
use nix::sys::stat::{Mode, SFlag, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

impl Volume {
    /// Power fails. The directory becomes one that a disk could hold; nothing else may use the volume any more,
    /// neither before this returns nor after.
    pub fn lose(&self, draw: &mut Draw) -> Result<Lost, Errno> {
        let mut state = self.write_state();
        let mut lost = Lost::default();
        state.lose_contents(draw, &self.store, &mut lost)?;
        let kept = draw.kept_changes(state.journal.len());
        for change in state.journal.take_after(kept) {
            state.undo(change, &mut lost)?;
        }
        state.clear_graveyard()?;
        Ok(lost)
    }

    /// Clears away what is removed. The volume is not used any more.
    pub fn close(&self) -> Result<(), Errno> {
        self.write_state().clear_graveyard().map(drop)
    }
}

impl State {
    /// Before any name goes back, for files are reached by their names.
    fn lose_contents(&mut self, draw: &mut Draw, store: &Store, lost: &mut Lost) -> Result<(), Errno> {
        let mut files: Vec<Id> = self.nodes.keys().copied().collect();
        // What is drawn must not depend on the order of a hash table.
        files.sort_unstable();
        for id in files {
            let Body::File(body) = &self.nodes[&id].body else {
                continue;
            };
            let mut open = lock(body);
            if open.content.is_synced() {
                continue;
            }
            let file = match open.file.clone() {
                Some(file) => file,
                None => self.open_backing(id)?.into(),
            };
            let loss = open.content.lose(&file, store, draw).map_err(errno)?;
            lost.writes += loss.writes;
            lost.bytes += loss.bytes;
            lost.torn += u64::from(loss.torn);
        }
        Ok(())
    }

    /// Takes a change back. Those after it are taken back already, or have nothing to do with it.
    fn undo(&mut self, change: Change, lost: &mut Lost) -> Result<(), Errno> {
        match change {
            Change::Made { place, child, .. } if child.is_dir => {
                lost.files += 1;
                self.graves += 1;
                let tomb = tomb(self.graves);
                self.move_back(&place, &tomb, RenameFlags::RENAME_NOREPLACE)?;
                // With what was synced in it, but it was not itself.
                lost.files += self.clear(tomb.name)?;
            }
            Change::Made { place, .. } => {
                lost.files += 1;
                unlinkat(
                    &*self.dir(place.dir)?,
                    place.name.as_os_str(),
                    UnlinkatFlags::NoRemoveDir,
                )?;
            }
            Change::Removed { place, buried } => {
                lost.removals += 1;
                self.unbury(buried, &place)?;
            }
            Change::Renamed {
                from, to, replaced, ..
            } => {
                lost.renames += 1;
                self.move_back(&to, &from, RenameFlags::RENAME_NOREPLACE)?;
                if let Some(buried) = replaced {
                    lost.removals += 1;
                    self.unbury(buried, &to)?;
                }
            }
            Change::Exchanged { one, other, .. } => {
                lost.renames += 1;
                self.move_back(&one.0, &other.0, RenameFlags::RENAME_EXCHANGE)?;
            }
        }
        Ok(())
    }

    fn move_back(&self, from: &Place, to: &Place, flags: RenameFlags) -> Result<(), Errno> {
        let (from_dir, to_dir) = (self.dir(from.dir)?, self.dir(to.dir)?);
        renameat2(
            &*from_dir,
            from.name.as_os_str(),
            &*to_dir,
            to.name.as_os_str(),
            flags,
        )
    }

    fn clear_graveyard(&mut self) -> Result<(), Errno> {
        for name in names_in(&self.graveyard, OsStr::new("."))? {
            self.clear(name)?;
        }
        Ok(())
    }

    /// Removes something from the graveyard with all that is in it; how many entries were in it. Directories within
    /// are moved up into the graveyard, so that no depth of them matters.
    fn clear(&mut self, name: OsString) -> Result<u64, Errno> {
        let mut entries = 0;
        let mut pending = vec![name];
        while let Some(name) = pending.pop() {
            if !is_dir(&self.graveyard, &name)? {
                unlinkat(&*self.graveyard, name.as_os_str(), UnlinkatFlags::NoRemoveDir)?;
                continue;
            }
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let dir = openat(self.graveyard.as_fd(), name.as_os_str(), flags, Mode::empty())?;
            for inner in names_in(&dir, OsStr::new("."))? {
                entries += 1;
                if is_dir(&dir, &inner)? {
                    self.graves += 1;
                    let place = tomb(self.graves).name;
                    renameat2(
                        &dir,
                        inner.as_os_str(),
                        &*self.graveyard,
                        place.as_os_str(),
                        RenameFlags::empty(),
                    )?;
                    pending.push(place);
                } else {
                    unlinkat(&dir, inner.as_os_str(), UnlinkatFlags::NoRemoveDir)?;
                }
            }
            unlinkat(&*self.graveyard, name.as_os_str(), UnlinkatFlags::RemoveDir)?;
        }
        Ok(entries)
    }
}

fn is_dir(dir: &OwnedFd, name: &OsStr) -> Result<bool, Errno> {
    let stat = fstatat(dir, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    Ok(SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR)
}

fn names_in(dir: &OwnedFd, name: &OsStr) -> Result<Vec<OsString>, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut names = Vec::new();
    for entry in Dir::from_fd(openat(dir.as_fd(), name, flags, Mode::empty())?)?.iter() {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
