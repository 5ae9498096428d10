//! The control file of a clock: replaced as a whole, and watched for who reads it.

use super::looked::Looked;
use super::setting::Setting;
use super::{ClockChange, ClockError, library, probe, whole};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

/// The control file, in a directory of the node's.
const CONTROL: &str = "offset";

/// The control file of a clock, and what it says.
#[derive(Debug)]
pub struct Control {
    pub node: String,
    /// What its files in shared memory are called.
    pub name: String,
    pub file: String,
    anchor_ns: i128,
    pub looked: Looked,
    state: Mutex<State>,
}

/// What the control file says, and whether the node has read it since.
#[derive(Debug)]
pub struct State {
    pub setting: Setting,
    rate_was_set: bool,
    node_looked: bool,
}

impl Control {
    /// One that says the true time, in a directory of its own in shared memory: no disk is asked at every look.
    pub fn new(node: &str, anchor_ns: i128) -> io::Result<Control> {
        static CLOCKS: AtomicU64 = AtomicU64::new(1);
        let name = format!("harness_{}", CLOCKS.fetch_add(1, Ordering::Relaxed));
        let dir = Path::new(library::SHARED_MEMORY).join(&name);
        fs::create_dir(&dir)?;
        let file = format!("{}/{name}/{CONTROL}", library::SHARED_MEMORY);
        fs::write(&file, Setting::TRUE.line(0, false))?;
        Ok(Control {
            node: node.to_owned(),
            name,
            file,
            anchor_ns,
            looked: Looked::watch(&dir, CONTROL)?,
            state: Mutex::new(State {
                setting: Setting::TRUE,
                rate_was_set: false,
                node_looked: false,
            }),
        })
    }

    /// Whether the node has read it since the fault began.
    pub fn node_looked(&self) -> bool {
        self.note_looks(&mut self.lock())
    }

    /// Replaces the setting by what comes out of it. What was looked at before counts on only when this is a step of
    /// the same fault.
    pub fn change(
        &self,
        of_same_fault: bool,
        to: impl FnOnce(Setting, i128) -> Result<Setting, String>,
    ) -> Result<ClockChange, ClockError> {
        let mut state = self.lock();
        let now_ns = probe::now_ns();
        let before = state.setting;
        let after = to(before, now_ns).map_err(|what| ClockError::Bounds {
            node: self.node.clone(),
            what,
        })?;
        let rate_was_set = state.rate_was_set || !after.runs_true();
        let new = format!("{}.new", self.file);
        fs::write(&new, after.line(self.anchor_ns, rate_was_set))
            .and_then(|()| fs::rename(&new, &self.file))
            .map_err(self.write_error())?;
        let looked = self.note_looks(&mut state);
        *state = State {
            setting: after,
            rate_was_set,
            node_looked: looked && of_same_fault,
        };
        Ok(ClockChange {
            before_ns: whole(before.offset_at(now_ns)),
            after_ns: whole(after.offset_at(now_ns)),
            jumps: 0,
        })
    }

    fn note_looks(&self, state: &mut State) -> bool {
        state.node_looked |= self.looked.since_last();
        state.node_looked
    }

    /// An error of the file's.
    pub fn write_error(&self) -> impl FnOnce(io::Error) -> ClockError + use<> {
        let (node, path) = (self.node.clone(), PathBuf::from(&self.file));
        move |source| ClockError::Write { node, path, source }
    }

    /// What it says now.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding this lock")
    }
}
