//! Whom a fault hits by a role that nodes have in turn: `primary`, and `others` for all but it.
//!
//! In a schedule these two words stand where names of nodes do. Who it is is asked when the fault begins, and then the
//! words are replaced by names: what is recorded, and can be done again, names nodes. A node that is itself called by one
//! of the words is that node, and then there are no roles.
//!
//! Asking is in `executor/primary.rs`; this is what follows from the answer.

use crate::{PlannedFault, Trigger};
use history::Fault;
use history::fault::Link;

/// The node that says that it is the primary (the leader, the master).
pub const PRIMARY: &str = "primary";
/// All nodes but that.
pub const OTHERS: &str = "others";

/// A node that is called as a role is.
pub fn taken(nodes: &[String]) -> Option<&'static str> {
    [PRIMARY, OTHERS]
        .into_iter()
        .find(|role| nodes.iter().any(|node| node == role))
}

impl PlannedFault {
    /// Whether it has to be asked who the primary is.
    pub fn names_primary(&self, nodes: &[String]) -> bool {
        self.waits_for_primary(nodes) || (taken(nodes).is_none() && names_role(&self.fault))
    }

    /// Whether that has to be known before it can wait for what it waits for.
    pub(crate) fn waits_for_primary(&self, nodes: &[String]) -> bool {
        let whom: Vec<&String> = match &self.when {
            Some(Trigger::Log { node, .. } | Trigger::DirectoryChange { node, .. }) => vec![node],
            Some(Trigger::Packet { from, to, .. }) => vec![from, to],
            Some(Trigger::Operations(_)) | None => Vec::new(),
        };
        taken(nodes).is_none() && whom.into_iter().any(|name| name == PRIMARY)
    }

    /// The same fault, of this primary among these nodes.
    pub(crate) fn of_primary(&self, primary: &str, nodes: &[String]) -> PlannedFault {
        let roles = Roles { primary, nodes };
        let mut planned = self.clone();
        match &mut planned.when {
            Some(Trigger::Log { node, .. } | Trigger::DirectoryChange { node, .. }) => roles.fill_one(node),
            Some(Trigger::Packet { from, to, .. }) => {
                roles.fill_one(from);
                roles.fill_one(to);
            }
            Some(Trigger::Operations(_)) | None => {}
        }
        match &mut planned.fault {
            Fault::Partition { sides, cut, .. } => {
                *cut = roles.links(cut);
                sides.iter_mut().for_each(|side| *side = roles.names(side));
            }
            Fault::Packet { links, .. } => *links = roles.links(links),
            Fault::Kill { nodes, .. }
            | Fault::Terminate { nodes }
            | Fault::Member { nodes }
            | Fault::Pause { nodes }
            | Fault::Disk { nodes, .. }
            | Fault::Clock { nodes, .. } => *nodes = roles.names(nodes),
        }
        planned
    }
}

fn names_role(fault: &Fault) -> bool {
    fault
        .nodes()
        .iter()
        .any(|name| *name == PRIMARY || *name == OTHERS)
}

/// Whether there is anybody left whom it hits: a link from the primary to itself is none.
pub(crate) fn hits_somebody(fault: &Fault) -> bool {
    !fault.nodes().is_empty()
}

/// Who has which.
struct Roles<'a> {
    primary: &'a str,
    nodes: &'a [String],
}

