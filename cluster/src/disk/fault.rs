//! What goes wrong with a disk while it has power: mechanism and counters. Which fault when is decided elsewhere.
//!
//! Decisions about blocks (4096 bytes) are drawn once per block: ChaCha8 can be read at any place, and the place is
//! the file and the number of the block. So a rotten block stays rotten until the fault is healed, however often it
//! is read or written. A file is its inode number here, which two runs need not share.

mod installed;

use installed::{Installed, blocks};
use nix::errno::Errno;
use rand::RngExt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// What rots and goes stale as a whole, in bytes.
pub const BLOCK_BYTES: u64 = 4096;

/// How many old blocks one fault keeps (64 MiB); it makes no further block stale.
const STALE_BLOCKS_MAX: usize = 16_384;

/// What something new in a directory takes of a quota, in bytes.
const ENTRY_BYTES: u64 = 4096;

/// What a program asks of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Bytes of a file; what the kernel has in its page cache is not asked for.
    Read,
    /// Writes, truncations and allocations.
    Write,
    /// Syncs of files and directories.
    Sync,
}

/// A fault of a disk.
#[derive(Debug, Clone, PartialEq)]
pub enum DiskFault {
    /// Requests fail with EIO.
    Fail {
        /// Which.
        requests: Vec<Request>,
        /// This many are let pass first.
        after: u64,
        /// How likely each of the others fails: 0 to 1.
        probability: f64,
        /// What was to be synced by a sync that fails is never synced, unless it is written again; as on most
        /// Linux file systems. Otherwise the next sync takes care of it.
        drop_unsynced: bool,
    },
    /// What makes files larger, or makes new ones, fails with ENOSPC.
    Full {
        /// This many bytes can still be added.
        quota: u64,
    },
    /// Requests take longer, each by a time drawn evenly between two, and by its share of a throughput. Of several
    /// such faults the slowest counts.
    Slow {
        /// Which.
        requests: Vec<Request>,
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
        /// The throughput that all of them share; `None` for no limit.
        bytes_per_second: Option<u64>,
    },
    /// One bit of a block is wrong whenever it is read.
    Rot {
        /// How likely each block is such a one: 0 to 1.
        probability: f64,
    },
    /// What is written to a block does not reach it, though every answer says so: reads return what it held before
    /// its first write since the fault was installed.
    Stale {
        /// How likely each block is such a one: 0 to 1.
        probability: f64,
    },
}

/// A fault that was installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DiskFaultId(u64);

/// What a fault did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskFaultCounters {
    /// Requests that it could have changed.
    pub seen: u64,
    /// Requests that it did change: failed, refused, delayed, answered with wrong bytes.
    pub felt: u64,
    /// Bytes refused, or blocks answered wrongly times their size.
    pub bytes: u64,
    /// How long it has delayed requests, together.
    pub delayed: Duration,
}

/// A file, as faults tell them apart.
pub type FileId = u64;

/// All faults of a disk.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    any: AtomicBool,
    installed: AtomicU64,
    list: RwLock<Vec<Arc<Installed>>>,
}

impl Faults {
    /// None yet.
    pub fn new(seed: u64) -> Faults {
        Faults {
            seed,
            any: AtomicBool::new(false),
            installed: AtomicU64::new(0),
            list: RwLock::new(Vec::new()),
        }
    }

    /// Installs a fault.
    pub fn install(&self, fault: DiskFault) -> DiskFaultId {
        let id = self.installed.fetch_add(1, Relaxed);
        let installed = Installed::new(id, fault, self.seed);
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        list.push(Arc::new(installed));
        self.any.store(true, Relaxed);
        DiskFaultId(id)
    }

    /// Takes a fault away; its last counters, or `None` when there is no such fault.
    pub fn heal(&self, id: DiskFaultId) -> Option<DiskFaultCounters> {
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let place = list.iter().position(|installed| installed.id == id.0)?;
        let healed = list.remove(place);
        self.any.store(!list.is_empty(), Relaxed);
        Some(healed.counters())
    }

    /// What a fault has done so far.
    pub fn counters(&self, id: DiskFaultId) -> Option<DiskFaultCounters> {
        let installed = self.now().into_iter().find(|installed| installed.id == id.0)?;
        Some(installed.counters())
    }

