//! What became of every element that was put into a set, a list or a queue, and of every addition to a counter: a count that says how bad it is, also where the
//! history is legal, and that no search is needed for.
//!
//! It follows Jepsen's `set-full` and `total-queue`. An element is *known* from when its update was acknowledged, or from when
//! somebody first saw it. Of the reads that began, the last that showed it and the last that did not are compared:
//!
//! * the last read that could show it did: it is **stable**, and **stale** if a read that began after it was
//!   known did not show it; for how long, is its latency;
//! * it is known, and since some read none shows it any more: it is **lost**;
//! * no read says anything: it was **never read**.
//!
//! An element that somebody tried to remove is neither lost nor stale, whatever reads say. What is taken (from a queue) is stable
//! when it was taken; known and not taken is lost where somebody found nothing later, else never read. As many as removals of
//! unknown outcome may have taken count as removed.
//!
//! Read next: `tally` for how it is counted.

mod tally;

pub(crate) use tally::{Sight, Tally};

use serde::{Deserialize, Serialize};

/// What became of all elements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// Elements that somebody tried to put in, once for each try.
    pub attempts: usize,
    /// Tries that were acknowledged.
    pub acknowledged: usize,
    /// Tries that certainly had no effect.
    pub failed: usize,
    /// Tries of which nobody knows the outcome.
    pub unknown: usize,
    /// Elements that stayed, or were taken once.
    pub stable: usize,
    /// Elements that somebody tried to remove.
    pub removed: usize,
    /// Elements that were known and are not there any more.
    pub lost: Named,
    /// Elements that were acknowledged, and of which no read says anything.
    pub never_read: Named,
    /// Elements that were missing in a read that began after they were known, and came back.
    pub stale: Named,
    /// Elements that were seen though nobody put them in, or only tries that failed.
    pub unexpected: Named,
    /// Elements of unknown outcome that were seen: they did take effect.
    pub recovered: Named,
    /// Elements that were seen more often, at one time, than they were put in; or taken more often.
    pub duplicated: Named,
    /// For how long stale elements were missing after they were known.
    pub stale_for: Option<Latencies>,
    /// How long after they were known lost elements were last seen; 0 when never.
    pub lost_after: Option<Latencies>,
}

/// How many elements, and which they are, up to [`Named::SHOWN_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// All of them.
    pub count: usize,
    /// The first.
    pub some: Vec<Element>,
}

/// An element, by the operation that put it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// The object, as a place in `History::keys`.
    pub key: u32,
    /// Its JSON, cut where it is long. It came from a system under test.
    pub element: String,
    /// The first operation that put it in, as a place in `History::operations`; none when nobody did.
    pub operation: Option<u32>,
}

/// Some times, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latencies {
    /// The median.
    pub median_ns: u64,
    /// Of a hundred, all but one are at most this.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

impl Named {
    /// How many are named at most.
    pub const SHOWN_MAX: usize = 100;

    /// How many are named in a sentence.
    const IN_A_SENTENCE: usize = 5;

    /// The first of them, with commas in between.
    fn first(&self) -> String {
        let some = self.some.iter().take(Self::IN_A_SENTENCE);
        let mut names: Vec<&str> = some.map(|it| it.element.as_str()).collect();
        if self.some.len() > names.len() {
            names.push("…");
        }
        names.join(", ")
    }

    fn add(&mut self, element: impl FnOnce() -> Element) {
        self.add_some(1, element);
    }

    /// Counts so many under one name.
    pub(crate) fn add_some(&mut self, count: usize, element: impl FnOnce() -> Element) {
        self.count += count;
        if self.some.len() < Self::SHOWN_MAX {
            self.some.push(element());
        }
    }
}

impl Latencies {
    fn of(mut times: Vec<u64>) -> Option<Latencies> {
        times.sort_unstable();
        let max_ns = *times.last()?;
        Some(Latencies {
            median_ns: times[(times.len() - 1) / 2],
            p99_ns: times[(times.len() - 1) * 99 / 100],
            max_ns,
        })
    }
}

impl Census {
    /// In a sentence: what is wrong, or that nothing is.
    pub fn sentence(&self) -> String {
        let wrong = [
            (&self.lost, "lost"),
            (&self.duplicated, "duplicated"),
            (&self.unexpected, "unexpected"),
            (&self.stale, "stale for a while"),
            (&self.never_read, "never read"),
        ];
        let wrong: Vec<String> = wrong
            .iter()
            .filter(|(named, _)| named.count > 0)
            .map(|(named, what)| format!("{} {what} ({})", named.count, named.first()))
            .collect();
        let of = format!("Of {} acknowledged elements", self.acknowledged);
        match wrong.as_slice() {
            [] => format!("{of} none was lost, duplicated, stale or made up."),
            some => format!("{of}: {}.", some.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
