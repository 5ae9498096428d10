//! A schedule from a file: one that a run has stored, or one written by hand.
//!
//! What can be left out: `schema`, `seed`, the faults' `id`. What only one by hand has: `about`, what it is for, and
//! `every_ms`, after which it begins again. Everything that does not fit is refused with its place.

use super::{PlannedFault, SCHEMA, Schedule, Trigger, repeat};
use crate::role::{self, OTHERS, PRIMARY};
use cluster::network::CLIENT;
use history::Fault;
use history::fault::{ClockEffect, DiskEffect, Link, PacketEffect, PacketMatch};
use serde::Deserialize;
use std::time::Duration;

/// Longer than any run.
const END_MS_MAX: u64 = 7 * 24 * 3600 * 1000;
/// More faults than any run can do.
pub const FAULTS_MAX: usize = 100_000;

/// A start is stopped for no longer than this: it goes on to its end, also when the run is over.
const STOPPED_MS_MAX: u64 = 10_000;

/// Why a file is no schedule for these nodes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleFileError {
    /// It is not JSON, or not of the form.
    #[error("line {line}, column {column}: {reason}")]
    Form {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// A version of the format that we do not know.
    #[error("line {line}: its schema is {found:?}; this version reads {SCHEMA:?}")]
    Schema {
        /// Where the schedule begins.
        line: usize,
        /// What it says.
        found: String,
    },
    /// A fault cannot be.
    #[error("line {line}: fault {id}: {reason}")]
    Fault {
        /// Where the fault begins.
        line: usize,
        /// Its number.
        id: u32,
        /// What is wrong with it.
        reason: String,
    },
    /// What is repeated takes longer than its repetition.
    #[error("{0}")]
    Repetition(String),
    /// Too many faults.
    #[error("{0} faults; {FAULTS_MAX} are the most")]
    TooMany(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm<'a> {
    schema: Option<String>,
    #[serde(default)]
    seed: u64,
    /// What it is for, for people.
    #[serde(default, rename = "about")]
    _about: String,
    every_ms: Option<u64>,
    #[serde(borrow)]
    faults: Vec<&'a serde_json::value::RawValue>,
}

impl Schedule {
    /// Reads a schedule for a cluster of `nodes`, to be repeated until `time_limit` where it says so.
    ///
    /// # Errors
    /// With the line of what is wrong.
    pub fn from_json(
        text: &str,
        nodes: &[String],
        time_limit: Duration,
    ) -> Result<Schedule, ScheduleFileError> {
        let form: FileForm<'_> = serde_json::from_str(text).map_err(|error| in_form(&error, 1))?;
        if let Some(found) = form.schema.filter(|schema| schema != SCHEMA) {
            return Err(ScheduleFileError::Schema { line: 1, found });
        }
        if form.faults.len() > FAULTS_MAX {
            return Err(ScheduleFileError::TooMany(form.faults.len()));
        }
        let names = with_roles(nodes);
        let mut faults = Vec::new();
        for (raw, number) in form.faults.into_iter().zip(1..) {
            // Where the fault begins: serde_json gives slices of the text that it was given.
            let at = raw.get().as_ptr() as usize - text.as_ptr() as usize;
            let line = text[..at].matches('\n').count() + 1;
            let mut fault: PlannedFault =
                serde_json::from_str(raw.get()).map_err(|error| in_form(&error, line))?;
            if fault.id == 0 {
                fault.id = number;
            }
            let id = fault.id;
            let refuse = |reason: String| ScheduleFileError::Fault { line, id, reason };
            if faults.iter().any(|other: &PlannedFault| other.id == id) {
                return Err(refuse("another fault has this id".to_owned()));
            }
            check(&fault, nodes, &names).map_err(refuse)?;
            faults.push(fault);
        }
        if let Some(every_ms) = form.every_ms {
            faults = repeat::until(time_limit, every_ms, &faults).map_err(ScheduleFileError::Repetition)?;
        }
        if faults.len() > FAULTS_MAX {
            return Err(ScheduleFileError::TooMany(faults.len()));
        }
        faults.sort_by_key(|fault| fault.start_ms);
        Ok(Schedule {
            schema: SCHEMA.to_owned(),
            seed: form.seed,
            faults,
        })
    }

    /// The first fault that hits whichever node is the primary.
    pub fn first_of_primary(&self, nodes: &[String]) -> Option<&PlannedFault> {
        self.faults.iter().find(|planned| planned.names_primary(nodes))
    }

    /// The kinds of fault in it, each once, in the order of the documentation.
    pub fn kinds(&self) -> Vec<&'static str> {
        let has = |kind: &&'static str| self.faults.iter().any(|planned| planned.fault.kind() == *kind);
        history::fault::KINDS.into_iter().filter(has).collect()
    }
}

