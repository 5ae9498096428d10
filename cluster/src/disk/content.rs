//! What of one file is not synced yet, and how to take it back.
//!
//! Every change goes to the backing file at once; before it does, the bytes that it changes are saved, unless they
//! have changed since the last sync already. So beside the file as everybody sees it there is always the file as of
//! its last sync, and a power failure can choose between the two, byte by byte:
//!
//! ```text
//!   synced size           current size
//!   |---------------|==========|         saved:   old bytes of [2, 4) and [7, 9)
//!   0   ##   ##     15   ####  25        touched: [2, 4) [7, 9) [18, 22)
//! ```
//!
//! A sync forgets what was saved. One that fails may do worse (Rebello et al., "Can Applications Recover from fsync
//! Failures?", ATC 2020): the pages are clean afterwards though they never reached the disk, and no later sync
//! brings them there. These bytes are *condemned* until they are written again.
//!
//! Where the [`Store`] has no more room, the file counts as written back, as if the kernel had done that by itself.

use super::power::{Draw, Fate};
use super::saved::{Saved, Store};
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};
use nix::unistd::{Whence, lseek};
use rangemap::RangeSet;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Old bytes are saved in pieces of at most this many.
const PIECE_BYTES: u64 = 1 << 20;

/// Larger writes are asked for holes beneath them.
const WRITE_BYTES_MAX: u64 = 64 << 10;

/// The order of this many changes is remembered; what came before them is kept in a power failure that keeps any.
const ORDERED_MAX: usize = 4096;

/// Ranges and pieces of one file; beyond, it counts as written back.
const RANGES_MAX: usize = 65_536;

/// One change, for a power failure that keeps a beginning of them.
#[derive(Debug, Clone)]
pub struct Ordered {
    /// The bytes that it changed.
    pub range: Range<u64>,
    /// The size of the file after it.
    pub size: u64,
}

/// A file as it is and as it was synced.
#[derive(Debug)]
pub struct Content {
    size: u64,
    synced_size: u64,
    touched: RangeSet<u64>,
    condemned: RangeSet<u64>,
    /// By their offset, without overlaps. What is touched but not here was zero, or was not there.
    saved: BTreeMap<u64, Saved>,
    ordered: VecDeque<Ordered>,
    /// The size before the first that is ordered.
    size_before: u64,
    /// How many changes and bytes since the last sync.
    changes: u64,
    bytes: u64,
}

/// What a file lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContentLoss {
    /// Changes that were not synced, if any of them was lost.
    pub writes: u64,
    /// Bytes that went back to what had been synced, or away.
    pub bytes: u64,
    /// Whether something was lost and something kept.
    pub torn: bool,
}

impl Content {
    /// A file of this size, all synced.
    pub fn new(size: u64) -> Content {
        Content {
            size,
            synced_size: size,
            touched: RangeSet::new(),
            condemned: RangeSet::new(),
            saved: BTreeMap::new(),
            ordered: VecDeque::new(),
            size_before: size,
            changes: 0,
            bytes: 0,
        }
    }

    /// How large it is.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether a power failure would take nothing.
    pub fn is_synced(&self) -> bool {
        self.touched.is_empty() && self.size == self.synced_size
    }

    /// Writes. Returns how many bytes were written and whether the file had to count as written back.
    pub fn write(
        &mut self,
        file: &File,
        store: &Store,
        offset: u64,
        data: &[u8],
    ) -> io::Result<(usize, bool)> {
        let end = offset.checked_add(data.len() as u64).ok_or(Errno::EFBIG)?;
        let room = self.save(file, store, offset..end, true)?;
        let written = file.write_at(data, offset)?;
        let end = offset + written as u64;
        self.size = self.size.max(end);
        Ok((written, self.changed(store, offset..end, room)))
    }

    /// Sets the size.
    pub fn truncate(&mut self, file: &File, store: &Store, size: u64) -> io::Result<bool> {
        let cut = size..self.size.max(size);
        let room = self.save(file, store, cut.clone(), false)?;
        file.set_len(size)?;
        self.size = size;
        Ok(self.changed(store, cut, room))
    }

    /// Allocates or clears; the kernel lets through only modes that move no bytes.
    pub fn allocate(
        &mut self,
        file: &File,
        store: &Store,
        mode: FallocateFlags,
        range: Range<u64>,
    ) -> io::Result<bool> {
        let clears =
            mode.intersects(FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_ZERO_RANGE);
        let cleared = if clears {
            range.start.min(self.size)..range.end.min(self.size)
        } else {
            range.start..range.start
        };
        let room = self.save(file, store, cleared.clone(), false)?;
        let signed = |value: u64| i64::try_from(value).map_err(|_| Errno::EFBIG);
        fallocate(file, mode, signed(range.start)?, signed(range.end - range.start)?)?;
        if !mode.contains(FallocateFlags::FALLOC_FL_KEEP_SIZE) {
            self.size = self.size.max(range.end);
        }
        Ok(self.changed(store, cleared, room))
    }

