//! What the model knows: of each file its versions, of the directories their changes.

use crate::disk::journal::Id;
use crate::disk::volume::ROOT;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

/// The names that there can be.
pub const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// The model of a file: what it is, what it was when it was synced, and what it has been since.
#[derive(Debug, Clone, Default)]
pub struct ModelFile {
    pub now: Vec<u8>,
    pub synced: Vec<u8>,
    /// Every version since the last sync, the current one too.
    pub versions: Vec<Vec<u8>>,
}

impl ModelFile {
    pub fn change(&mut self, act: impl FnOnce(&mut Vec<u8>)) {
        act(&mut self.now);
        self.versions.push(self.now.clone());
    }

    pub fn sync(&mut self) {
        self.synced = self.now.clone();
        self.versions.clear();
    }

    /// Whether a power failure may leave this.
    pub fn may_be(&self, found: &[u8]) -> Result<(), String> {
        let sizes: BTreeSet<usize> = self.versions.iter().chain([&self.synced]).map(Vec::len).collect();
        // A torn write may end anywhere within it.
        let largest = *sizes.last().unwrap();
        let smallest = *sizes.first().unwrap();
        let ends_a_sector = found.len().is_multiple_of(512) && (smallest..largest).contains(&found.len());
        if !sizes.contains(&found.len()) && !ends_a_sector {
            return Err(format!("a size of {}, of {sizes:?}", found.len()));
        }
        for (at, byte) in found.iter().enumerate() {
            let may = self
                .versions
                .iter()
                .chain([&self.synced])
                .map(|version| version.get(at).copied().unwrap_or(0));
            if !may.collect::<BTreeSet<u8>>().contains(byte) {
                return Err(format!("byte {at} is {byte}"));
            }
        }
        Ok(())
    }
}

/// A change of directories, by inode.
#[derive(Debug, Clone)]
pub enum ModelChange {
    Add {
        dir: Id,
        name: usize,
        inode: Id,
        is_dir: bool,
    },
    Take {
        dir: Id,
        name: usize,
        inode: Id,
        is_dir: bool,
    },
    Move {
        from: (Id, usize),
        to: (Id, usize),
        inode: Id,
        is_dir: bool,
        over: Option<(Id, bool)>,
    },
    Swap {
        one: (Id, usize),
        other: (Id, usize),
    },
}

/// What is in each directory: by name, what and whether it is a directory.
pub type Dirs = BTreeMap<Id, BTreeMap<usize, (Id, bool)>>;

#[derive(Debug, Default)]
pub struct Model {
    pub files: HashMap<Id, ModelFile>,
    /// All changes of directories, each with whether it is durable.
    pub changes: Vec<(ModelChange, bool)>,
    /// How it was before each of the changes.
    pub before: Vec<Dirs>,
    /// How it is.
    pub dirs: Dirs,
}

impl Model {
    pub fn apply(dirs: &mut Dirs, change: &ModelChange) {
        match *change {
            ModelChange::Add {
                dir,
                name,
                inode,
                is_dir,
            } => {
                dirs.entry(dir).or_default().insert(name, (inode, is_dir));
            }
            ModelChange::Take { dir, name, .. } => {
                dirs.entry(dir).or_default().remove(&name);
            }
            ModelChange::Move {
                from,
                to,
                inode,
                is_dir,
                ..
            } => {
                dirs.entry(from.0).or_default().remove(&from.1);
                dirs.entry(to.0).or_default().insert(to.1, (inode, is_dir));
            }
            ModelChange::Swap { one, other } => {
                let a = dirs.entry(one.0).or_default().get(&one.1).copied();
                let b = dirs.entry(other.0).or_default().get(&other.1).copied();
                if let (Some(a), Some(b)) = (a, b) {
                    dirs.entry(one.0).or_default().insert(one.1, b);
                    dirs.entry(other.0).or_default().insert(other.1, a);
                }
            }
        }
    }

    pub fn note(&mut self, change: ModelChange) {
        self.before.push(self.dirs.clone());
        Model::apply(&mut self.dirs, &change);
        self.changes.push((change, false));
    }

