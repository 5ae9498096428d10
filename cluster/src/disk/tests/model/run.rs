//! Random steps, taken on the volume and on its model side by side.

use super::super::{Scene, name, owner};
use super::state::{Model, ModelChange, ModelFile, NAMES};
use crate::disk::journal::Id;
use crate::disk::saved::Bounds;
use crate::disk::volume::{Attributes, Kind, ROOT};
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, RenameFlags};
use proptest::prelude::*;
use std::collections::HashMap;

/// A file is at most this large here, in bytes.
pub const SIZE_MAX: u64 = 3 * 4096;

/// One random step. Directories and names are few, so that steps meet.
#[derive(Debug, Clone)]
pub enum Step {
    Create(usize, usize),
    MakeDir(usize, usize),
    Remove(usize, usize),
    Rename(usize, usize, usize, usize),
    Exchange(usize, usize, usize, usize),
    Link(usize, usize, usize, usize),
    Write(usize, u64, u8, u64),
    Truncate(usize, u64),
    Punch(usize, u64, u64),
    Sync(usize),
    SyncDir(usize),
    /// The kernel forgets everything that it need not know.
    Forget,
}

/// A random row of steps.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let place = || (0..4_usize, 0..NAMES.len());
    let step = prop_oneof![
        4 => place().prop_map(|(d, n)| Step::Create(d, n)),
        2 => place().prop_map(|(d, n)| Step::MakeDir(d, n)),
        3 => place().prop_map(|(d, n)| Step::Remove(d, n)),
        4 => (place(), place()).prop_map(|((d, n), (e, m))| Step::Rename(d, n, e, m)),
        1 => (place(), place()).prop_map(|((d, n), (e, m))| Step::Exchange(d, n, e, m)),
        1 => (place(), place()).prop_map(|((d, n), (e, m))| Step::Link(d, n, e, m)),
        8 => (0..6_usize, 0..SIZE_MAX - 1024, 1..=255_u8, 1..1024_u64).prop_map(|(f, o, b, l)| Step::Write(f, o, b, l)),
        2 => (0..6_usize, 0..SIZE_MAX).prop_map(|(f, s)| Step::Truncate(f, s)),
        1 => (0..6_usize, 0..SIZE_MAX, 1..5000_u64).prop_map(|(f, o, l)| Step::Punch(f, o, l)),
        3 => (0..6_usize).prop_map(Step::Sync),
        3 => (0..4_usize).prop_map(Step::SyncDir),
        1 => Just(Step::Forget),
    ];
    prop::collection::vec(step, 0..60)
}

/// A run of random steps on both.
pub struct Run {
    pub scene: Scene,
    pub model: Model,
    /// All that was ever looked up, and how often; the root first.
    pub dirs: Vec<Id>,
    pub files: Vec<Id>,
    pub lookups: HashMap<Id, u64>,
}

impl Run {
    pub fn new() -> Run {
        Run {
            scene: Scene::new(Bounds::default()),
            model: Model::default(),
            dirs: vec![ROOT],
            files: Vec::new(),
            lookups: HashMap::new(),
        }
    }

    pub fn at(&self, dir: Id, name: usize) -> Option<(Id, bool)> {
        self.model.dirs.get(&dir)?.get(&name).copied()
    }

    pub fn dir(&self, number: usize) -> Id {
        self.dirs[number % self.dirs.len()]
    }

    pub fn is_below(&self, dir: Id, above: Id) -> bool {
        let mut at = dir;
        while at != above {
            match Model::place_of(&self.model.dirs, at) {
                Some((parent, _)) => at = parent,
                None => return false,
            }
        }
        true
    }

    /// As the kernel does before it asks.
    pub fn look_up(&mut self, dir: Id, at: usize) -> Result<Id, Errno> {
        let id = self.scene.volume.lookup(dir, name(NAMES[at]))?.id;
        *self.lookups.entry(id).or_default() += 1;
        Ok(id)
    }

