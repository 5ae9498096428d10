//! How far an order of a large core comes: a longest legal beginning, and why nothing can come next.
//!
//! Of a small core every order is shown; a large one has too many.

use super::super::classes::{Classes, Reached};
use super::super::verify::CORE_MAX;
use super::{Case, STATES_MAX};
use crate::{CoreOperation, Frontier, Object};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

/// More states of affairs than these, over all beginnings, and it is not said.
const EFFORT_MAX: usize = 200_000;
/// So many states are told each in its words.
const SHOWN_MAX: usize = 3;

/// A legal beginning: its members in order, and what it led to.
struct Beginning<O: Object> {
    order: Vec<usize>,
    at: Reached<O>,
}

impl<O: Object> Case<'_, O> {
    /// None where that is too much to be said.
    pub(super) fn furthest(&self, members: &[CoreOperation]) -> Option<Frontier> {
        let classes = Classes::of(&self.free);
        let order = self.longest_beginning(&classes)?;
        // All that the same order can have led to: the updates around it may have happened in other ways.
        let mut reached = FxHashSet::from_iter([classes.begin(self.object)]);
        let mut states = Vec::new();
        for place in &order {
            classes.spread(self.object, &mut reached, STATES_MAX)?;
            reached = reached.iter().filter_map(|at| self.after(at, *place)).collect();
            states.push(self.shown(&reached));
        }
        classes.spread(self.object, &mut reached, STATES_MAX)?;
        let next = (0..self.kept.len()).filter(|place| !order.contains(place));
        let next = next.map(|place| {
            let whole: Vec<usize> = order.iter().copied().chain([place]).collect();
            match self.waits_for(&order, place) {
                Some(other) => Some(self.too_early(whole, other, place, members)),
                None => {
                    let fits = reached.iter().any(|at| self.after(at, place).is_some());
                    (!fits).then(|| self.refused(&whole, place, &reached))
                }
            }
        });
        let next = next.collect::<Option<Vec<_>>>()?;
        Some(Frontier { order, states, next })
    }

    /// The states of which one is that of the object, in words.
    fn shown(&self, reached: &FxHashSet<Reached<O>>) -> Option<String> {
        let all = reached.iter().map(|(_, state)| self.object.show_state(state));
        let all: BTreeSet<String> = all.collect::<Option<_>>()?;
        Some(match all.len() {
            0..=SHOWN_MAX => all.into_iter().collect::<Vec<_>>().join(" or "),
            more => format!("one of {more} states"),
        })
    }

    /// The members of a longest beginning that respects real time and every answer.
    fn longest_beginning(&self, classes: &Classes<'_, O>) -> Option<Vec<usize>> {
        if self.kept.len() > CORE_MAX {
            return None;
        }
        let mut longest: Vec<Beginning<O>> = vec![Beginning {
            order: Vec::new(),
            at: classes.begin(self.object),
        }];
        let mut effort = 0;
        loop {
            let mut longer: Vec<Beginning<O>> = Vec::new();
            let mut known = FxHashSet::default();
            for beginning in &longest {
                let mut reached = FxHashSet::from_iter([beginning.at.clone()]);
                classes.spread(self.object, &mut reached, STATES_MAX)?;
                effort += reached.len();
                if effort > EFFORT_MAX {
                    return None;
                }
                let next = (0..self.kept.len()).filter(|it| !beginning.order.contains(it));
                for place in next.filter(|place| self.waits_for(&beginning.order, *place).is_none()) {
                    let order: Vec<usize> = beginning.order.iter().copied().chain([place]).collect();
                    let members: u64 = order.iter().map(|it| 1 << it).sum();
                    for at in reached.iter().filter_map(|at| self.after(at, place)) {
                        if known.insert((members, at.clone())) {
                            let order = order.clone();
                            longer.push(Beginning { order, at });
                        }
                    }
                }
            }
            if longer.is_empty() {
                return longest.into_iter().next().map(|it| it.order);
            }
            longest = longer;
        }
    }

    /// A member that has to come before another by the clock and has not.
    fn waits_for(&self, order: &[usize], place: usize) -> Option<usize> {
        (0..self.kept.len()).find(|other| !order.contains(other) && self.before(*other, place))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tell;
    use crate::Calls;
    use crate::Violation;
    use crate::cell::Cell;
    use crate::proof::shrink::Core;
    use crate::proof::wording::Setting;
    use std::time::Instant;

    /// What is said of these calls on a register, all of them together as the core.
    fn told(calls: &Calls<Option<u32>, u32>) -> Violation {
        let setting = Setting {
            history: None,
            key: 0,
            name: "x".to_owned(),
        };
        let count = calls.as_slice().len();
        let core = Core {
            members: (0..count as u32).collect(),
            answer_counts: vec![true; count],
            ..Core::default()
        };
        tell(
            &Cell::<u32>::default(),
            &setting,
            calls.as_slice(),
            core,
            Instant::now(),
        )
        .unwrap()
    }

    /// Two writes at one time, of 1 (A) and of 2 (B), and meanwhile one read after another.
    fn two_writes_and_reads(told: &[u32]) -> Calls<Option<u32>, u32> {
        let mut calls = Calls::new();
        let writes = [1, 2].map(|value| calls.invoke(Some(value)));
        for value in told {
            let read = calls.invoke(None);
            calls.ok(read, *value);
        }
        writes.into_iter().for_each(|write| calls.ok(write, 0));
        calls
    }

    #[test]
    fn of_a_large_core_it_is_said_how_far_an_order_comes_and_why_nothing_is_next() {
        let violation = told(&two_writes_and_reads(&[1, 1, 2, 1, 2, 2]));
        assert!(violation.orders.is_empty());
        let frontier = violation.frontier.unwrap();
        // A, the reads of 1, B, and the read of 2: C, D, E are the reads.
        assert_eq!(frontier.order, [0, 2, 3, 1, 4]);
        let states: Vec<&str> = frontier.states.iter().flatten().map(String::as_str).collect();
        assert_eq!(states, ["1", "1", "1", "2", "2"]);
        let next: Vec<(usize, &str)> = frontier
            .next
            .iter()
            .map(|order| (order.fails_at, order.sentence.as_str()))
            .collect();
        assert_eq!(
            next,
            [
                (5, "F cannot be told 1 there."),
                (6, "F had finished before G began."),
                (7, "F had finished before H began."),
            ]
        );
        assert_eq!(frontier.next[0].order, [0, 2, 3, 1, 4, 5]);
        assert_eq!(frontier.next[0].was.as_deref(), Some("1"));
    }

    #[test]
    fn where_the_orders_are_shown_it_is_not_said() {
        let violation = told(&two_writes_and_reads(&[1, 2, 1]));
        assert!(!violation.orders.is_empty());
        assert_eq!(violation.frontier, None);
    }
}
