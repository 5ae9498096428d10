//! Which changes of directories are not synced yet, in their order: pure, it knows numbers and names only.
//!
//! A sync of a directory makes durable every change of it and whatever these changes rest on:
//!
//! - every earlier change of any directory that one of them also changes, for a rename between two directories is
//!   in both or in neither;
//! - where something that had been elsewhere was moved into a directory, that this directory is where it was then,
//!   likewise the one above it, and so on up to the root: a rename never loses what it moves.
//!
//! It does not make durable that the directory itself is in its parent (POSIX asks for a sync of the parent), nor
//! that a directory is there in which one of them had been before.
//! What is left over can always be undone from the last to the first, whatever was made durable in between.

use std::collections::{HashSet, VecDeque};
use std::ffi::OsString;

/// How many changes are remembered for one disk; the older half of more counts as written back, as file systems
/// do by themselves after some seconds.
pub const CHANGES_MAX: usize = 16_384;

/// A directory, or what is in one, by the number that the volume gave it.
pub type Id = u64;

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The directory.
    pub dir: Id,
    /// The name in it.
    pub name: OsString,
}

/// What is at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child {
    /// Its number.
    pub id: Id,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// Something that was moved out of sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buried {
    /// What.
    pub child: Child,
    /// Its number among the graves.
    pub grave: u64,
}

/// One change of one or two directories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A name appeared: a new file or directory, or a further link to an old file.
    Made {
        /// Where.
        place: Place,
        /// What.
        child: Child,
        /// Whether it is new, rather than a link to what there was.
        is_new: bool,
    },
    /// A name disappeared.
    Removed {
        /// Where it was.
        place: Place,
        /// What it named.
        buried: Buried,
    },
    /// A name moved.
    Renamed {
        /// From here.
        from: Place,
        /// To there.
        to: Place,
        /// What was moved.
        child: Child,
        /// What had been there.
        replaced: Option<Buried>,
        /// If it moved to another directory: that one and those above it, but for the root.
        into: Vec<Id>,
    },
    /// Two names swapped what they name.
    Exchanged {
        /// One, and what it names since.
        one: (Place, Child),
        /// The other.
        other: (Place, Child),
        /// If they are in two directories: both of these and those above them, but for the root.
        into: Vec<Id>,
    },
}

impl Change {
    /// The directories that it changes, and those that it takes away: these depend on having been emptied.
    fn dirs(&self) -> Vec<Id> {
        let gone = |buried: &Buried| buried.child.is_dir.then_some(buried.child.id);
        match self {
            Change::Made { place, .. } => vec![place.dir],
            Change::Removed { place, buried } => [place.dir].into_iter().chain(gone(buried)).collect(),
            Change::Renamed {
                from, to, replaced, ..
            } => {
                let replaced = replaced.as_ref().and_then(gone);
                [from.dir, to.dir].into_iter().chain(replaced).collect()
            }
            Change::Exchanged { one, other, .. } => vec![one.0.dir, other.0.dir],
        }
    }

    /// The directories that must be there for what they got from another directory.
    fn receivers(&self) -> &[Id] {
        match self {
            Change::Renamed { into, .. } | Change::Exchanged { into, .. } => into,
            Change::Made { .. } | Change::Removed { .. } => &[],
        }
    }

    /// The directories that it put where they are. One that had been elsewhere was moved: that is a change of the
    /// directory where it had been too, so an earlier change that put it there is durable with it anyway.
    fn placed(&self) -> Vec<Id> {
        let dir = |child: &Child| child.is_dir.then_some(child.id);
        match self {
            Change::Made { child, .. } | Change::Renamed { child, .. } => dir(child).into_iter().collect(),
            Change::Exchanged { one, other, .. } => {
                [dir(&one.1), dir(&other.1)].into_iter().flatten().collect()
            }
            Change::Removed { .. } => Vec::new(),
        }
    }

    /// What it moved out of sight.
    pub fn buried(&self) -> Option<Buried> {
        match self {
            Change::Removed { buried, .. } => Some(*buried),
            Change::Renamed { replaced, .. } => *replaced,
            Change::Made { .. } | Change::Exchanged { .. } => None,
        }
    }
}

/// The changes that are not synced, oldest first.
#[derive(Debug, Default)]
pub struct Journal {
    changes: VecDeque<Change>,
}

impl Journal {
    /// Notes a change that has just been made. Returns those that count as durable now because there are too many.
    #[must_use]
    pub fn note(&mut self, change: Change) -> Vec<Change> {
        self.changes.push_back(change);
        if self.changes.len() <= CHANGES_MAX {
            return Vec::new();
        }
        self.changes.drain(..CHANGES_MAX / 2).collect()
    }

