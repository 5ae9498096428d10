//! Making the document: from a history, its analysis and its coverage. Read next: `decide` for the verdict.

use super::counts::operations;
use super::decide::decide;
use super::undecided::{least_far, name};
use super::violation::violation_row;
use super::*;
use crate::coverage::{Coverage, Tally};
use crate::evidence::{self, Strictness};
use crate::redaction::Redaction;
use crate::text::{self, count, counted};
use checker::{Analysis, Verdict};
use history::{History, Note, StopReason};

impl Results {
    /// The document of a history that was checked; every rule of evidence counts.
    pub fn new(
        info: Option<&RunInfo>,
        history: &History,
        analysis: &Analysis,
        coverage: &Coverage,
    ) -> Results {
        Results::weighed(info, history, analysis, coverage, Strictness::Strict)
    }

    /// The same where only some rules of evidence may count. Those that failed and did not are said in a remark.
    pub fn weighed(
        info: Option<&RunInfo>,
        history: &History,
        analysis: &Analysis,
        coverage: &Coverage,
        strictness: Strictness,
    ) -> Results {
        let rules = evidence::rules(history, analysis, coverage);
        let (verdict, reason) = decide(history, analysis, coverage, &rules, strictness);
        // What readers are not to see is judged, and not told.
        let redaction = redaction(info);
        let (history, analysis) = (&*redaction.history(history), &*redaction.analysis(analysis));
        let main_s = text::seconds(coverage.main_ns.1.saturating_sub(coverage.main_ns.0));
        let faults: Vec<FaultRow> = coverage.faults.iter().map(fault_row).collect();
        let mut remarks = Vec::new();
        if verdict == Outcome::Valid {
            remarks.extend(strictness.remark(&rules));
        }
        remarks.extend(analysis.census.as_ref().map(checker::census::Census::sentence));
        if let Some(torn) = &history.torn {
            remarks.push(format!(
                "The last line of the history (line {}) was cut off after {} bytes, as a killed run leaves it; everything before it was checked.",
                torn.line, torn.bytes
            ));
        }
        let mut results = Results {
            schema: SCHEMA.to_owned(),
            verdict,
            exit_code: verdict.exit_code(),
            reason,
            run: info.map(run_row),
            system: info.map(SystemRow::of),
            duration_s: main_s,
            stopped: stopped(history, coverage.main_ns),
            phases: phase_rows(history),
            ops: operations(history, coverage, main_s),
            coverage: coverage_row(coverage, rules.clone()),
            model: analysis.model.name().to_owned(),
            checks: checks(analysis, &rules),
            violations: analysis
                .violations
                .iter()
                .map(|violation| violation_row(history, analysis.model, violation, &faults))
                .collect(),
            faults,
            unknown: UnknownRow::of(info, history, analysis),
            witness: witness(info, analysis),
            replays: None,
            remarks,
            files: files(verdict, witness(info, analysis).is_some(), info),
        };
        redaction.results(&mut results);
        results
    }

    /// The document of a run without a verdict. What there is of a history is counted.
    pub fn error(
        info: Option<&RunInfo>,
        history: &History,
        sentence: String,
        detail: Vec<String>,
    ) -> Results {
        let coverage = Coverage::of(history);
        let mut results = Results {
            schema: SCHEMA.to_owned(),
            verdict: Outcome::Error,
            exit_code: Outcome::Error.exit_code(),
            reason: ReasonGiven {
                kind: "error".into(),
                code: String::new(),
                sentence: text::line(&sentence),
                detail,
            },
            run: info.map(run_row),
            system: info.map(SystemRow::of),
            duration_s: 0.0,
            stopped: None,
            phases: phase_rows(history),
            ops: operations(history, &coverage, 0.0),
            faults: coverage.faults.iter().map(fault_row).collect(),
            coverage: coverage_row(&coverage, Vec::new()),
            model: String::new(),
            checks: Vec::new(),
            violations: Vec::new(),
            unknown: None,
            witness: None,
            replays: None,
            remarks: Vec::new(),
            files: files(Outcome::Error, false, info),
        };
        redaction(info).results(&mut results);
        results
    }
}

