//! Which algorithm decides, and which decided how many objects.

use std::sync::{Mutex, PoisonError};

/// Which algorithm decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// The best one that is known for the object and its operations.
    #[default]
    Best,
    /// The search that serves any object, event by event ([`crate::search::frontier`]): to have a second opinion. It may
    /// come to a limit where the best has none.
    Search,
}

/// Algorithms by name, with how many objects each has decided. Shared by the threads that do so.
#[derive(Debug, Default)]
pub(crate) struct Algorithms(Mutex<Vec<(&'static str, usize)>>);

impl Algorithms {
    /// One object more.
    pub fn count(&self, name: &'static str) {
        // Whoever panicked while counting has counted, or not.
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.iter_mut().find(|(other, _)| *other == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }

    /// The names, that which decided most first; with how many, where there are several. `none` when nothing was
    /// decided.
    pub fn names(self, none: &str) -> String {
        let mut counts = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        match counts.as_slice() {
            [] => none.to_owned(),
            [(name, _)] => (*name).to_owned(),
            several => {
                let each = several.iter().map(|(name, count)| format!("{name} ({count})"));
                each.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_algorithms_are_named_with_how_many_objects_each_decided() {
        let algorithms = Algorithms::default();
        for name in ["frontier", "zones", "zones"] {
            algorithms.count(name);
        }
        assert_eq!(algorithms.names("nothing"), "zones (2), frontier (1)");
        assert_eq!(Algorithms::default().names("nothing"), "nothing");
    }
}
