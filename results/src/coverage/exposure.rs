//! For how long somebody was about to feel a fault: the clock of a node that is dead says nothing to anybody, and nobody
//! sends packets to and from it. Nor does a node look at its clock that cannot get anything done.

use super::within_any;
use history::Fault;
use history::timeline::FaultSpan;

/// The longest time for which a fault was in force while a node that it hits was running; of a fault of links, while both
/// ends of one were; of a clock, while there was a quorum as well. `no_quorum` are the times in which there was none, or
/// on and off. What nodes do in the pauses of a restart storm is not asked for.
pub fn longest_ns(span: &FaultSpan, all: &[FaultSpan], no_quorum: &[(u64, u64)], end_ns: u64) -> u64 {
    let Some((start_ns, end_ns)) = span.active_ns(end_ns) else {
        return 0;
    };
    let stops: Vec<(&[String], (u64, u64))> = all
        .iter()
        .filter(|other| other.id != span.id && !other.fault.stopped().is_empty())
        .filter_map(|other| Some((other.fault.stopped(), other.active_ns(end_ns)?)))
        .collect();
    let stopped = stops.iter().map(|(_, stopped)| stopped);
    let edges = stopped.chain(no_quorum).flat_map(|(from, to)| [*from, *to]);
    let mut moments: Vec<u64> = edges.filter(|at| start_ns < *at && *at < end_ns).collect();
    moments.extend([start_ns, end_ns]);
    moments.sort_unstable();
    let (mut longest, mut so_far) = (0, 0);
    for pair in moments.windows(2) {
        let is_running = |node: &str| {
            let stopped_by = |(nodes, (from, to)): &(&[String], (u64, u64))| {
                *from <= pair[0] && pair[0] < *to && nodes.iter().any(|it| it == node)
            };
            !stops.iter().any(stopped_by)
        };
        let is_idle = matches!(span.fault, Fault::Clock { .. }) && within_any(pair[0], no_quorum);
        so_far = match !is_idle && meets_anybody(&span.fault, is_running) {
            // In a history that was cut short a fault may have no end.
            true => so_far + (pair[1] - pair[0]),
            false => 0,
        };
        longest = longest.max(so_far);
    }
    longest
}

fn meets_anybody(fault: &Fault, is_running: impl Fn(&str) -> bool) -> bool {
    match fault {
        Fault::Partition { cut: links, .. } | Fault::Packet { links, .. } => {
            links.iter().any(|(from, to)| is_running(from) && is_running(to))
        }
        _ => fault.nodes().into_iter().any(is_running),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::fault::ClockEffect;

    fn span(id: u32, fault: Fault, from: u64, to: u64) -> FaultSpan {
        FaultSpan {
            id,
            fault,
            requested_ns: from,
            installed_ns: Some(from),
            healing_ns: Some(to),
            healed_ns: Some(to),
            felt: Some(false),
            trouble: None,
            evidence: Vec::new(),
        }
    }

    fn pause(id: u32, nodes: &[&str], from: u64, to: u64) -> FaultSpan {
        let nodes = nodes.iter().map(ToString::to_string).collect();
        span(id, Fault::Pause { nodes }, from, to)
    }

    #[test]
    fn a_fault_without_end_is_no_sum_that_is_too_large() {
        let endless = pause(1, &["n1"], 10, u64::MAX);
        let other = pause(2, &["n2"], 20, 30);
        let all = [endless.clone(), other];
        assert_eq!(longest_ns(&endless, &all, &[], u64::MAX), u64::MAX - 10);
    }

    #[test]
    fn a_clock_is_there_for_nodes_that_run_and_a_link_for_two() {
        let clock = |nodes: &[&str]| Fault::Clock {
            nodes: nodes.iter().map(ToString::to_string).collect(),
            effect: ClockEffect::Offset { ms: 5 },
        };
        let link = Fault::Packet {
            links: vec![("n1".to_owned(), "n2".to_owned())],
            effect: history::fault::PacketEffect::Drop,
            matching: None,
        };
        let all = [pause(7, &["n1"], 20, 50), pause(8, &["n2"], 60, 70)];
        for (fault, with_quorum, without) in [
            (clock(&["n1"]), 50, 30),
            (clock(&["n2"]), 60, 60),
            (clock(&["n3"]), 100, 80),
            (clock(&["n1", "n2"]), 100, 80),
            (link, 30, 30),
        ] {
            let span = span(1, fault, 0, 100);
            let longest = |no_quorum: &[_]| longest_ns(&span, &all, no_quorum, 1_000);
            assert_eq!(longest(&[]), with_quorum, "{:?}", span.fault);
            assert_eq!(longest(&[(80, 200)]), without, "{:?}", span.fault);
        }
        let never = FaultSpan {
            installed_ns: None,
            ..span(1, clock(&["n1"]), 0, 100)
        };
        assert_eq!(longest_ns(&never, &all, &[], 1_000), 0);
    }
}
