//! What is in the directories that are open, as it was when they were read from their start.

use crate::disk::volume::Listed;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The directories that are open, each by the handle that the kernel was given for it.
#[derive(Debug, Default)]
pub struct Listings {
    open: Mutex<HashMap<u64, Arc<Vec<Listed>>>>,
    opened: AtomicU64,
}

impl Listings {
    /// Opens a directory with this in it. Returns its handle.
    pub fn open(&self, listing: Vec<Listed>) -> u64 {
        let handle = self.opened.fetch_add(1, Ordering::Relaxed);
        self.renew(handle, listing);
        handle
    }

    /// What was in it.
    pub fn of(&self, handle: u64) -> Option<Arc<Vec<Listed>>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&handle).cloned()
    }

    /// This is in it now.
    pub fn renew(&self, handle: u64, listing: Vec<Listed>) -> Arc<Vec<Listed>> {
        let listing = Arc::new(listing);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(handle, Arc::clone(&listing));
        listing
    }

    /// It is closed.
    pub fn close(&self, handle: u64) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&handle);
    }
}
