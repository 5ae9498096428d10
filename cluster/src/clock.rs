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

mod control;
mod fault;
mod installed;
mod library;
mod looked;
mod probe;
mod reach;
mod setting;
mod strobe;

pub(crate) use library::Library;

pub use fault::{ClockError, ClockFault, OFFSET_MS_MAX, RATES, STROBE_MIN};

use crate::sandbox::Missing;
use crate::system::CommandLine;
use control::Control;
use fault::{NS_IN_MS, check, far_off};
use setting::Setting;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use strobe::Strobe;

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
    /// How wrong that can be, either way: half of the time that the program took, as it is on that clock.
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

/// Whether the clock of a program can be changed at all: libfaketime is there, and can be loaded into it. `argv` is
/// the program and its arguments; scripts are followed to what runs them.
///
/// # Errors
/// Names the program and why not, and what to do about it.
pub fn reach(argv: &[String]) -> Result<(), Missing> {
    let (_, traits) = installed::find(std::env::var_os(installed::OVERRIDE).as_deref())?;
    reach::reach(argv, &std::env::var_os("PATH").unwrap_or_default(), &traits)
}

/// The clock of one node. Dropping it ends a strobe; the clock stays as it is.
#[derive(Debug)]
pub struct Clock {
    control: Arc<Control>,
    library: Arc<Library>,
    strobe: Mutex<Option<Strobe>>,
}

impl Clock {
    /// A clock that shows the true time.
    pub(crate) fn new(node: &str, library: Arc<Library>) -> io::Result<Clock> {
        Ok(Clock {
            control: Arc::new(Control::new(node, library.anchor_ns())?),
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
        let node_looked = control.node_looked();
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
            let setting = control.lock().setting;
            let expected = setting.offset_at(i128::midpoint(look.before_ns, look.after_ns));
            Ok(ClockReading {
                offset_ns: whole(look.offset_ns()),
                doubt_ns: whole(setting.on_it(look.doubt_ns())),
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

fn whole(ns: i128) -> i64 {
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
}
