//! Threads of the trace: each slice gets one on which nothing else is going on.
//!
//! What overlaps on a thread would be drawn wrong or not at all. Operations of one logical process do not, unless a
//! file has times that no clock gives; faults of one kind may. Then there is another thread of the same name.

use super::write::Trace;
use std::collections::HashMap;
use std::io::{self, Write};

/// How many threads of one name there are at most.
const LANES_MAX: usize = 64;
/// The first thread's number: above those of processes, for a thread that has its process's number is special.
const FIRST: u32 = 10_000;

/// All threads so far.
#[derive(Default)]
pub struct Tracks {
    lanes: HashMap<(u32, String), Vec<Lane>>,
    threads: u32,
    left_out: usize,
}

struct Lane {
    tid: u32,
    /// Until when it is taken.
    until: u64,
}

impl Tracks {
    /// A thread of a name that is free for a span, which is taken then; none when there are too many already.
    ///
    /// # Errors
    /// When a new thread cannot be written.
    pub fn place<W: Write>(
        &mut self,
        pid: u32,
        name: &str,
        sort: i64,
        (start, end): (u64, u64),
        trace: &mut Trace<'_, W>,
    ) -> io::Result<Option<u32>> {
        let lanes = self.lanes.entry((pid, name.to_owned())).or_default();
        if let Some(lane) = lanes.iter_mut().find(|lane| lane.until <= start) {
            lane.until = end;
            return Ok(Some(lane.tid));
        }
        if lanes.len() == LANES_MAX {
            self.left_out += 1;
            return Ok(None);
        }
        let tid = FIRST + self.threads;
        self.threads += 1;
        lanes.push(Lane { tid, until: end });
        trace.thread((pid, tid), name, sort)?;
        Ok(Some(tid))
    }

    /// The thread of a name, for what takes no time.
    ///
    /// # Errors
    /// When a new thread cannot be written.
    pub fn thread<W: Write>(
        &mut self,
        pid: u32,
        name: &str,
        sort: i64,
        trace: &mut Trace<'_, W>,
    ) -> io::Result<u32> {
        if let Some(lane) = self.lanes.get(&(pid, name.to_owned())).and_then(|it| it.first()) {
            return Ok(lane.tid);
        }
        let placed = self.place(pid, name, sort, (0, 0), trace)?;
        Ok(placed.expect("the first of a name has room"))
    }

    /// How many slices found no thread.
    pub fn left_out(&self) -> usize {
        self.left_out
    }
}
