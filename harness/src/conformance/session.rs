//! One workload in the hands of the examiner: a client for each node, and a history that is asked about after each operation.

use super::oracle::Oracle;
use super::script::{self, Script, Step};
use crate::client::{Client, ClientSpec, Exchange};
use crate::recorder::Recorder;
use crate::workload::{Argument, Kind, PlannedOperation};
use anyhow::{Context, Result};
use cluster::Cluster;
use cluster::system::Operations;
use history::{Event, EventType, Header};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How many objects each workload has for itself: a system may keep a register and a list under the same key.
const KEYS: u64 = 1_000_000;

/// A workload that the system offers.
#[derive(Clone)]
pub struct Offer {
    /// Its name, as the descriptor has it.
    pub name: String,
    /// What it is.
    pub kind: &'static Kind,
    /// How its operations are asked for.
    pub operations: Arc<Operations>,
}

/// The clients of one workload.
pub struct Session {
    /// The workload.
    pub offer: Offer,
    /// What is asked of it.
    pub script: Script,
    /// The place of the node whose client does what only one has to do.
    pub home: usize,
    clients: Vec<Client>,
    history: PathBuf,
    logs: PathBuf,
    nodes: Vec<String>,
    last_key: u64,
    was_touched: bool,
}

/// What ends the wait for a success before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// An answer that nobody understands: the next one would be no better.
    Misunderstood,
    /// Nothing: who was understood before may be out of order for a while, and say so in words that no rule is about.
    Over,
}

/// What came of one operation.
pub struct Answered {
    /// The place of the node that was asked.
    pub place: usize,
    /// What was asked.
    pub step: Step,
    /// The object, with everything that was done with it so far.
    pub oracle: Oracle,
    /// How it ended.
    pub ended: Event,
    /// What went over the wire.
    pub exchange: Exchange,
}

impl Answered {
    /// Whether the same question would be answered in the same way again: something came, and nobody could tell what it means.
    pub fn is_mistaken(&self) -> bool {
        let rule = self.exchange.rule.as_deref();
        let is_meant = rule.is_some_and(|rule| rule.contains(", so info"));
        self.ended.kind == EventType::Info && !self.exchange.received.is_empty() && !is_meant
    }

    /// Whether the node itself has refused: something came, and it means *fail*.
    pub fn is_refusal(&self) -> bool {
        self.ended.kind == EventType::Fail && !self.exchange.received.is_empty()
    }
}

impl Session {
    /// Clients for all nodes, in a folder of their own below `dir`; `number` tells the workload from the others. Nothing was
    /// started yet.
    ///
    /// # Errors
    /// When a client cannot be set up, or the history not be written.
    pub fn new(
        offer: Offer,
        number: u64,
        cluster: &Cluster,
        dir: &Path,
        descriptor_dir: &str,
        epoch: Instant,
        timeout: Duration,
    ) -> Result<Session> {
        let folder = dir.join("workloads").join(offer.name.replace('/', "-"));
        let logs = folder.join("clients");
        std::fs::create_dir_all(&logs).with_context(|| format!("make {}", logs.display()))?;
        let history = folder.join("history.jsonl");
        let nodes = cluster.nodes().to_vec();
        // Notes are about faults, and nobody follows them here.
        let (notes, _) = mpsc::unbounded_channel();
        let header = header(&offer, &nodes, timeout);
        let recorder = Recorder::create(&history, &header, epoch, notes).context("write the operations")?;
        let spec = ClientSpec {
            operations: Arc::clone(&offer.operations),
            recorder: Arc::new(recorder),
            clients: nodes.len() as u64,
            timeout,
            dir: logs.clone(),
            descriptor_dir: descriptor_dir.to_owned(),
            workload: offer.name.clone(),
            keeps_exchanges: true,
        };
        let client = |(number, node): (u64, &String)| {
            let asking = cluster.network().asking(number + 1);
            Client::new(number, node, &cluster.ip(node).to_string(), asking, &spec)
        };
        let clients = (0..).zip(&nodes).map(client).collect::<Result<_>>()?;
        let operations = Arc::clone(&offer.operations);
        Ok(Session {
            script: script::of(offer.kind, &|f| operations.has(f)),
            offer,
            home: 0,
            clients,
            history,
            logs,
            nodes,
            last_key: number * KEYS,
            was_touched: false,
        })
    }

