//! What is wrong with a decree: what needs the fewest operations first, then what is easiest to believe.

use super::Case;
use crate::ReasonKind;
use crate::proof::argument::Argument;
use crate::proof::verify;
use history::Outcome;

/// How many different answers are looked at for the clearest pair.
const VALUES_MAX: usize = 16;

/// What is wrong, and by which operations.
pub(super) enum Finding {
    /// A proposal was answered with nothing.
    NullAnswer(u32),
    /// A value was answered that nobody had proposed.
    Unproposed(u32),
    /// A value was answered that only proposals that failed had proposed.
    FailedTookEffect { failed: u32, answer: u32 },
    /// A value was answered before any proposal of it began.
    ProposedLater { answer: u32, proposals: Vec<u32> },
    /// Two answers differ.
    TwoDecisions(u32, u32),
    /// A read found nothing after somebody had been told the decision.
    Undone { answer: u32, read: u32 },
}

impl Case<'_> {
    /// What is wrong: what needs the fewest operations first, then what is easiest to believe.
    pub(super) fn find(&self) -> Option<Finding> {
        let nothing =
            |number: &u32| self.decree.is_propose(self.at(*number)) && self.at(*number).output.is_null();
        if let Some(number) = self.answered().find(nothing) {
            return Some(Finding::NullAnswer(number));
        }
        let firsts = self.first_answers();
        if let Some(finding) = firsts.iter().find_map(|answer| self.without_proposal(*answer)) {
            return Some(finding);
        }
        if firsts.len() > 1 {
            return self.two_decisions(&firsts);
        }
        let answer = *firsts.first()?;
        let t0 = self.at(answer).complete;
        let undone = |number: &u32| self.at(*number).output.is_null() && self.at(*number).invoke > t0;
        self.answered()
            .find(undone)
            .map(|read| Finding::Undone { answer, read })
    }

    /// For each answered value the operation that completed first with it, in the order of completion.
    fn first_answers(&self) -> Vec<u32> {
        let mut by_completion: Vec<u32> = self
            .answered()
            .filter(|number| !self.at(*number).output.is_null())
            .collect();
        by_completion.sort_unstable_by_key(|number| self.at(*number).complete);
        let mut firsts: Vec<u32> = Vec::new();
        for number in by_completion {
            let known = firsts
                .iter()
                .any(|first| self.at(*first).output == self.at(number).output);
            if !known && firsts.len() < VALUES_MAX {
                firsts.push(number);
            }
        }
        firsts
    }

    /// What is wrong with the value of an answer, if no proposal can have brought it.
    fn without_proposal(&self, answer: u32) -> Option<Finding> {
        let (told, complete) = (self.at(answer).output, self.at(answer).complete);
        let proposals = || {
            let all = self.operations.iter().copied();
            all.filter(|number| self.decree.is_propose(self.at(*number)) && self.at(*number).input == told)
        };
        let may_have_happened = |number: &u32| self.at(*number).outcome != Outcome::Fail;
        if proposals()
            .filter(may_have_happened)
            .any(|number| self.at(number).invoke < complete)
        {
            return None;
        }
        let later: Vec<u32> = proposals()
            .filter(may_have_happened)
            .take(verify::CORE_MAX - 1)
            .collect();
        let failed =
            proposals().find(|number| !may_have_happened(number) && self.at(*number).invoke < complete);
        Some(match (failed, later.is_empty()) {
            (Some(failed), true) => Finding::FailedTookEffect { failed, answer },
            (_, false) => Finding::ProposedLater {
                answer,
                proposals: later,
            },
            (None, true) => Finding::Unproposed(answer),
        })
    }

    /// Of all pairs of different answers the one that is easiest to believe: one was over before the other
    /// began, and the other was a proposal that was told its own value; the shorter the gap, the better.
    fn two_decisions(&self, firsts: &[u32]) -> Option<Finding> {
        let mut argument = Argument::default();
        let mut nodes = std::collections::BTreeMap::new();
        for first in firsts {
            let earlier = self.at(*first);
            let others = self.answered().filter(|number| {
                !self.at(*number).output.is_null() && self.at(*number).output != earlier.output
            });
            // In the order of invocations: the first that began after, and the first of its own mind.
            let (after, meanwhile): (Vec<u32>, Vec<u32>) =
                others.partition(|number| earlier.precedes(self.at(*number)));
            let own = after.iter().find(|number| self.told_its_own(**number));
            for other in own
                .into_iter()
                .chain(after.first())
                .chain(meanwhile.first())
                .copied()
            {
                let mut node = |number| *nodes.entry(number).or_insert_with(|| argument.operation(number));
                let (a, b) = (node(*first), node(other));
                let doubt = if self.told_its_own(other) { 0 } else { 10 };
                // Two values against each other take more believing than a value against the clock.
                let (forth, doubt) = match earlier.precedes(self.at(other)) {
                    true => (self.real_time(*first, other), doubt),
                    false => (ReasonKind::Value, doubt + 50),
                };
                argument.before(a, b, forth, doubt);
                argument.before(b, a, ReasonKind::Value, doubt);
            }
        }
        let around = argument.shortest_loop();
        let (a, b) = (around.first()?.0, around.get(1)?.0);
        let (first, second) = if self.at(a).invoke < self.at(b).invoke {
            (a, b)
        } else {
            (b, a)
        };
        Some(Finding::TwoDecisions(first, second))
    }
}
