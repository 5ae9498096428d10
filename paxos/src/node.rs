//! A node: acceptor, proposer and learner of every decree, around one log and a way to reach the others.
//!
//! The rules are in the pure core; here is what they need of the world: every promise and acceptance is
//! durable before it is answered, ballots are never used twice, contending proposers get out of each other's
//! way, and a client is told what is certain.

use crate::acceptor::{Acceptor, Proposal, Refusal};
use crate::ballot::Ballot;
use crate::bug::Bug;
use crate::learner::Learner;
use crate::proposer::{Proposer, Step};
use crate::storage::{Log, LogFailed, Record, StorageError};
use crate::value::Value;
use rand::RngExt;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// How a node is started.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Its id, one of the peers'.
    pub id: String,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Every node, itself included.
    pub peers: Vec<(String, SocketAddr)>,
    /// Where its log is.
    pub data: PathBuf,
    /// The rule that it breaks, if any.
    pub bug: Option<Bug>,
    /// After how long a client is told that the outcome is unknown.
    pub request_timeout: Duration,
    /// After how long an attempt goes on with a new ballot, since answers may be lost.
    pub attempt_timeout: Duration,
}

impl NodeOptions {
    /// A node with the usual timeouts.
    pub fn new(
        id: String,
        listen: SocketAddr,
        peers: Vec<(String, SocketAddr)>,
        data: PathBuf,
    ) -> NodeOptions {
        NodeOptions {
            id,
            listen,
            peers,
            data,
            bug: None,
            request_timeout: Duration::from_millis(800),
            attempt_timeout: Duration::from_millis(350),
        }
    }
}

/// The first pause of an overtaken proposer is at most this; it doubles with every attempt.
const BACK_OFF_FIRST: Duration = Duration::from_millis(4);
const BACK_OFF_MAX: Duration = Duration::from_millis(128);
/// How many rounds are reserved, durably, at a time.
const ROUNDS_RESERVED_AT_ONCE: u64 = 1000;

/// Why a client gets no answer from the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Certainly without effect: its value was never sent to an acceptor.
    #[error("{0}")]
    Failed(String),
    /// Its value may be chosen, now or later.
    #[error("{0}")]
    Unknown(String),
}

/// What a proposer asks an acceptor.
#[derive(Clone, Debug)]
pub enum Question {
    /// Rule 1a.
    Prepare(Ballot),
    /// Rule 2a.
    Accept(Proposal),
}

/// What an acceptor answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Rule 1b, with what was accepted before.
    Promised(Option<Proposal>),
    /// Rule 2b.
    Accepted,
    /// Either rule's no.
    Refused(Refusal),
}

/// The way to the other nodes. A question may be lost, and so may its answer.
pub trait Transport: Send + Sync + 'static {
    /// Asks another node's acceptor.
    fn ask(
        &self,
        node: &str,
        decree: &str,
        question: Question,
    ) -> impl Future<Output = Option<Answer>> + Send;
    /// Tells another node's learner.
    fn tell(&self, node: &str, decree: &str, value: &Value) -> impl Future<Output = ()> + Send;
}

/// A node.
pub struct Node<T> {
    options: NodeOptions,
    transport: T,
    log: Log,
    acceptors: Mutex<HashMap<String, Acceptor>>,
    learner: Mutex<Learner>,
    rounds: tokio::sync::Mutex<Rounds>,
}

/// The rounds of this node's ballots.
struct Rounds {
    used: u64,
    reserved: u64,
}

impl<T: Transport> Node<T> {
    /// Recovers a node from its log.
    ///
    /// # Errors
    /// When the log cannot be used.
    pub fn recover(options: NodeOptions, transport: T) -> Result<Node<T>, StorageError> {
        let (log, recovered) = Log::open(&options.data)?;
        tracing::info!(
            "recovered {} records of {} decrees, {} torn bytes dropped",
            recovered.records,
            recovered.acceptors.len(),
            recovered.torn_bytes
        );
        let acceptors = recovered.acceptors.into_iter();
        let acceptors = acceptors
            .map(|(decree, acceptor)| (decree, acceptor.recovered(options.bug)))
            .collect();
        // Whatever was reserved may have been used before the restart.
        let rounds = Rounds {
            used: recovered.rounds_reserved,
            reserved: recovered.rounds_reserved,
        };
        Ok(Node {
            options,
            transport,
            log,
            acceptors: Mutex::new(acceptors),
            learner: Mutex::default(),
            rounds: tokio::sync::Mutex::new(rounds),
        })
    }

