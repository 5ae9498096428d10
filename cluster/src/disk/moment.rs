//! Moments of a disk, for whoever wants to strike in the middle of what a program does with it: a name in one of its
//! directories changes, and then there are so many more requests that change what is on it or make it durable.
//!
//! From such a moment on the disk can *stand still*: no request is worked on until whoever waits for it lets go, or
//! cuts the power. So what comes next finds the disk in exactly that state, however long it takes.

use super::power::Supply;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// No name has changed since it was asked for.
    Waiting,
    /// A name has changed. What is to come after that has not come yet.
    Begun,
    /// It is there.
    Reached,
}

/// A moment that somebody waits for. Dropping it lets the disk go on.
#[derive(Debug)]
pub struct Moment {
    awaited: Arc<Awaited>,
    moments: Arc<Moments>,
}

impl Moment {
    /// Waits until it has come so far.
    pub async fn at(&self, progress: Progress) {
        let mut seen = self.awaited.progress.subscribe();
        // Its sender lives as long as this.
        let _ = seen.wait_for(|it| *it >= progress).await;
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        *self.awaited.progress.borrow()
    }
}

impl Drop for Moment {
    fn drop(&mut self) {
        let mut all = self.moments.all();
        all.retain(|other| !Arc::ptr_eq(other, &self.awaited));
        self.moments.any.store(!all.is_empty(), Relaxed);
        drop(all);
        if let Some(supply) = self.awaited.left().standing_still.take() {
            supply.go_on();
        }
    }
}

#[derive(Debug)]
struct Awaited {
    stands_still: bool,
    left: Mutex<Left>,
    progress: watch::Sender<Progress>,
}

/// What is left to wait for.
#[derive(Debug)]
struct Left {
    requests: u32,
    /// What stands still because it was reached.
    standing_still: Option<Arc<Supply>>,
}

impl Awaited {
    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&self, is_name: bool, supply: &Arc<Supply>) {
        let mut left = self.left();
        let progress = *self.progress.borrow();
        match progress {
            Progress::Waiting if !is_name => return,
            Progress::Reached => return,
            Progress::Waiting => {}
            Progress::Begun => left.requests -= 1,
        }
        let now = match left.requests {
            0 => Progress::Reached,
            _ => Progress::Begun,
        };
        if now == Progress::Reached && self.stands_still {
            supply.stand_still();
            left.standing_still = Some(Arc::clone(supply));
        }
        drop(left);
        if now != progress {
            self.progress.send_replace(now);
        }
    }
}

/// All moments of a disk that somebody waits for.
#[derive(Debug, Default)]
pub struct Moments {
    any: AtomicBool,
    all: Mutex<Vec<Arc<Awaited>>>,
}

impl Moments {
    /// So many requests after the next change of a name.
    pub fn after_a_change(self: &Arc<Self>, then_requests: u32, stands_still: bool) -> Moment {
        let awaited = Arc::new(Awaited {
            stands_still,
            left: Mutex::new(Left {
                requests: then_requests,
                standing_still: None,
            }),
            progress: watch::Sender::new(Progress::Waiting),
        });
        let mut all = self.all();
        all.push(Arc::clone(&awaited));
        self.any.store(true, Relaxed);
        Moment {
            awaited,
            moments: Arc::clone(self),
        }
    }

    /// A request has changed what is on the disk, or made it durable; perhaps a name in a directory. This is the power
    /// that it had.
    pub fn step(&self, is_name: bool, supply: &Arc<Supply>) {
        if self.any.load(Relaxed) {
            self.all()
                .iter()
                .for_each(|awaited| awaited.step(is_name, supply));
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<Awaited>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::errno::Errno;

    /// Steps as letters: `n` a name, `w` anything else.
    fn progress(moment: &Moment, moments: &Moments, supply: &Arc<Supply>, steps: &str) -> Progress {
        steps.chars().for_each(|step| moments.step(step == 'n', supply));
        moment.progress()
    }

    #[test]
    fn a_moment_is_so_many_requests_after_a_name() {
        let (moments, supply) = (Arc::new(Moments::default()), Arc::default());
        for (then_requests, steps, expected) in [
            (0, "ww", Progress::Waiting),
            (0, "wn", Progress::Reached),
            (2, "wn", Progress::Begun),
            (2, "nw", Progress::Begun),
            (2, "nwn", Progress::Reached),
            (2, "nwwww", Progress::Reached),
        ] {
            let moment = moments.after_a_change(then_requests, false);
            let reached = progress(&moment, &moments, &supply, steps);
            assert_eq!(reached, expected, "{then_requests} after {steps}");
        }
        assert!(moments.all().is_empty(), "nobody waits any more");
    }

    #[test]
    fn a_disk_stands_still_until_the_moment_is_let_go_or_power_is_cut() {
        let (moments, supply) = (Arc::new(Moments::default()), Arc::new(Supply::default()));
        let moment = moments.after_a_change(0, true);
        progress(&moment, &moments, &supply, "w");
        assert!(supply.hold().is_ok(), "not yet");
        progress(&moment, &moments, &supply, "n");
        let asked = {
            let supply = Arc::clone(&supply);
            std::thread::spawn(move || supply.hold().map(drop))
        };
        assert!(supply.stands_still());
        drop(moment);
        assert_eq!(asked.join().unwrap(), Ok(()));
        assert!(!supply.stands_still());

        let moment = moments.after_a_change(0, true);
        progress(&moment, &moments, &supply, "n");
        let asked = {
            let supply = Arc::clone(&supply);
            std::thread::spawn(move || supply.hold().map(drop))
        };
        supply.cut();
        assert_eq!(asked.join().unwrap(), Err(Errno::EIO));
    }
}