    pub fn step(&mut self, step: &Step) {
        let volume = &self.scene.volume;
        match *step {
            Step::Create(dir, at) | Step::MakeDir(dir, at) => {
                let is_dir = matches!(step, Step::MakeDir(..));
                let dir = self.dir(dir);
                let kind = if is_dir {
                    Kind::Directory(0o755)
                } else {
                    Kind::File(0o644)
                };
                let made = volume.make(dir, name(NAMES[at]), kind, owner());
                assert_eq!(
                    made.is_err(),
                    self.at(dir, at).is_some() || !self.is_below(dir, ROOT),
                    "{made:?}"
                );
                let Ok(entry) = made else { return };
                *self.lookups.entry(entry.id).or_default() += 1;
                if is_dir {
                    self.dirs.push(entry.id);
                } else {
                    self.scene.volume.release(entry.id);
                    self.files.push(entry.id);
                    self.model.files.insert(entry.id, ModelFile::default());
                }
                self.model.note(ModelChange::Add {
                    dir,
                    name: at,
                    inode: entry.id,
                    is_dir,
                });
            }
            Step::Remove(dir, at) => {
                let dir = self.dir(dir);
                let Some((inode, is_dir)) = self.at(dir, at) else {
                    return;
                };
                let full = self.model.dirs.get(&inode).is_some_and(|names| !names.is_empty());
                let removed = self.scene.volume.remove(dir, name(NAMES[at]), is_dir);
                assert_eq!(removed.is_err(), is_dir && full, "{removed:?}");
                if removed.is_ok() {
                    self.model.note(ModelChange::Take {
                        dir,
                        name: at,
                        inode,
                        is_dir,
                    });
                }
            }
            Step::Rename(dir, at, to, to_at) => self.rename((self.dir(dir), at), (self.dir(to), to_at)),
            Step::Exchange(dir, at, to, to_at) => {
                let (one, other) = ((self.dir(dir), at), (self.dir(to), to_at));
                let (Some(a), Some(b)) = (self.at(one.0, one.1), self.at(other.0, other.1)) else {
                    return;
                };
                if self.is_below(other.0, a.0) || self.is_below(one.0, b.0) || a == b {
                    return;
                }
                let (from, to) = ((one.0, name(NAMES[one.1])), (other.0, name(NAMES[other.1])));
                self.scene
                    .volume
                    .rename(from, to, RenameFlags::RENAME_EXCHANGE)
                    .unwrap();
                self.model.note(ModelChange::Swap { one, other });
            }
            Step::Link(dir, at, to, to_at) => {
                let (dir, to) = (self.dir(dir), self.dir(to));
                let Some((inode, false)) = self.at(dir, at) else {
                    return;
                };
                let id = self.look_up(dir, at).unwrap();
                assert_eq!(id, inode);
                let linked = self.scene.volume.link(id, to, name(NAMES[to_at]));
                assert_eq!(
                    linked.is_err(),
                    self.at(to, to_at).is_some() || !self.is_below(to, ROOT),
                    "{linked:?}"
                );
                if linked.is_ok() {
                    *self.lookups.entry(id).or_default() += 1;
                    self.model.note(ModelChange::Add {
                        dir: to,
                        name: to_at,
                        inode,
                        is_dir: false,
                    });
                }
            }
            Step::Write(..) | Step::Truncate(..) | Step::Punch(..) | Step::Sync(_) => self.file_step(step),
            Step::SyncDir(dir) => {
                let dir = self.dir(dir);
                // A removed one that nobody knows any more cannot be synced.
                if self.scene.volume.sync_dir(dir).is_ok() {
                    self.model.sync_dir(dir);
                }
            }
            Step::Forget => {
                for (id, lookups) in std::mem::take(&mut self.lookups) {
                    self.scene.volume.forget(id, lookups);
                }
            }
        }
    }

    pub fn rename(&mut self, from: (Id, usize), to: (Id, usize)) {
        let Some((inode, is_dir)) = self.at(from.0, from.1) else {
            return;
        };
        let over = self.at(to.0, to.1);
        // What the kernel itself refuses never reaches a file system.
        if self.is_below(to.0, inode) || !self.is_below(to.0, ROOT) {
            return;
        }
        let over_full =
            over.is_some_and(|(over, _)| self.model.dirs.get(&over).is_some_and(|names| !names.is_empty()));
        let fits = over.is_none_or(|(_, over_is_dir)| over_is_dir == is_dir);
        let places = ((from.0, name(NAMES[from.1])), (to.0, name(NAMES[to.1])));
        let renamed = self.scene.volume.rename(places.0, places.1, RenameFlags::empty());
        let same = over == Some((inode, is_dir));
        assert_eq!(renamed.is_err(), !same && (over_full || !fits), "{renamed:?}");
        if renamed.is_ok() && !same {
            self.model.note(ModelChange::Move {
                from,
                to,
                inode,
                is_dir,
                over,
            });
        }
    }

    pub fn file_step(&mut self, step: &Step) {
        let (Step::Write(file, ..) | Step::Truncate(file, _) | Step::Punch(file, ..) | Step::Sync(file)) =
            *step
        else {
            return;
        };
        let Some(&id) = self.files.get(file) else { return };
        // Found by a name, as after it was closed and forgotten.
        let place = self.model.dirs.iter().find_map(|(dir, names)| {
            let at = names.iter().find(|(_, child)| **child == (id, false))?;
            self.is_below(*dir, ROOT).then_some((*dir, *at.0))
        });
        let Some((dir, at)) = place else { return };
        assert_eq!(self.look_up(dir, at).unwrap(), id);
        let volume = &self.scene.volume;
        let model = self.model.files.get_mut(&id).unwrap();
        match *step {
            Step::Write(_, offset, byte, len) => {
                assert_eq!(
                    volume.write(id, offset, &vec![byte; len as usize]).unwrap(),
                    len as usize
                );
                model.change(|now| {
                    now.resize(now.len().max((offset + len) as usize), 0);
                    now[offset as usize..(offset + len) as usize].fill(byte);
                });
            }
            Step::Truncate(_, size) => {
                let size_only = Attributes {
                    size: Some(size),
                    ..Attributes::default()
                };
                volume.set(id, &size_only).unwrap();
                model.change(|now| now.resize(size as usize, 0));
            }
            Step::Punch(_, offset, len) => {
                let mode = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
                if volume.allocate(id, mode, offset, len).is_ok() {
                    model.change(|now| {
                        let end = now.len().min((offset + len) as usize);
                        now[end.min(offset as usize)..end].fill(0);
                    });
                }
            }
            _ => {
                volume.sync(id, true).unwrap();
                model.sync();
            }
        }
        let mut buffer = vec![0; SIZE_MAX as usize];
        let count = volume.read(id, 0, &mut buffer).unwrap();
        assert_eq!(buffer[..count], model.now, "it reads as it was written");
    }
}
