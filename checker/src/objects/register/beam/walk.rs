//! The way from event to event, with the configurations that are possible.

use super::configuration::{Configuration, Often, Tally};
use super::open::Open;
use super::retreat::Retreat;
use super::{Attempt, Effort, replay};
use crate::budget::Account;
use crate::objects::register::ledger::{Act, Ledger};
use crate::search::Stuck;
use crate::search::trail::Trail;
use crate::{Budget, Limit};

/// After how many steps the budget is asked.
const STEPS_PER_LOOK: usize = 1024;
/// How many open calls are named when a limit is reached.
const OPEN_MAX: usize = 20;

/// A call that took effect when the one that completes at this event needed it.
pub type Effect = (u32, u32);

/// A frontier on its way.
pub struct Beam<'a> {
    ledger: &'a Ledger,
    effort: Effort,
    account: Account<'a>,
    open: Open<'a>,
    frontier: Vec<Configuration>,
    through: Vec<Configuration>,
    reached: Vec<Configuration>,
    trail: Trail<Effect>,
    retreat: Retreat,
    /// At most so many configurations are kept.
    width: usize,
    certain: bool,
    steps: usize,
}

impl<'a> Beam<'a> {
    /// Before everything.
    pub fn new(ledger: &'a Ledger, effort: Effort, budget: &'a Budget) -> Self {
        Beam {
            ledger,
            effort,
            account: budget.account(),
            open: Open::new(ledger),
            frontier: vec![Configuration::first()],
            through: Vec::new(),
            reached: Vec::new(),
            trail: Trail::default(),
            retreat: Retreat::new(effort.retreats),
            width: effort.width,
            certain: !effort.thrifty,
            steps: 0,
        }
    }

    /// Goes to the end, or to where it dies; there `recent` is asked whether the calls that have begun have no order.
    pub fn run(mut self, mut recent: impl FnMut(u32) -> Option<Vec<u32>>) -> Attempt {
        let entries = &self.ledger.entries;
        let ends = ends(self.ledger);
        let (mut behind, mut begun) = (0, 0);
        while behind < ends.len() {
            self.width = self.retreat.width(behind, self.effort.width);
            self.retreat.keep(behind, begun, &self.frontier, &mut self.trail);
            let ending = ends[behind];
            let complete = entries[ending as usize].complete;
            while let Some(entry) = entries.get(begun)
                && entry.invoke < complete
            {
                if !self.begin(begun as u32) {
                    return Attempt::TooManyOpen;
                }
                begun += 1;
            }
            self.account.is_behind(behind);
            if let Err(limit) = self.finish(ending) {
                return Attempt::Unknown(Stuck {
                    limit,
                    placed: behind,
                    of: ends.len(),
                    event: complete,
                    width: self.frontier.len().max(self.reached.len()),
                    open: self.open.places().take(OPEN_MAX).collect(),
                    course: self.account.course(),
                });
            }
            behind += 1;
            if !self.frontier.is_empty() {
                continue;
            }
            if self.certain {
                return Attempt::Dead {
                    begun: begun as u32,
                    certain: true,
                };
            }
            // Mostly too few were kept; hardly ever is that so three times.
            if (self.retreat.dies(behind) > 2 || !self.effort.retreats)
                && let Some(suspects) = recent(begun as u32)
            {
                return Attempt::Illegal(suspects);
            }
            let Some(back) = self.retreat.back(behind, &mut self.trail) else {
                return Attempt::Dead {
                    begun: begun as u32,
                    certain: false,
                };
            };
            self.undo(&ends, (behind, begun), (back.behind, back.begun));
            (behind, begun, self.frontier) = (back.behind, back.begun, back.frontier);
        }
        let effects = self.trail.calls(self.frontier[0].by);
        let effects = match self.effort.often {
            Often::Nothing => Some(effects),
            Often::Unknown => self.open.tell_apart(effects),
            Often::Everything => None,
        };
        match effects {
            Some(effects) => Attempt::Legal(replay::order(self.ledger, &ends, &effects)),
            None => Attempt::Survived,
        }
    }

    /// What is open is what was open when fewer calls had ended and begun.
    fn undo(&mut self, ends: &[u32], from: (usize, usize), to: (usize, usize)) {
        let entries = &self.ledger.entries;
        let mut begun = from.1;
        for behind in (to.0..from.0).rev() {
            let ending = ends[behind];
            if entries[ending as usize].act != Act::Nothing {
                self.open.put_back(ending);
            }
            let before = behind
                .checked_sub(1)
                .map_or(0, |before| entries[ends[before] as usize].complete);
            let is_later =
                |begun: usize| begun > to.1 && (behind == to.0 || entries[begun - 1].invoke > before);
            while is_later(begun) {
                begun -= 1;
                self.open.take_out(begun as u32);
            }
        }
    }

    /// A call begins; `false` when there is no room for it.
    fn begin(&mut self, place: u32) -> bool {
        let entry = &self.ledger.entries[place as usize];
        if !entry.is_required() {
            self.open.add_unknown(place);
            return true;
        }
        if entry.act == Act::Nothing {
            return true;
        }
        let Some(bit) = self.open.add(place) else {
            return false;
        };
        for at in &mut self.frontier {
            let fits = match entry.act {
                Act::Read(value) => value == at.value,
                Act::Not(value) => value != at.value,
                Act::Nothing | Act::Write(_) | Act::Cas(..) => false,
            };
            if fits {
                at.done |= bit;
            }
        }
        true
    }

