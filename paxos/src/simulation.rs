//! The pure core under random schedules: messages lost, duplicated, delayed and reordered, nodes that crash and
//! keep only what they had made durable. What clients were told must fit together; with a bug planted it
//! must, sooner or later, not.

use crate::acceptor::{Acceptor, Proposal, Refusal};
use crate::ballot::Ballot;
use crate::bug::Bug;
use crate::learner::Learner;
use crate::proposer::{Proposer, Step};
use crate::value::Value;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A message between nodes, for the attempt with this ballot.
#[derive(Clone, Debug)]
enum Message {
    Prepare(Ballot),
    Accept(Proposal),
    Promised(Ballot, Option<Proposal>),
    Accepted(Ballot),
    Refused(Ballot, Refusal),
    Learn(Value),
}

/// What a client was told, and when it had asked.
#[derive(Clone, Debug)]
struct Told {
    asked_at: usize,
    told_at: usize,
    value: Option<Value>,
}

struct Node {
    acceptor: Acceptor,
    learner: Learner,
    /// The attempt that is under way, and when its client asked.
    attempt: Option<(Proposer, usize)>,
    /// Durable: reserved before any ballot of it is used.
    rounds_used: u64,
}

struct World {
    nodes: Vec<Node>,
    network: Vec<(usize, usize, Message)>,
    told: Vec<Told>,
    proposed: Vec<Value>,
    now: usize,
    bug: Option<Bug>,
}

impl World {
    fn new(nodes: usize, bug: Option<Bug>) -> World {
        let node = || Node {
            acceptor: Acceptor::default(),
            learner: Learner::default(),
            attempt: None,
            rounds_used: 0,
        };
        let nodes = (0..nodes).map(|_| node()).collect();
        World {
            nodes,
            network: Vec::new(),
            told: Vec::new(),
            proposed: Vec::new(),
            now: 0,
            bug,
        }
    }

    fn name(node: usize) -> String {
        format!("n{node}")
    }

    /// A client asks a node: a proposal of a new value, or a read.
    fn ask(&mut self, node: usize, read: bool) {
        let now = self.now;
        if let Some(value) = self.nodes[node].learner.get("d").cloned() {
            return self.tell(now, Some(value));
        }
        if read && self.bug == Some(Bug::ReadLocalState) {
            return self.tell(now, None);
        }
        let own = (!read).then(|| {
            let value = Value::new(&serde_json::json!(self.proposed.len())).unwrap();
            self.proposed.push(value.clone());
            value
        });
        let promised = self.nodes[node]
            .acceptor
            .promised
            .as_ref()
            .map_or(0, |ballot| ballot.round);
        let round = self.nodes[node].rounds_used.max(promised) + 1;
        self.nodes[node].rounds_used = round;
        let ballot = Ballot {
            round,
            node: World::name(node),
        };
        let proposer = Proposer::new(self.nodes.len(), ballot.clone(), own, self.bug);
        self.nodes[node].attempt = Some((proposer, now));
        self.send_all(node, &Message::Prepare(ballot));
    }

    fn send_all(&mut self, from: usize, message: &Message) {
        (0..self.nodes.len()).for_each(|to| self.network.push((from, to, message.clone())));
    }

    fn tell(&mut self, asked_at: usize, value: Option<Value>) {
        self.told.push(Told {
            asked_at,
            told_at: self.now,
            value,
        });
    }

    fn deliver(&mut self, from: usize, to: usize, message: Message) {
        let sender = World::name(from);
        let bug = self.bug;
        let node = &mut self.nodes[to];
        let step = match message {
            Message::Prepare(ballot) => {
                let answer = match node.acceptor.prepare(&ballot) {
                    Ok(accepted) => Message::Promised(ballot, accepted),
                    Err(refusal) => Message::Refused(ballot, refusal),
                };
                return self.network.push((to, from, answer));
            }
            Message::Accept(proposal) => {
                let ballot = proposal.ballot.clone();
                let answer = match node.acceptor.accept(&proposal, bug) {
                    Ok(()) => Message::Accepted(ballot),
                    Err(refusal) => Message::Refused(ballot, refusal),
                };
                return self.network.push((to, from, answer));
            }
            Message::Learn(value) => return node.learner.learn("d", &value),
            Message::Promised(ballot, accepted) => match &mut node.attempt {
                Some((proposer, _)) if *proposer.ballot() == ballot => proposer.promised(&sender, accepted),
                _ => return,
            },
            Message::Accepted(ballot) => match &mut node.attempt {
                Some((proposer, _)) if *proposer.ballot() == ballot => proposer.accepted(&sender),
                _ => return,
            },
            Message::Refused(ballot, refusal) => match &mut node.attempt {
                Some((proposer, _)) if *proposer.ballot() == ballot => proposer.refused(&sender, &refusal),
                _ => return,
            },
        };
        let asked_at = node.attempt.as_ref().map_or(0, |(_, asked_at)| *asked_at);
        match step {
            Step::Wait => {}
            Step::SendAccept(proposal) => self.send_all(to, &Message::Accept(proposal)),
            Step::Overtaken => node.attempt = None,
            Step::Undecided => {
                node.attempt = None;
                self.tell(asked_at, None);
            }
            Step::Chosen(value) => {
                node.attempt = None;
                node.learner.learn("d", &value);
                self.tell(asked_at, Some(value.clone()));
                self.send_all(to, &Message::Learn(value));
            }
        }
    }

