//! Who is writing into a run's folder right now.
//!
//! The run holds an advisory lock on its folder for as long as its process lives. The kernel lets go of it when the
//! process ends, however it ends, so a run that was killed is never taken for one that goes on, and there is no file
//! with a process number in it that could grow stale.

use super::{RunDir, StoreError, io_error};
use std::fs::{File, TryLockError};

/// Says that a run is in progress, for as long as it is kept.
#[derive(Debug)]
pub struct Hold {
    /// The lock belongs to the open file.
    _folder: File,
}

impl RunDir {
    /// Notes that this run is in progress, until the answer is dropped or the process ends. Waits for whoever is
    /// just looking.
    ///
    /// # Errors
    /// When the folder cannot be opened or locked.
    pub fn hold(&self) -> Result<Hold, StoreError> {
        let folder = File::open(self.path()).map_err(io_error("open", self.path()))?;
        folder.lock().map_err(io_error("lock", self.path()))?;
        Ok(Hold { _folder: folder })
    }

    /// The same where nobody is waited for; none when it is in progress.
    pub(super) fn try_hold(&self) -> Option<Hold> {
        let folder = File::open(self.path()).ok()?;
        folder.try_lock().ok()?;
        Some(Hold { _folder: folder })
    }

    /// Whether somebody is writing it right now.
    pub fn is_in_progress(&self) -> bool {
        let Ok(folder) = File::open(self.path()) else {
            return false;
        };
        matches!(folder.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}
