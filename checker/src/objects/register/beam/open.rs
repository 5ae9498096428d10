//! What is open: calls that took effect in slots, those of unknown outcome in classes; and what can happen next.

use super::configuration::{Configuration, Often, Tally};
use super::walk::Effect;
use crate::objects::register::ledger::{Act, Ledger};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// How many calls that took effect can be open at one time.
const SLOTS: usize = u128::BITS as usize;

/// The open calls.
#[derive(Debug)]
pub struct Open<'a> {
    ledger: &'a Ledger,
    places: [u32; SLOTS],
    slots: Vec<u8>,
    taken: u128,
    /// The open writes.
    pub writes: u128,
    /// The open compare-and-sets.
    pub cases: u128,
    reads: u128,
    denials: u128,
    /// By value, what is open of it.
    of_value: Vec<OfValue>,
    classes: Vec<Class>,
    class_of: FxHashMap<Act, u32>,
    /// By the value that they leave, the classes of unknown compare-and-sets; and by the value that they find.
    unknown_into: FxHashMap<u32, Vec<u32>>,
    unknown_from: FxHashMap<u32, Vec<u32>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct OfValue {
    reads: u128,
    writes: u128,
    cases: u128,
    denials: u128,
}

/// Calls of unknown outcome that do the same.
#[derive(Debug)]
struct Class {
    act: Act,
    members: Vec<u32>,
}

/// A configuration, and the call that led there.
type Move = (Configuration, u32);