impl Roles<'_> {
    fn fill_one(&self, name: &mut String) {
        if name == PRIMARY {
            *name = self.primary.to_owned();
        }
    }

    /// Whom a name or a role stands for.
    fn of(&self, name: &str) -> Vec<String> {
        match name {
            PRIMARY => vec![self.primary.to_owned()],
            OTHERS => {
                let others = self.nodes.iter().filter(|node| *node != self.primary);
                others.cloned().collect()
            }
            name => vec![name.to_owned()],
        }
    }

    fn names(&self, names: &[String]) -> Vec<String> {
        let mut all = Vec::new();
        for name in names.iter().flat_map(|name| self.of(name)) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }

    fn links(&self, links: &[Link]) -> Vec<Link> {
        let mut all = Vec::new();
        for (from, to) in links {
            for from in self.of(from) {
                for to in self.of(to) {
                    let link = (from.clone(), to);
                    if link.0 != link.1 && !all.contains(&link) {
                        all.push(link);
                    }
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn planned(json: &str) -> PlannedFault {
        serde_json::from_str(json).unwrap()
    }

    fn of_n2(json: &str) -> String {
        let nodes = names(&["n1", "n2", "n3"]);
        let before = planned(json);
        assert!(before.names_primary(&nodes), "{json}");
        let after = before.of_primary("n2", &nodes);
        assert!(!after.names_primary(&nodes), "{after:?}");
        serde_json::to_string(&after.fault).unwrap()
    }

    #[test]
    fn the_words_are_replaced_by_names_wherever_names_stand() {
        for (json, words) in [
            (
                r#"{"end_ms": 9, "fault": {"kind": "kill", "nodes": ["primary", "n2", "n3"]}}"#,
                r#"{"kind":"kill","nodes":["n2","n3"]}"#,
            ),
            (
                r#"{"end_ms": 9, "fault": {"kind": "disk", "nodes": ["others"], "effect": {"does": "full"}}}"#,
                r#"{"kind":"disk","nodes":["n1","n3"],"effect":{"does":"full"}}"#,
            ),
            (
                r#"{"end_ms": 9, "fault": {"kind": "partition", "shape": "primary", "sides": [["primary"], ["others"]],
                    "cut": [["primary", "others"], ["n1", "n2"]]}}"#,
                r#"{"kind":"partition","shape":"primary","sides":[["n2"],["n1","n3"]],"cut":[["n2","n1"],["n2","n3"],["n1","n2"]]}"#,
            ),
            (
                r#"{"end_ms": 9, "fault": {"kind": "packet", "links": [["client", "primary"], ["others", "others"]],
                    "effect": {"does": "hold"}}}"#,
                r#"{"kind":"packet","links":[["client","n2"],["n1","n3"],["n3","n1"]],"effect":{"does":"hold"}}"#,
            ),
        ] {
            assert_eq!(of_n2(json), words);
        }
    }

    #[test]
    fn a_fault_between_the_primary_and_itself_hits_nobody() {
        let nodes = names(&["n1", "n2"]);
        let cut = planned(
            r#"{"end_ms": 9, "fault": {"kind": "partition", "shape": "x", "sides": [], "cut": [["n2", "primary"]]}}"#,
        );
        assert!(!hits_somebody(&cut.of_primary("n2", &nodes).fault));
        assert!(hits_somebody(&cut.of_primary("n1", &nodes).fault));
    }

    #[test]
    fn what_it_waits_for_may_be_of_the_primary_too() {
        let nodes = names(&["n1", "n2"]);
        let waits = planned(
            r#"{"end_ms": 9, "when": {"log": {"node": "primary", "line": "x"}}, "fault": {"kind": "pause", "nodes": ["n1"]}}"#,
        );
        assert!(waits.names_primary(&nodes) && waits.waits_for_primary(&nodes));
        let filled = waits.of_primary("n2", &nodes);
        assert!(matches!(filled.when, Some(Trigger::Log { ref node, .. }) if node == "n2"));
        assert_eq!(filled.fault, waits.fault);
    }

    #[test]
    fn a_node_that_is_called_primary_is_that_node() {
        let kill = planned(r#"{"end_ms": 9, "fault": {"kind": "kill", "nodes": ["primary"]}}"#);
        assert!(kill.names_primary(&names(&["n1", "n2"])));
        assert!(!kill.names_primary(&names(&["primary", "replica"])));
        assert_eq!(taken(&names(&["n1", "others"])), Some(OTHERS));
    }
}