    /// Everything so far is synced, but for what is condemned.
    pub fn sync(&mut self, store: &Store) {
        self.synced_size = self.size;
        if self.condemned.is_empty() {
            std::mem::take(&mut self.saved)
                .into_values()
                .for_each(|saved| store.drop(saved));
            self.touched = RangeSet::new();
        } else {
            self.touched = self.condemned.clone();
            self.keep_only_condemned(store);
        }
        self.ordered.clear();
        self.size_before = self.size;
        (self.changes, self.bytes) = (self.condemned.iter().count() as u64, 0);
    }

    /// A sync has failed, and what it was to make durable never will be.
    pub fn condemn(&mut self) {
        self.condemned = self.touched.clone();
        self.ordered.clear();
        self.size_before = self.size;
    }

    /// Lets go of everything that was saved: the file is gone for good.
    pub fn forget(&mut self, store: &Store) {
        self.condemned = RangeSet::new();
        self.sync(store);
    }

    /// Power fails: the file becomes what a disk could hold of it.
    pub fn lose(&mut self, file: &File, store: &Store, draw: &mut Draw) -> io::Result<ContentLoss> {
        if self.is_synced() {
            return Ok(ContentLoss::default());
        }
        let fate = draw.fate(&self.ordered, self.size_before);
        let (mut lost, size) = match &fate {
            Fate::Lost => (self.touched.clone(), self.synced_size),
            Fate::Kept => (RangeSet::new(), self.size),
            Fate::Beginning { lost, size } => (lost.clone(), *size),
            Fate::Scattered => {
                let sizes = self.ordered.iter().map(|change| change.size);
                let sizes: Vec<u64> = [self.synced_size, self.size].into_iter().chain(sizes).collect();
                (draw.scattered(&self.touched), draw.one_of(&sizes))
            }
        };
        lost.extend(self.condemned.iter().cloned());
        let before = self.size;
        // Once here, so that nothing beyond the end is written, and once in the end.
        file.set_len(size.min(before))?;
        for range in lost.iter() {
            self.put_back(file, store, range.start..range.end.min(size))?;
        }
        file.set_len(size)?;
        let cut = before.saturating_sub(size);
        let within = |range: &Range<u64>| range.end.min(size).saturating_sub(range.start.min(size));
        let bytes = cut + lost.iter().map(within).sum::<u64>();
        let anything_lost = bytes > 0 || size != before;
        let anything_kept = size != self.synced_size
            || self
                .touched
                .iter()
                .any(|range| lost.gaps(range).any(|gap| gap.start < size));
        let loss = ContentLoss {
            writes: if anything_lost { self.changes.max(1) } else { 0 },
            bytes,
            torn: anything_lost && anything_kept,
        };
        self.size = size;
        self.forget(store);
        Ok(loss)
    }

