//! Hard limits on time and memory, held inside the search.

use crate::course::{Course, Moment};
use crate::watch::Watch;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How long, and in how much memory, a history may be searched. Without limits: until there is a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// For the whole history.
    pub time: Option<Duration>,
    /// For what the searches of all keys remember at one time, in bytes. The history itself is not counted.
    pub memory_bytes: Option<usize>,
}

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// The time.
    Time,
    /// The memory.
    Memory,
}

/// How long counterexamples are made smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShrinkBudget {
    /// As long as the limits of the check allow.
    #[default]
    Limits,
    /// No longer than this for all violations of a history together.
    Time(Duration),
    /// Not at all: they are told as the algorithm gave them.
    Nothing,
}

/// The same, when the clock has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ShrinkUntil {
    Limits,
    Deadline(Instant),
    Nothing,
}

impl ShrinkBudget {
    /// The clock starts now.
    pub(crate) fn begin(self) -> ShrinkUntil {
        match self {
            ShrinkBudget::Limits => ShrinkUntil::Limits,
            ShrinkBudget::Nothing => ShrinkUntil::Nothing,
            ShrinkBudget::Time(time) => Instant::now()
                .checked_add(time)
                .map_or(ShrinkUntil::Limits, ShrinkUntil::Deadline),
        }
    }
}

/// What is left of the limits. Shared by the searches of all keys.
#[derive(Debug)]
pub struct Budget {
    began: Instant,
    deadline: Option<Instant>,
    shrink: ShrinkUntil,
    memory_max: usize,
    used: Arc<AtomicUsize>,
    peak: AtomicUsize,
    states: AtomicUsize,
}

impl Budget {
    /// The clock starts now.
    pub fn of(limits: &Limits) -> Budget {
        Budget::watched(limits, &Watch::default())
    }

    /// The same, where somebody watches what is used.
    pub(crate) fn watched(limits: &Limits, watch: &Watch) -> Budget {
        let began = Instant::now();
        Budget {
            began,
            deadline: limits.time.and_then(|time| began.checked_add(time)),
            shrink: ShrinkUntil::Limits,
            memory_max: limits.memory_bytes.unwrap_or(usize::MAX),
            used: Arc::clone(&watch.held),
            peak: AtomicUsize::new(0),
            states: AtomicUsize::new(0),
        }
    }

    /// The same limits, but no more than this time from now on.
    pub fn at_most(&self, time: Duration) -> Budget {
        self.until(Instant::now().checked_add(time))
    }

    fn until(&self, soon: Option<Instant>) -> Budget {
        Budget {
            began: self.began,
            deadline: self.deadline.min(soon).or(self.deadline).or(soon),
            shrink: self.shrink,
            memory_max: self.memory_max,
            used: Arc::default(),
            peak: AtomicUsize::new(0),
            states: AtomicUsize::new(0),
        }
    }

    /// The same, of which counterexamples are made smaller until then at most.
    pub(crate) fn shrinking(mut self, until: ShrinkUntil) -> Budget {
        self.shrink = until;
        self
    }

    /// What may be spent on making a counterexample smaller; nothing where that is not wanted.
    pub(crate) fn to_shrink(&self) -> Option<Budget> {
        match self.shrink {
            ShrinkUntil::Limits => Some(self.until(None)),
            ShrinkUntil::Deadline(deadline) => Some(self.until(Some(deadline))),
            ShrinkUntil::Nothing => None,
        }
    }

    /// Part of the budget of one search, which knows what it uses.
    pub fn account(&self) -> Account<'_> {
        Account {
            budget: self,
            used: 0,
            states: 0,
            behind: 0,
            course: Course::default(),
        }
    }

    /// The most bytes that were in use at one time.
    pub fn peak_bytes(&self) -> usize {
        self.peak.load(Relaxed)
    }

    /// How many states of affairs searches that are over have come to.
    pub fn states(&self) -> usize {
        self.states.load(Relaxed)
    }

    /// Whether the time is over.
    pub fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// What one search uses. What it used is given back when it is dropped.
#[derive(Debug)]
pub struct Account<'a> {
    budget: &'a Budget,
    used: usize,
    states: usize,
    behind: usize,
    course: Course,
}