fn in_form(error: &serde_json::Error, first_line: usize) -> ScheduleFileError {
    let text = error.to_string();
    // The place is told apart; serde_json appends its own.
    let reason = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(reason, _)| reason);
    ScheduleFileError::Form {
        line: first_line + error.line().saturating_sub(1),
        column: error.column(),
        reason: reason.to_owned(),
    }
}

/// What can stand where the name of a node does.
fn with_roles(nodes: &[String]) -> Vec<String> {
    let roles = match role::taken(nodes) {
        None => vec![PRIMARY.to_owned(), OTHERS.to_owned()],
        Some(_) => Vec::new(),
    };
    nodes.iter().cloned().chain(roles).collect()
}

/// Whether it can be of these nodes; `names` are those and the roles that they have in turn.
fn check(planned: &PlannedFault, nodes: &[String], names: &[String]) -> Result<(), String> {
    let one = |name: &String| match name == OTHERS && role::taken(nodes).is_none() {
        true => Err("what a fault waits for is of one node, and `others` are several".to_owned()),
        false => Ok(()),
    };

    if planned.start_ms > planned.end_ms {
        let (start, end) = (planned.start_ms, planned.end_ms);
        return Err(format!("it begins at {start} ms and ends before, at {end} ms"));
    }
    if planned.end_ms > END_MS_MAX {
        return Err(format!("it ends after {END_MS_MAX} ms, which is a week"));
    }
    match &planned.when {
        None | Some(Trigger::Operations(_)) => {}
        Some(Trigger::DirectoryChange { node, then_requests }) => {
            one(node)?;
            check_nodes(std::slice::from_ref(node), names)?;
            within("then_requests", *then_requests, 0, 1_000_000)?;
        }
        Some(Trigger::Log { node, line }) => {
            one(node)?;
            check_nodes(std::slice::from_ref(node), names)?;
            check_pattern(line)?;
        }
        Some(Trigger::Packet {
            from, to, matching, ..
        }) => {
            one(from).and_then(|()| one(to))?;
            check_links(&[(from.clone(), to.clone())], names)?;
            matching.as_ref().map_or(Ok(()), check_match)?;
        }
    }
    match &planned.fault {
        Fault::Partition { cut, sides, .. } => {
            check_links(cut, names)?;
            sides
                .iter()
                .filter(|side| !side.is_empty())
                .try_for_each(|side| check_nodes(side, names))
        }
        Fault::Kill {
            nodes: whom,
            slow_start: Some(slow),
            ..
        } => {
            within("stopped_ms", slow.stopped_ms, 1, STOPPED_MS_MAX)?;
            within("after_ms", slow.after_ms, 0, STOPPED_MS_MAX)?;
            check_nodes(whom, names)
        }
        Fault::Kill { nodes: whom, .. } | Fault::Terminate { nodes: whom } | Fault::Pause { nodes: whom } => {
            check_nodes(whom, names)
        }
        Fault::Packet {
            links,
            effect,
            matching,
        } => {
            check_links(links, names)?;
            matching.as_ref().map_or(Ok(()), check_match)?;
            check_packets(*effect)
        }
        Fault::Disk { nodes: whom, effect } => {
            check_nodes(whom, names)?;
            check_disk(*effect)
        }
        Fault::Clock { nodes: whom, effect } => {
            check_nodes(whom, names)?;
            check_clock(*effect)
        }
    }
}

