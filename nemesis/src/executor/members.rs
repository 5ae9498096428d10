//! Changes of the membership: a node is taken out by asking another one, and killed; at the end it has lost what was on its
//! disk, is taken in, and starts as a new member.
//!
//! A request that was not answered may be carried out later, and a node that is behind lists what was. So nothing is believed
//! but this: a node that has listed a member and lists it no more has seen it go; and whoever lists one under another
//! name than before has seen it come. Until then the same is asked again, of others too: a removal that somebody was asked
//! for is followed to its end, however long after the end of the fault. One such fault is in force at a time, so that never more
//! than a minority is out: the next waits for it, and lasts as long as it would have lasted.

use super::{Task, milliseconds};
use cluster::{Cluster, NodeState};
use futures_util::future::join_all;
use history::{Fault, FaultStep};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long after its end a fault goes on trying to get its nodes back to where they can work.
const BACK_WITHIN: Duration = Duration::from_secs(60);
/// The pause between two rounds of asking everybody.
const PAUSE: Duration = Duration::from_millis(100);

/// A node that is no member any more, and down.
struct Out {
    node: String,
    /// What was seen until then.
    seen: String,
    /// What the system called it.
    ids: BTreeSet<String>,
}

/// Why a node was not taken out.
enum Not {
    /// Nobody was asked to.
    Begun(String),
    /// Somebody was, and nobody has seen it go.
    Done(String),
}

/// What is known of the removal of one node.
#[derive(Default)]
struct Removal {
    /// Who has listed it, and under which name.
    listed: BTreeMap<String, String>,
    /// The names of which it was asked that they be taken out.
    asked: BTreeSet<String>,
    /// The last that was said instead.
    last: Option<String>,
}

impl Task {
    /// Takes nodes out of the membership, and in again when the fault has lasted for as long as it was to until `end`.
    pub(super) async fn replace_members(&mut self, nodes: Vec<String>, end: Instant) {
        let lasts = end.saturating_duration_since(Instant::now());
        let affairs = Arc::clone(&self.affairs);
        let turn = tokio::select! {
            biased;
            _ = self.stop.wait_for(|stop| *stop) => None,
            turn = affairs.membership.lock() => Some(turn),
        };
        let Some(_turn) = turn else {
            let why = "other members were on their way until the run was over".to_owned();
            return self.step(FaultStep::Skipped, &Fault::Member { nodes }, None, Some(why));
        };
        let (mut out, mut seen, mut is_failed) = (Vec::new(), Vec::new(), false);
        for node in &nodes {
            let is_minority = 2 * (out.len() + 1) < self.cluster.nodes().len();
            if !is_minority {
                seen.push(format!("{node}: left alone, for a minority is out"));
                continue;
            }
            match self.take_member_out(node, lasts).await {
                Ok(gone) => {
                    seen.push(format!("{node}: {}", gone.seen));
                    out.push(gone);
                }
                Err(Not::Begun(reason)) => seen.push(format!("{node}: {reason}")),
                Err(Not::Done(reason)) => {
                    is_failed = true;
                    seen.push(format!("{node}: {reason}"));
                }
            }
        }
        let seen = Some(seen.join("; "));
        if out.is_empty() {
            let step = match is_failed {
                true => FaultStep::Failed,
                false => FaultStep::Skipped,
            };
            return self.step(step, &Fault::Member { nodes }, None, seen);
        }
        let fault = Fault::Member {
            nodes: out.iter().map(|out| out.node.clone()).collect(),
        };
        self.step(FaultStep::Installed, &fault, Some(true), seen);
        self.stopped_before(Instant::now() + lasts).await;
        self.step(FaultStep::Healing, &fault, None, None);
        let (mut told, mut trouble) = (Vec::new(), Vec::new());
        for out in out {
            match self.bring_back(&out).await {
                Ok(evidence) => told.push(format!("{}: {evidence}", out.node)),
                Err(reason) => trouble.push(format!("{}: {reason}", out.node)),
            }
            self.affairs.give_back(&out.node);
        }
        match trouble.is_empty() {
            true => self.step(FaultStep::Healed, &fault, None, Some(told.join("; "))),
            false => self.step(FaultStep::Failed, &fault, None, Some(trouble.join("; "))),
        }
    }