    pub fn touched(change: &ModelChange) -> Vec<Id> {
        match *change {
            ModelChange::Add { dir, .. } => vec![dir],
            ModelChange::Take {
                dir, inode, is_dir, ..
            } => {
                if is_dir {
                    vec![dir, inode]
                } else {
                    vec![dir]
                }
            }
            ModelChange::Move { from, to, over, .. } => {
                let over = over.and_then(|(inode, is_dir)| is_dir.then_some(inode));
                [from.0, to.0].into_iter().chain(over).collect()
            }
            ModelChange::Swap { one, other } => vec![one.0, other.0],
        }
    }

    /// Whether a name of this file was ever removed or replaced.
    pub fn took(&self, file: Id) -> bool {
        self.changes.iter().any(|(change, _)| match *change {
            ModelChange::Take { inode, .. } => inode == file,
            ModelChange::Move { over, .. } => over == Some((file, false)),
            ModelChange::Add { .. } | ModelChange::Swap { .. } => false,
        })
    }

    /// The directories that got something from another one.
    pub fn receivers(change: &ModelChange) -> Vec<Id> {
        match *change {
            ModelChange::Move { from, to, .. } if from.0 != to.0 => vec![to.0],
            ModelChange::Swap { one, other } if one.0 != other.0 => vec![one.0, other.0],
            _ => Vec::new(),
        }
    }

    /// Where a directory is; the root and what is removed are nowhere.
    pub fn place_of(dirs: &Dirs, dir: Id) -> Option<(Id, usize)> {
        dirs.iter().find_map(|(above, names)| {
            let (name, _) = names.iter().find(|(_, child)| **child == (dir, true))?;
            Some((*above, *name))
        })
    }

    /// Before the change of this number: what gave a directory the place that it has, and likewise those above it.
    pub fn places_up_from(&self, dir: Id, at: usize) -> Vec<usize> {
        let mut makers = Vec::new();
        let mut place = Some((dir, 0));
        while let Some((dir, _)) = place {
            place = Model::place_of(&self.before[at], dir);
            makers.extend((0..at).rfind(|&i| Model::place_of(&self.before[i], dir) != place));
        }
        makers
    }

    /// A change is durable with the earlier ones of the directories that it touches, and with the places of those that
    /// it moved something into.
    pub fn sync_dir(&mut self, dir: Id) {
        let touches = |i: usize, dirs: &[Id]| {
            let touched = Model::touched(&self.changes[i].0);
            touched.iter().any(|dir| dirs.contains(dir))
        };
        let mut pending: Vec<usize> = (0..self.changes.len()).filter(|&i| touches(i, &[dir])).collect();
        let mut durable = BTreeSet::new();
        while let Some(later) = pending.pop() {
            if !durable.insert(later) {
                continue;
            }
            let change = &self.changes[later].0;
            let dirs = Model::touched(change);
            pending.extend((0..later).filter(|&i| touches(i, &dirs)));
            for dir in Model::receivers(change) {
                pending.extend(self.places_up_from(dir, later));
            }
        }
        for i in durable {
            self.changes[i].1 = true;
        }
    }

    /// The tree after the durable changes and the first so many of the others.
    pub fn tree(&self, kept: usize) -> BTreeMap<PathBuf, Option<Id>> {
        let mut dirs = BTreeMap::new();
        let mut others = 0;
        for (change, durable) in &self.changes {
            others += usize::from(!durable);
            if *durable || others <= kept {
                Model::apply(&mut dirs, change);
            }
        }
        let mut tree = BTreeMap::new();
        let mut pending = vec![(PathBuf::new(), ROOT)];
        while let Some((path, dir)) = pending.pop() {
            for (name, (inode, is_dir)) in dirs.get(&dir).into_iter().flatten() {
                let path = path.join(NAMES[*name]);
                if *is_dir {
                    pending.push((path.clone(), *inode));
                }
                tree.insert(path, (!is_dir).then_some(*inode));
            }
        }
        tree
    }
}
