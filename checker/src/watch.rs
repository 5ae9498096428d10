//! How far a check has come, for whoever waits for it.
//!
//! Nothing of it has any influence on the check. Objects of a few operations are only counted: they are decided before
//! anybody could look.

use crate::Limits;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Of objects with at least so many operations it is known that they are being checked.
const OPERATIONS_MIN: usize = 64;

/// Watches one check. It is asked from another thread, at any time.
#[derive(Debug, Default)]
pub struct Watch {
    objects: AtomicUsize,
    operations: AtomicUsize,
    objects_done: AtomicUsize,
    operations_done: AtomicUsize,
    /// What the searches hold now; shared with their budget.
    pub(crate) held: Arc<AtomicUsize>,
    memory_max: AtomicUsize,
    under_way: Mutex<Vec<(String, Instant)>>,
}

/// How far a check had come when somebody looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many objects there are; 0 before that is known.
    pub objects: usize,
    /// How many operations they have together.
    pub operations: usize,
    /// How many objects are decided, or have reached a limit.
    pub objects_done: usize,
    /// How many operations these have.
    pub operations_done: usize,
    /// How many bytes the searches hold.
    pub held_bytes: usize,
    /// How many they may hold; none for as many as it takes.
    pub memory_max_bytes: Option<usize>,
    /// The object that has been searched for the longest time of those that are being searched, and for how long.
    pub hardest: Option<(String, Duration)>,
}

impl Watch {
    /// How far it has come.
    pub fn standing(&self) -> Standing {
        let limit = self.memory_max.load(Relaxed);
        let under_way = self.under_way();
        let hardest = under_way.iter().min_by_key(|(_, since)| *since);
        Standing {
            objects: self.objects.load(Relaxed),
            operations: self.operations.load(Relaxed),
            objects_done: self.objects_done.load(Relaxed),
            operations_done: self.operations_done.load(Relaxed),
            held_bytes: self.held.load(Relaxed),
            memory_max_bytes: (limit > 0).then_some(limit),
            hardest: hardest.map(|(name, since)| (name.clone(), since.elapsed())),
        }
    }

    /// A check of so many objects with so many operations begins.
    pub(crate) fn begin(&self, objects: usize, operations: usize, limits: &Limits) {
        self.operations.store(operations, Relaxed);
        self.objects.store(objects, Relaxed);
        self.memory_max.store(limits.memory_bytes.unwrap_or(0), Relaxed);
    }

    /// Has an object checked that has so many operations.
    pub(crate) fn during<T>(
        &self,
        name: impl FnOnce() -> String,
        operations: usize,
        check: impl FnOnce() -> T,
    ) -> T {
        let shown = (operations >= OPERATIONS_MIN).then(|| (name(), Instant::now()));
        if let Some(shown) = &shown {
            self.under_way().push(shown.clone());
        }
        let checked = check();
        if let Some(shown) = &shown {
            let mut under_way = self.under_way();
            if let Some(place) = under_way.iter().position(|it| it == shown) {
                under_way.swap_remove(place);
            }
        }
        self.operations_done.fetch_add(operations, Relaxed);
        self.objects_done.fetch_add(1, Relaxed);
        checked
    }

    fn under_way(&self) -> MutexGuard<'_, Vec<(String, Instant)>> {
        self.under_way.lock().expect("nobody panics while noting a name")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_being_checked_for_the_longest_time_is_named_and_what_is_done_is_counted() {
        let watch = Watch::default();
        assert_eq!(watch.standing(), Standing::default());
        let limits = Limits {
            time: None,
            memory_bytes: Some(100),
        };
        watch.begin(3, 155, &limits);
        let named = |name: &'static str| move || name.to_owned();
        watch.during(named("small"), 5, || {
            assert_eq!(watch.standing().hardest, None, "nobody could look so soon");
        });
        watch.during(named("x"), 70, || {
            std::thread::sleep(Duration::from_millis(2));
            watch.during(named("y"), 80, || {
                watch.held.fetch_add(60, Relaxed);
                let standing = watch.standing();
                let (name, lasted) = standing.hardest.unwrap();
                assert!(name == "x" && lasted >= Duration::from_millis(2));
                assert_eq!((standing.objects, standing.objects_done), (3, 1));
                assert_eq!((standing.held_bytes, standing.memory_max_bytes), (60, Some(100)));
            });
        });
        let standing = watch.standing();
        assert_eq!(
            (standing.objects_done, standing.operations_done),
            (3, standing.operations)
        );
        assert_eq!(standing.hardest, None);
    }
}
