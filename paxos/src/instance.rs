//! One node's part in one decree: acceptor, proposer, learner, and the clients that wait here.
//!
//! Pure: one [`Input`] in, [`Output`]s out, in an order that matters: **what comes after a [`Output::Persist`]
//! may leave the node only when that is durable**. No clock, no network, no disk, no randomness. This very code
//! is explored exhaustively by the model checker (`model/`), and driven by [`crate::node`] in production.

use crate::acceptor::{Acceptor, Refusal};
use crate::ballot::{Ballot, NodeId};
use crate::bug::{Bug, Planted};
use crate::config::Config;
use crate::learner::Learner;
use crate::message::{Message, Proposal};
use crate::proposer::{Attempt, Found};
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// A client's request, as the node numbers it.
pub type RequestId = u64;

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Have a value chosen; which one was is the answer.
    Propose(Value),
    /// What was chosen, or that nothing was.
    Read,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// This value was chosen.
    Decided(Value),
    /// To a read: at some moment since it came, nothing had been chosen.
    Undecided,
    /// It has no effect and never will: no `accept` with its value was ever sent.
    Failed,
    /// Its value may be chosen, now or later, or never.
    Unknown,
}

/// What happens to an instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A client asks.
    Request(RequestId, Request),
    /// A client is not to be kept waiting any longer.
    Expire(RequestId),
    /// A node says something; this node itself, too.
    Message(NodeId, Message),
    /// The time that was asked for with [`Output::Wake`] is over.
    Wake,
}

/// What an instance wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Make this state durable; what comes after it waits until it is.
    Persist(Durable),
    /// Write this state down when convenient; nothing waits for it.
    Remember(Durable),
    /// Say this to one node, this one included.
    Send(NodeId, Message),
    /// Say this to every node, this one included.
    Broadcast(Message),
    /// Answer a client.
    Reply(RequestId, Answer),
    /// Wake this instance after a time. A later one replaces an earlier one.
    Wake(Delay),
}

/// How long to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delay {
    /// Until answers can be taken for lost.
    Resend,
    /// A random time, longer the more attempts were overtaken: so contending proposers get out of each other's way.
    BackOff {
        /// How many were, so far.
        retries: u32,
    },
}

/// What survives a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Durable {
    /// The acceptor's promise and acceptance.
    #[serde(flatten)]
    pub acceptor: Acceptor,
    /// What was learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<Value>,
}

/// A node's part in one decree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Instance {
    acceptor: Acceptor,
    learner: Learner,
    attempt: Option<Attempt>,
    /// The highest round that was used here or that a refusal has told of, since the start.
    seen: u64,
    /// How many attempts did not succeed since somebody waits.
    retries: u32,
    waiting: Vec<Waiting>,
}

/// A client that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Waiting {
    id: RequestId,
    request: Request,
    /// An `accept` with its value has been sent: from then on it may be chosen, whatever becomes of the attempt.
    sent: bool,
    /// It was there when the attempt began that is under way.
    joined: bool,
}

impl Instance {
    /// The instance as it comes back from its durable state.
    pub fn recovered(durable: Durable) -> Instance {
        let mut instance = Instance {
            acceptor: durable.acceptor,
            ..Instance::default()
        };
        if let Some(value) = durable.learned {
            instance.learner.learn(&value);
        }
        instance
    }

    /// What has to survive a crash.
    pub fn durable(&self, planted: Planted) -> Durable {
        Durable {
            acceptor: self.acceptor.durable(planted),
            learned: self.learner.chosen().cloned(),
        }
    }

    /// What this node has learned.
    pub fn chosen(&self) -> Option<&Value> {
        self.learner.chosen()
    }

