//! `results.json`: the verdict, and everything that it rests on, for programs.
//!
//! The layout is stable: within `harness.results/v1` fields are only added, and enums may grow. Times are
//! seconds or milliseconds from the start of the run's clock, as the names say; `*_ns` are integers.

use crate::coverage::{Coverage, Tally};
use crate::evidence::{self, Rule};
use crate::run_info::RunInfo;
use crate::text::{self, count, counted, visible};
use checker::{Analysis, ReasonKind, Verdict};
use history::{History, Operation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the format.
pub const SCHEMA: &str = "harness.results/v1";

/// The JSON Schema of `results.json`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Results).to_value()
}

/// What a run found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// No violation, and enough evidence to say so.
    Valid,
    /// A violation was found.
    Invalid,
    /// Not decided, or too little was tested.
    Unknown,
    /// No verdict: set-up failed, or the record could not be kept.
    Error,
}

impl Outcome {
    /// The word, in capitals, for headings.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Valid => "VALID",
            Outcome::Invalid => "INVALID",
            Outcome::Unknown => "UNKNOWN",
            Outcome::Error => "ERROR",
        }
    }

    /// The process's exit code; 1 always and only means that a violation was found.
    pub fn exit_code(self) -> u8 {
        match self {
            Outcome::Valid => 0,
            Outcome::Invalid => 1,
            Outcome::Unknown => 2,
            Outcome::Error => 255,
        }
    }
}

/// The whole document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Results {
    /// Always [`SCHEMA`] in this version.
    pub schema: String,
    /// The verdict.
    pub verdict: Outcome,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// Why.
    pub reason: ReasonGiven,
    /// The run; none for a history file that no run of ours wrote.
    pub run: Option<RunInfo>,
    /// How long the main phase took, in seconds.
    pub duration_s: f64,
    /// The phases, in order.
    pub phases: Vec<PhaseSpan>,
    /// Operations.
    pub ops: Operations,
    /// Faults, in the order in which they were asked for.
    pub faults: Vec<FaultRow>,
    /// What was exercised.
    pub coverage: CoverageRow,
    /// What was checked.
    pub checks: Vec<Check>,
    /// Every explained violation.
    pub violations: Vec<ViolationRow>,
    /// Something about the history that a reader must know: a torn last line.
    pub remarks: Vec<String>,
    /// The files beside this one.
    pub files: BTreeMap<String, String>,
}

/// Why the verdict is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonGiven {
    /// `violation`, `checker-limit`, `evidence`, `error` or `none`.
    pub kind: String,
    /// The kind of violation, the rule that failed, or empty.
    pub code: String,
    /// One sentence, the same everywhere.
    pub sentence: String,
    /// More sentences.
    pub detail: Vec<String>,
}

/// A phase of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseSpan {
    /// `set up`, `run`, `heal`, `recover`, `final`, `tear down`.
    pub name: String,
    /// Its beginning.
    pub start_s: f64,
    /// Its end.
    pub end_s: f64,
}

/// Operations, counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Operations {
    /// All.
    pub total: usize,
    /// Certainly happened.
    pub ok: usize,
    /// Certainly did not.
    pub fail: usize,
    /// Nobody knows.
    pub info: usize,
    /// By function.
    pub by_f: BTreeMap<String, FunctionRow>,
    /// Per second of the main phase.
    pub rate_per_s: f64,
}

/// One function's operations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FunctionRow {
    /// Certainly happened.
    pub ok: usize,
    /// Certainly did not.
    pub fail: usize,
    /// Nobody knows.
    pub info: usize,
    /// How long the ok ones took.
    pub latency_ms: Option<Latency>,
}

