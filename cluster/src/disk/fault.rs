//! What goes wrong with a disk while it has power: mechanism and counters. Which fault when is decided elsewhere.
//!
//! Decisions about blocks (4096 bytes) are drawn once per block: ChaCha8 can be read at any place, and the place is
//! the file and the number of the block. So a rotten block stays rotten until the fault is healed, however often it
//! is read or written.

use nix::errno::Errno;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
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
    /// Requests take longer, each by a time drawn evenly between two, and by its share of a throughput.
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
    made: AtomicU64,
    list: RwLock<Vec<Arc<Installed>>>,
}

#[derive(Debug)]
struct Installed {
    id: u64,
    fault: DiskFault,
    seen: AtomicU64,
    felt: AtomicU64,
    bytes: AtomicU64,
    delayed_ns: AtomicU64,
    drawn: Mutex<Drawn>,
    /// For what is drawn per block.
    blocks: ChaCha8Rng,
}

#[derive(Debug)]
struct Drawn {
    random: ChaCha8Rng,
    passed: u64,
    quota: u64,
    /// When the throughput is used up to.
    busy_until: Instant,
    stale: HashMap<(FileId, u64), Vec<u8>>,
}

impl Faults {
    /// None yet.
    pub fn new(seed: u64) -> Faults {
        Faults {
            seed,
            any: AtomicBool::new(false),
            made: AtomicU64::new(0),
            list: RwLock::new(Vec::new()),
        }
    }

    /// Installs a fault.
    pub fn install(&self, fault: DiskFault) -> DiskFaultId {
        let id = self.made.fetch_add(1, Relaxed);
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        // Even streams; power failures have the odd ones.
        random.set_stream(2 * id);
        let blocks = ChaCha8Rng::seed_from_u64(random.random());
        let quota = if let DiskFault::Full { quota } = fault {
            quota
        } else {
            0
        };
        let installed = Installed {
            id,
            fault,
            seen: AtomicU64::new(0),
            felt: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            delayed_ns: AtomicU64::new(0),
            drawn: Mutex::new(Drawn {
                random,
                passed: 0,
                quota,
                busy_until: Instant::now(),
                stale: HashMap::new(),
            }),
            blocks,
        };
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

impl Installed {
    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn saw(&self, felt: bool, bytes: u64) {
        self.seen.fetch_add(1, Relaxed);
        self.felt.fetch_add(u64::from(felt), Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }

    fn counters(&self) -> DiskFaultCounters {
        DiskFaultCounters {
            seen: self.seen.load(Relaxed),
            felt: self.felt.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            delayed: Duration::from_nanos(self.delayed_ns.load(Relaxed)),
        }
    }

    /// What was drawn for a block: a number for each of its bits, if the fault has it.
    fn draw(&self, file: FileId, block: u64, probability: f64) -> Option<u64> {
        let mut random = self.blocks.clone();
        random.set_stream(file);
        // Four words of 32 bits for each block: a f64 and a u64.
        random.set_word_pos(u128::from(block) * 4);
        let has = random.random::<f64>() < probability;
        has.then(|| random.random())
    }

    fn has(&self, file: FileId, block: u64, probability: f64) -> bool {
        self.draw(file, block, probability).is_some()
    }

    /// Flips a bit of every rotten block, as far as it is within the range. Returns how many blocks were changed.
    fn rot(&self, file: FileId, range: &Range<u64>, bytes: &mut [u8], probability: f64) -> u64 {
        let mut wrong = 0;
        for block in blocks(range) {
            let Some(number) = self.draw(file, block, probability) else {
                continue;
            };
            let at = block * BLOCK_BYTES + number / 8 % BLOCK_BYTES;
            let byte = at
                .checked_sub(range.start)
                .and_then(|at| bytes.get_mut(at as usize));
            if let Some(byte) = byte {
                *byte ^= 1 << (number % 8);
                wrong += 1;
            }
        }
        wrong
    }

    /// Puts old blocks in the place of new ones. Returns how many blocks were changed.
    fn age(&self, file: FileId, range: &Range<u64>, bytes: &mut [u8]) -> u64 {
        let drawn = self.drawn();
        let mut wrong = 0;
        for block in blocks(range) {
            let Some(old) = drawn.stale.get(&(file, block)) else {
                continue;
            };
            let start = block * BLOCK_BYTES;
            let (from, to) = (start.max(range.start), (start + BLOCK_BYTES).min(range.end));
            let place = |at: u64| usize::try_from(at).expect("it is within what was read");
            let part = &mut bytes[place(from - range.start)..place(to - range.start)];
            // What the file did not have yet is zero.
            let before = (from - start..to - start).map(|at| old.get(place(at)).copied().unwrap_or(0));
            let changed = part
                .iter_mut()
                .zip(before)
                .filter_map(|(byte, before)| (*byte != before).then(|| *byte = before))
                .count();
            wrong += u64::from(changed > 0);
        }
        wrong
    }
}

fn blocks(range: &Range<u64>) -> Range<u64> {
    range.start / BLOCK_BYTES..range.end.div_ceil(BLOCK_BYTES)
}

fn within(probability: f64) -> f64 {
    if probability.is_nan() {
        0.0
    } else {
        probability.clamp(0.0, 1.0)
    }
}
