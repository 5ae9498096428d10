//! A disk of a node's own: a file system over its data directory that knows what was synced, and loses the rest
//! when power fails; that fails, fills up, slows down and rots on order.
//!
//! A kill -9 alone never loses what a program has written, for the kernel still has it. A power failure does. What
//! it may take is what POSIX says: everything that no sync has made durable. A file's content and size need a sync
//! of the file; that it exists, under which name, or that it does not, needs a sync of the directory. A rename never
//! loses what it moves (`journal` has the rule). Times, permissions and owners are not lost.
//!
//! ```text
//!   a node's system calls        the kernel's FUSE        threads of the harness
//!   nodes/n1/data  ------------------> page cache ------> filesystem (faults) --> volume --> the directory
//!                                                                                   |          underneath
//!                                                                      journal, saved bytes, graveyard
//! ```
//!
//! The directory underneath is reached through a descriptor that was opened before the mount. It always holds what
//! the node sees, so that after the run it is what the node left.
//!
//! Power fails in three steps. It is *cut*: every request fails, nothing changes any more, nobody waits for a slow
//! disk. Then the mount is taken away, and with it the page cache, open files and locks. Then what was not synced is
//! undone, and a fresh disk is mounted.
//!
//! The harness must not use the mounted directory itself: killed in the middle of a request that it should answer
//! itself, it would hang. Read next: `volume` for what is remembered, `content` and `journal` for how it is undone,
//! `fault` for the faults, `filesystem` for what the kernel asks.

mod content;
mod fault;
mod filesystem;
mod journal;
mod moment;
mod mount;
mod power;
mod saved;
#[cfg(test)]
mod tests;
mod volume;

pub use fault::{DiskFault, DiskFaultCounters, DiskFaultId, Request};
pub use moment::{Moment, Progress};
pub use power::{LossPolicy, Lost};

use crate::sandbox::{Missing, is_inside};
use fault::Faults;
use filesystem::Served;
use fuser::{Config, Notifier, Session, SessionACL};
use moment::Moments;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use power::{Draw, Supply};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use saved::Bounds;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use volume::Volume;

/// How many requests are worked on at once. Each thread that does has a buffer of up to 1 MiB.
const THREADS: usize = 8;

/// How a disk behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpec {
    /// Decides everything that is drawn.
    pub seed: u64,
    /// Whether a sync is also one of the directory underneath, and so takes as long as the machine's own disk needs.
    /// No power failure of ours depends on it.
    pub sync_backing: bool,
    /// What makes changes of directories durable.
    pub directories: DirectorySync,
}

/// What makes durable that a file exists, under which name, or that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DirectorySync {
    /// A sync of its directory, as POSIX says, and nothing else.
    #[default]
    Posix,
    /// Any sync, of a file or a directory: it makes durable every change of any directory before it. So it is with
    /// ext4, XFS and others, whose journal is one and in order. Programs that were only ever tried there rely on it.
    Journaled,
}

impl DiskSpec {
    /// The same with a seed of its own, for the disk of a node.
    #[must_use]
    pub fn of_node(self, index: usize) -> DiskSpec {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(index as u64);
        DiskSpec {
            seed: random.random(),
            ..self
        }
    }
}

/// Why a disk could not be made, or not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// It would be mounted for the whole machine.
    #[error("mount a disk outside the sandbox; call sandbox::enter first thing in main")]
    OutsideSandbox,
    /// FUSE is missing or refused.
    #[error("mount a disk over {path}: {missing}")]
    Fuse {
        /// Where.
        path: PathBuf,
        /// What is missing.
        #[source]
        missing: Missing,
    },
    /// A step that works on every supported machine did not.
    #[error("{what} of the disk at {path}: {source}")]
    Step {
        /// Which step.
        what: &'static str,
        /// Which disk.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The fault is healed already, or belongs to another disk.
    #[error("find a fault of the disk at {path}: it is not installed (any more)")]
    UnknownFault {
        /// Which disk.
        path: PathBuf,
    },
}

