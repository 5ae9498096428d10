//! The clocks of nodes: offset, jump, strobe and rate, while they run.
//!
//! Each node has a control file that libfaketime reads whenever the node asks for the time of day. It is replaced
//! as a whole, so that nobody reads half of it. The monotonic clock is left alone, as the clock of a real machine
//! would be; while the rate is not 1, libfaketime also scales how long a program sleeps or waits, as a crystal
//! that is off would.
//!
//! Two things make a fault evidence instead of a wish: a program of the node's environment says how far off its
//! clock really is ([`Clock::measure`]), and the kernel says whether the node has asked for the time at all
//! ([`ClockReading::node_looked`]).
//!
//! Read next: `setting` for the arithmetic, `library` for what libfaketime needs and what it is tried for, `reach`
//! for the programs that it cannot reach, `strobe` for the clock that does not hold still.

mod library;
mod looked;
mod probe;
mod reach;
mod setting;
mod strobe;

pub(crate) use library::Library;

use crate::sandbox::Missing;
use crate::system::CommandLine;
use looked::Looked;
use setting::Setting;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use strobe::Strobe;

/// A clock is at most so far off: ten years.
pub const OFFSET_MS_MAX: i64 = 10 * 365 * 24 * 3_600 * 1_000;

/// A clock runs at least and at most so many times as fast. libfaketime multiplies the rate by the nanoseconds since
/// the anchor, which may be 1970, as an `i64`: beyond 5 that overflows.
pub const RATES: std::ops::RangeInclusive<f64> = 0.25..=4.0;

/// A strobe holds each of its two times at least so long.
pub const STROBE_MIN: Duration = Duration::from_millis(1);

/// The control file, in a directory of the node's.
const CONTROL: &str = "offset";

const NS_IN_MS: i128 = 1_000_000;

/// What a clock is made to do, from now on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClockFault {
    /// To be off the true time by so much, ahead or (negative) behind.
    Offset {
        /// Milliseconds.
        by_ms: i64,
    },
    /// To jump by so much from what it shows now, ahead or (negative) back.
    Jump {
        /// Milliseconds.
        by_ms: i64,
    },
    /// To jump to and fro: off by the first at once, then by the second, then by the first again.
    Strobe {
        /// The two offsets from the true time, in milliseconds.
        between_ms: [i64; 2],
        /// How long each is shown; at least [`STROBE_MIN`].
        every: Duration,
    },
    /// To go on from what it shows now, so many times as fast; within [`RATES`].
    Rate {
        /// Seconds on it for each second.
        times: f64,
    },
}

/// What became of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockChange {
    /// How far off it was just before, in nanoseconds.
    pub before_ns: i64,
    /// How far off it was just after.
    pub after_ns: i64,
    /// How often the strobe that this ended had jumped.
    pub jumps: u64,
}

/// How far off a clock was seen to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// By a program in the node's environment, in nanoseconds.
    pub offset_ns: i64,
    /// How wrong that can be, either way: how long the program took to start.
    pub doubt_ns: i64,
    /// What it should have seen.
    pub expected_ns: i64,
    /// Whether a process of the node has asked for the time since the last change. A node that never does cannot
    /// feel a clock fault, whatever the clock shows.
    pub node_looked: bool,
}

impl ClockReading {
    /// Whether the clock shows what it was told to, as far as can be seen. Of a strobe the last time that it was
    /// told is compared, so that it is rarely of use there.
    pub fn as_expected(&self) -> bool {
        (self.offset_ns - self.expected_ns).abs() <= self.doubt_ns + NS_IN_MS as i64
    }
}

/// Why a clock could not be changed or looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClockError {
    /// The fault is out of bounds.
    #[error("set the clock of {node}: {what}")]
    Bounds {
        /// Which node.
        node: String,
        /// What is wrong and what is allowed.
        what: String,
    },
    /// The control file could not be replaced.
    #[error("set the clock of {node}: {path}: {source}")]
    Write {
        /// Which node.
        node: String,
        /// The control file.
        path: PathBuf,
        /// The file system's answer.
        source: io::Error,
    },
    /// The program that looks at the clock gave no answer.
    #[error("look at the clock of {node}: {reason}")]
    Look {
        /// Which node.
        node: String,
        /// What it did instead.
        reason: String,
    },
}

