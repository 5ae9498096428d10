//! Registers whose values repeat: a frontier that knows what a register forgets.
//!
//! Like [`crate::search::frontier`] it goes from event to event and keeps the configurations that are possible. What
//! it knows beyond that:
//!
//! * Who only looks takes effect at the first moment that fits.
//! * A write that was overwritten at once was never seen. Once any plain write took effect after it began, an open write
//!   is *waived*: it may have been hidden just before. At its end it vanishes, or takes effect after all, because the
//!   value that it leaves may be seen later.
//! * Before the call that ends, only what is awaited takes effect: values that an open read or compare-and-set
//!   has to find, and compare-and-sets that find their value.
//! * Of writes of one value the one that ends first is used first, and one without outcome last.
//! * A configuration that can do whatever another can makes that other one superfluous ([`Configuration::dominates`]).
//!
//! At first few configurations are kept, the most promising ones, and calls of unknown outcome take effect only for the
//! call that ends: that finds an order of most legal histories in linear time. If they die, a frontier that lets everything open happen as often as it likes is asked, and then one that
//! lets only calls of unknown outcome do so: where even that dies, there is no order; and where there are enough of those
//! for what it did, there is one. Only then more are kept, and in the end all.
//!
//! Read next: [`configuration`] for what is kept, [`open`] for what is open, [`replay`] for how the order is told.

mod configuration;
mod open;
mod replay;

use super::ledger::{Act, Ledger};
use crate::budget::Account;
use crate::search::trail::Trail;
use crate::search::{Judgement, Stuck};
use crate::{Budget, Limit};
use configuration::{Configuration, Often, Tally};
use open::Open;

/// How many configurations are kept, one attempt after another.
const WIDTHS: [usize; 3] = [64, 1024, usize::MAX];
/// How many are kept when calls of unknown outcome are used sparingly, one attempt after another.
const THRIFTY_WIDTHS: [usize; 3] = [8, 24, 128];
/// How many are kept where calls may happen as often as they like.
const RELAXED_WIDTH: usize = 4096;
/// After how many steps the budget is asked.
const STEPS_PER_LOOK: usize = 1024;
/// How many open calls are named when a limit is reached.
const OPEN_MAX: usize = 20;

/// What is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// At most so many configurations.
    width: usize,
    /// What may happen as often as it likes.
    often: Often,
    /// Whether calls of unknown outcome take effect only when the call that ends cannot do without.
    thrifty: bool,
}

/// How one attempt ended.
#[derive(Debug)]
enum Attempt {
    Legal(Vec<u32>),
    /// No configuration is left. Only certain when none was left out.
    Dead {
        begun: u32,
        certain: bool,
    },
    /// There would be an order if calls could happen as often as they like.
    Survived,
    /// More calls are open at one time than this can hold.
    TooManyOpen,
    Unknown(Stuck),
}

/// Says whether the last of so many calls have no order, whatever the others did, and which these are.
pub type Recent<'a> = &'a dyn Fn(u32) -> Option<Vec<u32>>;

/// The verdict on a register; `None` when too many calls are open at one time. With it, the name of the algorithm that
/// found it. Where few configurations do not get beyond an event, `recent` is asked of the calls that had begun by then
/// before more configurations are tried: mostly it is these.
pub fn judge(ledger: &Ledger, budget: &Budget, recent: Recent<'_>) -> Option<(&'static str, Judgement)> {
    let has_unknown = ledger.entries.iter().any(|entry| !entry.is_required());
    let effort = |width, often, thrifty| Effort {
        width,
        often,
        thrifty,
    };
    let thrifty = |width| ("narrow frontier", effort(width, Often::Nothing, true));
    let narrow = ("narrow frontier", effort(WIDTHS[0], Often::Nothing, false));
    let relaxed = |often| ("relaxed frontier", effort(RELAXED_WIDTH, often, false));
    let wide = ("frontier", effort(WIDTHS[1], Often::Nothing, false));
    let all = ("frontier", effort(WIDTHS[2], Often::Nothing, false));
    let everything = relaxed(Often::Everything);
    let attempts = match has_unknown {
        true => vec![
            thrifty(THRIFTY_WIDTHS[0]),
            thrifty(THRIFTY_WIDTHS[1]),
            everything,
            relaxed(Often::Unknown),
            thrifty(THRIFTY_WIDTHS[2]),
            narrow,
            wide,
            all,
        ],
        false => vec![narrow, everything, wide, all],
    };
    let mut asked = 0;
    for (name, effort) in attempts {
        match Beam::new(ledger, effort, budget).run() {
            Attempt::Legal(order) => return Some((name, Judgement::Legal { order })),
            Attempt::Dead { begun, certain: true } => {
                let suspects = (0..begun).collect();
                return Some((name, Judgement::Illegal { suspects }));
            }
            Attempt::Dead { begun, .. } if begun > asked => {
                asked = begun;
                if let Some(suspects) = recent(begun) {
                    return Some((name, Judgement::Illegal { suspects }));
                }
            }
            Attempt::Dead { .. } | Attempt::Survived => {}
            Attempt::TooManyOpen => return None,
            Attempt::Unknown(stuck) => return Some((name, Judgement::Unknown(stuck))),
        }
    }
    None
}

/// A call that took effect when the one that completes at this event needed it.
pub type Effect = (u32, u32);

struct Beam<'a> {
    ledger: &'a Ledger,
    effort: Effort,
    account: Account<'a>,
    open: Open<'a>,
    frontier: Vec<Configuration>,
    through: Vec<Configuration>,
    reached: Vec<Configuration>,
    trail: Trail<Effect>,
    certain: bool,
    steps: usize,
}

impl<'a> Beam<'a> {
    fn new(ledger: &'a Ledger, effort: Effort, budget: &'a Budget) -> Self {
        Beam {
            ledger,
            effort,
            account: budget.account(),
            open: Open::new(ledger),
            frontier: vec![Configuration::first()],
            through: Vec::new(),
            reached: Vec::new(),
            trail: Trail::default(),
            certain: !effort.thrifty,
            steps: 0,
        }
    }

    fn run(mut self) -> Attempt {
        let entries = &self.ledger.entries;
        let ends = ends(self.ledger);
        let mut begun = 0;
        for (behind, ending) in ends.iter().enumerate() {
            let complete = entries[*ending as usize].complete;
            while let Some(entry) = entries.get(begun)
                && entry.invoke < complete
            {
                if !self.begin(begun as u32) {
                    return Attempt::TooManyOpen;
                }
                begun += 1;
            }
            self.account.is_behind(behind);
            if let Err(limit) = self.finish(*ending) {
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
            if self.frontier.is_empty() {
                return Attempt::Dead {
                    begun: begun as u32,
                    certain: self.certain,
                };
            }
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
        let most = self.effort.width.saturating_mul(4);
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
        let width = self.effort.width;
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

    /// Asks the budget.
    fn look(&mut self) -> Result<(), Limit> {
        self.steps = 0;
        let each = size_of::<Configuration>();
        let held = [&self.frontier, &self.through, &self.reached].map(|some| some.len() * each * 3 / 2);
        let fixed = self.ledger.bytes() + self.open.bytes() + self.trail.bytes();
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
