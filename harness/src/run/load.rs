//! The load of the main phase: clients in closed loops, paced to a common rate.
//!
//! A client that was not told what became of its operation mostly goes back to the same object, as any client would:
//! so what a fault left half done is touched again, through the same node, as soon as that answers. And many reads are of
//! what another client was just told that it had changed: so a node that has not heard of it yet is asked in time.

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
    limit: Option<u64>,
}

struct Next {
    number: u64,
    at: Instant,
    gaps: ChaCha8Rng,
}

/// What a client is given.
enum Given {
    /// The next operation, and when it may begin.
    Number(u64, Instant),
    /// Nothing more: it would begin after the end.
    NoTime,
    /// Nothing more: there were as many as there may be.
    Enough,
}

impl Pacer {
    /// The same for at most so many operations in all.
    pub fn limited_to(mut self, limit: Option<u64>) -> Pacer {
        self.limit = limit;
        self
    }

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
            limit: None,
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
            if self.limit.is_some_and(|limit| next.number >= limit) {
                Given::Enough
            } else if at >= self.end {
                Given::NoTime
            } else {
                // A volley's operations begin at once; the pauses between volleys make up for it in the mean.
                let number = next.number;
                next.number += 1;
                let pause = match self.workload.volley_that_ends_with(number) {
                    Some(volley) => next.gaps.random_range(0.0..2.0) * volley as f64,
                    None => 0.0,
                };
                next.at = at + self.mean_gap.mul_f64(pause);
                Given::Number(number, at)
            }
        };
        let (number, moment) = match next {
            Given::Number(number, moment) => (Some(number), moment),
            Given::NoTime => (None, self.end),
            Given::Enough => return None,
        };
        tokio::time::sleep_until(moment).await;
        number
    }

    /// How many operation numbers were handed out.
    pub fn handed_out(&self) -> u64 {
        self.next.lock().expect("nobody panics while pacing").number
    }
}

/// Lets every client work until the pacer's end or `stop`, and hands the clients back. No operation begins while
/// it is `paused`.
pub async fn work(
    clients: Vec<Client>,
    workload: &Arc<dyn Workload>,
    pacer: Arc<Pacer>,
    stop: watch::Receiver<bool>,
    paused: watch::Receiver<bool>,
) -> Vec<Client> {
    // The object of which an update was acknowledged last.
    let acknowledged = Arc::new(Mutex::new(None));
    let mut tasks = JoinSet::new();
    for (place, mut client) in clients.into_iter().enumerate() {
        let (workload, pacer) = (Arc::clone(workload), Arc::clone(&pacer));
        let acknowledged = Arc::clone(&acknowledged);
        let (mut stop, mut paused) = (stop.clone(), paused.clone());
        tasks.spawn(async move {
            let mut unsettled = None;
            loop {
                let number = tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => break,
                    // While the load is paused, its time goes on.
                    number = async {
                        tokio::select! {
                            _ = paused.wait_for(|paused| !*paused) => {}
                            () = tokio::time::sleep_until(pacer.end) => {}
                        }
                        pacer.next().await
                    } => number,
                };
                let Some(number) = number else { break };
                let mut operation = workload.operation(number);
                let again = unsettled.take().filter(|_| operation.asks_again);
                let told = || *acknowledged.lock().expect("nobody panics while looking");
                if let Some(key) = again.or_else(|| operation.follows_up.then(told).flatten()) {
                    operation.key = key;
                }
                let outcome = client.perform(&operation).await;
                if outcome == EventType::Ok && operation.updates() {
                    *acknowledged.lock().expect("nobody panics while telling") = Some(operation.key);
                }
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