    /// The node's id.
    pub fn id(&self) -> &str {
        &self.options.id
    }

    /// Has a value decided, and says which value was: this one, or another that came before it.
    ///
    /// # Errors
    /// What is certain, and what is not.
    pub async fn propose(self: &Arc<Self>, decree: &str, value: Value) -> Result<Value, RequestError> {
        match self.decide(decree, Some(value)).await? {
            Some(value) => Ok(value),
            None => Err(RequestError::Unknown(
                "an attempt with a value ended undecided".to_owned(),
            )),
        }
    }

    /// The decided value, or none when the decree is undecided.
    ///
    /// # Errors
    /// When no majority could be asked in time.
    pub async fn read(self: &Arc<Self>, decree: &str) -> Result<Option<Value>, RequestError> {
        if self.options.bug == Some(Bug::ReadLocalState) {
            return Ok(self.learned(decree));
        }
        // A read has no value of its own that could be chosen: whatever happened, it has failed.
        self.decide(decree, None)
            .await
            .map_err(|error| RequestError::Failed(error.to_string()))
    }

    /// Rules 1b and 2b, durable before they are answered.
    ///
    /// # Errors
    /// When the log has failed: then this node is no acceptor any more, and says nothing as one.
    pub async fn answer(&self, decree: &str, question: &Question) -> Result<Answer, LogFailed> {
        let (answer, ticket) = {
            let mut acceptors = lock(&self.acceptors);
            let acceptor = acceptors.entry(decree.to_owned()).or_default();
            let answer = match question {
                Question::Prepare(ballot) => acceptor.prepare(ballot).map(Answer::Promised),
                Question::Accept(proposal) => acceptor
                    .accept(proposal, self.options.bug)
                    .map(|()| Answer::Accepted),
            };
            match answer {
                Err(refusal) => return Ok(Answer::Refused(refusal)),
                // Under the lock, so that the log has the states in the order in which they were.
                Ok(answer) => {
                    let record = Record::Acceptor {
                        decree: decree.to_owned(),
                        state: acceptor.clone(),
                    };
                    (answer, self.log.append(&record))
                }
            }
        };
        ticket.durable().await?;
        match question {
            Question::Prepare(ballot) => tracing::info!("promised decree={decree} ballot={ballot}"),
            Question::Accept(it) => {
                tracing::info!("accepted decree={decree} ballot={} value={}", it.ballot, it.value)
            }
        }
        Ok(answer)
    }

    /// Rule *learn*, from a node that learned.
    pub fn learn(&self, decree: &str, value: &Value) {
        lock(&self.learner).learn(decree, value);
    }

    fn learned(&self, decree: &str) -> Option<Value> {
        lock(&self.learner).get(decree).cloned()
    }

