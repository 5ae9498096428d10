//! All processes of a node, also those that left its process group or its parent: they are told by the network
//! namespace that they live in, which a node has for itself and which no child of it leaves.
//!
//! Works with the sandbox's own `/proc` and with that of the machine, which stays where a container hides parts
//! of it: a process is read under the number that `/proc` gives it, and signalled by the one that we know it by.

use nix::sys::stat::fstat;
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The processes that live in a network namespace now, by their ids as the sandbox numbers them, and their
/// directories in `/proc`. A zombie has
/// left its namespaces and is not among them; nor are we ourselves.
pub fn of_namespace(namespace: &OwnedFd) -> io::Result<BTreeMap<Pid, PathBuf>> {
    let wanted = fstat(namespace.as_fd())?;
    let depth = namespace_pids(Path::new("/proc/self"))?.len();
    let own = Pid::this();
    let mut members = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes()[0].is_ascii_digit() {
            continue;
        }
        let entry = entry.path();
        // Whoever is gone by now, or is not ours to look at, is not ours.
        let Ok(found) = fs::metadata(entry.join("ns/net")) else {
            continue;
        };
        if (found.dev(), found.ino()) != (wanted.st_dev, wanted.st_ino) {
            continue;
        }
        let Ok(pids) = namespace_pids(&entry) else {
            continue;
        };
        match pids.get(depth - 1) {
            Some(pid) if *pid != own => members.insert(*pid, entry),
            _ => None,
        };
    }
    Ok(members)
}

/// The states of a process's threads (`R`, `S`, `D`, `T`, ..) as `proc_pid_stat(5)` has them; none when it is gone.
pub fn thread_states(entry: &Path) -> Vec<char> {
    let Ok(tasks) = fs::read_dir(entry.join("task")) else {
        return Vec::new();
    };
    let stats = tasks.filter_map(|task| fs::read(task.ok()?.path().join("stat")).ok());
    stats.filter_map(|stat| state(&stat)).collect()
}

/// The ids of a process in the process namespaces that it lives in, from that of this `/proc` inwards.
fn namespace_pids(entry: &Path) -> io::Result<Vec<Pid>> {
    let status = fs::read_to_string(entry.join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let pids = line.map(|line| line.split_whitespace().filter_map(|pid| pid.parse().ok()));
    let pids: Vec<_> = pids.into_iter().flatten().map(Pid::from_raw).collect();
    if pids.is_empty() {
        return Err(io::Error::other(
            "/proc/<pid>/status has no NSpid; Linux 4.1 or newer is needed",
        ));
    }
    Ok(pids)
}

/// The state in a `stat` line. The name before it is of the program's choosing and may hold anything.
pub fn state(stat: &[u8]) -> Option<char> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(name_end + 2).map(|byte| char::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_name_cannot_pose_as_its_state() {
        assert_eq!(state(b"7 (sleep) S 1 7"), Some('S'));
        assert_eq!(state(b"7 (a) T 1) (b) R 1 7"), Some('R'));
        assert_eq!(state(b"7 (cut"), None);
        assert_eq!(state(b"7 (cut)"), None);
    }

    #[test]
    fn a_process_knows_its_own_ids() {
        let own = namespace_pids(Path::new("/proc/self")).unwrap();
        assert!(
            !own.is_empty() && own.iter().all(|pid| pid.as_raw() > 0),
            "{own:?}"
        );
    }
}
