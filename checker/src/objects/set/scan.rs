//! Whether the calls of a set have a legal order: one scan over their events, element by element, with a choice only where reads
//! of the whole set overlap with removals.
//!
//! An element is in or out, and each change from one to the other takes an update: an `add` puts it in, a `remove` takes it out. So
//! its changes are a line of slots, and the scan is lazy as in [`crate::search::slots`]: an element changes only when a
//! call completes that needs it, and of the updates that can change it, the one that completes first does. A call that sees the element
//! as it is has taken effect. What may change the element or find it as it is (an `add` that was answered without
//! saying which) waits as long as it can. Where such a one and one that has certainly changed it could both make a
//! change, both are tried; and so are, when it completes and is not needed, that it changed the element and that it did not.
//!
//! A read of the whole needs all elements at one moment. It has taken effect as soon as the set is what it showed. When an
//! element that agrees with it is about to change, it is now (with the changes that are still missing), or after the element
//! has changed back; where that is possible both are tried. In a set that only grows it never is, and there is one way to go.
//! So there are more than a few ways to keep apart only where many reads overlap with many removals.

mod way;

use super::{Set, Shown, around};
use crate::budget::Account;
use crate::search::Stuck;
use crate::{Budget, CallOf, Judgement, Limit};
use history::NEVER;
use rustc_hash::FxHashMap;
use way::{Need, Open, Places, Way, different, distinct, need, tidy};

/// A call of a set.
type Of<'h> = CallOf<Set<'h>>;

/// After how many steps the budget is asked.
const STEPS_PER_LOOK: usize = 4096;
/// About how many bytes an element that is in, or has open calls, takes in one version.
const ELEMENT_BYTES: usize = 160;
/// How many updates of an element are looked at to see whether it can change back.
const RETURNS_LOOK: usize = 64;
/// No emission before.
const START: u32 = u32::MAX;

/// What has to be done next, in a way.
#[derive(Clone, Debug)]
enum Task {
    /// This call has to take effect.
    Satisfy(u32),
    /// This call has to take effect now, once the element is as it leaves it.
    Satisfied(u32, u32),
    /// So has this read, with these elements to be changed.
    Take(u32, Vec<u32>),
    /// This element has to be like this; the reads are those that need not come before.
    Change(u32, bool, Places),
}

/// Whether the calls have a legal order.
pub(super) fn scan(set: &Set<'_>, calls: &[Of<'_>], budget: &Budget) -> Judgement {
    if calls.iter().any(|call| matches!(need(call), Need::Whole(_))) {
        return scan_together(set, calls, budget);
    }
    // Each element alone; then all of their orders in one, by the latest invocation so far.
    let mut by_element: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for (call, place) in calls.iter().zip(0u32..) {
        if let Some(element) = around::element(call) {
            by_element.entry(element).or_default().push(place);
        }
    }
    let mut elements: Vec<Vec<u32>> = by_element.into_values().collect();
    elements.sort_unstable();
    let mut placed = Vec::with_capacity(calls.len());
    for places in elements {
        let own: Vec<Of<'_>> = places
            .iter()
            .map(|place| calls[*place as usize].clone())
            .collect();
        let outside = |own: Vec<u32>| {
            own.into_iter()
                .map(|it| places[it as usize])
                .collect::<Vec<u32>>()
        };
        match scan_together(set, &own, budget) {
            Judgement::Legal { order } => {
                let mut latest = 0;
                for place in outside(order) {
                    latest = latest.max(calls[place as usize].invoke);
                    placed.push((latest, place));
                }
            }
            Judgement::Illegal { suspects } => {
                return Judgement::Illegal {
                    suspects: outside(suspects),
                };
            }
            Judgement::Unknown(stuck) => {
                return Judgement::Unknown(Stuck {
                    open: outside(stuck.open),
                    ..stuck
                });
            }
        }
    }
    placed.sort_by_key(|(latest, _)| *latest);
    Judgement::Legal {
        order: placed.into_iter().map(|(_, place)| place).collect(),
    }
}

