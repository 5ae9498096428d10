//! The queue with elements that are added more than once: a search for the order in which it served them.
//!
//! An order of a queue's calls is a sequence of *pairs*, an enqueue with the dequeue that took its element, and of dequeues
//! that found nothing; what was not taken comes last. A sequence is legal exactly when no call in it comes later than
//! one that began when it was over: an enqueue after an enqueue or a dequeue, a dequeue after a dequeue, and whatever
//! comes before a dequeue that found nothing. So the search goes pair by pair, and all that it remembers is which
//! enqueues and dequeues are behind it: two windows, however long the queue is. (That is what gives the bound of
//! Lee and Mathur, 2025, for elements that are not unique, too.)
//!
//! Of calls that could be next and ask the same, the one that has to be over first goes first, so it branches by
//! elements only. It is tried with narrow layers first, which finds an order quickly where there are many.

use super::elements::{AFTER, NOBODY};
use super::fifo::Line;
use super::{Asked, CollectionCall, Told};
use crate::budget::Account;
use crate::search::trail::{START, Trail};
use crate::search::{Judgement, Stuck};
use crate::{Budget, Limit, Moment};
use history::Value;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// How many states of affairs are kept in a layer, in turn; the last keeps all.
const WIDTHS: [usize; 3] = [8, 512, usize::MAX];
/// After how many of them the budget is asked.
const STEPS_PER_LOOK: usize = 256;

/// Calls of one kind, of which some are behind: those before `next`, and those in `ahead`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Window {
    next: u32,
    ahead: SmallVec<[u32; 6]>,
}

impl Window {
    fn take(&mut self, place: u32) {
        if place == self.next {
            self.next += 1;
            while self.ahead.first() == Some(&self.next) {
                self.ahead.remove(0);
                self.next += 1;
            }
        } else if let Err(at) = self.ahead.binary_search(&place) {
            self.ahead.insert(at, place);
        }
    }

    /// The last that is behind.
    fn latest(&self) -> Option<u32> {
        self.ahead.last().copied().or(self.next.checked_sub(1))
    }

    /// Those that are not behind and began by the time at which the first of them had to be over, and that time.
    fn open(&self, calls: &[Span]) -> (SmallVec<[u32; 16]>, u32) {
        let (mut open, mut limit) = (SmallVec::new(), AFTER);
        for place in self.next..calls.len() as u32 {
            let call = &calls[place as usize];
            if call.first > limit {
                break;
            }
            if self.ahead.binary_search(&place).is_err() {
                limit = limit.min(call.last);
                open.push(place);
            }
        }
        (open, limit)
    }
}

/// A call that must have taken effect.
#[derive(Clone, Copy, Debug)]
struct Span {
    call: u32,
    value: Value,
    first: u32,
    last: u32,
}

/// What is behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Behind {
    adds: Window,
    removes: Window,
    empties: Window,
    /// How many removals of unknown outcome, the first of them.
    unknown: u32,
    /// How many additions of unknown outcome, by value, the first of each; sorted.
    perhaps: SmallVec<[(u32, u32); 2]>,
}

/// One layer's member, and how it was reached.
struct Reached {
    behind: Behind,
    by: u32,
}

/// Whether the calls have a legal order.
pub(crate) fn search(calls: &[CollectionCall], budget: &Budget) -> Judgement {
    let mut search = Search::new(calls);
    for width in WIDTHS {
        let mut account = budget.account();
        match search.layers(width, &mut account) {
            Ok(Some(judgement)) => return judgement,
            Ok(None) => {}
            Err(limit) => return Judgement::Unknown(search.stuck(limit, account.course())),
        }
    }
    unreachable!("the widest search leaves nothing out")
}

struct Search<'a> {
    calls: &'a [CollectionCall],
    adds: Vec<Span>,
    removes: Vec<Span>,
    empties: Vec<Span>,
    unknown: Vec<u32>,
    /// Additions of unknown outcome by value, with the class's number.
    classes: FxHashMap<Value, u32>,
    perhaps: Vec<Vec<u32>>,
    /// How many pairs the last layer had behind it, its width, and one of its members.
    depth: usize,
    width: usize,
    last: Behind,
}

