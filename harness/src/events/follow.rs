//! A run under way: its notes as they are written, and every second how it stands.

use super::{Event, Events, OperationCount};
use crate::recorder::{Recorder, Tally};
use crate::redaction;
use cluster::Cluster;
use history::Note;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// How often it is told how the run stands.
const EVERY: Duration = Duration::from_secs(1);

/// A note and its time in nanoseconds.
type Noted = (u64, Note);

/// Somebody who follows a run.
pub struct Follower {
    asides: mpsc::UnboundedSender<Event>,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Has something told that is not in the history.
    pub fn aside(&self, event: Event) {
        // The run may be over; then it is told no more.
        let _ = self.asides.send(event);
    }
}

impl Events {
    /// Follows a run until [`Events::settle`]. Gives the notes on to whoever else wants them.
    pub fn follow(
        &self,
        recorder: &Arc<Recorder>,
        cluster: &Arc<Cluster>,
        notes: mpsc::UnboundedReceiver<Noted>,
    ) -> mpsc::UnboundedReceiver<Noted> {
        let Some(mut stream) = self.stream() else {
            return notes;
        };
        let (give_on, given_on) = mpsc::unbounded_channel();
        let (asides, aside) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let run = Run {
            events: self.clone(),
            recorder: Arc::clone(recorder),
            cluster: Arc::clone(cluster),
            notes,
            give_on,
            invoked: 0,
        };
        stream.follower = Some(Follower {
            asides,
            end,
            task: tokio::spawn(run.tell(aside, ended)),
        });
        given_on
    }

    /// Waits until everything is told that has happened in the run, which is over.
    pub async fn settle(&self) {
        let follower = self.stream().and_then(|mut stream| stream.follower.take());
        if let Some(follower) = follower {
            let _ = follower.end.send(());
            if let Err(error) = follower.task.await {
                tracing::error!("--format ndjson: {error}");
            }
        }
    }
}

struct Run {
    events: Events,
    recorder: Arc<Recorder>,
    cluster: Arc<Cluster>,
    notes: mpsc::UnboundedReceiver<Noted>,
    give_on: mpsc::UnboundedSender<Noted>,
    /// Operations at the last progress.
    invoked: u64,
}

impl Run {
    async fn tell(mut self, mut asides: mpsc::UnboundedReceiver<Event>, mut ended: oneshot::Receiver<()>) {
        let mut every = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
        loop {
            tokio::select! {
                biased;
                Some(note) = self.notes.recv() => self.note(note),
                Some(event) = asides.recv() => {
                    let (at_ns, _) = self.recorder.numbers();
                    self.in_its_place(at_ns, event);
                }
                _ = every.tick() => {
                    let (at_ns, tally) = self.recorder.numbers();
                    let event = self.progress(&tally);
                    self.in_its_place(at_ns, event);
                }
                _ = &mut ended => break,
            }
        }
        while let Ok(note) = self.notes.try_recv() {
            self.note(note);
        }
    }

    /// Tells something that is not in the history, after all that was noted before it. The recorder hands notes over
    /// before it says what time it is, so none of them is still under way.
    fn in_its_place(&mut self, at_ns: u64, event: Event) {
        let mut later = Vec::new();
        while let Ok(note) = self.notes.try_recv() {
            match note.0 <= at_ns {
                true => self.note(note),
                false => later.push(note),
            }
        }
        self.events.put(at_ns, event);
        later.into_iter().for_each(|note| self.note(note));
    }

    fn note(&mut self, (at_ns, note): Noted) {
        self.events.put(at_ns, told(&note));
        // The display may be gone.
        let _ = self.give_on.send((at_ns, note));
    }

    fn progress(&mut self, tally: &Tally) -> Event {
        let begun = tally.invoked - self.invoked;
        self.invoked = tally.invoked;
        let nodes = self.cluster.nodes().iter();
        Event::Progress {
            ops: OperationCount {
                invoked: tally.invoked,
                ok: tally.ok,
                fail: tally.failed,
                info: tally.unknown,
            },
            rate_per_s: begun as f64 / EVERY.as_secs_f64(),
            nodes: nodes
                .map(|node| (node.clone(), self.cluster.state(node).to_string()))
                .collect(),
            faults: tally.faults.iter().map(|(id, ..)| *id).collect(),
        }
    }
}

fn told(note: &Note) -> Event {
    let harmless = |text: &String| results::text::line(&redaction::seen(text));
    match note {
        Note::Phase(phase) => Event::Phase {
            name: phase.name().to_owned(),
        },
        Note::Stop(why) => Event::Stopping { why: *why },
        Note::Fault(note) => Event::Fault {
            id: note.id,
            kind: note.fault.kind().to_owned(),
            step: note.step,
            what: results::text::line(&results::text::fault(&note.fault)),
            felt: note.felt,
            evidence: note.evidence.as_ref().map(harmless),
        },
        Note::Exit { node, status } => Event::Exit {
            node: harmless(node),
            status: harmless(status),
        },
    }
}
