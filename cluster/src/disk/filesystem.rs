//! What the kernel asks, passed on to the volume, with the faults in between.
//!
//! Caching: names and attributes are cached for long, because nobody but the kernel changes them. File content is in
//! the page cache for reading; a `write` goes through to us before it returns (no FUSE write-back cache), so that
//! what a power failure may take is known here. Stores to a shared mapping stay in the page cache until the kernel
//! writes them: on msync, fsync, munmap, close and the end of the process. After that they are here as writes that
//! are not synced; before that a power failure takes them with the page cache, which goes when the disk is mounted
//! anew.
//!
//! `sync` and `syncfs` do not reach a FUSE file system in a user's namespace (the kernel sends them to virtiofs
//! only), nor does `sync_file_range` mean anything here: none of them makes anything durable.
//!
//! Read next: `requests` for each of the kernel's requests.

mod attributes;
mod listings;
mod requests;

use super::fault::{Faults, Request};
use super::moment::Moments;
use super::power::Supply;
use super::volume::{Entry, Kind, Owner, Volume};
use fuser::{FopenFlags, INodeNo};
use listings::Listings;
use nix::errno::Errno;
use std::ffi::OsStr;
use std::sync::Arc;

/// The longest read and write at once, in bytes.
const REQUEST_BYTES_MAX: u32 = 1 << 20;

/// A mounted volume.
#[derive(Debug)]
pub struct Served {
    volume: Arc<Volume>,
    faults: Arc<Faults>,
    moments: Arc<Moments>,
    supply: Arc<Supply>,
    listings: Listings,
}

impl Served {
    /// Serves a volume while there is power.
    pub fn new(
        volume: Arc<Volume>,
        faults: Arc<Faults>,
        moments: Arc<Moments>,
        supply: Arc<Supply>,
    ) -> Served {
        Served {
            volume,
            faults,
            moments,
            supply,
            listings: Listings::default(),
        }
    }

    /// Does something with the volume while there is power.
    fn powered<T>(&self, act: impl FnOnce(&Volume) -> Result<T, Errno>) -> Result<T, Errno> {
        let _on = self.supply.hold()?;
        act(&self.volume)
    }

    /// The same for something that slow and failing disks are asked for; a failing one is told whether what was to be
    /// synced is lost.
    fn asked<T>(
        &self,
        request: Request,
        bytes: u64,
        fails: impl FnOnce(&Volume, bool),
        act: impl FnOnce(&Volume) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        self.supply.wait(self.faults.delay(request, bytes))?;
        self.powered(|volume| match self.faults.failure(request) {
            Some(drop_unsynced) => {
                fails(volume, drop_unsynced);
                Err(Errno::EIO)
            }
            None => act(volume).inspect(|_| {
                if request != Request::Read {
                    self.moments.step(false, &self.supply);
                }
            }),
        })
    }

    /// Changes a name in a directory.
    fn renames<T>(&self, act: impl FnOnce(&Volume) -> Result<T, Errno>) -> Result<T, Errno> {
        self.powered(|volume| act(volume).inspect(|_| self.moments.step(true, &self.supply)))
    }

    fn make(&self, parent: INodeNo, name: &OsStr, kind: Kind<'_>, owner: Owner) -> Result<Entry, Errno> {
        self.renames(|volume| {
            self.faults.entry()?;
            let entry = volume.make(parent.0, name, kind, owner)?;
            self.faults.made(entry.id);
            Ok(entry)
        })
    }

    fn read_into(&self, file: u64, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let act = |volume: &Volume| {
            let count = volume.read(file, offset, buffer)?;
            self.faults.after_read(file, offset, &mut buffer[..count]);
            Ok(count)
        };
        self.asked(Request::Read, 0, |_, _| (), act)
    }

    fn write_from(&self, file: u64, offset: u64, data: &[u8]) -> Result<usize, Errno> {
        let act = |volume: &Volume| {
            let end = offset.saturating_add(data.len() as u64);
            let grows = end.saturating_sub(volume.size(file)?.max(offset));
            let missing = usize::try_from(grows - self.faults.room(grows)).unwrap_or(usize::MAX);
            let data = &data[..data.len().saturating_sub(missing)];
            if missing > 0 && data.is_empty() {
                return Err(Errno::ENOSPC);
            }
            self.faults.before_write(file, &(offset..end), |range| {
                let mut old = vec![0; usize::try_from(range.end - range.start).expect("a block is small")];
                let count = volume.read(file, range.start, &mut old).unwrap_or(0);
                old.truncate(count);
                old
            });
            volume.write(file, offset, data)
        };
        self.asked(Request::Write, data.len() as u64, |_, _| (), act)
    }

    fn sync_file(&self, file: u64, data_only: bool) -> Result<(), Errno> {
        let fails = |volume: &Volume, drop_unsynced: bool| {
            if drop_unsynced {
                // It is a file, or its sync would not have been asked for.
                let _ = volume.condemn(file);
            }
        };
        self.asked(Request::Sync, 0, fails, |volume| volume.sync(file, data_only))
    }

    fn open_flags(&self) -> FopenFlags {
        // What goes wrong with reads is felt by whoever opens the file anew, as after a restart with a cold cache.
        if self.faults.change_reads() {
            FopenFlags::empty()
        } else {
            FopenFlags::FOPEN_KEEP_CACHE
        }
    }
}