impl<'a> Search<'a> {
    fn new(calls: &'a [CollectionCall]) -> Self {
        let mut search = Search {
            calls,
            adds: Vec::new(),
            removes: Vec::new(),
            empties: Vec::new(),
            unknown: Vec::new(),
            classes: FxHashMap::default(),
            perhaps: Vec::new(),
            depth: 0,
            width: 0,
            last: Behind::default(),
        };
        for (call, place) in calls.iter().zip(0u32..) {
            let span = |value| Span {
                call: place,
                value,
                first: call.invoke,
                last: call.complete - 1,
            };
            match (call.input, call.output) {
                (Asked::Add(value), _) if call.is_required() => search.adds.push(span(value)),
                (Asked::Add(value), _) => {
                    let next = search.perhaps.len() as u32;
                    let class = *search.classes.entry(value).or_insert(next);
                    if class == next {
                        search.perhaps.push(Vec::new());
                    }
                    search.perhaps[class as usize].push(place);
                }
                (Asked::Remove, None) => search.unknown.push(place),
                (Asked::Remove, Some(Told::Element(value))) => search.removes.push(span(value)),
                (Asked::Remove, Some(_)) => search.empties.push(span(Value::NULL)),
            }
        }
        search
    }

    /// Pair by pair, with at most so many states of affairs each time. `None` when there is no order among these, and
    /// others were left out.
    fn layers(&mut self, width: usize, account: &mut Account<'_>) -> Result<Option<Judgement>, Limit> {
        let mut trail = Trail::default();
        let mut is_whole = true;
        let mut layer = vec![Reached {
            behind: Behind::default(),
            by: START,
        }];
        self.depth = 0;
        loop {
            let mut next = Vec::new();
            let mut seen: FxHashSet<Behind> = FxHashSet::default();
            for (count, mut reached) in layer.into_iter().enumerate() {
                self.see_nothing(&mut reached, &mut trail);
                if self.is_done(&reached.behind) {
                    let order = self.order(&trail.calls(reached.by), &reached.behind);
                    return Ok(Some(Judgement::Legal { order }));
                }
                for (add, remove, behind) in self.pairs(&reached.behind) {
                    if next.len() >= width {
                        is_whole = false;
                        break;
                    }
                    if seen.insert(behind.clone()) {
                        let added = trail.then(reached.by, add);
                        let by = match remove {
                            NOBODY => added,
                            remove => {
                                let by = trail.then(added, remove);
                                trail.release(added);
                                by
                            }
                        };
                        account.comes_to(1);
                        next.push(Reached { behind, by });
                    }
                }
                trail.release(reached.by);
                self.last = reached.behind;
                if count % STEPS_PER_LOOK == 0 {
                    let each = size_of::<Reached>() + size_of::<Behind>() * 2;
                    account.holds(trail.bytes() + next.len() * each + self.bytes())?;
                }
            }
            if next.is_empty() {
                let suspects = (0..self.calls.len() as u32).collect();
                return Ok(is_whole.then_some(Judgement::Illegal { suspects }));
            }
            self.depth += 1;
            account.is_behind(2 * self.depth);
            self.width = next.len();
            layer = next;
        }
    }

    /// Everything that can have found nothing now, has: that takes nothing from what comes after.
    fn see_nothing(&self, reached: &mut Reached, trail: &mut Trail) {
        loop {
            let behind = &mut reached.behind;
            let (open, limit) = behind.empties.open(&self.empties);
            if open.is_empty() {
                return;
            }
            let (_, add_by) = behind.adds.open(&self.adds);
            let (_, remove_by) = behind.removes.open(&self.removes);
            let removed = behind.removes.latest().map(|it| self.removes[it as usize].first);
            let unknown = behind.unknown.checked_sub(1);
            let unknown = unknown.map(|it| self.calls[self.unknown[it as usize] as usize].invoke);
            let first = removed.max(unknown).unwrap_or(0);
            let limit = limit.min(add_by).min(remove_by);
            let fits = |it: &&u32| self.empties[**it as usize].first <= limit && first <= add_by;
            let Some(place) = open.iter().find(fits) else {
                return;
            };
            let by = trail.then(reached.by, self.empties[*place as usize].call);
            trail.release(reached.by);
            reached.by = by;
            behind.empties.take(*place);
        }
    }

    fn is_done(&self, behind: &Behind) -> bool {
        behind.removes.next as usize == self.removes.len()
            && behind.empties.next as usize == self.empties.len()
    }

