//! The updates around a core by what they ask: of those that ask the same it only matters how many have happened.

use crate::{CallOf, Object};
use rustc_hash::{FxHashMap, FxHashSet};

/// So many ways to choose among the updates around a core are few.
const CHOICES_FEW: u32 = 512;

/// Updates that may each happen at any time, or never.
pub(super) struct Classes<'a, O: Object> {
    /// What is asked, and by how many.
    pub all: Vec<(&'a O::Input, u32)>,
}

/// A state, and how many updates of each class have happened before it; nothing where that does not count, because each
/// may happen as often as it likes.
pub(super) type Reached<O> = (Vec<u32>, <O as Object>::State);

impl<'a, O: Object> Classes<'a, O> {
    /// The classes of some updates.
    pub fn of(free: &'a [CallOf<O>]) -> Self {
        let mut all: Vec<(&O::Input, u32)> = Vec::new();
        let mut class_of: FxHashMap<&O::Input, usize> = FxHashMap::default();
        for call in free {
            let class = *class_of.entry(&call.input).or_insert(all.len());
            match all.get_mut(class) {
                Some((_, times)) => *times += 1,
                None => all.push((&call.input, 1)),
            }
        }
        Classes { all }
    }

    /// Whether they can be chosen from in so few ways that each choice can be kept apart.
    pub fn are_few(&self) -> bool {
        let choices = self
            .all
            .iter()
            .try_fold(1u32, |all, (_, times)| all.checked_mul(times + 1));
        choices.is_some_and(|choices| choices <= CHOICES_FEW)
    }

    /// Before any of them has happened.
    pub fn begin(&self, object: &O) -> Reached<O> {
        let counted = if self.are_few() { self.all.len() } else { 0 };
        (vec![0; counted], object.initial())
    }

    /// Adds whatever they can lead to; `None` when there would be more than `most`.
    pub fn spread(&self, object: &O, reached: &mut FxHashSet<Reached<O>>, most: usize) -> Option<()> {
        let mut fresh: Vec<Reached<O>> = reached.iter().cloned().collect();
        while let Some((used, state)) = fresh.pop() {
            for (class, (input, times)) in self.all.iter().enumerate() {
                if used.get(class) == Some(times) {
                    continue;
                }
                let Some(next) = object.step(&state, input, None).filter(|next| *next != state) else {
                    continue;
                };
                let mut used = used.clone();
                if let Some(used) = used.get_mut(class) {
                    *used += 1;
                }
                let next = (used, next);
                if reached.insert(next.clone()) {
                    fresh.push(next);
                }
            }
            if reached.len() > most {
                return None;
            }
        }
        Some(())
    }
}
