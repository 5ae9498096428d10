//! The sandbox: the harness goes on in fresh user, process, mount and network namespaces.
//!
//! [`enter`] splits the process in two. The *outside* keeps the terminal's attention: it passes signals on and
//! waits. The *inside* is process 1 of its own process namespace and carries on with `main`; everything that it
//! starts lives and dies with it, for the kernel kills a process namespace with its process 1, and takes
//! addresses, mounts and namespaces down with their last user. The inside in turn dies with the outside.
//! No privileges are needed, and nothing on the machine is changed.
//!
//! It is not a security boundary: what runs inside can read and write the user's files.
//!
//! Read next: `identity` for who one is inside, `outside` for the waiting half, `diagnosis` for what to do
//! where a machine refuses.

mod diagnosis;
mod identity;
mod outside;

pub use diagnosis::{Missing, SandboxError};
pub(crate) use diagnosis::{diagnose_namespaces, diagnose_tun};
pub(crate) use identity::Identity;

use crate::kernel::{self, Interface};
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::CloneFlags;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::Mode;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// The device behind every virtual network interface.
pub(crate) const TUN_DEVICE: &str = "/dev/net/tun";

/// The namespaces of the sandbox.
pub(crate) const NAMESPACES: CloneFlags = CloneFlags::CLONE_NEWUSER
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWNET);

static INSIDE: AtomicBool = AtomicBool::new(false);

/// Which half of the harness this process is, after [`enter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// In the sandbox: carry on.
    Inside,
    /// The inside has ended: leave with its exit code. The signals that were passed on stay blocked, so that a
    /// late one cannot replace the exit code.
    Outside {
        /// What the inside exited with, or 128 + the number of the signal that killed it.
        exit_code: i32,
    },
}

/// Enters the sandbox. Call it first thing in `main`, before any thread or runtime exists.
///
/// A signal to the outside (interrupt, terminate, hang-up, quit) reaches the inside, which has a process group
/// of its own so that a terminal's Ctrl-C does not reach it twice; a signal that the inside does not handle ends
/// it, as it would end any program.
///
/// # Errors
/// [`SandboxError`] says what this machine refuses and what to do about it.
pub fn enter() -> Result<Side, SandboxError> {
    refuse_threads()?;
    File::options()
        .read(true)
        .write(true)
        .open(TUN_DEVICE)
        .map_err(|why| SandboxError::Tun(diagnose_tun(&why)))?;
    let identity = Identity::current().map_err(SandboxError::io("read /proc/self/uid_map"))?;
    let (told, tell) = std::io::pipe().map_err(SandboxError::io("make a pipe"))?;
    let signals_before = outside::hold_signals().map_err(SandboxError::call("block signals"))?;
    match kernel::clone_process(NAMESPACES) {
        Err(why) => {
            restore(&signals_before)?;
            Err(SandboxError::Namespaces(diagnose_namespaces(why)))
        }
        Ok(Some(child)) => {
            drop(told);
            let exit_code = outside::look_after(child, &identity, tell)?;
            Ok(Side::Outside { exit_code })
        }
        Ok(None) => {
            drop(tell);
            settle(told.into())?;
            restore(&signals_before)?;
            note_inside();
            Ok(Side::Inside)
        }
    }
}

/// Notes that this process has namespaces of its own, so that it may build a network.
pub(crate) fn note_inside() {
    INSIDE.store(true, Ordering::Release);
}

/// Whether this process is inside the sandbox.
pub fn is_inside() -> bool {
    INSIDE.load(Ordering::Acquire)
}

