//! `--format ndjson`: what happens, a JSON document a line on standard output, while it happens.
//!
//! Every line has `v` (the version), `t_ns` (nanoseconds on the run's clock, never less than in the line before) and
//! `type`; [`Event`] says what else. A stream that ends without `run_finished` was cut off. Within version 1 fields
//! and types are only added.
//!
//! Lines go through a thread of their own: a reader that is slow delays the end of the command, never the run, and
//! one that went away is no error. Read next: `follow` for what is told of a run under way.

mod follow;

use crate::cli::Format;
use crate::meanwhile::meanwhile;
use checker::Watch;
use follow::Follower;
use history::{FaultStep, StopReason};
use results::{Outcome, Results, RunInfo};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The version of the format.
const VERSION: u32 = 1;

/// How often it is told how far a check is.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// The JSON Schema of a line.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Line).to_value()
}

/// One line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Line {
    /// The version of the format: 1.
    #[schemars(extend("const" = VERSION))]
    v: u32,
    /// When it happened, in nanoseconds on the run's clock; without a run, since the command began.
    t_ns: u64,
    /// What happened.
    #[serde(flatten)]
    event: Event,
}

/// What happened.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A run begins.
    RunStarted {
        /// Everything that it was asked to be.
        run: Box<RunInfo>,
        /// Its folder.
        directory: String,
    },
    /// A phase of the run begins.
    Phase {
        /// `set up`, `run`, `heal`, `recover`, `final`, `tear down`.
        name: String,
    },
    /// The main phase ends before its time.
    Stopping {
        /// Why.
        why: StopReason,
    },
    /// How the run stands, every second.
    Progress {
        /// Operations so far.
        ops: OperationCount,
        /// Operations that began since the last such line, per second.
        rate_per_s: f64,
        /// What each node does: `up`, `starting`, …
        nodes: BTreeMap<String, String>,
        /// The numbers of the faults that are in force.
        faults: Vec<u32>,
    },
    /// A step of a fault.
    Fault {
        /// Its number in the schedule.
        id: u32,
        /// `partition`, `kill`, …
        kind: String,
        /// How far it has come.
        step: FaultStep,
        /// What it is, in words.
        what: String,
        /// Whether the system felt it, when that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        felt: Option<bool>,
        /// What was seen of it, in words.
        #[serde(skip_serializing_if = "Option::is_none")]
        evidence: Option<String>,
    },
    /// A node ended though nobody had asked it to.
    Exit {
        /// Which.
        node: String,
        /// How, in words.
        status: String,
    },
    /// A violation was found.
    Violation {
        /// Its kind.
        code: String,
        /// What went wrong.
        sentence: String,
        /// Whether the whole history was checked, or (with `--fail-fast`) what there was of it.
        whole: bool,
    },
    /// How far the check has come.
    CheckProgress {
        /// Operations that have been checked.
        done: usize,
        /// Of how many, when that is known.
        of: Option<usize>,
    },
    /// The verdict. The last line.
    RunFinished {
        /// The verdict.
        verdict: Outcome,
        /// The exit code of the command.
        exit_code: u8,
        /// Why, in one sentence.
        sentence: String,
        /// The folder with everything else, `results.json` first.
        directory: Option<String>,
    },
}

/// Operations, counted.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct OperationCount {
    /// Invoked.
    pub invoked: u64,
    /// Certainly happened.
    pub ok: u64,
    /// Certainly did not.
    pub fail: u64,
    /// Nobody knows.
    pub info: u64,
}

/// Where events are told; nowhere, with any other format.
#[derive(Clone)]
pub struct Events {
    epoch: Instant,
    stream: Option<Arc<Mutex<Stream>>>,
}

struct Stream {
    lines: mpsc::Sender<String>,
    writer: Option<JoinHandle<()>>,
    latest_ns: u64,
    follower: Option<Follower>,
}

impl Events {
    /// Begins; the clock starts here.
    pub fn begin(format: Format) -> Events {
        let epoch = Instant::now();
        let stream = (format == Format::Ndjson).then(|| {
            let (lines, written) = mpsc::channel();
            Arc::new(Mutex::new(Stream {
                lines,
                writer: Some(std::thread::spawn(move || write(&written))),
                latest_ns: 0,
                follower: None,
            }))
        });
        Events { epoch, stream }
    }

    /// The clock's zero.
    pub fn epoch(&self) -> Instant {
        self.epoch
    }

    /// Tells what happens now; while a run is followed, after what has happened in it before.
    pub fn now(&self, event: Event) {
        let Some(mut stream) = self.stream() else { return };
        match &stream.follower {
            Some(follower) => follower.aside(event),
            None => {
                let now = self.epoch.elapsed().as_nanos();
                stream.put(u64::try_from(now).unwrap_or(u64::MAX), event);
            }
        }
    }

    /// Has a history checked, and tells every second how far that is.
    pub fn while_checked<T>(&self, watch: &Watch, check: impl FnOnce() -> T) -> T {
        if self.stream.is_none() {
            return check();
        }
        let tell = || {
            let standing = watch.standing();
            self.now(Event::CheckProgress {
                done: standing.operations_done,
                of: (standing.objects > 0).then_some(standing.operations),
            });
        };
        meanwhile(CHECK_EVERY, tell, check)
    }

    /// Tells the violations of the whole history, and that all of it was checked.
    pub fn checked(&self, results: &Results) {
        for row in &results.violations {
            self.now(Event::Violation {
                code: row.code.clone(),
                sentence: row.sentence.clone(),
                whole: true,
            });
        }
        self.now(Event::CheckProgress {
            done: results.ops.total,
            of: Some(results.ops.total),
        });
    }

    /// Tells the verdict, and waits until everything is written.
    pub fn finish(&self, results: &Results, directory: Option<&str>) {
        self.now(Event::RunFinished {
            verdict: results.verdict,
            exit_code: results.exit_code,
            sentence: results.reason.sentence.clone(),
            directory: directory.map(str::to_owned),
        });
        let writer = self.stream().and_then(|mut stream| {
            // Nobody holds the other sender any more.
            stream.lines = mpsc::channel().0;
            stream.writer.take()
        });
        if let Some(writer) = writer {
            // It ends when it has written everything; nothing in it can panic but the standard output itself.
            let _ = writer.join();
        }
    }

    fn stream(&self) -> Option<MutexGuard<'_, Stream>> {
        let stream = self.stream.as_ref()?;
        Some(stream.lock().expect("nobody panics while telling"))
    }

    fn put(&self, t_ns: u64, event: Event) {
        if let Some(mut stream) = self.stream() {
            stream.put(t_ns, event);
        }
    }
}

impl Stream {
    fn put(&mut self, t_ns: u64, event: Event) {
        self.latest_ns = self.latest_ns.max(t_ns);
        let line = Line {
            v: VERSION,
            t_ns: self.latest_ns,
            event,
        };
        let mut text = serde_json::to_string(&line).expect("an event is plain JSON");
        text.push('\n');
        // Standard output may be gone.
        let _ = self.lines.send(text);
    }
}

fn write(lines: &mpsc::Receiver<String>) {
    while let Ok(line) = lines.recv() {
        let mut out = std::io::stdout().lock();
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}
