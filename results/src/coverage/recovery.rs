//! How soon the system was back: after each fault, and at the end, when everything was mended, each node.

use history::timeline::{FaultSpan, phases};
use history::{History, Operation, Outcome, Phase};

/// How soon each node was back after the last fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comeback {
    /// By node: from the beginning of the recovery phase to the end of the first operation that began in it, or
    /// later, and was `ok`, in nanoseconds; `None` when there was none. Empty when there was no such phase.
    pub nodes: Vec<(String, Option<u64>)>,
    /// Whether all but the primary refuse what clients ask for: then one node that is back is all that there can be.
    pub served_by_primary: bool,
}

impl Comeback {
    /// Counted from the history.
    pub fn of(history: &History) -> Comeback {
        let phases = phases(history);
        let Some((_, mended_ns, _)) = phases.iter().find(|(phase, ..)| *phase == Phase::Recover) else {
            return Comeback::default();
        };
        let mut back: Vec<Option<u64>> = vec![None; history.nodes.len()];
        let ok =
            |operation: &&Operation| operation.outcome == Outcome::Ok && operation.start_ns >= *mended_ns;
        for operation in history.operations.iter().filter(ok) {
            if let Some(back) = back.get_mut(usize::from(operation.node)) {
                let after_ns = operation.end_ns.saturating_sub(*mended_ns);
                *back = Some(back.map_or(after_ns, |known| known.min(after_ns)));
            }
        }
        Comeback {
            nodes: history.nodes.iter().cloned().zip(back).collect(),
            served_by_primary: history
                .header
                .as_ref()
                .is_some_and(|header| header.served_by_primary),
        }
    }

    /// Those that did not come back.
    pub fn missing(&self) -> Vec<&str> {
        let missing = self.nodes.iter().filter(|(_, back)| back.is_none());
        missing.map(|(node, _)| node.as_str()).collect()
    }

    /// The node that came back last, and after how long.
    pub fn last(&self) -> Option<(&str, u64)> {
        let back = self
            .nodes
            .iter()
            .filter_map(|(node, back)| Some((node.as_str(), (*back)?)));
        back.max_by_key(|(_, back)| *back)
    }
}

/// From each fault's end to the end of the first operation that began afterwards and was `ok`, sorted.
pub fn recoveries(history: &History, faults: &[FaultSpan]) -> Vec<u64> {
    let mut found: Vec<u64> = faults
        .iter()
        .filter(|span| span.installed_ns.is_some())
        .filter_map(|span| span.healed_ns.or(span.healing_ns))
        .filter_map(|healed| {
            let from = history
                .operations
                .partition_point(|operation| operation.start_ns < healed);
            let after = history.operations[from..].iter().take(10_000);
            let ok = after.filter(|operation| operation.outcome == Outcome::Ok);
            ok.map(|operation| operation.end_ns.saturating_sub(healed)).min()
        })
        .collect();
    found.sort_unstable();
    found
}
