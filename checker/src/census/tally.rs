//! Counting what became of elements: one pass over the operations, and one back over the reads.

use super::{Census, Element, Latencies};
use history::{History, Outcome};
use rustc_hash::FxHashMap;

/// What one operation says of elements, which are numbered by whoever counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sight {
    /// It puts this in.
    Adds(u32),
    /// It takes this out, by name: from then on its absence says nothing.
    Removes(u32),
    /// It was told whether this is in.
    Looks(u32, bool),
    /// It was told all that is in: an answer, numbered by whoever counts.
    Reads(u32),
    /// It took this out, whichever it was.
    Takes(u32),
}

/// An event and its time in nanoseconds.
type Moment = (u32, u64);

/// One element of one key.
#[derive(Clone, Debug, Default)]
struct Fate {
    tries: u32,
    acknowledged: u32,
    unknown: u32,
    /// The first operation that put it in.
    first: Option<u32>,
    removed: bool,
    taken: u32,
    /// The event and the time from which on it is known.
    known: Option<Moment>,
    /// When the last read began that showed it, and the last that did not: the event and the time.
    present: Option<Moment>,
    absent: Option<Moment>,
    most: u32,
}

/// The count so far.
pub(crate) struct Tally<'h> {
    history: &'h History,
    fates: FxHashMap<(u32, u32), Fate>,
    /// By key and answer, when it was first given in full, and when the last read began that was given it.
    reads: FxHashMap<(u32, u32), [Moment; 2]>,
    census: Census,
}

fn fate_of(fates: &mut FxHashMap<(u32, u32), Fate>, key: u32, element: u32) -> &mut Fate {
    fates.entry((key, element)).or_default()
}

fn later(one: &mut Option<Moment>, other: Moment) {
    *one = (*one).max(Some(other));
}

fn earlier(one: &mut Option<Moment>, other: Moment) {
    *one = Some(one.map_or(other, |one| one.min(other)));
}

impl<'h> Tally<'h> {
    /// Nothing counted.
    pub fn of(history: &'h History) -> Self {
        Tally {
            history,
            fates: FxHashMap::default(),
            reads: FxHashMap::default(),
            census: Census::default(),
        }
    }

    /// Counts one operation.
    pub fn add(&mut self, number: u32, sight: Sight) {
        let operation = &self.history.operations[number as usize];
        let began = (operation.invoke, operation.start_ns);
        let ended = (operation.complete, operation.end_ns);
        let is_ok = operation.outcome == Outcome::Ok;
        let key = operation.key;
        match sight {
            Sight::Adds(element) => {
                let fate = fate_of(&mut self.fates, key, element);
                self.census.attempts += 1;
                match operation.outcome {
                    Outcome::Ok => {
                        self.census.acknowledged += 1;
                        fate.acknowledged += 1;
                        earlier(&mut fate.known, ended);
                    }
                    Outcome::Info => {
                        self.census.unknown += 1;
                        fate.unknown += 1;
                    }
                    Outcome::Fail => {
                        self.census.failed += 1;
                        fate.first = fate.first.or(Some(number));
                        return;
                    }
                }
                fate.tries += 1;
                fate.first = fate.first.or(Some(number));
            }
            Sight::Removes(element) if operation.outcome != Outcome::Fail => {
                fate_of(&mut self.fates, key, element).removed = true
            }
            Sight::Looks(element, true) if is_ok => {
                let fate = fate_of(&mut self.fates, key, element);
                earlier(&mut fate.known, ended);
                later(&mut fate.present, began);
                fate.most = fate.most.max(1);
            }
            Sight::Looks(element, false) if is_ok => {
                later(&mut fate_of(&mut self.fates, key, element).absent, began)
            }
            Sight::Takes(element) if is_ok => {
                let fate = fate_of(&mut self.fates, key, element);
                fate.taken += 1;
                earlier(&mut fate.known, ended);
                later(&mut fate.present, began);
            }
            Sight::Reads(answer) if is_ok => {
                let times = self
                    .reads
                    .entry((operation.key, answer))
                    .or_insert([ended, began]);
                times[0] = times[0].min(ended);
                times[1] = times[1].max(began);
            }
            Sight::Removes(_) | Sight::Looks(..) | Sight::Takes(_) | Sight::Reads(_) => {}
        }
    }

    /// The count. `name` shows an element, `elements` are those of an answer.
    pub fn finish(mut self, name: impl Fn(u32) -> String, elements: impl Fn(u32) -> Vec<u32>) -> Census {
        self.go_back(elements);
        let mut fates: Vec<((u32, u32), Fate)> = self.fates.into_iter().collect();
        fates.sort_unstable_by_key(|((key, element), _)| (*key, *element));
        let mut census = self.census;
        let (mut stale_for, mut lost_after) = (Vec::new(), Vec::new());
        for ((key, element), fate) in fates {
            let named = || Element {
                key,
                element: name(element),
                operation: fate.first,
            };
            let is_seen = fate.present.is_some();
            if fate.tries == 0 {
                if is_seen {
                    census.unexpected.add(named);
                }
                continue;
            }
            if is_seen && fate.acknowledged == 0 && fate.unknown > 0 {
                census.recovered.add(named);
            }
            if fate.taken.max(fate.most) > fate.tries {
                census.duplicated.add(named);
            }
            if fate.removed {
                census.removed += 1;
            } else if fate.present > fate.absent || fate.taken > 0 {
                census.stable += 1;
                if let (Some((event, known)), Some((missing, at))) = (fate.known, fate.absent)
                    && missing > event
                    // What was taken is rightly missing afterwards.
                    && fate.taken == 0
                {
                    census.stale.add(named);
                    stale_for.push(at.saturating_sub(known));
                }
            } else if let (Some((event, known)), Some((missing, _))) = (fate.known, fate.absent)
                && missing > event
            {
                census.lost.add(named);
                lost_after.push(fate.present.map_or(0, |(_, at)| at.saturating_sub(known)));
            } else if fate.acknowledged > 0 {
                census.never_read.add(named);
            }
        }
        census.stale_for = Latencies::of(stale_for);
        census.lost_after = Latencies::of(lost_after);
        census
    }

    /// Of every element of a key, the last read that showed it and the last that did not: from the last answer back,
    /// with the elements that all later ones have.
    fn go_back(&mut self, elements: impl Fn(u32) -> Vec<u32>) {
        let mut in_all: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (key, element) in self.fates.keys() {
            in_all.entry(*key).or_default().push(*element);
        }
        let mut answers: Vec<_> = self.reads.drain().collect();
        answers.sort_unstable_by_key(|(_, [_, began])| std::cmp::Reverse(*began));
        for ((key, answer), [ended, began]) in answers {
            let mut shown = elements(answer);
            shown.sort_unstable();
            for same in shown.chunk_by(|a, b| a == b) {
                let fate = self.fates.entry((key, same[0])).or_default();
                fate.most = fate.most.max(same.len() as u32);
                earlier(&mut fate.known, ended);
                later(&mut fate.present, began);
            }
            let Some(left) = in_all.get_mut(&key) else {
                continue;
            };
            left.retain(|element| {
                let is_shown = shown.binary_search(element).is_ok();
                if !is_shown && let Some(fate) = self.fates.get_mut(&(key, *element)) {
                    later(&mut fate.absent, began);
                }
                is_shown
            });
        }
    }
}
