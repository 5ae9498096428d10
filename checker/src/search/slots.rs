//! A line of slots, filled one after another: one scan decides whether it can be.
//!
//! An object goes through the places of a line: from 0 to 1, to 2, and so on. An update takes it one place on, a read
//! says at which place it is. Each step of the line can be made by some updates only: by those of a class, or by the one that
//! was told its place. A list that is appended to is such a line (the longest read says which element comes
//! when), and a counter that always grows by the same amount.
//!
//! The scan goes through the events and is lazy: it moves on only when a call completes that needs it. Then it is
//! never further than any legal order has to be, so what is too far for a read is too far in every order; and each step
//! is made as late as possible, when most updates have begun. Of the updates that can make a step the one that completes first
//! makes it: wherever an order has another one there, the two can change places. What has no outcome completes
//! never, and is taken last. O(n log n), however many outcomes are unknown.

use history::NEVER;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a call does on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Makes a step of this class, or one beyond the end of the line.
    Step(u32),
    /// Makes the step to this place.
    StepTo(u32),
    /// Sees that this is the place.
    See(u32),
}

/// A call on the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// What it does.
    pub role: Role,
    /// The event of its invocation.
    pub invoke: u32,
    /// The event of its completion; [`NEVER`] when it may do nothing.
    pub complete: u32,
}

/// The steps of the line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line<'a> {
    /// The class of each. Beyond the end everything goes, and nothing is seen.
    Listed(&'a [u32]),
    /// All of class 0, without end.
    Same,
}

/// Where it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Who cannot be placed.
    pub call: u32,
    /// Who took the line too far for it; nobody, when the line could not come far enough.
    pub by: Option<u32>,
    /// At which event.
    pub event: u32,
}

/// A legal order of the calls (places in the slice, which is in the order of invocations), or where there is none.
pub(crate) fn scan(calls: &[Entry], line: Line<'_>) -> Result<Vec<u32>, Broken> {
    let mut ends: Vec<u32> = (0..calls.len() as u32)
        .filter(|place| calls[*place as usize].complete != NEVER)
        .collect();
    ends.sort_unstable_by_key(|place| calls[*place as usize].complete);
    let mut scan = Scan::new(calls, line);
    let mut begun = 0;
    for end in ends {
        let complete = calls[end as usize].complete;
        while let Some(call) = calls.get(begun)
            && call.invoke < complete
        {
            scan.begin(begun as u32)?;
            begun += 1;
        }
        scan.finish(end)?;
    }
    Ok(scan.order)
}

struct Scan<'a> {
    calls: &'a [Entry],
    line: Line<'a>,
    /// The place on the line.
    at: u32,
    /// Who made it go on from each place.
    moved_by: Vec<u32>,
    done: Vec<bool>,
    order: Vec<u32>,
    /// By class, the updates that have begun and made no step, those first that complete first.
    pools: FxHashMap<u32, BinaryHeap<Reverse<(u32, u32)>>>,
    /// Who was told that it made the step to a place.
    told: FxHashMap<u32, u32>,
    /// The reads that have begun and wait for a place.
    waiting: FxHashMap<u32, Vec<u32>>,
    /// By class, its next step.
    next: FxHashMap<u32, u32>,
    /// By step, the next of the same class.
    next_same: Vec<u32>,
}

impl<'a> Scan<'a> {
    fn new(calls: &'a [Entry], line: Line<'a>) -> Self {
        let mut told = FxHashMap::default();
        for (call, place) in calls.iter().zip(0u32..) {
            if let Role::StepTo(to) = call.role {
                told.entry(to).or_insert(place);
            }
        }
        let mut next: FxHashMap<u32, u32> = FxHashMap::default();
        let mut next_same = Vec::new();
        if let Line::Listed(classes) = line {
            next_same = vec![NEVER; classes.len()];
            for (step, class) in classes.iter().enumerate().rev() {
                next_same[step] = next.insert(*class, step as u32).unwrap_or(NEVER);
            }
        }
        Scan {
            calls,
            line,
            at: 0,
            moved_by: Vec::new(),
            done: vec![false; calls.len()],
            order: Vec::with_capacity(calls.len()),
            pools: FxHashMap::default(),
            told,
            waiting: FxHashMap::default(),
            next,
            next_same,
        }
    }

    fn begin(&mut self, place: u32) -> Result<(), Broken> {
        let call = self.calls[place as usize];
        let too_far = |scan: &Self, from: u32| Broken {
            call: place,
            by: scan.moved_by.get(from as usize).copied(),
            event: call.invoke,
        };
        match call.role {
            Role::Step(class) => {
                let pool = self.pools.entry(class).or_default();
                pool.push(Reverse((call.complete, place)));
            }
            Role::StepTo(to) if to <= self.at => return Err(too_far(self, to.saturating_sub(1))),
            Role::StepTo(_) => {}
            Role::See(here) if here == self.at => self.place(place),
            Role::See(gone) if gone < self.at => return Err(too_far(self, gone)),
            Role::See(later) => self.waiting.entry(later).or_default().push(place),
        }
        Ok(())
    }

