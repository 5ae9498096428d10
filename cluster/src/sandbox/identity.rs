//! Who one is inside the sandbox: the maps of user and group ids.
//!
//! An ordinary user may map one id: its own, which becomes 0 inside, so that the inside may configure its own
//! network. Root maps every id to itself and so keeps its power over everybody's files. A root that is not
//! allowed to (a container that took the capability away) falls back to mapping itself alone.

use nix::unistd::{Pid, getegid, geteuid};
use std::fs;
use std::io;

/// The ids of this process, and those that it may hand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    user: u32,
    group: u32,
    all_users: String,
    all_groups: String,
}

impl Identity {
    /// The identity of this process.
    ///
    /// # Errors
    /// When the kernel's list of mapped ids cannot be read.
    pub fn current() -> io::Result<Identity> {
        Ok(Identity {
            user: geteuid().as_raw(),
            group: getegid().as_raw(),
            all_users: onto_itself(&fs::read_to_string("/proc/self/uid_map")?),
            all_groups: onto_itself(&fs::read_to_string("/proc/self/gid_map")?),
        })
    }

    /// Writes the maps of a process that was just cloned into a new user namespace.
    ///
    /// # Errors
    /// The kernel's own, when it allows neither map.
    pub fn give_to(&self, process: Pid) -> io::Result<()> {
        let write = |file: &str, text: &str| fs::write(format!("/proc/{process}/{file}"), text);
        if self.user == 0 {
            let all = write("gid_map", &self.all_groups).and_then(|()| write("uid_map", &self.all_users));
            if all.is_ok() {
                return Ok(());
            }
        }
        // The kernel wants this first from the unprivileged: else one could leave a group that denies access.
        write("setgroups", "deny")?;
        match write("gid_map", &format!("0 {} 1", self.group)) {
            // A map is written once: root got this far above and no further.
            Err(_) if self.user == 0 => {}
            other => other?,
        }
        write("uid_map", &format!("0 {} 1", self.user))
    }
}

/// The map that gives each id of this namespace to itself. Lines of a map: first id inside, first id outside,
/// count (user_namespaces(7)).
fn onto_itself(map: &str) -> String {
    let mut text = String::new();
    for line in map.lines() {
        let mut fields = line.split_ascii_whitespace();
        if let (Some(first), Some(count)) = (fields.next(), fields.nth(1)) {
            text.push_str(&format!("{first} {first} {count}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_own_map_is_handed_on_whole() {
        assert_eq!(
            onto_itself("         0          0 4294967295\n"),
            "0 0 4294967295\n"
        );
    }

    #[test]
    fn inside_another_namespace_only_what_is_mapped_there_is_handed_on() {
        let rootless_container = "         0       1000          1\n         1     100000      65536\n";
        assert_eq!(onto_itself(rootless_container), "0 0 1\n1 1 65536\n");
    }
}
