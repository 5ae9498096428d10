//! What faults know of one another: whose node it is to start, and whose disk is at fault.

use super::nodes;
use cluster::{Cluster, NodeState};
use history::SlowStart;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::watch;

/// How often a start is tried again when a disk was at fault.
const STARTS_MAX: usize = 10;
/// How long a start waits for a disk to be well again.
const AILING_MAX: Duration = Duration::from_secs(60);

/// Shared by all faults of a run.
#[derive(Debug, Default)]
pub struct Affairs {
    /// Nodes that a fault has taken down, or is about to, and will start again.
    taken: watch::Sender<BTreeSet<String>>,
    ailing: watch::Sender<Ailing>,
    /// Held by the one fault that changes who is a member.
    pub membership: tokio::sync::Mutex<()>,
}

/// Whose disks are at fault.
#[derive(Debug, Default)]
struct Ailing {
    /// Those that are now, each as often as it is.
    now: Vec<String>,
    /// How often each has been since the start of the run: one may come and go while somebody looks away.
    times: BTreeMap<String, u64>,
}

impl Ailing {
    fn any(&self, nodes: &[String]) -> bool {
        nodes.iter().any(|node| self.now.contains(node))
    }

    fn times(&self, nodes: &[String]) -> u64 {
        nodes.iter().filter_map(|node| self.times.get(node)).sum()
    }
}

impl Affairs {
    /// Somebody is going to take this node down; false when somebody has already.
    pub fn take(&self, node: &str) -> bool {
        self.taken.send_if_modified(|taken| taken.insert(node.to_owned()))
    }

    /// The same, when it is nobody's any more. Every fault ends, and gives back what it has taken.
    pub async fn take_in_turn(&self, node: &str) {
        let mut taken = self.taken.subscribe();
        while !self.take(node) {
            // The sender lives as long as this.
            let _ = taken.wait_for(|taken| !taken.contains(node)).await;
        }
    }

    /// He has started it again, or not taken it down.
    pub fn give_back(&self, node: &str) {
        self.taken.send_if_modified(|taken| taken.remove(node));
    }

    /// The disks of these nodes are at fault.
    pub fn ails(&self, nodes: &[String]) {
        self.ailing.send_modify(|ailing| {
            ailing.now.extend_from_slice(nodes);
            for node in nodes {
                *ailing.times.entry(node.clone()).or_default() += 1;
            }
        });
    }

    /// They no longer are, by this fault.
    pub fn is_well(&self, nodes: &[String]) {
        self.ailing.send_modify(|ailing| {
            for node in nodes {
                if let Some(place) = ailing.now.iter().position(|other| other == node) {
                    ailing.now.swap_remove(place);
                }
            }
        });
    }

    /// Starts nodes side by side. A node cannot be expected to start while its disk is at fault: then this waits for
    /// the end of that, and tries again. Perhaps each is stopped on its way.
    ///
    /// # Errors
    /// The words of every node that did not start.
    pub async fn start(
        &self,
        cluster: &Cluster,
        nodes: &[String],
        slow: Option<SlowStart>,
    ) -> Result<String, String> {
        let mut told = Vec::new();
        for _ in 0..STARTS_MAX {
            let down = |node: &&String| cluster.state(node) == NodeState::Down;
            let down: Vec<String> = nodes.iter().filter(down).cloned().collect();
            let mut ailing = self.ailing.subscribe();
            let before = ailing.borrow().times(&down);
            let was_ailing = ailing.borrow().any(&down);
            // Also one that has begun and ended while the node was starting.
            let ailed = |ailing: &Ailing| was_ailing || ailing.times(&down) > before;
            match nodes::start_each(cluster, &down, slow).await {
                Ok(evidence) => {
                    told.push(evidence);
                    return Ok(told.join("; "));
                }
                Err(reason) if ailed(&ailing.borrow()) => {
                    let first_line = reason.lines().next().unwrap_or_default();
                    told.push(format!("{first_line}, while its disk is at fault"));
                    let well = ailing.wait_for(|ailing| !ailing.any(&down));
                    if tokio::time::timeout(AILING_MAX, well).await.is_err() {
                        return Err(reason);
                    }
                }
                Err(reason) => return Err(reason),
            }
        }
        Err(told.join("; "))
    }
}