/// A mounted disk. Dropping it takes the mount away.
#[derive(Debug)]
pub struct Disk {
    dir: PathBuf,
    removed_dir: PathBuf,
    root: Arc<OwnedFd>,
    removed: Arc<OwnedFd>,
    spec: DiskSpec,
    faults: Arc<Faults>,
    moments: Arc<Moments>,
    mounted: Mutex<Mounted>,
    failures: AtomicU64,
}

#[derive(Debug)]
struct Mounted {
    volume: Arc<Volume>,
    supply: Arc<Supply>,
    notifier: Arc<Notifier>,
}

impl Disk {
    /// Mounts a disk over an existing directory; what is in it is synced. `removed` is a directory of the same file
    /// system for what is removed and not synced; it is made, emptied, and gone with the disk.
    ///
    /// # Errors
    /// Outside the sandbox, where FUSE is missing or refused, and when one of the directories cannot be used.
    pub fn mount(dir: &Path, removed: &Path, spec: DiskSpec) -> Result<Disk, DiskError> {
        if !is_inside() {
            return Err(DiskError::OutsideSandbox);
        }
        std::fs::create_dir_all(removed)
            .map_err(|why| step("make the directory for what is removed", dir)(why))?;
        let directory = |path: &Path| {
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
            open(path, flags, Mode::empty()).map(Arc::new)
        };
        let root = directory(dir).map_err(|why| step("open the directory", dir)(why.into()))?;
        let graves = directory(removed)
            .map_err(|why| step("open the directory for what is removed", dir)(why.into()))?;
        let faults = Arc::new(Faults::new(spec.seed));
        let moments = Arc::default();
        let mounted = Mounted::new(dir, [&root, &graves], spec, &faults, &moments)?;
        Ok(Disk {
            dir: dir.to_owned(),
            removed_dir: removed.to_owned(),
            root,
            removed: graves,
            spec,
            faults,
            moments,
            mounted: Mutex::new(mounted),
            failures: AtomicU64::new(0),
        })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Cuts the power: from now on every request fails with EIO and nothing changes. Waits for requests that have
    /// begun, but not for a slow disk. Call it when the node's processes are about to end, so that they do not wait
    /// for the disk and write nothing on their way out; then [`Disk::lose_power`].
    pub fn cut_power(&self) {
        self.mounted().supply.cut();
    }

    /// Power fails and comes back: what was not synced is lost, as the policy says, and a fresh disk is mounted. The
    /// node's processes must be gone: what one that is not has open is dead (ENOTCONN) for ever. Faults stay.
    ///
    /// # Errors
    /// When the mount cannot be taken away or made anew, or when what was not synced cannot be undone; the disk is
    /// without power then.
    pub fn lose_power(&self, policy: LossPolicy) -> Result<Lost, DiskError> {
        let mut mounted = self.mounted();
        mounted.supply.cut();
        mount::unmount(&self.dir).map_err(|why| step("take away the mount", &self.dir)(why))?;
        let mut draw = Draw::new(
            policy,
            self.spec.seed,
            self.failures.fetch_add(1, Ordering::Relaxed),
        );
        let lost = mounted.volume.lose(&mut draw);
        let lost = lost.map_err(|why| step("undo what was not synced", &self.dir)(why.into()))?;
        *mounted = Mounted::new(
            &self.dir,
            [&self.root, &self.removed],
            self.spec,
            &self.faults,
            &self.moments,
        )?;
        Ok(lost)
    }

    /// Waits for a moment in the middle of what a program does with it: a name in its directories is made, changed or
    /// taken away, and then so many more requests write, sync or change a name. If wanted, it stands still from then on:
    /// every request waits until the moment is dropped or power is cut, for a second at most. Whoever makes it stand still
    /// must not wait for a process that may wait for it.
    pub fn after_a_change(&self, then_requests: u32, stands_still: bool) -> Moment {
        self.moments.after_a_change(then_requests, stands_still)
    }

    /// Installs a fault. When this returns, what the kernel has read before is read anew.
    pub fn install(&self, fault: DiskFault) -> DiskFaultId {
        let id = self.faults.install(fault);
        self.read_anew();
        id
    }

    /// What a fault has done so far.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn counters(&self, id: DiskFaultId) -> Result<DiskFaultCounters, DiskError> {
        self.faults.counters(id).ok_or_else(|| self.unknown_fault())
    }