/// Whether the clock of a program can be changed at all: libfaketime is there, and can be loaded into it. `argv` is
/// the program and its arguments; scripts are followed to what runs them.
///
/// # Errors
/// Names the program and why not, and what to do about it.
pub fn reach(argv: &[String]) -> Result<(), Missing> {
    let (_, traits) = library::find(std::env::var_os(library::OVERRIDE).as_deref())?;
    reach::reach(argv, &std::env::var_os("PATH").unwrap_or_default(), &traits)
}

/// The clock of one node. Dropping it ends a strobe; the clock stays as it is.
#[derive(Debug)]
pub struct Clock {
    control: Arc<Control>,
    library: Arc<Library>,
    strobe: Mutex<Option<Strobe>>,
}

/// The control file of a clock, and what it says.
#[derive(Debug)]
struct Control {
    node: String,
    /// What its files in shared memory are called.
    name: String,
    file: String,
    anchor_ns: i128,
    looked: Looked,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    setting: Setting,
    rate_was_set: bool,
    node_looked: bool,
}

impl Clock {
    /// A clock that shows the true time.
    pub(crate) fn new(node: &str, library: Arc<Library>) -> io::Result<Clock> {
        static CLOCKS: AtomicU64 = AtomicU64::new(1);
        let name = format!("harness_{}", CLOCKS.fetch_add(1, Ordering::Relaxed));
        let dir = Path::new(library::SHARED_MEMORY).join(&name);
        fs::create_dir(&dir)?;
        let file = format!("{}/{name}/{CONTROL}", library::SHARED_MEMORY);
        fs::write(&file, Setting::TRUE.line(0, false))?;
        let control = Control {
            node: node.to_owned(),
            name,
            file,
            anchor_ns: library.anchor_ns(),
            looked: Looked::watch(&dir, CONTROL)?,
            state: Mutex::new(State {
                setting: Setting::TRUE,
                rate_was_set: false,
                node_looked: false,
            }),
        };
        Ok(Clock {
            control: Arc::new(control),
            library,
            strobe: Mutex::new(None),
        })
    }

    /// What a node's environment needs for its clock to be this one.
    pub(crate) fn environment(&self, command: &CommandLine) -> BTreeMap<String, String> {
        self.library
            .environment(&self.control.file, &self.control.name, command)
    }

    /// Makes ready for a start of the node.
    pub(crate) fn renew(&self) -> io::Result<()> {
        self.library.renew(&self.control.name)
    }

    /// Makes the clock do something else from now on; what it did before ends.
    ///
    /// # Errors
    /// When the fault is out of bounds; then the clock goes on as it was, but a strobe has ended. When the control
    /// file cannot be replaced.
    pub fn set(&self, fault: ClockFault) -> Result<ClockChange, ClockError> {
        let bounds = |what: String| ClockError::Bounds {
            node: self.control.node.clone(),
            what,
        };
        check(fault).map_err(bounds)?;
        let mut strobe = self.lock_strobe();
        let jumps = strobe.take().map_or(0, Strobe::end);
        let offset = |by_ms: i64| Setting::offset(i128::from(by_ms) * NS_IN_MS);
        let mut change = self.control.change(false, |before, now_ns| match fault {
            ClockFault::Offset { by_ms } => Ok(offset(by_ms)),
            ClockFault::Jump { by_ms } => {
                let to_ns = before.offset_at(now_ns) + i128::from(by_ms) * NS_IN_MS;
                // It may have run away before, at another rate.
                let far = to_ns.abs() > i128::from(OFFSET_MS_MAX) * NS_IN_MS;
                if far {
                    Err(far_off(to_ns))
                } else {
                    Ok(Setting::offset(to_ns))
                }
            }
            ClockFault::Strobe { between_ms, .. } => Ok(offset(between_ms[0])),
            ClockFault::Rate { times } => Ok(before.at_rate(times, now_ns)),
        })?;
        change.jumps = jumps;
        if let ClockFault::Strobe { between_ms, every } = fault {
            let control = Arc::clone(&self.control);
            let jump = move |odd: bool| {
                let to = offset(between_ms[usize::from(odd)]);
                control.change(true, |_, _| Ok(to)).map(drop)
            };
            let begun = Strobe::begin(&self.control.node, every, jump).map_err(self.control.write_error())?;
            *strobe = Some(begun);
        }
        Ok(change)
    }