    /// Whether nobody waits here and nothing is under way: only the durable state matters.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.attempt.is_none()
    }

    /// Something happens; what follows from it is appended to `out`.
    pub fn handle(&mut self, config: &Config, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Request(id, request) => self.request(config, id, request, out),
            Input::Expire(id) => self.expire(config, id, out),
            Input::Wake => self.wake(config, out),
            Input::Message(from, message) => match message {
                Message::Prepare { ballot } => self.prepare(config, from, ballot, out),
                Message::Accept { proposal } => self.accept(config, from, &proposal, out),
                Message::Promised { ballot, accepted } => {
                    self.promised(config, &from, &ballot, accepted, out)
                }
                Message::Accepted { ballot } => self.accepted(config, &from, &ballot, out),
                Message::Refused { ballot, promised } => self.refused(config, &from, &ballot, &promised, out),
                Message::Ask => self.tell(config, from, out),
                Message::Learn { value } => self.decided(config, &value, out),
            },
        }
    }

    // What clients ask ---------------------------------------------------------------------------------------

    fn request(&mut self, config: &Config, id: RequestId, request: Request, out: &mut Vec<Output>) {
        // Rule *learn*: a learned value is final; nobody has to be asked.
        if let Some(value) = self.learner.chosen() {
            return out.push(Output::Reply(id, Answer::Decided(value.clone())));
        }
        if request == Request::Read && config.planted.is(Bug::ReadLocalState) {
            return out.push(Output::Reply(id, Answer::Undecided));
        }
        let is_alone = self.waiting.is_empty() && self.attempt.is_none();
        self.waiting.push(Waiting {
            id,
            request,
            sent: false,
            joined: config.planted.is(Bug::LateReadJoins),
        });
        if is_alone {
            self.retries = 0;
            self.begin(config, out);
        }
    }

    /// What a client is told whose time is over. Only a value that was never sent is certain to have failed, and
    /// since the client leaves the line, it never will be sent.
    fn expire(&mut self, config: &Config, id: RequestId, out: &mut Vec<Output>) {
        if let Some(place) = self.waiting.iter().position(|waiting| waiting.id == id) {
            let waiting = self.waiting.remove(place);
            let answer = match waiting.sent && !config.planted.is(Bug::TimedOutReportedFailed) {
                true => Answer::Unknown,
                false => Answer::Failed,
            };
            out.push(Output::Reply(id, answer));
        }
    }

    // The proposer -------------------------------------------------------------------------------------------

    /// Rule 1a: an attempt begins, with a ballot above every ballot that was used or seen here. Those of this
    /// start it remembers, or its own acceptor does, which every prepare reaches; from those of earlier starts it
    /// differs by the number of the start.
    fn begin(&mut self, config: &Config, out: &mut Vec<Output>) {
        let promised = self.acceptor.promised.as_ref().map_or(0, |ballot| ballot.round);
        let mut ballot = Ballot {
            round: promised.max(self.seen) + 1,
            node: config.id.clone(),
            start: config.start,
        };
        if config.planted.is(Bug::BallotWithoutNode) {
            (ballot.node, ballot.start) = (NodeId::new(""), 0);
        }
        if config.planted.is(Bug::RoundForgottenOnRestart) {
            (ballot.round, ballot.start) = (self.seen + 1, 0);
        }
        self.seen = ballot.round;
        self.attempt = Some(match &self.attempt {
            Some(last) => last.retried(config, ballot.clone()),
            None => Attempt::new(ballot.clone()),
        });
        self.waiting.iter_mut().for_each(|waiting| waiting.joined = true);
        if config.planted.is(Bug::SkipPhase1) && promised == 0 && self.own(config).is_some() {
            return self.phase_2(config, None, out);
        }
        out.push(Output::Broadcast(Message::Prepare { ballot }));
        out.push(Output::Wake(Delay::Resend));
    }

    fn promised(
        &mut self,
        config: &Config,
        from: &NodeId,
        ballot: &Ballot,
        accepted: Option<Proposal>,
        out: &mut Vec<Output>,
    ) {
        let is_read = self.own(config).is_none();
        let Some(attempt) = self.attempt_of(ballot) else {
            return;
        };
        match attempt.promised(config, from, accepted, is_read) {
            None => {}
            Some(Found::Accepted { value, .. }) if is_read && config.planted.is(Bug::ReportHalfFinished) => {
                self.attempt = None;
                self.reply_all(config, &Answer::Decided(value), out);
            }
            // Also for a read: what it found is finished before anybody is told of it.
            Some(Found::Accepted { value, by_all }) => self.phase_2(config, Some((value, by_all)), out),
            Some(Found::Nothing) => {
                self.undecided(out);
                if !is_read {
                    return self.phase_2(config, None, out);
                }
                self.attempt = None;
                // Reads that came too late for this attempt get one of their own.
                if !self.waiting.is_empty() {
                    self.begin(config, out);
                }
            }
        }
    }

    /// Rule *read*: a whole majority has accepted nothing, so nothing had been chosen when this attempt began. That
    /// is an answer to the reads that were there then, and to no later ones: meanwhile a higher ballot may have
    /// succeeded.
    fn undecided(&mut self, out: &mut Vec<Output>) {
        self.waiting.retain(|waiting| {
            let is_answered = waiting.joined && waiting.request == Request::Read;
            if is_answered {
                out.push(Output::Reply(waiting.id, Answer::Undecided));
            }
            !is_answered
        });
    }

    /// Rule 2a, second half: the value that was found goes to every acceptor; only when nothing was, the value of
    /// the client that waits longest.
    fn phase_2(&mut self, config: &Config, found: Option<(Value, bool)>, out: &mut Vec<Output>) {
        let value = match (found, self.own(config)) {
            (Some(_), Some(own)) if config.planted.is(Bug::OwnValueAlways) => own,
            (Some((_, false)), Some(own)) if config.planted.is(Bug::OwnValueUnlessAll) => own,
            (Some((value, _)), _) | (None, Some(value)) => value,
            // Whoever had a value has left the line.
            (None, None) => return self.attempt = None,
        };
        for waiting in &mut self.waiting {
            waiting.sent |= matches!(&waiting.request, Request::Propose(own) if *own == value);
        }
        let Some(attempt) = &mut self.attempt else { return };
        let proposal = attempt.propose(config, value);
        self.learner.proposed(proposal.clone());
        out.push(Output::Broadcast(Message::Accept { proposal }));
        out.push(Output::Wake(Delay::Resend));
    }

    /// The value of the client that waits longest.
    fn own(&self, config: &Config) -> Option<Value> {
        let own = self.waiting.iter().find_map(|waiting| match &waiting.request {
            Request::Propose(value) => Some(value.clone()),
            Request::Read => None,
        })?;
        if config.planted.is(Bug::RetryUnderNewValue) && self.retries > 0 {
            return Some(Value::of_number(1_000_000_000 + u64::from(self.retries)));
        }
        Some(own)
    }

    fn accepted(&mut self, config: &Config, from: &NodeId, ballot: &Ballot, out: &mut Vec<Output>) {
        let resends = self.attempt.as_ref().map_or(0, |attempt| attempt.resends);
        let quorum = |answered| config.quorum(answered, resends);
        if let Some(value) = self.learner.accepted(from, ballot, quorum, config.planted) {
            // Only now may anyone be told; and everyone is, so that their reads need nobody.
            for node in config.acceptors.iter().filter(|node| **node != config.id) {
                out.push(Output::Send(
                    node.clone(),
                    Message::Learn { value: value.clone() },
                ));
            }
            self.decided(config, &value, out);
        }
    }

    /// A majority has promised higher ballots: this attempt cannot succeed any more, and another begins after a
    /// pause.
    fn refused(
        &mut self,
        config: &Config,
        from: &NodeId,
        ballot: &Ballot,
        promised: &Ballot,
        out: &mut Vec<Output>,
    ) {
        let Some(attempt) = self.attempt_of(ballot) else {
            return;
        };
        if config.planted.is(Bug::RefusalsCounted) {
            return match attempt.proposal() {
                Some(_) => self.accepted(config, from, ballot, out),
                None => self.promised(config, from, ballot, None, out),
            };
        }
        let is_overtaken = attempt.refused(config, from);
        self.seen = self.seen.max(promised.round);
        if !is_overtaken {
            return;
        }
        if config.planted.is(Bug::OvertakenReportedFailed) {
            self.waiting.retain(|waiting| {
                if waiting.sent {
                    out.push(Output::Reply(waiting.id, Answer::Failed));
                }
                !waiting.sent
            });
        }
        // Nothing of it is kept for the next one.
        self.attempt = self
            .attempt
            .take()
            .filter(|_| config.planted.is(Bug::RetryKeepsPromises));
        self.retries += 1;
        let retries = self.retries;
        out.push(Output::Wake(Delay::BackOff { retries }));
    }

    fn wake(&mut self, config: &Config, out: &mut Vec<Output>) {
        if self.learner.chosen().is_some() || self.waiting.is_empty() {
            // Nobody wants to know any more. What was sent may still be chosen, by whoever finds it.
            self.attempt = None;
            return;
        }
        match &mut self.attempt {
            Some(attempt) if attempt.resends < config.resends_max => {
                attempt.resends += 1;
                out.push(Output::Broadcast(match attempt.proposal() {
                    Some(proposal) => Message::Accept {
                        proposal: proposal.clone(),
                    },
                    None => Message::Prepare {
                        ballot: attempt.ballot().clone(),
                    },
                }));
                out.push(Output::Wake(Delay::Resend));
            }
            Some(_) => {
                self.retries += 1;
                self.begin(config, out);
            }
            None => self.begin(config, out),
        }
    }

    fn attempt_of(&mut self, ballot: &Ballot) -> Option<&mut Attempt> {
        self.attempt.as_mut().filter(|attempt| attempt.ballot() == ballot)
    }

    // The acceptor -------------------------------------------------------------------------------------------

    /// Rule 1b, durable before it is answered.
    fn prepare(&mut self, config: &Config, from: NodeId, ballot: Ballot, out: &mut Vec<Output>) {
        match self.acceptor.prepare(&ballot, config.planted) {
            Ok(accepted) => self.answer_durably(config, from, Message::Promised { ballot, accepted }, out),
            Err(Refusal { promised }) => out.push(Output::Send(from, Message::Refused { ballot, promised })),
        }
    }

    /// Rule 2b, durable before it is answered.
    fn accept(&mut self, config: &Config, from: NodeId, proposal: &Proposal, out: &mut Vec<Output>) {
        let ballot = proposal.ballot.clone();
        if self.learner.chosen().is_some() {
            self.learner.late_proposal(proposal, config.planted);
        }
        match self.acceptor.accept(proposal, config.planted) {
            Ok(()) => {
                self.answer_durably(config, from, Message::Accepted { ballot }, out);
                if config.planted.is(Bug::LearnFromOneAccept) {
                    self.decided(config, &proposal.value, out);
                }
            }
            Err(Refusal { promised }) => out.push(Output::Send(from, Message::Refused { ballot, promised })),
        }
    }

    fn answer_durably(&self, config: &Config, to: NodeId, answer: Message, out: &mut Vec<Output>) {
        let state = self.durable(config.planted);
        out.extend([Output::Persist(state), Output::Send(to, answer)]);
    }

    // The learner --------------------------------------------------------------------------------------------

    /// Rule *learn*: tells another node what this one has learned, and nothing else.
    fn tell(&self, config: &Config, to: NodeId, out: &mut Vec<Output>) {
        let accepted = self.acceptor.accepted.as_ref().map(|proposal| &proposal.value);
        let learned = match config.planted.is(Bug::TellAcceptedAsLearned) {
            true => self.learner.chosen().or(accepted),
            false => self.learner.chosen(),
        };
        if let Some(value) = learned.cloned() {
            out.push(Output::Send(to, Message::Learn { value }));
        }
    }

    /// Rule *learn*: the decree is decided, by this node's count or by the word of a node that learned.
    fn decided(&mut self, config: &Config, value: &Value, out: &mut Vec<Output>) {
        if self.learner.learn(value) {
            self.attempt = None;
            self.reply_all(config, &Answer::Decided(value.clone()), out);
            out.push(Output::Remember(self.durable(config.planted)));
        }
    }

    fn reply_all(&mut self, config: &Config, answer: &Answer, out: &mut Vec<Output>) {
        for waiting in self.waiting.drain(..) {
            let answer = match waiting.request {
                Request::Propose(own) if config.planted.is(Bug::AnswerOwnValue) => Answer::Decided(own),
                _ => answer.clone(),
            };
            out.push(Output::Reply(waiting.id, answer));
        }
    }
}

#[cfg(test)]
mod tests;
