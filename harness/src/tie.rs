//! Ties the life of a process to that of the process that started it, however that one ends.
//!
//! What "started it" means to the kernel is the *thread* that did, so processes that are to be tied are started by
//! the main thread, which lives as long as the program.

use anyhow::{Context, Result};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

/// Ties the life of this process to that of `parent`: says whether it is still there, and has the kernel kill
/// this process when it ends. The tie outlives an `exec`.
///
/// # Errors
/// When the kernel refuses.
pub fn tie_to(parent: i32) -> Result<bool> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).context("tie this process to the one that started it")?;
    // It may have ended before that.
    Ok(nix::unistd::getppid() == Pid::from_raw(parent))
}
