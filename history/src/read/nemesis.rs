//! What Jepsen's nemesis says it did, as faults of ours, where that can be said without guessing.
//!
//! Jepsen writes two lines for each action: one when the nemesis is asked, one when it has done it, and the second says to
//! whom. So three of its faults are known exactly: a partition (`[:isolated {"n1" #{"n2"}}]`: n1 drops what comes from n2),
//! processes that were killed (`{"n1" :killed}`) and processes that were paused (`{"n1" :paused}`). They become notes.
//! Everything else that a nemesis may say is passed over: which clocks were bumped how, and what `:start` means, is a matter
//! of each test's own code.

use super::jepsen::Event;
use crate::{Fault, FaultNote, FaultStep, Note};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// What the nemesis is in the middle of.
#[derive(Debug, Default)]
pub struct Nemesis {
    /// What it was asked for last, and when; until it says that it is done.
    asked: Option<(String, u64)>,
    /// The faults that are in force.
    active: Vec<(u32, Fault)>,
    faults: u32,
}

impl Nemesis {
    /// The notes that an event of the nemesis amounts to, with their times.
    pub fn event(&mut self, event: &Event<'_>) -> Vec<(u64, Note)> {
        match self.asked.take() {
            Some((f, at)) if f == event.f => self.done(event, at),
            _ => {
                self.asked = Some((event.f.to_string(), event.time));
                Vec::new()
            }
        }
    }

    /// The nemesis did what it was asked for at `asked_ns`.
    fn done(&mut self, event: &Event<'_>, asked_ns: u64) -> Vec<(u64, Note)> {
        // A file without times does not say when.
        if event.time == 0 {
            return Vec::new();
        }
        if let Some(fault) = fault(&event.value) {
            self.faults += 1;
            let id = self.faults;
            self.active.push((id, fault.clone()));
            let steps = [
                (asked_ns, FaultStep::Requested),
                (event.time, FaultStep::Installed),
            ];
            return steps.map(|(time, step)| note(time, id, step, &fault)).into();
        }
        let over: Vec<(u32, Fault)> = self
            .active
            .extract_if(.., |(_, fault)| mends(&event.value, fault))
            .collect();
        let steps = [(asked_ns, FaultStep::Healing), (event.time, FaultStep::Healed)];
        let of_step = |(time, step)| over.iter().map(move |(id, fault)| note(time, *id, step, fault));
        steps.into_iter().flat_map(of_step).collect()
    }
}

fn note(time: u64, id: u32, step: FaultStep, fault: &Fault) -> (u64, Note) {
    let note = FaultNote {
        id,
        step,
        fault: fault.clone(),
        felt: None,
        evidence: None,
    };
    (time, Note::Fault(note))
}

/// The fault that a completed action says it brought about.
fn fault(said: &Json) -> Option<Fault> {
    if let Some([Json::String(word), Json::Object(grudge)]) = said.as_array().map(Vec::as_slice) {
        return (word == "isolated").then(|| partition(grudge)).flatten();
    }
    if let Some(nodes) = each_was(said, "killed") {
        return Some(Fault::Kill {
            nodes,
            power: false,
            flap: None,
            slow_start: None,
        });
    }
    each_was(said, "paused").map(|nodes| Fault::Pause { nodes })
}

/// A partition, from who drops whose packets. Those that drop the same are on the same side.
fn partition(grudge: &Map<String, Json>) -> Option<Fault> {
    let mut drops: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (node, senders) in grudge {
        let senders = senders.as_array()?.iter().map(Json::as_str);
        let senders: BTreeSet<&str> = senders.collect::<Option<_>>()?;
        for sender in &senders {
            drops.entry(*sender).or_default();
        }
        drops.entry(node.as_str()).or_default().extend(senders);
    }
    let mut sides: BTreeMap<&BTreeSet<&str>, Vec<String>> = BTreeMap::new();
    let mut cut = Vec::new();
    for (node, senders) in &drops {
        sides.entry(senders).or_default().push((*node).to_owned());
        cut.extend(
            senders
                .iter()
                .map(|sender| ((*sender).to_owned(), (*node).to_owned())),
        );
    }
    (!cut.is_empty()).then(|| Fault::Partition {
        shape: "isolated".to_owned(),
        sides: sides.into_values().collect(),
        cut,
        flap: None,
    })
}