/// Latencies in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// The shortest.
    pub min: f64,
    /// The median.
    pub p50: f64,
    /// Nine of ten were below.
    pub p90: f64,
    /// 99 of 100 were below.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultRow {
    /// Its number in the schedule.
    pub id: u32,
    /// `partition`, `kill`.
    pub kind: String,
    /// The partition's shape.
    pub shape: Option<String>,
    /// The partition's sides.
    pub sides: Option<Vec<Vec<String>>>,
    /// Every node that it touches.
    pub nodes: Vec<String>,
    /// When it was asked for.
    pub requested_s: f64,
    /// When it was in force.
    pub started_s: Option<f64>,
    /// When it was over.
    pub ended_s: Option<f64>,
    /// Whether it was in force and felt.
    pub confirmed: bool,
    /// What was seen of it.
    pub evidence: Vec<String>,
}

/// What was exercised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageRow {
    /// By kind of fault.
    pub faults: Vec<KindRow>,
    /// Operations that began while nothing was broken.
    pub calm: KindRow,
    /// Stretches without a connected majority.
    pub no_quorum: NoQuorum,
    /// From a fault's end to the first success.
    pub recovery_s: Option<Recovery>,
    /// The share of operations that overlapped another on the same object.
    pub overlap_share: f64,
    /// The share of operations with an unknown outcome.
    pub unknown_share: f64,
    /// Kinds of fault that were not done.
    pub not_exercised: Vec<String>,
    /// The rules of evidence.
    pub evidence: Vec<Rule>,
}

/// Operations that began during a kind of fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KindRow {
    /// The kind.
    pub kind: String,
    /// How many such faults were in force.
    pub count: usize,
    /// For how long.
    pub active_s: f64,
    /// Operations that began meanwhile.
    pub ops_begun: usize,
    /// Of them, certainly happened.
    pub ok: usize,
    /// Of them, certainly did not.
    pub fail: usize,
    /// Of them, nobody knows.
    pub info: usize,
}

/// Stretches without a connected majority of running nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoQuorum {
    /// How many.
    pub count: usize,
    /// How long in all.
    pub total_s: f64,
    /// Operations that began meanwhile.
    pub ops_begun: usize,
}

/// From a fault's end to the first success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recovery {
    /// The median.
    pub median: f64,
    /// The worst.
    pub max: f64,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// `valid`, `invalid` or `unknown`.
    pub verdict: String,
    /// What was found, in words.
    pub result: String,
    /// How long it took.
    pub took_s: f64,
}

/// One object's contradiction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ViolationRow {
    /// The object, as JSON.
    pub key: serde_json::Value,
    /// The kind.
    pub code: String,
    /// What went wrong.
    pub sentence: String,
    /// Who asked what.
    pub detail: Vec<String>,
    /// From the first core operation's beginning to the last one's end.
    pub window_s: [f64; 2],
    /// The operations.
    pub core: Vec<CoreRow>,
    /// Why each must come before the other.
    pub edges: Vec<EdgeRow>,
    /// Every order, and where it breaks.
    pub orders: Vec<OrderRow>,
    /// What was weakened.
    pub weakened: WeakenedRow,
    /// How the core was found.
    pub shrink: ShrinkRow,
}

/// One core operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoreRow {
    /// A, B, ...
    pub label: String,
    /// The number of its invocation among the file's events.
    pub index: u32,
    /// The client.
    pub client: u64,
    /// The logical process.
    pub process: u32,
    /// The node that was asked.
    pub node: Option<String>,
    /// The function.
    pub f: String,
    /// The argument.
    pub input: serde_json::Value,
    /// The answer.
    pub output: serde_json::Value,
    /// `ok`, `fail` or `info`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether its answer is part of the argument, or only the time at which it began.
    pub answer_counts: bool,
    /// Its beginning.
    pub start_ns: u64,
    /// Its end, if it had one.
    pub end_ns: Option<u64>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EdgeRow {
    /// Who must come first.
    pub from: String,
    /// Who must come later.
    pub to: String,
    /// `real-time` or `value`.
    pub kind: String,
    /// For real time: the gap.
    pub gap_ms: Option<f64>,
    /// In words.
    pub sentence: String,
}

/// One order of the core.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderRow {
    /// The labels, first to last.
    pub order: Vec<String>,
    /// Where it breaks.
    pub fails_at: String,
    /// In words.
    pub sentence: String,
}

