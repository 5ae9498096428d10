//! Whether anybody has looked at a node's clock: libfaketime opens the control file whenever its program asks for
//! the time, and the kernel tells who watches the directory.
//!
//! Without this, a node that never asks for the time would seem to have survived every clock fault.

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::ffi::OsString;
use std::io;
use std::path::Path;

/// How often the kernel's queue is read at once, each time some tens of events. It holds 16384, and equal ones
/// that come one after the other only once.
const READS_MAX: usize = 1_000;

/// Watches a control file.
#[derive(Debug)]
pub struct Looked {
    inotify: Inotify,
    file: OsString,
}

impl Looked {
    /// Watches a file of that name in a directory that exists.
    pub fn watch(dir: &Path, file: &str) -> io::Result<Looked> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        inotify.add_watch(dir, AddWatchFlags::IN_OPEN)?;
        Ok(Looked {
            inotify,
            file: file.into(),
        })
    }

    /// Whether the file was opened since the last question.
    pub fn since_last(&self) -> bool {
        let mut looked = false;
        for _ in 0..READS_MAX {
            let events = match self.inotify.read_events() {
                Ok(events) => events,
                Err(Errno::EINTR) => continue,
                // Nothing is left.
                Err(_) => break,
            };
            let overflowed = |mask: AddWatchFlags| mask.contains(AddWatchFlags::IN_Q_OVERFLOW);
            looked |= events
                .iter()
                .any(|event| event.name.as_ref() == Some(&self.file) || overflowed(event.mask));
        }
        looked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_look_is_noticed_once_and_replacing_the_file_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let (file, new) = (dir.path().join("offset"), dir.path().join("offset.new"));
        fs::write(&file, "+0\n").unwrap();
        let looked = Looked::watch(dir.path(), "offset").unwrap();
        assert!(!looked.since_last());
        fs::write(&new, "+1\n").unwrap();
        fs::rename(&new, &file).unwrap();
        assert!(!looked.since_last());
        for _ in 0..100_000 {
            fs::File::open(&file).unwrap();
        }
        assert!(looked.since_last());
        assert!(!looked.since_last());
        fs::read(&file).unwrap();
        assert!(looked.since_last());
    }
}