    /// Starts the client of a node, where that is a program.
    ///
    /// # Errors
    /// What does not run, and why not.
    pub async fn open(&mut self, place: usize) -> Result<()> {
        self.clients[place].open().await
    }

    /// Whether programs are the clients.
    pub fn has_programs(&self) -> bool {
        matches!(*self.offer.operations, Operations::Program(_))
    }

    /// The name of the node at a place.
    pub fn node(&self, place: usize) -> &str {
        &self.nodes[place]
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// An object that nothing was done with, unless there is only one.
    pub fn fresh_key(&mut self) -> u64 {
        if !self.script.is_single || !self.was_touched {
            self.last_key += 1;
        }
        self.was_touched = true;
        self.last_key
    }

    /// Asks the client of a node for one operation.
    ///
    /// # Errors
    /// When what came of it cannot be read again.
    pub async fn ask(&mut self, place: usize, step: &Step, key: u64) -> Result<Answered> {
        let operation = PlannedOperation::on(key, step.f, Argument::Fixed(step.argument.clone()));
        let client = &mut self.clients[place];
        client.perform(&operation).await;
        let exchange = client.exchange().cloned().unwrap_or_default();
        let oracle = Oracle::of_file(&self.history, self.offer.kind.model, key)?;
        let ended = oracle
            .last()
            .cloned()
            .context("read the operations so far: the last is missing")?;
        Ok(Answered {
            place,
            step: step.clone(),
            oracle,
            ended,
            exchange,
        })
    }

    /// Changes a new object through a node, and says which; see [`Script::update`].
    ///
    /// # Errors
    /// When what came of it cannot be read again.
    pub async fn update(&mut self, place: usize) -> Result<(u64, Answered)> {
        let (key, step) = (self.fresh_key(), self.script.update.clone());
        Ok((key, self.ask(place, &step, key).await?))
    }

    /// Changes new objects through the nodes at these places, in turn, until one says that it did, or it takes too long; or,
    /// while nobody has been understood yet, until an answer comes that fits no rule. What came of the last, how long it took,
    /// and how often it was tried.
    ///
    /// # Errors
    /// When what came of one cannot be read again.
    pub async fn update_until_ok(
        &mut self,
        places: &[usize],
        patience: Duration,
        until: Until,
    ) -> Result<(Answered, Duration, usize)> {
        /// The pause between two attempts.
        const PAUSE: Duration = Duration::from_millis(100);
        let (began, mut times) = (Instant::now(), 0);
        loop {
            for place in places {
                let (_, answered) = self.update(*place).await?;
                let took = began.elapsed();
                times += 1;
                let is_over = until == Until::Misunderstood && answered.is_mistaken();
                if answered.ended.kind == EventType::Ok || is_over || took > patience {
                    return Ok((answered, took, times));
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks what shows whether an update of this object was kept.
    ///
    /// # Errors
    /// When what came of it cannot be read again.
    pub async fn look(&mut self, place: usize, key: u64) -> Result<Answered> {
        let step = self.script.look.clone();
        self.ask(place, &step, key).await
    }

    /// The same step for another node: an element is put in once.
    pub fn elsewhere(step: &Step, place: usize) -> Step {
        let argument = match step.argument.as_u64() {
            Some(number) => Value::from(number + place as u64),
            None => step.argument.clone(),
        };
        Step {
            argument,
            ..step.clone()
        }
    }

    /// The file with what the client program of a node wrote to stderr.
    pub fn log(&self, place: usize) -> PathBuf {
        self.logs.join(format!("{place}.log"))
    }
}

fn header(offer: &Offer, nodes: &[String], timeout: Duration) -> Header {
    Header {
        schema: history::SCHEMA.to_owned(),
        run: "doctor".to_owned(),
        system: String::new(),
        workload: offer.name.clone(),
        model: offer.kind.model.name().to_owned(),
        seed: 0,
        nodes: nodes.to_vec(),
        clients: nodes.len() as u64,
        nemesis: Vec::new(),
        client_timeout_ns: u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX),
        failover_ns: None,
        served_by_primary: false,
        started_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}