/// What was weakened, which can only make a history more legal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeakenedRow {
    /// Reads that were dropped.
    pub dropped_reads: usize,
    /// Updates that may happen at any time or never.
    pub optional_updates: usize,
}

/// How the core was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShrinkRow {
    /// Operations on the object.
    pub from: usize,
    /// Operations in the core.
    pub to: usize,
    /// How many weakened histories were tried.
    pub checks: usize,
    /// Weakening any core operation further makes the rest legal.
    pub minimal: bool,
    /// The independent checker agrees.
    pub verified: bool,
}

impl Results {
    /// The document of a history that was checked.
    pub fn new(
        info: Option<&RunInfo>,
        history: &History,
        analysis: &Analysis,
        coverage: &Coverage,
    ) -> Results {
        let rules = evidence::rules(history, analysis, coverage);
        let (verdict, reason) = decide(history, analysis, coverage, &rules);
        let main_s = text::seconds(coverage.main_ns.1.saturating_sub(coverage.main_ns.0));
        let mut remarks = Vec::new();
        if let Some(torn) = &history.torn {
            remarks.push(format!(
                "The last line of the history (line {}) was cut off after {} bytes, as a killed run leaves it; everything before it was checked.",
                torn.line, torn.bytes
            ));
        }
        Results {
            schema: SCHEMA.to_owned(),
            verdict,
            exit_code: verdict.exit_code(),
            reason,
            run: info.cloned(),
            duration_s: main_s,
            phases: phase_rows(history),
            ops: operations(history, coverage, main_s),
            faults: coverage.faults.iter().map(fault_row).collect(),
            coverage: coverage_row(coverage, rules.clone()),
            checks: checks(analysis, &rules),
            violations: analysis
                .violations
                .iter()
                .map(|violation| violation_row(history, violation))
                .collect(),
            remarks,
            files: files(verdict),
        }
    }

    /// The document of a run without a verdict. What there is of a history is counted.
    pub fn error(
        info: Option<&RunInfo>,
        history: &History,
        sentence: String,
        detail: Vec<String>,
    ) -> Results {
        let coverage = Coverage::of(history);
        Results {
            schema: SCHEMA.to_owned(),
            verdict: Outcome::Error,
            exit_code: Outcome::Error.exit_code(),
            reason: ReasonGiven {
                kind: "error".into(),
                code: String::new(),
                sentence,
                detail,
            },
            run: info.cloned(),
            duration_s: 0.0,
            phases: phase_rows(history),
            ops: operations(history, &coverage, 0.0),
            faults: coverage.faults.iter().map(fault_row).collect(),
            coverage: coverage_row(&coverage, Vec::new()),
            checks: Vec::new(),
            violations: Vec::new(),
            remarks: Vec::new(),
            files: files(Outcome::Error),
        }
    }
}

/// The verdict, and the sentence that says why. A violation wins over everything.
fn decide(
    history: &History,
    analysis: &Analysis,
    coverage: &Coverage,
    rules: &[Rule],
) -> (Outcome, ReasonGiven) {
    let given = |kind: &str, code: &str, sentence: String, detail: Vec<String>| ReasonGiven {
        kind: kind.to_owned(),
        code: code.to_owned(),
        sentence,
        detail,
    };
    if let Some(violation) = analysis.violations.first() {
        let mut detail = violation.detail.clone();
        let (bad, total) = (analysis.keys.invalid, analysis.keys.total);
        detail.push(match bad {
            1 => format!("The other {} are linearizable.", counted(total - 1, "decree")),
            _ => format!(
                "{} of {} are not linearizable; this is the clearest one.",
                count(bad),
                counted(total, "decree")
            ),
        });
        return (
            Outcome::Invalid,
            given("violation", violation.code, violation.sentence.clone(), detail),
        );
    }
    let failed: Vec<&Rule> = rules.iter().filter(|rule| !rule.ok).collect();
    if let Some(first) = failed.first() {
        let mut detail: Vec<String> = failed.iter().map(|rule| rule.value.clone()).collect();
        detail.push(format!(
            "No violation was found in {}.",
            counted(coverage.operations.total(), "operation")
        ));
        let kind = if first.rule == "checker-finished" {
            "checker-limit"
        } else {
            "evidence"
        };
        return (
            Outcome::Unknown,
            given(
                kind,
                &first.rule,
                "Too little was tested to call this valid.".to_owned(),
                detail,
            ),
        );
    }
    let without = match history
        .header
        .as_ref()
        .is_none_or(|header| header.nemesis.is_empty())
    {
        true => ", without faults",
        false => "",
    };
    let sentence = format!(
        "All {} on {} are linearizable{without}.",
        counted(coverage.operations.total(), "operation"),
        counted(analysis.keys.total, "decree")
    );
    (
        Outcome::Valid,
        given("none", "", sentence, vec![faults_sentence(coverage)]),
    )
}

