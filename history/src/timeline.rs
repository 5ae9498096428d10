//! Derived from a history's notes: faults as spans of time, phases as spans of time.

use crate::{Fault, FaultStep, History, Note, Outcome, Phase};

/// One fault from request to mending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultSpan {
    /// Its number in the schedule.
    pub id: u32,
    /// What it was.
    pub fault: Fault,
    /// When it was asked for, in nanoseconds.
    pub requested_ns: u64,
    /// When it was confirmed to be in force; `None` when it never was.
    pub installed_ns: Option<u64>,
    /// When mending began.
    pub healing_ns: Option<u64>,
    /// When it was confirmed to be mended.
    pub healed_ns: Option<u64>,
    /// Whether the system felt it: packets were dropped, a process was gone. `None`: nobody can say yet.
    pub felt: Option<bool>,
    /// Skipped or failed, with the reason.
    pub trouble: Option<String>,
    /// Everything that was seen of it, in words, in order.
    pub evidence: Vec<String>,
}

impl FaultSpan {
    /// Whether it was in force and felt: what counts as a fault that happened.
    pub fn confirmed(&self) -> bool {
        self.installed_ns.is_some() && self.felt == Some(true)
    }

    /// The span in which it was in force, up to `end_ns` when it was never mended.
    pub fn active_ns(&self, end_ns: u64) -> Option<(u64, u64)> {
        let start = self.installed_ns?;
        let end = match self.fault.lasts_until_healed() {
            true => self.healed_ns,
            false => self.healing_ns.or(self.healed_ns),
        };
        Some((start, end.unwrap_or(end_ns).max(start)))
    }

    /// The span in which a node that it hit did nothing: until the node is seen to answer, or the fault is mended, for
    /// which all nodes have to be back.
    pub fn stopped_ns(&self, history: &History, node: &str, end_ns: u64) -> Option<(u64, u64)> {
        let (start, end) = self.active_ns(end_ns)?;
        let Some(healing_ns) = self.healing_ns else {
            return Some((start, end));
        };
        let operations = &history.operations;
        let first = operations.partition_point(|it| it.start_ns < healing_ns);
        let meanwhile = operations[first..].iter().take_while(|it| it.start_ns < end);
        let answered = meanwhile
            .filter(|it| it.outcome == Outcome::Ok)
            .find(|it| history.node_name(it) == Some(node));
        Some((start, answered.map_or(end, |it| it.start_ns.max(start))))
    }
}

/// The fault that explains why a node ended without having been asked to: its disk failed it. Such a node may stop,
/// and is started again when the fault is healed.
pub fn excuse<'a>(faults: &'a [FaultSpan], node: &str, at_ns: u64) -> Option<&'a FaultSpan> {
    faults.iter().find(|span| {
        let from = span.installed_ns.map(|_| span.requested_ns);
        let in_force = from.is_some_and(|from| (from..=span.healed_ns.unwrap_or(u64::MAX)).contains(&at_ns));
        in_force && span.fault.hampered().iter().any(|it| it == node)
    })
}

/// The faults of a history, in the order in which they were asked for.
pub fn faults(history: &History) -> Vec<FaultSpan> {
    let mut spans: Vec<FaultSpan> = Vec::new();
    for (time, note) in &history.notes {
        let Note::Fault(note) = note else { continue };
        let place = match spans.iter().rposition(|span| span.id == note.id) {
            Some(place) => place,
            None => {
                spans.push(FaultSpan {
                    id: note.id,
                    fault: note.fault.clone(),
                    requested_ns: *time,
                    installed_ns: None,
                    healing_ns: None,
                    healed_ns: None,
                    felt: None,
                    trouble: None,
                    evidence: Vec::new(),
                });
                spans.len() - 1
            }
        };
        let span = &mut spans[place];
        match note.step {
            FaultStep::Requested => {}
            FaultStep::Installed => {
                span.installed_ns = Some(*time);
                // What was done may be less than what was planned: a node may have been down already.
                span.fault = note.fault.clone();
            }
            FaultStep::Healing => span.healing_ns = Some(*time),
            FaultStep::Healed => span.healed_ns = Some(*time),
            FaultStep::Skipped | FaultStep::Failed => {
                span.trouble = Some(note.evidence.clone().unwrap_or_default())
            }
        }
        // A kill is felt once; what a later step says does not take that back.
        if span.felt != Some(true) && note.felt.is_some() {
            span.felt = note.felt;
        }
        span.evidence.extend(note.evidence.clone());
    }
    spans
}

/// The phases of a history as (phase, start, end) in nanoseconds; the last one ends with the history.
pub fn phases(history: &History) -> Vec<(Phase, u64, u64)> {
    let starts: Vec<(Phase, u64)> = history
        .notes
        .iter()
        .filter_map(|(time, note)| match note {
            Note::Phase(phase) => Some((*phase, *time)),
            _ => None,
        })
        .collect();
    let ends = starts
        .iter()
        .skip(1)
        .map(|(_, start)| *start)
        .chain([history.end_ns()]);
    starts
        .iter()
        .zip(ends)
        .map(|((phase, start), end)| (*phase, *start, end))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// n1 and n2 lose power at 10 and are started at 20; n1 answers what it is asked at 30, n2 is back at 50.
    const BOTH_DOWN: &str = r#"{"schema":"harness.history/v1","run":"r","system":"s","workload":"decree","model":"decree","seed":7,"nodes":["n1","n2"],"clients":2,"nemesis":["kill"],"client_timeout_ns":1000,"started_at":"2026-11-23T06:45:12Z"}
{"index":0,"time":10,"process":"nemesis","type":"info","f":"kill","value":{"id":1,"step":"installed","fault":{"kind":"kill","nodes":["n1","n2"]},"felt":true}}
{"index":1,"time":20,"process":"nemesis","type":"info","f":"kill","value":{"id":1,"step":"healing","fault":{"kind":"kill","nodes":["n1","n2"]}}}
{"index":2,"time":22,"process":0,"type":"invoke","f":"read","key":1,"value":null,"node":"n1"}
{"index":3,"time":24,"process":0,"type":"fail","f":"read","key":1,"value":null,"node":"n1"}
{"index":4,"time":30,"process":0,"type":"invoke","f":"read","key":1,"value":null,"node":"n1"}
{"index":5,"time":40,"process":0,"type":"ok","f":"read","key":1,"value":17,"node":"n1"}
{"index":6,"time":50,"process":"nemesis","type":"info","f":"kill","value":{"id":1,"step":"healed","fault":{"kind":"kill","nodes":["n1","n2"]}}}
{"index":7,"time":60,"process":1,"type":"invoke","f":"read","key":1,"value":null,"node":"n2"}
{"index":8,"time":70,"process":1,"type":"ok","f":"read","key":1,"value":17,"node":"n2"}
"#;

    #[test]
    fn a_node_that_answers_is_no_longer_down_though_others_are() {
        let history = crate::read_bytes(BOTH_DOWN.as_bytes()).unwrap();
        let faults = faults(&history);
        assert_eq!(faults[0].active_ns(90), Some((10, 50)));
        assert_eq!(faults[0].stopped_ns(&history, "n1", 90), Some((10, 30)));
        assert_eq!(faults[0].stopped_ns(&history, "n2", 90), Some((10, 50)));
    }
}
