//! Finding processes by the mark in their environment, by their session, and by their parents: where nodes have no
//! namespaces of their own.

use super::members::state;
use nix::unistd::Pid;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

/// The variable that nodes are marked with.
pub const VARIABLE: &str = "HARNESS_NODE";

/// An environment is looked at up to here: as much as Linux lets a program have, by default.
const ENVIRONMENT_BYTES_MAX: u64 = 2 << 20;

/// A process, as its parent and its session say.
struct Seen {
    entry: PathBuf,
    parent: Pid,
    is_ours: bool,
}

/// The processes with a value of [`VARIABLE`] that is ours, or in one of these sessions, and all that descend from
/// them. Not zombies, and not ourselves.
pub fn find(is_ours: impl Fn(&[u8]) -> bool, sessions: &BTreeSet<Pid>) -> io::Result<BTreeMap<Pid, PathBuf>> {
    let own = Pid::this();
    let mut all = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.map(Pid::from_raw).filter(|pid| *pid != own) else {
            continue;
        };
        let entry = entry.path();
        // Whoever is gone by now, or is not ours to look at, is not ours.
        let Some((parent, session)) = fs::read(entry.join("stat")).ok().and_then(|stat| family(&stat)) else {
            continue;
        };
        let is_ours = sessions.contains(&session) || mark(&entry).is_some_and(|mark| is_ours(&mark));
        all.insert(
            pid,
            Seen {
                entry,
                parent,
                is_ours,
            },
        );
    }
    // A child has a mother that is ours, or had: each round finds another generation.
    while let Some(more) = children_of_ours(&all) {
        for pid in more {
            all.entry(pid).and_modify(|seen| seen.is_ours = true);
        }
    }
    let ours = all.into_iter().filter(|(_, seen)| seen.is_ours);
    Ok(ours.map(|(pid, seen)| (pid, seen.entry)).collect())
}

fn children_of_ours(all: &BTreeMap<Pid, Seen>) -> Option<Vec<Pid>> {
    let is_new = |seen: &Seen| !seen.is_ours && all.get(&seen.parent).is_some_and(|parent| parent.is_ours);
    let more: Vec<_> = all
        .iter()
        .filter(|(_, seen)| is_new(seen))
        .map(|(pid, _)| *pid)
        .collect();
    (!more.is_empty()).then_some(more)
}

/// The parent and the session in a `stat` line (`proc_pid_stat(5)`); none of a zombie.
fn family(stat: &[u8]) -> Option<(Pid, Pid)> {
    if matches!(state(stat)?, 'Z' | 'X') {
        return None;
    }
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(name_end + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace().skip(1);
    let mut pid = |skipped: usize| Some(Pid::from_raw(fields.nth(skipped)?.parse().ok()?));
    Some((pid(0)?, pid(1)?))
}

/// What a process is marked with.
fn mark(entry: &std::path::Path) -> Option<Vec<u8>> {
    let mut environment = Vec::new();
    let file = File::open(entry.join("environ")).ok()?;
    file.take(ENVIRONMENT_BYTES_MAX)
        .read_to_end(&mut environment)
        .ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    let mark = variables.find_map(|it| it.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"="));
    mark.map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parent_and_session_are_read_whatever_the_program_calls_itself() {
        let pids = |parent, session| Some((Pid::from_raw(parent), Pid::from_raw(session)));
        assert_eq!(family(b"7 (sleep) S 1 7 9 0"), pids(1, 9));
        assert_eq!(family(b"7 (a) S 3 4 5) (b) R 1 7 9 0"), pids(1, 9));
        assert_eq!(family(b"7 (sleep) Z 1 7 9 0"), None);
        assert_eq!(family(b"7 (cut) S 1"), None);
    }

    #[test]
    fn a_process_that_is_marked_is_found_with_its_children_and_no_other() {
        let mut marked = std::process::Command::new("sh")
            .args(["-c", "env -u HARNESS_NODE sleep 1000 & echo $!; wait"])
            .env(VARIABLE, "a test.n1")
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut child = String::new();
        let out = marked.stdout.take().unwrap();
        io::BufRead::read_line(&mut io::BufReader::new(out), &mut child).unwrap();
        let child = Pid::from_raw(child.trim().parse().unwrap());
        let leader = Pid::from_raw(marked.id().try_into().unwrap());
        let found = find(|mark| mark == b"a test.n1", &BTreeSet::new()).unwrap();
        let nobody = find(|mark| mark == b"a test.n2", &BTreeSet::new()).unwrap();
        nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGKILL).unwrap();
        marked.wait().unwrap();
        assert_eq!(
            found.keys().copied().collect::<BTreeSet<_>>(),
            [leader, child].into()
        );
        assert!(nobody.is_empty());
    }
}
