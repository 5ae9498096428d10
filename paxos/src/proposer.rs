//! The proposer: one attempt, under one ballot, to have a decree decided, or to find out that it is not.
//!
//! Pure: answers in, what they amount to out. An attempt that is overtaken by a higher ballot ends; whoever
//! drives it (see [`crate::instance`]) starts another with a higher ballot. Who has accepted is counted by the
//! [`crate::learner`].

use crate::ballot::{Ballot, NodeId};
use crate::bug::Bug;
use crate::config::Config;
use crate::message::Proposal;
use crate::value::Value;

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    ballot: Ballot,
    /// The promises that came, each with what its acceptor had accepted, by acceptor.
    promises: Vec<(NodeId, Option<Proposal>)>,
    /// What was proposed, once phase 2 has begun.
    proposal: Option<Proposal>,
    refused: Vec<NodeId>,
    /// How often its questions were asked again.
    pub resends: u32,
}

/// What a majority of promises amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The value of the highest-ballot proposal among them.
    Accepted {
        /// The value.
        value: Value,
        /// Whether every promise brought a proposal. No rule asks for it.
        by_all: bool,
    },
    /// The whole majority came back empty: by its promises nothing below this ballot can be chosen any more.
    Nothing,
}

impl Attempt {
    /// An attempt under a ballot that was never used before (rule 1a).
    pub fn new(ballot: Ballot) -> Attempt {
        Attempt {
            ballot,
            promises: Vec::new(),
            proposal: None,
            refused: Vec::new(),
            resends: 0,
        }
    }

    /// The attempt's ballot.
    pub fn ballot(&self) -> &Ballot {
        &self.ballot
    }

    /// The proposal, in phase 2.
    pub fn proposal(&self) -> Option<&Proposal> {
        self.proposal.as_ref()
    }

    /// An acceptor has promised this attempt's ballot, and says what it had accepted before. Returns what the
    /// promises amount to as soon as a majority of the acceptors has given one, and once only.
    pub fn promised(
        &mut self,
        config: &Config,
        from: &NodeId,
        accepted: Option<Proposal>,
        is_read: bool,
    ) -> Option<Found> {
        if self.proposal.is_some() {
            return None;
        }
        // An acceptor that answers twice is one acceptor.
        if config.planted.is(Bug::DuplicateAnswersCounted)
            || self.promises.iter().all(|(node, _)| node != from)
        {
            let place = self.promises.partition_point(|(node, _)| node <= from);
            self.promises.insert(place, (from.clone(), accepted));
        }
        let found = self.found(config);
        let missing = config
            .quorum(self.promises.len(), self.resends)
            .saturating_sub(self.promises.len());
        let is_hasty = config.planted.is(Bug::UndecidedOnMinority) && is_read && found == Found::Nothing;
        (missing == 0 || missing == 1 && is_hasty).then_some(found)
    }

    /// Rule 2a, first half: the proposal of the highest ballot is the one that matters.
    fn found(&self, config: &Config) -> Found {
        let mut accepted = self.promises.iter().filter_map(|(_, accepted)| accepted.as_ref());
        let proposal = if config.planted.is(Bug::ValueOfFirstPromise) {
            accepted.next()
        } else if config.planted.is(Bug::ValueOfLowestBallot) {
            accepted.min_by_key(|proposal| &proposal.ballot)
        } else {
            accepted.max_by_key(|proposal| &proposal.ballot)
        };
        match proposal {
            None => Found::Nothing,
            Some(proposal) => Found::Accepted {
                value: proposal.value.clone(),
                by_all: self.promises.iter().all(|(_, accepted)| accepted.is_some()),
            },
        }
    }

    /// Phase 2 begins with this value. The proposal goes to every acceptor.
    pub fn propose(&mut self, config: &Config, value: Value) -> Proposal {
        let ballot = self.ballot.clone();
        let proposal = Proposal { ballot, value };
        self.proposal = Some(proposal.clone());
        self.refused.clear();
        if !config.planted.is(Bug::RetryKeepsPromises) {
            self.promises.clear();
        }
        proposal
    }

    /// An acceptor has refused, because it promised a higher ballot. True when so many did that this attempt
    /// cannot succeed any more: it is overtaken.
    pub fn refused(&mut self, config: &Config, from: &NodeId) -> bool {
        if !self.refused.contains(from) {
            self.refused.push(from.clone());
            self.refused.sort();
        }
        let left = config.acceptors.len() - self.refused.len();
        let is_overtaken = left < config.quorum(config.acceptors.len(), 0);
        if is_overtaken {
            // It asks nobody again.
            self.resends = u32::MAX;
        }
        is_overtaken
    }

    /// The next attempt, with a higher ballot and nothing of what this one was told: a promise is for one ballot.
    pub fn retried(&self, config: &Config, ballot: Ballot) -> Attempt {
        let mut next = Attempt::new(ballot);
        if config.planted.is(Bug::RetryKeepsPromises) {
            next.promises = self.promises.clone();
        }
        next
    }
}

#[cfg(test)]
mod tests;
