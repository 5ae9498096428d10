//! The keys that mean something while a run goes on.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::Read;
use std::os::fd::AsFd;
use tokio::sync::mpsc;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `p`: no new operations, or again.
    PauseLoad,
    /// `h`: no more faults.
    HealNow,
    /// `s`: stop and check what there is.
    StopNow,
    /// `l`: the last line of each node's log.
    LastLines,
    /// `?`: what the keys are.
    Help,
}

/// What is said about them.
pub const HELP: &str = "p pause the load · h heal now, no more faults · s stop and check now · l last log line of each node · Ctrl-C stop";

impl Key {
    fn of(byte: u8) -> Option<Key> {
        match byte {
            b'p' | b'P' => Some(Key::PauseLoad),
            b'h' | b'H' => Some(Key::HealNow),
            b's' | b'S' => Some(Key::StopNow),
            b'l' | b'L' => Some(Key::LastLines),
            b'?' => Some(Key::Help),
            _ => None,
        }
    }

    /// The keys in what a terminal sent at once. An arrow or a function key comes as several bytes, and is none.
    fn all(bytes: &[u8]) -> Vec<Key> {
        match bytes.first() {
            Some(0x1b) => Vec::new(),
            _ => bytes.iter().filter_map(|byte| Key::of(*byte)).collect(),
        }
    }
}

/// How often it is looked whether somebody still wants to know.
const LOOK_EVERY_MS: u16 = 200;

/// The keys that are pressed, until the receiver is gone. The terminal has to give them one by one.
pub fn pressed() -> mpsc::UnboundedReceiver<Key> {
    let (tell, keys) = mpsc::unbounded_channel();
    // A thread of its own: a read from a terminal has no end.
    std::thread::spawn(move || {
        let mut input = std::io::stdin();
        while !tell.is_closed() {
            let mut ready = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
            match poll(&mut ready, PollTimeout::from(LOOK_EVERY_MS)) {
                Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
                Ok(_) => {}
                Err(_) => break,
            }
            let mut bytes = [0; 64];
            match input.read(&mut bytes) {
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    for key in Key::all(&bytes[..count]) {
                        // Nobody may want it any more; then the loop ends.
                        let _ = tell.send(key);
                    }
                }
            }
        }
    });
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_letters_and_an_arrow_is_none() {
        assert_eq!(Key::all(b"p?x"), [Key::PauseLoad, Key::Help]);
        assert_eq!(Key::all(b"\x1b[H"), []);
        assert_eq!(Key::all(b""), []);
    }
}
