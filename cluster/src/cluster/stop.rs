//! From up to down: kill, power failure, terminate, and the end of the run.

use super::life::Event;
use super::{EndedBy, KillError, Killed, PowerError, PowerLost, Shared, TerminateError, Terminated};
use crate::disk::LossPolicy;
use crate::process::{self, Process};
use std::sync::Arc;
use std::time::Duration;

impl Shared {
    /// Kills a node and waits until it is gone.
    pub(super) async fn kill(&self, place: usize) -> Result<Killed, KillError> {
        let (process, signalled_at) = self.signal(place, Event::Kill)?;
        self.gone(place, &process, signalled_at).await
    }

    /// Kills a node, has its disk lose what was not synced, and gives it power again.
    pub(super) async fn lose_power(&self, place: usize, policy: LossPolicy) -> Result<PowerLost, PowerError> {
        let node = &self.nodes[place];
        let disk = node.disk.clone().ok_or_else(|| PowerError::NoDisk {
            node: node.name.clone(),
        })?;
        let (process, signalled_at) = self.signal(place, Event::FailPower)?;
        // The signal comes first: no program lives to see the errors of a disk without power.
        let cut = Arc::clone(&disk);
        blocking(move || cut.cut_power()).await;
        let killed = self.gone(place, &process, signalled_at).await;
        let lost = blocking(move || disk.lose_power(policy)).await;
        let lost = lost.map_err(|source| PowerError::Disk {
            node: node.name.clone(),
            source,
        })?;
        let mut life = node.lock();
        life.phase = life.phase.after(Event::PowerBack).unwrap_or(life.phase);
        Ok(PowerLost {
            killed: killed?,
            lost,
        })
    }

    /// Sends SIGKILL to a node that is up or paused.
    fn signal(&self, place: usize, event: Event) -> Result<(Arc<Process>, Duration), KillError> {
        let node = &self.nodes[place];
        let process = node.lock().step(event).map_err(|state| KillError::NotUp {
            node: node.name.clone(),
            state,
        })?;
        let signalled_at = self.spec.epoch.elapsed();
        process.kill();
        Ok((process, signalled_at))
    }

    /// Waits until a process that was sent SIGKILL is gone.
    async fn gone(
        &self,
        place: usize,
        process: &Process,
        signalled_at: Duration,
    ) -> Result<Killed, KillError> {
        let exit = process.ended().await;
        if !exit.by_sigkill() {
            return Err(KillError::EndedBefore {
                node: self.nodes[place].name.clone(),
                status: process::words(exit.status),
            });
        }
        Ok(Killed {
            pid: process.pid(),
            took: exit.at.saturating_sub(signalled_at),
        })
    }

    /// Asks a node to end, and kills it when it does not.
    pub(super) async fn terminate(
        &self,
        place: usize,
        patience: Duration,
    ) -> Result<Terminated, TerminateError> {
        let node = &self.nodes[place];
        let process = {
            // Nobody must stop it between the question and the signal: it would not hear it.
            let _turn = node.turn.lock().await;
            let mut life = node.lock();
            let process = life
                .step(Event::Terminate)
                .map_err(|state| TerminateError::NotUp {
                    node: node.name.clone(),
                    state,
                })?;
            process.terminate();
            process
        };
        let signalled_at = self.spec.epoch.elapsed();
        let in_time = tokio::time::timeout(patience, process.ended()).await;
        let exit = match in_time {
            Ok(exit) => exit,
            Err(_) => {
                process.kill();
                process.ended().await
            }
        };
        // Not what was done last: it may have ended by itself a moment before, or been killed by others.
        let by = if exit.by_sigkill() {
            EndedBy::Sigkill
        } else {
            EndedBy::Sigterm
        };
        Ok(Terminated {
            pid: process.pid(),
            by,
            status: process::words(exit.status),
            took: exit.at.saturating_sub(signalled_at),
        })
    }

    /// Kills whatever runs, and does not wait.
    pub(super) fn kill_all(&self) -> Vec<Arc<Process>> {
        let stopped = self.nodes.iter().filter_map(|node| {
            let process = node.lock().step(Event::Stop).ok()?;
            process.kill();
            Some(process)
        });
        stopped.collect()
    }
}

/// Off the threads of the runtime, for it takes as long as a disk does.
async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(act)
        .await
        .expect("it neither panics nor is given up")
}