    /// Makes a directory durable. Returns the changes that are durable now.
    #[must_use]
    pub fn sync(&mut self, dir: Id) -> Vec<Change> {
        let mut dirs = HashSet::from([dir]);
        let mut must_have_their_place = HashSet::new();
        let (mut durable, mut rest) = (Vec::new(), VecDeque::new());
        for change in self.changes.drain(..).rev() {
            let changes_one = change.dirs().iter().any(|dir| dirs.contains(dir));
            let places_one = change
                .placed()
                .iter()
                .any(|dir| must_have_their_place.contains(dir));
            if !changes_one && !places_one {
                rest.push_front(change);
                continue;
            }
            dirs.extend(change.dirs());
            must_have_their_place.extend(change.receivers().iter().copied());
            durable.push(change);
        }
        self.changes = rest;
        durable.reverse();
        durable
    }

    /// Makes all directories durable. Returns the changes that are durable now.
    #[must_use]
    pub fn sync_all(&mut self) -> Vec<Change> {
        self.changes.drain(..).collect()
    }

    /// How many changes are not synced.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Takes all changes but the oldest `keep`, last first, to be undone in this order.
    pub fn take_after(&mut self, keep: usize) -> impl Iterator<Item = Change> + use<> {
        self.changes.split_off(keep).into_iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(dir: Id, name: &str) -> Place {
        let name = name.into();
        Place { dir, name }
    }

    fn made(dir: Id, name: &str, id: Id, is_dir: bool) -> Change {
        let (place, child) = (place(dir, name), Child { id, is_dir });
        Change::Made {
            place,
            child,
            is_new: true,
        }
    }

    fn renamed(from: (Id, &str), to: (Id, &str), id: Id, into: &[Id]) -> Change {
        let child = Child { id, is_dir: false };
        Change::Renamed {
            from: place(from.0, from.1),
            to: place(to.0, to.1),
            child,
            replaced: None,
            into: into.to_vec(),
        }
    }

    fn journal(changes: &[Change]) -> Journal {
        let mut journal = Journal::default();
        for change in changes {
            assert!(journal.note(change.clone()).is_empty());
        }
        journal
    }

    #[test]
    fn a_sync_makes_durable_what_its_directory_saw_and_nothing_else() {
        let (a, b) = (made(1, "a", 10, false), made(2, "b", 11, false));
        let mut journal = journal(&[a.clone(), b.clone()]);
        assert_eq!(journal.sync(2), [b]);
        assert_eq!(journal.sync(2), []);
        assert_eq!(journal.take_after(0).collect::<Vec<_>>(), [a]);
    }

    #[test]
    fn a_rename_between_two_directories_is_durable_in_both_with_what_it_rests_on() {
        let changes = [made(1, "a", 10, false), renamed((1, "a"), (2, "b"), 10, &[2])];
        assert_eq!(journal(&changes).sync(2), changes);
        let later = [changes[1].clone(), made(1, "c", 12, false)];
        assert_eq!(journal(&later).sync(2), changes[1..]);
    }

    #[test]
    fn a_new_directory_needs_a_sync_of_its_parent_unless_something_was_moved_into_it() {
        let dir = made(1, "d", 5, true);
        let (file, moved) = (made(5, "f", 10, false), renamed((2, "g"), (5, "g"), 11, &[5, 4]));
        assert_eq!(journal(&[dir.clone(), file.clone()]).sync(5), [file]);
        let above = made(1, "above", 4, true);
        let below = made(4, "below", 5, true);
        let changes = [above, below, moved];
        assert_eq!(journal(&changes).sync(5), changes);
        assert_eq!(journal(&changes).sync(2), changes);
        // Also when the directory itself was synced in the one above before.
        let mut journal = journal(&changes[..2]);
        assert_eq!(journal.sync(4), changes[1..2]);
        assert!(journal.note(changes[2].clone()).is_empty());
        assert_eq!(journal.sync(2), [changes[0].clone(), changes[2].clone()]);
    }

    #[test]
    fn a_directory_that_was_left_again_need_not_be_there() {
        let (above, left) = (made(1, "above", 3, true), made(3, "left", 4, true));
        let dir = made(4, "d", 5, true);
        let away = Change::Renamed {
            from: place(4, "d"),
            to: place(1, "d"),
            child: Child { id: 5, is_dir: true },
            replaced: None,
            into: Vec::new(),
        };
        let moved = renamed((1, "f"), (5, "f"), 10, &[5]);
        let changes = [above, left, dir, away, moved];
        let mut journal = journal(&changes);
        let durable = [0, 2, 3, 4].map(|i: usize| changes[i].clone());
        assert_eq!(journal.sync(1), durable);
        assert_eq!(journal.take_after(0).collect::<Vec<_>>(), changes[1..2]);
    }

    #[test]
    fn the_older_half_of_too_many_changes_counts_as_written_back() {
        let mut journal = Journal::default();
        let mut written_back = Vec::new();
        for i in 0..=CHANGES_MAX {
            written_back.extend(journal.note(made(1, "a", i as Id, false)));
        }
        assert_eq!(written_back.len(), CHANGES_MAX / 2);
        assert_eq!(written_back[0], made(1, "a", 0, false));
        assert_eq!(journal.len(), CHANGES_MAX / 2 + 1);
    }
}