/// What readers are not to see; all there is, where nobody can make out what that was to be.
fn redaction(info: Option<&RunInfo>) -> Redaction {
    let asked = info.map_or_else(|| Ok(Redaction::default()), RunInfo::redaction);
    asked.unwrap_or_else(|_| Redaction::everything())
}

/// What was known of a run, without what is said of its system: that is told once.
fn run_row(info: &RunInfo) -> RunInfo {
    RunInfo {
        program_file: None,
        ..info.clone()
    }
}

/// Why the main phase ended before its time. Who asks to stop after it stops nothing of it.
fn stopped(history: &History, main_ns: (u64, u64)) -> Option<StopReason> {
    history.notes.iter().find_map(|(at_ns, note)| match note {
        Note::Stop(why) if (main_ns.0..=main_ns.1).contains(at_ns) => Some(*why),
        _ => None,
    })
}

fn phase_rows(history: &History) -> Vec<PhaseSpan> {
    let phases = history::timeline::phases(history).into_iter();
    let row = |(phase, start, end): (history::Phase, u64, u64)| PhaseSpan {
        name: phase.name().to_owned(),
        start_s: text::seconds(start),
        end_s: text::seconds(end),
    };
    phases.map(row).collect()
}

fn fault_row(span: &history::timeline::FaultSpan) -> FaultRow {
    let (shape, sides) = match &span.fault {
        history::Fault::Partition { shape, sides, .. } => (Some(shape.clone()), Some(sides.clone())),
        _ => (None, None),
    };
    FaultRow {
        id: span.id,
        kind: span.fault.kind().to_owned(),
        beginning: text::fault::beginning(&span.fault),
        ending: text::fault::ending(&span.fault),
        power: matches!(span.fault, history::Fault::Kill { power: true, .. }),
        shape,
        sides,
        nodes: span.fault.nodes().into_iter().map(str::to_owned).collect(),
        requested_s: text::seconds(span.requested_ns),
        started_s: span.installed_ns.map(text::seconds),
        ended_s: span
            .active_ns(u64::MAX)
            .filter(|(_, end)| *end != u64::MAX)
            .map(|(_, end)| text::seconds(end)),
        confirmed: span.confirmed(),
        evidence: span.evidence.clone(),
    }
}

fn coverage_row(coverage: &Coverage, rules: Vec<Rule>) -> CoverageRow {
    let row = |kind: &str, count: usize, active_ns: u64, begun: Tally| KindRow {
        kind: kind.to_owned(),
        count,
        active_s: text::seconds(active_ns),
        ops_begun: begun.total(),
        ok: begun.ok,
        fail: begun.fail,
        info: begun.info,
    };
    CoverageRow {
        faults: coverage
            .kinds
            .iter()
            .map(|it| row(&it.kind, it.installed, it.active_ns, it.begun))
            .collect(),
        calm: row("none", 0, 0, coverage.calm),
        no_quorum: NoQuorum {
            count: coverage.no_quorum.len(),
            total_s: text::seconds(coverage.no_quorum_ns()),
            ops_begun: coverage.no_quorum_begun.total(),
            on_and_off_s: text::seconds(coverage.quorum_on_and_off_ns()),
        },
        recovery_s: coverage.recovery().map(|(median, max)| Recovery {
            median: text::seconds(median),
            max: text::seconds(max),
        }),
        overlap_share: coverage.overlap_share,
        unknown_share: coverage.unknown_share,
        not_exercised: coverage.not_exercised.iter().map(ToString::to_string).collect(),
        evidence: rules,
    }
}

