//! The recorder: the run's one clock, and the history file that every event goes to as it happens.
//!
//! An event is stamped and written under one lock, so that the order of lines in the file is the order of
//! the stamps. A client calls [`Recorder::invoke`] before its first byte can leave, and
//! [`Recorder::complete`] after the last byte of the answer has arrived.
//!
//! A file that cannot be written any more (a full disk) breaks the run, never the record: nothing is written
//! after the first failure, and [`Recorder::broken`] tells everybody to stop.

use history::{Event, EventType, Fault, FaultStep, Header, Note, Phase, Writer};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// Stamps and keeps everything that happens.
#[derive(Debug)]
pub struct Recorder {
    epoch: Instant,
    state: Mutex<State>,
    broken: watch::Sender<bool>,
    notes: mpsc::UnboundedSender<(u64, Note)>,
}

#[derive(Debug)]
struct State {
    writer: Writer<File>,
    failure: Option<io::Error>,
    tally: Tally,
}

/// Running numbers for the live display. The report counts again, from the file.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Operations that were invoked.
    pub invoked: u64,
    /// Completions of each kind.
    pub ok: u64,
    /// Certain failures.
    pub failed: u64,
    /// Outcomes that nobody knows.
    pub unknown: u64,
    /// How long the answers of the current second took.
    pub latencies: Vec<Duration>,
    /// The faults in force, with the time since when.
    pub faults: Vec<(u32, Fault, u64)>,
}

/// An operation on its way, as the recorder knows it.
#[derive(Debug)]
pub struct Open {
    event: Event,
}

impl Recorder {
    /// Starts the file with its header. Notes are sent on to `notes` as they are written.
    ///
    /// # Errors
    /// When the file cannot be created or written.
    pub fn create(
        path: &Path,
        header: &Header,
        epoch: Instant,
        notes: mpsc::UnboundedSender<(u64, Note)>,
    ) -> io::Result<Recorder> {
        let file = File::options().write(true).create_new(true).open(path)?;
        let state = State {
            writer: Writer::new(file, header)?,
            failure: None,
            tally: Tally::default(),
        };
        Ok(Recorder {
            epoch,
            state: Mutex::new(state),
            broken: watch::Sender::new(false),
            notes,
        })
    }

    /// The clock's zero.
    pub fn epoch(&self) -> Instant {
        self.epoch
    }

    /// Turns true when the history can no longer be written.
    pub fn broken(&self) -> watch::Receiver<bool> {
        self.broken.subscribe()
    }

    /// Records the beginning of an operation. To be called before the first byte leaves.
    pub fn invoke(&self, process: u64, f: &str, key: u64, value: &serde_json::Value, node: &str) -> Open {
        let mut event = Event {
            index: 0,
            time: 0,
            process,
            kind: EventType::Invoke,
            f: f.to_owned(),
            key: Some(key.into()),
            value: value.clone(),
            node: Some(node.to_owned()),
            error: None,
        };
        let mut state = self.lock();
        event.time = self.now_ns();
        state.tally.invoked += 1;
        self.write(&mut state, |writer| writer.event(&mut event));
        Open { event }
    }

    /// Records the end of an operation. To be called after the last byte arrived.
    pub fn complete(&self, open: Open, kind: EventType, value: serde_json::Value, error: Option<String>) {
        let mut event = open.event;
        let start_ns = event.time;
        (event.kind, event.value, event.error) = (kind, value, error);
        let mut state = self.lock();
        event.time = self.now_ns();
        match kind {
            EventType::Ok => state.tally.ok += 1,
            EventType::Fail => state.tally.failed += 1,
            EventType::Info | EventType::Invoke => state.tally.unknown += 1,
        }
        if kind == EventType::Ok {
            state
                .tally
                .latencies
                .push(Duration::from_nanos(event.time - start_ns));
        }
        self.write(&mut state, |writer| writer.event(&mut event));
    }

    /// Records that a phase of the run begins.
    pub fn phase(&self, phase: Phase) {
        nemesis::Journal::note(self, Note::Phase(phase));
    }

    /// The running numbers; latencies are handed over and start anew.
    pub fn tally(&self) -> Tally {
        let mut state = self.lock();
        let latencies = std::mem::take(&mut state.tally.latencies);
        Tally {
            latencies,
            ..state.tally.clone()
        }
    }

    /// The running numbers, and the moment (in nanoseconds) that they are of. Latencies stay where they are.
    pub fn numbers(&self) -> (u64, Tally) {
        let state = self.lock();
        let now_ns = self.now_ns();
        let tally = &state.tally;
        let numbers = Tally {
            latencies: Vec::new(),
            faults: tally.faults.clone(),
            ..*tally
        };
        (now_ns, numbers)
    }

    /// Makes the file durable.
    ///
    /// # Errors
    /// The first failure to write, or that of the sync.
    pub fn finish(&self) -> io::Result<()> {
        let mut state = self.lock();
        match state.failure.take() {
            Some(failure) => Err(failure),
            None => state.writer.get_ref().sync_all(),
        }
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).expect("a run lasts less than five hundred years")
    }

    fn write(&self, state: &mut State, put: impl FnOnce(&mut Writer<File>) -> io::Result<()>) {
        if state.failure.is_some() {
            return;
        }
        if let Err(failure) = put(&mut state.writer) {
            state.failure = Some(failure);
            self.broken.send_replace(true);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while recording")
    }
}

impl nemesis::Journal for Recorder {
    fn operations(&self) -> u64 {
        self.lock().tally.invoked
    }

    fn note(&self, note: Note) {
        let mut state = self.lock();
        let time = self.now_ns();
        if let Note::Fault(fault) = &note {
            match fault.step {
                FaultStep::Installed => state.tally.faults.push((fault.id, fault.fault.clone(), time)),
                FaultStep::Healed | FaultStep::Failed => {
                    state.tally.faults.retain(|(id, ..)| *id != fault.id)
                }
                FaultStep::Requested | FaultStep::Healing | FaultStep::Skipped => {}
            }
        }
        self.write(&mut state, |writer| writer.note(time, &note));
        // Under the lock, so that nobody who knows a later time can miss it. The display may be gone; the record is
        // what counts.
        let _ = self.notes.send((time, note));
    }
}