    /// A call completes: in whatever goes on, it has taken effect.
    fn finish(&mut self, ending: u32) -> Result<(), Limit> {
        let entry = self.ledger.entries[ending as usize];
        if entry.act == Act::Nothing {
            return Ok(());
        }
        let bit = self.open.bit_of(ending);
        self.through.clear();
        self.reached.clear();
        let written = match entry.act {
            Act::Write(value) => Some(value),
            _ => None,
        };
        self.steps += self.frontier.len();
        for at in self.frontier.drain(..) {
            if at.done & bit != 0 {
                self.through.push(at);
            } else {
                // Where it changes nothing it takes effect and hides all others: that is better than to vanish.
                if at.waived & bit != 0 && written != Some(at.value) {
                    self.trail.hold(at.by);
                    self.through.push(at.clone());
                }
                self.reached.push(at);
            }
        }
        let branched = !self.reached.is_empty();
        if branched {
            self.lead_on(ending, bit)?;
        }
        for at in &mut self.through {
            at.done &= !bit;
            at.waived &= !bit;
        }
        self.open.remove(ending);
        std::mem::swap(&mut self.frontier, &mut self.through);
        if branched {
            self.prune();
        }
        if self.steps >= STEPS_PER_LOOK {
            self.look()?;
        }
        Ok(())
    }

    /// From the configurations in which a call has not taken effect yet to those in which it has.
    fn lead_on(&mut self, ending: u32, bit: u128) -> Result<(), Limit> {
        let entry = self.ledger.entries[ending as usize];
        let most = self.width.saturating_mul(4);
        let tally = self.tally();
        let mut moves = Vec::new();
        let mut from = 0;
        while from < self.reached.len() {
            if from >= most {
                self.certain = false;
                break;
            }
            let at = self.reached[from].clone();
            from += 1;
            self.open.moves(&at, &tally, entry.act.finds(), &mut moves);
            if let Act::Write(value) = entry.act {
                moves.push(self.open.written(&at, &tally, value, ending));
            }
            self.steps += moves.len();
            self.account.comes_to(moves.len());
            for (mut next, place) in moves.drain(..) {
                let is_through = next.done & bit != 0 || place == ending;
                let others = if is_through { &self.through } else { &self.reached };
                if others.iter().any(|other| other.dominates(&next, &tally)) {
                    continue;
                }
                next.by = self.trail.then(at.by, (entry.complete, place));
                match is_through {
                    true => self.through.push(next),
                    false => self.reached.push(next),
                }
            }
            if self.steps >= STEPS_PER_LOOK {
                self.look()?;
            }
        }
        for at in &self.reached {
            self.trail.release(at.by);
        }
        Ok(())
    }

    fn tally(&self) -> Tally {
        Tally {
            writes: self.open.writes,
            cases: self.open.cases,
            often: self.effort.often,
            thrifty: self.effort.thrifty,
        }
    }

    /// Leaves out what others make superfluous, and, where too many are left, the least promising.
    fn prune(&mut self) {
        let tally = self.tally();
        let width = self.width;
        if width == 1 {
            return self.keep_one(&tally);
        }
        if self.frontier.len() > 1 {
            self.frontier.sort_unstable_by_key(|at| at.rank(&tally));
            let mut kept = std::mem::take(&mut self.through);
            kept.clear();
            let mut group = 0;
            for at in self.frontier.drain(..) {
                let is_new = |last: &Configuration| last.group(&tally) != at.group(&tally);
                if kept.last().is_some_and(is_new) {
                    group = kept.len();
                }
                self.steps += kept.len() - group;
                match kept[group..].iter().any(|other| other.dominates(&at, &tally)) {
                    true => self.trail.release(at.by),
                    false => kept.push(at),
                }
            }
            std::mem::swap(&mut self.frontier, &mut kept);
            self.through = kept;
        }
        if self.frontier.len() > width {
            self.certain = false;
            let promise = |at: &Configuration| std::cmp::Reverse(at.promise(&tally));
            self.frontier.sort_by_cached_key(promise);
            // The best of every value first.
            let mut kept = Vec::with_capacity(width);
            let mut others = Vec::new();
            for at in self.frontier.drain(..) {
                match kept.iter().any(|other: &Configuration| other.value == at.value) {
                    false if kept.len() < width => kept.push(at),
                    _ => others.push(at),
                }
            }
            for at in others {
                match kept.len() < width {
                    true => kept.push(at),
                    false => self.trail.release(at.by),
                }
            }
            self.frontier = kept;
        }
    }

    /// Leaves out all but the most promising, which none of the others makes superfluous.
    fn keep_one(&mut self, tally: &Tally) {
        let promises = self.frontier.iter().map(|at| at.promise(tally));
        let best = promises.enumerate().max_by_key(|(_, promise)| *promise);
        let Some((best, _)) = best else { return };
        self.certain &= self.frontier.len() == 1;
        let kept = self.frontier.swap_remove(best);
        for at in self.frontier.drain(..) {
            self.trail.release(at.by);
        }
        self.frontier.push(kept);
    }

    /// Asks the budget.
    fn look(&mut self) -> Result<(), Limit> {
        self.steps = 0;
        let each = size_of::<Configuration>();
        let held = [&self.frontier, &self.through, &self.reached].map(|some| some.len() * each * 3 / 2);
        let fixed = self.ledger.bytes() + self.open.bytes() + self.trail.bytes() + self.retreat.bytes();
        self.account.holds(fixed + held.iter().sum::<usize>())
    }
}

/// The places of calls that took effect, in the order of their completions.
fn ends(ledger: &Ledger) -> Vec<u32> {
    let mut ends: Vec<u32> = (0..ledger.entries.len() as u32)
        .filter(|place| ledger.entries[*place as usize].is_required())
        .collect();
    ends.sort_unstable_by_key(|place| ledger.entries[*place as usize].complete);
    ends
}
