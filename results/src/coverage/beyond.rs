//! When a system that takes its time to fail over had been left alone for longer than that, by a fault that went on: then
//! something has to work again.
//!
//! The time begins anew with every change of any fault, and what comes and goes changes all the while. Links that are merely
//! bad count as links here; `progress`, which asks for more, looks at connected majorities.

use super::within_any;
use history::timeline::FaultSpan;

/// A shorter time shows nothing: few operations begin in it.
const SHORTEST_NS: u64 = 500_000_000;

/// The times of at least half a second within `main_ns` that lie so long after the last change of a fault, outside of those in
/// which there was no steady quorum, and with nothing in force that comes and goes.
pub fn spans(
    faults: &[FaultSpan],
    not_steady: &[(u64, u64)],
    main_ns: (u64, u64),
    failover_ns: u64,
) -> Vec<(u64, u64)> {
    let active = |span: &FaultSpan| span.active_ns(main_ns.1);
    let flapping = || {
        faults
            .iter()
            .filter(|it| it.fault.flap().is_some())
            .filter_map(active)
    };
    let mut changes: Vec<u64> = faults
        .iter()
        .filter_map(active)
        .flat_map(|(start_ns, end_ns)| [start_ns, end_ns])
        .chain([main_ns.0, main_ns.1])
        .map(|moment| moment.clamp(main_ns.0, main_ns.1))
        .collect();
    changes.sort_unstable();
    changes.dedup();
    let between = changes.windows(2).filter_map(|pair| {
        let start_ns = pair[0].saturating_add(failover_ns);
        let comes_and_goes = flapping().any(|(from, to)| (from..to).contains(&pair[0]));
        let is_asked = !comes_and_goes && !within_any(pair[0], not_steady);
        (is_asked && start_ns.saturating_add(SHORTEST_NS) <= pair[1]).then_some((start_ns, pair[1]))
    });
    between.collect()
}