    /// Has a node taken out and kills it. It is this fault's then.
    async fn take_member_out(&mut self, node: &str, lasts: Duration) -> Result<Out, Not> {
        if *self.stop.borrow() {
            return Err(Not::Begun("left alone, for the run was over".to_owned()));
        }
        let state = self.cluster.state(node);
        if state != NodeState::Up || !self.affairs.take(node) {
            let why = format!("left alone, for it is {state}, or another fault's");
            return Err(Not::Begun(why));
        }
        // Whoever learns that he is no member any more may leave at once.
        self.cluster.expect_end(node, true);
        let mut removal = Removal::default();
        let begun = Instant::now();
        let gone = loop {
            if let Some(gone) = self.remove(node, &mut removal).await {
                break Some(gone);
            }
            let patience = match removal.asked.is_empty() {
                true if *self.stop.borrow() => break None,
                true => lasts,
                // Nobody knows when it is carried out: that has to be seen.
                false => BACK_WITHIN,
            };
            if begun.elapsed() >= patience {
                break None;
            }
            tokio::time::sleep(PAUSE).await;
        };
        let took = milliseconds(begun.elapsed());
        let Some(gone) = gone else {
            let why = removal.last.unwrap_or_else(|| "nobody lists it".to_owned());
            self.affairs.give_back(node);
            self.cluster.expect_end(node, false);
            return Err(match removal.asked.is_empty() {
                true => Not::Begun(format!("not taken out: {why}")),
                false => Not::Done(format!(
                    "asked to be taken out, and nobody has seen it go in {took}: {why}"
                )),
            });
        };
        let ended = match self.cluster.kill(node).await {
            Ok(killed) => format!("pid {} killed", killed.pid),
            Err(_) => "it had ended by itself".to_owned(),
        };
        Ok(Out {
            node: node.to_owned(),
            seen: format!("{gone} after {took}; {ended}"),
            ids: removal.asked,
        })
    }

    /// One round of asking everybody to take a node out. What was seen, when somebody has seen it go.
    async fn remove(&self, node: &str, removal: &mut Removal) -> Option<String> {
        let cluster = &self.cluster;
        let others = others(cluster, node);
        let lists = join_all(others.iter().map(|other| cluster.members(other))).await;
        for (other, list) in others.iter().zip(&lists) {
            match list {
                Ok(members) => {
                    if let Some(gone) = removal.gone(other, node, members) {
                        return Some(gone);
                    }
                    let listed = members.get(node).map(|id| (other.clone(), id.clone()));
                    removal.listed.extend(listed);
                }
                Err(why) => removal.last = Some(why.to_string()),
            }
        }
        for other in others {
            let Some(id) = removal.listed.get(&other).cloned() else {
                continue;
            };
            removal.asked.insert(id.clone());
            if let Err(why) = cluster.remove_member(&other, node, &id).await {
                removal.last = Some(why.to_string());
            }
            if let Ok(members) = cluster.members(&other).await
                && let Some(gone) = removal.gone(&other, node, &members)
            {
                return Some(gone);
            }
        }
        None
    }

