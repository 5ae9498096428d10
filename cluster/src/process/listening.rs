//! Where the processes of a node listen for TCP connections, as the kernel has it: for whoever wonders why nobody answers at
//! the port where somebody should.
//!
//! Which processes those are is for [`super::household`] to say.

use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::{FDTarget, Process};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How many file descriptors of a process are looked at.
const DESCRIPTORS_MAX: usize = 10_000;

/// The addresses at which these processes, by their directories in `/proc`, listen. What is gone by now, or is not ours to look
/// at, listens nowhere.
pub fn of(members: impl Iterator<Item = PathBuf>) -> BTreeSet<SocketAddr> {
    members
        .filter_map(|entry| Process::new_with_root(entry).ok())
        .flat_map(|process| of_process(&process))
        .collect()
}

fn of_process(process: &Process) -> Vec<SocketAddr> {
    let Ok(descriptors) = process.fd() else {
        return Vec::new();
    };
    // A table of sockets is that of a whole network namespace, which without namespaces is the machine's.
    let own: BTreeSet<u64> = descriptors
        .take(DESCRIPTORS_MAX)
        .filter_map(|descriptor| match descriptor.ok()?.target {
            FDTarget::Socket(inode) => Some(inode),
            _ => None,
        })
        .collect();
    let tables = [process.tcp(), process.tcp6()];
    let is_own = |entry: &TcpNetEntry| entry.state == TcpState::Listen && own.contains(&entry.inode);
    tables
        .into_iter()
        .flatten()
        .flatten()
        .filter(is_own)
        .map(|entry| entry.local_address)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn who_listens_is_found_and_who_has_stopped_is_not() {
        let own = || of([PathBuf::from("/proc/self")].into_iter());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(own().contains(&address), "{:?}", own());
        drop(listener);
        assert!(!own().contains(&address));
    }
}