    /// Takes a fault away. Returns its last counters.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn heal(&self, id: DiskFaultId) -> Result<DiskFaultCounters, DiskError> {
        let counters = self.faults.heal(id).ok_or_else(|| self.unknown_fault())?;
        self.read_anew();
        Ok(counters)
    }

    /// How many files and changes of directories counted as synced since power last failed because there was no room
    /// to remember more of them: 64 MiB of old bytes in memory and 1 GiB in a file, 16384 changes of directories.
    pub fn written_back(&self) -> u64 {
        self.mounted().volume.written_back()
    }

    /// Lets the kernel forget what it has read.
    fn read_anew(&self) {
        // Not under the lock: the kernel waits for reads that are under way, which may be slow.
        let (volume, notifier) = {
            let mounted = self.mounted();
            (Arc::clone(&mounted.volume), Arc::clone(&mounted.notifier))
        };
        for file in volume.files() {
            // One that the kernel does not know has nothing to forget.
            let _ = notifier.inval_inode(fuser::INodeNo(file), 0, 0);
        }
    }

    fn mounted(&self) -> MutexGuard<'_, Mounted> {
        self.mounted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unknown_fault(&self) -> DiskError {
        DiskError::UnknownFault {
            path: self.dir.clone(),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let mounted = self.mounted();
        mounted.supply.cut();
        // Whatever fails here goes with the sandbox; the directory underneath is complete in any case.
        let done = mount::unmount(&self.dir)
            .and_then(|()| Ok(mounted.volume.close()?))
            .and_then(|()| std::fs::remove_dir(&self.removed_dir));
        if let Err(why) = done {
            tracing::warn!("the disk at {} is not tidied up: {why}", self.dir.display());
        }
    }
}

impl Mounted {
    fn new(
        dir: &Path,
        [root, removed]: [&Arc<OwnedFd>; 2],
        spec: DiskSpec,
        faults: &Arc<Faults>,
        moments: &Arc<Moments>,
    ) -> Result<Mounted, DiskError> {
        let refused = |missing| DiskError::Fuse {
            path: dir.to_owned(),
            missing,
        };
        let use_directory = |why: Errno| step("use the directory", dir)(why.into());
        let volume = Volume::new(Arc::clone(root), Arc::clone(removed), Bounds::default(), spec);
        let volume = Arc::new(volume.map_err(use_directory)?);
        // What an earlier harness that was killed has left.
        volume.close().map_err(use_directory)?;
        let supply = Arc::new(Supply::default());
        let served = Served::new(
            Arc::clone(&volume),
            Arc::clone(faults),
            Arc::clone(moments),
            Arc::clone(&supply),
        );
        let device = mount::open_device().map_err(refused)?;
        mount::mount_over(&device, dir).map_err(refused)?;
        let mut config = Config::default();
        config.acl = SessionACL::All;
        config.n_threads = Some(THREADS);
        let notifier = Session::from_fd(served, device, SessionACL::All, config).and_then(|session| {
            let notifier = Arc::new(session.notifier());
            // Its threads end with the mount, and nobody waits for them.
            session.spawn().map(|_| notifier)
        });
        let notifier = notifier.map_err(|why| {
            // The mount without anybody behind it would only stand in the way; that it cannot be taken away
            // either would not tell more.
            let _ = mount::unmount(dir);
            step("serve the file system", dir)(why)
        })?;
        Ok(Mounted {
            volume,
            supply,
            notifier,
        })
    }
}

fn step(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError {
    let path = path.to_owned();
    move |source| DiskError::Step { what, path, source }
}
