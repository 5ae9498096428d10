//! Stopping all processes of a node and letting them go on, each confirmed by what the kernel says of every
//! thread.
//!
//! SIGSTOP goes to every process of the node, again and again until none of them runs and
//! none is new: one that is stopped cannot fork, so this comes to an end. Blocking; the callers have a thread for
//! it.

use super::household::Household;
use super::members::thread_states;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long to wait for the kernel to say so.
pub const CONFIRM_MAX: Duration = Duration::from_secs(2);

/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_micros(200);

/// How many were stopped, or go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Processes.
    pub processes: usize,
    /// Their threads.
    pub threads: usize,
}

/// Stops all processes of a node.
///
/// # Errors
/// In words: nobody is there, or who still runs after [`CONFIRM_MAX`]; then all of them go on again.
pub fn stop(household: &Household) -> Result<Counted, String> {
    let mut told = BTreeSet::new();
    let mut confirmed: Option<Vec<Pid>> = None;
    let outcome = until(household, |members| {
        let mut counted = Counted {
            processes: members.len(),
            threads: 0,
        };
        let mut running = Vec::new();
        for (pid, entry) in members {
            if told.insert(*pid) {
                // One to a process that has ended by now goes nowhere.
                let _ = kill(*pid, Signal::SIGSTOP);
            }
            let states = thread_states(entry);
            counted.threads += states.len();
            if !are_stopped(&states) {
                // Again, in case that another process let it go on before it was stopped itself.
                let _ = kill(*pid, Signal::SIGSTOP);
                running.push(described(*pid, &states));
            }
        }
        let all: Vec<_> = members.keys().copied().collect();
        // Twice the same: a look at /proc can miss who was forked during it, by somebody it had not reached.
        let steady = running.is_empty() && confirmed.as_ref() == Some(&all);
        confirmed = running.is_empty().then_some(all);
        if steady { Ok(counted) } else { Err(running) }
    });
    if outcome.is_err() {
        // The error of the stop is the one to tell.
        let _ = resume(household);
    }
    outcome
}

/// Lets all processes of a node go on.
///
/// # Errors
/// In words: nobody is there, or who is still stopped after [`CONFIRM_MAX`].
pub fn resume(household: &Household) -> Result<Counted, String> {
    until(household, |members| {
        let mut counted = Counted {
            processes: members.len(),
            threads: 0,
        };
        let mut stopped = Vec::new();
        for (pid, entry) in members {
            let states = thread_states(entry);
            counted.threads += states.len();
            if states.contains(&'T') {
                let _ = kill(*pid, Signal::SIGCONT);
                stopped.push(described(*pid, &states));
            }
        }
        if stopped.is_empty() {
            Ok(counted)
        } else {
            Err(stopped)
        }
    })
}

fn until(
    household: &Household,
    mut done: impl FnMut(&BTreeMap<Pid, PathBuf>) -> Result<Counted, Vec<String>>,
) -> Result<Counted, String> {
    let failed = |why: io::Error| format!("its processes cannot be listed: {why}");
    let deadline = Instant::now() + CONFIRM_MAX;
    loop {
        let members = household.members().map_err(failed)?;
        if members.is_empty() {
            return Err("it has no process any more".to_owned());
        }
        match done(&members) {
            Ok(counted) => return Ok(counted),
            Err(left) if Instant::now() > deadline => {
                return Err(format!(
                    "the kernel does not confirm it after {} ms: {}",
                    CONFIRM_MAX.as_millis(),
                    if left.is_empty() {
                        "its processes keep changing".to_owned()
                    } else {
                        left.join(", ")
                    }
                ));
            }
            Err(_) => std::thread::sleep(LOOK_AGAIN),
        }
    }
}

/// Whether a process that was sent SIGSTOP executes nothing of its program any more. One thread in `T` means that
/// all were told to stop; one that waits in the kernel uninterruptibly (`D`: a slow disk) does so before it returns
/// to the program. While none is in `T`, another than the one that took the signal may still run.
fn are_stopped(states: &[char]) -> bool {
    let held = |state: &char| matches!(state, 'T' | 't' | 'D' | 'Z' | 'X');
    let told = states.len() == 1 || states.iter().any(|state| matches!(state, 'T' | 't'));
    states.iter().all(held) && told
}

fn described(pid: Pid, states: &[char]) -> String {
    let states: String = states.iter().collect();
    format!("process {pid} has threads in {states}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_stopped_when_no_thread_can_return_to_its_program() {
        for (states, stopped) in [
            ("T", true),
            ("TTT", true),
            ("TDT", true),
            ("TZ", true),
            ("D", true),
            ("R", false),
            ("TR", false),
            ("TS", false),
            ("DD", false),
        ] {
            let letters: Vec<char> = states.chars().collect();
            assert_eq!(are_stopped(&letters), stopped, "{states}");
        }
    }
}
