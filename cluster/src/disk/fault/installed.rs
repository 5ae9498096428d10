//! One fault that was installed: what it has drawn, what it has counted, which bytes it changes.

use super::{BLOCK_BYTES, DiskFault, DiskFaultCounters, FileId};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Installed {
    pub(super) id: u64,
    pub(super) fault: DiskFault,
    pub(super) seen: AtomicU64,
    pub(super) felt: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) delayed_ns: AtomicU64,
    pub(super) drawn: Mutex<Drawn>,
    /// For what is drawn per block.
    pub(super) blocks: ChaCha8Rng,
}

#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) random: ChaCha8Rng,
    pub(super) passed: u64,
    pub(super) quota: u64,
    /// When the throughput is used up to.
    pub(super) busy_until: Instant,
    pub(super) stale: HashMap<(FileId, u64), Vec<u8>>,
}

impl Installed {
    /// A fault that has done nothing yet, on a disk with this seed.
    pub(super) fn new(id: u64, fault: DiskFault, seed: u64) -> Installed {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // Even streams; power failures have the odd ones.
        random.set_stream(2 * id);
        let blocks = ChaCha8Rng::seed_from_u64(random.random());
        let quota = match fault {
            DiskFault::Full { quota } => quota,
            _ => 0,
        };
        Installed {
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
        }
    }

    pub(super) fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn saw(&self, felt: bool, bytes: u64) {
        self.seen.fetch_add(1, Relaxed);
        self.felt.fetch_add(u64::from(felt), Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }

    pub(super) fn counters(&self) -> DiskFaultCounters {
        DiskFaultCounters {
            seen: self.seen.load(Relaxed),
            felt: self.felt.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            delayed: Duration::from_nanos(self.delayed_ns.load(Relaxed)),
        }
    }

    /// What was drawn for a block: a number for each of its bits, if the fault has it.
    pub(super) fn draw(&self, file: FileId, block: u64, probability: f64) -> Option<u64> {
        let mut random = self.blocks.clone();
        random.set_stream(file);
        // Four words of 32 bits for each block: a f64 and a u64.
        random.set_word_pos(u128::from(block) * 4);
        let has = random.random::<f64>() < probability;
        has.then(|| random.random())
    }

    pub(super) fn has(&self, file: FileId, block: u64, probability: f64) -> bool {
        self.draw(file, block, probability).is_some()
    }

    /// Flips a bit of every rotten block, as far as it is within the range. Returns how many blocks were changed.
    pub(super) fn rot(&self, file: FileId, range: &Range<u64>, bytes: &mut [u8], probability: f64) -> u64 {
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
    pub(super) fn age(&self, file: FileId, range: &Range<u64>, bytes: &mut [u8]) -> u64 {
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

pub(super) fn blocks(range: &Range<u64>) -> Range<u64> {
    range.start / BLOCK_BYTES..range.end.div_ceil(BLOCK_BYTES)
}