    /// Attempts with ever higher ballots until one succeeds or the time is over.
    async fn decide(
        self: &Arc<Self>,
        decree: &str,
        own: Option<Value>,
    ) -> Result<Option<Value>, RequestError> {
        let deadline = Instant::now() + self.options.request_timeout;
        let mut own_was_sent = false;
        let mut above = 0;
        let mut pause_max = BACK_OFF_FIRST;
        loop {
            if let Some(value) = self.learned(decree) {
                return Ok(Some(value));
            }
            let ballot = match self.next_ballot(above).await {
                Ok(ballot) => ballot,
                Err(failed) => return Err(outcome(own_was_sent, &failed.to_string())),
            };
            let attempt_end = deadline.min(Instant::now() + self.options.attempt_timeout);
            match self
                .attempt(
                    decree,
                    ballot,
                    own.clone(),
                    attempt_end,
                    &mut above,
                    &mut own_was_sent,
                )
                .await
            {
                Step::Chosen(value) => {
                    tracing::info!("chosen decree={decree} value={value}");
                    self.learn(decree, &value);
                    self.spread(decree, &value);
                    return Ok(Some(value));
                }
                Step::Undecided => return Ok(None),
                Step::Wait | Step::SendAccept(_) | Step::Overtaken => {}
            }
            let pause = pause_max.mul_f64(rand::rng().random_range(0.1..1.0));
            pause_max = (pause_max * 2).min(BACK_OFF_MAX);
            if Instant::now() + pause >= deadline {
                return Err(outcome(own_was_sent, "no majority answered in time"));
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// One attempt: rules 1a and 2a, with every acceptor asked at once.
    async fn attempt(
        self: &Arc<Self>,
        decree: &str,
        ballot: Ballot,
        own: Option<Value>,
        end: Instant,
        above: &mut u64,
        own_was_sent: &mut bool,
    ) -> Step {
        let mut proposer = Proposer::new(
            self.options.peers.len(),
            ballot.clone(),
            own.clone(),
            self.options.bug,
        );
        tracing::info!("prepare decree={decree} ballot={ballot}");
        let mut answers = self.ask_all(decree, Question::Prepare(ballot));
        loop {
            let Ok(Some((from, answer))) = timeout_at(end, answers.recv()).await else {
                return Step::Wait;
            };
            let step = match answer {
                Answer::Promised(accepted) => proposer.promised(&from, accepted),
                Answer::Accepted => proposer.accepted(&from),
                Answer::Refused(refusal) => {
                    *above = (*above).max(refusal.promised.round);
                    proposer.refused(&from, &refusal)
                }
            };
            match step {
                Step::Wait => {}
                Step::SendAccept(proposal) => {
                    // From here on the client's value may be chosen, whatever becomes of this attempt.
                    *own_was_sent |= own.as_ref() == Some(&proposal.value);
                    // Late promises are no acceptances: the old answers go with their channel.
                    answers = self.ask_all(decree, Question::Accept(proposal));
                }
                Step::Chosen(_) | Step::Undecided | Step::Overtaken => return step,
            }
        }
    }

    /// Asks every acceptor, this node's own as well; answers come as they come, lost ones never.
    fn ask_all(self: &Arc<Self>, decree: &str, question: Question) -> mpsc::Receiver<(String, Answer)> {
        let (sender, receiver) = mpsc::channel(self.options.peers.len());
        for (peer, _) in &self.options.peers {
            let (node, sender, peer) = (Arc::clone(self), sender.clone(), peer.clone());
            let (decree, question) = (decree.to_owned(), question.clone());
            tokio::spawn(async move {
                let answer = match peer == node.options.id {
                    true => node.answer(&decree, &question).await.ok(),
                    false => node.transport.ask(&peer, &decree, question).await,
                };
                if let Some(answer) = answer {
                    // The attempt may be over.
                    let _ = sender.send((peer, answer)).await;
                }
            });
        }
        receiver
    }

    /// Tells the other learners. Nothing depends on their hearing it.
    fn spread(self: &Arc<Self>, decree: &str, value: &Value) {
        for (peer, _) in self
            .options
            .peers
            .iter()
            .filter(|(peer, _)| *peer != self.options.id)
        {
            let (node, peer, decree, value) =
                (Arc::clone(self), peer.clone(), decree.to_owned(), value.clone());
            tokio::spawn(async move { node.transport.tell(&peer, &decree, &value).await });
        }
    }

    /// A ballot that was never used, in a round above `above`. Rounds are reserved durably before they are
    /// used, so that a node that restarts begins beyond all that it may have used.
    async fn next_ballot(&self, above: u64) -> Result<Ballot, LogFailed> {
        let mut rounds = self.rounds.lock().await;
        let round = rounds.used.max(above) + 1;
        if round > rounds.reserved {
            let reserved = round + ROUNDS_RESERVED_AT_ONCE;
            self.log
                .append(&Record::RoundsReserved(reserved))
                .durable()
                .await?;
            rounds.reserved = reserved;
        }
        rounds.used = round;
        Ok(Ballot {
            round,
            node: self.options.id.clone(),
        })
    }
}

/// What a client is told when there is no answer: only a value that was never sent is certain to have failed.
fn outcome(own_was_sent: bool, why: &str) -> RequestError {
    match own_was_sent {
        true => RequestError::Unknown(why.to_owned()),
        false => RequestError::Failed(why.to_owned()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding these locks")
}