    /// Writes the bytes of the last sync over a range that is within the size of the file to be.
    fn put_back(&self, file: &File, store: &Store, range: Range<u64>) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let mut at = range.start;
        let before = self.saved.range(..=range.start).next_back();
        let pieces = before
            .into_iter()
            .chain(self.saved.range(range.start + 1..range.end));
        for (&start, saved) in pieces {
            let (from, to) = (start.max(range.start), (start + saved.len()).min(range.end));
            if from < to {
                clear(file, at..from)?;
                file.write_all_at(&store.read(saved, from - start, to - from)?, from)?;
                at = to;
            }
        }
        clear(file, at..range.end)
    }

    /// Saves what is about to change and has not changed since the last sync. Returns whether there was room.
    /// From here on the range is touched, even if the change itself should fail: saving it twice would be wrong.
    fn save(
        &mut self,
        file: &File,
        store: &Store,
        range: Range<u64>,
        is_written_over: bool,
    ) -> io::Result<bool> {
        if range.is_empty() {
            return Ok(true);
        }
        let room = self.save_untouched(file, store, range.clone(), is_written_over)?;
        self.touched.insert(range);
        Ok(room)
    }

    fn save_untouched(
        &mut self,
        file: &File,
        store: &Store,
        range: Range<u64>,
        is_written_over: bool,
    ) -> io::Result<bool> {
        let synced = range.start..range.end.min(self.synced_size);
        if synced.is_empty() {
            return Ok(true);
        }
        let gaps: Vec<Range<u64>> = self.touched.gaps(&synced).collect();
        for gap in gaps {
            for data in data_in(file, gap, is_written_over)? {
                let mut bytes = vec![0; usize::try_from(data.end - data.start).expect("a piece is small")];
                file.read_exact_at(&mut bytes, data.start)?;
                match store.keep(bytes)? {
                    Some(saved) => drop_replaced(store, self.saved.insert(data.start, saved)),
                    None => return Ok(false),
                }
            }
        }
        Ok(true)
    }

    /// Notes a change that was made. Returns whether the file had to count as written back.
    fn changed(&mut self, store: &Store, range: Range<u64>, room: bool) -> bool {
        self.changes += 1;
        self.bytes += range.end - range.start;
        if !range.is_empty() {
            self.condemned.remove(range.clone());
        }
        if self.ordered.len() == ORDERED_MAX {
            let oldest = self.ordered.pop_front().expect("it is full");
            self.size_before = oldest.size;
        }
        self.ordered.push_back(Ordered {
            range,
            size: self.size,
        });
        let too_many = self.saved.len().max(self.touched.len()) > RANGES_MAX;
        if room && !too_many {
            return false;
        }
        self.sync(store);
        true
    }

    /// Cuts what is saved down to what is condemned.
    fn keep_only_condemned(&mut self, store: &Store) {
        let mut rest = BTreeMap::new();
        for (start, saved) in std::mem::take(&mut self.saved) {
            let whole = start..start + saved.len();
            let parts: Vec<Range<u64>> = self.condemned.overlapping(&whole).cloned().collect();
            for part in parts {
                let (from, to) = (part.start.max(whole.start), part.end.min(whole.end));
                let kept = store
                    .read(&saved, from - start, to - from)
                    .and_then(|bytes| store.keep(bytes));
                match kept {
                    Ok(Some(kept)) => drop_replaced(store, rest.insert(from, kept)),
                    // Without its old bytes a range can only count as written.
                    Ok(None) | Err(_) => {
                        self.condemned.remove(from..to);
                        self.touched.remove(from..to);
                    }
                }
            }
            store.drop(saved);
        }
        self.saved = rest;
    }
}

fn drop_replaced(store: &Store, replaced: Option<Saved>) {
    if let Some(saved) = replaced {
        store.drop(saved);
    }
}

/// Where a file has data within a range, in pieces.
fn data_in(file: &File, range: Range<u64>, is_written_over: bool) -> io::Result<Vec<Range<u64>>> {
    let mut pieces = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let mut end = range.end;
        // The few bytes under a write are not worth the question. Elsewhere reading a hole would be seen: the kernel
        // takes what was read of preallocated blocks for data.
        if range.end - range.start > WRITE_BYTES_MAX || !is_written_over {
            match seek(file, at, Whence::SeekData) {
                Ok(data) if data < range.end => at = data,
                Ok(_) | Err(Errno::ENXIO) => break,
                Err(why) => return Err(why.into()),
            }
            end = seek(file, at, Whence::SeekHole)?.min(range.end);
        }
        while at < end {
            let piece = at..end.min(at + PIECE_BYTES);
            at = piece.end;
            pieces.push(piece);
        }
    }
    Ok(pieces)
}

/// Moves the position of the descriptor, which nobody else uses: all reads and writes name theirs.
fn seek(file: &File, offset: u64, whence: Whence) -> Result<u64, Errno> {
    let offset = i64::try_from(offset).map_err(|_| Errno::EOVERFLOW)?;
    let found = lseek(file, offset, whence)?;
    Ok(u64::try_from(found).expect("the kernel answers with a position"))
}

/// Makes a range zero.
fn clear(file: &File, range: Range<u64>) -> io::Result<()> {
    if range.is_empty() {
        return Ok(());
    }
    let signed = |value: u64| i64::try_from(value).map_err(|_| Errno::EFBIG);
    let mode = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    match fallocate(file, mode, signed(range.start)?, signed(range.end - range.start)?) {
        Err(Errno::EOPNOTSUPP) => (),
        done => return Ok(done?),
    }
    let zeros = vec![0; usize::try_from(PIECE_BYTES).expect("a piece is small")];
    let mut at = range.start;
    while at < range.end {
        let count = (range.end - at).min(PIECE_BYTES);
        file.write_all_at(&zeros[..usize::try_from(count).expect("a piece is small")], at)?;
        at += count;
    }
    Ok(())
}
