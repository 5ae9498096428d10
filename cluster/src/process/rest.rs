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
        let listed = match listed {
            Ok(listed) => listed,
            // The runtime ends, takes no more work and lets nobody wait: whoever is left is killed, and that is all.
            Err(error) if error.is_cancelled() => {
                for stray in household.members().unwrap_or_default().into_keys() {
                    let _ = kill(stray, Signal::SIGKILL);
                }
                return;
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let left: Vec<Pid> = match listed {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::household::Home;
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::sync::mpsc;

    #[test]
    fn what_is_left_is_ended_even_when_the_runtime_ends_first() {
        let mut child = Command::new("true").process_group(0).spawn().unwrap();
        let leader = Pid::from_raw(child.id().try_into().unwrap());
        child.wait().unwrap();
        let household = Household {
            home: Home::Session,
            leader,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (is_over, over) = mpsc::channel::<()>();
        let (began, has_begun) = mpsc::channel();
        let (ended, has_ended) = mpsc::channel();
        runtime.spawn(async move {
            began.send(()).unwrap();
            // On purpose it keeps its worker: the runtime ends meanwhile.
            over.recv().unwrap();
            end(&household).await;
            ended.send(()).unwrap();
        });
        has_begun.recv().unwrap();
        runtime.shutdown_background();
        is_over.send(()).unwrap();
        has_ended.recv_timeout(Duration::from_secs(60)).unwrap();
    }
}
