//! Which processes have somebody who waits for them. Whatever else is found among the processes of a node is an orphan, and
//! reaped by whoever finds it; if one of these were, its keeper would never hear how it ended.

use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard};
use tokio::process::Child;

static KEPT: Mutex<BTreeSet<Pid>> = Mutex::new(BTreeSet::new());

/// A process is waited for as long as this lives.
#[derive(Debug)]
pub struct Kept(Pid);

impl Drop for Kept {
    fn drop(&mut self) {
        kept().remove(&self.0);
    }
}

/// Starts a process that somebody will wait for. Nobody else can have reaped it when this returns.
pub fn start(start: impl FnOnce() -> io::Result<Child>) -> io::Result<(Child, Pid, Kept)> {
    let mut kept = kept();
    let child = start()?;
    let id = child.id().expect("a child that nobody waited for yet has an id");
    let pid = Pid::from_raw(i32::try_from(id).expect("a process id fits in an i32"));
    kept.insert(pid);
    Ok((child, pid, Kept(pid)))
}

/// Reaps a process that has ended, if it is an orphan.
pub fn reap_orphan(pid: Pid) {
    let kept = kept();
    if !kept.contains(&pid) {
        // Refused when it is not ours, for its parent is there to do it.
        let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
    }
}

fn kept() -> MutexGuard<'static, BTreeSet<Pid>> {
    KEPT.lock().expect("nobody panics while holding this lock")
}