impl<'a> Open<'a> {
    /// Nothing is open yet.
    pub fn new(ledger: &'a Ledger) -> Open<'a> {
        Open {
            ledger,
            places: [0; SLOTS],
            slots: vec![0; ledger.entries.len()],
            taken: 0,
            writes: 0,
            cases: 0,
            reads: 0,
            denials: 0,
            of_value: vec![OfValue::default(); ledger.values as usize],
            classes: Vec::new(),
            class_of: FxHashMap::default(),
            unknown_into: FxHashMap::default(),
            unknown_from: FxHashMap::default(),
        }
    }

    /// A call that takes effect begins: its bit, or nothing when there is no room.
    pub fn add(&mut self, place: u32) -> Option<u128> {
        let slot = self.taken.trailing_ones();
        let bit = 1u128.checked_shl(slot)?;
        self.taken |= bit;
        self.places[slot as usize] = place;
        self.slots[place as usize] = slot as u8;
        self.flip(place, bit);
        Some(bit)
    }

    /// A call has taken effect and is over.
    pub fn remove(&mut self, place: u32) {
        let bit = self.bit_of(place);
        self.taken &= !bit;
        self.flip(place, bit);
    }

    /// A call that was over is open again, in its slot.
    pub fn put_back(&mut self, place: u32) {
        let bit = self.bit_of(place);
        self.taken |= bit;
        self.places[self.slots[place as usize] as usize] = place;
        self.flip(place, bit);
    }

    /// The call that was the last to begin has not begun.
    pub fn take_out(&mut self, place: u32) {
        let entry = &self.ledger.entries[place as usize];
        match (entry.is_required(), entry.act) {
            (_, Act::Nothing) | (false, Act::Read(_) | Act::Not(_)) => {}
            (true, _) => self.remove(place),
            (false, act) => {
                if let Some(class) = self.class_of.get(&act) {
                    self.classes[*class as usize].members.pop();
                }
            }
        }
    }

    fn flip(&mut self, place: u32, bit: u128) {
        let (kind, of_value) = match self.ledger.entries[place as usize].act {
            Act::Read(value) => (&mut self.reads, &mut self.of_value[value as usize].reads),
            Act::Write(value) => (&mut self.writes, &mut self.of_value[value as usize].writes),
            Act::Cas(old, _) => (&mut self.cases, &mut self.of_value[old as usize].cases),
            Act::Not(value) => (&mut self.denials, &mut self.of_value[value as usize].denials),
            Act::Nothing => return,
        };
        *kind ^= bit;
        *of_value ^= bit;
    }

    /// The bit of an open call.
    pub fn bit_of(&self, place: u32) -> u128 {
        1 << self.slots[place as usize]
    }

    /// A call of unknown outcome begins.
    pub fn add_unknown(&mut self, place: u32) {
        let act = self.ledger.entries[place as usize].act;
        if matches!(act, Act::Nothing | Act::Read(_) | Act::Not(_)) {
            return;
        }
        let next = self.classes.len() as u32;
        let class = *self.class_of.entry(act).or_insert(next);
        if class == next {
            self.classes.push(Class {
                act,
                members: Vec::new(),
            });
            if let Act::Cas(old, new) = act {
                self.unknown_into.entry(new).or_default().push(class);
                self.unknown_from.entry(old).or_default().push(class);
            }
        }
        self.classes[class as usize].members.push(place);
    }

    /// The open calls, those of unknown outcome first.
    pub fn places(&self) -> impl Iterator<Item = u32> {
        let unknown = self
            .classes
            .iter()
            .flat_map(|class| class.members.iter().copied());
        unknown.chain(bits(self.taken).map(|slot| self.places[slot]))
    }

    /// For effects in which one call of unknown outcome stands for all that do the same, one that is still left for each;
    /// `None` when there are not enough.
    pub fn tell_apart(&self, mut effects: Vec<Effect>) -> Option<Vec<Effect>> {
        let mut used = vec![0; self.classes.len()];
        for (event, place) in &mut effects {
            let entry = &self.ledger.entries[*place as usize];
            if !entry.is_required() {
                let class = *self.class_of.get(&entry.act)? as usize;
                *place = *self.classes[class].members.get(used[class])?;
                used[class] += 1;
                if self.ledger.entries[*place as usize].invoke > *event {
                    return None;
                }
            }
        }
        Some(effects)
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let classes = self.classes.len() * (size_of::<Class>() + 64);
        self.slots.len() + self.of_value.len() * size_of::<OfValue>() + classes
    }

    /// The next call of a class, if one is left.
    fn left(&self, at: &Configuration, class: u32, tally: &Tally) -> Option<u32> {
        let used = match tally.often {
            Often::Nothing => at.used_of(class),
            Often::Unknown | Often::Everything => 0,
        };
        self.classes[class as usize].members.get(used as usize).copied()
    }

    /// Everything that can happen now and that something open waits for; `wanted` is what the call that ends has to find.
    pub fn moves(&self, at: &Configuration, tally: &Tally, wanted: Option<u32>, moves: &mut Vec<Move>) {
        let (awaited, any) = self.awaited(at, tally);
        let ready = self.of_value[at.value as usize].cases & !at.done;
        let from_here = self.unknown_from.get(&at.value);
        // Before a compare-and-set the same value once more hides writes that nothing else would.
        let hides = self.writes & !at.done & !at.waived != 0 && (ready != 0 || from_here.is_some());
        for value in awaited.iter().filter(|value| **value != at.value || hides) {
            let unknown = !tally.thrifty || any || wanted == Some(*value);
            moves.extend(self.source(at, tally, *value, unknown));
        }
        for slot in bits(ready) {
            let place = self.places[slot];
            let act = self.ledger.entries[place as usize].act;
            // Of several that do the same, the one that ends first.
            let ends = |place: u32| self.ledger.entries[place as usize].complete;
            let sooner = |other: usize| {
                let other = self.places[other];
                self.ledger.entries[other as usize].act == act && ends(other) < ends(place)
            };
            if let Act::Cas(_, new) = act
                && !bits(ready).any(sooner)
            {
                let mut next = at.clone();
                next.done |= 1 << slot;
                self.enter(&mut next, new);
                moves.push((next, place));
            }
        }
        for class in from_here.into_iter().flatten() {
            if let Act::Cas(_, new) = self.classes[*class as usize].act
                && (any || awaited.contains(&new))
                && (!tally.thrifty || any || wanted == Some(new))
                // A write that can happen again and again would do the same and more.
                && !self.has_endless_source(at, new, tally.often)
                && let Some(place) = self.left(at, *class, tally)
            {
                let mut next = at.clone();
                if tally.often == Often::Nothing {
                    next.use_one(*class);
                }
                self.enter(&mut next, new);
                moves.push((next, place));
            }
        }
    }

    /// The values that something open waits for, and whether something waits for any other value.
    fn awaited(&self, at: &Configuration, tally: &Tally) -> (SmallVec<[u32; 16]>, bool) {
        let mut awaited = SmallVec::<[u32; 16]>::new();
        let any = self.denials & !at.done != 0;
        for slot in bits((self.reads | self.cases) & !at.done) {
            let found = self.ledger.entries[self.places[slot] as usize].act.finds();
            awaited.extend(found.filter(|value| !awaited.contains(value)));
        }
        if any {
            let writes = bits(self.writes & !at.done).map(|slot| self.places[slot]);
            let leaves = writes.map(|place| self.ledger.entries[place as usize].act);
            for act in leaves.chain(self.classes.iter().map(|class| class.act)) {
                if let Act::Write(value) = act
                    && !awaited.contains(&value)
                {
                    awaited.push(value);
                }
            }
        }
        let mut next = if tally.thrifty { awaited.len() } else { 0 };
        while let Some(value) = awaited.get(next).copied() {
            next += 1;
            for class in self.unknown_into.get(&value).into_iter().flatten() {
                if let Act::Cas(old, _) = self.classes[*class as usize].act
                    && !awaited.contains(&old)
                    && self.left(at, *class, tally).is_some()
                {
                    awaited.push(old);
                }
            }
        }
        (awaited, any)
    }

    /// A value is written by the best call for that, if there is one; by one of unknown outcome only
    /// where `unknown` says so.
    fn source(&self, at: &Configuration, tally: &Tally, value: u32, unknown: bool) -> Option<Move> {
        let writes = bits(self.of_value[value as usize].writes & !at.done).map(|slot| self.places[slot]);
        if let Some(place) = writes.min_by_key(|place| self.ledger.entries[*place as usize].complete) {
            return Some(self.written(at, tally, value, place));
        }
        if !unknown {
            return None;
        }
        let class = *self.class_of.get(&Act::Write(value))?;
        let place = self.left(at, class, tally)?;
        let mut next = at.clone();
        if tally.often == Often::Nothing {
            next.use_one(class);
        }
        next.waived = self.writes & !next.done;
        self.enter(&mut next, value);
        Some((next, place))
    }

    /// Whether some write can put a value there as often as it likes. One that can do so once is no such source:
    /// it may be needed later.
    fn has_endless_source(&self, at: &Configuration, value: u32, often: Often) -> bool {
        let is_open = || self.of_value[value as usize].writes & !at.done != 0;
        let is_unknown = || self.class_of.contains_key(&Act::Write(value));
        match often {
            Often::Nothing => false,
            Often::Unknown => is_unknown(),
            Often::Everything => is_open() || is_unknown(),
        }
    }

    /// An open write takes effect.
    pub fn written(&self, at: &Configuration, tally: &Tally, value: u32, place: u32) -> Move {
        let mut next = at.clone();
        if tally.often != Often::Everything {
            next.done |= self.bit_of(place);
        }
        next.waived = self.writes & !next.done;
        self.enter(&mut next, value);
        (next, place)
    }

    /// A value is in the register: whoever waits to see it does, and whoever waits for another is content.
    fn enter(&self, at: &mut Configuration, value: u32) {
        at.value = value;
        let of_value = &self.of_value[value as usize];
        at.done |= of_value.reads | self.denials & !of_value.denials;
    }
}

/// The places of the bits that are set.
fn bits(mut set: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let next = (set != 0).then(|| set.trailing_zeros() as usize);
        set &= set.wrapping_sub(1);
        next
    })
}
