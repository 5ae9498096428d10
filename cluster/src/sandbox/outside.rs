//! The half of the harness that stays outside: it passes signals on, waits, and takes over the exit code.
//!
//! It must outlive the inside (whose death follows its own), so it may not die of a signal that it should pass
//! on: it holds them back and fetches them one by one.

use super::diagnosis::SandboxError;
use super::identity::Identity;
use crate::kernel;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs;
use std::io::{PipeWriter, Write};

/// What is passed on. Anything else does to the outside what it does to any process.
const PASSED_ON: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

/// Holds back the signals that are passed on, and the one that says that a child ended. Returns what was held
/// back before.
pub fn hold_signals() -> Result<SigSet, Errno> {
    // Ignored by whoever started us, the end of a child would never be told.
    kernel::reset_signal(Signal::SIGCHLD)?;
    let before = SigSet::thread_get_mask()?;
    held().thread_block()?;
    Ok(before)
}

fn held() -> SigSet {
    PASSED_ON.into_iter().chain([Signal::SIGCHLD]).collect()
}

/// Lets the inside go on as whom it may be, then serves it until it ends. Returns its exit code.
///
/// `tell` is kept open all the while: that it closes is how the inside would learn of our death before it
/// could ask the kernel to tell it.
pub fn look_after(inside: Pid, identity: &Identity, mut tell: PipeWriter) -> Result<i32, SandboxError> {
    let introduced = identity.give_to(inside).and_then(|()| tell.write_all(&[1]));
    if let Err(why) = introduced {
        // A failure to signal or wait can only mean that it is gone already.
        let _ = kill(inside, Signal::SIGKILL);
        let _ = waitpid(inside, None);
        return Err(SandboxError::Io {
            what: "map the user's id into the sandbox",
            source: why,
        });
    }
    let mut ended_by = None;
    loop {
        let signal = held().wait().map_err(SandboxError::call("wait for a signal"))?;
        if signal != Signal::SIGCHLD {
            ended_by = pass_on(signal, inside).or(ended_by);
            continue;
        }
        match waitpid(inside, Some(WaitPidFlag::WNOHANG))
            .map_err(SandboxError::call("wait for the sandbox"))?
        {
            WaitStatus::Exited(_, code) => return Ok(code),
            WaitStatus::Signaled(_, signal, _) => return Ok(128 + ended_by.unwrap_or(signal) as i32),
            _ => {}
        }
    }
}

/// Sends a signal to the inside. Process 1 of a namespace is immune to signals that it does not handle, so what
/// would have ended any other program is done by force: then the signal is returned as the cause of the end.
fn pass_on(signal: Signal, inside: Pid) -> Option<Signal> {
    let status = fs::read_to_string(format!("/proc/{inside}/status")).unwrap_or_default();
    let (to_send, cause) = match attitude(&status, signal) {
        Attitude::Handles => (signal, None),
        Attitude::Ignores => return None,
        Attitude::Default => (Signal::SIGKILL, Some(signal)),
    };
    // The only failure is that it has ended, which the next SIGCHLD tells.
    let _ = kill(inside, to_send);
    cause
}

#[derive(Debug, PartialEq, Eq)]
enum Attitude {
    Handles,
    Ignores,
    Default,
}

/// What a process does about a signal, from the masks in its `/proc/<pid>/status`.
fn attitude(status: &str, signal: Signal) -> Attitude {
    let bit = 1u64 << (signal as u32 - 1);
    let mask = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        u64::from_str_radix(line.trim(), 16).ok()
    };
    match (mask("SigCgt:"), mask("SigIgn:")) {
        (Some(caught), _) if caught & bit != 0 => Attitude::Handles,
        (_, Some(ignored)) if ignored & bit != 0 => Attitude::Ignores,
        (Some(_), Some(_)) => Attitude::Default,
        // Nothing is known: trust it to have a handler rather than end a run by force.
        _ => Attitude::Handles,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_masks_say_what_a_signal_would_do() {
        let status = "Name:\tharness\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000004002\n";
        assert_eq!(attitude(status, Signal::SIGINT), Attitude::Handles);
        assert_eq!(attitude(status, Signal::SIGTERM), Attitude::Handles);
        assert_eq!(attitude(status, Signal::SIGHUP), Attitude::Ignores);
        assert_eq!(attitude(status, Signal::SIGQUIT), Attitude::Default);
    }

    #[test]
    fn a_status_that_cannot_be_read_never_ends_a_run_by_force() {
        assert_eq!(attitude("", Signal::SIGTERM), Attitude::Handles);
    }
}
