//! What matters of the past of a register for its future.

use crate::objects::register::ledger::INITIAL;
use crate::search::trail::START;
use smallvec::SmallVec;

/// A possible past.
#[derive(Debug)]
pub struct Configuration {
    /// What is in the register.
    pub value: u32,
    /// How it came to be, in the trail.
    pub by: u32,
    /// The open calls that have taken effect, a bit for each.
    pub done: u128,
    /// The open writes that need not, because they may have been hidden by another.
    pub waived: u128,
    /// How many calls of unknown outcome have taken effect, by their class; sorted.
    pub used: SmallVec<[(u32, u32); 6]>,
}

impl Clone for Configuration {
    fn clone(&self) -> Configuration {
        Configuration {
            // All at once, and not one after the other as its own `clone` does.
            used: SmallVec::from_slice(&self.used),
            ..*self
        }
    }
}

/// What configurations are compared by: the kinds of the open calls.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// The open writes.
    pub writes: u128,
    /// The open compare-and-sets.
    pub cases: u128,
    /// What may happen as often as it likes.
    pub often: Often,
    /// Whether calls of unknown outcome take effect only when the call that ends cannot do without.
    pub thrifty: bool,
}

/// What may happen more than once: that asks less than the history does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Often {
    /// As it should be.
    Nothing,
    /// Calls of unknown outcome, once they have begun.
    Unknown,
    /// Those, and writes while they are open.
    Everything,
}

impl Configuration {
    /// Before everything.
    pub fn first() -> Configuration {
        Configuration {
            value: INITIAL,
            by: START,
            done: 0,
            waived: 0,
            used: SmallVec::new(),
        }
    }

    /// How many of a class have taken effect.
    pub fn used_of(&self, class: u32) -> u32 {
        let found = self.used.iter().find(|(other, _)| *other == class);
        found.map_or(0, |(_, count)| *count)
    }

    /// One more of a class takes effect.
    pub fn use_one(&mut self, class: u32) {
        match self.used.binary_search_by_key(&class, |(class, _)| *class) {
            Ok(place) => self.used[place].1 += 1,
            Err(place) => self.used.insert(place, (class, 1)),
        }
    }

    /// Whether whatever the other can do, this one can do as well: it holds the same value, its compare-and-sets
    /// stand the same, it has answered at least as many readers, its writes are at least as free (waived is as good as
    /// either used or not), and it has used no more of what is unknown.
    pub fn dominates(&self, other: &Configuration, tally: &Tally) -> bool {
        let differ = self.done ^ other.done;
        let readers = !(tally.writes | tally.cases);
        self.value == other.value
            && differ & tally.cases == 0
            && other.done & !self.done & readers == 0
            && tally.writes & !self.waived & (differ | other.waived) == 0
            && self
                .used
                .iter()
                .all(|(class, count)| other.used_of(*class) >= *count)
    }

    /// Configurations of different groups never dominate each other.
    pub fn group(&self, tally: &Tally) -> (u32, u128) {
        (self.value, self.done & tally.cases)
    }

    /// By group, and in it those first that can dominate others.
    pub fn rank(&self, tally: &Tally) -> (u32, u128, std::cmp::Reverse<i64>) {
        let (value, cases) = self.group(tally);
        (value, cases, std::cmp::Reverse(self.freedom(tally)))
    }

    /// Grows with everything that domination asks for.
    fn freedom(&self, tally: &Tally) -> i64 {
        let answered = (self.done & !(tally.writes | tally.cases)).count_ones();
        let used: i64 = self.used.iter().map(|(_, count)| i64::from(*count)).sum();
        i64::from(answered + self.waived.count_ones()) - used
    }

    /// How likely it is to go on for long: most by what may still happen or vanish.
    pub fn promise(&self, tally: &Tally) -> i64 {
        const WAIVED: i64 = 8;
        let more = (WAIVED - 1) * i64::from(self.waived.count_ones());
        self.freedom(tally) + more + i64::from((self.done & tally.cases).count_ones())
    }
}