fn check_nodes(whom: &[String], nodes: &[String]) -> Result<(), String> {
    if whom.is_empty() {
        return Err("it names no node".to_owned());
    }
    match whom.iter().find(|node| !nodes.contains(node)) {
        Some(unknown) => Err(format!(
            "there is no node {unknown:?}; there are {}",
            nodes.join(", ")
        )),
        None => Ok(()),
    }
}

fn check_links(links: &[Link], nodes: &[String]) -> Result<(), String> {
    if links.is_empty() {
        return Err("it names no link".to_owned());
    }
    for (from, to) in links {
        // Others reach each other.
        if from == to && from != OTHERS {
            return Err(format!("the link from {from:?} to itself carries nothing"));
        }
        let hosts = [from, to].into_iter().filter(|host| *host != CLIENT);
        check_nodes(&hosts.cloned().collect::<Vec<_>>(), nodes)?;
    }
    Ok(())
}

fn check_pattern(pattern: &str) -> Result<(), String> {
    regex::bytes::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .build()
        .map(drop)
        .map_err(|error| format!("{pattern:?} is no regular expression: {error}"))
}

fn check_match(matching: &PacketMatch) -> Result<(), String> {
    if matching.from == 0 {
        return Err("`from` counts from 1".to_owned());
    }
    check_pattern(&matching.payload)
}

fn within<T: PartialOrd + std::fmt::Display>(name: &str, value: T, least: T, most: T) -> Result<(), String> {
    match value >= least && value <= most {
        true => Ok(()),
        false => Err(format!("{name} is {value}; it must be from {least} to {most}")),
    }
}

fn check_packets(effect: PacketEffect) -> Result<(), String> {
    match effect {
        PacketEffect::Delay {
            mean_ms, jitter_ms, ..
        } => {
            within("mean_ms", mean_ms, 0, 60_000)?;
            within("jitter_ms", jitter_ms, 0, 60_000)
        }
        PacketEffect::Loss { percent, burst } => {
            within("burst", burst, 1, 1_000)?;
            within("percent", percent, 1, 100)
        }
        PacketEffect::Reorder { percent, gap_packets } => {
            within("gap_packets", gap_packets, 1, 1_000)?;
            within("percent", percent, 1, 100)
        }
        PacketEffect::Duplicate { percent }
        | PacketEffect::Corrupt { percent, .. }
        | PacketEffect::Reset { percent } => within("percent", percent, 1, 100),
        PacketEffect::Rate { kilobytes_per_second } => {
            within("kilobytes_per_second", kilobytes_per_second, 1, 10_000_000)
        }
        PacketEffect::Stutter {
            stalled_ms,
            flowing_ms,
        } => {
            within("stalled_ms", stalled_ms, 1, 60_000)?;
            within("flowing_ms", flowing_ms, 1, 60_000)
        }
        PacketEffect::Hold | PacketEffect::Drop => Ok(()),
    }
}

fn check_disk(effect: DiskEffect) -> Result<(), String> {
    match effect {
        DiskEffect::Slow { mean_ms } => within("mean_ms", mean_ms, 1, 60_000),
        DiskEffect::Full => Ok(()),
        DiskEffect::SyncError { percent }
        | DiskEffect::WriteError { percent }
        | DiskEffect::ReadError { percent } => within("percent", percent, 1, 100),
        DiskEffect::FlipBits { per_mille } | DiskEffect::StaleBlocks { per_mille } => {
            within("per_mille", per_mille, 1, 1_000)
        }
    }
}

/// The rates that a clock can have: a quarter to four times the right one.
const RATE_PER_MILLE: (u64, u64) = (250, 4_000);
/// A year, in milliseconds.
const CLOCK_MS_MAX: i64 = 366 * 24 * 3600 * 1000;

