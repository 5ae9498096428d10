//! What each process is doing.

use rustc_hash::FxHashMap;

/// Nothing: it may begin an operation. Every smaller number than these three is the place of the operation that it is in.
pub const FREE: u32 = u32::MAX;
/// Nothing ever again, after an outcome of `info`.
pub const RETIRED: u32 = u32::MAX - 1;
/// It is not known, for what came before is read by somebody else.
pub const UNSEEN: u32 = u32::MAX - 2;

/// Processes below this number are looked up in a plain table of at most 16 MiB.
const DENSE_MAX: usize = 4 << 20;

/// What each process is doing.
#[derive(Debug)]
pub struct Processes {
    dense: Vec<u32>,
    sparse: FxHashMap<u32, u32>,
    /// What those are doing of which nothing was said.
    others: u32,
}

impl Processes {
    /// All of them are [`FREE`], or [`UNSEEN`].
    pub fn all(others: u32) -> Processes {
        Processes {
            dense: Vec::new(),
            sparse: FxHashMap::default(),
            others,
        }
    }

    /// What one is doing.
    #[inline]
    pub fn get(&self, process: u32) -> u32 {
        match self.dense.get(process as usize) {
            Some(doing) => *doing,
            None if (process as usize) < DENSE_MAX => self.others,
            None => self.sparse.get(&process).copied().unwrap_or(self.others),
        }
    }

    /// What it is doing from now on.
    #[inline]
    pub fn set(&mut self, process: u32, doing: u32) {
        let place = process as usize;
        if place >= DENSE_MAX {
            self.sparse.insert(process, doing);
            return;
        }
        if place >= self.dense.len() {
            self.dense
                .resize((place + 1).next_power_of_two().min(DENSE_MAX), self.others);
        }
        self.dense[place] = doing;
    }

    /// Every process of which something was said, and what it is doing.
    pub fn seen(&self) -> impl Iterator<Item = (u32, u32)> {
        let dense = (0u32..).zip(self.dense.iter().copied());
        let sparse = self.sparse.iter().map(|(process, doing)| (*process, *doing));
        dense.chain(sparse).filter(|(_, doing)| *doing != self.others)
    }
}