    /// Each pair that can be next, with what is behind then; the removal is that of a required call, or of unknown
    /// outcome.
    fn pairs(&self, behind: &Behind) -> Vec<(u32, u32, Behind)> {
        let (adds, add_by) = behind.adds.open(&self.adds);
        let (removes, remove_by) = behind.removes.open(&self.removes);
        let (_, empty_by) = behind.empties.open(&self.empties);
        let add_limit = add_by.min(remove_by).min(empty_by);
        let remove_limit = remove_by.min(empty_by);
        let mut pairs = Vec::new();
        // Of several that ask the same, the one that has to be over first.
        let best_add = |value: Value| {
            let fits = |it: &&u32| {
                let add = &self.adds[**it as usize];
                add.value == value && add.first <= add_limit
            };
            adds.iter()
                .filter(fits)
                .min_by_key(|it| self.adds[**it as usize].last)
                .copied()
        };
        let mut ready: SmallVec<[Span; 8]> = SmallVec::new();
        let mut places: SmallVec<[u32; 8]> = SmallVec::new();
        let fits = |it: &&u32| self.removes[**it as usize].first <= remove_limit;
        for place in removes.iter().filter(fits) {
            let span = self.removes[*place as usize];
            let is_better = |it: &Span, than: &Span| {
                it.value == than.value && it.first <= than.first && it.last <= than.last
            };
            if !ready.iter().any(|it| is_better(it, &span)) {
                ready.push(span);
                places.push(*place);
            }
        }
        let mut numbers: SmallVec<[usize; 8]> = (0..ready.len()).collect();
        numbers.sort_by_key(|number| ready[*number].last);
        for number in numbers {
            let remove = ready[number];
            let mut next = behind.clone();
            next.removes.take(places[number]);
            if let Some(add) = best_add(remove.value) {
                next.adds.take(add);
                pairs.push((self.adds[add as usize].call, remove.call, next));
            } else if let Some((class, add)) = self.perhaps(behind, remove.value, add_limit) {
                match next.perhaps.binary_search_by_key(&class, |(class, _)| *class) {
                    Ok(at) => next.perhaps[at].1 += 1,
                    Err(at) => next.perhaps.insert(at, (class, 1)),
                }
                pairs.push((add, remove.call, next));
            }
        }
        if let Some(unknown) = self.unknown.get(behind.unknown as usize)
            && self.calls[*unknown as usize].invoke <= remove_limit
        {
            let mut values: SmallVec<[Value; 8]> = SmallVec::new();
            for place in &adds {
                let value = self.adds[*place as usize].value;
                if values.contains(&value) {
                    continue;
                }
                values.push(value);
                if let Some(add) = best_add(value) {
                    let mut next = behind.clone();
                    next.adds.take(add);
                    next.unknown += 1;
                    pairs.push((self.adds[add as usize].call, *unknown, next));
                }
            }
        }
        pairs
    }

    /// The next addition of unknown outcome of a value, with its class, if it had begun.
    fn perhaps(&self, behind: &Behind, value: Value, limit: u32) -> Option<(u32, u32)> {
        let class = *self.classes.get(&value)?;
        let used = behind.perhaps.iter().find(|(it, _)| *it == class);
        let add = *self.perhaps[class as usize].get(used.map_or(0, |(_, count)| *count as usize))?;
        (self.calls[add as usize].invoke <= limit).then_some((class, add))
    }

    /// The order of all calls, when pairs and those that found nothing have this one.
    fn order(&self, sequence: &[u32], behind: &Behind) -> Vec<u32> {
        let mut line = Line::default();
        for place in sequence {
            let call = &self.calls[*place as usize];
            match (call.input, call.output) {
                (Asked::Add(_), _) => line.add(*place, call.invoke),
                (Asked::Remove, Some(Told::Empty)) => line.empty(*place, call.invoke),
                (Asked::Remove, _) => line.remove(*place, call.invoke),
            }
        }
        let left = (behind.adds.next..self.adds.len() as u32)
            .filter(|place| behind.adds.ahead.binary_search(place).is_err());
        let mut left: Vec<Span> = left.map(|place| self.adds[place as usize]).collect();
        left.sort_unstable_by_key(|add| add.last);
        for add in left {
            line.add(add.call, add.first);
        }
        line.order()
    }

    fn bytes(&self) -> usize {
        let spans = self.adds.len() + self.removes.len() + self.empties.len();
        spans * size_of::<Span>()
    }

    fn stuck(&self, limit: Limit, course: Vec<Moment>) -> Stuck {
        let (adds, _) = self.last.adds.open(&self.adds);
        let (removes, by) = self.last.removes.open(&self.removes);
        let open = adds.iter().map(|it| self.adds[*it as usize].call);
        let open = open.chain(removes.iter().map(|it| self.removes[*it as usize].call));
        Stuck {
            limit,
            placed: 2 * self.depth,
            of: self.adds.len() + self.removes.len() + self.empties.len(),
            event: by.min(self.calls.last().map_or(0, |call| call.invoke)),
            width: self.width,
            open: open.take(20).collect(),
            course,
        }
    }
}