fn check_clock(effect: ClockEffect) -> Result<(), String> {
    match effect {
        ClockEffect::Offset { ms } => within("ms", ms, -CLOCK_MS_MAX, CLOCK_MS_MAX),
        ClockEffect::Strobe { ms, period_ms } => {
            within("period_ms", period_ms, 1, 3_600_000)?;
            within("ms", ms, -CLOCK_MS_MAX, CLOCK_MS_MAX)
        }
        ClockEffect::Rate { per_mille } => within("per_mille", per_mille, RATE_PER_MILLE.0, RATE_PER_MILLE.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> Vec<String> {
        ["n1", "n2", "n3"].map(str::to_owned).to_vec()
    }

    fn read(text: &str) -> Result<Schedule, String> {
        Schedule::from_json(text, &nodes(), Duration::from_secs(1)).map_err(|error| error.to_string())
    }

    #[test]
    fn one_written_by_hand_may_leave_out_what_can_be_known() {
        let schedule = read(
            r#"{"faults": [
              {"start_ms": 500, "end_ms": 900, "fault": {"kind": "kill", "nodes": ["n1"]}},
              {"start_ms": 0, "end_ms": 300,
               "when": {"packet": {"from": "n1", "to": "n3", "matching": {"payload": "accept", "from": 3}}},
               "fault": {"kind": "packet", "links": [["n1", "n3"]], "effect": {"does": "hold"}}},
              {"end_ms": 300, "when": {"log": {"node": "n2", "line": "accepted .*"}},
               "fault": {"kind": "pause", "nodes": ["n2"]}}
            ]}"#,
        )
        .unwrap();
        let ids: Vec<u32> = schedule.faults.iter().map(|fault| fault.id).collect();
        assert_eq!(ids, [2, 3, 1], "in the order of their beginnings");
        assert_eq!(schedule.kinds(), ["kill", "pause", "packet"]);
    }

    #[test]
    fn one_that_says_so_is_repeated_until_the_time_limit() {
        let schedule = read(
            r#"{"about": "n1 hesitates, again and again", "every_ms": 300, "faults": [
              {"start_ms": 100, "end_ms": 200, "fault": {"kind": "pause", "nodes": ["n1"]}}
            ]}"#,
        )
        .unwrap();
        let starts: Vec<u64> = schedule.faults.iter().map(|fault| fault.start_ms).collect();
        assert_eq!(starts, [100, 400, 700]);
        let too_many =
            r#"{"every_ms": 1, "faults": [{"end_ms": 1, "fault": {"kind": "pause", "nodes": ["n1"]}}]}"#;
        let long = Duration::from_secs(1000);
        let refused = Schedule::from_json(too_many, &nodes(), long).unwrap_err();
        assert_eq!(refused.to_string(), "100001 faults; 100000 are the most");
    }

    #[test]
    fn the_primary_and_all_others_can_stand_where_names_do() {
        let text = r#"{"faults": [
          {"end_ms": 9, "fault": {"kind": "kill", "nodes": ["primary"]}},
          {"end_ms": 9, "when": {"log": {"node": "primary", "line": "x"}},
           "fault": {"kind": "partition", "shape": "primary", "sides": [["primary"], ["others"]],
                     "cut": [["primary", "others"], ["others", "others"]]}},
          {"end_ms": 9, "fault": {"kind": "pause", "nodes": ["n1"]}}
        ]}"#;
        let schedule = read(text).unwrap();
        let of_primary = |planned: &&PlannedFault| planned.names_primary(&nodes());
        assert_eq!(schedule.faults.iter().filter(of_primary).count(), 2);
        assert_eq!(schedule.first_of_primary(&nodes()).unwrap().id, 1);
        let named = ["primary", "n1"].map(str::to_owned);
        let refused = Schedule::from_json(text, &named, Duration::from_secs(1))
            .unwrap_err()
            .to_string();
        assert_eq!(
            refused,
            "line 3: fault 2: there is no node \"others\"; there are primary, n1"
        );
        let several = r#"{"faults": [{"end_ms": 9, "when": {"log": {"node": "others", "line": "x"}},
            "fault": {"kind": "pause", "nodes": ["n1"]}}]}"#;
        assert!(read(several).unwrap_err().ends_with("`others` are several"));
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_line() {
        let kill = |rest: &str| format!("{{\"faults\": [\n\n  {{\"start_ms\": 5, {rest}}}\n]}}");
        let cases = [
            (
                "{\n\"fault\": []}".to_owned(),
                "line 2, column 7: unknown field `fault`, expected one of `schema`, `seed`, `about`, `every_ms`, `faults`",
            ),
            (
                kill("\"end_ms\": 9, \"fault\": {\"kind\": \"kil\", \"nodes\": [\"n1\"]}"),
                "line 3, column 69: unknown variant `kil`, expected one of `partition`, `kill`, `terminate`, `pause`, `packet`, `disk`, `clock`",
            ),
            (
                kill("\"end_ms\": 3, \"fault\": {\"kind\": \"kill\", \"nodes\": [\"n1\"]}"),
                "line 3: fault 1: it begins at 5 ms and ends before, at 3 ms",
            ),
            (
                kill("\"end_ms\": 9, \"fault\": {\"kind\": \"kill\", \"nodes\": [\"n7\"]}"),
                "line 3: fault 1: there is no node \"n7\"; there are n1, n2, n3, primary, others",
            ),
            (
                kill(
                    "\"end_ms\": 9, \"fault\": {\"kind\": \"packet\", \"links\": [[\"n1\", \"n1\"]], \"effect\": {\"does\": \"hold\"}}",
                ),
                "line 3: fault 1: the link from \"n1\" to itself carries nothing",
            ),
            (
                kill(
                    "\"end_ms\": 9, \"fault\": {\"kind\": \"packet\", \"links\": [[\"n1\", \"n2\"]], \"effect\": {\"does\": \"loss\", \"percent\": 200, \"burst\": 1}}",
                ),
                "line 3: fault 1: percent is 200; it must be from 1 to 100",
            ),
            (
                kill(
                    "\"end_ms\": 9, \"fault\": {\"kind\": \"packet\", \"links\": [[\"n1\", \"n2\"]], \"effect\": {\"does\": \"stutter\", \"stalled_ms\": 5, \"flowing_ms\": 0}}",
                ),
                "line 3: fault 1: flowing_ms is 0; it must be from 1 to 60000",
            ),
            (
                kill(
                    "\"end_ms\": 9, \"fault\": {\"kind\": \"clock\", \"nodes\": [\"n1\"], \"effect\": {\"does\": \"rate\", \"per_mille\": 9000}}",
                ),
                "line 3: fault 1: per_mille is 9000; it must be from 250 to 4000",
            ),
            (
                "{\"schema\": \"harness.schedule/v9\", \"faults\": []}".to_owned(),
                "line 1: its schema is \"harness.schedule/v9\"; this version reads \"harness.schedule/v1\"",
            ),
        ];
        for (text, expected) in cases {
            let error = read(&text).unwrap_err();
            let place_free = |text: &str| text.split(": ").skip(1).collect::<Vec<_>>().join(": ");
            assert!(error.starts_with(expected.split(',').next().unwrap()), "{error}");
            assert_eq!(place_free(&error), place_free(expected));
        }
        let slow = r#"{"faults": [{"end_ms": 9, "fault": {"kind": "kill", "nodes": ["n1"], "slow_start": {"stopped_ms": 60000}}}]}"#;
        assert_eq!(
            read(slow).unwrap_err(),
            "line 1: fault 1: stopped_ms is 60000; it must be from 1 to 10000"
        );
        let twice = r#"{"faults": [{"id": 2, "end_ms": 1, "fault": {"kind": "pause", "nodes": ["n1"]}},
            {"end_ms": 1, "fault": {"kind": "pause", "nodes": ["n1"]}}]}"#;
        assert_eq!(
            read(twice).unwrap_err(),
            "line 2: fault 2: another fault has this id"
        );
        let repeated =
            r#"{"every_ms": 50, "faults": [{"end_ms": 90, "fault": {"kind": "pause", "nodes": ["n1"]}}]}"#;
        assert_eq!(
            read(repeated).unwrap_err(),
            "every_ms is 50, and the faults that it repeats take 90 ms; it must be as long at least, and not 0"
        );
        let pattern = r#"{"faults": [{"end_ms": 1, "when": {"log": {"node": "n1", "line": "("}},
            "fault": {"kind": "pause", "nodes": ["n1"]}}]}"#;
        assert!(
            read(pattern)
                .unwrap_err()
                .contains("\"(\" is no regular expression")
        );
    }
}