    /// Everything that is not durable is gone.
    fn crash(&mut self, node: usize) {
        let old = std::mem::take(&mut self.nodes[node].acceptor);
        self.nodes[node].acceptor = old.recovered(self.bug);
        self.nodes[node].learner = Learner::default();
        self.nodes[node].attempt = None;
    }

    fn run(&mut self, rng: &mut StdRng, steps: usize) {
        for _ in 0..steps {
            self.now += 1;
            let node = rng.random_range(0..self.nodes.len());
            match rng.random_range(0..100) {
                0..3 => self.ask(node, false),
                3..6 => self.ask(node, true),
                6..7 => self.crash(node),
                7..11 if !self.network.is_empty() => {
                    let lost = rng.random_range(0..self.network.len());
                    self.network.swap_remove(lost);
                }
                11..14 if !self.network.is_empty() => {
                    // Delivered, and still under way.
                    let twice = rng.random_range(0..self.network.len());
                    let (from, to, message) = self.network[twice].clone();
                    self.deliver(from, to, message);
                }
                _ if !self.network.is_empty() => {
                    let next = rng.random_range(0..self.network.len());
                    let (from, to, message) = self.network.swap_remove(next);
                    self.deliver(from, to, message);
                }
                _ => {}
            }
        }
    }

    /// What is wrong with what clients were told, if anything.
    fn contradiction(&self) -> Option<String> {
        let decided: Vec<&Value> = self.told.iter().filter_map(|told| told.value.as_ref()).collect();
        if let Some(other) = decided.iter().find(|value| **value != decided[0]) {
            return Some(format!("decided as {} and as {other}", decided[0]));
        }
        if let Some(value) = decided.iter().find(|value| !self.proposed.contains(value)) {
            return Some(format!("decided as {value}, which nobody proposed"));
        }
        let first = self
            .told
            .iter()
            .filter(|told| told.value.is_some())
            .map(|told| told.told_at)
            .min()?;
        let undone = self
            .told
            .iter()
            .find(|told| told.value.is_none() && told.asked_at > first)?;
        Some(format!(
            "told undecided at {}, decided since {first}",
            undone.told_at
        ))
    }
}

/// How many of so many random runs contradict themselves; also how many decided anything.
fn runs(count: u64, nodes: usize, bug: Option<Bug>) -> (usize, usize) {
    let (mut contradictions, mut decided) = (0, 0);
    for seed in 0..count {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut world = World::new(nodes, bug);
        world.run(&mut rng, 80 * nodes);
        decided += usize::from(world.told.iter().any(|told| told.value.is_some()));
        if let Some(what) = world.contradiction() {
            assert!(
                bug.is_some(),
                "{nodes} nodes, seed {seed}: {what}: {:#?}",
                world.told
            );
            contradictions += 1;
        }
    }
    (contradictions, decided)
}

#[test]
fn agreement_and_validity_hold_in_tens_of_thousands_of_random_runs() {
    for (nodes, count) in [(3, 25_000), (5, 15_000)] {
        let (_, decided) = runs(count, nodes, None);
        assert!(
            decided as u64 > count / 3,
            "only {decided} of {count} runs decided anything"
        );
    }
}

#[test]
fn every_planted_bug_contradicts_itself_in_some_random_run() {
    for bug in Bug::ALL {
        let (contradictions, _) = runs(3_000, 3, Some(bug));
        assert!(contradictions > 0, "{} was not seen in 3,000 runs", bug.name());
    }
}