/// `With 9 partitions and 12 kills, confirmed, and 4.8 s without quorum.`
pub fn faults_sentence(coverage: &Coverage) -> String {
    let kinds: Vec<String> = coverage
        .kinds
        .iter()
        .filter(|kind| kind.installed > 0)
        .map(|kind| counted(kind.installed, &kind.kind))
        .collect();
    match kinds.as_slice() {
        [] => "No fault was asked for.".to_owned(),
        kinds => format!(
            "With {}, {}, and {:.1} s without quorum.",
            kinds.join(" and "),
            if coverage.confirmed().0 == coverage.confirmed().1 {
                "confirmed"
            } else {
                "not all confirmed"
            },
            text::seconds(coverage.no_quorum_ns())
        ),
    }
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

fn operations(history: &History, coverage: &Coverage, main_s: f64) -> Operations {
    let mut by_f: BTreeMap<String, (Tally, Vec<u64>)> = BTreeMap::new();
    for operation in &history.operations {
        let name = visible(history.function_name(operation), 60);
        let (tally, latencies) = by_f.entry(name).or_default();
        tally.add(operation.outcome);
        if operation.outcome == history::Outcome::Ok {
            latencies.push(operation.end_ns.saturating_sub(operation.start_ns));
        }
    }
    let row = |(tally, mut latencies): (Tally, Vec<u64>)| FunctionRow {
        ok: tally.ok,
        fail: tally.fail,
        info: tally.info,
        latency_ms: latency(&mut latencies),
    };
    Operations {
        total: coverage.operations.total(),
        ok: coverage.operations.ok,
        fail: coverage.operations.fail,
        info: coverage.operations.info,
        by_f: by_f.into_iter().map(|(f, found)| (f, row(found))).collect(),
        rate_per_s: if main_s > 0.0 {
            coverage.main.total() as f64 / main_s
        } else {
            0.0
        },
    }
}

fn latency(latencies_ns: &mut [u64]) -> Option<Latency> {
    latencies_ns.sort_unstable();
    let at = |share: f64| {
        let place = ((latencies_ns.len().checked_sub(1)?) as f64 * share).round() as usize;
        Some(latencies_ns[place] as f64 / 1e6)
    };
    Some(Latency {
        min: at(0.0)?,
        p50: at(0.5)?,
        p90: at(0.9)?,
        p99: at(0.99)?,
        max: at(1.0)?,
    })
}

fn fault_row(span: &history::timeline::FaultSpan) -> FaultRow {
    let (shape, sides) = match &span.fault {
        history::Fault::Partition { shape, sides, .. } => (Some(shape.clone()), Some(sides.clone())),
        history::Fault::Kill { .. } => (None, None),
    };
    FaultRow {
        id: span.id,
        kind: span.fault.kind().to_owned(),
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
        name: "linearizable".into(),
        verdict: match analysis.verdict {
            Verdict::Valid => "valid".into(),
            Verdict::Invalid => "invalid".into(),
            Verdict::Unknown => "unknown".into(),
        },
        result: match analysis.keys.invalid {
            0 => format!("all of {}", counted(analysis.keys.total, "decree")),
            1 => format!("1 of {} is not", counted(analysis.keys.total, "decree")),
            bad => format!(
                "{} of {} are not",
                count(bad),
                counted(analysis.keys.total, "decree")
            ),
        },
        took_s: analysis.stats.took.as_secs_f64(),
    };
    let rule = |rule: &Rule| Check {
        name: rule.rule.replace('-', " "),
        verdict: if rule.ok { "valid".into() } else { "unknown".into() },
        result: rule.value.clone(),
        took_s: 0.0,
    };
    std::iter::once(linearizable)
        .chain(rules.iter().skip(1).map(rule))
        .collect()
}

fn violation_row(history: &History, violation: &checker::Violation) -> ViolationRow {
    let json = |value: history::Value| {
        serde_json::from_str(&history.values.json(value)).unwrap_or(serde_json::Value::Null)
    };
    let operation = |number: u32| &history.operations[number as usize];
    let label = |place: usize| violation.core[place].label.to_string();
    let end = |it: &Operation| (it.end_ns != u64::MAX).then_some(it.end_ns);
    let starts = violation
        .core
        .iter()
        .map(|member| operation(member.operation).start_ns);
    let ends = violation
        .core
        .iter()
        .filter_map(|member| end(operation(member.operation)));
    let core = violation.core.iter().map(|member| {
        let it = operation(member.operation);
        CoreRow {
            label: member.label.to_string(),
            index: it.invoke,
            client: history.client(it),
            process: it.process,
            node: history.node_name(it).map(str::to_owned),
            f: history.function_name(it).to_owned(),
            input: json(it.input),
            output: json(it.output),
            kind: match it.outcome {
                history::Outcome::Ok => "ok".into(),
                history::Outcome::Fail => "fail".into(),
                history::Outcome::Info => "info".into(),
            },
            answer_counts: member.answer_counts,
            start_ns: it.start_ns,
            end_ns: end(it),
        }
    });
    let edge = |reason: &checker::Reason| EdgeRow {
        from: label(reason.from),
        to: label(reason.to),
        kind: if reason.kind == ReasonKind::Value {
            "value".into()
        } else {
            "real-time".into()
        },
        gap_ms: match reason.kind {
            ReasonKind::RealTime { gap_ns } => Some(gap_ns as f64 / 1e6),
            ReasonKind::Value => None,
        },
        sentence: reason.sentence.clone(),
    };
    let order = |broken: &checker::BrokenOrder| OrderRow {
        order: broken.order.iter().map(|place| label(*place)).collect(),
        fails_at: label(broken.fails_at),
        sentence: broken.sentence.clone(),
    };
    ViolationRow {
        key: json(history.keys[violation.key as usize]),
        code: violation.code.to_owned(),
        sentence: violation.sentence.clone(),
        detail: violation.detail.clone(),
        window_s: [
            text::seconds(starts.min().unwrap_or(0)),
            text::seconds(ends.max().unwrap_or(0)),
        ],
        core: core.collect(),
        edges: violation.reasons.iter().map(edge).collect(),
        orders: violation.orders.iter().map(order).collect(),
        weakened: WeakenedRow {
            dropped_reads: violation.weakened.dropped_reads,
            optional_updates: violation.weakened.optional_updates,
        },
        shrink: ShrinkRow {
            from: violation.shrink.from,
            to: violation.shrink.to,
            checks: violation.shrink.checks,
            minimal: violation.shrink.minimal,
            verified: violation.shrink.verified,
        },
    }
}

fn files(verdict: Outcome) -> BTreeMap<String, String> {
    let mut files = vec![
        ("report", "report.html"),
        ("history", "history.jsonl"),
        ("schedule", "schedule.json"),
        ("options", "options.json"),
        ("log", "harness.log"),
        ("nodes", "nodes"),
    ];
    match verdict {
        Outcome::Invalid => files.push(("counterexample", "counterexample.jsonl")),
        Outcome::Valid | Outcome::Unknown => files.push(("witness", "witness.jsonl")),
        Outcome::Error => {}
    }
    files
        .into_iter()
        .map(|(name, file)| (name.to_owned(), file.to_owned()))
        .collect()
}