    /// Takes a node in as a new member, and starts it as such.
    async fn bring_back(&self, out: &Out) -> Result<String, String> {
        let node = &out.node;
        self.cluster.expect_end(node, false);
        self.cluster.will_join(node);
        let deadline = Instant::now() + BACK_WITHIN;
        let mut last = "nobody could be asked to take it in".to_owned();
        let mut joined = None;
        let mut started = None;
        while started.is_none() && Instant::now() < deadline {
            if joined.is_none() {
                joined = match self.add(node, &out.ids).await {
                    Ok((members, evidence)) => {
                        // Once only: what it has written since it is a member again is its own.
                        let begun = self.cluster.begin_anew(node, members).await;
                        begun
                            .map(|()| evidence)
                            .map_err(|why| last = why.to_string())
                            .ok()
                    }
                    Err(why) => {
                        last = why;
                        None
                    }
                };
            }
            if joined.is_some() {
                let nodes = std::slice::from_ref(node);
                match self.affairs.start(&self.cluster, nodes, None).await {
                    Ok(evidence) => started = Some(evidence),
                    // Perhaps it reaches nobody yet.
                    Err(why) => last = why,
                }
            }
            if started.is_none() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        match (joined, started) {
            (Some(joined), Some(started)) => Ok(format!("{joined}; {started}")),
            _ => Err(last),
        }
    }

    /// One round of asking everybody to take a node in that was called otherwise before. Who the members are then, and what
    /// was seen, when somebody has seen it come.
    async fn add(&self, node: &str, before: &BTreeSet<String>) -> Result<(Vec<String>, String), String> {
        let mut last = "nobody is up".to_owned();
        let come = |other: &str, members: &BTreeMap<String, String>| {
            let id = members.get(node).filter(|id| !before.contains(*id))?;
            let evidence = format!("{other} lists {} members, and it as {id}", members.len());
            Some((members.keys().cloned().collect(), evidence))
        };
        for other in others(&self.cluster, node) {
            let listed = self.cluster.members(&other).await;
            match listed.map(|members| come(&other, &members)) {
                Ok(Some(come)) => return Ok(come),
                Ok(None) => {}
                Err(why) => {
                    last = why.to_string();
                    continue;
                }
            }
            if let Err(why) = self.cluster.add_member(&other, node).await {
                last = why.to_string();
            }
            let listed = self.cluster.members(&other).await;
            if let Some(come) = listed.ok().and_then(|members| come(&other, &members)) {
                return Ok(come);
            }
        }
        Err(last)
    }
}

impl Removal {
    /// What was seen, if this is the list of somebody who has seen a node go.
    fn gone(&self, other: &str, node: &str, members: &BTreeMap<String, String>) -> Option<String> {
        let id = self.listed.get(other)?;
        let is_gone = self.asked.contains(id) && members.get(node) != Some(id);
        is_gone.then(|| format!("{other} lists {} members and no more {id}", members.len()))
    }
}

/// Whom else there is to ask, in an order that is not always the same.
fn others(cluster: &Cluster, node: &str) -> Vec<String> {
    let is_other = |other: &&String| *other != node && cluster.state(other) == NodeState::Up;
    let mut others: Vec<String> = cluster.nodes().iter().filter(is_other).cloned().collect();
    let place = cluster.nodes().iter().position(|it| it == node).unwrap_or(0);
    let first = place.min(others.len());
    others.rotate_left(first);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_listed_a_member_that_was_asked_to_go_can_say_that_it_is_gone() {
        let list = |ids: &[(&str, &str)]| -> BTreeMap<String, String> {
            let owned = ids.iter().map(|(node, id)| (node.to_string(), id.to_string()));
            owned.collect()
        };
        let mut removal = Removal::default();
        let without = list(&[("n1", "1"), ("n2", "2")]);
        assert_eq!(removal.gone("n1", "n3", &without), None, "it may be behind");
        removal.listed.insert("n1".to_owned(), "3".to_owned());
        assert_eq!(removal.gone("n1", "n3", &without), None, "nobody was asked");
        removal.asked.insert("3".to_owned());
        assert_eq!(removal.gone("n2", "n3", &without), None, "it may be behind");
        let with = list(&[("n1", "1"), ("n2", "2"), ("n3", "3")]);
        assert_eq!(removal.gone("n1", "n3", &with), None, "it is there");
        let told = removal.gone("n1", "n3", &without).unwrap();
        assert_eq!(told, "n1 lists 2 members and no more 3");
    }
}
