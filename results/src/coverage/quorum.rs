//! When there was a quorum: some running node that could exchange packets, both ways, with enough others to be a
//! majority. Without one nothing can be expected to succeed. Where faults that come and go (a flapping partition, a
//! restart storm) are what takes it away, it comes and goes with them.

use super::within;
use history::fault::Link;
use history::timeline::FaultSpan;
use history::{Fault, History};

/// When there was no quorum, and when there was one on and off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outages {
    /// No running node could exchange packets, in both directions, with enough others to be a majority.
    pub lost: Vec<(u64, u64)>,
    /// So it was whenever the faults that come and go were at work.
    pub on_and_off: Vec<(u64, u64)>,
}

/// When there was no quorum, and when there was one on and off: (start, end), in order.
pub fn outages(history: &History, faults: &[FaultSpan], end_ns: u64) -> Outages {
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
    let mut outages = Outages::default();
    for pair in moments.windows(2) {
        let in_force: Vec<&Fault> = spans
            .iter()
            .filter(|(_, span)| within(pair[0], *span))
            .map(|(fault, _)| *fault)
            .collect();
        if has_quorum(&history.nodes, &in_force) {
            continue;
        }
        let staying = in_force.iter().filter(|fault| fault.flap().is_none());
        let gaps = match has_quorum(&history.nodes, &staying.copied().collect::<Vec<_>>()) {
            true => &mut outages.on_and_off,
            false => &mut outages.lost,
        };
        match gaps.last_mut() {
            Some(last) if last.1 == pair[0] => last.1 = pair[1],
            _ => gaps.push((pair[0], pair[1])),
        }
    }
    outages
}

/// Whom a node can exchange packets with in both directions while these links are cut, itself not among them.
pub fn reached<'a>(nodes: &'a [String], cut: &[Link], node: &str) -> Vec<&'a String> {
    let is_cut = |other: &str| {
        let between = |(a, b): &Link| (a == node && b == other) || (a == other && b == node);
        cut.iter().any(between)
    };
    let others = nodes.iter().filter(|other| *other != node);
    others.filter(|other| !is_cut(other)).collect()
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

    #[test]
    fn a_restart_storm_takes_the_quorum_away_on_and_off() {
        let storm = Fault::Kill {
            nodes: ["n1", "n2", "n3"].map(str::to_owned).to_vec(),
            power: false,
            flap: Some(history::Flap {
                cut_ms: 20,
                whole_ms: 30,
            }),
            slow_start: None,
        };
        let span = |fault: &Fault, from: u64, to: u64| FaultSpan {
            id: 1,
            fault: fault.clone(),
            requested_ns: from,
            installed_ns: Some(from),
            healing_ns: Some(to),
            healed_ns: Some(to),
            felt: Some(true),
            trouble: None,
            evidence: Vec::new(),
        };
        let history = History {
            nodes: nodes(),
            ..History::default()
        };
        let at = |faults: &[FaultSpan]| outages(&history, faults, 100);
        let storming = span(&storm, 10, 50);
        assert_eq!(at(std::slice::from_ref(&storming)).on_and_off, [(10, 50)]);
        assert_eq!(at(std::slice::from_ref(&storming)).lost, []);
        let for_good = span(&kill(&["n3", "n4", "n5"]), 30, 40);
        let both = at(&[storming, for_good]);
        assert_eq!(both.on_and_off, [(10, 30), (40, 50)]);
        assert_eq!(both.lost, [(30, 40)], "what stays down is down");
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