    /// Whether what the kernel has read before must not be what it answers with.
    pub fn change_reads(&self) -> bool {
        let changes_reads = |installed: &Arc<Installed>| match &installed.fault {
            DiskFault::Fail { requests, .. } | DiskFault::Slow { requests, .. } => {
                requests.contains(&Request::Read)
            }
            DiskFault::Rot { .. } | DiskFault::Stale { .. } => true,
            DiskFault::Full { .. } => false,
        };
        self.now().iter().any(changes_reads)
    }

    /// How long this request has to wait.
    pub fn delay(&self, request: Request, bytes: u64) -> Duration {
        let mut longest = Duration::ZERO;
        for installed in self.now() {
            let DiskFault::Slow {
                requests,
                min,
                max,
                bytes_per_second,
            } = &installed.fault
            else {
                continue;
            };
            if !requests.contains(&request) {
                continue;
            }
            let mut drawn = installed.drawn();
            let mut delay = if min < max {
                drawn.random.random_range(*min..=*max)
            } else {
                *min
            };
            if let Some(rate) = bytes_per_second {
                let now = Instant::now();
                let share = Duration::from_secs_f64(bytes as f64 / (*rate).max(1) as f64);
                drawn.busy_until = drawn.busy_until.max(now) + share;
                delay += drawn.busy_until - now;
            }
            installed.saw(!delay.is_zero(), 0);
            installed
                .delayed_ns
                .fetch_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX), Relaxed);
            longest = longest.max(delay);
        }
        longest
    }

    /// Whether this request fails: `Some(drop_unsynced)` if it does.
    pub fn failure(&self, request: Request) -> Option<bool> {
        let mut failure = None;
        for installed in self.now() {
            let DiskFault::Fail {
                requests,
                after,
                probability,
                drop_unsynced,
            } = &installed.fault
            else {
                continue;
            };
            if !requests.contains(&request) {
                continue;
            }
            let mut drawn = installed.drawn();
            let fails = drawn.passed >= *after && drawn.random.random_bool(within(*probability));
            drawn.passed += 1;
            installed.saw(fails, 0);
            if fails {
                failure = Some(failure.unwrap_or(false) || *drop_unsynced);
            }
        }
        failure
    }

    /// Asks for room for this many bytes more; how many there is room for.
    pub fn room(&self, wanted: u64) -> u64 {
        let mut room = wanted;
        for installed in self.now() {
            if let DiskFault::Full { .. } = installed.fault {
                let mut drawn = installed.drawn();
                let granted = room.min(drawn.quota);
                drawn.quota -= granted;
                installed.saw(granted < room, room - granted);
                room = granted;
            }
        }
        room
    }

    /// Whether there is room for something new in a directory.
    pub fn entry(&self) -> Result<(), Errno> {
        if self.room(ENTRY_BYTES) < ENTRY_BYTES {
            Err(Errno::ENOSPC)
        } else {
            Ok(())
        }
    }

    /// How many bytes can be added, if a fault limits that.
    pub fn quota(&self) -> Option<u64> {
        let full = |installed: Arc<Installed>| match installed.fault {
            DiskFault::Full { .. } => Some(installed.drawn().quota),
            _ => None,
        };
        self.now().into_iter().filter_map(full).min()
    }

    /// Called before a write to a file: keeps what stale blocks hold. `old` reads a range as it is, up to the end
    /// of the file.
    pub fn before_write(&self, file: FileId, range: &Range<u64>, old: impl Fn(Range<u64>) -> Vec<u8>) {
        for installed in self.now() {
            let DiskFault::Stale { probability } = installed.fault else {
                continue;
            };
            for block in blocks(range) {
                if !installed.has(file, block, probability) {
                    continue;
                }
                let mut drawn = installed.drawn();
                if drawn.stale.len() < STALE_BLOCKS_MAX && !drawn.stale.contains_key(&(file, block)) {
                    let old = old(block * BLOCK_BYTES..(block + 1) * BLOCK_BYTES);
                    drawn.stale.insert((file, block), old);
                }
            }
        }
    }

    /// Called when a file is made: it may have the number of one that is gone, but has none of its blocks.
    pub fn made(&self, file: FileId) {
        for installed in self.now() {
            if matches!(installed.fault, DiskFault::Stale { .. }) {
                installed.drawn().stale.retain(|(of, _), _| *of != file);
            }
        }
    }

    /// Called after a read: makes the bytes what the disk answers with.
    pub fn after_read(&self, file: FileId, offset: u64, bytes: &mut [u8]) {
        let range = offset..offset + bytes.len() as u64;
        for installed in self.now() {
            let wrong = match installed.fault {
                DiskFault::Rot { probability } => installed.rot(file, &range, bytes, probability),
                DiskFault::Stale { .. } => installed.age(file, &range, bytes),
                _ => continue,
            };
            installed.saw(wrong > 0, wrong * BLOCK_BYTES);
        }
    }

    fn now(&self) -> Vec<Arc<Installed>> {
        if !self.any.load(Relaxed) {
            return Vec::new();
        }
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn within(probability: f64) -> f64 {
    if probability.is_nan() {
        0.0
    } else {
        probability.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(after: u64, probability: f64) -> DiskFault {
        DiskFault::Fail {
            requests: vec![Request::Sync],
            after,
            probability,
            drop_unsynced: true,
        }
    }

    /// Which blocks of a file are wrong when it is read.
    fn rotten(seed: u64, file: FileId) -> Vec<usize> {
        let faults = Faults::new(seed);
        faults.install(DiskFault::Rot { probability: 0.3 });
        let mut bytes = vec![0; 64 * BLOCK_BYTES as usize];
        faults.after_read(file, 0, &mut bytes);
        let blocks = bytes.chunks(BLOCK_BYTES as usize).enumerate();
        blocks
            .filter(|(_, block)| block.iter().any(|byte| *byte != 0))
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn rot_depends_on_seed_and_file_and_on_nothing_else() {
        let blocks = rotten(1, 10);
        assert!((5..40).contains(&blocks.len()), "{blocks:?}");
        assert_eq!(rotten(1, 10), blocks);
        assert_ne!(rotten(2, 10), blocks);
        assert_ne!(rotten(1, 11), blocks);
    }

    #[test]
    fn a_part_of_a_block_is_wrong_as_the_whole_is() {
        let faults = Faults::new(3);
        faults.install(DiskFault::Rot { probability: 1.0 });
        let mut whole = vec![0; 2 * BLOCK_BYTES as usize];
        faults.after_read(1, 0, &mut whole);
        for (start, len) in [(0, 100), (100, 4000), (4095, 2), (5000, 3192)] {
            let mut part = vec![0; len];
            faults.after_read(1, start as u64, &mut part);
            assert_eq!(part, whole[start..start + len]);
        }
    }

    #[test]
    fn a_request_fails_only_if_it_is_meant_and_not_too_early() {
        let faults = Faults::new(1);
        let id = faults.install(fail(2, 1.0));
        assert_eq!(faults.failure(Request::Read), None);
        let failures: Vec<_> = (0..3).map(|_| faults.failure(Request::Sync)).collect();
        assert_eq!(failures, [None, None, Some(true)]);
        let counters = faults.heal(id).unwrap();
        assert_eq!((counters.seen, counters.felt), (3, 1));
        assert_eq!(faults.failure(Request::Sync), None, "it is healed");
        let sometimes = faults.install(fail(0, 0.5));
        let failed = (0..1000)
            .filter(|_| faults.failure(Request::Sync).is_some())
            .count();
        assert!((400..600).contains(&failed), "{failed}");
        assert_eq!(faults.heal(sometimes).unwrap().felt, failed as u64);
        faults.install(fail(0, f64::NAN));
        assert_eq!(
            faults.failure(Request::Sync),
            None,
            "what is no probability is none"
        );
    }

    #[test]
    fn a_quota_is_used_up_and_told() {
        let faults = Faults::new(1);
        assert_eq!((faults.room(u64::MAX), faults.quota()), (u64::MAX, None));
        let id = faults.install(DiskFault::Full { quota: 5000 });
        assert_eq!(faults.entry(), Ok(()));
        assert_eq!((faults.room(1000), faults.quota()), (904, Some(0)));
        assert_eq!(faults.entry(), Err(Errno::ENOSPC));
        assert_eq!(faults.heal(id).unwrap().bytes, 96 + ENTRY_BYTES);
    }

    #[test]
    fn a_new_file_has_no_blocks_of_the_one_before_it() {
        let faults = Faults::new(1);
        faults.install(DiskFault::Stale { probability: 1.0 });
        let read = || {
            let mut bytes = *b"new";
            faults.after_read(7, 0, &mut bytes);
            bytes
        };
        faults.before_write(7, &(0..3), |_| b"old".to_vec());
        assert_eq!(&read(), b"old");
        faults.made(7);
        assert_eq!(&read(), b"new");
    }
}