fn scan_together(set: &Set<'_>, calls: &[Of<'_>], budget: &Budget) -> Judgement {
    let mut scan = Scan::new(set, calls, budget);
    match scan.run() {
        Ok(judgement) => judgement,
        Err(limit) => Judgement::Unknown(Stuck {
            placed: scan.behind,
            event: scan.event,
            width: scan.ways.len(),
            open: scan.open_calls(),
            course: scan.account.course(),
            ..Stuck::at_start(limit, calls)
        }),
    }
}

struct Scan<'a, 'h> {
    set: &'a Set<'h>,
    calls: &'a [Of<'h>],
    account: Account<'a>,
    /// By element, the updates that can put it in or take it out again.
    updates: [FxHashMap<u32, Vec<u32>>; 2],
    has_reads: bool,
    ways: Vec<Way>,
    /// Calls that took effect: the one before, the call, and when.
    trail: Vec<(u32, u32, u64)>,
    steps: usize,
    event: u32,
    behind: usize,
}

impl<'a, 'h> Scan<'a, 'h> {
    fn new(set: &'a Set<'h>, calls: &'a [Of<'h>], budget: &'a Budget) -> Self {
        let has_reads = calls.iter().any(|call| matches!(need(call), Need::Whole(_)));
        let mut updates = [FxHashMap::default(), FxHashMap::default()];
        if has_reads {
            for (call, place) in calls.iter().zip(0u32..) {
                if let Need::Changes(element, to) | Need::Makes(element, to) = need(call) {
                    let of: &mut Vec<u32> = updates[usize::from(to)].entry(element).or_default();
                    of.push(place);
                }
            }
        }
        Scan {
            set,
            calls,
            account: budget.account(),
            updates,
            has_reads,
            ways: vec![Way::start(START)],
            trail: Vec::new(),
            steps: 0,
            event: 0,
            behind: 0,
        }
    }

    fn run(&mut self) -> Result<Judgement, Limit> {
        let twice = |call: &Of<'_>| matches!(need(call), Need::Whole(it) if self.set.set(it).twice.is_some());
        if let Some(place) = self.calls.iter().position(twice) {
            return Ok(Judgement::Illegal {
                suspects: vec![place as u32],
            });
        }
        let mut ends: Vec<u32> = (0..self.calls.len() as u32)
            .filter(|place| self.calls[*place as usize].is_required())
            .collect();
        ends.sort_unstable_by_key(|place| self.calls[*place as usize].complete);
        let mut begun = 0;
        for end in ends {
            let complete = self.calls[end as usize].complete;
            while let Some(call) = self.calls.get(begun)
                && call.invoke < complete
            {
                let mut ways = std::mem::take(&mut self.ways);
                for way in &mut ways {
                    self.begin(way, begun as u32);
                }
                self.ways = ways;
                begun += 1;
            }
            self.event = complete;
            self.finish(end)?;
            if self.ways.is_empty() {
                return Ok(Judgement::Illegal {
                    suspects: self.suspects(end),
                });
            }
            self.behind += 1;
            self.account.is_behind(self.behind);
            self.look()?;
        }
        let Some(way) = self.ways.first() else {
            unreachable!("a way is left")
        };
        let mut order = Vec::new();
        let mut at = way.by;
        while at != START {
            let (before, call, time) = self.trail[at as usize];
            order.push((time, call));
            at = before;
        }
        order.reverse();
        order.sort_by_key(|(time, _)| *time);
        Ok(Judgement::Legal {
            order: order.into_iter().map(|(_, call)| call).collect(),
        })
    }

    /// Asks the budget now and then.
    fn look(&mut self) -> Result<(), Limit> {
        self.steps += 1;
        if self.steps < STEPS_PER_LOOK {
            return Ok(());
        }
        self.steps = 0;
        let elements = self
            .ways
            .first()
            .map_or(0, |way| way.members.len() + way.open.len());
        let held = elements * ELEMENT_BYTES + self.ways.len() * 1024 + self.trail.capacity() * 16;
        self.account.holds(held)
    }

    /// Without reads of the whole, what one element was asked and answered; else all that has begun.
    fn suspects(&self, call: u32) -> Vec<u32> {
        let of = around::element(&self.calls[call as usize]);
        let begun = |place: &u32| self.calls[*place as usize].invoke < self.event;
        let same = |place: &u32| self.has_reads || around::element(&self.calls[*place as usize]) == of;
        (0..self.calls.len() as u32)
            .filter(|it| begun(it) && same(it))
            .collect()
    }

    fn open_calls(&self) -> Vec<u32> {
        let begun = |place: &u32| {
            let call = &self.calls[*place as usize];
            call.invoke < self.event && call.complete > self.event
        };
        let open = (0..self.calls.len() as u32).filter(begun);
        let mut open: Vec<u32> = open.collect();
        open.sort_by_key(|place| self.calls[*place as usize].is_required());
        open.truncate(20);
        open
    }

    fn emit(&mut self, way: &mut Way, call: u32) {
        way.time += 2;
        self.emit_at(way, call, way.time);
    }

    fn emit_at(&mut self, way: &mut Way, call: u32, time: u64) {
        self.trail.push((way.by, call, time));
        way.by = self.trail.len() as u32 - 1;
    }

    /// A call begins: it can take effect from now on.
    fn begin(&mut self, way: &mut Way, place: u32) {
        let complete = self.calls[place as usize].complete;
        match need(&self.calls[place as usize]) {
            Need::Nothing => {}
            Need::Sees(element, is_in) if way.members.has(element) == is_in => self.emit(way, place),
            Need::Sees(element, is_in) => {
                way.open.entry(element).or_default().waits[usize::from(is_in)].push(place);
            }
            Need::Changes(element, to) => {
                let must = &mut way.open.entry(element).or_default().must[usize::from(to)];
                let at = must.partition_point(|other| *other < (complete, place));
                must.insert(at, (complete, place));
            }
            Need::Makes(element, to) => {
                let found = way.members.has(element) == to;
                let can = &mut way.open.entry(element).or_default().can[usize::from(to)];
                let at = can.partition_point(|(other, number, _)| (*other, *number) < (complete, place));
                can.insert(at, (complete, place, found));
            }
            Need::Whole(whole) => {
                let shown = self.set.set(whole);
                if way.members.is(shown) {
                    self.emit(way, place);
                    return;
                }
                let shared = shown.elements.iter().filter(|it| way.members.has(**it)).count();
                let different = shown.elements.len() + way.members.len() - 2 * shared;
                way.reads.push((place, different as u32));
            }
        }
    }

    /// A call completes: in whatever goes on it has taken effect.
    fn finish(&mut self, place: u32) -> Result<(), Limit> {
        let mut next: Vec<Way> = Vec::new();
        let mut left: Vec<(Way, Vec<Task>)> = Vec::new();
        let mut work = 0;
        for way in std::mem::take(&mut self.ways) {
            left.push((way, vec![Task::Satisfy(place)]));
        }
        while let Some((mut way, mut tasks)) = left.pop() {
            work += 1;
            self.account.comes_to(usize::from(work > 1));
            if work > 1 {
                self.steps += way.reads.len();
                self.look()?;
            }
            loop {
                let Some(task) = tasks.pop() else {
                    next.push(way);
                    break;
                };
                match task {
                    Task::Satisfy(place) => {
                        if let Some(element) = self.may_still_change(&way, place) {
                            let is_in = way.members.has(element);
                            let mut changes = tasks.clone();
                            changes.push(Task::Satisfied(place, element));
                            changes.push(Task::Change(element, !is_in, Places::new()));
                            left.push((way.clone(), changes));
                        }
                        if let Some(first) = self.settle(&mut way, place) {
                            tasks.extend([Task::Satisfy(place), first]);
                        }
                    }
                    Task::Satisfied(place, element) => {
                        // Changed away from what the call makes of it, or to that already.
                        if let Need::Makes(_, to) = need(&self.calls[place as usize])
                            && way.members.has(element) != to
                        {
                            tasks.push(Task::Satisfied(place, element));
                            tasks.push(Task::Change(element, to, Places::new()));
                        } else if self.settle(&mut way, place).is_some() {
                            break;
                        }
                    }
                    Task::Take(read, mut elements) => {
                        if !way.reads.iter().any(|(waits, _)| *waits == read) {
                            continue;
                        }
                        let shown = self.shown(read);
                        let element = match elements.pop() {
                            Some(element) => element,
                            None => {
                                elements = different(&way, shown);
                                let Some(element) = elements.pop() else {
                                    unreachable!("a read that waits differs")
                                };
                                element
                            }
                        };
                        let to = shown.has(element);
                        tasks.push(Task::Take(read, elements));
                        tasks.push(Task::Change(element, to, Places::new()));
                    }
                    Task::Change(element, to, _) if way.members.has(element) == to => {}
                    Task::Change(element, to, mut after) => {
                        let before = way.reads.iter().map(|(read, _)| *read).find(|read| {
                            let is_taken =
                                |task: &Task| matches!(task, Task::Take(other, _) if other == read);
                            self.shown(*read).has(element) != to
                                && !after.contains(read)
                                && !tasks.iter().any(is_taken)
                        });
                        let Some(read) = before else {
                            match self.change(&mut way, element, to) {
                                Some(Some(other)) => left.push((other, tasks.clone())),
                                Some(None) => {}
                                None => break,
                            }
                            continue;
                        };
                        if self.can_return(element, !to, self.calls[read as usize].complete) {
                            let mut later = tasks.clone();
                            after.push(read);
                            later.push(Task::Change(element, to, after.clone()));
                            left.push((way.clone(), later));
                            after.pop();
                        }
                        tasks.push(Task::Change(element, to, after));
                        tasks.push(Task::Take(read, Vec::new()));
                    }
                }
            }
        }
        self.ways = distinct(next);
        Ok(())
    }

    fn shown(&self, read: u32) -> &'a Shown {
        match need(&self.calls[read as usize]) {
            Need::Whole(whole) => self.set.set(whole),
            _ => unreachable!("only reads of the whole wait as such"),
        }
    }

    /// Whether an element can become like this again, after it has changed now, before an event.
    fn can_return(&self, element: u32, to: bool, before: u32) -> bool {
        let Some(updates) = self.updates[usize::from(to)].get(&element) else {
            return false;
        };
        let begun = updates.partition_point(|place| self.calls[*place as usize].invoke < before);
        let look = updates[..begun].iter().rev();
        begun > RETURNS_LOOK
            || look
                .into_iter()
                .any(|place| self.calls[*place as usize].complete >= self.event)
    }

    /// The element of a call that has found it as it leaves it, and could change it now, for the last time. Where the
    /// element is so already, that is of use only to those that have yet to make it otherwise, or to see it so.
    fn may_still_change(&self, way: &Way, place: u32) -> Option<u32> {
        let Need::Makes(element, to) = need(&self.calls[place as usize]) else {
            return None;
        };
        let open = way.open.get(&element)?;
        let mut own = open.can[usize::from(to)]
            .iter()
            .filter(|(_, other, _)| *other == place);
        let (.., found) = own.next()?;
        let is_awaited = || {
            let (must, can) = (&open.must[usize::from(!to)], &open.can[usize::from(!to)]);
            let unmet = |(complete, _, found): &(u32, u32, bool)| *complete != NEVER && !found;
            let is_seen = !open.waits[usize::from(!to)].is_empty() || !way.reads.is_empty();
            !must.is_empty() || can.iter().any(unmet) || is_seen && !can.is_empty()
        };
        match way.members.has(element) == to {
            true => is_awaited().then_some(element),
            false => found.then_some(element),
        }
    }

    /// Lets a call that completes take effect where things are; or says what has to be done first.
    fn settle(&mut self, way: &mut Way, place: u32) -> Option<Task> {
        let (element, to, wants) = match need(&self.calls[place as usize]) {
            Need::Nothing => return None,
            Need::Whole(_) => {
                let waits = way.reads.iter().any(|(read, _)| *read == place);
                return waits.then(|| Task::Take(place, Vec::new()));
            }
            Need::Sees(element, is_in) => {
                let waits = |open: &Open| open.waits[usize::from(is_in)].contains(&place);
                let waits = way.open.get(&element).is_some_and(waits);
                return waits.then(|| Task::Change(element, is_in, Places::new()));
            }
            Need::Changes(element, to) => (element, to, true),
            Need::Makes(element, to) => (element, to, false),
        };
        let is_so = way.members.has(element) == to;
        let open = way.open.get(&element)?;
        if wants {
            let unused = open.must[usize::from(to)]
                .iter()
                .any(|(_, other)| *other == place);
            // Where it is so already, it has to change away first, and back by this call.
            return unused.then(|| Task::Change(element, to != is_so, Places::new()));
        }
        let can = &open.can[usize::from(to)];
        let at = can.iter().position(|(_, other, _)| *other == place)?;
        let (found, changed) = (can[at].2, open.changed);
        if !is_so && !found {
            return Some(Task::Change(element, to, Places::new()));
        }
        if let Some(open) = way.open.get_mut(&element) {
            open.can[usize::from(to)].remove(at);
        }
        tidy(way, element);
        match is_so {
            true => self.emit(way, place),
            // It found it so before it changed last.
            false => self.emit_at(way, place, changed - 1),
        }
        None
    }

    /// Changes an element. `None` when nothing can; another way when there are two.
    fn change(&mut self, way: &mut Way, element: u32, to: bool) -> Option<Option<Way>> {
        let open = way.open.get(&element)?;
        let must = open.must[usize::from(to)].first().map(|(_, place)| *place);
        let can = open.can[usize::from(to)]
            .first()
            .map(|(complete, place, _)| (*complete, *place));
        let (first, second) = match (must, can) {
            (Some(must), Some((complete, can))) if complete != NEVER => (must, Some(can)),
            (Some(must), _) => (must, None),
            (None, can) => (can?.1, None),
        };
        let other = second.map(|second| {
            let mut other = way.clone();
            self.change_by(&mut other, element, to, second);
            other
        });
        self.change_by(way, element, to, first);
        Some(other)
    }

    fn change_by(&mut self, way: &mut Way, element: u32, to: bool, by: u32) {
        self.emit(way, by);
        way.members = match to {
            true => way.members.with(element),
            false => way.members.without(element),
        };
        let mut seen = Places::new();
        if let Some(open) = way.open.get_mut(&element) {
            let direction = usize::from(to);
            open.changed = way.time;
            open.must[direction].retain(|(_, place)| *place != by);
            open.can[direction].retain(|(_, place, _)| *place != by);
            for (_, _, found) in &mut open.can[direction] {
                *found = true;
            }
            seen = std::mem::take(&mut open.waits[direction]);
        }
        tidy(way, element);
        for place in seen {
            self.emit(way, place);
        }
        let mut reads = std::mem::take(&mut way.reads);
        for (read, different) in &mut reads {
            match self.shown(*read).has(element) == to {
                true => *different -= 1,
                false => *different += 1,
            }
            if *different == 0 {
                self.emit(way, *read);
            }
        }
        reads.retain(|(_, different)| *different > 0);
        way.reads = reads;
    }
}
