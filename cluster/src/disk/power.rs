//! Whether there is power, what its failure takes, and how that is drawn.

use super::content::Ordered;
use nix::errno::Errno;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rangemap::RangeSet;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

/// A disk stands still no longer than this, whatever becomes of who wants it to.
const STANDS_STILL_MAX: Duration = Duration::from_secs(1);

/// The power supply of a disk: on, until it is cut for good. With power comes a new disk.
#[derive(Debug)]
pub struct Supply {
    /// Held by each request while it is worked on.
    on: RwLock<bool>,
    /// Whether anybody wants it to stand still, without a lock.
    still: AtomicBool,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// What those who wait for something look at.
#[derive(Debug)]
struct Waiting {
    /// Whether there is power.
    on: bool,
    /// How many want it to stand still.
    standstills: u32,
}

impl Default for Supply {
    fn default() -> Supply {
        Supply {
            on: RwLock::new(true),
            still: AtomicBool::new(false),
            waiting: Mutex::new(Waiting {
                on: true,
                standstills: 0,
            }),
            changed: Condvar::new(),
        }
    }
}

impl Supply {
    /// Power until the guard is dropped; when the disk does not stand still any more.
    pub fn hold(&self) -> Result<RwLockReadGuard<'_, bool>, Errno> {
        if self.stands_still() {
            self.wait_while(STANDS_STILL_MAX, |waiting| waiting.on && waiting.standstills > 0)?;
        }
        let on = self.on.read().unwrap_or_else(PoisonError::into_inner);
        if *on { Ok(on) } else { Err(Errno::EIO) }
    }

    /// Waits, but not longer than there is power.
    pub fn wait(&self, delay: Duration) -> Result<(), Errno> {
        if delay.is_zero() {
            return Ok(());
        }
        self.wait_while(delay, |waiting| waiting.on)
    }

    /// From now on, and until [`Supply::go_on`] or the power is cut, no request is worked on that is not already.
    pub fn stand_still(&self) {
        self.waiting().standstills += 1;
        self.still.store(true, Relaxed);
    }

    /// Ends one standstill.
    pub fn go_on(&self) {
        let mut waiting = self.waiting();
        waiting.standstills = waiting.standstills.saturating_sub(1);
        self.still.store(waiting.standstills > 0, Relaxed);
        self.changed.notify_all();
    }

    /// Whether somebody wants it to stand still.
    pub fn stands_still(&self) -> bool {
        self.still.load(Relaxed)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, longest: Duration, wait: impl Fn(&Waiting) -> bool) -> Result<(), Errno> {
        let waited = self
            .changed
            .wait_timeout_while(self.waiting(), longest, |waiting| wait(waiting));
        let (waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if waiting.on { Ok(()) } else { Err(Errno::EIO) }
    }

    /// Cuts it. Who holds it is waited for, who waits is not.
    pub fn cut(&self) {
        self.waiting().on = false;
        self.changed.notify_all();
        *self.on.write().unwrap_or_else(PoisonError::into_inner) = false;
    }
}

/// How much of what is not synced a power failure takes. What is synced it never takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossPolicy {
    /// All of it: each file is as of its last sync, and each directory too.
    Everything,
    /// Some of it, as disks and file systems do. Of each file all, nothing, everything after some write with that
    /// one torn, or any sectors (so that later writes survive earlier ones); a size may survive the bytes that it
    /// covers, which are then zero. Of the changes of directories everything after some change, as journaling file
    /// systems do; a rename may survive the content of what it renamed.
    Drawn,
}

/// What a power failure took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lost {
    /// Writes and truncations that were not synced, in files of which something was lost.
    pub writes: u64,
    /// Bytes that went back to their synced state, or away.
    pub bytes: u64,
    /// Files, directories and links that had been made and are not there.
    pub files: u64,
    /// Renames that are undone.
    pub renames: u64,
    /// Removals that are undone: what was removed, or replaced by a rename, is back.
    pub removals: u64,
    /// Files of which a part of what was not synced is lost and another part is there.
    pub torn: u64,
}

impl Lost {
    /// Whether anything was lost.
    pub fn anything(&self) -> bool {
        *self != Lost::default()
    }
}