    fn finish(&mut self, place: u32) -> Result<(), Broken> {
        if self.done[place as usize] {
            return Ok(());
        }
        match self.calls[place as usize].role {
            Role::See(here) => self.go_on(here, place),
            Role::StepTo(to) => {
                self.go_on(to, place)?;
                match self.done[place as usize] {
                    true => Ok(()),
                    false => Err(self.broken(place, self.told.get(&to).copied())),
                }
            }
            Role::Step(class) => match (self.line, self.next.get(&class)) {
                // A step that somebody was told to have made is not its own.
                (Line::Same, _) => {
                    while !self.done[place as usize] {
                        self.go_on(self.at + 1, place)?;
                    }
                    Ok(())
                }
                (Line::Listed(_), Some(step)) if *step != NEVER => self.go_on(step + 1, place),
                (Line::Listed(classes), _) => {
                    self.go_on(classes.len() as u32, place)?;
                    // Beyond the end; there it is the one that completes first of its class.
                    self.pools.get_mut(&class).and_then(BinaryHeap::pop);
                    if self.at == classes.len() as u32 {
                        self.at += 1;
                        self.moved_by.push(place);
                    }
                    self.place(place);
                    Ok(())
                }
            },
        }
    }

    fn place(&mut self, place: u32) {
        self.done[place as usize] = true;
        self.order.push(place);
    }

    fn broken(&self, call: u32, by: Option<u32>) -> Broken {
        Broken {
            call,
            by,
            event: self.calls[call as usize].complete,
        }
    }

    /// Moves on to a place, because `by` needs it.
    fn go_on(&mut self, to: u32, by: u32) -> Result<(), Broken> {
        let ends_at = self.calls[by as usize].complete;
        while self.at < to {
            let class = match self.line {
                Line::Same => 0,
                Line::Listed(classes) => classes[self.at as usize],
            };
            let mover = match self.told.get(&(self.at + 1)) {
                Some(told) => (self.calls[*told as usize].invoke < ends_at).then_some(*told),
                None => {
                    let pool = self.pools.get_mut(&class);
                    pool.and_then(BinaryHeap::pop).map(|Reverse((_, place))| place)
                }
            };
            let Some(mover) = mover else {
                return Err(self.broken(by, None));
            };
            self.place(mover);
            if let Some(next) = self.next.get_mut(&class) {
                *next = self.next_same[self.at as usize];
            }
            self.moved_by.push(by);
            self.at += 1;
            for read in self.waiting.remove(&self.at).unwrap_or_default() {
                self.place(read);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(role: Role, invoke: u32, complete: u32) -> Entry {
        Entry {
            role,
            invoke,
            complete,
        }
    }

    #[test]
    fn of_two_that_can_make_a_step_the_one_that_ends_first_makes_it() {
        // Both append 7; the list is 7, 8, 7, and 8 is appended when the second 7 is long over.
        let calls = [
            entry(Role::Step(7), 0, 9),
            entry(Role::Step(7), 1, 2),
            entry(Role::Step(8), 3, 4),
            entry(Role::See(3), 5, 8),
        ];
        assert_eq!(scan(&calls, Line::Listed(&[7, 8, 7])), Ok(vec![1, 2, 0, 3]));
    }

    #[test]
    fn a_read_of_a_place_that_is_gone_names_who_took_it_away() {
        let calls = [
            entry(Role::Step(0), 0, 1),
            entry(Role::Step(0), 2, 3),
            entry(Role::See(1), 4, 5),
        ];
        let broken = scan(&calls, Line::Same).unwrap_err();
        assert_eq!((broken.call, broken.by), (2, Some(1)));
    }

    #[test]
    fn a_place_that_cannot_be_reached_is_nobodys_fault() {
        let calls = [
            entry(Role::Step(0), 0, NEVER),
            entry(Role::See(2), 1, 2),
            entry(Role::Step(0), 3, 4),
        ];
        let broken = scan(&calls, Line::Same).unwrap_err();
        assert_eq!((broken.call, broken.by, broken.event), (1, None, 2));
    }

    #[test]
    fn who_was_told_its_place_makes_that_step_and_no_other() {
        let calls = [
            entry(Role::StepTo(2), 0, 5),
            entry(Role::Step(0), 1, 4),
            entry(Role::StepTo(2), 2, 6),
        ];
        assert_eq!(scan(&calls[..2], Line::Same), Ok(vec![1, 0]));
        assert_eq!(scan(&calls, Line::Same).unwrap_err().by, Some(0));
    }

    #[test]
    fn beyond_the_end_nothing_is_seen_any_more() {
        let calls = [
            entry(Role::Step(1), 0, NEVER),
            entry(Role::Step(2), 1, 2),
            entry(Role::See(1), 3, 4),
        ];
        assert!(scan(&calls, Line::Listed(&[1])).is_err());
        let concurrent = [calls[0], entry(Role::Step(2), 1, 5), calls[2]];
        assert_eq!(scan(&concurrent, Line::Listed(&[1])), Ok(vec![0, 2, 1]));
    }
}
