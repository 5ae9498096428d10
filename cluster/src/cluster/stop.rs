//! From up to down: kill, terminate, and the end of the run.

use super::life::Event;
use super::{EndedBy, KillError, Killed, Shared, TerminateError, Terminated};
use crate::process::{self, Process};
use std::sync::Arc;
use std::time::Duration;

impl Shared {
    /// Kills a node and waits until it is gone.
    pub(super) async fn kill(&self, place: usize) -> Result<Killed, KillError> {
        let node = &self.nodes[place];
        let process = node.lock().step(Event::Kill).map_err(|state| KillError::NotUp {
            node: node.name.clone(),
            state,
        })?;
        let signalled_at = self.spec.epoch.elapsed();
        process.kill();
        let exit = process.ended().await;
        if !exit.by_sigkill() {
            return Err(KillError::EndedBefore {
                node: node.name.clone(),
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