/// What becomes of one file.
#[derive(Debug)]
pub enum Fate {
    /// It is as of its last sync.
    Lost,
    /// It is as it was.
    Kept,
    /// It has some writes, and not those after them.
    Beginning {
        /// The bytes that go back.
        lost: RangeSet<u64>,
        /// How large it is.
        size: u64,
    },
    /// Each sector is lost or kept.
    Scattered,
}

/// The decisions of one power failure.
#[derive(Debug)]
pub struct Draw {
    random: Option<ChaCha8Rng>,
    sector: u64,
}

impl Draw {
    /// `failure` is how often power has failed before.
    pub fn new(policy: LossPolicy, seed: u64, failure: u64) -> Draw {
        if policy == LossPolicy::Everything {
            return Draw {
                random: None,
                sector: 512,
            };
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // Odd streams; the disk's faults have the even ones.
        random.set_stream(2 * failure + 1);
        let sector = if random.random() { 512 } else { 4096 };
        Draw {
            random: Some(random),
            sector,
        }
    }

    /// How many of the changes of directories are kept.
    pub fn kept_changes(&mut self, changes: usize) -> usize {
        match &mut self.random {
            None => 0,
            Some(random) => random.random_range(0..=changes),
        }
    }

    /// What becomes of a file with these changes, oldest first, and this size before them.
    pub fn fate(&mut self, changes: &VecDeque<Ordered>, size_before: u64) -> Fate {
        let sector = self.sector;
        let Some(random) = &mut self.random else {
            return Fate::Lost;
        };
        match random.random_range(0..6) {
            0 => Fate::Lost,
            1 => Fate::Kept,
            2 | 3 if !changes.is_empty() => beginning(random, sector, changes, size_before),
            _ => Fate::Scattered,
        }
    }

    /// Draws for each sector of these ranges whether it is lost.
    pub fn scattered(&mut self, ranges: &RangeSet<u64>) -> RangeSet<u64> {
        let sector = self.sector;
        let random = self.random.as_mut().expect("only what is drawn is scattered");
        let mut lost = RangeSet::new();
        for range in ranges.iter() {
            let mut at = range.start;
            while at < range.end {
                let end = next_sector(at, sector).min(range.end);
                if random.random() {
                    lost.insert(at..end);
                }
                at = end;
            }
        }
        lost
    }

    /// One of these, of which there must be some.
    pub fn one_of(&mut self, values: &[u64]) -> u64 {
        let random = self.random.as_mut().expect("only what is drawn has a choice");
        values[random.random_range(0..values.len())]
    }
}

/// Keeps the first writes, a part of the next, and nothing of the others.
fn beginning(random: &mut impl Rng, sector: u64, changes: &VecDeque<Ordered>, size_before: u64) -> Fate {
    let kept = random.random_range(0..changes.len());
    let mut size = if kept == 0 {
        size_before
    } else {
        changes[kept - 1].size
    };
    let torn = &changes[kept];
    let mut lost: RangeSet<u64> = changes
        .iter()
        .skip(kept)
        .map(|change| change.range.clone())
        .filter(|range| !range.is_empty())
        .collect();
    // A truncation is not torn, and neither is what no border of a sector divides.
    let is_write = torn.size >= torn.range.end;
    // What grows a file writes nothing: its range is empty, and may begin at a border.
    let borders = (torn.range.end.saturating_sub(1) / sector).saturating_sub(torn.range.start / sector);
    if is_write && !torn.range.is_empty() && borders > 0 {
        let border = (torn.range.start / sector + random.random_range(0..=borders)) * sector;
        let part: Range<u64> = torn.range.start..border.max(torn.range.start);
        if !part.is_empty()
            && !changes
                .iter()
                .skip(kept + 1)
                .any(|later| overlap(&later.range, &part))
        {
            lost.remove(part.clone());
            size = size.max(part.end);
        }
    }
    Fate::Beginning { lost, size }
}

fn overlap(one: &Range<u64>, other: &Range<u64>) -> bool {
    one.start < other.end && other.start < one.end
}

fn next_sector(at: u64, sector: u64) -> u64 {
    (at / sector + 1) * sector
}
