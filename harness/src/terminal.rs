//! The terminal of a run: taken so that keys come one by one and unseen, and given back as it was.
//!
//! The run is in a process group of its own (the sandbox sees to that), and a terminal only lets one group read: so
//! the run's becomes that one, and a Ctrl-C reaches the run at once. The outside, which outlives the run however it
//! ends, gives the terminal back.

use nix::sys::signal::{SigSet, Signal};
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};
use std::io::{IsTerminal, stderr, stdin};
use std::sync::{Mutex, MutexGuard};

/// How the terminal was.
#[derive(Debug)]
struct Before {
    group: Pid,
    modes: Termios,
}

static BEFORE: Mutex<Option<Before>> = Mutex::new(None);

fn before() -> MutexGuard<'static, Option<Before>> {
    BEFORE
        .lock()
        .expect("nobody panics while looking at the terminal")
}

/// Remembers how the terminal is, if this process has one all for itself. To be called before the sandbox.
pub fn remember() {
    *before() = look();
}

fn look() -> Option<Before> {
    let is_one = stdin().is_terminal() && stderr().is_terminal();
    let group = tcgetpgrp(stdin())
        .ok()
        .filter(|group| is_one && *group == getpgrp())?;
    let modes = tcgetattr(stdin()).ok()?;
    Some(Before { group, modes })
}

/// Lets keys come one by one. False where there is no terminal for this run alone, as in the background.
pub fn take() -> bool {
    let Some(mut modes) = before().as_ref().map(|before| before.modes.clone()) else {
        return false;
    };
    modes.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
    modes.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
    modes.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
    as_foreground(getpgrp()) && tcsetattr(stdin(), SetArg::TCSANOW, &modes).is_ok()
}

/// Gives the terminal back as it was. Does nothing where it was not remembered.
pub fn give_back() {
    if let Some(before) = before().as_ref() {
        as_foreground(before.group);
        // It may be gone: then nobody misses it.
        let _ = tcsetattr(stdin(), SetArg::TCSANOW, &before.modes);
    }
}

/// Makes a group the one that the terminal listens to. Who does so from the background would be stopped for it, if
/// it did not hold that signal back.
fn as_foreground(group: Pid) -> bool {
    let held: SigSet = [Signal::SIGTTOU].into_iter().collect();
    let Ok(mask) = SigSet::thread_get_mask() else {
        return false;
    };
    let was_set = held.thread_block().is_ok() && tcsetpgrp(stdin(), group).is_ok();
    // What was possible a moment ago is possible still.
    let _ = mask.thread_set_mask();
    was_set
}
