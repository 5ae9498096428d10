//! What a process of a node leaves behind when it ends: its group, and others of the node.

use super::household::Household;
use super::kept;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long to wait until it is gone.
const GONE_MAX: Duration = Duration::from_secs(1);

/// Kills and reaps what a process has left: its group, and whoever else is of its household. Orphans become children
/// of process 1, which is us; without a sandbox, of their next subreaper, which is us as well.
pub async fn end(household: &Household) {
    let group = household.leader;
    let deadline = Instant::now() + GONE_MAX;
    let of_group = Pid::from_raw(-group.as_raw());
    let mut strays = BTreeSet::new();
    loop {
        let group_left = killpg(group, Signal::SIGKILL) != Err(Errno::ESRCH);
        let reaped =
            matches!(waitpid(of_group, Some(WaitPidFlag::WNOHANG)), Ok(status) if status.pid().is_some());
        let listed = household.clone();
        let listed = tokio::task::spawn_blocking(move || listed.members()).await;
        let left: Vec<Pid> = match listed.expect("it does not panic, and nobody aborts it") {
            Ok(members) => members.into_keys().collect(),
            Err(why) => {
                tracing::warn!("what is left of process {group} cannot be listed: {why}");
                Vec::new()
            }
        };
        for stray in &left {
            // The only failure is that it is gone.
            let _ = kill(*stray, Signal::SIGKILL);
        }
        let done = !group_left && left.is_empty();
        strays.extend(left);
        if done || Instant::now() > deadline {
            break;
        }
        if !reaped {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    // Whoever leaves its namespaces is not yet a zombie that can be reaped, nor are its children ours yet.
    while Instant::now() < deadline {
        strays.retain(|stray| {
            kept::reap_orphan(*stray);
            kill(*stray, None) != Err(Errno::ESRCH)
        });
        if strays.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