fn checks(analysis: &Analysis, rules: &[Rule]) -> Vec<Check> {
    let linearizable = Check {
        name: analysis.model.praise().into(),
        verdict: match analysis.verdict {
            Verdict::Valid => "valid".into(),
            Verdict::Invalid => "invalid".into(),
            Verdict::Unknown => "unknown".into(),
        },
        result: match analysis.keys.invalid {
            0 if analysis.keys.unknown > 0 => format!(
                "{} of {} not decided",
                count(analysis.keys.unknown),
                counted(analysis.keys.total, analysis.model.noun())
            ),
            0 => format!("all of {}", counted(analysis.keys.total, analysis.model.noun())),
            1 => format!(
                "1 of {} is not",
                counted(analysis.keys.total, analysis.model.noun())
            ),
            bad => format!(
                "{} of {} are not",
                count(bad),
                counted(analysis.keys.total, analysis.model.noun())
            ),
        },
        took_s: analysis.stats.took.as_secs_f64(),
        keys: Some(KeysRow {
            total: analysis.keys.total,
            valid: analysis.keys.valid,
            invalid: analysis.keys.invalid,
            unknown: analysis.keys.unknown,
        }),
        stats: Some(StatsRow {
            algorithm: analysis.stats.algorithm.clone(),
            largest_key_ops: analysis.stats.largest_key_ops,
            states: analysis.stats.states,
            peak_memory_bytes: analysis.stats.peak_bytes,
        }),
        limits: Some(LimitsRow {
            time_s: analysis.limits.time.map(|time| time.as_secs_f64()),
            memory_bytes: analysis.limits.memory_bytes,
            hit: least_far(&analysis.undecided)
                .first()
                .map(|it| name(it.limit).to_owned()),
        }),
    };
    let rule = |rule: &Rule| Check {
        name: rule.name(),
        verdict: match (rule.asked, rule.ok) {
            (_, false) => "unknown".into(),
            (false, true) => "not-asked".into(),
            (true, true) => "valid".into(),
        },
        result: rule.value.clone(),
        took_s: 0.0,
        keys: None,
        stats: None,
        limits: None,
    };
    std::iter::once(linearizable)
        .chain(rules.iter().skip(1).map(rule))
        .collect()
}

/// A value of the system under test, whatever its size: a huge one is a text that says so.
pub(super) fn bounded(json: &str) -> serde_json::Value {
    const BYTES_MAX: usize = 4096;
    const CHARS_SHOWN: usize = 200;
    let value = serde_json::from_str(json).unwrap_or(serde_json::Value::Null);
    if json.len() <= BYTES_MAX {
        return value;
    }
    let text = value.as_str().unwrap_or(json);
    let start: String = text.chars().take(CHARS_SHOWN).collect();
    format!("{start}… ({} bytes, whole in history.jsonl)", count(json.len())).into()
}

/// The proof that every object has a legal order, where every one has; only runs keep one.
fn witness(info: Option<&RunInfo>, analysis: &Analysis) -> Option<WitnessRow> {
    let is_kept = info.is_some() && analysis.verdict == Verdict::Valid;
    is_kept.then(|| WitnessRow {
        file: WITNESS.to_owned(),
    })
}

/// What the orders are written into.
const WITNESS: &str = "witness.jsonl";

fn files(verdict: Outcome, has_witness: bool, info: Option<&RunInfo>) -> BTreeMap<String, String> {
    let mut files = vec![
        ("report", "report.html"),
        ("history", "history.jsonl"),
        ("schedule", "schedule.json"),
        ("options", "options.json"),
        ("nodes", "nodes"),
        ("junit", "junit.xml"),
        ("summary", "summary.md"),
    ];
    let descriptor = info.and_then(|info| info.descriptor.as_deref());
    files.extend(descriptor.map(|file| ("descriptor", file)));
    match verdict {
        Outcome::Invalid => files.extend([
            ("counterexample", "counterexample.jsonl"),
            ("drawing", "counterexample.svg"),
        ]),
        // Where the checker came to its limits there is none.
        Outcome::Valid | Outcome::Unknown if has_witness => files.push(("witness", WITNESS)),
        Outcome::Valid | Outcome::Unknown | Outcome::Error => {}
    }
    files
        .into_iter()
        .map(|(name, file)| (name.to_owned(), file.to_owned()))
        .collect()
}
