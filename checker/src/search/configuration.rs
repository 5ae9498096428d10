//! A state of affairs: the object's state, and which open calls have led there.

use smallvec::SmallVec;

/// Everything about the past that matters for the future.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Configuration<S> {
    /// What the object remembers.
    pub state: S,
    /// Which of the open calls that have to take effect have done so, by slot.
    pub done: Slots,
    /// How many calls of unknown outcome have taken effect, by their class; sorted, none with zero.
    pub used: SmallVec<[(u32, u32); 2]>,
}

impl<S> Configuration<S> {
    /// How many of a class have taken effect.
    pub fn used_of(&self, class: u32) -> u32 {
        match self.used.binary_search_by_key(&class, |(class, _)| *class) {
            Ok(place) => self.used[place].1,
            Err(_) => 0,
        }
    }

    /// One more of a class takes effect.
    pub fn use_one(&mut self, class: u32) {
        match self.used.binary_search_by_key(&class, |(class, _)| *class) {
            Ok(place) => self.used[place].1 += 1,
            Err(place) => self.used.insert(place, (class, 1)),
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let used = if self.used.spilled() {
            self.used.capacity() * 8
        } else {
            0
        };
        used + self.done.heap_bytes()
    }
}

/// A set of slots, small as long as few calls are open at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Slots(SmallVec<[u64; 2]>);

impl Slots {
    /// Whether the slot is in it.
    pub fn has(&self, slot: u32) -> bool {
        self.0
            .get(slot as usize / 64)
            .is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// Adds a slot.
    pub fn add(&mut self, slot: u32) {
        let place = slot as usize / 64;
        if self.0.len() <= place {
            self.0.resize(place + 1, 0);
        }
        self.0[place] |= 1 << (slot % 64);
    }

    /// Takes a slot out.
    pub fn remove(&mut self, slot: u32) {
        if let Some(word) = self.0.get_mut(slot as usize / 64) {
            *word &= !(1 << (slot % 64));
        }
        // Equal sets are equal words.
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn heap_bytes(&self) -> usize {
        if self.0.spilled() {
            self.0.capacity() * 8
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn equal_sets_are_equal_however_they_came_about() {
        let (mut one, mut other) = (Slots::default(), Slots::default());
        one.add(3);
        one.add(200);
        one.remove(200);
        other.add(3);
        assert_eq!(one, other);
        assert!(one.has(3) && !one.has(200) && !one.has(5));
    }

    #[test]
    fn slots_and_counts_are_what_a_set_and_a_table_of_them_are() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut at = Configuration {
            state: (),
            done: Slots::default(),
            used: SmallVec::new(),
        };
        let (mut set, mut table) = (BTreeSet::new(), BTreeMap::new());
        for _ in 0..5000 {
            let slot = rng.random_range(0..200);
            match rng.random_bool(0.5) {
                true => {
                    at.done.add(slot);
                    set.insert(slot);
                }
                false => {
                    at.done.remove(slot);
                    set.remove(&slot);
                }
            }
            let mut same = Slots::default();
            set.iter().for_each(|slot| same.add(*slot));
            assert_eq!(at.done, same);
            assert!((0..300).all(|slot| at.done.has(slot) == set.contains(&slot)));
            let class = rng.random_range(0..9);
            at.use_one(class);
            *table.entry(class).or_insert(0) += 1;
            assert!((0..10).all(|class| at.used_of(class) == table.get(&class).copied().unwrap_or(0)));
        }
        assert!(at.used.is_sorted());
    }
}
