//! From up to paused and back.

use super::life::{Event, Phase};
use super::{PauseError, Paused, ResumeError, Resumed, Shared};
use std::sync::Arc;
use std::time::Instant;

impl Shared {
    /// Stops every process of a node.
    pub(super) async fn pause(&self, place: usize) -> Result<Paused, PauseError> {
        let node = &self.nodes[place];
        let name = || node.name.clone();
        let _turn = node.turn.lock().await;
        let process = node
            .lock()
            .step(Event::Pause)
            .map_err(|state| PauseError::NotUp { node: name(), state })?;
        let begun = Instant::now();
        let outcome = process.pause().await;
        let took = begun.elapsed();
        let mut life = node.lock();
        match outcome {
            // Not when it was killed meanwhile.
            Ok(counted) if life.is_of(&process) && life.phase == Phase::Paused => {
                life.paused_at = Some(Instant::now());
                Ok(Paused {
                    pid: process.pid(),
                    took,
                    processes: counted.processes,
                    threads: counted.threads,
                })
            }
            Err(reason) if life.is_of(&process) && life.step(Event::Resume).is_ok() => {
                Err(PauseError::NotConfirmed { node: name(), reason })
            }
            _ => Err(PauseError::Ended { node: name() }),
        }
    }

    /// Lets every process of a paused node go on.
    pub(super) async fn resume(&self, place: usize) -> Result<Resumed, ResumeError> {
        let node = &self.nodes[place];
        let name = || node.name.clone();
        let _turn = node.turn.lock().await;
        let (process, paused_at) = {
            let life = node.lock();
            // It is up when it has been seen to go on; until then it is as good as paused.
            match (life.phase.after(Event::Resume), &life.process) {
                (Some(_), Some(process)) => (Arc::clone(process), life.paused_at),
                _ => {
                    return Err(ResumeError::NotPaused {
                        node: name(),
                        state: life.phase.state(),
                    });
                }
            }
        };
        let begun = Instant::now();
        let outcome = process.resume().await;
        let took = begun.elapsed();
        let mut life = node.lock();
        if !life.is_of(&process) {
            return Err(ResumeError::Ended { node: name() });
        }
        let counted = outcome.map_err(|reason| ResumeError::NotConfirmed { node: name(), reason })?;
        if life.step(Event::Resume).is_err() {
            // It was killed meanwhile.
            return Err(ResumeError::Ended { node: name() });
        }
        let paused_at = std::mem::take(&mut life.paused_at).or(paused_at);
        Ok(Resumed {
            pid: process.pid(),
            took,
            paused_for: paused_at.map_or_else(Default::default, |at| begun.saturating_duration_since(at)),
            processes: counted.processes,
        })
    }
}