impl Account<'_> {
    /// Says that the search has come to so many more states of affairs.
    pub fn comes_to(&mut self, states: usize) {
        self.states += states;
    }

    /// Says how many calls are behind the search.
    pub fn is_behind(&mut self, calls: usize) {
        self.behind = calls;
    }

    /// How the search went so far; it begins anew.
    pub fn course(&mut self) -> Vec<Moment> {
        self.course.moments()
    }

    /// Says how many bytes the search holds now, and whether it may go on.
    ///
    /// # Errors
    /// The limit that was reached.
    pub fn holds(&mut self, bytes: usize) -> Result<(), Limit> {
        let total = if bytes >= self.used {
            let more = bytes - self.used;
            self.budget.used.fetch_add(more, Relaxed) + more
        } else {
            let less = self.used - bytes;
            self.budget.used.fetch_sub(less, Relaxed) - less
        };
        self.used = bytes;
        self.budget.peak.fetch_max(total, Relaxed);
        let now = Instant::now();
        let reached = if total > self.budget.memory_max {
            Err(Limit::Memory)
        } else if self.budget.deadline.is_some_and(|deadline| now >= deadline) {
            Err(Limit::Time)
        } else {
            Ok(())
        };
        let moment = Moment {
            at: now.duration_since(self.budget.began),
            placed: self.behind,
            states: self.states,
            held_bytes: total,
        };
        self.course.look(moment, reached.is_err());
        reached
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.used, Relaxed);
        self.budget.states.fetch_add(self.states, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_shared_and_given_back() {
        let budget = Budget::of(&Limits {
            time: None,
            memory_bytes: Some(100),
        });
        let mut one = budget.account();
        assert_eq!(one.holds(60), Ok(()));
        let mut other = budget.account();
        assert_eq!(other.holds(60), Err(Limit::Memory));
        assert_eq!(one.holds(50), Err(Limit::Memory), "it is less, and too much");
        assert_eq!(one.holds(10), Ok(()));
        assert_eq!(other.holds(60), Ok(()));
        drop(other);
        assert_eq!(one.holds(100), Ok(()));
        assert_eq!(budget.peak_bytes(), 120);
    }

    #[test]
    fn states_of_affairs_of_all_searches_are_counted_when_they_are_over() {
        let budget = Budget::of(&Limits::default());
        let (mut one, mut other) = (budget.account(), budget.account());
        one.comes_to(2);
        one.comes_to(1);
        other.comes_to(4);
        assert_eq!(budget.states(), 0);
        drop(one);
        drop(other);
        assert_eq!(budget.states(), 7);
    }

    #[test]
    fn a_shorter_budget_is_never_a_longer_one() {
        let hour = Duration::from_secs(3600);
        let endless = Budget::of(&Limits::default());
        assert!(endless.at_most(Duration::ZERO).is_late() && !endless.at_most(hour).is_late());
        let over = Budget::of(&Limits {
            time: Some(Duration::ZERO),
            memory_bytes: None,
        });
        assert!(over.at_most(hour).is_late());
    }

    #[test]
    fn what_is_made_smaller_has_a_time_of_its_own_and_never_more_than_the_rest() {
        let of = |shrink: ShrinkBudget, time| {
            let limits = Limits {
                time,
                memory_bytes: None,
            };
            Budget::of(&limits).shrinking(shrink.begin()).to_shrink()
        };
        let (no_time, hour) = (Duration::ZERO, Duration::from_secs(3600));
        assert!(of(ShrinkBudget::Nothing, None).is_none());
        assert!(of(ShrinkBudget::Time(no_time), None).unwrap().is_late());
        assert!(!of(ShrinkBudget::Time(hour), None).unwrap().is_late());
        assert!(of(ShrinkBudget::Time(hour), Some(no_time)).unwrap().is_late());
        assert!(of(ShrinkBudget::Limits, Some(no_time)).unwrap().is_late());
        assert!(!of(ShrinkBudget::Time(Duration::MAX), None).unwrap().is_late());
    }

    #[test]
    fn no_time_is_no_time() {
        let budget = Budget::of(&Limits {
            time: Some(Duration::ZERO),
            memory_bytes: None,
        });
        assert_eq!(budget.account().holds(1), Err(Limit::Time));
    }
}
