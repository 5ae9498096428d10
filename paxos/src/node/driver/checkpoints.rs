//! Moving what is in the log only to the table, in the background, so that the log stays short.

use super::Driver;
use super::decrees::Kept;
use crate::storage::StorageError;
use crate::storage::table::Checkpoint;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// A checkpoint that is being made.
pub struct Pending {
    task: JoinHandle<Result<(), StorageError>>,
    names: Vec<Arc<str>>,
    learned: usize,
}

impl Driver {
    pub(super) fn begin_checkpoint(&mut self) {
        if self.since_checkpoint_bytes < self.checkpoint_bytes
            || self.checkpoint.is_some()
            || self.has_stopped()
            // What waits here belongs into the old file.
            || !self.records.is_empty()
        {
            return;
        }
        self.since_checkpoint_bytes = 0;
        let mut decrees = Vec::new();
        for (name, decree) in self
            .decrees
            .iter_mut()
            .filter(|(_, decree)| decree.kept == Kept::Log)
        {
            decree.kept = Kept::Checkpoint;
            decrees.push((Arc::clone(name), decree.instance.durable(self.config.planted)));
        }
        let content = Checkpoint {
            decrees,
            learned: self.catch_up.recent(),
            caught_up: self.catch_up.places(),
        };
        let names = content.decrees.iter().map(|(name, _)| Arc::clone(name)).collect();
        let learned = content.learned.1.len();
        let writer = self.storage.begin_checkpoint();
        let task = tokio::task::spawn_blocking(move || writer.write(&content));
        self.checkpoint = Some(Pending { task, names, learned });
    }

    pub(super) fn end_checkpoint(&mut self, outcome: Result<(), StorageError>) {
        let Some(pending) = self.checkpoint.take() else {
            return;
        };
        let outcome = outcome.and_then(|()| self.storage.table.refresh());
        let is_done = outcome.is_ok();
        if let Err(error) = outcome {
            // The old log files are still there: nothing is lost. But the table takes nothing more before it is
            // opened again, and a log for which there are no checkpoints grows for ever.
            self.metrics.stop_as_acceptor(&error);
        } else {
            self.metrics.checkpoints.inc();
            self.catch_up.moved(pending.learned);
        }
        for name in pending.names {
            let Some(decree) = self
                .decrees
                .get_mut(&name)
                .filter(|it| it.kept == Kept::Checkpoint)
            else {
                continue;
            };
            decree.kept = if is_done { Kept::Table } else { Kept::Log };
            if is_done && decree.instance.is_idle() {
                self.decrees.remove(&name);
            }
        }
        tracing::info!("checkpoint: {} decrees are left in memory", self.decrees.len());
    }
}

/// Waits for the checkpoint that is being made, if there is one.
pub async fn finished(checkpoint: &mut Option<Pending>) -> Result<(), StorageError> {
    match checkpoint {
        None => std::future::pending().await,
        Some(pending) => (&mut pending.task)
            .await
            .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())),
    }
}
