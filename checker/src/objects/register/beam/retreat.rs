//! Back from where no configuration is left, to try again with more of them for a while.
//!
//! Which configuration was the wrong one to leave out is not known, but mostly it was left out shortly before. So the frontier is
//! kept now and then, and where it dies one is taken up again: the more often the same place was not passed, the earlier
//! the one, and the more is kept. Once that place is behind, the frontier is narrow again.

use super::configuration::Configuration;
use super::walk::Effect;
use crate::search::trail::Trail;
use std::collections::VecDeque;

/// How many configurations are kept where nothing has died.
pub const WIDTH: usize = 1;
/// How many ended calls it is gone back, and how many configurations are kept then, one attempt after another.
const STEPS: [(usize, usize); 4] = [(16, 8), (256, 64), (2048, 256), (8192, 1024)];
/// After how many ended calls the frontier is kept again.
const STRIDE: usize = 16;
/// Those before so many kept frontiers are never needed any more.
const KEPT_MAX: usize = STEPS[STEPS.len() - 1].0 / STRIDE + 2;
/// Nor is a frontier kept that has more configurations than these.
const KEPT_WIDTH_MAX: usize = 64;
/// All ways back together are at most so many times as long as the way forward, and [`SHARE_BESIDES`].
const SHARE: usize = 2;
const SHARE_BESIDES: usize = 50_000;

/// The frontier as it was.
pub struct Kept {
    /// How many calls had ended.
    pub behind: usize,
    /// How many had begun.
    pub begun: usize,
    /// What was possible.
    pub frontier: Vec<Configuration>,
}

/// The frontiers that are kept, and where one died.
pub struct Retreat {
    is_on: bool,
    kept: VecDeque<Kept>,
    /// The furthest place that was not passed, as a number of ended calls.
    died_at: usize,
    /// How often it was tried to pass it.
    tried: usize,
    /// How far it was gone back in all.
    gone: usize,
}

impl Retreat {
    /// Where nothing has been kept yet; where it is not `on`, nothing will be.
    pub fn new(is_on: bool) -> Retreat {
        Retreat {
            is_on,
            kept: VecDeque::new(),
            died_at: 0,
            tried: 0,
            gone: 0,
        }
    }

    /// How many configurations are kept after so many ended calls, where it is `usual` elsewhere.
    pub fn width(&self, behind: usize, usual: usize) -> usize {
        match behind < self.died_at + self.margin() {
            true => STEPS[self.tried - 1].1,
            false => usual,
        }
    }

    /// How long more are kept beyond the place where it died.
    fn margin(&self) -> usize {
        let step = self.tried.checked_sub(1).and_then(|tried| STEPS.get(tried));
        step.map_or(0, |(distance, _)| distance / 2)
    }

    /// Keeps the frontier, if it is time to.
    pub fn keep(
        &mut self,
        behind: usize,
        begun: usize,
        frontier: &[Configuration],
        trail: &mut Trail<Effect>,
    ) {
        let is_due = self.is_on && behind.is_multiple_of(STRIDE) && frontier.len() <= KEPT_WIDTH_MAX;
        if !is_due || self.kept.back().is_some_and(|last| last.behind >= behind) {
            return;
        }
        self.kept.push_back(Kept {
            behind,
            begun,
            frontier: held(frontier, trail),
        });
        if self.kept.len() > KEPT_MAX
            && let Some(oldest) = self.kept.pop_front()
        {
            release(&oldest.frontier, trail);
        }
    }

    /// It has died after so many ended calls; says how often it has died about there.
    pub fn dies(&mut self, behind: usize) -> usize {
        match behind < self.died_at + self.margin() {
            true => self.tried += 1,
            false => self.tried = 1,
        }
        self.died_at = self.died_at.max(behind);
        self.tried
    }

    /// Where to go on after it has died; nothing when that has been tried enough.
    pub fn back(&mut self, behind: usize, trail: &mut Trail<Effect>) -> Option<Kept> {
        let (distance, _) = *STEPS.get(self.tried.checked_sub(1)?)?;
        let is_near = |kept: &Kept| kept.behind + distance > behind;
        while self.kept.len() > 1
            && let Some(last) = self.kept.pop_back_if(|kept| is_near(kept))
        {
            release(&last.frontier, trail);
        }
        let kept = self.kept.back()?;
        self.gone += behind - kept.behind;
        (self.gone <= self.died_at * SHARE + SHARE_BESIDES).then(|| Kept {
            frontier: held(&kept.frontier, trail),
            ..*kept
        })
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let kept = self.kept.iter().map(|kept| kept.frontier.len());
        kept.sum::<usize>() * size_of::<Configuration>()
    }
}

/// A frontier once more.
fn held(frontier: &[Configuration], trail: &mut Trail<Effect>) -> Vec<Configuration> {
    frontier.iter().for_each(|at| trail.hold(at.by));
    frontier.to_vec()
}

fn release(frontier: &[Configuration], trail: &mut Trail<Effect>) {
    frontier.iter().for_each(|at| trail.release(at.by));
}
