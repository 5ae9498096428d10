//! From down to up.

use super::life::{Event, Phase};
use super::node::{Node, lock};
use super::readiness::Probe;
use super::{Shared, SlowStart, StartError, Started, UnexpectedExit, readiness};
use crate::clock::Clock;
use crate::network::{Backend, Network};
use crate::process::{self, Exit, Process, ProcessSpec};
use crate::system::ReadyQuestion;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The client that tells nodes their names.
const OPERATOR: u64 = 0;

impl Shared {
    /// Starts a node, perhaps stops it on its way, and waits until it is ready.
    pub(super) async fn start(&self, place: usize, slow: Option<SlowStart>) -> Result<Started, StartError> {
        let node = &self.nodes[place];
        let name = || node.name.clone();
        let process = {
            // A pause that is still looking for processes must not find those of the next life.
            let _turn = node.turn.lock().await;
            self.spawn(place)?
        };
        if let Err(error) = self.accompany(node, &process) {
            process.kill();
            process.ended().await;
            return Err(error);
        }
        let begun = Instant::now();
        let stopped = match slow {
            Some(slow) => stop_on_its_way(&process, slow, &node.name).await,
            None => None,
        };
        let ready = &self.spec.system.node.ready;
        let probe = node.ready.probe(node.lock().has_been_ready);
        let outcome = tokio::select! {
            exit = process.ended() => Err(StartError::exited(name(), &exit, begun.elapsed())),
            outcome = async {
                match self.network.asking(OPERATOR) {
                    Some(operator) => readiness::introduce(&operator, place, &self.spec).await,
                    None => readiness::wait(&self.prober, &probe, ready).await,
                }
            } => Ok(outcome),
        };
        if let Err(last_try) = outcome? {
            // Who is asked again and again has had all of the time; a wrong answer to a message ends it at once.
            let after = match probe {
                Probe::Ask(ReadyQuestion::Init) => begun.elapsed(),
                _ => ready.timeout,
            };
            let listening = process.listening().await;
            process.kill();
            let exit = process.ended().await;
            return Err(StartError::NotReady {
                node: name(),
                after,
                asked: probe.to_string(),
                last_try,
                listening: Box::new(listening),
                stderr: exit.stderr,
            });
        }
        let took = begun.elapsed();
        let is_up = {
            let mut life = node.lock();
            life.has_been_ready = true;
            life.step(Event::Ready).is_ok()
        };
        if is_up {
            return Ok(Started {
                pid: process.pid(),
                took,
                stopped,
            });
        }
        // It answered, but has ended or been stopped since.
        Err(StartError::exited(name(), &process.ended().await, took))
    }

    /// Starts the process of a node that is down.
    fn spawn(&self, place: usize) -> Result<Arc<Process>, StartError> {
        let node = &self.nodes[place];
        // Held until the process is noted down: its end waits for the lock, and so comes after its start.
        let mut life = node.lock();
        let starting = life
            .phase
            .after(Event::Start)
            .ok_or_else(|| StartError::NotDown {
                node: node.name.clone(),
                state: life.phase.state(),
            })?;
        let joins_with = life.joins_with.clone();
        let command = joins_with.as_ref().unwrap_or(&node.command);
        let spec = ProcessSpec {
            command,
            dir: &node.dir,
            home: node.home.clone(),
            epoch: self.spec.epoch,
            node: &node.name,
            watches: &node.watches,
            beside: None,
            messages: self
                .network
                .messages()
                .map(|messages| (Arc::clone(messages), place)),
        };
        let (name, tell, its_life) = (node.name.clone(), self.tell_exit.clone(), node.shared_life());
        // Not more than that: the network ends with the cluster, not with the last of its processes.
        let network = Arc::downgrade(&self.network);
        let at_end = move |exit: &Exit| {
            let mut life = lock(&its_life);
            if let Some(network) = network.upgrade().filter(is_told) {
                network.close(&name);
            }
            let explained = life.may_end || life.phase.explains_end(exit.by_sigkill());
            life.phase = life.phase.after(Event::End).unwrap_or(Phase::Down);
            (life.process, life.paused_at) = (None, None);
            let ended_with = life.ended_with.take();
            if !explained {
                // Nobody may be listening any more, at the end of a run.
                let _ = tell.send(UnexpectedExit {
                    node: name,
                    at_ns: u64::try_from(exit.at.as_nanos()).unwrap_or(u64::MAX),
                    status: ended_with.unwrap_or_else(|| process::words(exit.status)),
                    stderr: exit.stderr.clone(),
                });
            }
        };
        let renewed = node.clock.as_ref().map_or(Ok(()), Clock::renew);
        let started = renewed.and_then(|()| Process::start(&spec, at_end));
        let process = started.map_err(|source| StartError::Spawn {
            node: node.name.clone(),
            program: node.command.argv[0].clone(),
            source,
        })?;
        let process = Arc::new(process);
        if is_told(&self.network) {
            self.network.open(&node.name);
        }
        (life.phase, life.process) = (starting, Some(Arc::clone(&process)));
        Ok(process)
    }
}

impl Shared {
    /// Starts the programs beside a node's own. Whoever of them ends takes the node with it, as the node takes them.
    fn accompany(&self, node: &Node, process: &Arc<Process>) -> Result<(), StartError> {
        for (name, command) in &node.companions {
            let spec = ProcessSpec {
                command,
                dir: &node.dir,
                home: node.home.clone(),
                epoch: self.spec.epoch,
                node: &node.name,
                watches: &node.watches,
                beside: Some(name),
                messages: None,
            };
            let (life, process, shown) = (node.shared_life(), Arc::downgrade(process), name.clone());
            let at_end = move |exit: &Exit| {
                let Some(process) = process.upgrade() else { return };
                let mut life = lock(&life);
                // When the node has ended before it, there is nothing left to end.
                if !life.is_of(&process) {
                    return;
                }
                // A SIGKILL may be ours: the node is ending, and takes it along.
                if !exit.by_sigkill() {
                    life.ended_with = Some(format!("{shown} ended: {}", process::words(exit.status)));
                }
                process.kill();
            };
            // The node ends with the first of its processes, and takes the others with it.
            Process::start(&spec, at_end).map_err(|source| StartError::Spawn {
                node: node.name.clone(),
                program: command.argv[0].clone(),
                source,
            })?;
        }
        Ok(())
    }
}

/// Stops a process that was just started, with all others of its node, and lets it go on; for how long it was stopped. One
/// that ends meanwhile is looked after by whoever waits for its end.
async fn stop_on_its_way(process: &Process, slow: SlowStart, node: &str) -> Option<Duration> {
    let stopping = async {
        tokio::time::sleep(slow.after).await;
        process.pause().await?;
        let stopped_at = Instant::now();
        tokio::time::sleep(slow.stopped).await;
        process.resume().await?;
        Ok::<_, String>(stopped_at.elapsed())
    };
    tokio::select! {
        stopped = stopping => stopped.inspect_err(|why| tracing::warn!("start {node} slowly: {why}")).ok(),
        _ = process.ended() => None,
    }
}

/// Whether the network has to be told which nodes have a process.
fn is_told(network: &Arc<Network>) -> bool {
    network.backend() != Backend::Switch
}
