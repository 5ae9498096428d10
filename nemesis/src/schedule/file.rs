//! A schedule from a file: one that a run has stored, or one written by hand.
//!
//! What can be left out: `schema`, `seed`, the faults' `id`. What only one by hand has: `about`, what it is for, and
//! `every_ms`, after which it begins again. Everything that does not fit is refused with its place.

mod check;

use super::{PlannedFault, SCHEMA, Schedule, repeat};
use crate::role::{self, OTHERS, PRIMARY};
use check::check;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::time::Duration;

/// More faults than any run can do.
const FAULTS_MAX: usize = 100_000;

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
    #[error("line 1: {0}")]
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
        refuse_more_than_can_be(form.faults.len())?;
        let names = with_roles(nodes);
        let mut faults = Vec::new();
        let mut ids = BTreeSet::new();
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
            if !ids.insert(id) {
                return Err(refuse("another fault has this id".to_owned()));
            }
            check(&fault, nodes, &names).map_err(refuse)?;
            faults.push(fault);
        }
        if let Some(every_ms) = form.every_ms {
            let times =
                repeat::times(time_limit, every_ms, &faults).map_err(ScheduleFileError::Repetition)?;
            refuse_more_than_can_be(times.saturating_mul(faults.len()))?;
            faults = repeat::repeated(times, every_ms, &faults);
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

fn refuse_more_than_can_be(faults: usize) -> Result<(), ScheduleFileError> {
    match faults > FAULTS_MAX {
        true => Err(ScheduleFileError::TooMany(faults)),
        false => Ok(()),
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
        assert_eq!(refused.to_string(), "1000000 faults; 100000 are the most");
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
                "line 3, column 69: unknown variant `kil`, expected one of `partition`, `kill`, `terminate`, `pause`, `member`, `packet`, `disk`, `clock`",
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
                kill("\"end_ms\": 9, \"fault\": {\"kind\": \"member\", \"nodes\": [\"n1\", \"n2\"]}"),
                "line 3: fault 1: it takes n1 n2 out of the membership, of 3 nodes; at most a minority can be out",
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
        let still = |fault: &str| {
            let when = r#"{"directory-change": {"node": "n1", "held": true}}"#;
            read(&format!(
                r#"{{"faults": [{{"end_ms": 9, "when": {when}, "fault": {fault}}}]}}"#
            ))
        };
        let nobody_lets_go = [
            r#"{"kind": "pause", "nodes": ["n1"]}"#,
            r#"{"kind": "kill", "nodes": ["n1"]}"#,
            r#"{"kind": "kill", "nodes": ["n2"], "power": true}"#,
        ];
        for fault in nobody_lets_go {
            assert_eq!(
                still(fault).unwrap_err(),
                "line 1: fault 1: with `held` the disk of n1 stands still until its power has failed, and this fault is none: \
                 a kill of n1 with `power`"
            );
        }
        still(r#"{"kind": "kill", "nodes": ["n1", "n2"], "power": true}"#).unwrap();
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
            "line 1: every_ms is 50, and the faults that it repeats take 90 ms; it must be as long at least, and not 0"
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