    /// Lets the clock show the true time again, at once.
    ///
    /// # Errors
    /// When the control file cannot be replaced.
    pub fn heal(&self) -> Result<ClockChange, ClockError> {
        self.set(ClockFault::Offset { by_ms: 0 })
    }

    /// How far off the clock is told to be now, in nanoseconds.
    pub fn offset_ns(&self) -> i64 {
        whole(self.control.lock().setting.offset_at(probe::now_ns()))
    }

    /// How often the strobe that is going on has jumped.
    pub fn jumps(&self) -> u64 {
        self.lock_strobe().as_ref().map_or(0, Strobe::jumps)
    }

    /// Has a program of the node's environment look at the clock.
    ///
    /// # Errors
    /// When it cannot be started or says nothing that is a time.
    pub async fn measure(&self) -> Result<ClockReading, ClockError> {
        let (control, library) = (Arc::clone(&self.control), Arc::clone(&self.library));
        let node_looked = control.note_looks(&mut control.lock());
        let looking = tokio::task::spawn_blocking(move || {
            let name = format!("{}_probe", control.name);
            let look = library.look(&control.file, &name);
            // That was not the node; should it have looked meanwhile too, it is not believed to.
            control.looked.since_last();
            let reason = |reason| ClockError::Look {
                node: control.node.clone(),
                reason,
            };
            let look = look.map_err(reason)?;
            let expected = control
                .lock()
                .setting
                .offset_at(i128::midpoint(look.before_ns, look.after_ns));
            Ok(ClockReading {
                offset_ns: whole(look.offset_ns()),
                doubt_ns: whole(look.doubt_ns()),
                expected_ns: whole(expected),
                node_looked,
            })
        });
        looking.await.expect("it does not panic, and nobody aborts it")
    }

    fn lock_strobe(&self) -> MutexGuard<'_, Option<Strobe>> {
        self.strobe.lock().expect("nobody panics while holding this lock")
    }
}

impl Control {
    /// Replaces the setting by what comes out of it. What was looked at before counts on only when this is a step of
    /// the same fault.
    fn change(
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

    fn write_error(&self) -> impl FnOnce(io::Error) -> ClockError + use<> {
        let (node, path) = (self.node.clone(), PathBuf::from(&self.file));
        move |source| ClockError::Write { node, path, source }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding this lock")
    }
}

fn check(fault: ClockFault) -> Result<(), String> {
    let near = |by_ms: i64| {
        let far = by_ms.unsigned_abs() > OFFSET_MS_MAX.unsigned_abs();
        if far {
            Err(far_off(i128::from(by_ms) * NS_IN_MS))
        } else {
            Ok(())
        }
    };
    match fault {
        ClockFault::Offset { by_ms } | ClockFault::Jump { by_ms } => near(by_ms),
        ClockFault::Strobe { between_ms, every } => {
            between_ms.into_iter().try_for_each(near)?;
            if every < STROBE_MIN {
                return Err(format!("it cannot jump every {every:?}; at least {STROBE_MIN:?}"));
            }
            Ok(())
        }
        ClockFault::Rate { times } if !RATES.contains(&times) => Err(format!(
            "it cannot run {times} times as fast; from {} to {}",
            RATES.start(),
            RATES.end()
        )),
        ClockFault::Rate { .. } => Ok(()),
    }
}

fn far_off(ns: i128) -> String {
    format!(
        "it cannot be off by {} ms; at most {OFFSET_MS_MAX}",
        ns / NS_IN_MS
    )
}

fn whole(ns: i128) -> i64 {
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
}