/// The first steps inside: wait until the outside has said who we are, tie our life to its, and make the mounts,
/// the process list and the loopback interface our own.
fn settle(told: OwnedFd) -> Result<(), SandboxError> {
    let mut told = File::from(told);
    if told.read_exact(&mut [0]).is_err() {
        // The outside is gone, or has given up and says why itself: there is nobody left to talk to.
        kernel::exit_now(255);
    }
    // Only now: a change of user or group would clear it again.
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)
        .map_err(SandboxError::call("tie the sandbox to its parent"))?;
    // It may have died before that. It never writes again and never closes its end of the pipe while it lives.
    let mut pipe = [PollFd::new(told.as_fd(), PollFlags::empty())];
    poll(&mut pipe, PollTimeout::ZERO).map_err(SandboxError::call("look at a pipe"))?;
    if pipe[0]
        .revents()
        .is_some_and(|events| events.contains(PollFlags::POLLHUP))
    {
        kernel::exit_now(255);
    }
    let own_group = nix::unistd::Pid::from_raw(0);
    nix::unistd::setpgid(own_group, own_group).map_err(SandboxError::call("make a process group"))?;
    settle_mounts().map_err(|why| SandboxError::Namespaces(diagnose_namespaces(why)))?;
    settle_loopback().map_err(|why| SandboxError::Namespaces(diagnose_namespaces(why)))
}

/// Cuts the mounts loose from the machine's and shows the process list of the sandbox.
pub(crate) fn settle_mounts() -> nix::Result<()> {
    use nix::mount::{MsFlags, mount};
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    // Refused where parts of /proc are hidden, as in most containers; then the machine's own list stays, and
    // nothing that the harness reads there depends on it.
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    if let Err(why) = mount(Some("proc"), "/proc", Some("proc"), flags, none) {
        tracing::debug!("no /proc of our own: {why}");
    }
    Ok(())
}

/// Gives the sandbox a `/dev/shm` of its own, once, so that what its programs leave there goes with it. As large as
/// the machine's own usually is: half of the memory. The directories of the machine's own are there as before, for the
/// store or a program may be in one.
pub(crate) fn own_shared_memory() -> std::io::Result<()> {
    use nix::mount::{MsFlags, mount};
    static MOUNTED: Mutex<bool> = Mutex::new(false);
    let mut mounted = MOUNTED.lock().expect("nobody panics while holding this lock");
    if *mounted {
        return Ok(());
    }
    if !is_inside() {
        return Err(std::io::Error::other("this is not inside the sandbox"));
    }
    let path = Path::new("/dev/shm");
    let directories = directories_in(path)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(
        Some("tmpfs"),
        path,
        Some("tmpfs"),
        flags,
        Some("mode=1777,size=50%"),
    )?;
    *mounted = true;
    let none: Option<&str> = None;
    for (name, directory) in directories {
        let place = path.join(name);
        std::fs::create_dir(&place)?;
        let there = format!("/proc/self/fd/{}", directory.as_raw_fd());
        mount(
            Some(there.as_str()),
            &place,
            none,
            MsFlags::MS_BIND | MsFlags::MS_REC,
            none,
        )?;
    }
    Ok(())
}

/// The directories in one, each open.
fn directories_in(path: &Path) -> std::io::Result<Vec<(OsString, OwnedFd)>> {
    let mut directories = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        // What is gone meanwhile, or is a link, is no directory.
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        if let Ok(directory) = open(&entry.path(), flags, Mode::empty()) {
            directories.push((entry.file_name(), directory));
        }
    }
    Ok(directories)
}

/// Switches on the loopback interface of this network namespace.
pub(crate) fn settle_loopback() -> nix::Result<()> {
    Interface::open("lo")?.bring_up()
}

fn restore(signals: &SigSet) -> Result<(), SandboxError> {
    signals
        .thread_set_mask()
        .map_err(SandboxError::call("unblock signals"))
}

/// A cloned process has only the thread that cloned; locks held by others would stay locked for ever.
pub(crate) fn refuse_threads() -> Result<(), SandboxError> {
    let threads = std::fs::read_dir("/proc/self/task")
        .map_err(SandboxError::io("list /proc/self/task"))?
        .count();
    if threads == 1 {
        Ok(())
    } else {
        Err(SandboxError::Threads { threads })
    }
}
