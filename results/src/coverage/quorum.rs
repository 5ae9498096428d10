//! When there was a quorum: some running node that could exchange packets, both ways, with enough others to be a
//! majority. Without one nothing can be expected to succeed.

use super::within;
use history::timeline::FaultSpan;
use history::{Fault, History};

/// When no running node could exchange packets, in both directions, with enough others to be a majority.
pub fn without_quorum(history: &History, faults: &[FaultSpan], end_ns: u64) -> Vec<(u64, u64)> {
    let spans: Vec<(&Fault, (u64, u64))> = faults
        .iter()
        .filter_map(|span| Some((&span.fault, span.active_ns(end_ns)?)))
        .collect();
    let mut moments: Vec<u64> = spans
        .iter()
        .flat_map(|(_, (start, end))| [*start, *end])
        .collect();
    moments.sort_unstable();
    moments.dedup();
    let mut gaps: Vec<(u64, u64)> = Vec::new();
    for pair in moments.windows(2) {
        let in_force: Vec<&Fault> = spans
            .iter()
            .filter(|(_, span)| within(pair[0], *span))
            .map(|(fault, _)| *fault)
            .collect();
        if has_quorum(&history.nodes, &in_force) {
            continue;
        }
        match gaps.last_mut() {
            Some(last) if last.1 == pair[0] => last.1 = pair[1],
            _ => gaps.push((pair[0], pair[1])),
        }
    }
    gaps
}

/// Whether some running node reaches, both ways, a majority of all nodes.
fn has_quorum(nodes: &[String], in_force: &[&Fault]) -> bool {
    members(nodes, in_force).is_some()
}

/// The largest quorum: the running nodes that one of them reaches, both ways, if they are a majority of all nodes.
pub fn members<'a>(nodes: &'a [String], in_force: &[&Fault]) -> Option<Vec<&'a String>> {
    let down = |node: &String| in_force.iter().any(|fault| fault.stopped().contains(node));
    let cut = |a: &String, b: &String| {
        let mut links = in_force.iter().flat_map(|fault| fault.cut());
        links.any(|(from, to)| (from == a && to == b) || (from == b && to == a))
    };
    let running: Vec<&String> = nodes.iter().filter(|node| !down(node)).collect();
    let reached = running.iter().map(|node| {
        let others = running.iter().filter(|other| !cut(node, other));
        others.copied().collect::<Vec<_>>()
    });
    reached
        .max_by_key(Vec::len)
        .filter(|reached| reached.len() > nodes.len() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> Vec<String> {
        (1..=5).map(|i| format!("n{i}")).collect()
    }

    fn kill(nodes: &[&str]) -> Fault {
        Fault::Kill {
            nodes: nodes.iter().map(ToString::to_string).collect(),
            power: false,
            flap: None,
            slow_start: None,
        }
    }

    fn one_way(from: &[&str], to: &[&str]) -> Fault {
        let cut = from
            .iter()
            .flat_map(|a| to.iter().map(move |b| (a.to_string(), b.to_string())))
            .collect();
        Fault::Partition {
            shape: "one-way".into(),
            sides: vec![],
            cut,
            flap: None,
        }
    }

    #[test]
    fn a_quorum_is_a_running_node_that_reaches_a_majority_both_ways() {
        assert!(has_quorum(&nodes(), &[]));
        assert!(has_quorum(&nodes(), &[&kill(&["n1", "n2"])]));
        assert!(!has_quorum(&nodes(), &[&kill(&["n1", "n2"]), &kill(&["n5"])]));
        let cut = one_way(&["n1", "n2"], &["n3", "n4", "n5"]);
        assert!(has_quorum(&nodes(), &[&cut]));
        assert_eq!(members(&nodes(), &[&cut]).unwrap(), ["n3", "n4", "n5"]);
        assert!(
            !has_quorum(&nodes(), &[&cut, &kill(&["n4"])]),
            "n3 and n5 are two of five"
        );
    }
}
