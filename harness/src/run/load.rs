//! The load of the main phase: clients in closed loops, paced to a common rate.
//!
//! A client that was not told what became of its operation mostly goes back to the same object, as any client would:
//! so what a fault left half done is touched again, through the same node, as soon as that answers.

use crate::client::Client;
use crate::workload::Workload;
use history::EventType;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long a client waits after a failure before it asks its node again.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// The random stream of gaps between operations.
const STREAM_PACE: u64 = 101;

/// Hands out operation numbers, each with the moment at which it may begin.
pub struct Pacer {
    next: Mutex<Next>,
    mean_gap: Duration,
    workload: Arc<dyn Workload>,
    end: Instant,
}

struct Next {
    number: u64,
    at: Instant,
    gaps: ChaCha8Rng,
}

impl Pacer {
    /// A pace of `rate` operations per second in the mean (0: no pause at all) until `end`, a volley of the workload
    /// at once.
    pub fn new(seed: u64, rate: f64, workload: Arc<dyn Workload>, end: Instant) -> Pacer {
        let mut gaps = ChaCha8Rng::seed_from_u64(seed);
        gaps.set_stream(STREAM_PACE);
        let mean_gap = if rate > 0.0 {
            Duration::from_secs_f64(1.0 / rate)
        } else {
            Duration::ZERO
        };
        Pacer {
            next: Mutex::new(Next {
                number: 0,
                at: Instant::now(),
                gaps,
            }),
            mean_gap,
            workload,
            end,
        }
    }

    /// The next operation's number, when its moment has come; `None` after the end.
    async fn next(&self) -> Option<u64> {
        let next = {
            let mut next = self.next.lock().expect("nobody panics while pacing");
            let now = Instant::now();
            // Operations that could not begin in time, because every client was waiting, are not made up
            // for: a system that was stuck is not punished with a burst.
            let at = next.at.max(now - self.mean_gap);
            (at < self.end).then(|| {
                // A volley's operations begin at once; the pauses between volleys make up for it in the mean.
                let number = next.number;
                next.number += 1;
                let pause = match self.workload.volley_that_ends_with(number) {
                    Some(volley) => next.gaps.random_range(0.0..2.0) * volley as f64,
                    None => 0.0,
                };
                next.at = at + self.mean_gap.mul_f64(pause);
                (number, at)
            })
        };
        let moment = next.map_or(self.end, |(_, at)| at);
        tokio::time::sleep_until(moment).await;
        next.map(|(number, _)| number)
    }

    /// How many operation numbers were handed out.
    pub fn handed_out(&self) -> u64 {
        self.next.lock().expect("nobody panics while pacing").number
    }
}

/// Lets every client work until the pacer's end or `stop`, and hands the clients back.
pub async fn work(
    clients: Vec<Client>,
    workload: &Arc<dyn Workload>,
    pacer: Arc<Pacer>,
    stop: watch::Receiver<bool>,
) -> Vec<Client> {
    let mut tasks = JoinSet::new();
    for (place, mut client) in clients.into_iter().enumerate() {
        let (workload, pacer, mut stop) = (Arc::clone(workload), Arc::clone(&pacer), stop.clone());
        tasks.spawn(async move {
            let mut unsettled = None;
            loop {
                let number = tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => break,
                    number = pacer.next() => number,
                };
                let Some(number) = number else { break };
                let mut operation = workload.operation(number);
                if let Some(key) = unsettled.take().filter(|_| operation.asks_again) {
                    operation.key = key;
                }
                let outcome = client.perform(&operation).await;
                unsettled = (outcome != EventType::Ok).then_some(operation.key);
                if outcome == EventType::Fail {
                    // A node that refuses at once would otherwise draw all operations to itself.
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
            (place, client)
        });
    }
    let mut back = tasks.join_all().await;
    back.sort_by_key(|(place, _)| *place);
    back.into_iter().map(|(_, client)| client).collect()
}