/// The nodes of a map in which every node has this word.
fn each_was(said: &Json, word: &str) -> Option<Vec<String>> {
    let nodes = said.as_object().filter(|nodes| !nodes.is_empty())?;
    let all = nodes.values().all(|it| it.as_str() == Some(word));
    all.then(|| nodes.keys().cloned().collect())
}

/// Whether an action that says this has taken the fault back.
fn mends(said: &Json, fault: &Fault) -> bool {
    let all_in = |nodes: &[String], mended: Option<Vec<String>>| {
        mended.is_some_and(|mended| nodes.iter().all(|node| mended.contains(node)))
    };
    match fault {
        Fault::Partition { .. } => said.as_str() == Some("network-healed"),
        Fault::Kill { nodes, .. } => all_in(nodes, each_was(said, "started")),
        Fault::Pause { nodes } => all_in(nodes, each_was(said, "resumed")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventType;
    use serde_json::json;

    fn said(nemesis: &mut Nemesis, time: u64, f: &'static str, value: Json) -> Vec<(u64, FaultStep)> {
        let event = Event {
            process: Err("nemesis".into()),
            kind: EventType::Info,
            f: f.into(),
            key: None,
            value,
            error: None,
            time,
        };
        let steps = nemesis.event(&event).into_iter().map(|(time, note)| match note {
            Note::Fault(note) => (time, note.step),
            other => panic!("{other:?}"),
        });
        steps.collect()
    }

    #[test]
    fn a_partition_is_known_from_who_drops_whose_packets() {
        let grudge = json!(["isolated", {"n1": ["n2", "n3"], "n2": ["n1"], "n3": ["n1"]}]);
        let Some(Fault::Partition { sides, cut, .. }) = fault(&grudge) else {
            panic!("not a partition");
        };
        assert_eq!(sides, [vec!["n2", "n3"], vec!["n1"]]);
        assert!(cut.contains(&("n2".into(), "n1".into())) && cut.len() == 4);
    }

    #[test]
    fn an_action_is_asked_for_and_then_done_and_a_heal_takes_it_back() {
        let mut nemesis = Nemesis::default();
        let grudge = json!(["isolated", {"n1": ["n2"]}]);
        assert_eq!(said(&mut nemesis, 1, "start-partition", json!("one")), []);
        assert_eq!(
            said(&mut nemesis, 2, "start-partition", grudge),
            [(1, FaultStep::Requested), (2, FaultStep::Installed)]
        );
        assert_eq!(said(&mut nemesis, 3, "kill", json!("one")), []);
        assert_eq!(said(&mut nemesis, 4, "kill", json!({"n2": "killed"})).len(), 2);
        assert_eq!(said(&mut nemesis, 5, "stop-partition", Json::Null), []);
        assert_eq!(
            said(&mut nemesis, 6, "stop-partition", json!("network-healed")),
            [(5, FaultStep::Healing), (6, FaultStep::Healed)]
        );
        assert_eq!(said(&mut nemesis, 7, "start", json!("all")), []);
        assert_eq!(
            said(&mut nemesis, 8, "start", json!({"n1": "started"})),
            [],
            "n2 was killed"
        );
        assert_eq!(said(&mut nemesis, 9, "start", json!("all")), []);
        assert_eq!(
            said(
                &mut nemesis,
                10,
                "start",
                json!({"n1": "started", "n2": "started"})
            )
            .len(),
            2
        );
    }

    #[test]
    fn what_is_not_known_for_certain_is_no_fault() {
        for value in [
            json!(null),
            json!("fully connected"),
            json!({"n1": "killed", "n2": "already dead"}),
            json!(["isolated", {"n1": "n2"}]),
            json!(["isolated", {}]),
            json!({}),
        ] {
            assert_eq!(fault(&value), None, "{value}");
        }
    }
}
